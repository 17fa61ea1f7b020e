"""sandbox_tool as a user runs it: what the tests of the sandbox share."""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from hmtest import program_path

NOBODY = 65534
USERS = ["root", "user"] if os.geteuid() == 0 else ["user"]
SECRET = "a-token-that-nobody-inside-may-see"


class Machine:
    """Runs sandbox_tool as one of the users."""

    def __init__(self, kind, folder):
        self.kind = kind
        self.folder = folder
        self.prefix = []
        if kind == "user" and os.geteuid() == 0:
            self.prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]

    def command(self, *words):
        return [*self.prefix, str(self.folder / "sandbox_tool"), *map(str, words)]

    def run(self, *words, check=0, env=None, input=None, timeout=60):
        done = subprocess.run(self.command(*words), input=input, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=timeout, check=False, env=env, cwd="/")
        if check is not None and done.returncode != check:
            pytest.fail(f"{words}: exit {done.returncode}, not {check}\n{done.stdout}\n{done.stderr}", pytrace=False)
        return done

    def shell(self, line, *options, **more):
        """The output of a shell's line in a sandbox."""
        return self.run(*options, "--", "sh", "-c", line, **more).stdout

    def start(self, *words, stdin=subprocess.DEVNULL, **more):
        return subprocess.Popen(self.command(*words), stdin=stdin, cwd="/", **more)

    def attack(self, *attempts, options=()):
        """The answer to each attempt."""
        out = self.run("--ro", f"{self.folder}/sandbox_attack:/tools/attack", *options, "--", "/tools/attack",
                       *attempts).stdout
        return dict(line.rsplit(" ", 1) for line in out.splitlines())

    def make_folder(self, name):
        """A folder that belongs to the user."""
        path = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))
        path.chmod(0o755)
        self.own(path)
        return path

    def own(self, path):
        if self.prefix:
            os.chown(path, NOBODY, NOBODY)


@pytest.fixture(scope="module")
def tools():
    """A copy of the tools where an ordinary user finds them."""
    folder = Path(tempfile.mkdtemp(prefix="hallmark-test-", dir="/tmp")).resolve()
    folder.chmod(0o755)
    for name in ["sandbox_tool", "sandbox_attack"]:
        path = program_path(name)
        if path is None:
            pytest.skip(f"{name} is not in the build folder: build first, or set HM_BUILD")
        shutil.copy(path, folder / name)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module", params=USERS)
def machine(request, tools):
    m = Machine(request.param, tools)
    probe = m.run("--probe", check=None)
    if probe.returncode != 0:
        pytest.skip("this machine refuses sandboxes: " + probe.stdout.splitlines()[-1])
    return m
