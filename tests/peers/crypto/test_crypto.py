"""crypto beside the peers' own programs: cosign's key files, the time-stamp authority, sigstore-python's reader of stamps."""
import base64
import json
import shutil
import subprocess
import time
import urllib.request

import pytest

from servers import free_port, wait_for

PASSWORD = "pass word"
ALGORITHMS = ["ecdsa-sha2-256-nistp256", "ecdsa-sha2-384-nistp384", "ecdsa-sha2-512-nistp521",
              "rsa-sign-pkcs1-2048-sha256", "ed25519-ph"]


@pytest.fixture
def ours(hm_build, run):
    path = hm_build / "tests" / "peer_crypto"
    if not path.is_file():
        pytest.skip("peer_crypto is not in the build folder: build first, or set HM_BUILD")
    return lambda *args, **more: run([path, *args], **more)


@pytest.fixture
def cosign(need_peer, env, run):
    path = need_peer("cosign")
    return lambda *args, **more: run([path, *args], env={**env, "COSIGN_PASSWORD": PASSWORD}, **more)


def sign_with_cosign(cosign, folder, key):
    """Sign a file with a key file; the signature's bytes."""
    (folder / "data").write_text("what is signed\n")
    cosign("sign-blob", "--key", key, "--use-signing-config=false", "--tlog-upload=false", "--bundle", "bundle.json", "-y",
           "data")
    bundle = json.loads((folder / "bundle.json").read_text())
    (folder / "sig").write_bytes(base64.b64decode(bundle["messageSignature"]["signature"]))


def test_their_key_file(ours, cosign, tmp_path):
    cosign("generate-key-pair")
    assert ours("key-open", "cosign.key", PASSWORD).stdout == (tmp_path / "cosign.pub").read_text()
    refused = ours("key-open", "cosign.key", PASSWORD + " ", check=1)
    assert refused.stderr.startswith("keyfile.password: ")
    sign_with_cosign(cosign, tmp_path, "cosign.key")
    ours("verify", ALGORITHMS[0], "cosign.pub", "sig", "data")
    (tmp_path / "data").write_text("what is signed?\n")
    assert ours("verify", ALGORITHMS[0], "cosign.pub", "sig", "data", check=1).stderr.startswith("signature.invalid: ")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_our_key_file(algorithm, ours, cosign, tmp_path):
    public = ours("key-make", algorithm, "our.key", PASSWORD).stdout
    (tmp_path / "our.pub").write_text(public)
    assert cosign("public-key", "--key", "our.key").stdout == public
    sign_with_cosign(cosign, tmp_path, "our.key")
    # without a log to go to, cosign signs with pure Ed25519
    ours("verify", algorithm.removesuffix("-ph"), "our.pub", "sig", "data")


@pytest.fixture
def authority(need_peer, env, tmp_path):
    """The address of a timestamp-server with a key of its own."""
    program = need_peer("timestamp-server")
    port = free_port()
    with open(tmp_path / "server.log", "wb") as log:
        server = subprocess.Popen([program, "serve", "--port", str(port), "--host", "127.0.0.1", "--timestamp-signer",
                                   "memory", "--disable-ntp-monitoring"], env=env, cwd=tmp_path, stdout=log, stderr=log)
        address = f"http://127.0.0.1:{port}"
        try:
            wait_for(address + "/ping", server, tmp_path / "server.log")
            yield address
        finally:
            server.terminate()
            server.wait(20)


@pytest.mark.parametrize("certs", ["no", "yes"])
def test_their_stamps(certs, ours, authority, tmp_path):
    (tmp_path / "data").write_text("what is stamped\n")
    ours("stamp-query", "data", certs, "query")
    chain = urllib.request.urlopen(authority + "/api/v1/timestamp/certchain", timeout=20).read()
    (tmp_path / "chain.pem").write_bytes(chain)
    asked = urllib.request.Request(authority + "/api/v1/timestamp", (tmp_path / "query").read_bytes(),
                                   {"Content-Type": "application/timestamp-query"})
    (tmp_path / "reply").write_bytes(urllib.request.urlopen(asked, timeout=20).read())
    stamped, count = map(int, ours("stamp-check", "query", "reply", "chain.pem").stdout.split())
    assert abs(stamped - time.time()) < 60
    assert (count > 0) == (certs == "yes")
    # of something else
    (tmp_path / "data").write_text("what is stamped?\n")
    ours("stamp-query", "data", certs, "query")
    assert ours("stamp-check", "query", "reply", "chain.pem", check=1).stderr.startswith("tsp.imprint: ")


VERIFY = """
import sys
from cryptography import x509
from rfc3161_client import VerifierBuilder, decode_timestamp_response
chain = x509.load_pem_x509_certificates(open("chain.pem", "rb").read())
reply = decode_timestamp_response(open("reply", "rb").read())
verifier = VerifierBuilder().tsa_certificate(chain[0]).add_root_certificate(chain[-1]).build()
assert verifier.verify_message(reply, open("data", "rb").read())
print(int(reply.tst_info.gen_time.timestamp()))
"""


@pytest.mark.parametrize("certs", ["no", "yes"])
def test_our_stamps(certs, ours, need_peer, run, tmp_path):
    python = need_peer("python")
    (tmp_path / "data").write_text("what is stamped\n")
    ours("stamp-authority", ".")
    ours("stamp-query", "data", certs, "query")
    ours("stamp-reply", ".", "query", "reply")
    assert abs(int(run([python, "-c", VERIFY]).stdout) - time.time()) < 60
    (tmp_path / "data").write_text("what is stamped?\n")
    assert "VerificationError" in run([python, "-c", VERIFY], check=1).stderr
    if shutil.which("openssl"):
        (tmp_path / "data").write_text("what is stamped\n")
        run(["openssl", "ts", "-verify", "-in", "reply", "-queryfile", "query", "-CAfile", "chain.pem", "-untrusted",
             "chain.pem"])
