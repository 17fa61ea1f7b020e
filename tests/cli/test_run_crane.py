"""hallmark run on a program that nobody here wrote."""
import json
import shutil
import subprocess

import pytest

from runs import Module, tree

SOURCE = "github.com/google/go-containerregistry@v0.22.1"


@pytest.fixture(scope="module")
def crane(hallmark, go_env, run_caches, tmp_path_factory):
    """A writable copy of its sources."""
    base = tmp_path_factory.mktemp("crane")
    done = subprocess.run(["go", "mod", "download", "-json", SOURCE], cwd=base, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"{SOURCE} cannot be downloaded here: " + (done.stderr or done.stdout).strip().splitlines()[-1])
    shutil.copytree(json.loads(done.stdout)["Dir"], base / "crane")
    subprocess.run(["chmod", "-R", "u+w", base / "crane"], check=True)
    return Module(hallmark, base / "crane", base / "home", run_caches, go_env)


@pytest.mark.slow
def test_crane_with_the_coverage_that_it_has_and_not_with_the_default(crane):
    crane.run("--param", "coverage-threshold=25", "./cmd/crane")
    summary = crane.summary("crane")
    assert summary["verified"] == {"modules": True, "tests": True, "signatures": True}
    names = [a["name"] for a in summary["artifacts"]]
    assert {"crane-linux-amd64", "crane-linux-arm64", "image", "sbom.spdx.json"} <= set(names)
    assert crane.source("crane")["annotations"]["state"] == "unknown"
    found = [t["results"]["coverage"] for t in summary["tasks"] if t["name"] == "test"][0]
    before = tree(crane.folder / ".hallmark" / "out")

    done = crane.run("./cmd/crane", check=1)
    assert f"coverage is {found}%, below the threshold of 80%" in done.stderr
    assert tree(crane.folder / ".hallmark" / "out") == before and crane.leftovers() == []
