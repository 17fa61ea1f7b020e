"""hallmark build: the same digests whoever builds, wherever and when; what is refused; what is left behind."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

HELLO = Path(__file__).parents[2] / "examples" / "hello"
OTHER_USER = 65534


@pytest.fixture(scope="session")
def open_folder():
    """A folder that every user may enter; pytest's own it closes again and again."""
    with tempfile.TemporaryDirectory(prefix="hallmark-test-") as path:
        os.chmod(path, 0o755)
        yield Path(path)
        subprocess.run(["chmod", "-R", "u+rwX", path], check=True)


@pytest.fixture(scope="session")
def modcache(go_env, open_folder):
    """A module cache with what examples/hello needs, that everybody can read."""
    cache = open_folder / "modcache"
    done = subprocess.run(["go", "mod", "download"], cwd=HELLO, capture_output=True, text=True,
                          env={**os.environ, "GOMODCACHE": str(cache), "GOFLAGS": "-modcacherw", "GOWORK": "off"})
    if done.returncode:
        pytest.skip("the modules of examples/hello cannot be downloaded here: " + done.stderr.strip().splitlines()[-1])
    subprocess.run(["chmod", "-R", "a+rX", str(cache)], check=True)
    return cache


@pytest.fixture(scope="session")
def build_cache(open_folder):
    """Go's build cache of all builds here: the standard library is compiled once."""
    return open_folder / "gocache"


@pytest.fixture
def module(tmp_path):
    return copy_module(tmp_path / "hello")


def copy_module(path):
    shutil.copytree(HELLO, path, ignore=shutil.ignore_patterns(".hallmark"))
    return path


@pytest.fixture
def build(hallmark, env, modcache, build_cache):
    def start(cwd, *args, more=None, check=0, user=None, umask=None, cache=build_cache):
        command = [str(word) for word in [hallmark, "build", "--modcache", modcache, "--build-cache", cache, *args]]
        if umask is not None:
            command = ["sh", "-c", f'umask {umask:03o}; exec "$@"', "sh", *command]
        if user is not None:
            command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command]
        done = subprocess.run(command, cwd=cwd, env={**env, **(more or {})}, capture_output=True, text=True, timeout=300)
        assert done.returncode == check, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done
    return start


def result_of(done):
    return json.loads(done.stdout)


def error_of(done):
    return json.loads(done.stdout)["error"]


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


# --- what comes out ---

def test_results(build, module, tmp_path):
    done = build(module, "--name-file", tmp_path / "name", "--digest-file", tmp_path / "digest")
    out = module / ".hallmark" / "out" / "hello"
    digest = (tmp_path / "digest").read_text()
    assert done.stdout == f"{out}/image@{digest}\n"
    assert (tmp_path / "name").read_text() == "hello"
    assert sorted(p.name for p in out.iterdir()) == ["hello-linux-amd64", "hello-linux-arm64", "image", "sbom.spdx.json"]
    assert (module / ".hallmark" / "out" / ".gitignore").read_text() == "*\n"
    assert [p.name for p in (module / ".hallmark" / "out").iterdir() if p.name.startswith(".hallmark-")] == []
    assert out.stat().st_mode & 0o777 == 0o755 and (out / "hello-linux-arm64").stat().st_mode & 0o777 == 0o755
    index = json.loads((out / "image" / "index.json").read_text())
    assert [m["digest"] for m in index["manifests"]] == [digest]


def test_json_result(build, module):
    result = result_of(build(module, "--output", "json", "--sbom", "none"))
    assert [p["platform"] for p in result["programs"]] == ["linux/amd64", "linux/arm64"]
    assert result["name"] == "hello" and result["isolation"] == "auto" and "sbom" not in result
    image = Path(result["image"])
    for kind in ["manifest", "config", "layer"]:
        assert (image / "blobs" / "sha256" / result["programs"][0][kind].removeprefix("sha256:")).is_file()


