"""What hallmark run says of the params that it was given: the truth, and no secret."""
import hashlib
import http.server
import json
import os
import subprocess
import threading

import pytest

from hmtest import TOP
from runs import APP, ONE, git


class GitServer(http.server.BaseHTTPRequestHandler):
    """git's own program behind HTTP, for whoever asks."""

    def log_message(self, *args):
        pass

    def do_GET(self):
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        env = {"PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(self.server.root), "GIT_HTTP_EXPORT_ALL": "1",
               "REQUEST_METHOD": self.command, "PATH_INFO": path, "QUERY_STRING": query,
               "CONTENT_TYPE": self.headers.get("Content-Type") or "", "CONTENT_LENGTH": str(len(body)),
               "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "",
               "GIT_PROTOCOL": self.headers.get("Git-Protocol") or ""}
        done = subprocess.run(["git", "http-backend"], input=body, env=env, stdout=subprocess.PIPE, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        self.send_response(int(dict(fields).get("Status", "200 OK").split()[0]))
        for name, value in fields:
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET


@pytest.fixture
def git_server(tmp_path):
    """A folder whose repositories are served, and the port."""
    root = tmp_path / "served"
    root.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), GitServer)
    server.root = root
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield root, server.server_address[1]
    server.shutdown()
    server.server_close()


def parameters(m):
    return m.provenance()["predicate"]["buildDefinition"]["externalParameters"]


def test_a_password_in_the_url_of_the_source_stays_secret(module, git_server):
    m = module()
    root, port = git_server
    git(m.folder, "init", "-q")
    git(m.folder, "add", *APP)
    git(m.folder, "commit", "-qm", "one")
    git(root, "clone", "-q", "--bare", m.folder, root / "app.git")
    url = f"http://user:hunter22@127.0.0.1:{port}/app.git"
    done = m.run(*ONE, "--param", f"git-url={url}", "--output", "json", env={"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"})
    assert "hunter22" not in done.stdout + done.stderr
    assert "hunter22" not in json.dumps(m.provenance())
    assert parameters(m)["params"] == {"git-url": url.replace("hunter22", "***")}
    for path in (m.folder / ".hallmark").rglob("*"):
        assert path.is_dir() or b"hunter22" not in path.read_bytes(), path
    assert m.source()["uri"] == f"git+http://127.0.0.1:{port}/app.git"
    assert not {"files", "ignored"} & m.summary()["source"].keys(), "nobody has counted them"
    assert m.summary()["tasks"][0]["results"]["url"] == f"http://127.0.0.1:{port}/app.git"


def test_platforms_are_those_of_the_run_however_they_are_said(module):
    m = module()
    m.run("--param", "platforms=linux/arm64")
    assert parameters(m)["platforms"] == ["linux/arm64"]
    assert "app-linux-arm64" in [s["name"] for s in m.provenance()["subject"]]


OWN = """apiVersion: tekton.dev/v1
kind: Pipeline
metadata: {name: own}
spec:
  params: [{name: platforms, type: string, default: linux/riscv64}, {name: package, type: string, default: ./cmd/x}]
  tasks:
    - name: say
      params: [{name: platforms, value: $(params.platforms)}, {name: package, value: $(params.package)}]
      taskSpec:
        params: [{name: platforms, type: string}, {name: package, type: string}]
        steps:
          - name: s
            image: none
            command: [echo, it is, $(params.platforms), $(params.package)]
"""


@pytest.mark.parametrize("words, says", [
    ([], "it is linux/riscv64 ./cmd/x"),
    (["--platform", "linux/s390x"], "it is linux/s390x ./cmd/x"),
    (["."], "it is linux/riscv64 ."),
])
def test_a_default_of_ones_own_pipeline_holds(module, words, says):
    m = module()
    (m.folder / "own.yaml").write_text(OWN)
    assert says in m.run("--pipeline", "own.yaml", *words).stderr


def test_each_task_that_was_loaded_is_named_with_the_digest_of_its_file(module):
    """A Task beside the pipeline decides what is built as much as the pipeline does; those that ship do too."""
    m = module()
    share = TOP / "share" / "pipelines"
    pipeline, own = m.folder / "p.yaml", m.folder / "tasks" / "golang-build.yaml"
    own.parent.mkdir()
    pipeline.write_bytes((share / "go-release.yaml").read_bytes())
    own.write_bytes((share / "tasks" / "golang-build.yaml").read_bytes() + b"# ours\n")
    m.run(*ONE, "--pipeline", "p.yaml")
    definition = m.provenance("go-release")["predicate"]["buildDefinition"]

    def digest(path):
        return hashlib.sha256(path.read_bytes()).hexdigest()
    assert definition["externalParameters"]["pipeline"] == {"name": "go-release", "sha256": digest(pipeline)}
    assert definition["externalParameters"]["tasks"] == {"golang-build": digest(own)}
    others = {path.stem: digest(path) for path in (share / "tasks").glob("*.yaml") if path.stem != "golang-build"}
    shipped = definition["internalParameters"]["tasks"]
    assert shipped and shipped.items() <= others.items()
    assert {"git-clone", "go-mod-verify", "golang-test", "hallmark-sign"} <= shipped.keys()


@pytest.mark.parametrize("count, code", [(100, 0), (300, 3)])
def test_as_many_secrets_as_the_caller_has_are_masked_or_the_run_is_refused(module, tmp_path, count, code):
    m = module()
    words = [f"sesame-{i:03}" for i in range(count)]
    (tmp_path / "netrc").write_text("".join(f"machine h{i} login me password {w}\n" for i, w in enumerate(words)))
    (m.folder / "own.yaml").write_text(OWN)
    done = m.run("--pipeline", "own.yaml", f"its-{words[-1]}-here", env={"NETRC": str(tmp_path / "netrc")}, check=code)
    assert words[-1] not in done.stdout + done.stderr
    assert ("its-***-here" if code == 0 else "secrets") in done.stderr


def test_a_module_that_a_folder_replaces_is_a_dependency(module):
    m = module({**APP, "go.mod": APP["go.mod"] + "\nrequire example.com/lib v1.2.3\n\n"
                                                 "replace example.com/lib => ./lib\n",
                "main.go": APP["main.go"].replace("package main\n", 'package main\n\nimport "example.com/lib"\n')
                                         .replace("return 42", "return lib.Answer"),
                "lib/go.mod": "module example.com/lib\n\ngo 1.24\n",
                "lib/lib.go": "package lib\n\nconst Answer = 42\n"})
    m.run(*ONE)
    found = m.provenance()["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert [d for d in found if d["name"] == "example.com/lib"] == [
        {"name": "example.com/lib", "uri": "pkg:golang/example.com/lib", "annotations": {"folder": "./lib"}}]


def test_the_error_as_json_has_the_last_lines_of_the_step_that_failed(module):
    m = module()
    (m.folder / "own.yaml").write_text(OWN.replace(
        "command: [echo, it is, $(params.platforms), $(params.package)]",
        "script: 'for i in $(seq 30); do echo line $i; done; printf \"\\\\377\\\\n\"; exit 1'"))
    done = m.run("--pipeline", "own.yaml", "--output", "json", check=1)
    error = json.loads(done.stdout.splitlines()[-1])["error"]
    assert error["output"] == [f"line {i}" for i in range(12, 31)] + ["\ufffd"]
