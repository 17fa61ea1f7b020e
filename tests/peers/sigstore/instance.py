"""A Sigstore instance of the peers' own programs on loopback: Fulcio, Rekor (rekor-tiles), timestamp-server.

Beside them stand what they need and no peer brings as a small program: an OIDC issuer that hands out tokens, and a
certificate transparency log that promises every precertificate it is sent.
"""
import base64
import hashlib
import http.server
import json
import os
import struct
import subprocess
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

from servers import free_port, wait_for

IDENTITY = "somebody@example.com"
POISON = bytes.fromhex("060a2b06010401d679020403")
START = "2020-01-01T00:00:00Z"


def b64(data):
    return base64.b64encode(data).decode()


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def spki(key):
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def private_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def der_read(data, at=0):
    """(tag, begin of the content, end) of what begins at a place."""
    length, begin = data[at + 1], at + 2
    if length & 0x80:
        begin += length & 0x7F
        length = int.from_bytes(data[at + 2:begin], "big")
    return data[at], begin, begin + length


def der(tag, content):
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def without_poison(tbs):
    """RFC 6962, 3.2: the TBSCertificate of a precertificate without its poison."""
    _, at, end = der_read(tbs)
    parts = []
    while at < end:
        tag, begin, stop = der_read(tbs, at)
        part = tbs[at:stop]
        if tag == 0xA3:
            _, inner, inner_end = der_read(tbs, begin)
            kept = b""
            while inner < inner_end:
                _, _, ext_end = der_read(tbs, inner)
                if POISON not in tbs[inner:ext_end]:
                    kept += tbs[inner:ext_end]
                inner = ext_end
            part = der(0xA3, der(0x30, kept))
        parts.append(part)
        at = stop
    return der(0x30, b"".join(parts))


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_args):
        pass

    def answer(self, document):
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Issuer(Handler):
    def do_GET(self):
        issuer, numbers = self.server.url, self.server.key.public_key().public_numbers()
        if self.path == "/.well-known/openid-configuration":
            return self.answer({"issuer": issuer, "jwks_uri": issuer + "/keys", "authorization_endpoint": issuer + "/auth",
                                "token_endpoint": issuer + "/token", "response_types_supported": ["id_token"],
                                "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"]})
        return self.answer({"keys": [{"kty": "EC", "crv": "P-256", "kid": "1", "alg": "ES256", "use": "sig",
                                      "x": b64url(numbers.x.to_bytes(32, "big")),
                                      "y": b64url(numbers.y.to_bytes(32, "big"))}]})


class CtLog(Handler):
    def do_POST(self):
        chain = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["chain"]
        precert, issuer = (x509.load_der_x509_certificate(base64.b64decode(c)) for c in chain[:2])
        issuer_key = issuer.public_key().public_bytes(serialization.Encoding.DER,
                                                      serialization.PublicFormat.SubjectPublicKeyInfo)
        tbs, now_ms = without_poison(precert.tbs_certificate_bytes), int(time.time() * 1000)
        signed = (struct.pack(">BBQH", 0, 0, now_ms, 1) + hashlib.sha256(issuer_key).digest() +
                  struct.pack(">I", len(tbs))[1:] + tbs + struct.pack(">H", 0))
        signature = self.server.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        self.answer({"sct_version": 0, "id": b64(hashlib.sha256(spki(self.server.key)).digest()), "timestamp": now_ms,
                     "extensions": "", "signature": b64(struct.pack(">BBH", 4, 3, len(signature)) + signature)})


