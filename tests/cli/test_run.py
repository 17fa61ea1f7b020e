"""hallmark run on a Go module: what comes out, what is said, and how it ends."""
import json
import re
import stat

import pytest

from runs import APP, ONE, git, tree, write_files

SIGNED = ["hello-linux-amd64", "hello-linux-arm64", "sbom.spdx.json"]
TASKS = ["fetch", "verify-modules", "test", "build", "sbom", "provenance", "sign", "verify"]
HASH = re.compile(r"[0-9a-f]{64}")


# --- what comes out ---

def test_everything_is_there_under_its_name(hello):
    assert sorted(p.name for p in hello.out("hello").iterdir()) == sorted(
        SIGNED + [name + ".sigstore.json" for name in SIGNED] +
        ["coverage.out", "image", "provenance.sigstore.json", "summary.json", "trace.json", "trust_config.json",
         "trusted_root.json"])
    assert sorted(p.name for p in (hello.out("hello") / "image").iterdir()) == ["blobs", "index.json", "oci-layout"]
    assert hello.leftovers() == []
    assert (hello.folder / ".hallmark" / ".gitignore").read_text() == "*\n"


def test_files_can_be_read_by_others_and_programs_run(hello):
    for path in hello.out("hello").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o755 if path.is_dir() or path.name in SIGNED[:2] else 0o644), f"{path}: {mode:o}"


def test_summary_says_what_was_made(hello):
    s = hello.summary("hello")
    assert (s["name"], s["pipeline"], s["result"], s["isolation"]) == ("hello", "go-release", "success", "sandbox")
    by_name = {a["name"]: a for a in s["artifacts"]}
    digests = tree(hello.out("hello"))
    for name in SIGNED:
        assert by_name[name]["sha256"] == digests[name]
        assert by_name[name]["size"] == (hello.out("hello") / name).stat().st_size
    index = json.loads((hello.out("hello") / "image" / "index.json").read_text())
    assert [m["digest"] for m in index["manifests"]] == ["sha256:" + by_name["image"]["sha256"]]
    logged = [by_name[name]["logIndex"] for name in SIGNED + ["provenance.sigstore.json"]]
    assert sorted(logged) == [0, 1, 2, 3]
    assert s["verified"] == {"modules": True, "tests": True, "signatures": True}
    assert [t["name"] for t in s["tasks"]] == TASKS
    assert all(t["durationMs"] >= sum(x["durationMs"] for x in t["steps"]) - 1 for t in s["tasks"])
    assert [t["name"] for t in s["tasks"] if t["isolated"] and t["network"]] == ["fetch"]
    assert [t["name"] for t in s["tasks"] if not t["isolated"]] == ["provenance", "sign"]


def test_the_last_screen_shows_the_same(hello):
    out = hello.done.stdout
    for artifact in hello.summary("hello")["artifacts"]:
        assert re.search(rf"^  {re.escape(artifact['name'])} .*{artifact.get('sha256', '')}.*", out, re.M)
    assert "It does not prove where it comes from: the key was on this machine" in out
    assert "coverage   86.8% of statements, with the race detector" in out
    assert "cosign verify-blob --offline" in out and "cosign verify-blob-attestation --offline" in out


def test_coverage_profile_is_that_of_the_tests(hello):
    lines = (hello.out("hello") / "coverage.out").read_text().splitlines()
    assert lines[0] == "mode: atomic"
    assert {line.split("/")[-2] for line in lines[1:]} == {"greet", "hello"}


def spans_of(path):
    document = json.loads(path.read_text())
    return [s for r in document["resourceSpans"] for scope in r["scopeSpans"] for s in scope["spans"]]


