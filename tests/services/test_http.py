"""Our HTTP server asked by other people's clients, and our client asking other people's servers."""
import base64
import contextlib
import http.client
import http.server
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest


@contextlib.contextmanager
def serving(tool, *options, address="127.0.0.1:0"):
    """Our server; gives its origin and, after it has ended, its log."""
    child = subprocess.Popen([tool("http_server"), address, *map(str, options)], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
    log = []
    origin = child.stdout.readline().strip()
    assert origin.startswith("http"), origin
    try:
        yield origin, log
    finally:
        # in this order, or a full pipe and a server that drains wait for each other
        reader = threading.Thread(target=lambda: log.extend(child.stdout.read().splitlines()))
        reader.start()
        child.stdin.close()
        assert child.wait(20) == 0
        reader.join()


def ask(tool, *words, env=None):
    done = subprocess.run([tool("http_client"), *map(str, words)], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **(env or {})})
    return done.stdout


@pytest.fixture
def curl():
    path = shutil.which("curl")
    if not path:
        pytest.skip("curl is not installed; scripts/setup --tests installs it")

    def run(*words):
        return subprocess.run([path, "-sS", "--noproxy", "*", *map(str, words)], capture_output=True, text=True, timeout=60)
    return run


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A certificate for 127.0.0.1 that is its own authority, and another that nobody knows."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed; scripts/setup --tests installs it")
    folder = tmp_path_factory.mktemp("keys")
    for name, alt in [("good", "IP:127.0.0.1,DNS:localhost"), ("other", "IP:127.0.0.1"), ("wrong", "DNS:elsewhere.example")]:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName={alt}", "-keyout",
                        folder / f"{name}.key", "-out", folder / f"{name}.pem"], check=True, capture_output=True)
    return folder


# --- our server ---

