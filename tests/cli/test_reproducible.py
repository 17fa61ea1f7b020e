"""The same image from the same source, wherever, whenever and by whomever it is built."""
import os
import pwd
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from runs import APP, Module, git, write_files

BOTH = ["--platform", "linux/amd64,linux/arm64"]
HOSTILE = {"GOFLAGS": "-ldflags=-X=main.x=1 -tags=evil -gcflags=all=-N", "GOENV": "/nonexistent/env", "CGO_ENABLED": "1",
           "CGO_CFLAGS": "-DEVIL", "CGO_LDFLAGS": "-levil", "GOAMD64": "v3", "GOARM64": "v9.0", "GOEXPERIMENT": "nogreenteagc",
           "GOOS": "plan9", "GOARCH": "386", "GOWORK": "/nonexistent/go.work", "GO111MODULE": "off", "GOROOT_FINAL": "/evil",
           "SOURCE_DATE_EPOCH": "86400", "GODEBUG": "asyncpreemptoff=1", "CC": "/bin/false"}


@pytest.fixture(scope="module")
def wanted(hallmark, go_env, run_caches, tmp_path_factory):
    """The digest of APP's image for both platforms, by a run in an ordinary folder."""
    base = tmp_path_factory.mktemp("wanted")
    made = Module(hallmark, base / "app", base / "home", run_caches, go_env)
    write_files(made.folder, APP)
    made.run(*BOTH)
    return made.index_digest()


def changed_go_env(m):
    """The caller's `go env -w` file."""
    path = Path(m.env["XDG_CONFIG_HOME"]) / "go" / "env"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("GOFLAGS=-ldflags=-s\nGOAMD64=v4\nCGO_ENABLED=1\n")


def test_another_folder_umask_locale_time_zone_and_hostile_variables(module, wanted):
    m = module(folder="b/with space/ünï")
    for path in m.folder.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    changed_go_env(m)
    m.run(*BOTH, env={**HOSTILE, "LC_ALL": "tr_TR.UTF-8", "LANG": "de_DE", "TZ": "Pacific/Kiritimati"}, umask=0o077)
    assert m.index_digest() == wanted


def test_after_a_first_run_in_the_same_folder_and_later(module, wanted):
    m = module()
    m.run(*BOTH)
    first = {p.name: p.read_bytes() for p in m.out().glob("app-linux-*") if p.suffix != ".json"}
    # a file's times are those of another year; nothing of the first run is in the second
    for path in m.folder.rglob("*.go"):
        os.utime(path, (time.time() + 3e8,) * 2)
    (m.folder / "app").write_bytes(first["app-linux-amd64"])
    os.remove(m.folder / "app")
    m.run(*BOTH, umask=0o002)
    assert m.index_digest() == wanted
    assert first == {p.name: p.read_bytes() for p in m.out().glob("app-linux-*") if p.suffix != ".json"}


def somebody():
    """An ordinary user to whom root can give things."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can become, or give files to, another user here")
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        pytest.skip("there is no user nobody here")


def give(user, *paths):
    for path in paths:
        for found in [Path(path), *Path(path).rglob("*")]:
            os.lchown(found, user.pw_uid, user.pw_gid)


def test_a_git_clone_of_another_user_and_a_tarball(module, wanted):
    user = somebody()
    m = module(folder="origin")
    git(m.folder, "init", "-q")
    git(m.folder, "add", ".")
    git(m.folder, "commit", "-qm", "one")
    head = git(m.folder, "rev-parse", "HEAD")

    clone = module({}, folder="x/app")
    clone.folder.rmdir()
    git(m.folder, "clone", "-q", m.folder, clone.folder)
    give(user, clone.folder)
    clone.run(*BOTH)
    assert clone.index_digest() == wanted
    # owned by somebody else, it is still asked for its commit
    assert clone.source()["digest"] == {"gitCommit": head}

    tar = module({}, folder="y/app")
    git(m.folder, "archive", "-o", tar.folder.parent / "app.tar", "HEAD")
    subprocess.run(["tar", "-xf", tar.folder.parent / "app.tar", "-C", tar.folder], check=True)
    tar.run(*BOTH)
    assert tar.index_digest() == wanted
    assert tar.source()["annotations"]["state"] == "unknown" and "digest" not in tar.source()


def test_a_source_that_is_cloned_by_the_run(module, wanted):
    m = module(folder="origin")
    git(m.folder, "init", "-q")
    git(m.folder, "add", ".")
    git(m.folder, "commit", "-qm", "one")
    elsewhere = module({}, folder="elsewhere")
    elsewhere.run(*BOTH, "--param", f"git-url=file://{m.folder}")
    assert elsewhere.index_digest() == wanted
    assert elsewhere.source()["digest"] == {"gitCommit": git(m.folder, "rev-parse", "HEAD")}


def test_an_ordinary_user(module, wanted, run_caches, tmp_path):
    """The whole run, in a home of their own, with copies of the caches: what root's tests have compiled they may not read."""
    user = somebody()
    m = module(base="theirs", caches=None)
    m.own_modules = True
    for name, place in [("mod", "mod"), ("build", "build"), ("test", f"test/{m.key()}")]:
        shutil.copytree(run_caches / name, m.cache / place, symlinks=True)
    give(user, m.folder, tmp_path / "theirs")
    for path in [m.folder, *m.folder.parents]:
        if path.stat().st_uid == 0 and not path.stat().st_mode & 1:
            path.chmod(path.stat().st_mode | 0o011)
    words = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    probe = subprocess.run([*words, m.hallmark, "--version"], cwd=m.folder, env=m.env, capture_output=True)
    if probe.returncode != 0:
        pytest.skip("another user cannot run the program where it lies: " + probe.stderr.decode().strip())
    probe = subprocess.run([*words, "unshare", "-Ur", "true"], cwd=m.folder, env=m.env, capture_output=True)
    if probe.returncode != 0:
        pytest.skip("an ordinary user may make no user namespace here")
    m.run(command=[*words, *m.command(*BOTH)], env=HOSTILE)
    assert m.index_digest() == wanted
    assert m.out().stat().st_uid == user.pw_uid


def test_what_is_different_is_different(module, wanted):
    m = module({**APP, "main.go": APP["main.go"].replace("answer())", "answer(), 1)")})
    m.run(*BOTH)
    assert m.index_digest() != wanted