def test_trace_has_a_span_for_each_thing_and_the_right_parent(hello):
    spans = spans_of(hello.out("hello") / "trace.json")
    by_id = {s["spanId"]: s for s in spans}
    assert len(by_id) == len(spans) and len({s["traceId"] for s in spans}) == 1
    roots = [s for s in spans if not s.get("parentSpanId")]
    assert [s["name"] for s in roots] == ["RUN go-release"]
    tasks = [s for s in spans if s.get("parentSpanId") == roots[0]["spanId"]]
    assert [s["name"] for s in sorted(tasks, key=lambda s: int(s["startTimeUnixNano"]))] == TASKS
    steps = {t["name"]: [s["name"] for s in spans if s.get("parentSpanId") == t["spanId"]] for t in tasks}
    assert steps["test"] == ["vet", "test", "coverage"] and steps["fetch"] == ["clone", "modules"]
    sign = [s for s in spans if s["name"] == "sign" and by_id.get(s.get("parentSpanId"), {}).get("name") == "sign"]
    assert len(sign) == 1
    operations = [s for s in spans if s.get("parentSpanId") == sign[0]["spanId"]]
    assert len(operations) >= 4, "one for each signature at least"

    def is_below(span, other):
        while span and span is not other:
            span = by_id.get(span.get("parentSpanId"))
        return span is other
    requests = [a["value"]["stringValue"] for s in spans if is_below(s, sign[0]) for a in s.get("attributes", [])
                if a["key"] == "url.full"]
    for path in ["signingCert", "log/entries", "timestamp"]:
        assert any(path in url for url in requests), path
    for s in spans:
        assert int(s["startTimeUnixNano"]) <= int(s["endTimeUnixNano"])
        parent = by_id.get(s.get("parentSpanId"))
        assert not s.get("parentSpanId") or parent, s["name"]


def test_provenance_names_every_subject_and_module(hello):
    statement = hello.provenance("hello")
    summary = {a["name"]: a["sha256"] for a in hello.summary("hello")["artifacts"] if "sha256" in a}
    assert {s["name"]: s["digest"]["sha256"] for s in statement["subject"]} == summary
    definition = statement["predicate"]["buildDefinition"]
    by_name = {d["name"]: d for d in definition["resolvedDependencies"]}
    for path in ["github.com/go-chi/chi/v5", "github.com/google/uuid", "golang.org/x/time", "gopkg.in/yaml.v3"]:
        assert HASH.fullmatch(by_name[path]["digest"]["dirHash1"]) and by_name[path]["uri"].startswith("pkg:golang/")
    assert "go" in by_name
    assert definition["externalParameters"]["package"] == "."
    assert definition["externalParameters"]["platforms"] == ["linux/amd64", "linux/arm64"]
    assert definition["internalParameters"]["isolation"] == "sandbox"
    source = hello.source("hello")
    assert source["annotations"]["state"] == "unknown" and "digest" not in source


# --- source: clean, dirty, tarball ---

def test_a_clean_commit_is_named_and_a_changed_tree_is_not(module):
    m = module()
    git(m.folder, "init", "-q")
    git(m.folder, "remote", "add", "origin", "https://user:secret@git.example.com/app.git")
    git(m.folder, "add", ".")
    git(m.folder, "commit", "-qm", "one")
    head = git(m.folder, "rev-parse", "HEAD")
    m.run(*ONE)
    source = m.source()
    assert source["digest"] == {"gitCommit": head} and source["annotations"]["state"] == "commit"
    assert source["uri"] == "git+https://git.example.com/app.git"
    first = m.index_digest()
    # what the run itself left is no change
    assert git(m.folder, "status", "--porcelain") == ""

    write_files(m.folder, {"extra.txt": "more\n"})
    done = m.run(*ONE)
    source = m.source()
    assert "digest" not in source and source["annotations"]["state"] == "dirty"
    assert head not in json.dumps(m.provenance()) and "dirty: differs from the last commit, first in extra.txt" in done.stdout
    assert m.summary()["source"]["firstChanged"] == "extra.txt"
    assert m.index_digest() == first, "what is not compiled changes no program"


# --- what is refused; nothing is left behind ---

def refused(m, *args, code, says, **kwargs):
    """One line on stderr that names object and reason, the exit code, and .hallmark/out as it was."""
    before = tree(m.folder / ".hallmark" / "out")
    done = m.run(*args, check=code, **kwargs)
    for text in [says] if isinstance(says, str) else says:
        assert text in done.stderr, done.stderr
    assert "hallmark: " in done.stderr
    assert tree(m.folder / ".hallmark" / "out") == before
    assert m.leftovers() == []
    return done


