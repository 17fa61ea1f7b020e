"""hallmark doctor: what it finds missing, what it says to do about it, and its exit code."""
import json
import os
import shutil
import subprocess

import pytest


@pytest.fixture
def doctor(hallmark, run, env, go_env):
    """doctor(changes, *args, check=…): the report as a dict of (area, name), and whether the machine can be used."""
    def ask(changes=(), *args, check=0, before=(), cwd=None):
        full = {**env, **{k: v for k, v in go_env.items() if v and k != "GOPROXY"}, **dict(changes)}
        full = {k: v for k, v in full.items() if v is not None}
        done = run([*before, hallmark, "doctor", "--output", "json", *args], env=full, check=check,
                   **({"cwd": cwd} if cwd else {}))
        report = json.loads(done.stdout)
        assert report["usable"] == (check == 0)
        return {(c["area"], c["name"]): c for c in report["checks"]}, done.stderr
    return ask


@pytest.fixture
def usable(doctor):
    """The report of this machine as it is; the tests below each take away one thing only."""
    checks, _ = doctor()
    return checks


def test_a_machine_that_can(doctor, usable, hallmark, run, env, go_env):
    assert {c["state"] for c in usable.values()} <= {"ok", "warning"}
    assert all(("todo" in c) == (c["state"] != "ok") for c in usable.values())
    for name in ["user-namespaces", "overlay", "seccomp", "limit-memory", "sandbox"]:
        assert ("sandbox", name) in usable
    for key in [("go", "toolchain"), ("machine", "git"), ("machine", "ca-bundle"), ("modules", "GOMODCACHE"),
                ("state", "folder"), ("disk", "state"), ("installation", "pipelines")]:
        assert key in usable
    text = run([hallmark, "doctor"], env={**env, **{k: v for k, v in go_env.items() if v}}).stdout
    assert text.rstrip().endswith("0 missing: hallmark run works here")


def test_nothing_is_made(doctor, home):
    before = sorted(home.rglob("*"))
    doctor()
    state = [p for p in sorted(home.rglob("*")) if p not in before and "hallmark" in p.name]
    assert state == []


def test_no_go(doctor, tmp_path):
    for program in ["git", "true"]:
        (tmp_path / "bin" / program).parent.mkdir(exist_ok=True)
        (tmp_path / "bin" / program).symlink_to(shutil.which(program))
    checks, stderr = doctor({"PATH": str(tmp_path / "bin")}, check=4)
    go = checks["go", "toolchain"]
    assert go["state"] == "missing" and "go.dev/dl" in go["todo"] and "apt-get install" in go["todo"]
    assert "hallmark run would not work here" in stderr


def test_old_go(doctor, tmp_path):
    fake = tmp_path / "bin" / "go"
    fake.parent.mkdir()
    real = subprocess.run(["go", "env", "-json"], stdout=subprocess.PIPE, text=True, check=True).stdout
    (tmp_path / "facts").write_text(json.dumps({**json.loads(real), "GOVERSION": "go1.19.8"}))
    fake.write_text(f"#!/bin/sh\nexec cat {tmp_path}/facts\n")
    fake.chmod(0o755)
    checks, _ = doctor({"PATH": f"{fake.parent}:{os.environ['PATH']}"}, check=4)
    assert checks["go", "toolchain"]["state"] == "missing"
    assert "go1.19.8" in checks["go", "toolchain"]["detail"] and "too old" in checks["go", "toolchain"]["detail"]


def test_no_git(doctor, tmp_path):
    """Missing in a repository, whose commit could not be read; elsewhere only a warning."""
    (tmp_path / "bin").mkdir()
    for program in ["go", "gcc", "true"]:
        (tmp_path / "bin" / program).symlink_to(shutil.which(program))
    path = {"PATH": str(tmp_path / "bin")}
    outside, inside = tmp_path / "outside", tmp_path / "inside" / "deeper"
    outside.mkdir()
    inside.mkdir(parents=True)
    (inside.parent / ".git").mkdir()
    checks, _ = doctor(path, cwd=outside)
    assert checks["machine", "git"]["state"] == "warning"
    checks, _ = doctor(path, cwd=inside, check=4)
    assert checks["machine", "git"]["state"] == "missing"
    assert checks["machine", "git"]["todo"] == "apt-get install git"


