"""What hallmark run made, judged by the programs of others: they accept it, and refuse what hallmark refuses."""
import base64
import json
import os
import re
import shutil
import struct
import subprocess

import pytest

IDENTITY, ISSUER = "local-run@hallmark.localhost", "https://hallmark.localhost"
SIGNER = ["--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER]
BINARY, OTHER = "hello-linux-amd64", "hello-linux-arm64"


@pytest.fixture(scope="session")
def release(hello, tmp_path_factory):
    """A copy of the module after its run, for tests that spoil it: release() makes a new one."""
    def copy():
        target = tmp_path_factory.mktemp("spoilt") / "hello"
        shutil.copytree(hello.folder, target)
        return target
    return copy


@pytest.fixture(scope="session")
def other_root(hello, tmp_path_factory):
    """The trust root of another state."""
    folder = tmp_path_factory.mktemp("other")
    (folder / "source").mkdir()
    (folder / "source" / "p.yaml").write_text("apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: p}\nspec:\n  tasks:\n"
                                              "    - name: a\n      taskSpec: {steps: [{name: s, image: i, script: 'true'}]}\n")
    hello.run("--pipeline", "p.yaml", "--state", folder / "state", cwd=folder / "source")
    return folder / "state" / "trusted_root.json"


def printed(hello):
    """The command lines of the last screen, as somebody would copy them."""
    text = hello.done.stdout.replace("\\\n", "")
    lines = [line.strip() for line in text.splitlines() if line.startswith("  cosign ")]
    assert [line.split()[1] for line in lines] == ["verify-blob", "verify-blob-attestation"]
    return lines


@pytest.mark.parametrize("which", [0, 1], ids=["verify-blob", "verify-blob-attestation"])
def test_cosign_accepts_by_the_lines_that_were_printed(hello, need_peer, env, which):
    path = f"{need_peer('cosign').parent}:{env['PATH']}"
    done = subprocess.run(["sh", "-c", printed(hello)[which]], cwd=hello.folder, env={**env, "PATH": path}, text=True,
                          capture_output=True)
    assert done.returncode == 0, done.stderr
    # hallmark's own command takes the same words
    ours = subprocess.run(["sh", "-c", printed(hello)[which].replace("cosign", str(hello.hallmark), 1)], cwd=hello.folder,
                          env=env, text=True, capture_output=True)
    assert ours.returncode == 0 and "Verified OK" in ours.stderr


@pytest.mark.parametrize("name", [BINARY, OTHER, "sbom.spdx.json"])
def test_cosign_and_sigstore_python_accept_each(hello, need_peer, run, env, name):
    out = hello.out("hello")
    run([need_peer("cosign"), "verify-blob", "--offline", "--use-signed-timestamps", "--trusted-root",
         out / "trusted_root.json", *SIGNER, "--bundle", f"{out / name}.sigstore.json", out / name])
    run([need_peer("sigstore"), "--trust-config", out / "trust_config.json", "verify", "identity", "--offline", "--bundle",
         f"{out / name}.sigstore.json", "--cert-identity", IDENTITY, "--cert-oidc-issuer", ISSUER, out / name])


@pytest.fixture
def everybody(hello, need_peer, run, env):
    """everybody(folder, …): the verdicts of cosign, sigstore-python and hallmark; all must have the same."""
    def ask(folder, artifact=BINARY, bundle=BINARY, root=None, identity=IDENTITY):
        out = folder / ".hallmark" / "out" / "hello"
        root, config = root or out / "trusted_root.json", folder / "config.json"
        document = json.loads((out / "trust_config.json").read_text())
        document["trustedRoot"] = json.loads(root.read_text())
        config.write_text(json.dumps(document))
        words = ["verify-blob", "--offline", "--use-signed-timestamps", "--trusted-root", root, "--certificate-identity",
                 identity, "--certificate-oidc-issuer", ISSUER, "--bundle", out / f"{bundle}.sigstore.json", out / artifact]
        theirs = run([need_peer("cosign"), *words], check=None)
        python = run([need_peer("sigstore"), "--trust-config", config, "verify", "identity", "--offline", "--bundle",
                      out / f"{bundle}.sigstore.json", "--cert-identity", identity, "--cert-oidc-issuer", ISSUER,
                      out / artifact], check=None)
        ours = run([hello.hallmark, *words], check=None)
        release = run([hello.hallmark, "release", "verify", "--trusted-root", root, "--certificate-identity", identity, out],
                      check=None)
        verdicts = [done.returncode == 0 for done in [theirs, python, ours, release]]
        assert len(set(verdicts[:3])) == 1, f"{verdicts}\n{theirs.stderr}\n{python.stderr}\n{ours.stderr}"
        return verdicts[0], ours.stderr, verdicts[3], release.stderr
    return ask


def test_all_accept_what_was_not_changed(everybody, release):
    assert everybody(release()) == (True, "Verified OK\n", True, "")


@pytest.mark.parametrize("name", [BINARY, OTHER, "sbom.spdx.json"])
def test_all_refuse_one_byte(everybody, release, name):
    folder = release()
    path = folder / ".hallmark" / "out" / "hello" / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    accepted, said, whole, why = everybody(folder, artifact=name, bundle=name)
    assert not accepted and re.search(r"the artifact is not .* sha256 differs", said)
    assert not whole and name in why


def test_all_refuse_another_identity(everybody, release):
    accepted, said, whole, why = everybody(release(), identity="somebody@example.com")
    assert not accepted and not whole
    assert "somebody@example.com" in said and IDENTITY in said and "somebody@example.com" in why


def test_all_refuse_another_programs_bundle(everybody, release):
    folder = release()
    assert not everybody(folder, bundle=OTHER)[0]
    out = folder / ".hallmark" / "out" / "hello"
    shutil.copy(out / f"{OTHER}.sigstore.json", out / f"{BINARY}.sigstore.json")
    accepted, _, whole, why = everybody(folder)
    assert not accepted and not whole and BINARY in why


def test_all_refuse_another_states_trust_root(everybody, release, other_root):
    accepted, said, whole, why = everybody(release(), root=other_root)
    assert not accepted and not whole
    assert "name the trust root of the instance that signed it" in said
    assert "name the trust root of the instance that signed it" in why


def test_attestation_of_something_else(hello, need_peer, run):
    out = hello.out("hello")
    words = ["verify-blob-attestation", "--offline", "--use-signed-timestamps", "--trusted-root", out / "trusted_root.json",
             *SIGNER, "--bundle", out / "provenance.sigstore.json", "--type"]
    for program in [need_peer("cosign"), hello.hallmark]:
        run([program, *words, "slsaprovenance1", out / OTHER])
        run([program, *words, "slsaprovenance1", out / "coverage.out"], check=1)
        run([program, *words, "spdxjson", out / BINARY], check=1)


def test_release_verify_sees_what_does_not_belong_there(hello, release, run):
    def verify(folder):
        out = folder / ".hallmark" / "out" / "hello"
        return run([hello.hallmark, "release", "verify", "--trusted-root", out / "trusted_root.json", out], check=None)

    def spoil(how):
        folder = release()
        how(folder / ".hallmark" / "out" / "hello")
        done = verify(folder)
        assert done.returncode != 0, done.stdout
        return done.stderr
    assert "coverage" not in verify(release()).stderr
    spoil(lambda out: (out / f"{BINARY}.sigstore.json").unlink())
    spoil(lambda out: (out / BINARY).unlink())
    spoil(lambda out: (out / "provenance.sigstore.json").unlink())
    spoil(lambda out: shutil.copy(out / "sbom.spdx.json.sigstore.json", out / "provenance.sigstore.json"))
    blobs = lambda out: sorted((out / "image" / "blobs" / "sha256").iterdir(), key=lambda p: p.stat().st_size)  # noqa: E731
    spoil(lambda out: blobs(out)[-1].unlink())
    spoil(lambda out: blobs(out)[-1].write_bytes(b"x" + blobs(out)[-1].read_bytes()[1:]))


# --- image ---

def test_a_registry_takes_the_image(hello, need_peer, registry, run, tmp_path):
    crane, name = need_peer("crane"), f"{registry}/hello:latest"
    pushed = run([crane, "push", "--index", hello.out("hello") / "image", name]).stdout.strip()
    digest = pushed.rsplit("@", 1)[1]
    index = run([crane, "manifest", name]).stdout
    wanted = "sha256:" + hello.index_digest("hello")
    # the layout's index.json has one entry, the image index, and crane pushes what it is given
    found = json.loads(index)
    assert digest == wanted or [m["digest"] for m in found["manifests"]] == [wanted]
    run([crane, "validate", "--remote", name])
    for platform, artifact, machine in [("linux/amd64", BINARY, 62), ("linux/arm64", OTHER, 183)]:
        tar = tmp_path / "fs.tar"
        target = f"{registry}/hello@{wanted}"
        run([crane, "validate", "--remote", target])
        run([crane, "export", "--platform", platform, target, tar])
        folder = tmp_path / platform
        folder.mkdir(parents=True)
        run(["tar", "-xf", tar, "-C", folder])
        programs = [p for p in folder.rglob("*") if p.is_file() and os.access(p, os.X_OK)]
        assert [p.read_bytes() for p in programs] == [(hello.out("hello") / artifact).read_bytes()]
        header = programs[0].read_bytes()[:20]
        assert header[:6] == b"\x7fELF\x02\x01" and struct.unpack_from("<H", header, 18) == (machine,)


def test_the_binary_runs_here(hello, run):
    done = run([hello.out("hello") / BINARY, "-addr", "nowhere:-1"], check=None)
    assert done.returncode not in (126, 127) and done.returncode > 0


# --- SBOM, time stamps ---

def test_pyspdxtools_validates(hello, need_peer, run):
    done = run([need_peer("pyspdxtools"), "-i", hello.out("hello") / "sbom.spdx.json"], check=None)
    assert done.returncode == 0, done.stdout + done.stderr


def pem(der):
    text = base64.b64encode(der).decode()
    return "-----BEGIN CERTIFICATE-----\n" + "\n".join(re.findall(".{1,64}", text)) + "\n-----END CERTIFICATE-----\n"


def test_openssl_accepts_the_time_stamps(hello, run, tmp_path):
    root = json.loads((hello.out("hello") / "trusted_root.json").read_text())
    chain = [base64.b64decode(c["rawBytes"]) for c in root["timestampAuthorities"][0]["certChain"]["certificates"]]
    (tmp_path / "root.pem").write_text(pem(chain[-1]))
    (tmp_path / "untrusted.pem").write_text("".join(pem(c) for c in chain[:-1]))
    for bundle in sorted(hello.out("hello").glob("*.sigstore.json")):
        document = json.loads(bundle.read_text())
        signature = document.get("messageSignature", {}).get("signature") or document["dsseEnvelope"]["signatures"][0]["sig"]
        (tmp_path / "signature").write_bytes(base64.b64decode(signature))
        (tmp_path / "other").write_bytes(b"other" + base64.b64decode(signature))
        stamps = document["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
        assert len(stamps) == 1
        (tmp_path / "stamp").write_bytes(base64.b64decode(stamps[0]["signedTimestamp"]))
        words = ["openssl", "ts", "-verify", "-in", tmp_path / "stamp", "-CAfile", tmp_path / "root.pem", "-untrusted",
                 tmp_path / "untrusted.pem", "-data"]
        assert "Verification: OK" in run([*words, tmp_path / "signature"]).stdout
        assert run([*words, tmp_path / "other"], check=None).returncode != 0


def test_the_arm64_binary_is_what_file_says(hello, run):
    if not shutil.which("file"):
        pytest.skip("file is not installed; scripts/setup --tests installs it")
    assert "ARM aarch64" in run(["file", hello.out("hello") / OTHER]).stdout