def test_a_failing_test_in_any_package(module):
    m = module({**APP, "other/other.go": "package other\n",
                "other/other_test.go": 'package other\n\nimport "testing"\n\n'
                                       'func TestNever(t *testing.T) { t.Fatal("the moon is cheese") }\n'})
    done = refused(m, *ONE, code=1, says=["the moon is cheese", "test"])
    # the last screen, and not only the progress before it, has the step's last lines
    assert done.stderr.rfind("the moon is cheese") > done.stderr.rfind("failed after")
    assert not m.out().exists()


def test_coverage_below_the_threshold_and_an_earlier_result_stays(module):
    m = module()
    m.run(*ONE)
    assert m.summary()["tasks"][2]["results"]["coverage"] == "100.0"
    write_files(m.folder, {"more.go": "package main\n\nfunc more() int {\n\tprintln()\n\treturn 1\n}\n"})
    refused(m, *ONE, code=1, says="coverage is 50.0%, below the threshold of 80%")
    assert "success" == m.summary()["result"]
    refused(m, *ONE, "--param", "coverage-threshold=50.1", code=1, says="coverage is 50.0%, below the threshold of 50.1%")
    refused(m, *ONE, "--param", "coverage-threshold=many", code=2, says="coverage-threshold 'many' is no number")
    m.run(*ONE, "--param", "coverage-threshold=50")


def test_tests_may_write_files_beside_themselves_and_change_nothing(module):
    m = module({**APP, "write_test.go": r"""package main

import (
	"os"
	"testing"
)

func TestWrites(t *testing.T) {
	for _, name := range []string{"fixture.txt", "late.go", "/workspace/reports/source/init.go"} {
		if err := os.WriteFile(name, []byte("package main\n\nfunc init() { println(\"evil\") }\n"), 0644); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"main.go", "../../source/main.go", "../../source/late.go"} {
		if err := os.WriteFile(name, nil, 0644); err == nil {
			t.Error(name, "was written")
		}
	}
}
"""})
    before = tree(m.folder)
    m.run(*ONE)
    assert {k: v for k, v in tree(m.folder).items() if not k.startswith(".hallmark/")} == before
    assert b"evil" not in (m.out() / "app-linux-amd64").read_bytes()


def with_uuid(main_uses=True):
    return {**APP, "go.mod": "module example.com/app\n\ngo 1.24\n\nrequire github.com/google/uuid v1.6.0\n",
            "go.sum": "github.com/google/uuid v1.6.0 h1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F0=\n"
                      "github.com/google/uuid v1.6.0/go.mod h1:TIyPZe4MgqvfeYDBFedMoGGpEw/LqOeaOT+nhxU+yHo=\n",
            **({"uuid.go": 'package main\n\nimport _ "github.com/google/uuid"\n'} if main_uses else {})}


@pytest.mark.parametrize("change, says", [
    (lambda t: t.replace("NIvaJ", "NIvaX"), "github.com/google/uuid@v1.6.0"),
    (lambda t: t.replace("/go.mod h1:TIy", "/go.mod h1:TIX"), "github.com/google/uuid@v1.6.0"),
    (lambda t: t.splitlines()[1] + "\n", "github.com/google/uuid"),
    (lambda t: t.splitlines()[0] + "\n", "github.com/google/uuid"),
    (lambda t: "", "github.com/google/uuid"),
    (lambda t: t + "github.com/google/uuid v1.5.0\n", "go.sum"),
], ids=["zip does not match", "go.mod does not match", "no line for the zip", "no line for go.mod", "empty", "malformed"])
def test_go_sum(module, change, says):
    files = with_uuid()
    m = module({**files, "go.sum": change(files["go.sum"])})
    refused(m, *ONE, code=1, says=says)


