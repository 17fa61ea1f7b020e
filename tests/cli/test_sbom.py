"""hallmark sbom: what it reads, where it writes, what it refuses."""
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def program(go_env, tmp_path_factory):
    """A Go program without modules of others."""
    folder = tmp_path_factory.mktemp("program")
    (folder / "go.mod").write_text("module example.com/tiny\n\ngo 1.24\n")
    (folder / "main.go").write_text("package main\n\nfunc main() {}\n")
    env = {**os.environ, **{k: v for k, v in go_env.items() if v}, "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off",
           "GOOS": "linux", "GOARCH": "amd64"}
    subprocess.run(["go", "build", "-trimpath", "-buildvcs=false", "-o", folder / "tiny", "."], cwd=folder, env=env, check=True)
    return folder / "tiny"


@pytest.fixture
def sbom(hallmark, run):
    return lambda *args, **more: run([hallmark, "sbom", *args], **more)


def names(text):
    return sorted(p["name"] for p in json.loads(text)["packages"])


def test_a_program(sbom, program, tmp_path):
    by_word, found_out = sbom(f"file:{program}").stdout, sbom(program).stdout
    assert by_word == found_out == sbom("--from", "file", program).stdout
    document = json.loads(by_word)
    assert document["name"] == "tiny" and document["creationInfo"]["created"] == "1970-01-01T00:00:00Z"
    assert names(by_word) == ["example.com/tiny", "stdlib", "tiny"]
    assert json.loads(sbom("--source-name", "other", program).stdout)["name"] == "other"


def test_a_folder(sbom, program, tmp_path):
    (tmp_path / "f" / "bin").mkdir(parents=True)
    shutil.copy(program, tmp_path / "f" / "bin" / "one")
    (tmp_path / "f" / "text").write_text("no program")
    os.symlink("/bin/sh", tmp_path / "f" / "sh")
    assert names(sbom("dir:f").stdout) == ["bin/one", "example.com/tiny", "stdlib"]
    assert sbom("dir:f").stdout == sbom("f").stdout


def test_to_files(sbom, program, tmp_path):
    done = sbom("-o", "spdx-json=a.json", "-o", "spdx-json@2.3=b.json", "--output=spdx-json", program)
    assert done.stdout == (tmp_path / "a.json").read_text() == (tmp_path / "b.json").read_text()
    assert sbom("-o", "spdx-json=c.json", program).stdout == ""


def test_the_time_that_a_caller_gives(sbom, program, env):
    def created(value, **more):
        return sbom(program, env={**env, "SOURCE_DATE_EPOCH": value}, **more)
    assert '"2001-09-09T01:46:40Z"' in created("1000000000").stdout
    for bad in ["x", "-1", "1.5", "999999999999"]:
        assert "SOURCE_DATE_EPOCH" in created(bad, check=2).stderr


@pytest.mark.parametrize("args, code, word", [
    (["docker:alpine"], 2, "docker:"),
    (["registry:ghcr.io/a/b"], 2, "registry:"),
    (["oci-archive:a.tar"], 2, "oci-archive:"),
    (["-o", "cyclonedx-json", "PROGRAM"], 2, "cyclonedx-json"),
    (["-o", "spdx-json=", "PROGRAM"], 2, "no file"),
    (["--from", "nothing", "PROGRAM"], 2, "nothing"),
    (["--scope", "all-layers", "PROGRAM"], 2, "scope"),
    (["--catalogers", "x", "PROGRAM"], 2, "--catalogers"),
    (["--platform", "linux/amd64", "PROGRAM"], 2, "--platform"),
    (["alpine"], 4, "alpine"),
    (["file:/bin/sh"], 3, "/bin/sh"),
    (["oci-dir:."], 3, "oci-layout"),
    (["dir:empty"], 4, "no Go program"),
    ([], 2, "SOURCE"),
])
def test_refused(sbom, program, tmp_path, args, code, word):
    (tmp_path / "empty").mkdir()
    done = sbom(*[str(program) if a == "PROGRAM" else a for a in args], check=code)
    assert word in done.stderr and done.stdout == ""


def test_nothing_is_written_where_it_fails(sbom, tmp_path):
    sbom("-o", "spdx-json=a.json", "file:/bin/sh", check=3)
    assert not (tmp_path / "a.json").exists()


def test_a_program_whose_build_info_is_spoilt(sbom, program, tmp_path):
    good = b"path\texample.com/tiny\nmod\t"
    content = program.read_bytes()
    assert good in content
    content = content.replace(good, b"dep\tx" + good[5:])
    (tmp_path / "bad").write_bytes(content)
    assert "build info" in sbom("file:bad", check=3).stderr