def test_folders_of_their_own(build, module, tmp_path):
    out, layout, sboms = tmp_path / "out", tmp_path / "layout", tmp_path / "sboms" / "here"
    out.mkdir()
    (out / "mine").write_text("stays")
    for _ in range(2):
        build(module, "--output-dir", out, "--oci-layout-path", layout, "--sbom-dir", sboms, "--platform", "linux/amd64")
        assert sorted(p.name for p in out.iterdir()) == ["hello-linux-amd64", "mine"]
        assert (layout / "oci-layout").is_file() and (sboms / "sbom.spdx.json").is_file()
    assert not (module / ".hallmark").exists()


def test_the_program_runs(build, module):
    if os.uname().machine != "x86_64":
        pytest.skip("this machine does not run programs for amd64")
    build(module, "--platform", "linux/amd64", "--ldflags=-s", "--ldflags=-w")
    done = subprocess.run([module / ".hallmark/out/hello/hello-linux-amd64", "-addr", "nowhere"], capture_output=True, text=True)
    assert done.returncode == 1 and "nowhere" in done.stderr


def test_packages_by_folder_and_by_path(build, module):
    (module / "cmd" / "app").mkdir(parents=True)
    (module / "cmd" / "app" / "main.go").write_text("package main\n\nfunc main() {}\n")
    options = ["--platform", "linux/amd64", "--sbom", "none", "--output", "json"]
    digests = {result_of(build(cwd, *options, package))["digest"] for cwd, package in [
        (module, "./cmd/app"), (module / "cmd" / "app", "."), (module / "greet", "../cmd/app"),
        (module, "github.com/hallmark-project/hallmark/examples/hello/cmd/app"), (module.parent, module / "cmd" / "app")]}
    assert len(digests) == 1
    assert (module / ".hallmark" / "out" / "app" / "app-linux-amd64").is_file()


# --- the same everywhere ---

OPTIONS = ["--sbom", "spdx", "--output", "json"]


@pytest.fixture(scope="session")
def first(tmp_path_factory):
    return {}


@pytest.fixture
def same(build, first, tmp_path):
    """Digest and SBOM are those of every other build of examples/hello here."""
    def check(folder, *args, **more):
        if not first:
            first.update(look(build(copy_module(tmp_path / "first of all"), *OPTIONS)))
        assert look(build(folder, *OPTIONS, *args, **more)) == first
    return check


def look(done):
    result = result_of(done)
    return {"digest": result["digest"], "programs": result["programs"], "sbom": Path(result["sbom"]).read_text()}


def test_same_in_another_folder(same, tmp_path):
    path = tmp_path / "a b" / "ü" / ("deep/" * 20)
    path.parent.mkdir(parents=True)
    same(copy_module(path))


def test_same_at_another_time(same, module):
    for path in module.rglob("*"):
        os.utime(path, (1, 1))
    same(module)


def test_same_with_another_umask(same, module):
    for path in module.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    same(module, umask=0o077)
    assert (module / ".hallmark/out/hello/hello-linux-amd64").stat().st_mode & 0o777 == 0o755


def test_same_in_another_locale(same, module):
    same(module, more={"LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati"})


def test_same_the_second_time(same, module):
    same(module)
    same(module)


def test_same_with_platforms_in_another_order(same, module):
    same(module, "--platform", "linux/arm64", "--platform=linux/amd64", "-j", "1")


@pytest.mark.parametrize("how", ["step", "none"])
def test_same_without_a_sandbox(same, module, how):
    same(module, "--sandbox", how)


def test_same_with_hostile_settings(same, module, home, tmp_path):
    config = tmp_path / "goenv"
    config.write_text("GOFLAGS=-tags=evil -ldflags=-X=main.x=y\nCGO_ENABLED=1\nGOAMD64=v3\nGOPROXY=off\n")
    (tmp_path / "evil").write_text("#!/bin/sh\ntouch %s/was-run\n" % tmp_path)
    (tmp_path / "evil").chmod(0o755)
    (home / "go.work").write_text("go 1.24\n")
    same(module, more={"GOFLAGS": "-mod=vendor -race -toolexec=" + str(tmp_path / "evil"), "GOENV": str(config),
                       "CGO_ENABLED": "1", "CC": str(tmp_path / "evil"), "GOAMD64": "v4", "GOARM64": "v9.0",
                       "GOEXPERIMENT": "nodwarf5", "GODEBUG": "http2client=0", "GOTOOLCHAIN": "go1.24.0", "GOOS": "plan9",
                       "GOWORK": str(home / "go.work"), "GO111MODULE": "off", "GOCACHEPROG": str(tmp_path / "evil"),
                       "GOFIPS140": "latest", "CXX": str(tmp_path / "evil"), "GOAUTH": str(tmp_path / "evil"), "SOURCE_DATE_EPOCH": ""})
    assert not (tmp_path / "was-run").exists()