def test_a_module_that_nothing_imports(module):
    """Its zip is not read, its go.mod is: as the go command has it."""
    files = with_uuid(main_uses=False)
    m = module({**files, "go.sum": ""})
    refused(m, *ONE, code=1, says="github.com/google/uuid")
    write_files(m.folder, {"go.sum": files["go.sum"].splitlines()[1] + "\n"})
    m.run(*ONE)


def test_a_module_whose_cached_zip_was_changed(module):
    m = module(with_uuid())
    m.own_modules = True
    m.run(*ONE)
    found = list((m.cache / "mod" / "cache" / "download" / "github.com" / "google" / "uuid" / "@v").glob("*.zip"))
    assert len(found) == 1
    data = bytearray(found[0].read_bytes())
    data[len(data) // 2] ^= 1
    found[0].write_bytes(data)
    refused(m, *ONE, code=1, says="github.com/google/uuid")


def fetch_only(m):
    path = m.folder.parent / "fetch.yaml"
    path.write_text("""apiVersion: tekton.dev/v1
kind: Pipeline
metadata: {name: fetch-only}
spec:
  workspaces: [{name: source}, {name: modules}]
  tasks:
    - name: fetch
      taskRef: {name: git-clone}
      workspaces: [{name: source, workspace: source}, {name: modules, workspace: modules}]
""")
    return path


def test_no_module_and_no_program(module):
    m = module({"readme": "nothing"})
    done = m.run(check=4)
    assert f"there is no go.mod in '{m.folder}' or above it" in done.stderr and not (m.folder / ".hallmark").exists()
    m = module({"go.mod": APP["go.mod"], "a.go": "package a\n\nfunc A() int { return 1 }\n",
                "a_test.go": 'package a\n\nimport "testing"\n\nfunc TestA(t *testing.T) { A() }\n'}, folder="library")
    refused(m, *ONE, code=1, says="'.' is no program: it is the package a")
    refused(m, *ONE, "./missing", code=4, says="missing")
    m = module(folder="elsewhere")
    refused(m, *ONE, "example.com/not/here", code=1, says="example.com/not/here")
    # its coverage would be that of something else
    refused(m, *ONE, "strings", code=1, says="'strings' is no package of this module")


@pytest.mark.parametrize("words, says", [
    (["--param", "nothing"], "--param 'nothing' is not NAME=VALUE"),
    (["--param", "=1"], "--param '=1' is not NAME=VALUE"),
    (["--param", "a=1", "--param", "a=2"], "--param 'a' is given twice"),
    (["--param", "colour=blue"], "colour"),
    (["--param", "coverage-threshold=."], "coverage-threshold '.' is no number"),
    (["--param", "coverage-threshold=1.2.3"], "coverage-threshold '1.2.3' is no number"),
    (["--param", "coverage-threshold="], "coverage-threshold '' is no number"),
    (["--platform", "linux/vax"], "linux/vax"),
    (["--platform", "linux"], "'linux'"),
    (["--platform", "linux/amd64,linux/amd64"], "is named twice"),
    (["--platform", ""], "the list of platforms is empty"),
    (["--param", "platforms="], "the list of platforms is empty"),
    (["--param", "platforms=linux/vax"], "linux/vax"),
    (["--param", "package=./x", "."], "'package' is given twice"),
    (["--network", "tests"], "has no task 'tests' that could have a network"),
    (["--sandbox=some"], "some"),
    ([".", "."], ""),
])
def test_options_that_cannot_be_heeded(module, words, says):
    m = module()
    done = m.run(*words, check=2)
    assert says in done.stderr
    assert m.leftovers() == [] and not m.out().exists()


# --- pipelines of one's own, which need no compiler ---

def pipeline(m, tasks, head=""):
    path = m.folder / "p.yaml"
    path.write_text("apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: own}\nspec:\n" + head + "  tasks:\n" + tasks)
    return path


def task(name, script, more=""):
    lines = "".join(f"              {line}\n" for line in script.splitlines())
    return (f"    - name: {name}\n{more}      taskSpec:\n        steps:\n          - name: s\n            image: none\n"
            f"            script: |\n{lines}")


@pytest.mark.parametrize("tasks, head, code, says", [
    (task("a", "true", "      colour: blue\n"), "", 3, ["colour", "p.yaml"]),
    (task("a", "true").replace("image:", "securityContext: {privileged: true}\n            image:"), "", 3,
     ["securityContext"]),
    (task("a", "true", "      runAfter: [b]\n") + task("b", "true", "      runAfter: [a]\n"), "", 3, ["a", "b"]),
    (task("a", "true", "      runAfter: [nobody]\n"), "", 3, ["nobody"]),
    (task("a", "echo $(params.size)"), "  params: [{name: size, type: string}]\n", 2, ["size"]),
    (task("a", "echo $(params.other)"), "", 3, ["params.other"]),
    ("    - name: a\n      taskRef: {name: nowhere}\n", "", 4, ["nowhere"]),
    (task("a", "true") + "  finally: 3\n", "", 3, ["finally"]),
], ids=["unknown field", "unsupported field", "cycle", "unknown task", "missing param", "unknown variable", "no such task",
        "field of another kind"])
def test_bad_pipelines(module, tasks, head, code, says):
    m = module()
    refused(m, "--pipeline", pipeline(m, tasks, head), code=code, says=says)


def test_a_name_alone_has_verified_nothing(module):
    m = module()
    file = fetch_only(m)
    file.write_text(file.read_text().replace("- name: fetch", "- name: test"))
    m.run("--pipeline", file)
    assert m.summary("fetch-only")["verified"] == {"modules": False, "tests": False, "signatures": False}


def test_a_task_of_ones_own_gets_no_privilege(module):
    m = module()
    for name in ["control-plane", "network"]:
        text = ("---\napiVersion: tekton.dev/v1\nkind: Task\nmetadata:\n  name: mine\n  annotations:\n"
                f"    hallmark.dev/{name}: \"{'true' if name == 'control-plane' else 'host'}\"\n"
                "spec:\n  steps: [{name: s, image: none, command: [hallmark], args: [version]}]\n")
        path = pipeline(m, "    - name: a\n      taskRef: {name: mine}\n")
        path.write_text(path.read_text() + text)
        refused(m, "--pipeline", path, code=1, says=["hallmark.dev/" + name])


SPY = """
echo "--- environment"; env | sort
echo "--- home"; ls -A "$HOME" /root 2>&1 || true
echo "--- tokens"; find / -xdev \\( -name '*token*' -o -name '*.key' -o -name '*.pem' \\) -path '*hallmark*' 2>/dev/null || true
echo "--- state"; ls "$STATE" 2>&1 || true
echo "--- folder"; ls "$FOLDER" 2>&1 || true
echo "--- processes"; ls /proc | grep -c '^[0-9]'
echo "--- control"; hallmark release sign /tmp 2>&1 || echo "exit $?"
"""


def test_steps_see_no_key_no_token_and_no_state(module):
    m = module()
    own = task("spy", SPY).replace("            script:", f"            env:\n"
                                   f"              - {{name: STATE, value: {m.state}}}\n"
                                   f"              - {{name: FOLDER, value: {m.folder}}}\n            script:")
    secrets = {"SIGSTORE_ID_TOKEN": "eyJ-secret-1", "COSIGN_PASSWORD": "secret-2", "AWS_SECRET_ACCESS_KEY": "secret-3",
               "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret-4", "GITHUB_TOKEN": "secret-5"}
    done = m.run("--pipeline", pipeline(m, own), env=secrets)
    said = (m.folder / ".hallmark" / "log" / "spy" / "s.log").read_text()
    assert "secret-" not in said and "secret-" not in done.stdout + done.stderr
    parts = dict(part.split("\n", 1) for part in said.split("--- ")[1:])
    names = {line.split("=")[0] for line in parts["environment"].splitlines()}
    assert not {n for n in names if "TOKEN" in n or "SECRET" in n or n.startswith("XDG_") or n == "HALLMARK_RUN"}
    assert "trusted_root" not in parts["home"]
    assert parts["tokens"].strip() == ""
    assert "No such file" in parts["state"] and "No such file" in parts["folder"]
    assert int(parts["processes"]) < 10
    assert 'this command belongs to "hallmark run"' in parts["control"] and "exit 2" in parts["control"]


def test_control_plane_commands_are_refused_outside_of_a_run(module):
    m = module()
    for words in [["provenance", "."], ["sign", "."]]:
        done = m.run(command=[m.hallmark, "release", *words], check=2)
        assert 'this command belongs to "hallmark run", which starts it' in done.stderr
    done = m.run(command=[m.hallmark, "release", "sign", "."], env={"HALLMARK_RUN": "/nowhere/record.json"}, check=None)
    assert done.returncode != 0 and "/nowhere/record.json" in done.stderr
    assert not m.state.exists()


def test_results_of_a_failing_step_are_its_last_lines(module):
    m = module()
    script = "i=1\nwhile [ $i -le 30 ]; do echo \"line $i of it\"; i=$((i+1)); done\nexit 7"
    done = m.run("--pipeline", pipeline(m, task("a", script)), check=1)
    last = done.stderr[done.stderr.rfind("failed after"):]
    assert "line 11 of it" in last and "line 30 of it" in last and "line 10 of it" not in last
    assert "exit code 7" in last and "'a'" in last and "'s'" in last
    assert str(m.folder / ".hallmark" / "log" / "a" / "s.log") in last or ".hallmark/log/a/s.log" in last


# --- forms of output ---

def events(text):
    return [json.loads(line) for line in text.splitlines()]


def test_event_stream(module):
    m = module()
    done = m.run(*ONE, "--output", "json")
    assert done.stderr == ""
    all_events = events(done.stdout)
    assert [e["event"] for e in all_events][0] == "run-started" and all_events[-1]["event"] == "summary"
    assert all_events[-1]["summary"] == m.summary()
    assert all_events[-2]["event"] == "run-ended" and all_events[-2]["result"] == "success"
    started = [e["task"] for e in all_events if e["event"] == "task-started"]
    assert started == TASKS == [e["task"] for e in all_events if e["event"] == "task-ended"]
    assert any(e["event"] == "output" and e["step"] == "coverage" and "coverage is 100.0%" in e["line"] for e in all_events)


def test_event_stream_of_a_failure_ends_with_the_error(module):
    m = module()
    done = m.run("--pipeline", pipeline(m, task("a", "printf 'a\\377b\\033[31m\\n'; exit 3")), "--output", "json", check=1)
    all_events = events(done.stdout)
    assert any(e.get("line") == "a\ufffdb\033[31m" for e in all_events)
    assert all_events[-1]["error"]["reason"] == "pipeline.step"
    ended = [e for e in all_events if e.get("event") == "step-ended"]
    assert ended[0]["exit_code"] == 3 and ended[0]["result"] == "failure"


def test_output_drives_no_terminal(module):
    m = module()
    done = m.run("--pipeline", pipeline(m, task("a", "printf '\\033]0;owned\\007\\n'; exit 1")), check=1)
    assert "\033" not in done.stderr and "\007" not in done.stderr and "owned" in done.stderr


def test_without_isolation_everybody_is_told(module):
    m = module()
    done = m.run(*ONE, "--sandbox=none")
    assert "NOTHING IS ISOLATED" in done.stderr and "NOTHING WAS ISOLATED" in done.stdout
    assert m.summary()["isolation"] == "none"
    assert not any(t["isolated"] for t in m.summary()["tasks"])
    assert m.provenance()["predicate"]["buildDefinition"]["internalParameters"]["isolation"] == "none"


def test_secrets_of_urls_are_masked(module):
    m = module(with_uuid(), caches=None)
    done = m.run("--pipeline", fetch_only(m), env={"GOPROXY": "https://user:hunter22@127.0.0.1:9/", "GOMODCACHE": "/nonexistent",
                                                  "GOFLAGS": "-modcacherw"}, check=1)
    assert "127.0.0.1:9" in done.stderr
    assert "hunter22" not in done.stdout + done.stderr
    for path in (m.folder / ".hallmark" / "log").rglob("*"):
        assert path.is_dir() or "hunter22" not in path.read_text(), path
