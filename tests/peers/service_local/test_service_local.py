"""The local instance beside the peers' clients: they sign with it over HTTP, and accept and refuse what they should."""
import json

import pytest

IDENTITY, ISSUER = "local-run@hallmark.localhost", "https://hallmark.localhost"


@pytest.fixture
def cosign(need_peer, run):
    path = need_peer("cosign")
    return lambda *args, **more: run([path, *args], **more)


@pytest.fixture
def sigstore_python(need_peer, run):
    path = need_peer("sigstore")
    return lambda *args, **more: run([path, *args], **more)


@pytest.fixture
def blob(tmp_path):
    path = tmp_path / "blob"
    path.write_text("what is signed\n")
    return path


def cosign_sign(cosign, server, blob, bundle):
    cosign("sign-blob", "-y", "--identity-token", server.token(), "--signing-config", server.signing_config,
           "--trusted-root", server.trusted_root, "--bundle", bundle, blob)


def cosign_verify(cosign, server, blob, bundle, identity=IDENTITY, issuer=ISSUER, check=0):
    return cosign("verify-blob", "--bundle", bundle, "--trusted-root", server.trusted_root, "--certificate-identity",
                  identity, "--certificate-oidc-issuer", issuer, "--use-signed-timestamps", blob, check=check)


def python_sign(sigstore_python, server, blob, bundle):
    sigstore_python("--trust-config", server.trust_config, "sign", "--identity-token", server.token().read_text(),
                    "--bundle", bundle, "--overwrite", blob)


def python_verify(sigstore_python, server, blob, bundle, check=0):
    return sigstore_python("--trust-config", server.trust_config, "verify", "identity", "--bundle", bundle,
                           "--cert-identity", IDENTITY, "--cert-oidc-issuer", ISSUER, blob, check=check)


def our_verify(hallmark, run, server, blob, bundle, check=0):
    return run([hallmark, "verify-blob", "--bundle", bundle, "--trusted-root", server.trusted_root,
                "--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER, blob], check=check)


def test_cosign_signs(cosign, sigstore_python, hallmark, run, local_server, blob, tmp_path):
    server = local_server()
    # cosign leaves out members that are zero, which sigstore-python wants: the log's first entry has index 0
    cosign_sign(cosign, server, blob, tmp_path / "first.json")
    cosign_verify(cosign, server, blob, tmp_path / "first.json")
    cosign_sign(cosign, server, blob, tmp_path / "bundle.json")
    cosign_verify(cosign, server, blob, tmp_path / "bundle.json")
    python_verify(sigstore_python, server, blob, tmp_path / "bundle.json")
    our_verify(hallmark, run, server, blob, tmp_path / "bundle.json")
    our_verify(hallmark, run, server, blob, tmp_path / "first.json")


def test_sigstore_python_signs(cosign, sigstore_python, hallmark, run, local_server, blob, tmp_path):
    server = local_server()
    for _ in range(2):
        python_sign(sigstore_python, server, blob, tmp_path / "bundle.json")
        python_verify(sigstore_python, server, blob, tmp_path / "bundle.json")
        cosign_verify(cosign, server, blob, tmp_path / "bundle.json")
        our_verify(hallmark, run, server, blob, tmp_path / "bundle.json")


def test_cosign_attests(cosign, local_server, blob, tmp_path):
    server = local_server()
    (tmp_path / "predicate").write_text('{"a": 1}')
    cosign("attest-blob", "-y", "--identity-token", server.token(), "--signing-config", server.signing_config,
           "--trusted-root", server.trusted_root, "--bundle", "bundle.json", "--predicate", "predicate", "--type",
           "https://example.com/x", blob)
    cosign("verify-blob-attestation", "--bundle", "bundle.json", "--trusted-root", server.trusted_root,
           "--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER, "--use-signed-timestamps", "--type",
           "https://example.com/x", blob)


def test_peers_refuse(cosign, sigstore_python, local_server, blob, tmp_path):
    one, two = local_server("one"), local_server("two")
    bundle, other, foreign = tmp_path / "one.json", tmp_path / "other.json", tmp_path / "two.json"
    changed = tmp_path / "changed"
    changed.write_text("what is signed?\n")
    cosign_sign(cosign, one, changed, other)
    cosign_sign(cosign, one, blob, bundle)
    cosign_sign(cosign, two, changed, tmp_path / "zero.json")
    cosign_sign(cosign, two, blob, foreign)
    cosign_verify(cosign, one, blob, bundle)
    python_verify(sigstore_python, one, blob, bundle)
    for server, file, text in [(one, bundle, changed), (one, other, blob), (one, foreign, blob), (two, bundle, blob)]:
        cosign_verify(cosign, server, text, file, check=1)
        python_verify(sigstore_python, server, text, file, check=1)
    cosign_verify(cosign, one, blob, bundle, identity="x@hallmark.localhost", check=1)
    cosign_verify(cosign, one, blob, bundle, issuer="https://hallmark.localhost/", check=1)


def test_same_after_a_restart(cosign, local_server, blob, tmp_path):
    server = local_server()
    cosign_sign(cosign, server, blob, tmp_path / "bundle.json")
    root = server.trusted_root.read_text()
    server.process.stdin.close()
    server.process.wait(timeout=20)
    again = local_server()
    assert again.trusted_root.read_text() == root
    assert json.loads(again.signing_config.read_text())["caUrls"][0]["url"] == again.origin
    cosign_verify(cosign, again, blob, tmp_path / "bundle.json")
