"""Pipelines carried out, through pipeline_tool: order, failure, finally, stops, limits, secrets, privileges, folders.

Each test runs in sandboxes where the machine can make them; those that say so run without isolation too.
"""
import json
import os
import subprocess
import time
from pathlib import Path

import pytest
import yaml

TOP = Path(__file__).resolve().parents[2]
SHARE = TOP / "share" / "pipelines"


class Done:
    """What pipeline_tool printed."""

    def __init__(self, done):
        self.code, self.stderr = done.returncode, done.stderr
        self.events = [json.loads(line) for line in done.stdout.splitlines()]
        self.last = self.events[-1] if self.events else {}

    def lines(self, task, step=None):
        return [e["line"] for e in self.events
                if e.get("event") == "output" and e["task"] == task and step in (None, e["step"])]

    def order(self, *kinds):
        """What began and ended, as "task-started a"."""
        return [f"{e['event']} {e.get('task', '')}".strip() for e in self.events if e.get("event") in kinds]

    def result(self, task):
        return self.last["tasks"][task]["result"]


@pytest.fixture(scope="session")
def can_isolate(tool):
    return subprocess.run([tool("sandbox_tool"), "--", "/bin/true"], stdout=subprocess.DEVNULL, check=False,
                          stderr=subprocess.DEVNULL).returncode == 0


@pytest.fixture(params=["sandbox", "none"])
def play(request, tool, tmp_path, env):
    """play(pipeline, …): run a pipeline, given as text or as tasks by their name. Both in sandboxes and without."""
    def start(pipeline, *options, code=None, cwd=tmp_path, env=env, timeout=120):
        text = pipeline if isinstance(pipeline, str) else document(pipeline)
        folder = tmp_path / f"run{time.monotonic_ns()}"
        folder.mkdir()
        (folder / "p.yaml").write_text(text)
        command = [tool("pipeline_tool"), "--dir", folder, *options, folder / "p.yaml"]
        if request.param == "none":
            command.insert(1, "--none")
        done = Done(subprocess.run([str(word) for word in command], cwd=cwd, env=env, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, timeout=timeout, check=False))
        done.folder = folder
        left = sorted(p.name for p in folder.iterdir())
        assert left in (["logs", "p.yaml"], ["p.yaml"]), left
        if code is not None:
            assert done.code == code, (done.last, done.stderr)
        return done
    start.is_isolated = request.param == "sandbox"
    if start.is_isolated and not request.getfixturevalue("can_isolate"):
        pytest.skip("this machine cannot make sandboxes; hallmark doctor says why")
    return start


def step(script, **more):
    return {"image": "i", "script": script, **more}


def task(*steps, **more):
    return {"taskSpec": {"steps": [step(s) if isinstance(s, str) else s for s in steps]}, **more}


def document(tasks, final=None, **spec):
    if isinstance(tasks, tuple):
        tasks, final, *rest = tasks
        spec = rest[0] if rest else spec
    def named(d):
        return [{"name": name, **body} for name, body in (d or {}).items()]
    return yaml.safe_dump({"apiVersion": "tekton.dev/v1", "kind": "Pipeline", "metadata": {"name": "p"},
                           "spec": {"tasks": named(tasks), "finally": named(final), **spec}}, sort_keys=False)


def test_order(play):
    """A diamond: both branches at the same time, the last after both."""
    meet = "touch $(workspaces.w.path)/{0}; for i in $(seq 100); do [ -e $(workspaces.w.path)/{1} ] && exit 0; sleep 0.1; done; exit 1"
    def branch(mine, other):
        body = task(step("echo here\n" + meet.replace("{0}", mine).replace("{1}", other)), runAfter=["a"],
                    workspaces=[{"name": "w", "workspace": "w"}])
        body["taskSpec"]["workspaces"] = [{"name": "w"}]
        return body
    tasks = {"d": task("echo d", runAfter=["b", "c"]), "b": branch("b", "c"), "c": branch("c", "b"), "a": task("echo a")}
    done = play((tasks, {"f": task("echo f")}, {"workspaces": [{"name": "w"}]}), "--parallel", 2, code=0)
    order = done.order("task-started", "task-ended")
    assert order[:2] == ["task-started a", "task-ended a"]
    assert {*order[2:4]} == {"task-started b", "task-started c"}
    assert order[-4:] == ["task-started d", "task-ended d", "task-started f", "task-ended f"]