def start_server(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.key = ec.generate_private_key(ec.SECP256R1())
    server.url = f"http://localhost:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Instance:
    def __init__(self, need_peer, folder):
        self.folder, self.processes = folder, []
        self.programs = [need_peer(name) for name in ["posix", "timestamp-server", "fulcio"]]
        self.issuer, self.ct = start_server(Issuer), start_server(CtLog)
        self.log_key = ed25519.Ed25519PrivateKey.generate()

    def start_all(self):
        for start, program in zip([self.start_log, self.start_tsa, self.start_ca], self.programs):
            start(program)
        self.write_documents()

    def start(self, name, command, url):
        log = self.folder / f"{name}.log"
        with log.open("wb") as out:
            process = subprocess.Popen([str(word) for word in command], stdout=out, stderr=out, cwd=self.folder,
                                       env={**os.environ, "HOME": str(self.folder)})
        self.processes.append(process)
        return wait_for(url, process, log, any_status=True)

    def start_log(self, program):
        port = free_port()
        (self.folder / "log.key").write_bytes(private_pem(self.log_key))
        self.log_url = f"http://127.0.0.1:{port}"
        self.start("log", [program, "serve", "--http-port", port, "--grpc-port", free_port(), "--http-metrics-port",
                           free_port(), "--hostname", "log.test", "--storage-dir", self.folder / "tiles",
                           "--signer-filepath", self.folder / "log.key", "--checkpoint-interval", "1s"],
                   self.log_url + "/healthz")

    def start_tsa(self, program):
        port = free_port()
        self.tsa_url = f"http://127.0.0.1:{port}/api/v1/timestamp"
        chain = self.start("tsa", [program, "serve", "--host", "127.0.0.1", "--port", port, "--timestamp-signer",
                                   "memory", "--disable-ntp-monitoring"], self.tsa_url + "/certchain")
        self.tsa_chain = x509.load_pem_x509_certificates(chain)

    def start_ca(self, program):
        port = free_port()
        self.ca_url = f"http://127.0.0.1:{port}"
        (self.folder / "fulcio.json").write_text(json.dumps({"OIDCIssuers": {self.issuer.url: {
            "IssuerURL": self.issuer.url, "ClientID": "sigstore", "Type": "email"}}}))
        bundle = self.start("ca", [program, "serve", "--ca", "ephemeralca", "--host", "127.0.0.1", "--port", port,
                                   "--grpc-host", "127.0.0.1", "--grpc-port", free_port(), "--metrics-port", free_port(),
                                   "--legacy-unix-domain-socket", self.folder / "fulcio.sock", "--config-path",
                                   self.folder / "fulcio.json", "--ct-log-url", self.ct.url],
                            self.ca_url + "/api/v2/trustBundle")
        self.ca_chain = [x509.load_pem_x509_certificate(pem.encode())
                         for pem in json.loads(bundle)["chains"][0]["certificates"]]

    def token(self, email=IDENTITY):
        now = int(time.time())
        claims = {"iss": self.issuer.url, "aud": "sigstore", "sub": "17", "email": email, "email_verified": True,
                  "iat": now, "nbf": now, "exp": now + 600}
        text = b64url(b'{"alg":"ES256","typ":"JWT","kid":"1"}') + "." + b64url(json.dumps(claims).encode())
        r, s = utils.decode_dss_signature(self.issuer.key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return text + "." + b64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def write_documents(self):
        def log(url, key, details, log_id):
            return {"baseUrl": url, "hashAlgorithm": "SHA2_256", "logId": {"keyId": b64(log_id)},
                    "publicKey": {"rawBytes": b64(spki(key)), "keyDetails": details, "validFor": {"start": START}}}

        def authority(url, chain):
            return {"subject": {"organization": "test", "commonName": "test"}, "uri": url, "validFor": {"start": START},
                    "certChain": {"certificates": [{"rawBytes": b64(c.public_bytes(serialization.Encoding.DER))}
                                                   for c in chain]}}

        def service(url, version):
            return [{"url": url, "majorApiVersion": version, "validFor": {"start": START}, "operator": "test"}]

        raw = self.log_key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        root = {"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [log("https://log.test", self.log_key, "PKIX_ED25519",
                              hashlib.sha256(b"log.test\n\x01" + raw).digest())],
                "certificateAuthorities": [authority(self.ca_url, self.ca_chain)],
                "ctlogs": [log("https://ct.test", self.ct.key, "PKIX_ECDSA_P256_SHA_256",
                               hashlib.sha256(spki(self.ct.key)).digest())],
                "timestampAuthorities": [authority(self.tsa_url, self.tsa_chain)]}
        config = {"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
                  "caUrls": service(self.ca_url, 1), "oidcUrls": service(self.issuer.url, 1),
                  "rekorTlogUrls": service(self.log_url, 2), "rekorTlogConfig": {"selector": "ANY"},
                  "tsaUrls": service(self.tsa_url, 1), "tsaConfig": {"selector": "ANY"}}
        self.root, self.config, self.trust_config = (self.folder / f"{name}.json" for name in
                                                     ("trusted_root", "signing_config", "trust_config"))
        self.root.write_text(json.dumps(root))
        self.config.write_text(json.dumps(config))
        self.trust_config.write_text(json.dumps({
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json", "trustedRoot": root,
            "signingConfig": config}))

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(30)
        self.issuer.shutdown()
        self.ct.shutdown()
