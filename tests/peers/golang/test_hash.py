"""The go command as judge of module hashes: every module that its cache has, packed, unpacked, and its go.mod."""
import json
import os
import shutil
import subprocess
import zipfile

import pytest


@pytest.fixture(scope="module")
def downloaded(cached, go_env, tmp_path_factory):
    """What `go mod download -json` says of all that is cached, by (path, version); nothing is fetched."""
    names = [f"{path}@{version}" for path, version, stem in cached if os.path.exists(f"{stem}.zip")]
    env = {**os.environ, **go_env, "GOPROXY": "off", "GOSUMDB": "off", "GOFLAGS": "-mod=mod", "GOWORK": "off"}
    folder, found = tmp_path_factory.mktemp("empty"), {}
    for start in range(0, len(names), 200):
        done = subprocess.run(["go", "mod", "download", "-json", *names[start:start + 200]], cwd=folder, env=env,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        decoder, text = json.JSONDecoder(), done.stdout
        while text := text.lstrip():
            module, end = decoder.raw_decode(text)
            text = text[end:]
            if "Error" not in module:
                found[module["Path"], module["Version"]] = module
    assert len(found) > 0
    return found


def test_zips_and_go_mods(ask, downloaded):
    rows, want = [], []
    for (path, version), module in downloaded.items():
        rows.append(["zip", module["Zip"], path, version])
        want.append(module["Sum"])
        rows.append(["mod", module["GoMod"], path, version])
        want.append(module["GoModSum"])
    got = ask("hash", rows)
    assert [(row, mine, go) for row, mine, go in zip(rows, got, want) if mine != go] == []


def test_folders(ask, downloaded):
    rows = [["dir", module["Dir"], path, version] for (path, version), module in downloaded.items() if "Dir" in module]
    want = [module["Sum"] for module in downloaded.values() if "Dir" in module]
    got = ask("hash", rows)
    assert [(row, mine, go) for row, mine, go in zip(rows, got, want) if mine != go] == []


def test_published(ask, go_env, tmp_path):
    """golang.org/x/sync v0.19.0: its lines in the sum database."""
    done = subprocess.run(["go", "mod", "download", "-json", "golang.org/x/sync@v0.19.0"], cwd=tmp_path, check=False,
                          env={**os.environ, **go_env, "GOFLAGS": "-mod=mod", "GOWORK": "off"}, stdout=subprocess.PIPE,
                          text=True)
    if done.returncode:
        pytest.skip("golang.org/x/sync v0.19.0 is not in the module cache and cannot be fetched")
    module = json.loads(done.stdout)
    assert ask("hash", [["zip", module["Zip"], "golang.org/x/sync", "v0.19.0"],
                        ["mod", module["GoMod"], "golang.org/x/sync", "v0.19.0"]]) == [
        "h1:vV+1eWNmZ5geRlYjzm2adRgW2/mcpevXNg50YZtPCE4=", "h1:9KTHXmSnoGruLpwFjVSX0lNNA75CykiMECbovNTZqGI="]


def module_zip(path, module="a.b/c", version="v1.0.0", change=None):
    """A small module as golang.org/x/mod/zip writes one; change(archive, prefix) adds to it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        prefix = f"{module}@{version}/"
        archive.writestr(prefix + "go.mod", f"module {module}\n")
        archive.writestr(prefix + "d/x.go", "package d\n")
        if change:
            change(archive, prefix)


CHANGES = {
    "as it should be": (None, "h1:"),
    "a folder of its own": (lambda z, p: z.writestr(p + "e/", ""), "h1:"),
    "a letter that is not ASCII": (lambda z, p: z.writestr(p + "ä.go", ""), "h1:"),
    "outside": (lambda z, p: z.writestr("a.b/d@v1.0.0/x", ""), "golang.zip"),
    "go.mod below": (lambda z, p: z.writestr(p + "d/go.mod", ""), "golang.zip"),
    "GO.MOD": (lambda z, p: z.writestr(p + "d/GO.MOD", ""), "golang.zip"),
    "case": (lambda z, p: z.writestr(p + "D/y.go", ""), "golang.zip"),
    "case beyond ASCII": (lambda z, p: (z.writestr(p + "ä", ""), z.writestr(p + "Ä", "")), "golang.zip"),
    "file and folder": (lambda z, p: z.writestr(p + "d", ""), "golang.zip"),
    "Windows device": (lambda z, p: z.writestr(p + "con.txt", ""), "golang.zip"),
    "a star": (lambda z, p: z.writestr(p + "a*b", ""), "golang.zip"),
    "a symbol": (lambda z, p: z.writestr(p + "a☃b", ""), "golang.zip"),
    "trailing dot": (lambda z, p: z.writestr(p + "a.", ""), "golang.zip"),
    "upwards": (lambda z, p: z.writestr(p + "../x", ""), "archive.path"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_rules(ask, xmod, tmp_path, name):
    """x/mod/zip accepts and refuses the same zips; what both accept has the hash that x/mod/sumdb/dirhash gives."""
    change, want = CHANGES[name]
    path = tmp_path / "m.zip"
    module_zip(path, change=change)
    (mine,) = ask("hash", [["zip", path, "a.b/c", "v1.0.0"]])
    (theirs,) = xmod("zip", [[path, "a.b/c", "v1.0.0"]])
    assert mine == theirs if want == "h1:" else mine.startswith(f"error: {want}") and theirs.startswith("error")


def test_folder_with_a_link(ask, tmp_path):
    (tmp_path / "x.go").write_text("package x\n")
    assert ask("hash", [["dir", tmp_path, "a.b/c", "v1.0.0"]])[0].startswith("h1:")
    os.symlink("x.go", tmp_path / "y.go")
    assert ask("hash", [["dir", tmp_path, "a.b/c", "v1.0.0"]])[0].startswith("error: golang.zip")
    shutil.rmtree(tmp_path)
    assert ask("hash", [["dir", tmp_path, "a.b/c", "v1.0.0"]])[0].startswith("error: file.not-found")