def test_curl(tool, curl, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(bytes(range(256)) * 8000)
    with serving(tool) as (origin, log):
        done = curl(f"{origin}/a%20b?c=d", "-H", "X-Y: z")
        assert done.stdout.startswith(f"GET {origin}/a%20b?c=d\n") and "X-Y: z\n" in done.stdout
        # with a body of 2 MB curl asks for a go-ahead first
        done = curl("-o", tmp_path / "out", "-w", "%{http_code}", "--data-binary", f"@{body}", f"{origin}/x")
        assert done.stdout == "200"
        assert (tmp_path / "out").read_bytes().endswith(body.read_bytes())
        done = curl("-o", tmp_path / "out", "-w", "%{http_code}", "-T", body, "-H", "Transfer-Encoding: chunked",
                    f"{origin}/x")
        assert done.stdout == "200"
        assert (tmp_path / "out").read_bytes().endswith(body.read_bytes())
        assert curl("-I", f"{origin}/bytes/12345").stdout.count("Content-Length: 12345") == 1
        assert curl("-i", "-X", "DELETE", f"{origin}/bytes/5").stdout.startswith("HTTP/1.1 405")
        done = curl("-i", f"{origin}/fail")
        assert done.stdout.startswith("HTTP/1.1 400") and '"reason":"tlog.index"' in done.stdout
        for status in [200, 204, 304, 404, 500]:
            assert curl("-o", "/dev/null", "-w", "%{http_code}", f"{origin}/status/{status}").stdout == str(status)
        assert curl("-o", "/dev/null", "-w", "%{http_code}", f"{origin}/status/999").stdout == "500"
        # one connection for many
        done = curl("-o", "/dev/null", "-w", "%{num_connects}", *[f"{origin}/status/204"] * 3)
        assert done.stdout == "100"
    assert "400 GET /fail tlog.index" in log and "500 GET /status/999 bug" in log


def test_http_client(tool):
    with serving(tool) as (origin, _):
        connection = http.client.HTTPConnection(origin.removeprefix("http://"), timeout=10)
        for i in range(50):
            connection.request("POST", f"/{i}", body=b"x" * i, headers={"Content-Type": "text/plain"})
            answer = connection.getresponse()
            assert answer.status == 200 and answer.read().endswith(b"\n\n" + b"x" * i)
        connection.request("PUT", "/chunks", body=iter([b"ab", b"cd"]), encode_chunked=True,
                           headers={"Transfer-Encoding": "chunked"})
        assert connection.getresponse().read().endswith(b"\n\nabcd")
        connection.request("GET", "/bytes/3000000")
        assert len(connection.getresponse().read()) == 3000000
        connection.close()
        # two requests in one packet are answered one after the other
        with socket.create_connection(("127.0.0.1", connection.port), 10) as raw:
            raw.sendall(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            got = b""
            while piece := raw.recv(65536):
                got += piece
        assert got.count(b"HTTP/1.1 200") == 2 and got.index(b"GET http://a/1") < got.index(b"GET http://a/2")


def test_ipv6(tool, curl):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"no IPv6 loopback: {error}")
    with serving(tool, address="[::1]:0") as (origin, _):
        assert curl("-g", f"{origin}/").stdout.startswith(f"GET {origin}/\n")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls(tool, curl, keys):
    with serving(tool, "--cert", keys / "good.pem", "--key", keys / "good.key") as (origin, _):
        assert origin.startswith("https://")
        assert curl("--cacert", keys / "good.pem", f"{origin}/x").stdout.startswith(f"GET {origin}/x\n")
        assert ask(tool, "GET", f"{origin}/x", "--ca", keys / "good.pem").startswith("200\n")
        assert ask(tool, "GET", f"{origin}/x", env={"SSL_CERT_FILE": str(keys / "good.pem")}).startswith("200\n")
        folder = keys / "folder"
        folder.mkdir()
        shutil.copy(keys / "good.pem", folder)
        assert ask(tool, "GET", f"{origin}/x", env={"SSL_CERT_DIR": str(folder)}).startswith("failed net.tls")
        subprocess.run(["openssl", "rehash", folder], check=True, capture_output=True)
        assert ask(tool, "GET", f"{origin}/x", env={"SSL_CERT_DIR": f"/nowhere:{folder}"}).startswith("200\n")
        for words in [(), ("--ca", keys / "other.pem")]:
            assert ask(tool, "GET", f"{origin}/x", *words).startswith("failed net.tls: GET https://127.0.0.1:")
        # versions that are not served any more
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        host, port = origin.removeprefix("https://").split(":")
        with pytest.raises(ssl.SSLError), socket.create_connection((host, int(port)), 10) as raw:
            context.wrap_socket(raw)
        # no TLS at all
        assert ask(tool, "GET", f"http://{host}:{port}/", "--attempts", 1).startswith("failed net.broken")
    with serving(tool, "--cert", keys / "wrong.pem", "--key", keys / "wrong.key") as (origin, _):
        assert ask(tool, "GET", origin, "--ca", keys / "wrong.pem").startswith("failed net.tls")
    done = subprocess.run([tool("http_server"), "127.0.0.1:0", "--cert", keys / "good.pem", "--key", keys / "other.key"],
                          capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL)
    assert done.stdout.startswith("failed net.key"), done.stdout


def test_slow_loris(tool, curl):
    """Many clients that trickle take no place for longer than their time, and others are served meanwhile."""
    with serving(tool, "--timeout", 1000) as (origin, _):
        port = int(origin.rsplit(":", 1)[1])
        slow = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(100)]
        for raw in slow:
            raw.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
        begin = time.monotonic()
        open_ones = list(slow)
        while open_ones and time.monotonic() - begin < 10:
            assert curl("-o", "/dev/null", "-w", "%{http_code}", f"{origin}/").stdout == "200"
            time.sleep(0.2)
            for raw in list(open_ones):
                try:
                    raw.sendall(b"X: y\r\n")
                    raw.setblocking(False)
                    closed = raw.recv(100) == b""
                except BlockingIOError:
                    closed = False
                except OSError:
                    closed = True
                raw.setblocking(True)
                if closed:
                    open_ones.remove(raw)
        assert not open_ones and time.monotonic() - begin < 5
        for raw in slow:
            raw.close()


def test_connection_limits(tool, curl):
    """Connections over the limit wait or are closed; when there is room again, all is well."""
    for options in [("--max-connections", 4), ("--each", 4)]:
        with serving(tool, *options, "--timeout", 20000) as (origin, _):
            port = int(origin.rsplit(":", 1)[1])
            held = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(20)]
            for raw in held:
                with contextlib.suppress(OSError):
                    raw.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(0.3)
            answered = 0
            for raw in held:
                raw.settimeout(0.05)
                try:
                    answered += raw.recv(1000).startswith(b"HTTP/1.1 200")
                except OSError:
                    pass
            assert 1 <= answered <= 4
            for raw in held:
                raw.close()
            time.sleep(0.3)
            assert curl("-o", "/dev/null", "-w", "%{http_code}", f"{origin}/").stdout == "200"