def git(folder, *args):
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main", *args], cwd=folder,
                   check=True, capture_output=True)


@pytest.fixture
def repository(module):
    git(module, "init")
    git(module, "add", "-A")
    git(module, "commit", "-m", "one")
    return module


def test_same_from_a_clone_of_another_user(same, repository, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can give files to another user")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", str(repository), str(clone))
    for path in [clone, *clone.rglob("*")]:
        os.lchown(path, OTHER_USER, OTHER_USER)
    same(clone)


def test_same_from_a_tarball(same, repository, tmp_path):
    git(repository, "archive", "-o", str(tmp_path / "source.tar"), "--prefix", "hello-1.0/", "HEAD")
    subprocess.run(["tar", "xf", tmp_path / "source.tar", "-C", tmp_path], check=True)
    same(tmp_path / "hello-1.0")


def test_same_as_another_user(same, open_folder, build_cache):
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    as_other = ["setpriv", f"--reuid={OTHER_USER}", f"--regid={OTHER_USER}", "--clear-groups"]
    if subprocess.run([*as_other, "unshare", "-U", "true"], capture_output=True).returncode:
        pytest.skip("the kernel lets no ordinary user make a user namespace")
    folder = open_folder / "theirs"
    home = folder / "home"
    home.mkdir(parents=True)
    module = copy_module(folder / "hello")
    for path in [folder, *folder.rglob("*")]:
        os.lchown(path, OTHER_USER, OTHER_USER)
    if build_cache.exists():
        subprocess.run(["chmod", "-R", "a+rwX", str(build_cache)], check=True)
    same(module, user=OTHER_USER, more={"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")})


def test_same_with_an_empty_build_cache(same, module, tmp_path):
    same(module, cache=tmp_path / "new" / "cache")


def test_what_an_earlier_build_left_is_not_embedded(build, module):
    """A program that embeds its whole folder would differ the second time; it is refused then, and not built."""
    (module / "embed.go").write_text('package main\n\nimport "embed"\n\n//go:embed all:*\nvar all embed.FS\n\n'
                                     'func init() { _, _ = all.ReadDir(".") }\n')
    (module / ".hallmark").mkdir()
    (module / ".hallmark" / "x").write_text("x")
    assert ".hallmark" in build(module, "--platform", "linux/amd64", check=1).stderr


def test_modules_beside_the_module(build, module, tmp_path):
    """go.mod leads to a folder outside of the module's own."""
    lib = tmp_path / "lib"
    lib.mkdir()
    (lib / "go.mod").write_text("module example.com/lib\n\ngo 1.24\n")
    (lib / "lib.go").write_text("package lib\n\nconst Word = 1\n")
    edit(module / "go.mod", "require (", "replace example.com/lib => ../lib\n\nrequire (\n\texample.com/lib v0.0.0")
    (module / "use.go").write_text('package main\n\nimport _ "example.com/lib"\n')
    result = result_of(build(module, "--platform", "linux/amd64", "--output", "json"))
    assert "example.com/lib" in Path(result["sbom"]).read_text()
    edit(module / "go.mod", "../lib", str(lib))
    error = error_of(build(module, "--output", "json", check=2))
    assert error["reason"] == "image.package" and "absolute path" in error["cause"]


# --- what is refused ---

def nothing_left(module):
    out = module / ".hallmark" / "out"
    return not out.exists() or [p.name for p in out.iterdir()] == [".gitignore"]


def test_a_program_that_does_not_compile(build, module):
    (module / "bad.go").write_text('package main\n\nvar x int = "y"\n')
    done = build(module, "--output", "json", check=1)
    assert error_of(done)["reason"] == "image.compile" and "bad.go:3" in error_of(done)["cause"]
    assert nothing_left(module)


