"""The go command itself: it sees the environment that we make for it, and a real build list verifies."""
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

# What `go env` computes and does not take, or takes from what it finds.
COMPUTED = {"GOEXE", "GOGCCFLAGS", "GOHOSTARCH", "GOHOSTOS", "GOMOD", "GOOS", "GOARCH", "GOTELEMETRY", "GOTELEMETRYDIR",
            "GOTOOLDIR", "GOVERSION"}


def test_environment_is_complete(ask, go_env, tmp_path):
    goroot = subprocess.run(["go", "env", "GOROOT"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    home = tmp_path / "home"
    (home / ".config/go").mkdir(parents=True)
    (home / ".config/go/env").write_text("GOFLAGS=-mod=mod\nGOAMD64=v3\n")
    (line,) = ask("env", [[goroot, tmp_path / "cache", tmp_path / "mod", home]])
    env = dict(entry.split("=", 1) for entry in line.split("\t"))
    shown = json.loads(subprocess.run([Path(goroot) / "bin/go", "env", "-json"], env=env, cwd=tmp_path, check=True,
                                      stdout=subprocess.PIPE, text=True).stdout)
    assert set(shown) - COMPUTED <= set(env), "a variable that this Go knows and we do not set"
    # GOENV is shown empty when it is off
    differs = {name: value for name, value in shown.items() if name not in COMPUTED | {"GOENV"} and value != env[name]}
    assert differs == {}
    # nor does Go know of a variable that `go env` does not show
    known = subprocess.run(["go", "doc", "-src", "internal/cfg.KnownEnv"], stdout=subprocess.PIPE, text=True, check=False)
    words = {word for word in known.stdout.split() if word.isupper() and word.replace("_", "").isalnum()}
    assert "GOFLAGS" in words and words - COMPUTED <= set(env)


@pytest.fixture(scope="module")
def project(go_env, tmp_path_factory):
    """The program xmod, and what go lists of it."""
    folder = tmp_path_factory.mktemp("verify")
    source = Path(__file__).parent / "xmod"
    for file in source.iterdir():
        shutil.copy(file, folder)
    env = {**os.environ, **go_env, "GOFLAGS": "-mod=readonly", "GOWORK": "off"}

    def go(*args):
        return subprocess.run(["go", *args], cwd=folder, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout
    go("mod", "download")
    (folder / "modules.json").write_text(go("list", "-m", "-json", "all"))
    (folder / "packages.json").write_text(go("list", "-deps", "-test", "-json", "./..."))
    return folder


def test_verify(ask, module_cache, project):
    fields = [project / "modules.json", project / "packages.json", project / "go.sum", module_cache]
    (line,) = ask("verify", [fields])
    zips, go_mods, not_fetched, unlisted, local = map(int, line.split())
    assert (zips, go_mods, local) == (1, 1, 0)
    # another hash, and no line at all
    text = (project / "go.sum").read_text()
    first = text.splitlines()[0]
    changed = project / "changed.sum"
    changed.write_text(text.replace(first, first[:-9] + "AAAAAAAA="))
    assert ask("verify", [[*fields[:2], changed, module_cache]])[0].startswith("error: golang.sum:")
    changed.write_text(text.replace(first + "\n", ""))
    assert ask("verify", [[*fields[:2], changed, module_cache]])[0].startswith("error: golang.not-in-sum:")
    assert ask("verify", [[*fields[:3], project]])[0].startswith("error: golang.not-fetched:")


def test_verify_what_nobody_here_wrote(ask, go_env, module_cache, tmp_path):
    """A program with a pruned module graph: its build list names modules that go.sum need not know."""
    env = {**os.environ, **go_env, "GOFLAGS": "-mod=mod", "GOWORK": "off"}
    done = subprocess.run(["go", "mod", "download", "-json", "github.com/google/go-containerregistry@v0.22.1"], env=env,
                          cwd=tmp_path, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        pytest.skip("go-containerregistry v0.22.1 is not in the module cache and cannot be fetched")
    folder = tmp_path / "source"
    shutil.copytree(json.loads(done.stdout)["Dir"], folder)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)
    env["GOFLAGS"] = "-mod=readonly"

    def go(*args):
        return subprocess.run(["go", *args], cwd=folder, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout
    go("mod", "download")
    (folder / "modules.json").write_text(go("list", "-m", "-json", "all"))
    (folder / "packages.json").write_text(go("list", "-deps", "-json", "./cmd/crane"))
    (line,) = ask("verify", [[folder / "modules.json", folder / "packages.json", folder / "go.sum", module_cache]])
    zips, go_mods, not_fetched, unlisted, local = map(int, line.split())
    assert zips > 10 and go_mods >= zips and unlisted > 0 and local == 0
