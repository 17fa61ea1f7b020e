"""What cosign signs by each algorithm that it has, logged and stamped by the peers' services, and whether it is accepted."""
import json

import pytest

IDENTITY = "somebody@example.com"
URI = "https://example.com/predicate"
ALGORITHMS = ["ecdsa-sha2-256-nistp256", "ecdsa-sha2-384-nistp384", "ecdsa-sha2-512-nistp521",
              "rsa-sign-pkcs1-2048-sha256", "rsa-sign-pkcs1-3072-sha256", "rsa-sign-pkcs1-4096-sha256"]
KEYS = {"P-384": ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"], "P-521": ["EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
        **{f"RSA {bits}": ["RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}"] for bits in (2048, 3072, 4096)}}


@pytest.fixture
def signs(need_peer, run, env, instance, app, tmp_path):
    """signs(as_statement, …): cosign signs app as b.json; the words to verify it by."""
    env["COSIGN_PASSWORD"] = ""
    (tmp_path / "predicate.json").write_text("{}")
    (tmp_path / "token").write_text(instance.token())

    def sign(as_statement, *options):
        command = ["attest-blob", "--predicate", "predicate.json", "--type", URI] if as_statement else ["sign-blob"]
        run([need_peer("cosign"), *command, "--yes", "--signing-config", instance.config, "--trusted-root", instance.root,
             "--bundle", "b.json", *options, app], timeout=120)
        verify = ["verify-blob-attestation", "--type", URI] if as_statement else ["verify-blob"]
        return [*verify, "--trusted-root", instance.root, "--use-signed-timestamps", "--bundle", "b.json"]
    return sign


def judge(run, hallmark, cosign, words, app, tmp_path, cosign_accepts=True):
    run([hallmark, *words, app])
    run([cosign, *words, app], check=0 if cosign_accepts else 1)
    other = tmp_path / "other"
    other.write_text("something else\n")
    assert json.loads(run([hallmark, *words, "--output", "json", other], check=1).stdout)["error"]["reason"] in (
        "artifact.digest", "artifact.subject")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_keyless(signs, run, hallmark, need_peer, instance, app, tmp_path, algorithm):
    words = signs(False, "--identity-token", "token", "--signing-algorithm", algorithm)
    judge(run, hallmark, need_peer("cosign"), [*words, "--certificate-identity", IDENTITY, "--certificate-oidc-issuer",
                                               instance.issuer.url], app, tmp_path)


# cosign 3.1.2 signs with a P-384 or P-521 key by SHA-384 or SHA-512, verifies --key by SHA-256, and so refuses its own.
@pytest.mark.parametrize("as_statement", [False, True])
@pytest.mark.parametrize("kind", KEYS)
def test_key(signs, run, hallmark, need_peer, app, tmp_path, kind, as_statement):
    run(["openssl", "genpkey", "-algorithm", *KEYS[kind], "-out", "own.pem"])
    run([need_peer("cosign"), "import-key-pair", "--key", "own.pem", "--output-key-prefix", "own"])
    words = signs(as_statement, "--key", "own.key")
    judge(run, hallmark, need_peer("cosign"), [*words, "--key", "own.pub"], app, tmp_path,
          cosign_accepts=not kind.startswith("P-"))
