"""hallmark verify-blob beside cosign verify-blob: the same command line, the same answer; and cosign's own bundles."""
import hashlib
import json

import pytest

IDENTITY = ("https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/"
            "extremely-dangerous-oidc-beacon.yml@refs/heads/main")
ISSUER = "https://token.actions.githubusercontent.com"
SIGNER = ["--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER]
KEY = ["--key", "managed-key-and-trusted-root/key.pub"]
BLOB, ATTESTATION = "verify-blob", "verify-blob-attestation"
SLSA = ["--type", "slsaprovenance1"]


@pytest.fixture
def both(hallmark, need_peer, shared_data, run):
    """both([...]): the exit code that cosign and hallmark have in common, in the folder of published cases."""
    cosign = need_peer("cosign")

    def start(*words):
        theirs, ours = [run([program, *words], cwd=shared_data / "sigstore-conformance", check=None)
                        for program in (cosign, hallmark)]
        assert ours.returncode == theirs.returncode, f"cosign: {theirs.stderr}\nhallmark: {ours.stderr}"
        assert ("Verified OK" in ours.stderr) == ("Verified OK" in theirs.stderr)
        return ours.returncode
    return start


def of(case):
    return ["--bundle", f"{case}/bundle.sigstore.json", "--trusted-root", f"{case}/trusted_root.json"]


HAPPY, DSSE, MANAGED = of("rekor2-happy-path"), of("rekor2-dsse-happy-path"), of("managed-key-and-trusted-root")
V1 = ["--bundle", "happy-path-v0.3/bundle.sigstore.json", "--trusted-root", "../sigstore-public-good.trusted_root.json"]


@pytest.mark.parametrize("words, code", [
    ([BLOB, *HAPPY, *SIGNER, "a.txt"], 0),
    ([BLOB, *HAPPY, *SIGNER, "--use-signed-timestamps", "a.txt"], 0),
    ([BLOB, *HAPPY, *SIGNER, "--use-signed-timestamps", "--insecure-ignore-tlog", "a.txt"], 0),
    ([BLOB, *HAPPY, *SIGNER, "--insecure-ignore-sct", "a.txt"], 0),
    ([BLOB, *HAPPY, *SIGNER, "--offline", "a.txt"], 0),
    ([BLOB, *HAPPY, *SIGNER, "--max-workers=2", "a.txt"], 0),
    ([BLOB, *HAPPY, *SIGNER, "rekor2-happy-path/README"], 1),
    ([BLOB, *HAPPY, *SIGNER, "absent"], 1),
    ([BLOB, *HAPPY, *SIGNER], 1),
    ([BLOB, *HAPPY, *SIGNER, "a.txt", "a.txt"], 1),
    ([BLOB, *HAPPY, "a.txt"], 1),
    ([BLOB, *HAPPY, "--certificate-identity", IDENTITY, "a.txt"], 1),
    ([BLOB, *HAPPY, *SIGNER, *KEY, "a.txt"], 1),
    ([BLOB, *HAPPY, *KEY, "a.txt"], 1),
    ([BLOB, *HAPPY, *SIGNER, "--certificate-identity", "other", "a.txt"], 1),
    ([BLOB, *HAPPY, *SIGNER, "--certificate-oidc-issuer", "https://example.com", "a.txt"], 1),
    ([BLOB, *HAPPY, *SIGNER, "--certificate-github-workflow-trigger", "workflow_dispatch", "a.txt"], 0),
    ([BLOB, *HAPPY, *SIGNER, "--certificate-github-workflow-trigger", "push", "a.txt"], 1),
    ([BLOB, *HAPPY, *SIGNER, "--certificate-github-workflow-repository",
      "sigstore-conformance/extremely-dangerous-public-oidc-beacon", "a.txt"], 0),
    ([BLOB, *HAPPY, *SIGNER, "--certificate-github-workflow-sha", "0" * 40, "a.txt"], 1),
    ([BLOB, *SIGNER, "--trusted-root", "rekor2-happy-path/trusted_root.json", "a.txt"], 1),
    ([BLOB, *V1, *SIGNER, "a.txt"], 0),
    ([BLOB, *V1, *SIGNER, "--use-signed-timestamps", "a.txt"], 1),
    ([BLOB, *V1, *SIGNER, "--insecure-ignore-tlog", "a.txt"], 1),
    ([BLOB, *MANAGED, *KEY, "a.txt"], 0),
    ([BLOB, *MANAGED[:2], *KEY, "--insecure-ignore-tlog", "a.txt"], 0),
    ([BLOB, *MANAGED, *KEY, "managed-key-and-trusted-root/README"], 1),
    ([BLOB, *DSSE, *SIGNER, "a.txt"], 0),
    ([ATTESTATION, *DSSE, *SIGNER, *SLSA, "a.txt"], 0),
    ([ATTESTATION, *DSSE, *SIGNER, "--type", "https://slsa.dev/provenance/v1", "a.txt"], 0),
    ([ATTESTATION, *DSSE, *SIGNER, "a.txt"], 1),
    ([ATTESTATION, *DSSE, *SIGNER, "--type", "slsaprovenance", "a.txt"], 1),
    ([ATTESTATION, *DSSE, *SIGNER, *SLSA, "rekor2-happy-path/README"], 1),
    ([ATTESTATION, *DSSE, *SIGNER, *SLSA, "--check-claims=false"], 0),
    ([ATTESTATION, *DSSE, *SIGNER, *SLSA], 1),
    ([ATTESTATION, *HAPPY, *SIGNER, *SLSA, "a.txt"], 1),
    ([ATTESTATION, *HAPPY, *SIGNER, *SLSA, "--check-claims=false"], 1),
])
def test_same_answer(both, words, code):
    assert both(*words) == code


@pytest.mark.parametrize("alg, code", [("sha256", 0), ("sha512", 1)])
def test_same_answer_by_digest(both, shared_data, alg, code):
    digest = hashlib.sha256((shared_data / "sigstore-conformance" / "a.txt").read_bytes()).hexdigest()
    assert both(ATTESTATION, *DSSE, *SIGNER, *SLSA, "--digest", digest, "--digestAlg", alg) == code
    assert both(ATTESTATION, *DSSE, *SIGNER, *SLSA, "--digest", digest) == 1
    assert both(BLOB, *HAPPY, *SIGNER, f"sha256:{digest}") == 0
    assert both(BLOB, *HAPPY, *SIGNER, f"sha256:{digest[::-1]}") == 1


@pytest.fixture
def signed(need_peer, run, env, tmp_path):
    """signed(algorithm): a key of cosign's and its bundle over "blob", made without any service."""
    cosign = need_peer("cosign")
    (tmp_path / "blob").write_text("the blob\n")
    (tmp_path / "none.json").write_text(json.dumps(
        {"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json", "rekorTlogConfig": {"selector": "ANY"},
         "tsaConfig": {"selector": "ANY"}}))

    def make(algorithm):
        env["COSIGN_PASSWORD"] = ""
        openssl = {"p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
                   "p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
                   "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                   "ed25519": ["-algorithm", "ED25519"]}[algorithm]
        run(["openssl", "genpkey", *openssl, "-out", "own.pem"])
        run([cosign, "import-key-pair", "--key", "own.pem", "--output-key-prefix", "own"], env=env)
        run([cosign, "sign-blob", "--key", "own.key", "--signing-config", "none.json", "--bundle", "blob.sigstore.json", "-y",
             "blob"], env=env)
        return cosign
    return make


# cosign 3.1.2 signs with a P-384 key by SHA-384 and then verifies by SHA-256, so that it refuses its own bundles.
@pytest.mark.parametrize("algorithm, cosign_accepts", [("p256", True), ("rsa", True), ("p384", False)])
def test_bundles_that_cosign_makes(signed, hallmark, run, tmp_path, algorithm, cosign_accepts):
    cosign = signed(algorithm)
    words = ["verify-blob", "--bundle", "blob.sigstore.json", "--key", "own.pub", "--insecure-ignore-tlog", "blob"]
    run([cosign, *words], check=0 if cosign_accepts else 1)
    assert "Verified OK" in run([hallmark, *words]).stderr
    (tmp_path / "blob").write_text("the blog\n")
    assert "the artifact is not the one" in run([hallmark, *words], check=1).stderr
    (tmp_path / "blob").write_text("the blob\n")
    run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "other.pem"])
    run(["openssl", "pkey", "-in", "other.pem", "-pubout", "-out", "own.pub"])
    run([hallmark, *words], check=1)


def test_what_cosign_signs_with_ed25519_is_refused_by_both(signed, hallmark, run):
    """cosign 3.1.2 signs the artifact itself, by Ed25519 without prehash, and then looks for Ed25519ph."""
    cosign = signed("ed25519")
    words = ["verify-blob", "--bundle", "blob.sigstore.json", "--key", "own.pub", "--insecure-ignore-tlog", "blob"]
    run([cosign, *words], check=1)
    assert "the Ed25519ph signature does not match" in run([hallmark, *words], check=1).stderr
