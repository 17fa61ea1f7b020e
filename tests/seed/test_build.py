"""The snippets of the seed that build and describe: as they are, with hallmark in the place of the peer's program."""
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

HELLO = Path(__file__).parents[2] / "examples" / "hello"


def snippet(seed, begins):
    """The line of commands.txt that begins so, without its first word."""
    lines = [l for l in (seed / "commands.txt").read_text().splitlines() if l.startswith(begins)]
    assert len(lines) == 1
    return lines[0].split(" ", 1)[1]


@pytest.fixture(scope="session")
def module(go_env, tmp_path_factory):
    """A module with a program in cmd/app, and the environment of its developer."""
    folder = tmp_path_factory.mktemp("seed") / "module"
    shutil.copytree(HELLO, folder, ignore=shutil.ignore_patterns(".hallmark"))
    (folder / "cmd" / "app").mkdir(parents=True)
    for name in ["main.go", "main_test.go"]:
        (folder / name).rename(folder / "cmd" / "app" / name)
    env = {**os.environ, **{k: v for k, v in go_env.items() if v}, "GOFLAGS": "", "GOWORK": "off"}
    done = subprocess.run(["go", "mod", "download"], cwd=folder, env=env, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("the modules of examples/hello cannot be downloaded here: " + done.stderr.strip().splitlines()[-1])
    return folder, env


def shell(hallmark, words, folder, env):
    done = subprocess.run(["bash", "-c", f"'{hallmark}' {words}"], cwd=folder, env=env, capture_output=True, text=True,
                          timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_platforms_with_sbom_and_signature(hallmark, module, seed, need_peer, tmp_path):
    folder, env = module
    cosign = need_peer("cosign")
    keyed = {**env, "COSIGN_PASSWORD": "secret"}
    subprocess.run([cosign, "generate-key-pair"], cwd=tmp_path, env=keyed, check=True, capture_output=True)
    keyed["COSIGN_PRIVATE_KEY"] = str(tmp_path / "cosign.key")
    printed = shell(hallmark, snippet(seed, "ko "), folder, keyed)
    out = folder / ".hallmark" / "out" / "app"
    assert printed.startswith(f"{out}/image@sha256:")
    assert json.loads((out / "sbom.spdx.json").read_text())["spdxVersion"] == "SPDX-2.3"
    for name in ["app-linux-amd64", "app-linux-arm64", "sbom.spdx.json"]:
        done = subprocess.run([cosign, "verify-blob", "--key", tmp_path / "cosign.pub", "--insecure-ignore-tlog", "--bundle",
                               out / f"{name}.sigstore.json", out / name], env=keyed, capture_output=True, text=True)
        assert "Verified OK" in done.stderr, done.stderr


def test_sbom_of_a_program(hallmark, module, seed, need_peer, tmp_path):
    folder, env = module
    subprocess.run(["go", "build", "-o", tmp_path / "myapp", "./cmd/app"], cwd=folder, env=env, check=True)
    shell(hallmark, "sbom " + snippet(seed, "syft "), tmp_path, env)
    assert json.loads((tmp_path / "sbom.spdx.json").read_text())["name"] == "myapp"
    subprocess.run([need_peer("pyspdxtools"), "-i", tmp_path / "sbom.spdx.json"], check=True, env=env)