def test_secrets_of_a_proxy_are_not_shown(doctor, hallmark, run, env):
    changes = {"GOPROXY": "https://me:t0psecret@proxy.example,direct", "GOFLAGS": "-mod=vendor -nonsense"}
    checks, _ = doctor(changes)
    assert checks["modules", "GOPROXY"]["detail"] == "https://(hidden)@proxy.example,direct"
    assert "t0psecret" not in run([hallmark, "doctor"], env={**env, **changes}).stdout


def test_proxy_off(doctor):
    checks, _ = doctor({"GOPROXY": "off"})
    assert checks["modules", "GOPROXY"]["state"] == "warning"


def test_network_is_asked_only_when_told(doctor):
    """Port 9 answers nobody; without --network nothing of that is seen."""
    closed = {"GOPROXY": "http://127.0.0.1:9", "http_proxy": None, "HTTP_PROXY": None}
    checks, _ = doctor(closed)
    assert not [key for key in checks if key[0] == "network"]
    checks, _ = doctor(closed, "--network")
    assert checks["network", "proxy"]["state"] == "warning"


def test_state_folder(doctor, tmp_path, home):
    state = tmp_path / "state"
    checks, _ = doctor((), "--state", state / "deep" / "er")
    assert "will be made" in checks["state", "folder"]["detail"]
    state.mkdir(mode=0o755)
    checks, _ = doctor((), "--state", state)
    assert checks["state", "folder"]["state"] == "warning" and checks["state", "folder"]["todo"].startswith("chmod 0700")
    state.chmod(0o700)
    checks, _ = doctor((), "--state", state)
    assert checks["state", "folder"]["state"] == "ok" and "none yet" in checks["state", "log"]["detail"]
    assert "none yet" in checks["state", "trust-root"]["detail"]
    (state / "trusted_root.json").write_text("{}")
    checks, _ = doctor((), "--state", state)
    assert checks["state", "trust-root"]["state"] == "warning"
    (state / "trusted_root.json").unlink()
    (state / "log").mkdir()
    (state / "log" / "checkpoint").write_text(f"log.example\n42\n{'A' * 43}=\n\n\u2014 log.example AAAA\n")
    checks, _ = doctor((), "--state", state)
    assert checks["state", "log"]["detail"] == "log.example, 42 entries"
    (state / "log" / "checkpoint").write_text("log.example\nforty-two\n")
    checks, _ = doctor((), "--state", state, check=4)
    assert checks["state", "log"]["state"] == "missing"
    file = tmp_path / "file"
    file.write_text("")
    checks, _ = doctor((), "--state", file, check=4)
    assert checks["state", "folder"]["state"] == "missing"
    checks, _ = doctor((), "--state", file / "below", check=4)
    assert checks["state", "folder"]["state"] == "missing"


def test_kernel_that_refuses_namespaces(doctor, usable):
    """A user namespace may forbid further ones to those in it: the same refusal as an administrator's."""
    before = ["unshare", "--user", "--map-root-user", "sh", "-c",
              'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"', "sh"]
    if subprocess.run([*before, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this user may not make a user namespace with a limit of its own")
    checks, stderr = doctor((), before=before, check=4)
    refused = checks["sandbox", "user-namespaces"]
    assert refused["state"] == "missing" and "max_user_namespaces" in refused["todo"]
    assert checks["sandbox", "sandbox"]["state"] == "missing"
    assert "user-namespaces" in stderr


def test_ca_bundle(doctor, tmp_path):
    checks, _ = doctor({"SSL_CERT_FILE": str(tmp_path / "none.pem")})
    assert checks["machine", "ca-bundle"]["state"] == "warning" and "SSL_CERT_FILE" in checks["machine", "ca-bundle"]["todo"]


def test_text_of_others_cannot_drive_the_terminal(hallmark, run, env):
    text = run([hallmark, "doctor"], env={**env, "GOPRIVATE": "a\x1b[2Jb"}, check=None).stdout
    assert "\x1b" not in text