def test_parallel_limit(play):
    done = play({name: task("sleep 0.2") for name in "abcd"}, "--parallel", 1, code=0)
    order = done.order("task-started", "task-ended")
    assert order == [f"{what} {name}" for name in "abcd" for what in ("task-started", "task-ended")]


def test_failure_and_finally(play):
    """What runs may end, nothing new begins, finally runs and knows."""
    final = {"f": {**task("echo $(params.s)"), "params": [{"name": "s", "value":
             "$(tasks.bad.status) $(tasks.good.status) $(tasks.never.status) $(tasks.status) $(tasks.bad.reason)"}]},
             "lost": {**task("echo $(params.r)"), "params": [{"name": "r", "value": "$(tasks.never.results.r)"}]}}
    final["f"]["taskSpec"]["params"] = [{"name": "s"}]
    final["lost"]["taskSpec"]["params"] = [{"name": "r"}]
    never = task("echo never", runAfter=["bad"])
    never["taskSpec"]["results"] = [{"name": "r"}]
    tasks = {"bad": task(step("seq 1 50; exit 7", name="one"), "echo not this"),
             "good": task("sleep 1; echo ended"), "never": never}
    done = play((tasks, final), "--parallel", 2, code=1)
    assert [done.result(t) for t in ("bad", "good", "never", "f", "lost")] == ["failure", "success", "skip", "success", "skip"]
    assert done.lines("f") == ["Failed Succeeded None Failed Failed"]
    assert done.lines("good") == ["ended"]
    assert done.last["reason"] == "pipeline.step"
    assert done.last["error"] == "task 'bad': step 'one': exit code 7"
    assert done.last["failed"] == "bad"
    assert done.last["tail"].splitlines() == [str(n) for n in range(31, 51)]
    assert (done.folder / "logs" / "bad" / "one.log").read_text().splitlines() == [str(n) for n in range(1, 51)]
    why = {e["task"]: e.get("why") for e in done.events if e.get("event") == "task-ended"}
    assert why["never"] == "PipelineRun was stopping" and why["lost"] == "Results were missing"


def test_failing_finally(play):
    done = play(({"a": task("true")}, {"f": task("exit 1"), "g": task("echo g")}), code=1)
    assert done.last["failed"] == "f" and done.lines("g") == ["g"]


def test_on_error(play):
    steps = [step("exit 3", name="bad", onError="continue"),
             step("echo it was $(cat $(steps.step-bad.exitCode.path))", name="after")]
    done = play({"a": task(*steps), "b": task("exit 4", onError="continue"), "c": task("echo c", runAfter=["b"])}, code=0)
    assert done.lines("a") == ["it was 3"] and done.lines("c") == ["c"]
    assert [e["ignored"] for e in done.events if e.get("event") == "task-ended" and e["task"] == "b"] == [True]
    # as a param, and no other value continues
    body = task(step("exit 3", onError="$(params.e)"), params=[{"name": "e", "value": "$(params.e)"}])
    body["taskSpec"]["params"] = [{"name": "e"}]
    spec = {"params": [{"name": "e", "default": "stopAndFail"}]}
    assert play(({"a": body}, None, spec), code=1).last["error"].endswith("exit code 3")
    play(({"a": body}, None, spec), "--param", "e=continue", code=0)


def test_results(play):
    one = task("printf 'two words' >$(results.s.path); printf '[\"x\",\"y\"]' >$(results.l.path)\n"
               "printf '{\"k\":\"v\"}' >$(results.o.path)")
    one["taskSpec"]["results"] = [{"name": "s"}, {"name": "l", "type": "array"},
                                  {"name": "o", "type": "object", "properties": {"k": {"type": "string"}}}]
    two = task({"image": "i", "command": ["printf", "<%s>"], "args": ["$(params.s)", "$(params.l[*])", "$(params.o.k)"]},
               params=[{"name": n, "value": f"$(tasks.one.results.{n}{'' if n == 's' else '[*]'})"} for n in "slo"])
    two["taskSpec"]["params"] = [{"name": "s"}, {"name": "l", "type": "array"},
                                 {"name": "o", "type": "object", "properties": {"k": {"type": "string"}}}]
    spec = {"results": [{"name": "all", "value": "$(tasks.one.results.s)/$(tasks.one.results.l[1])"}]}
    done = play(({"two": two, "one": one}, None, spec), code=0)
    assert done.lines("two") == ["<two words><x><y><v>"]
    assert done.last["results"] == {"all": "two words/y"}
    assert done.order("task-started") == ["task-started one", "task-started two"]


