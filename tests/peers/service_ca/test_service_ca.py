"""service/ca beside its peers: Go's certificate-transparency library, OpenSSL, and Fulcio itself."""
import base64
import json
import re
import subprocess
import urllib.error
import urllib.request

import pytest

from servers import free_port, wait_for

SCT, SKI, AKI, POISON = "1.3.6.1.4.1.11129.2.4.2", "2.5.29.14", "2.5.29.35", "1.3.6.1.4.1.11129.2.4.3"


def ask(origin, path, body=None):
    """(status, answer) of a question; a body makes it a POST."""
    request = urllib.request.Request(origin + path, data=None if body is None else body.encode())
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


@pytest.fixture
def key(run, tmp_path):
    """A key of the test's own: (public key in PEM, proof over text)."""
    run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "key.pem"])
    public = run(["openssl", "pkey", "-in", "key.pem", "-pubout"]).stdout

    def prove(text):
        (tmp_path / "challenge").write_text(text)
        run(["openssl", "dgst", "-sha256", "-sign", "key.pem", "-out", "proof", "challenge"])
        return base64.b64encode((tmp_path / "proof").read_bytes()).decode()
    return public, prove


@pytest.fixture
def request_body(key):
    public, prove = key

    def make(token, challenge="local-run@hallmark.localhost", public=public, proof=None):
        return json.dumps({"credentials": {"oidcIdentityToken": token},
                           "publicKeyRequest": {"publicKey": {"algorithm": "ECDSA", "content": public},
                                                "proofOfPossession": prove(challenge) if proof is None else proof}})
    return make


def test_promise_is_kept(go_program, run, local_server, request_body, tmp_path):
    """Go's library accepts the promise, and the log has the entry: at 1, around a full tile, and on the way."""
    judge, server = go_program("service_ca"), local_server()
    root = json.loads(server.trusted_root.read_text())
    (tmp_path / "ct.der").write_bytes(base64.b64decode(root["ctlogs"][0]["publicKey"]["rawBytes"]))
    body, seen = request_body(server.token().read_text()), {1, 2, 3, 255, 256, 257, 258, 300}
    for number in range(1, max(seen) + 1):
        status, answer = ask(server.origin, "/api/v2/signingCert", body)
        assert status == 200, answer
        if number == 1:
            first = answer
        if number in seen:
            for chain, index in [(answer, number - 1), (first, 0)]:
                leaf, issuer, _ = chain["signedCertificateEmbeddedSct"]["chain"]["certificates"]
                (tmp_path / "leaf.pem").write_text(leaf)
                (tmp_path / "issuer.pem").write_text(issuer)
                done = run([judge, "leaf.pem", "issuer.pem", "ct.der", server.origin])
                assert done.stdout == f"entry {index} of {number}\n"
    tiles = sorted(str(p.relative_to(server.state / "ca/ct")) for p in (server.state / "ca/ct/tile").rglob("*")
                   if p.is_file())
    assert tiles == ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44"]


def test_openssl_accepts(run, local_server, request_body, tmp_path):
    server = local_server()
    _, answer = ask(server.origin, "/api/v2/signingCert", request_body(server.token().read_text()))
    for name, text in zip(["leaf", "issuer", "root"], answer["signedCertificateEmbeddedSct"]["chain"]["certificates"]):
        (tmp_path / f"{name}.pem").write_text(text)
    done = run(["openssl", "verify", "-x509_strict", "-purpose", "any", "-CAfile", "root.pem", "-untrusted", "issuer.pem",
                "leaf.pem"])
    assert done.stdout == "leaf.pem: OK\n"
    text = run(["openssl", "x509", "-in", "leaf.pem", "-noout", "-text"]).stdout
    assert "CT Precertificate SCTs" in text and "email:local-run@hallmark.localhost" in text
    assert re.search(r"Subject: *\n", text)
    run(["openssl", "verify", "-CAfile", "issuer.pem", "leaf.pem", "-partial_chain"], check=2)


# --- beside Fulcio ---

@pytest.fixture
def fulcio(need_peer, tmp_path):
    """fulcio(issuer): Fulcio with a CA of its own that trusts that issuer; its origin."""
    path, running = need_peer("fulcio"), []

    def start(issuer):
        (tmp_path / "fulcio.yaml").write_text(f"oidc-issuers:\n  {issuer}:\n    issuer-url: {issuer}\n"
                                              "    client-id: sigstore\n    type: email\n")
        port = free_port()
        command = [path, "serve", "--host", "127.0.0.1", "--port", port, "--grpc-host", "127.0.0.1", "--grpc-port",
                   free_port(), "--legacy-unix-domain-socket", tmp_path / "fulcio.sock", "--ca", "ephemeralca",
                   "--ct-log-url", "", "--config-path", tmp_path / "fulcio.yaml", "--metrics-port", free_port()]
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL,
                                   stderr=(tmp_path / "fulcio.log").open("w"))
        running.append(process)
        origin = f"http://127.0.0.1:{port}"
        wait_for(origin + "/healthz", process, tmp_path / "fulcio.log")
        return origin
    yield start
    for process in running:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def both(local_server, fulcio):
    """Our CA and Fulcio with the same issuer, ours: (server, Fulcio's origin)."""
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    server = local_server("fulcio", port, issuer)
    return server, fulcio(issuer)


