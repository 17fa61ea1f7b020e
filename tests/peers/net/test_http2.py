"""Our client against Go's server, which speaks HTTP/2 with TLS, and our server asked by Go's client."""
import os
import shutil
import subprocess

import pytest

SERVER = """
package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"encoding/pem"
)

func main() {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s %q", r.Proto, r.Method, r.URL, r.Header.Get("X-Y"), body)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	block := &pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}
	os.WriteFile(os.Args[1], pem.EncodeToMemory(block), 0o644)
	fmt.Println(s.URL)
	io.Copy(io.Discard, os.Stdin)
}
"""

CLIENT = """
package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
)

func main() {
	var wg sync.WaitGroup
	for i := 0; i < 200; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			body := bytes.Repeat([]byte{'x'}, i*100)
			r, err := http.Post(fmt.Sprintf("%s/%d", os.Args[1], i), "text/plain", bytes.NewReader(body))
			if err != nil {
				fmt.Println(err)
				return
			}
			got, _ := io.ReadAll(r.Body)
			r.Body.Close()
			if r.StatusCode != 200 || !bytes.HasSuffix(got, append([]byte("\\n\\n"), body...)) {
				fmt.Println(i, r.Status)
			}
		}()
	}
	wg.Wait()
	fmt.Println("done")
}
"""


@pytest.fixture(scope="module")
def go_program(tmp_path_factory):
    go = shutil.which("go")
    if not go:
        pytest.skip("go is not installed; scripts/setup installs it")
    folder = tmp_path_factory.mktemp("go")

    def build(name, source):
        path = folder / name
        path.mkdir()
        (path / "main.go").write_text(source)
        (path / "go.mod").write_text(f"module {name}\n\ngo 1.22\n")
        subprocess.run([go, "build", "-o", "program", "."], cwd=path, check=True,
                       env={**os.environ, "GOFLAGS": "", "GOTOOLCHAIN": "local", "GOWORK": "off"})
        return path / "program"
    return build


def test_our_client_speaks_http2(tool, go_program, tmp_path):
    ca = tmp_path / "ca.pem"
    with subprocess.Popen([go_program("server", SERVER), ca], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:
        origin = peer.stdout.readline().strip()
        out = subprocess.run([tool("http_client"), "POST", f"{origin}/a?b=c", "--ca", ca, "--body", "hi", "--header", "X-Y=z",
                              "--times", "3"], capture_output=True, text=True, env={**os.environ, "no_proxy": "*"}).stdout
        peer.stdin.close()
    assert out.startswith("200\n") and out.endswith('HTTP/2.0 POST /a?b=c z "hi"'), out


def test_go_asks_our_server(tool, go_program):
    with subprocess.Popen([tool("http_server"), "127.0.0.1:0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as server:
        origin = server.stdout.readline().strip()
        out = subprocess.run([go_program("client", CLIENT), origin], capture_output=True, text=True, timeout=60,
                             env={**os.environ, "NO_PROXY": "*"}).stdout
        server.stdin.close()
        server.stdout.read()
    assert out == "done\n", out