def test_random_bytes(tool, curl):
    """Whatever bytes come, the server stays, and answers the next."""
    import random
    rng = random.Random(4711)
    seeds = [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
             b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"]
    with serving(tool, "--timeout", 2000) as (origin, _):
        port = int(origin.rsplit(":", 1)[1])
        for _ in range(400):
            data = bytearray(rng.choice(seeds))
            for _ in range(rng.randrange(1, 6)):
                at = rng.randrange(len(data))
                data[at:at + rng.randrange(3)] = rng.randbytes(rng.randrange(3)) or rng.choice([b"\r", b"\n", b":", b" "])
            with socket.create_connection(("127.0.0.1", port), 10) as raw, contextlib.suppress(OSError):
                raw.sendall(data)
                raw.shutdown(socket.SHUT_WR)
                raw.settimeout(5)
                raw.recv(65536)
        assert curl("-o", "/dev/null", "-w", "%{http_code}", f"{origin}/").stdout == "200"


# --- our client ---

class Peer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = []

    def log_message(self, *args):
        pass

    def do_GET(self):
        Peer.seen.append((self.command, self.path, dict(self.headers)))
        if self.path.startswith("http://"):
            return self.say(200, b"by the proxy")
        if self.path.startswith("/to/"):
            return self.say(302, b"", Location=base64.urlsafe_b64decode(self.path[4:]).decode())
        return self.say(200, b"plain")

    do_POST = do_GET

    def do_CONNECT(self):
        Peer.seen.append((self.command, self.path, dict(self.headers)))
        self.send_error(403)

    def say(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def peer():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Peer)
    Peer.seen = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_proxies(tool, peer):
    """The environment's proxies are asked, and no_proxy is held."""
    assert ask(tool, "GET", "http://log.example/x", env={"http_proxy": peer, "no_proxy": ""}).endswith("by the proxy")
    assert Peer.seen[-1][1] == "http://log.example/x"
    out = ask(tool, "GET", "https://log.example/x", "--attempts", 1, env={"https_proxy": peer, "no_proxy": ""})
    assert out.startswith("failed net.") and Peer.seen[-1][:2] == ("CONNECT", "log.example:443"), out
    assert ask(tool, "GET", f"{peer}/x", env={"http_proxy": "http://127.0.0.1:1", "no_proxy": "127.0.0.1"}).endswith("plain")
    out = ask(tool, "GET", "http://log.example/x", "--attempts", 1, env={"http_proxy": "http://127.0.0.1:1", "no_proxy": ""})
    assert out.startswith("failed net.connect") or out.startswith("failed net.proxy")


def test_redirects(tool, peer):
    def to(url):
        return f"{peer}/to/" + base64.urlsafe_b64encode(url.encode()).decode()

    env = {"no_proxy": "*"}
    token = ("--header", "Authorization=Bearer x")
    assert ask(tool, "GET", to("/x"), *token, env=env).endswith("plain")
    assert Peer.seen[-1][2]["Authorization"] == "Bearer x"
    other = peer.replace("127.0.0.1", "localhost") + "/x"
    assert ask(tool, "GET", to(other), env=env).startswith("failed http.redirect")
    assert ask(tool, "GET", to(other), "--redirects", "any", *token, env=env).endswith("plain")
    assert "Authorization" not in Peer.seen[-1][2]
    assert ask(tool, "GET", to("file:///etc/passwd"), "--redirects", "any", env=env).startswith("failed http.redirect")
    assert ask(tool, "GET", to("/x"), "--redirects", "never", env=env).startswith("302\n")


def test_connections_are_kept(tool):
    """Twenty questions on one connection: the server sees one client port."""
    ports = set()

    class Kept(Peer):
        def do_GET(self):
            ports.add(self.client_address[1])
            self.say(200, b"x")

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Kept)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    ask(tool, "GET", f"http://127.0.0.1:{server.server_port}/", "--times", 20, env={"no_proxy": "*"})
    server.shutdown()
    thread.join()
    server.server_close()
    assert len(ports) == 1