def test_steps(play):
    """Scripts with and without a first line, arguments, variables, folders."""
    steps = [
        step("false\necho not reached", name="sh", onError="continue"),
        step("#!/usr/bin/env python3\nimport sys; print(sys.argv[1:])", args=["$(A)", "$$(A)", "x y"],
             env=[{"name": "A", "value": "a"}], name="python"),
        {"image": "i", "name": "cmd", "command": ["sh", "-c", "echo $0 $1"], "args": ["$(context.task.name)", "b"]},
        step("echo $A $B $C; echo \"$(pwd)\"; echo $(context.taskRun.name)", name="env", workingDir="sub/folder",
             env=[{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)2"}, {"name": "C", "value": "$(A)3"}]),
        step("echo kept >file; umask", name="first", workingDir=""),
        step("cat file; ls -A", name="second"),
        step("echo to stdout; echo to stderr >&2; printf 'no end'", name="streams"),
    ]
    body = task(*steps)
    body["taskSpec"]["stepTemplate"] = {"env": [{"name": "B", "value": "of template"}]}
    done = play({"a": body}, code=0)
    assert done.lines("a", "sh") == []
    assert done.lines("a", "python") == ["['a', '$(A)', 'x y']"]
    assert done.lines("a", "cmd")[0].endswith("-a b")
    env = done.lines("a", "env")
    assert env[0] == "1 12 13" and env[1].endswith("/workspace/sub/folder") and env[2].startswith("p-")
    assert done.lines("a", "second")[0] == "kept"
    assert done.lines("a", "streams") == ["to stdout", "to stderr", "no end"]


def test_environment_is_closed(play, env):
    done = play({"a": task("env")}, "--env", "GIVEN=yes", env={**env, "SECRET_TOKEN": "x", "TRACEPARENT": "00-x"}, code=0)
    names = {line.split("=")[0] for line in done.lines("a")} - {"PWD", "SHLVL", "_", "OLDPWD"}
    assert names == {"PATH", "HOME", "LANG", "GIVEN"}


def test_timeouts(play):
    begin = time.monotonic()
    done = play(({"a": task(step("sleep 60", timeout="300ms"))}, {"f": task("echo f")}), code=1)
    assert done.last["reason"] == "pipeline.timeout" and done.result("a") == "timeout" and done.lines("f") == ["f"]
    done = play({"a": task("sleep 60", timeout="300ms")}, code=1)
    assert done.last["reason"] == "pipeline.timeout"
    done = play({"a": task("sleep 60")}, "--timeout-ms", 300, code=1)
    assert done.last["reason"] == "pipeline.timeout"
    play({"a": task("sleep 0.6; echo done", timeout="0")}, "--timeout-ms", 300, code=0)
    assert time.monotonic() - begin < 40


def test_stop(play):
    """The first stop kills what runs and goes to finally, the second kills that too."""
    tasks = {"a": task("echo ready; sleep 61.7"), "b": task("sleep 61.7"), "c": task("echo c", runAfter=["a"])}
    begin = time.monotonic()
    done = play((tasks, {"f": task("echo cleaned")}), "--parallel", 2, "--stop-at", "ready", code=1)
    assert done.last["result"] == "cancellation" and done.last["reason"] == "interrupted"
    assert [done.result(t) for t in "abcf"] == ["cancellation", "cancellation", "skip", "success"]
    assert done.lines("f") == ["cleaned"]
    final = {"f": task("echo again; sleep 61.7"), "g": task("sleep 61.7")}
    done = play((tasks, final), "--parallel", 1, "--stop-at", "ready", "--stop-again-at", "again", code=1)
    assert [done.result(t) for t in "afg"] == ["cancellation", "cancellation", "skip"]
    assert time.monotonic() - begin < 40
    assert not [p for p in Path("/proc").glob("[0-9]*/cmdline") if p.exists() and b"sleep\x0061.7\x00" in read(p)]


def read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_secrets(play):
    """Not in the log, not in an event, not in an error; also in pieces and on a border of what is read at a time."""
    secret = "s3cr3t-of-mine"
    script = f"""printf s3cr3t; sleep 0.3; echo -of-mine
head -c 65530 /dev/zero | tr '\\0' x; echo {secret}
echo $(echo {secret} | rev | rev) >&2
exit 1"""
    done = play({"a": task(step(script, workingDir=f"/no/{secret}")), "b": task(script)}, "--secret", secret,
                "--parallel", 1, code=1)
    assert secret not in json.dumps(done.events)
    done = play({"b": task(script)}, "--secret", secret, code=1)
    assert secret not in json.dumps(done.events)
    log = (done.folder / "logs" / "b" / "unnamed-0.log").read_text()
    assert secret not in log and log.startswith("***\n") and log.count("***") == 3


def test_params(play):
    body = task({"image": "i", "command": ["echo"], "args": ["$(params.a) $(params.b)"]}, params=[{"name": "a", "value": "$(params.text)!"}])
    body["taskSpec"]["params"] = [{"name": "a"}, {"name": "b", "default": "c"}]
    spec = {"params": [{"name": "text"}]}
    assert play(({"t": body}, None, spec), "--param", "text=x $(params.text)", code=0).lines("t") == ["x $(params.text)! c"]
    assert play(({"t": body}, None, spec), code=2).last["reason"] == "pipeline.param"


def test_many_lines(play):
    done = play({"a": task("seq 1 20000")}, code=0)
    assert done.lines("a") == [str(n) for n in range(1, 20001)]


def test_workspaces(play, tmp_path):
    source, data = tmp_path / "source", tmp_path / "data"
    source.mkdir(), data.mkdir()
    (source / "f").write_text("content")
    body = task(step("cat $(workspaces.source.path)/f; echo; echo $(workspaces.none.bound) [$(workspaces.none.path)]\n"
                     "echo new >$(workspaces.out.path)/g", name="s"),
                workspaces=[{"name": "source", "workspace": "src"}, {"name": "out", "workspace": "data", "subPath": "a/b"}])
    body["taskSpec"]["workspaces"] = [{"name": "source", "readOnly": True}, {"name": "out", "mountPath": "/data/out"},
                                      {"name": "none", "optional": True}]
    spec = {"workspaces": [{"name": "src"}, {"name": "data"}]}
    done = play(({"a": body}, None, spec), "--workspace", f"src={source}", "--workspace", f"data={data}", code=0)
    assert done.lines("a") == ["content", "false []"]
    assert (data / "a" / "b" / "g").read_text() == "new\n"


# what only a sandbox can hold

def test_read_only_and_links(play, tmp_path):
    """A workspace that is read-only cannot be written; a link that a step leaves leads the next one nowhere else."""
    if not play.is_isolated:
        return
    source, outside = tmp_path / "source", tmp_path / "outside"
    source.mkdir(), outside.mkdir()
    def user(script, read_only=False, **binding):
        body = task(step(script), workspaces=[{"name": "w", "workspace": "w", **binding}])
        body["taskSpec"]["workspaces"] = [{"name": "w", "readOnly": read_only}]
        return body
    spec = {"workspaces": [{"name": "w"}]}
    done = play(({"a": user("echo x >$(workspaces.w.path)/f", True)}, None, spec), "--workspace", f"w={source}", code=1)
    assert "exit code" in done.last["error"] and not (source / "f").exists()
    tasks = {"a": user(f"ln -s {outside} $(workspaces.w.path)/sub"), "b": {**user("echo x >$(workspaces.w.path)/f", subPath="sub/x"), "runAfter": ["a"]}}
    done = play((tasks, None, spec), "--workspace", f"w={source}", code=1)
    assert done.last["failed"] == "b" and not list(outside.iterdir())


def test_isolation(play, tmp_path, env):
    if not play.is_isolated:
        return
    done = play({"a": task(f"ls {tmp_path} 2>&1 || true; ls /tekton; cat /proc/net/route | wc -l; ls -A $HOME | wc -l"),
                 "b": task("cat /proc/net/route | wc -l")}, "--network", "b", code=0)
    assert "No such file" in done.lines("a")[0]
    assert done.lines("a")[1:4] == ["results", "scripts", "steps"] and done.lines("a")[-2:] == ["1", "0"]
    assert done.last["tasks"]["a"]["network"] is False and done.last["tasks"]["b"]["network"] is True
    assert all(t["isolated"] for t in done.last["tasks"].values())


def test_limits_demanded(play):
    """A limit is held, or nothing begins."""
    done = play({"a": task(step("head -c 200M /dev/zero | tail -c 150M | wc -c",
                                computeResources={"limits": {"memory": "64Mi"}}))})
    if done.code == 2:
        assert done.last["reason"] == "sandbox.limit-unenforced" and "'a'" in done.last["error"]
    else:
        assert done.code == 1 and done.last["tasks"]["a"]["result"] == "failure"


# what ships with hallmark

def shipped_task(folder, name, annotations, steps, **spec):
    text = yaml.safe_dump({"apiVersion": "tekton.dev/v1", "kind": "Task",
                           "metadata": {"name": name, "annotations": annotations}, "spec": {"steps": steps, **spec}})
    (folder / f"{name}.yaml").write_text(text)


def test_control_plane(play, tmp_path, env):
    """It runs as this very program, outside, with the paths of the machine; its spans come home."""
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    shipped_task(shipped, "ctl", {"hallmark.dev/control-plane": "true"},
                 [{"name": "s", "image": "i", "command": ["hallmark"],
                   "args": ["sign", "$(workspaces.release.path)", "$(results.r.path)"], "env": [{"name": "A", "value": "b"}]}],
                 workspaces=[{"name": "release", "readOnly": True}], results=[{"name": "r"}])
    program, release = tmp_path / "program", tmp_path / "release"
    release.mkdir()
    program.write_text("#!/bin/sh\necho \"$1 $2 $A $KEY\"; printf done >\"$3\"; echo x >\"$2/f\"; echo \"tp $TRACEPARENT\"; pwd\n")
    program.chmod(0o755)
    done = play({"c": {"taskRef": {"name": "ctl"}}}, "--shipped", shipped, "--control", program, "--trace",
                tmp_path / "trace.json", "--workspace", f"release={release}", env={**env, "KEY": "key"}, code=0)
    lines = done.lines("c")
    assert lines[0] == f"sign {release} b key" and lines[1].startswith("tp 00-")
    assert done.last["tasks"]["c"]["results"] == {"r": "done"} and done.last["tasks"]["c"]["isolated"] is False
    spans = json.loads((tmp_path / "trace.json").read_text())["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert [s["name"] for s in spans][:2] and len(spans) == 3
    assert lines[1].split("-")[2] in [s["spanId"] for s in spans]


def test_control_plane_stops_in_time(play, tmp_path):
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    shipped_task(shipped, "ctl", {"hallmark.dev/control-plane": "true"}, [{"image": "i", "command": ["hallmark"]}])
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\ntrap 'echo asked; exit 1' TERM\necho ready\nwhile :; do sleep 0.1; done\n")
    program.chmod(0o755)
    done = play({"c": {"taskRef": {"name": "ctl"}}}, "--shipped", shipped, "--control", program, "--stop-at", "ready", code=1)
    assert done.lines("c")[0] == "ready" and done.lines("c")[-1] == "asked" and done.last["reason"] == "interrupted"
    program.write_text("#!/bin/sh\ntrap '' TERM\necho ready\nwhile :; do sleep 0.1; done\n")
    begin = time.monotonic()
    play({"c": {"taskRef": {"name": "ctl"}}}, "--shipped", shipped, "--control", program, "--stop-at", "ready", code=1)
    assert 2.5 < time.monotonic() - begin < 20


def test_shadowing(play, tmp_path):
    """A project's own Task of that name is the project's: it has none of the privileges."""
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    shipped_task(shipped, "t", {"hallmark.dev/network": "host"}, [step("echo shipped")])
    own = yaml.safe_dump({"apiVersion": "tekton.dev/v1", "kind": "Task", "metadata": {"name": "t"},
                          "spec": {"steps": [step("echo own")]}})
    done = play(document({"a": {"taskRef": {"name": "t"}}}) + "---\n" + own, "--shipped", shipped, code=0)
    assert done.lines("a") == ["own"] and done.last["tasks"]["a"]["network"] is (not play.is_isolated)
    done = play({"a": {"taskRef": {"name": "t"}}}, "--shipped", shipped, code=0)
    assert done.lines("a") == ["shipped"] and done.last["tasks"]["a"]["network"] is True


def test_shipped_files_load(tool, shared_data, tmp_path):
    """Those that ship, from where they ship and copied elsewhere; the seed's pipeline as it is."""
    program = tool("pipeline_tool")
    def load(path, *options):
        done = subprocess.run([program, "--load", *map(str, options), str(path)], stdout=subprocess.PIPE, text=True, check=False)
        return json.loads(done.stdout)
    tasks = SHARE / "tasks"
    assert load(SHARE / "go-release.yaml", "--shipped", tasks) == {"loaded": "go-release"}
    assert load(shared_data / "seed" / "pipeline.yaml", "--shipped", tasks) == {"loaded": "go-build-pipeline"}
    # twice the same task, from the folder beside the pipeline, which is the shipped one
    twice = document({n: {"taskRef": {"name": "t"}} for n in "ab"})
    (tmp_path / "q" / "tasks").mkdir(parents=True)
    (tmp_path / "q" / "p.yaml").write_text(twice)
    shipped_task(tmp_path / "q" / "tasks", "t", {"hallmark.dev/network": "host"}, [step("true")])
    assert load(tmp_path / "q" / "p.yaml", "--shipped", tmp_path / "q" / "tasks") == {"loaded": "p"}
    # without the folder they are nobody's
    assert load(shared_data / "seed" / "pipeline.yaml")["reason"] == "pipeline.no-task"
    # a copy beside a pipeline of one's own has no privileges, and says so
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "git-clone.yaml").write_text((tasks / "git-clone.yaml").read_text())
    (tmp_path / "p.yaml").write_text((shared_data / "seed" / "pipeline.yaml").read_text())
    refused = load(tmp_path / "p.yaml", "--shipped", tasks)
    assert refused["reason"] == "pipeline.annotation" and "hallmark.dev/network" in refused["error"]


def test_files(tool, tmp_path):
    """Beside the pipeline, in tasks/, from --tasks, and what is wrong with each."""
    program = tool("pipeline_tool")
    def load(*options):
        done = subprocess.run([program, "--load", *map(str, options), "p.yaml"], cwd=tmp_path, stdout=subprocess.PIPE,
                              text=True, check=False)
        return json.loads(done.stdout)
    def put(name, kind="Task", file=None, **more):
        text = yaml.safe_dump({"apiVersion": "tekton.dev/v1", "kind": kind, "metadata": {"name": name},
                               "spec": {"steps": [step("true")]}, **more})
        path = tmp_path / (file or f"{name}.yaml")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (tmp_path / "p.yaml").write_text(document({"a": {"taskRef": {"name": "t"}}}))
    assert load()["reason"] == "pipeline.no-task"
    put("t", file="tasks/t.yaml")
    assert "loaded" in load()
    put("other", file="t.yaml")
    assert load()["reason"] == "pipeline.no-task" and "t.yaml" in load()["error"]
    put("t", kind="ConfigMap", file="t.yaml")
    assert load()["reason"] == "pipeline.kind"
    put("t", file="more.yaml")
    assert "loaded" in load("--tasks", "more.yaml")
    assert load("--tasks", "more.yaml", "--tasks", "more.yaml")["reason"] == "pipeline.name"
    assert load("--tasks", "nowhere.yaml")["reason"] == "file.not-found"
    (tmp_path / "p.yaml").write_text("a: [\n")
    assert load()["reason"] == "yaml.syntax"
    (tmp_path / "p.yaml").write_bytes(b"#" * (4 * 1024 * 1024 + 1))
    assert load()["reason"] == "file.too-large"


def test_many_tasks(tool, tmp_path):
    program = tool("pipeline_tool")
    def load(count):
        (tmp_path / "p.yaml").write_text(document({f"t{i}": task("true") for i in range(count)}))
        done = subprocess.run([program, "--load", tmp_path / "p.yaml"], stdout=subprocess.PIPE, text=True, check=False)
        return json.loads(done.stdout)
    assert "loaded" in load(500)
    assert load(501)["reason"] == "pipeline.limit"


def test_many_files(tool, tmp_path):
    """A pipeline's own file and 63 others; not one more."""
    program = tool("pipeline_tool")
    for i in range(64):
        (tmp_path / f"t{i}.yaml").write_text(yaml.safe_dump(
            {"apiVersion": "tekton.dev/v1", "kind": "Task", "metadata": {"name": f"t{i}"}, "spec": {"steps": [step("true")]}}))
    def load(count):
        (tmp_path / "p.yaml").write_text(document({f"t{i}": {"taskRef": {"name": f"t{i}"}} for i in range(count)}))
        done = subprocess.run([program, "--load", tmp_path / "p.yaml"], stdout=subprocess.PIPE, text=True, check=False)
        return json.loads(done.stdout)
    assert "loaded" in load(63)
    assert load(64)["reason"] == "pipeline.limit"
