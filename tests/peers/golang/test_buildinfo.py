"""`go version -m -json` as judge of build info: the peers' programs, and programs built for other machines."""
import json
import os
import shutil
import subprocess

import pytest


def go_says(files):
    """What the go command reads from each file; None where it refuses."""
    found = []
    for file in files:
        done = subprocess.run(["go", "version", "-m", "-json", file], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True, check=False)
        text = done.stdout.strip()
        found.append(json.loads(text) if text else None)
    return found


def normal(info):
    """Go prints an empty main module for a program without one."""
    if info and info.get("Main") == {"Path": ""}:
        del info["Main"]
    return info


def compare(ask, files):
    ours = [None if line.startswith("error") else json.loads(line) for line in ask("buildinfo", [[f] for f in files])]
    theirs = [normal(info) for info in go_says(files)]
    assert [(str(file), mine, go) for file, mine, go in zip(files, ours, theirs) if mine != go] == []
    return ours


@pytest.fixture(scope="module", autouse=True)
def need_go(go_env):
    """Skips where there is no go command."""


def test_peers(ask, peers):
    files = sorted(file for file in (peers / "bin").glob("*") if file.is_file())
    if not files:
        pytest.skip("no peer is installed; scripts/setup --peers installs them")
    assert any(compare(ask, files))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    (folder / "lib").mkdir()
    (folder / "go.mod").write_text("module example.com/prog\n\ngo 1.25\n\nrequire example.com/lib v1.0.0\n\n"
                                   "replace example.com/lib => ./lib\n")
    (folder / "lib/go.mod").write_text("module example.com/lib\n")
    (folder / "lib/lib.go").write_text("package lib\n\nconst Text = \"text\"\n")
    (folder / "main.go").write_text("package main\n\nimport \"example.com/lib\"\n\nfunc main() { println(lib.Text) }\n")
    return folder


# Both byte orders, both widths; flags with blanks and quotes; without symbols, which leaves sections, and without info.
BUILDS = {
    "amd64": (["-trimpath"], {"GOARCH": "amd64"}),
    "386": (["-ldflags=-s -w"], {"GOARCH": "386"}),
    "arm": ([], {"GOARCH": "arm", "GOARM": "6"}),
    "mips": (["-tags=one,two"], {"GOARCH": "mips"}),
    "s390x": (["-ldflags=-X 'main.a=b \"c\"'"], {"GOARCH": "s390x"}),
    "ppc64": ([], {"GOARCH": "ppc64"}),
    "riscv64": ([], {"GOARCH": "riscv64", "GOEXPERIMENT": "jsonv2"}),
    "no info": (["-buildvcs=false", "-ldflags=-buildid="], {"GOARCH": "amd64"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in BUILDS if name not in ("amd64", "s390x")])
def test_other_machines(ask, go_env, project, tmp_path, name):
    build_and_compare(ask, go_env, project, tmp_path, name)


@pytest.mark.parametrize("name", ["amd64", "s390x"])
def test_built(ask, go_env, project, tmp_path, name):
    info = build_and_compare(ask, go_env, project, tmp_path, name)
    assert info["Deps"][0]["Replace"]["Path"] == "./lib"


def build_and_compare(ask, go_env, project, tmp_path, name):
    flags, env = BUILDS[name]
    out = tmp_path / "program"
    env = {**os.environ, **go_env, "GOOS": "linux", "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off", **env}
    done = subprocess.run(["go", "build", *flags, "-o", out, "."], cwd=project, env=env, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no build for {name}: {done.stderr.splitlines()[-1]}")
    (info,) = compare(ask, [out])
    assert info
    # without section headers the data segment is searched
    bare = tmp_path / "bare"
    if name == "amd64" and shutil.which("objcopy"):
        subprocess.run(["objcopy", "--strip-section-headers", out, bare], check=False, stderr=subprocess.DEVNULL)
        if bare.exists():
            assert compare(ask, [bare]) == [info]
    return info


def test_refused(ask, tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_text("#!/bin/sh\n" * 100)
    files = [tmp_path / "empty", tmp_path / "text", "/bin/true"]
    assert compare(ask, files) == [None] * 3
    for line in ask("buildinfo", [[file] for file in files]):
        assert line.startswith("error: golang.no-build-info")
