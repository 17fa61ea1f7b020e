"""That Go, git and cgo work in a sandbox, as root, where the tests run as root, and as an ordinary user."""
import shutil
import subprocess
from pathlib import Path

import pytest

from sandboxes import machine, tools

GO_TEST = r"""
package main

import (
	"net"
	"os"
	"os/exec"
	"sync"
	"testing"
)

func TestServer(t *testing.T) {
	for _, host := range []string{"127.0.0.1:0", "[::1]:0"} {
		s, err := net.Listen("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		go func() {
			for {
				c, err := s.Accept()
				if err != nil {
					return
				}
				c.Close()
			}
		}()
		var group sync.WaitGroup
		for i := 0; i < 10; i++ {
			group.Add(1)
			go func() {
				defer group.Done()
				if _, err := net.Dial("tcp", s.Addr().String()); err != nil {
					t.Error(err)
				}
			}()
		}
		group.Wait()
	}
	if all, err := net.Interfaces(); err != nil || len(all) != 1 {
		t.Error(all, err)
	}
}

func TestRefused(t *testing.T) {
	if _, err := net.Dial("tcp", "10.0.0.1:80"); err == nil {
		t.Error("the network can be reached")
	}
	if err := os.WriteFile("go.mod", nil, 0o644); err == nil {
		t.Error("a source can be changed")
	}
	if _, err := os.ReadDir("/root"); err == nil {
		t.Error("a home can be read")
	}
	if out, err := exec.Command("git", "--version").CombinedOutput(); err != nil {
		t.Error(string(out), err)
	}
}
"""


def go_options(machine, source, home):
    goroot = Path(subprocess.run(["go", "env", "GOROOT"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()).resolve()
    return ["--ro", f"{goroot}:/go", "--ro", f"{source}:/src", "--rw", f"{home}:/workspace", "--cwd", "/src",
            "--env", "PATH=/go/bin:/usr/bin:/bin", "--env", "HOME=/workspace", "--env", "GOROOT=/go", "--env", "GOFLAGS=-buildvcs=false",
            "--env", "GOPROXY=off", "--env", "GOENV=off", "--env", "GOTOOLCHAIN=local", "--env", "GOCACHE=/workspace/cache"]


def go_module(machine):
    if not shutil.which("go"):
        pytest.skip("go is not installed; scripts/setup installs it")
    source = machine.make_folder("source")
    (source / "go.mod").write_text("module example.org/x\n\ngo 1.21\n")
    (source / "main.go").write_text('package main\n\n// int one(void) { return 1; }\nimport "C"\n\n'
                                    'func main() { println("one:", C.one()) }\n')
    (source / "plain").mkdir()
    (source / "plain" / "plain.go").write_text('package main\n\nfunc main() { println("plain") }\n')
    (source / "plain" / "plain_test.go").write_text(GO_TEST)
    return source


def test_go_build(machine):
    """The Go toolchain builds over read-only sources, with nothing but what it was given."""
    source, home = go_module(machine), machine.make_folder("home")
    options = go_options(machine, source, home)
    machine.run(*options, "--env", "CGO_ENABLED=0", "--", "go", "build", "-trimpath", "-o", "/workspace/plain", "./plain",
                timeout=600)
    assert machine.run(*options, "--", "/workspace/plain").stderr == "plain\n"
    assert not (source / "plain" / "plain").exists()


@pytest.mark.slow
def test_go_race(machine):
    """Tests with the race detector and cgo, which need gcc, odd system calls and much address space."""
    if not shutil.which("gcc"):
        pytest.skip("gcc is not installed; scripts/setup installs it")
    source, home = go_module(machine), machine.make_folder("home")
    options = go_options(machine, source, home)
    machine.run(*options, "--", "go", "build", "-trimpath", "-o", "/workspace/one", ".", timeout=600)
    assert machine.run(*options, "--", "/workspace/one").stderr == "one: 1\n"
    assert machine.run(*options, "--", "go", "test", "-race", "./plain", timeout=600).stdout.startswith("ok")
    machine.run(*options, "--env", "CGO_ENABLED=0", "--", "go", "vet", "./plain", timeout=600)


def test_git(machine):
    if not shutil.which("git"):
        pytest.skip("git is not installed; scripts/setup installs it")
    work = machine.make_folder("work")
    out = machine.shell("git init -q . && echo x > x && git add x && git -c user.name=a -c user.email=a@b commit -qm one && "
                        "git log --format=%s && git clone -q . /tmp/clone && cat /tmp/clone/x && git status --porcelain",
                        "--rw", f"{work}:/w", "--cwd", "/w")
    assert out == "one\nx\n"