def extensions(run, tmp_path, pem):
    """[(OID, critical, value in hexadecimal)] of a certificate, in its order, read by OpenSSL."""
    (tmp_path / "cert.pem").write_text(pem)
    lines = run(["openssl", "asn1parse", "-in", "cert.pem", "-oid", "/dev/null"]).stdout.splitlines()
    numbers, found = {}, []
    for short, oid in [("X509v3 Key Usage", "2.5.29.15"), ("X509v3 Extended Key Usage", "2.5.29.37"),
                       ("X509v3 Subject Key Identifier", SKI), ("X509v3 Authority Key Identifier", AKI),
                       ("X509v3 Subject Alternative Name", "2.5.29.17"), ("CT Precertificate SCTs", SCT)]:
        numbers[short] = oid
    start = next(i for i, line in enumerate(lines) if "cont [ 3 ]" in line)
    for line in lines[start + 2:]:
        if re.search(r"d=2 ", line) or re.search(r"d=1 ", line):
            break
        name, _, value = line.partition("prim: ")[2].partition(":")
        if name.startswith("OBJECT"):
            found.append([numbers.get(value, value), False, None])
        elif name.startswith("BOOLEAN"):
            found[-1][1] = True
        elif name.startswith("OCTET STRING"):
            found[-1][2] = value.replace("[HEX DUMP]:", "")
    return [tuple(one) for one in found]


def test_same_certificate(run, both, request_body, tmp_path):
    """For one token and key, ours and Fulcio's certificates differ in ids of their CA's keys and the promise alone."""
    server, fulcio_origin = both
    body = request_body(server.token().read_text())
    status, ours = ask(server.origin, "/api/v2/signingCert", body)
    assert status == 200, ours
    status, theirs = ask(fulcio_origin, "/api/v2/signingCert", body)
    assert status == 200, theirs
    ours = ours["signedCertificateEmbeddedSct"]["chain"]["certificates"][0]
    theirs = theirs["signedCertificateDetachedSct"]["chain"]["certificates"][0]
    our_list, their_list = extensions(run, tmp_path, ours), extensions(run, tmp_path, theirs)
    assert [e[:2] for e in our_list if e[0] != SCT] == [e[:2] for e in their_list]
    assert our_list[-1][0] == SCT and our_list[-1][1] is False
    differ = {a[0] for a in our_list for b in their_list if a[0] == b[0] and a != b}
    assert differ <= {SKI, AKI}, (our_list, their_list)
    assert len(their_list) >= 8
    for field in ["-subject", "-dates", "-pubkey"]:
        texts = []
        for pem in [ours, theirs]:
            (tmp_path / "cert.pem").write_text(pem)
            texts.append(run(["openssl", "x509", "-in", "cert.pem", "-noout", field]).stdout)
        if field != "-dates":
            assert texts[0] == texts[1]
    assert ask(server.origin, "/api/v2/configuration") == ask(fulcio_origin, "/api/v2/configuration")


def test_same_refusals(both, request_body, run, tmp_path):
    """The same wrong questions have the same status, code and message."""
    server, fulcio_origin = both
    token = server.token().read_text()
    run(["openssl", "genrsa", "-out", "weak.pem", "1024"])
    weak = run(["openssl", "pkey", "-in", "weak.pem", "-pubout"]).stdout
    csr = lambda text: json.dumps({"credentials": {"oidcIdentityToken": token},
                                   "certificateSigningRequest": base64.b64encode(text.encode()).decode()})
    rows = [("POST", "{}"), ("POST", request_body("x")), ("POST", request_body("x.y.z")),
            ("POST", request_body(token[:-8] + "AAAAAAAA")), ("POST", request_body(token, "someone@else.test")),
            ("POST", request_body(token, proof="")), ("POST", request_body(token, public="")),
            ("POST", request_body(token, public="x")), ("POST", request_body(token, public=weak)), ("POST", csr("x")),
            ("GET", None)]
    for method, body in rows:
        our_status, ours = ask(server.origin, "/api/v2/signingCert", body)
        their_status, theirs = ask(fulcio_origin, "/api/v2/signingCert", body)
        assert (our_status, ours["code"], ours["message"]) == (their_status, theirs["code"], theirs["message"]), body
    # what protobuf's reader says is its own; that it refuses is not
    for body in ["", "{", "[]", '{"credentials":[]}', '{"publicKeyRequest":{},"certificateSigningRequest":"YQ=="}']:
        our_status, ours = ask(server.origin, "/api/v2/signingCert", body)
        their_status, theirs = ask(fulcio_origin, "/api/v2/signingCert", body)
        assert (our_status, ours["code"]) == (their_status, theirs["code"]), (body, ours, theirs)