def test_a_failed_build_leaves_the_earlier_results(build, module):
    build(module)
    before = {p: p.read_bytes() for p in (module / ".hallmark").rglob("*") if p.is_file()}
    (module / "bad.go").write_text('package main\n\nvar x int = "y"\n')
    build(module, check=1)
    assert {p: p.read_bytes() for p in (module / ".hallmark").rglob("*") if p.is_file()} == before


def test_modules_that_were_not_fetched(build, module, tmp_path):
    done = build(module, "--modcache", tmp_path / "empty", "--output", "json", check=4)
    assert error_of(done)["reason"] == "golang.not-fetched" and "go mod download" in done.stderr
    assert nothing_left(module)


def test_a_module_that_go_sum_does_not_have(build, module):
    lines = (module / "go.sum").read_text().splitlines(keepends=True)
    (module / "go.sum").write_text("".join(l for l in lines if "google/uuid" not in l))
    assert error_of(build(module, "--output", "json", check=1))["reason"] == "golang.not-in-sum"


def test_a_module_that_go_sum_says_is_another(build, module):
    edit(module / "go.sum", "chi/v5 v5.2.1 h1:K", "chi/v5 v5.2.1 h1:L")
    done = build(module, check=1)
    assert "checksum mismatch" in done.stderr or "verifying" in done.stderr


@pytest.mark.parametrize("args, code, reason", [
    (["./greet"], 2, "image.package"),
    (["./..."], 4, "file.not-found"),
    (["github.com/hallmark-project/hallmark/examples/hello/..."], 2, "image.package"),
    (["./nowhere"], 4, "file.not-found"),
    (["example.com/nobody"], 1, "image.compile"),
    (["--platform", "linux/vax"], 2, "image.platform"),
    (["--platform", "linux"], 2, "usage"),
    (["--platform", ""], 2, "usage"),
    (["--platform", "all"], 2, "image.platform"),
    (["--platform", "windows/amd64"], 2, "image.platform"),
    (["--ldflags=-linkmode=external"], 2, "usage"),
    (["--image-label", "novalue"], 2, "usage"),
    (["--image-annotation", "a=1,a=2"], 2, "usage"),
    (["--sbom", "cyclonedx"], 2, "usage"),
    (["--sandbox", "off"], 2, "usage"),
    (["--push=true"], 2, "unsupported"),
    (["--sign-by", "awskms://x"], 2, "unsupported"),
    (["--sign-by", "env://HM_NOT_SET"], 2, "usage"),
    (["--sign-by", "/nowhere"], 4, "file.not-found"),
])
def test_refused(build, module, args, code, reason):
    assert error_of(build(module, "--output", "json", *args, check=code))["reason"] == reason
    assert nothing_left(module)


@pytest.mark.parametrize("flag", ["--bare", "--base-import-paths", "--debug", "--image-refs=x", "--insecure-registry",
                                  "--local", "--preserve-import-paths", "--tag-only", "--tags=x", "--tarball=x"])
def test_flags_of_ko_that_are_not_supported_are_named(build, module, flag):
    assert flag.split("=")[0] in build(module, flag, check=2).stderr


def test_ko_docker_repo(build, module, tmp_path):
    repo = {"KO_DOCKER_REPO": "registry.example.com/a"}
    assert "KO_DOCKER_REPO" in build(module, more=repo, check=2).stderr
    build(module, "--push=false", "--platform", "linux/amd64", more=repo)
    build(module, "--oci-layout-path", tmp_path / "layout", "--platform", "linux/amd64", more=repo)


def test_ko_yaml_is_not_passed_over_in_silence(build, module):
    (module / ".ko.yaml").write_text("defaultBaseImage: example.com/base\n")
    assert ".ko.yaml is not read" in build(module, "--platform", "linux/amd64", "--sbom", "none").stderr


def test_kodata_is_refused(build, module):
    (module / "kodata").mkdir()
    assert error_of(build(module, "--output", "json", check=2))["reason"] == "unsupported"


