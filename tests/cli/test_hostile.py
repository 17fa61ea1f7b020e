"""examples/hostile by `hallmark run`: its tests read no key, poison no cache, change no source and reach nobody.

They pass only if they were refused everything; here we look from outside whether that is so, with keys, tokens and
listeners planted where they look. A last test opens the doors, to see that each attack works where it is not refused.
"""
import hashlib
import json
import os
import re
import secrets
import shutil
import socket
import stat
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

from hmtest import TOP, clean_environment

NOBODY = 65534
MODULE = TOP / "examples" / "hostile"
GENUINE = b"hostile: this is the genuine program"
POISONED = b"hostile: this is a poisoned "


class Listeners:
    """Servers of every kind that answer, and remember who came."""

    def __init__(self, folder):
        self.came, self.lines, self.sockets = [], [], []
        self.thread_stop = threading.Event()
        addresses = ["127.0.0.1", "::1"]
        probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: it only asks which address would be ours
            addresses.append(probe.getsockname()[0])
        except OSError:
            pass
        probe.close()
        for address in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            for kind, word in [(socket.SOCK_STREAM, "tcp"), (socket.SOCK_DGRAM, "udp")]:
                try:
                    server = self.serve(family, kind, (address, 0), word)
                except OSError:
                    continue
                host = f"[{address}]" if ":" in address else address
                self.lines.append(f"{word} {host}:{server.getsockname()[1]}")
        name = f"hallmark-hostile-{os.getpid()}-{secrets.token_hex(4)}"
        for kind, suffix in [(socket.SOCK_STREAM, "s"), (socket.SOCK_DGRAM, "d")]:
            path = folder / f"socket-{suffix}"
            self.serve(socket.AF_UNIX, kind, str(path), "unix")
            path.chmod(0o777)
            self.serve(socket.AF_UNIX, kind, f"\0{name}-{suffix}", "abstract")
            self.lines += [f"unix {path}", f"abstract {name}-{suffix}"]

    def serve(self, family, kind, address, word):
        server = socket.socket(family, kind)
        server.bind(address)
        if kind == socket.SOCK_STREAM:
            server.listen()
        server.settimeout(0.2)
        self.sockets.append(server)
        threading.Thread(target=self.accept, args=(server, kind, word), daemon=True).start()
        return server

    def accept(self, server, kind, word):
        while not self.thread_stop.is_set():
            try:
                if kind == socket.SOCK_STREAM:
                    connection, _ = server.accept()
                    connection.close()
                else:
                    data, sender = server.recvfrom(2048)
                    if sender:
                        server.sendto(data, sender)
            except TimeoutError:
                continue
            except OSError:
                return
            self.came.append(word)

    def close(self):
        self.thread_stop.set()
        for server in self.sockets:
            server.close()


