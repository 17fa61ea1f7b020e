"""hallmark mod verify: what go.sum says is what is in the cache, or it is named."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

HELLO = pathlib.Path(__file__).parents[2] / "examples" / "hello"


@pytest.fixture(scope="module")
def fetched(tmp_path_factory):
    """A module cache of its own with what examples/hello needs."""
    cache = tmp_path_factory.mktemp("modcache")
    done = subprocess.run(["go", "mod", "download"], cwd=HELLO, capture_output=True, text=True,
                          env={**os.environ, "GOMODCACHE": str(cache), "GOFLAGS": "-modcacherw"})
    if done.returncode:
        pytest.skip("the modules of examples/hello cannot be downloaded here: " + done.stderr.strip().splitlines()[-1])
    return cache


@pytest.fixture
def module(tmp_path):
    copy = tmp_path / "hello"
    shutil.copytree(HELLO, copy, ignore=shutil.ignore_patterns(".hallmark"))
    return copy


@pytest.fixture
def verify(hallmark, module, fetched):
    def run(*args, cache=fetched, env=None):
        return subprocess.run([hallmark, "mod", "verify", "--modcache", cache, *args], cwd=module, capture_output=True,
                              text=True, env={**os.environ, **(env or {})})
    return run


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_accepts(verify, module):
    done = verify()
    assert done.returncode == 0, done.stderr
    assert "4 modules and 5 go.mod files are what go.sum says" in done.stdout


def test_hostile_flags_of_the_caller_change_nothing(verify):
    assert verify(env={"GOFLAGS": "-mod=vendor -bogus", "GOWORK": "/nowhere/go.work"}).returncode == 0


def test_report_names_every_module(verify, module, tmp_path):
    report = tmp_path / "modules.json"
    assert verify("--report", report).returncode == 0
    listed = {m["path"]: m for m in json.loads(report.read_text())["modules"]}
    assert listed["github.com/google/uuid"]["version"] == "v1.6.0"
    assert listed["github.com/google/uuid"]["h1"] in (module / "go.sum").read_text()
    assert listed["github.com/google/uuid"]["used"] is True


def test_a_line_that_does_not_match(verify, module):
    edit(module / "go.sum", "chi/v5 v5.2.1 h1:K", "chi/v5 v5.2.1 h1:L")
    done = verify("--output", "json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["reason"] == "golang.sum"
    assert "go-chi/chi/v5 v5.2.1" in done.stderr and "h1:L" in done.stderr


@pytest.mark.parametrize("line", ["github.com/google/uuid v1.6.0 h1:", "github.com/google/uuid v1.6.0/go.mod h1:"])
def test_a_missing_line(verify, module, line):
    lines = (module / "go.sum").read_text().splitlines(keepends=True)
    (module / "go.sum").write_text("".join(l for l in lines if not l.startswith(line)))
    done = verify("--output", "json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["reason"] == "golang.not-in-sum"
    assert "github.com/google/uuid v1.6.0" in done.stderr


def test_an_unpacked_file_that_was_changed(verify, fetched, tmp_path):
    """The zip is right and the hash beside it too; the folder that the build reads is not."""
    cache = tmp_path / "cache"
    shutil.copytree(fetched, cache)
    victim = cache / "github.com" / "google" / "uuid@v1.6.0" / "uuid.go"
    victim.write_bytes(victim.read_bytes() + b"\n// more\n")
    done = verify(cache=cache)
    assert done.returncode == 1
    assert "github.com/google/uuid" in done.stderr


def test_not_fetched(verify, tmp_path):
    done = verify(cache=tmp_path / "empty")
    assert done.returncode == 4


def test_no_module(hallmark, tmp_path):
    done = subprocess.run([hallmark, "mod", "verify"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 4
    assert "no go.mod" in done.stderr
