"""The tool over our own functions, and Go programs over the official packages."""
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from hmtest import program_path

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def ask():
    """ask("hash", [["zip", file, path, version], …]): the lines that our own tool answers with."""
    path = program_path("peer_golang")
    if path is None:
        pytest.skip("peer_golang is not in the build folder: build first, or set HM_BUILD")

    def run(what, rows):
        text = "".join("\t".join(str(field) for field in row) + "\n" for row in rows)
        # by line ends only: names and texts may hold other characters that Python takes for them
        return subprocess.run([path, what], input=text, stdout=subprocess.PIPE, text=True,
                              check=True).stdout.split("\n")[:-1]
    return run


@pytest.fixture(scope="session")
def xmod(go_env, tmp_path_factory):
    """xmod("zip", [[file, path, version], …]): the lines that the program over golang.org/x/mod answers with."""
    folder, out = tmp_path_factory.mktemp("xmod"), tmp_path_factory.mktemp("bin") / "xmod"
    for file in (HERE / "xmod").iterdir():
        shutil.copy(file, folder)
    done = subprocess.run(["go", "build", "-o", out, "."], cwd=folder, capture_output=True, text=True, check=False,
                          env={**os.environ, **go_env, "GOFLAGS": "-mod=readonly", "GOWORK": "off"})
    if done.returncode:
        pytest.fail(f"go build of xmod: {done.stderr}", pytrace=False)

    def run(what, rows):
        text = "".join("\t".join(str(field) for field in row) + "\n" for row in rows)
        return subprocess.run([out, what], input=text, stdout=subprocess.PIPE, text=True,
                              check=True).stdout.split("\n")[:-1]
    return run


@pytest.fixture(scope="session")
def module_cache(go_env):
    """The caller's module cache."""
    path = Path(go_env["GOMODCACHE"])
    if not (path / "cache/download").is_dir():
        pytest.skip(f"{path} holds no modules")
    return path


@pytest.fixture(scope="session")
def cached(module_cache):
    """(path, version, the file without its suffix) of each version that the module cache has."""
    def unescape(text):
        out, capital = "", False
        for char in text:
            if char == "!":
                capital = True
                continue
            out, capital = out + (char.upper() if capital else char), False
        return out

    top = module_cache / "cache/download"
    found = []
    for mod in sorted(top.rglob("@v/*.mod")):
        stem = mod.with_suffix("")
        found.append((unescape(str(mod.parent.parent.relative_to(top))), unescape(stem.name), stem))
    return found