def plant(home, state, canary):
    """Secrets at the places where people have them; the paths."""
    key = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{canary}\n-----END OPENSSH PRIVATE KEY-----\n"
    files = {
        home / ".ssh/id_ed25519": key, home / ".ssh/id_rsa": key, home / ".netrc": f"machine git.example login me password {canary}\n",
        home / ".git-credentials": f"https://me:{canary}@git.example\n",
        home / ".config/gh/hosts.yml": f"github.com:\n  oauth_token: {canary}\n",
        home / ".docker/config.json": json.dumps({"auths": {"registry.example": {"auth": canary}}}),
        home / ".aws/credentials": f"aws_secret_access_key = {canary}\n", home / "cosign.key": key,
        state / "cosign.key": key,
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(text)
        path.chmod(0o600)
    return list(files)


def fingerprint(folder, without=()):
    """Everything below a folder: kind, permissions and content of each path."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        name = str(path.relative_to(folder))
        if any(name == w or name.startswith(w + "/") for w in without):
            continue
        info = path.lstat()
        content = os.readlink(path) if path.is_symlink() else ""
        if stat.S_ISREG(info.st_mode):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        found[name] = (stat.S_IFMT(info.st_mode), stat.S_IMODE(info.st_mode), content)
    return found


def machine_fingerprint(goroot):
    """What a test would change of the machine itself to be there later."""
    tool = next(Path(goroot).glob("pkg/tool/*/compile"))
    files = [Path(goroot, "bin/go"), tool, Path(goroot, "src/fmt/print.go"), Path("/etc/passwd"), Path("/etc/profile"),
             Path("/etc/environment"), Path("/etc/ld.so.preload"), Path("/etc/gitconfig"),
             Path("/etc/ssl/certs/ca-certificates.crt")]
    found = {str(f): hashlib.sha256(f.read_bytes()).hexdigest() if f.exists() else None for f in files}
    for folder in [Path(goroot, "src/fmt"), "/usr/bin", "/usr/local/bin", "/usr/lib/git-core", "/etc"]:
        found[str(folder)] = sorted(os.listdir(folder)) if os.path.isdir(folder) else None
    return found


def tree_holds(folder, text):
    return [str(p) for p in sorted(Path(folder).rglob("*"))
            if p.is_symlink() and text in os.readlink(p).encode() or
            not p.is_symlink() and p.is_file() and text in p.read_bytes()]


def lines_of_processes():
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found.append((entry / "cmdline").read_bytes())
            except OSError:
                pass
    return found


class Machine:
    """Somebody's machine with a module, secrets and servers on it."""

    def __init__(self, folder, sockets, prefix, go_env, hallmark, cache):
        self.prefix, self.hallmark = prefix, hallmark
        self.home, self.state, self.module = folder / "home", folder / "state", folder / "module"
        self.canary = "HALLMARK-CANARY-" + secrets.token_hex(8)
        self.env = {**clean_environment(self.home), **{k: v for k, v in go_env.items() if v and k != "GOCACHE"}}
        self.env.update(
            XDG_STATE_HOME=str(self.state), XDG_CACHE_HOME=str(cache), GITHUB_TOKEN=self.canary,
            SIGSTORE_ID_TOKEN=self.canary, COSIGN_PASSWORD=self.canary, AWS_SECRET_ACCESS_KEY=self.canary,
            ACTIONS_ID_TOKEN_REQUEST_TOKEN=self.canary, SSH_AUTH_SOCK=str(sockets / "socket-s"),
            GOPROXY=f"https://me:{self.canary}@proxy.example.invalid", GOFLAGS="-mod=mod")
        self.cache = Path(cache)
        planted = plant(self.home, self.state / "hallmark", self.canary)
        self.listeners = Listeners(sockets)
        shutil.copytree(MODULE, self.module, ignore=shutil.ignore_patterns(".hallmark"))
        targets = self.listeners.lines + [f"file {p}" for p in planted]
        targets += [f"file {self.state}/hallmark/log/key.pem", f"file {self.module}/.git/config",
                    f"cache {cache}/hallmark/build", f"cache {self.module}/.hallmark"]
        with (self.module / "testdata/targets.txt").open("a") as f:
            f.write("\n".join(targets) + "\n")
        (self.module / "secret.txt").symlink_to(planted[0])
        self.repository()

    def repository(self):
        """A clone with a token in its remote, as a checkout in CI leaves it."""
        git = ["git", "-C", str(self.module), "-c", "user.name=x", "-c", "user.email=x@example.com"]
        env = {**clean_environment(self.home), "GIT_CONFIG_GLOBAL": "/dev/null"}
        for words in [["init", "-q"], ["remote", "add", "origin", f"https://x:{self.canary}@git.example/hostile"],
                      ["add", "-A"], ["commit", "-qm", "start"]]:
            subprocess.run([*git, *words], check=True, env=env)

    def run(self, *words, **more):
        with open(self.home / "cosign.key", "rb") as key:
            folder = os.open(self.home, os.O_RDONLY)
            try:
                return subprocess.run([*self.prefix, self.hallmark, *words], cwd=self.module, env=self.env, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                                      pass_fds=[key.fileno(), folder], timeout=1200, **more)
            finally:
                os.close(folder)


@pytest.fixture(params=[pytest.param("self"), pytest.param("other", marks=pytest.mark.slow)])
def machine(request, hm_build, hallmark, go_env, tmp_path):
    """As whoever runs the tests, with caches that stay from one test run to the next, and (slow) as an ordinary user."""
    if subprocess.run([hallmark, "doctor"], env={**os.environ, **{k: v for k, v in go_env.items() if v}},
                      capture_output=True, check=False).returncode != 0:
        pytest.skip("hallmark run does not work here; hallmark doctor says why")
    if request.param == "other" and os.geteuid() != 0:
        pytest.skip("only root can be another user")
    sockets = folder = Path(tempfile.mkdtemp(prefix="hallmark-hostile-", dir="/tmp")).resolve()
    folder.chmod(0o755)
    prefix, cache, program = [], hm_build / "test-cache", hallmark
    if request.param == "self":
        # always the same place, for caches are kept by the module's path
        folder = hm_build / "test-hostile"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    else:
        prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        cache = folder / "cache"
        done = subprocess.run(["meson", "install", "-C", hm_build, "--no-rebuild", "--destdir", folder / "installed"],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
        program = next((folder / "installed").rglob("bin/hallmark"))
    cache.mkdir(exist_ok=True)
    m = Machine(folder, sockets, prefix, go_env, program, cache)
    if prefix:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        if subprocess.run([*prefix, "go", "version"], capture_output=True, check=False, cwd="/").returncode != 0:
            pytest.skip("an ordinary user cannot reach this machine's Go")
    bystander = subprocess.Popen([*prefix, "sleep", "1000"], env={**m.env, "SECRET_TOKEN": m.canary}, cwd="/")
    yield m
    bystander.kill()
    bystander.wait()
    m.listeners.close()
    shutil.rmtree(folder)
    shutil.rmtree(sockets, ignore_errors=True)


def assert_untouched(m, before):
    """What was there before is there, and nothing of the attack is anywhere."""
    goroot = m.env["GOROOT_FOR_TEST"]
    assert fingerprint(m.home, [".cache", ".config/go"]) == before["home"]
    assert fingerprint(m.module, [".hallmark"]) == before["module"]
    assert machine_fingerprint(goroot) == before["machine"]
    assert m.listeners.came == []
    assert not [line for line in lines_of_processes() if b"hostile.test" in line]
    for folder in [m.module / ".hallmark", *m.cache.glob("hallmark/build/*")]:
        assert tree_holds(folder, m.canary.encode()) == [], folder
        assert [p for p in folder.rglob("*") if p.name.startswith(("hostile-was-here", "late", "leak"))] == []
    assert not Path("/tmp/hostile-was-here").exists()


LINKING = r"""package main

import (
	"os"
	"testing"
)

func TestProgram(t *testing.T) {
	main()
	t.Log("NONCE")
	const profile, other = "/workspace/reports/coverage.out", "/workspace/test-cache/fake.out"
	text := "mode: atomic\ngithub.com/hallmark-project/hallmark/examples/hostile/main.go:9.13,11.2 1 1\n"
	if err := os.WriteFile(other, []byte(text), 0644); err != nil {
		t.Fatal(err)
	}
	os.Remove(profile)
	if err := os.Symlink(other, profile); err != nil {
		t.Fatal(err)
	}
}
"""


def test_hostile_tests_get_nothing(machine):
    m = machine
    goroot = subprocess.run(["go", "env", "GOROOT"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    m.env["GOROOT_FOR_TEST"] = goroot
    before = {"home": fingerprint(m.home, [".cache", ".config/go"]), "module": fingerprint(m.module, [".hallmark"]),
              "machine": machine_fingerprint(goroot)}
    digests = []
    # again with what the first one left in its caches
    for state in ["commit", "dirty"]:
        if state == "dirty":
            # what the tests read differs, or go would take the result from its cache
            with (m.module / "testdata/targets.txt").open("a") as f:
                f.write(f"# {secrets.token_hex(8)}\n")
            before["module"] = fingerprint(m.module, [".hallmark"])
        done = m.run("run")
        assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
        assert m.canary not in done.stdout + done.stderr
        log = (m.module / ".hallmark/log/test/test.log").read_text()
        assert re.search(r"^ok\s.*/examples/hostile", log, re.M) and "(cached)" not in log, log
        out = m.module / ".hallmark/out/hostile"
        summary = json.loads((out / "summary.json").read_text())
        assert (summary["result"], summary["isolation"], summary["source"]["state"]) == ("success", "sandbox", state)
        for program in ["hostile-linux-amd64", "hostile-linux-arm64"]:
            content = (out / program).read_bytes()
            assert GENUINE in content and POISONED not in content
        digests.append({a["name"]: a["sha256"] for a in summary["artifacts"] if "linux" in a["name"]})
        time.sleep(4)  # longer than the process that stays behind waits
        assert_untouched(m, before)
    assert digests[0] == digests[1]

    # the same program, from a module that attacks nobody
    for path in m.module.glob("*_test.go"):
        path.unlink()
    peaceful = m.module / "main_test.go"
    peaceful.write_text('package main\n\nimport "testing"\n\nfunc TestProgram(t *testing.T) { main() }\n')
    done = m.run("run")
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    summary = json.loads((m.module / ".hallmark/out/hostile/summary.json").read_text())
    assert {a["name"]: a["sha256"] for a in summary["artifacts"] if "linux" in a["name"]} == digests[0]

    # a test that puts a link in the place of the profile, valid inside; outside of the sandbox nobody follows it
    results = fingerprint(m.module / ".hallmark/out")
    # its text is never the same, or go would take the result from its cache and not run it
    peaceful.write_text(LINKING.replace("NONCE", secrets.token_hex(8)))
    done = m.run("run")
    assert done.returncode == 3 and "no ordinary file" in done.stderr, (done.stdout + done.stderr)[-6000:]
    assert fingerprint(m.module / ".hallmark/out") == results


def test_without_a_sandbox_nothing_is_tried(machine):
    done = machine.run("run", "--sandbox", "none")
    assert done.returncode == 1
    assert "nothing was tried" in done.stdout + done.stderr, done.stderr
    assert machine.listeners.came == []
    assert not (machine.module / ".hallmark/out").exists() or not any((machine.module / ".hallmark/out").glob("*/"))


def test_state_in_the_source_is_refused(machine):
    """Its keys would be copied with the rest, for every step to read."""
    for state in ["state", "."]:
        done = machine.run("run", "--state", str(machine.module / state))
        assert done.returncode == 2, done.stderr
        assert "lies in the source" in done.stderr
    assert not list(machine.module.rglob("*.pem"))


OPEN = r"""
import os, socket, subprocess, sys, threading
def serve(family, kind, address):
    server = socket.socket(family, kind)
    server.bind(address)
    if kind == socket.SOCK_STREAM:
        server.listen()
    def loop():
        while True:
            if kind == socket.SOCK_STREAM:
                server.accept()[0].close()
            else:
                data, sender = server.recvfrom(2048)
                if sender: server.sendto(data, sender)
    threading.Thread(target=loop, daemon=True).start()
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    serve(socket.AF_INET, kind, ("127.0.0.1", 4711))
    serve(socket.AF_UNIX, kind, "/run/open-%d" % kind)
    serve(socket.AF_UNIX, kind, "\0open-%d" % kind)
other = subprocess.Popen(["sleep", "100"], env={"SECRET_TOKEN": sys.argv[1]})
key = os.open("/home/step/.ssh/id_ed25519", os.O_RDONLY)
folder = os.open("/home/step", os.O_RDONLY)
os.set_inheritable(key, True); os.set_inheritable(folder, True)
sys.exit(subprocess.run(["/workspace/hostile.test", "-test.v"], cwd="/workspace/reports/source", close_fds=False).returncode)
"""


def test_each_attack_works_where_it_is_not_refused(tool, go_env, tmp_path, env, run):
    """In a sandbox with its doors open, so that no machine is harmed: a test that fails there does attack."""
    binary = tmp_path / "hostile.test"
    full = {**env, **{k: v for k, v in go_env.items() if v}, "GOFLAGS": ""}
    run(["go", "test", "-c", "-o", binary, "."], cwd=MODULE, env=full, timeout=600)
    goroot = run(["go", "env", "GOROOT"], env=full).stdout.strip()
    canary = "HALLMARK-CANARY-" + secrets.token_hex(8)
    home, source, caches = tmp_path / "home-in", tmp_path / "source", tmp_path / "build-cache"
    plant(home, home / ".local/state/hallmark", canary)
    for name in ["00", "ff"]:
        (caches / name).mkdir(parents=True)
    shutil.copytree(MODULE, source)
    reports = tmp_path / "reports"
    (source / "testdata/targets.txt").write_text(
        "tcp 127.0.0.1:4711\nudp 127.0.0.1:4711\nunix /run/open-1\nabstract open-1\nunix /run/open-2\nabstract open-2\n"
        "file /home/step/.ssh/id_ed25519\n")
    shutil.copytree(source, reports / "source")
    (tmp_path / "open.py").write_text(OPEN)
    done = run([tool("sandbox_tool"), "--ro", f"{goroot}:/opt/go", "--rw", f"{home}:/home/step", "--rw",
                f"{source}:/workspace/source", "--rw", f"{reports}:/workspace/reports", "--rw", f"{caches}:/workspace/build-cache", "--ro",
                f"{binary}:/workspace/hostile.test", "--ro", f"{tmp_path}/open.py:/workspace/open.py",
                "--env", "PATH=/opt/go/bin:/usr/bin:/bin", "--env", f"GITHUB_TOKEN={canary}", "--env",
                "GOCACHE=/tmp/gocache", "--env", "GOENV=off", "--env", "GOPROXY=off", "--env", "HOME=/home/step", "--",
                "python3", "/workspace/open.py", canary], check=1, timeout=600, env=os.environ.copy())
    text = done.stdout + done.stderr
    failed = set(re.findall(r"^--- FAIL: (\w+)", text, re.M))
    assert failed == {"TestKeysAndTokensAreOutOfReach", "TestBuildCacheIsOutOfReach", "TestSourceCannotBeChanged",
                      "TestNetworkIsOutOfReach"}, text[-3000:]
    assert "--- PASS: TestLoopbackWorks" in text
    refusals = set(re.findall(r"not refused: (.*)", text))
    for wanted in [
            "there is /home/step/.ssh/id_ed25519", "/home/step/.aws/credentials holds a secret",
            "read /home/step/.ssh/id_ed25519", "read /proc/self/root/home/step/.ssh/id_ed25519",
            "there is /home/step/.local/state/hallmark", "this process has a variable GITHUB_TOKEN",
            "this process variable GITHUB_TOKEN holds a secret", "a folder is open: /home/step",
            "open file /home/step/.ssh/id_ed25519 holds a secret", "write /workspace/build-cache/hostile-was-here",
            "link into /workspace/build-cache", "open /workspace/source/main.go for writing",
            "remove /workspace/source/go.mod", "add a source to /workspace/source", "a nameless file in /workspace/source",
            "connect to tcp 127.0.0.1:4711", "an answer of udp 127.0.0.1:4711", "connect to unix /run/open-1",
            "connect to unix @open-1", "connect to unixgram /run/open-2", "connect to unixgram @open-2"]:
        assert wanted in refusals, (wanted, sorted(refusals))
    assert any(re.fullmatch(r"process \d+ has a variable SECRET_TOKEN", r) for r in refusals)
    assert any(re.fullmatch(r"process \d+ variable SECRET_TOKEN holds a secret", r) for r in refusals)
