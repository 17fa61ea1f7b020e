"""Our time-stamp authority, judged by OpenSSL, by the libraries of Sigstore's timestamp-authority, and beside its
server."""
import base64
import hashlib
import json
import subprocess
import urllib.error
import urllib.request

import pytest

from servers import free_port, wait_for


def post(url, body, content_type="application/timestamp-query"):
    """(status, type, body) of the answer."""
    request = urllib.request.Request(url + "/api/v1/timestamp", data=body, headers={"Content-Type": content_type})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers["Content-Type"], answer.read()


@pytest.fixture
def chain(tmp_path):
    """chain(services): files of the whole chain, the root, and what stands before it."""
    def fetch(services):
        text = urllib.request.urlopen(services.url + "/api/v1/timestamp/certchain", timeout=30).read().decode()
        certs = ["-----BEGIN" + part for part in text.split("-----BEGIN")[1:]]
        files = [tmp_path / name for name in ("chain.pem", "root.pem", "rest.pem")]
        for file, content in zip(files, [text, certs[-1], "".join(certs[:-1])]):
            file.write_text(content)
        return files
    return fetch


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("options", [["-cert"], ["-cert", "-no_nonce"], [], ["-cert", "-tspolicy", "1.3.6.1.4.1.57264.2"]])
def test_openssl(services, chain, run, tmp_path, digest, options):
    """openssl ts -verify accepts what it asked for, and nothing else."""
    ours = services()
    _, root, rest = chain(ours)
    data = tmp_path / "data"
    data.write_text("stamped\n")
    run(["openssl", "ts", "-query", "-data", data, "-" + digest, *options, "-out", "query"])
    status, kind, reply = post(ours.url, (tmp_path / "query").read_bytes())
    assert (status, kind) == (200, "application/timestamp-reply")
    (tmp_path / "reply").write_bytes(reply)
    verify = ["openssl", "ts", "-verify", "-in", "reply", "-CAfile", root]
    if "-cert" in options:
        run([*verify, "-queryfile", "query"])
        run([*verify, "-data", data])
        data.write_text("Stamped\n")
        assert "message imprint mismatch" in run([*verify, "-data", data], check=1).stderr
    # with the certificates given beside it, as where the reply has none
    run(["openssl", "ts", "-reply", "-in", "reply", "-token_out", "-out", "token"])
    text = run(["openssl", "ts", "-reply", "-in", "reply", "-text"]).stdout
    assert "Status: Granted." in text and "Policy OID: 1.3.6.1.4.1.57264.2" in text
    assert "Accuracy: 0x01 seconds" in text and "Ordering: no" in text


def test_refusals_openssl(services, run, tmp_path):
    """What is refused is refused in a reply that openssl reads."""
    ours = services()
    data = tmp_path / "data"
    data.write_text("stamped\n")
    for options, wanted in [(["-sha1"], "unrecognized or unsupported algorithm identifier"),
                            (["-sha256", "-tspolicy", "1.2.3.4"], "requested TSA policy is not supported"),
                            (["-sha3-256"], "unrecognized or unsupported algorithm identifier")]:
        run(["openssl", "ts", "-query", "-data", data, *options, "-out", "query"])
        status, kind, reply = post(ours.url, (tmp_path / "query").read_bytes())
        assert (status, kind) == (200, "application/timestamp-reply")
        (tmp_path / "reply").write_bytes(reply)
        text = run(["openssl", "ts", "-reply", "-in", "reply", "-text"]).stdout
        assert "Status: Rejected." in text and wanted in text, text
    _, _, reply = post(ours.url, b"nonsense")
    (tmp_path / "reply").write_bytes(reply)
    text = run(["openssl", "ts", "-reply", "-in", "reply", "-text"]).stdout
    assert "data submitted has the wrong format" in text


def test_sigstore_library(services, chain, go_program, run):
    """Accepted by timestamp-authority's own verification; serial numbers do not repeat."""
    ours = services()
    assert run([go_program("service_tsa"), "verify", ours.url, chain(ours)[0]]).stdout == "24\n"


@pytest.fixture
def authority(need_peer, tmp_path, env):
    """The URL of Sigstore's own server, with keys in memory."""
    program = need_peer("timestamp-server")
    port = free_port()
    with open(tmp_path / "authority.log", "w", encoding="utf-8") as output:
        process = subprocess.Popen([program, "serve", "--host=127.0.0.1", f"--port={port}", "--timestamp-signer=memory",
                                    "--disable-ntp-monitoring"], env=env, cwd=tmp_path, stdout=output, stderr=output)
    url = f"http://127.0.0.1:{port}"
    wait_for(url + "/ping", process, tmp_path / "authority.log")
    yield url
    process.terminate()
    process.wait(30)


def test_same_json(services, authority, run, tmp_path):
    """The JSON form is taken and refused as the peer takes and refuses it."""
    ours = services()
    good = {"artifactHash": base64.b64encode(hashlib.sha256(b"x").digest()).decode(), "hashAlgorithm": "sha256",
            "nonce": 123456789012345678901234567890, "certificates": True, "tsaPolicyOID": "1.3.6.1.4.1.57264.2"}
    rows = [(200, {}), (200, {"hashAlgorithm": "SHA256"}), (200, {"nonce": None}), (200, {"tsaPolicyOID": ""}),
            (200, {"more": 1}), (400, {"hashAlgorithm": "sha1"}), (400, {"hashAlgorithm": "md5"}),
            (400, {"hashAlgorithm": "sha512"}), (400, {"artifactHash": "!"}), (400, {"tsaPolicyOID": "1.2.3"}),
            (400, {"tsaPolicyOID": "x"}), (400, {"nonce": "1"}), (400, {"more": "x" * 1024}), (400, {"nonce": 1.5})]
    for wanted, change in rows:
        body = json.dumps({**good, **change}).encode()
        a, b = post(ours.url, body, "application/json"), post(authority, body, "application/json; charset=utf-8")
        assert (a[0], b[0]) == (wanted, wanted), (change, a, b)
        if wanted == 200:
            assert a[1] == b[1] == "application/timestamp-reply"
            for reply in (a[2], b[2]):
                (tmp_path / "reply").write_bytes(reply)
                text = run(["openssl", "ts", "-reply", "-in", "reply", "-text"]).stdout
                assert "Status: Granted." in text
                if "nonce" not in change:
                    assert f"Nonce: 0x0{good['nonce']:X}" in text, text
        else:  # which the peer calls a timestamp-reply too
            assert a[1] == "application/json"
            assert json.loads(a[2])["code"] == json.loads(b[2])["code"] == 400
    assert post(ours.url, b"{}", "text/plain")[0] == post(authority, b"{}", "text/plain")[0] == 415
    assert post(ours.url, b"{}", "multipart/form-data; boundary=application/json")[0] == 415