def test_a_place_that_is_taken(build, module, tmp_path):
    (tmp_path / "out" / "image").mkdir(parents=True)
    (tmp_path / "out" / "image" / "mine").write_text("stays")
    assert error_of(build(module, "--output-dir", tmp_path / "out", "--output", "json", check=4))["reason"] == "oci.exists"
    assert (tmp_path / "out" / "image" / "mine").read_text() == "stays"
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["image"]


def test_none_is_said(build, module):
    done = build(module, "--sandbox", "none", "--platform", "linux/amd64", "--output", "json")
    assert "not isolated" in done.stderr and result_of(done)["isolation"] == "none"
    done = build(module, "--platform", "linux/amd64")
    assert "not isolated" not in done.stderr


def test_the_compiler_sees_only_what_it_should(build, module, tmp_path):
    """A file outside of the source that a link in it leads to is not there in the sandbox."""
    (tmp_path / "secret.go").write_text("package main\n\nfunc init() { println(\"stolen\") }\n")
    os.symlink(tmp_path / "secret.go", module / "secret.go")
    build(module, "--platform", "linux/amd64", "--sbom", "none", check=1)
    build(module, "--platform", "linux/amd64", "--sbom", "none", "--sandbox", "none")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped(hallmark, env, modcache, module, tmp_path, number):
    """What was started goes too, and nothing half-made stays."""
    build = subprocess.Popen([hallmark, "build", "--modcache", modcache, "--build-cache", tmp_path / "cache"], cwd=module,
                             env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "cache").rglob("*-d")) and time.monotonic() < deadline:
        time.sleep(.05)
    assert build.poll() is None, build.communicate()
    build.send_signal(number)
    out, err = build.communicate(timeout=30)
    assert build.returncode == 128 + number and out == "" and "stopped" in err
    assert nothing_left(module)
    left = subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True).stdout.split()
    assert left == []


# --- signatures ---

@pytest.fixture(scope="session")
def key(tmp_path_factory):
    folder = tmp_path_factory.mktemp("key")
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder / "plain.pem"], check=True)
    subprocess.run(["openssl", "ec", "-in", folder / "plain.pem", "-pubout", "-out", folder / "pub.pem"], check=True,
                   capture_output=True)
    return folder


@pytest.mark.parametrize("how", ["file", "env", "text"])
def test_signed(build, module, key, how):
    text = (key / "plain.pem").read_text()
    said = {"file": str(key / "plain.pem"), "env": "env://COSIGN_PRIVATE_KEY", "text": text}[how]
    result = result_of(build(module, "--platform", "linux/amd64", "--sign-by", said, "--output", "json",
                             more={"COSIGN_PRIVATE_KEY": text}))
    out = Path(result["folder"])
    index = "image/blobs/sha256/" + result["digest"].removeprefix("sha256:")
    for name, bundle in [("hello-linux-amd64", "hello-linux-amd64"), ("sbom.spdx.json", "sbom.spdx.json"), (index, "image")]:
        made = json.loads((out / f"{bundle}.sigstore.json").read_text())["messageSignature"]
        (out / "signature").write_bytes(__import__("base64").b64decode(made["signature"]))
        done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", key / "pub.pem", "-signature", out / "signature",
                               out / name], capture_output=True, text=True)
        assert done.stdout == "Verified OK\n"


def test_a_key_that_cannot_be_read_costs_no_build(build, module, key, tmp_path):
    (tmp_path / "bad.pem").write_text((key / "plain.pem").read_text().replace("M", "N"))
    done = build(module, "--sign-by", tmp_path / "bad.pem", "--output", "json", check=3)
    assert "bad.pem" in done.stderr and nothing_left(module)


def test_files_for_name_and_digest_may_be_no_ordinary_ones(build, module, tmp_path):
    """A device stays one; behind a link the file is written, and the link stays."""
    links = {"--name-file": tmp_path / "name", "--digest-file": tmp_path / "digest"}
    links["--name-file"].symlink_to(tmp_path / "behind")
    links["--digest-file"].symlink_to("/dev/null")
    build(module, "--platform", "linux/amd64", "--sbom", "none", *[w for pair in links.items() for w in pair])
    assert all(path.is_symlink() for path in links.values())
    assert (tmp_path / "behind").read_text() == "hello"
