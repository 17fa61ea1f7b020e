"""What build makes, before others' tools: crane, ko, go, syft, spdx-tools, cosign."""
import base64
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

HELLO = Path(__file__).parents[3] / "examples" / "hello"


@pytest.fixture(scope="session")
def built(hallmark, go_env, tmp_path_factory):
    """examples/hello, built once for both platforms: the output folder, its result, and the environment of a caller."""
    folder = tmp_path_factory.mktemp("built")
    module = folder / "hello"
    shutil.copytree(HELLO, module, ignore=shutil.ignore_patterns(".hallmark"))
    env = {**os.environ, **{k: v for k, v in go_env.items() if v}, "GOFLAGS": "", "GOWORK": "off"}
    done = subprocess.run(["go", "mod", "download"], cwd=module, env=env, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("the modules of examples/hello cannot be downloaded here: " + done.stderr.strip().splitlines()[-1])
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder / "key.pem"], check=True)
    subprocess.run(["openssl", "ec", "-in", folder / "key.pem", "-pubout", "-out", folder / "pub.pem"], check=True,
                   capture_output=True)
    done = subprocess.run([hallmark, "build", "--output", "json", "--sign-by", folder / "key.pem", "--image-label", "a=b",
                           "--image-annotation", "c=d", "--build-cache", folder / "cache"], cwd=module, env=env,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {"out": Path(json.loads(done.stdout)["folder"]), "result": json.loads(done.stdout), "env": env, "module": module,
            "key": folder / "pub.pem", "cache": folder / "cache"}


def test_crane_takes_and_validates_the_layout(built, registry, need_peer, run):
    crane, name = need_peer("crane"), f"{registry}/hello:1"
    run([crane, "push", built["out"] / "image", name])
    for platform in ["linux/amd64", "linux/arm64"]:
        run([crane, "validate", "--platform", platform, "--remote", name])
    assert run([crane, "digest", name]).stdout.strip() == built["result"]["digest"]
    index = json.loads(run([crane, "manifest", name]).stdout)
    assert [m["digest"] for m in index["manifests"]] == [p["manifest"] for p in built["result"]["programs"]]


def test_crane_sees_what_was_asked_for(built, registry, need_peer, run, tmp_path):
    crane, name = need_peer("crane"), f"{registry}/hello:1"
    run([crane, "push", built["out"] / "image", name])
    config = json.loads(run([crane, "config", "--platform", "linux/arm64", name]).stdout)
    assert config["architecture"] == "arm64" and config["created"] == "1970-01-01T00:00:00Z"
    assert config["config"]["Entrypoint"] == ["/ko-app/hello"] and config["config"]["User"] == "65532:65532"
    assert config["config"]["Labels"] == {"a": "b"}
    manifest = json.loads(run([crane, "manifest", "--platform", "linux/arm64", name]).stdout)
    assert manifest["annotations"] == {"c": "d", "org.opencontainers.image.title": "hello"}
    run([crane, "export", "--platform", "linux/arm64", name, "all.tar"])
    with tarfile.open(tmp_path / "all.tar") as tar:
        members = {m.name: m for m in tar.getmembers()}
        assert sorted(members) == ["etc", "etc/group", "etc/passwd", "ko-app", "ko-app/hello", "tmp"]
        assert all((m.uid, m.gid, m.mtime) == (0, 0, 0) for m in members.values())
        assert tar.extractfile("ko-app/hello").read() == (built["out"] / "hello-linux-arm64").read_bytes()


@pytest.mark.parametrize("arch, machine", [("amd64", "Advanced Micro Devices X86-64"), ("arm64", "AArch64")])
def test_readelf_says_static_and_which_machine(built, run, arch, machine):
    if not shutil.which("readelf"):
        pytest.skip("readelf is not installed; scripts/setup installs it")
    path = built["out"] / f"hello-linux-{arch}"
    assert machine in run(["readelf", "-h", path]).stdout
    headers = run(["readelf", "-lW", path]).stdout
    assert "INTERP" not in headers and "DYNAMIC" not in headers


def test_go_reads_the_build_info(built, run):
    text = run(["go", "version", "-m", built["out"] / "hello-linux-arm64"], env=built["env"]).stdout
    assert "\tbuild\tGOARCH=arm64" in text and "\tbuild\tCGO_ENABLED=0" in text and "\tbuild\t-trimpath=true" in text
    said = text.split("\n", 1)[1]
    assert "vcs." not in said and str(built["module"]) not in said


def test_no_path_of_this_machine_is_in_the_program(built):
    for arch in ["amd64", "arm64"]:
        content = (built["out"] / f"hello-linux-{arch}").read_bytes()
        goroot = subprocess.run(["go", "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip()
        for path in [str(built["module"]), "/workspace/", goroot + "/src", str(Path.home()) + "/"]:
            assert path.encode() not in content, path


def test_go_builds_the_same_program(built, run, tmp_path):
    """With the same flags, and nothing of hallmark."""
    env = {**built["env"], "CGO_ENABLED": "0", "GOOS": "linux", "GOARCH": "arm64", "GOARM64": "v8.0", "GOENV": "off",
           "GOFLAGS": "", "GOCACHE": str(built["cache"]), "GOTOOLCHAIN": "local"}
    run(["go", "build", "-trimpath", "-buildvcs=false", "-o", tmp_path / "hello", "."], cwd=built["module"], env=env,
        timeout=300)
    assert (tmp_path / "hello").read_bytes() == (built["out"] / "hello-linux-arm64").read_bytes()


def test_ko_puts_the_same_program_in_the_same_place(built, need_peer, registry, run, tmp_path):
    """ko on a base image of nothing: the same path, entry point and bytes; what is ours besides is said in the docs."""
    crane, ko = need_peer("crane"), need_peer("ko")
    with tarfile.open(tmp_path / "empty.tar", "w"):
        pass
    base = f"{registry}/base:1"
    run([crane, "append", "--oci-empty-base", "--platform", "linux/amd64", "-f", "empty.tar", "-t", base])
    run([crane, "mutate", "--set-platform", "linux/amd64", base, "-t", base])
    env = {**built["env"], "KO_DOCKER_REPO": f"{registry}/ko", "KO_DEFAULTBASEIMAGE": base, "GOFLAGS": "-buildvcs=false",
           "GOCACHE": str(built["cache"]), "GOAMD64": "v1", "KOCACHE": str(tmp_path / "kocache")}
    image = run([ko, "build", "--sbom", "none", "--platform", "linux/amd64", "--insecure-registry", "."], cwd=built["module"],
                env=env, timeout=300).stdout.strip()
    config = json.loads(run([crane, "config", image]).stdout)
    assert config["config"]["Entrypoint"] == ["/ko-app/hello"]
    ours = json.loads((built["out"] / "image/blobs/sha256" / built["result"]["programs"][0]["config"][7:]).read_text())
    assert ours["config"]["Entrypoint"] == config["config"]["Entrypoint"]
    assert ours["config"]["Env"][0].endswith(":/ko-app")
    run([crane, "export", image, "ko.tar"])
    with tarfile.open(tmp_path / "ko.tar") as tar:
        member = next(m for m in tar.getmembers() if m.name.lstrip("/") == "ko-app/hello")
        assert member.mode == 0o555
        assert tar.extractfile(member).read() == (built["out"] / "hello-linux-amd64").read_bytes()


def test_spdx_tools_accept_the_sbom(built, need_peer, run):
    run([need_peer("pyspdxtools"), "-i", built["out"] / "sbom.spdx.json"])


def purls(text):
    """Package URLs of an SPDX document, without what names files and images."""
    found = set()
    for package in json.loads(text)["packages"]:
        for ref in package.get("externalRefs", []):
            if ref["referenceType"] == "purl" and ref["referenceLocator"].startswith("pkg:golang/"):
                found.add(ref["referenceLocator"].split("?")[0].split("#")[0])
    return found


@pytest.mark.parametrize("source", ["file:hello-linux-arm64", "oci-dir:image"])
def test_syft_lists_the_same_modules(built, hallmark, need_peer, run, source):
    kind, name = source.split(":")
    theirs = purls(run([need_peer("syft"), "scan", "-q", "-o", "spdx-json", *(["--platform", "linux/arm64"] if kind != "file" else []),
                        f"{kind}:{built['out'] / name}"], timeout=300).stdout)
    ours = purls(run([hallmark, "sbom", "-o", "spdx-json", f"{kind}:{built['out'] / name}"]).stdout)
    assert len(ours) == 6
    # of the main module, which has no version, syft makes one up
    main = "pkg:golang/github.com/hallmark-project/hallmark"
    assert {p for p in ours if not p.startswith(main)} == {p for p in theirs if not p.startswith(main)}
    assert any(p.startswith(main) for p in ours) and any(p.startswith(main) for p in theirs)


def test_a_layout_of_others(built, hallmark, need_peer, registry, run, tmp_path):
    """Two layers that crane made, one over the other: a program, and a layer that takes another away."""
    crane = need_peer("crane")
    program = built["out"] / "hello-linux-amd64"
    with tarfile.open(tmp_path / "one.tar", "w") as tar:
        tar.add(program, arcname="usr/bin/kept")
        tar.add(program, arcname="usr/bin/gone")
    (tmp_path / "empty").write_text("")
    with tarfile.open(tmp_path / "two.tar", "w") as tar:
        tar.add(tmp_path / "empty", arcname="usr/bin/.wh.gone")
    name = f"{registry}/two:1"
    run([crane, "append", "--oci-empty-base", "-f", "one.tar", "-f", "two.tar", "-t", name])
    run([crane, "pull", "--format=oci", name, "layout"])
    document = json.loads(run([hallmark, "sbom", "oci-dir:layout"]).stdout)
    files = [p["packageFileName"] for p in document["packages"] if "packageFileName" in p]
    assert files == ["/usr/bin/kept"]
    run([hallmark, "sbom", "-o", "spdx-json=ours.spdx.json", "oci-dir:layout"])
    run([need_peer("pyspdxtools"), "-i", "ours.spdx.json"])


def test_cosign_accepts_the_signatures(built, need_peer, run):
    cosign, out = need_peer("cosign"), built["out"]
    index = "image/blobs/sha256/" + built["result"]["digest"].removeprefix("sha256:")
    for name, bundle in [("hello-linux-amd64", "hello-linux-amd64"), ("hello-linux-arm64", "hello-linux-arm64"),
                         ("sbom.spdx.json", "sbom.spdx.json"), (index, "image")]:
        command = [cosign, "verify-blob", "--key", built["key"], "--insecure-ignore-tlog", "--bundle",
                   out / f"{bundle}.sigstore.json"]
        assert "Verified OK" in run([*command, out / name]).stderr
        run([*command, out / "image" / "index.json"], check=1)
    made = json.loads((out / "image.sigstore.json").read_text())
    assert base64.b64decode(made["messageSignature"]["messageDigest"]["digest"]).hex() == built["result"]["digest"][7:]
