"""Our log, asked by rekor-tiles' own clients, by Tessera's and Go's readers of tiles, by cosign; and beside rekor-tiles'
own server, with the same bytes."""
import base64
import json
import subprocess
import urllib.request

import pytest

from servers import free_ports, wait_for


@pytest.fixture
def log_info(run, tool):
    """log_info(services): name, id and the file of the public key."""
    def ask(services):
        lines = run([tool("log_tool"), "info", services.state / "log"]).stdout.splitlines(keepends=True)
        key = services.state / "log-public.pem"
        key.write_text("".join(lines[2:]))
        return lines[0].strip(), lines[1].strip(), key
    return ask


@pytest.fixture
def rekor(need_peer, tmp_path, env, run):
    """The URL of rekor-tiles' own server, on a log of its own."""
    program = need_peer("posix")
    key = tmp_path / "rekor.pem"
    run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key])
    http, grpc, metrics = free_ports(3)
    with open(tmp_path / "rekor.log", "w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [program, "serve", f"--http-port={http}", f"--grpc-port={grpc}", f"--http-metrics-port={metrics}",
             "--hostname=log.test", f"--storage-dir={tmp_path / 'rekor'}", f"--signer-filepath={key}",
             "--checkpoint-interval=200ms", "--batch-max-age=20ms"], env=env, stdout=output, stderr=output)
    url = f"http://127.0.0.1:{http}"
    wait_for(url + "/healthz", process, tmp_path / "rekor.log")
    yield url
    process.terminate()
    process.wait(30)


def test_clients(services, log_info, go_program, run, tool):
    """Written by rekor-tiles' client and verified by it; every entry proven by two other readers, under every size."""
    ours = services()
    origin, _, key = log_info(ours)
    assert origin == ours.log_origin
    program = go_program("service_log")
    written = run([program, "write", ours.url, origin, key]).stdout.splitlines()
    assert len(written) == 14
    assert run([program, "read", ours.url, origin, key]).stdout == "14\n"
    # over the edge of a tile, written by another process while the server runs
    run([tool("log_tool"), "write", ours.state / "log", "520", "16"], timeout=300)
    assert run([program, "read", ours.url, origin, key], timeout=300).stdout == "534\n"
    run([program, "write", ours.url, origin, key])
    assert run([program, "read", ours.url, origin, key], timeout=300).stdout == "548\n"


def test_same_bytes(services, rekor, go_program, run):
    """The same requests give the same statuses and, byte for byte, the same entries."""
    ours = services()
    lines = run([go_program("service_log"), "both", ours.url, rekor], timeout=120).stdout.splitlines()
    assert sum(line.startswith("201 ") for line in lines) == 14
    assert sum(line.startswith("409 ") for line in lines) == 1
    assert sum(line.startswith("400 ") for line in lines) == len(lines) - 15


def b64(data):
    return base64.b64encode(data).decode()


def ders(pem):
    """The certificates or keys of a PEM text."""
    blocks = pem.split("-----BEGIN ")[1:]
    return [base64.b64decode("".join(block.split("-----")[1].split())) for block in blocks]


def trusted_root(ours, origin, log_id, key, chain):
    return {"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [{"baseUrl": "https://" + origin, "hashAlgorithm": "SHA2_256",
                       "publicKey": {"rawBytes": b64(ders(key.read_text())[0]), "keyDetails": "PKIX_ED25519",
                                     "validFor": {"start": "2020-01-01T00:00:00Z"}},
                       "logId": {"keyId": b64(bytes.fromhex(log_id))}}],
            "timestampAuthorities": [{"subject": {"organization": "test", "commonName": "test"},
                                      "uri": ours.url + "/api/v1/timestamp",
                                      "certChain": {"certificates": [{"rawBytes": b64(c)} for c in ders(chain)]},
                                      "validFor": {"start": "2020-01-01T00:00:00Z"}}]}


def signing_config(ours):
    service = {"validFor": {"start": "2020-01-01T00:00:00Z"}, "operator": "test"}
    return {"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "rekorTlogUrls": [{"url": ours.url, "majorApiVersion": 2, **service}],
            "tsaUrls": [{"url": ours.url + "/api/v1/timestamp", "majorApiVersion": 1, **service}],
            "rekorTlogConfig": {"selector": "ANY"}, "tsaConfig": {"selector": "ANY"}}


def test_cosign(services, log_info, need_peer, run, env, tmp_path, tool):
    """cosign signs a blob and an attestation with our log and authority, and verifies both with their trust root."""
    cosign, ours = need_peer("cosign"), services()
    chain = urllib.request.urlopen(ours.url + "/api/v1/timestamp/certchain", timeout=30).read().decode()
    root, config = tmp_path / "trusted_root.json", tmp_path / "signing_config.json"
    root.write_text(json.dumps(trusted_root(ours, *log_info(ours), chain)))
    config.write_text(json.dumps(signing_config(ours)))
    env = {**env, "COSIGN_PASSWORD": ""}
    run([cosign, "generate-key-pair"], env=env)
    blob, predicate = tmp_path / "blob", tmp_path / "predicate.json"
    blob.write_bytes(b"signed by cosign\n")
    predicate.write_text('{"a": 1}')
    common = ["--key", "cosign.key", "--signing-config", config, "--trusted-root", root, "--yes"]
    run([cosign, "sign-blob", *common, "--bundle", "blob.json", blob], env=env)
    run([cosign, "attest-blob", *common, "--bundle", "att.json", "--type", "custom", "--predicate", predicate, blob],
        env=env)
    bundle = json.loads((tmp_path / "blob.json").read_text())
    assert bundle["verificationMaterial"]["tlogEntries"][0]["kindVersion"] == {"kind": "hashedrekord", "version": "0.0.2"}
    assert len(bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]) == 1
    common = ["--key", "cosign.pub", "--trusted-root", root, "--use-signed-timestamps"]
    run([cosign, "verify-blob", *common, "--bundle", "blob.json", blob], env=env)
    run([cosign, "verify-blob-attestation", *common, "--bundle", "att.json", "--type", "custom", blob], env=env)
    blob.write_bytes(b"Signed by cosign\n")
    assert run([cosign, "verify-blob", *common, "--bundle", "blob.json", blob], env=env, check=None).returncode != 0
    # what the log says of it
    digest = subprocess.run(["sha256sum"], input=b"signed by cosign\n", stdout=subprocess.PIPE, check=True).stdout[:64]
    found = run([tool("log_tool"), "find", ours.state / "log", digest.decode()]).stdout.splitlines()
    assert len(found) == 1 and found[0].startswith("0 ") and "hashedrekord" in found[0]
