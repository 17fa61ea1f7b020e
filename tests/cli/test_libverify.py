"""libhallmark-verify as another program meets it: installed, through pkg-config, shared and static, from C and C++."""
import os
import shutil
import subprocess

import pytest

from hmtest import TOP

EXAMPLE = TOP / "examples" / "libverify" / "verify.c"
IDENTITY = ("https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/"
            "extremely-dangerous-oidc-beacon.yml@refs/heads/main")
ISSUER = "https://token.actions.githubusercontent.com"


@pytest.fixture(scope="module")
def prefix(hm_build, tmp_path_factory):
    """Where the header, both libraries and the pkg-config file are installed."""
    if not shutil.which("pkg-config") or not shutil.which("meson"):
        pytest.skip("pkg-config or meson is not installed; scripts/setup installs them")
    target = tmp_path_factory.mktemp("installed")
    done = subprocess.run(["meson", "install", "-C", hm_build, "--no-rebuild", "--quiet", "--destdir", target],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = list(target.rglob("hallmark-verify.pc"))
    assert len(found) == 1
    return found[0].parent


def flags(prefix, *options):
    variables = ["--define-variable=prefix=" + str(prefix.parents[2 if prefix.parts[-3] == "lib" else 1])]
    return subprocess.run(["pkg-config", *variables, *options, "hallmark-verify"], capture_output=True, text=True,
                          check=True, env={**os.environ, "PKG_CONFIG_PATH": str(prefix)}).stdout.split()


def needed(program):
    lines = subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True).stdout.splitlines()
    return {line.split("[")[1].split(".so")[0] for line in lines if "(NEEDED)" in line}


@pytest.mark.parametrize("how", ["c, shared", "c++, shared", "c, static", "c++, static"])
def test_example(prefix, run, shared_data, tmp_path, how):
    compiler = {"c": ["gcc", "-std=c99"], "c++": ["g++", "-std=c++11", "-x", "c++"]}[how.split(",")[0]]
    if not shutil.which(compiler[0]):
        pytest.skip(f"{compiler[0]} is not installed; scripts/setup --tests installs it")
    program, static = tmp_path / "verify", "static" in how
    if static:
        libraries = flags(prefix, "--libs", "--static")
        at = libraries.index("-lhallmark-verify")
        libraries[at:at + 1] = ["-Wl,-Bstatic", "-lhallmark-verify", "-Wl,-Bdynamic"]
    else:
        libraries = [*flags(prefix, "--libs"), "-Wl,-rpath," + str(prefix.parent)]
    run([*compiler, "-Wall", "-Wextra", "-pedantic", "-Werror", *flags(prefix, "--cflags"), "-o", program, EXAMPLE, "-x",
         "none", *libraries, "-Wl,--as-needed"])
    assert ("libhallmark-verify" in needed(program)) != static
    assert needed(program) <= {"libhallmark-verify", "libcrypto", "libsodium", "libc", "libstdc++", "libm", "libgcc_s"}
    case = shared_data / "sigstore-conformance"
    words = [program, case / "rekor2-happy-path" / "trusted_root.json",
             case / "rekor2-happy-path" / "bundle.sigstore.json", IDENTITY, ISSUER]
    done = run([*words, case / "a.txt"])
    assert f"signed by {IDENTITY}, of {ISSUER}\n" in done.stdout and "index 735" in done.stdout
    done = run([*words, case / "rekor2-happy-path" / "README"], check=1)
    assert "refused, artifact.digest: " in done.stderr


def test_nothing_else_is_visible(prefix):
    libraries = [path for path in prefix.parent.glob("libhallmark-verify.so.*") if not path.is_symlink()]
    assert len(libraries) == 1
    lines = subprocess.run(["nm", "-D", "--defined-only", libraries[0]], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    names = {line.split()[-1].split("@")[0] for line in lines}
    header = (TOP / "include" / "hallmark" / "verify.h").read_text()
    assert {name for name in names if not name.startswith("HALLMARK_")} == {
        name for name in names if f"{name}(" in header}
    assert needed(libraries[0]) == {"libcrypto", "libsodium", "libc"}
