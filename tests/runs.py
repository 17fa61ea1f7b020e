"""`hallmark run` in folders that tests make: a module to run it on, its surroundings, and what came out."""
import base64
import hashlib
import json
import os
import subprocess
from pathlib import Path

from hmtest import TOP, clean_environment

# A whole program whose tests cover all of it, with nothing but println to compile.
APP = {
    "go.mod": "module example.com/app\n\ngo 1.24\n",
    "main.go": "package main\n\nfunc main() { println(answer()) }\n\nfunc answer() int { return 42 }\n",
    "main_test.go": 'package main\n\nimport "testing"\n\nfunc TestMain42(t *testing.T) {\n\tmain()\n'
                    "\tif answer() != 42 {\n\t\tt.Fatal(answer())\n\t}\n}\n",
}
ONE = ["--platform", "linux/amd64"]


def write_files(folder, files):
    for name, text in files.items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def git(folder, *args, **env):
    """git without the machine's settings, as somebody who is nobody."""
    words = ["git", "-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main", *args]
    done = subprocess.run([str(w) for w in words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_GLOBAL": "/dev/null",
                               "GIT_CONFIG_NOSYSTEM": "1", **env}, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout.strip()


def without_network(command):
    """The command in a network namespace without interfaces, and whether one can be had here."""
    words = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    return words + [str(w) for w in command]


class Module:
    """A folder with a Go module, and a home of its own in which `hallmark run` works on it."""

    def __init__(self, hallmark, folder, base, caches, go_env):
        """base: a folder for home, state and cache; caches: build caches that the whole session has, or None."""
        self.hallmark, self.folder = hallmark, Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.env = {**clean_environment(base), **{k: v for k, v in go_env.items() if v and k != "GOCACHE"}}
        self.cache = Path(self.env["XDG_CACHE_HOME"]) / "hallmark"
        self.state = Path(self.env["XDG_STATE_HOME"]) / "hallmark"
        self.caches, self.own_modules = caches, False

    def key(self):
        """What the module's test cache is called."""
        return hashlib.sha256(f"{self.folder.resolve()}\0".encode()).hexdigest()[:32]

    def share(self):
        """Let it use the session's caches: each module has a test cache of its own, which would begin empty."""
        if not self.caches:
            return
        for name in ["build", f"test/{self.key()}", *([] if self.own_modules else ["mod"])]:
            shared, link = self.caches / name.split("/")[0], self.cache / name
            shared.mkdir(parents=True, exist_ok=True)
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.is_symlink():
                link.symlink_to(shared)

    def command(self, *args):
        return [str(self.hallmark), "run", *[str(a) for a in args]]

    def start(self, *args, command=None, env=None, cwd=None, **kwargs):
        """The running process, in a session of its own, as a terminal's foreground job is a group of its own."""
        self.share()
        return subprocess.Popen(command or self.command(*args), cwd=cwd or self.folder, env={**self.env, **(env or {})},
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                start_new_session=True, **kwargs)

    def run(self, *args, check=0, **kwargs):
        process = self.start(*args, **kwargs)
        out, err = process.communicate(timeout=1500)
        if check is not None:
            assert process.returncode == check, f"exit {process.returncode}, not {check}\n{out}\n{err}"
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def out(self, name="app"):
        return self.folder / ".hallmark" / "out" / name

    def summary(self, name="app"):
        return json.loads((self.out(name) / "summary.json").read_text())

    def provenance(self, name="app"):
        bundle = json.loads((self.out(name) / "provenance.sigstore.json").read_text())
        return json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))

    def source(self, name="app"):
        """What the provenance says of the source."""
        return self.provenance(name)["predicate"]["buildDefinition"]["resolvedDependencies"][0]

    def index_digest(self, name="app"):
        return [a["sha256"] for a in self.summary(name)["artifacts"] if a["name"] == "image"][0]

    def leftovers(self):
        return sorted(p.name for p in (self.folder / ".hallmark").glob("run-*"))


def tree(folder):
    """Every file below a folder and its digest."""
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(Path(folder).rglob("*")) if p.is_file() and not p.is_symlink()}


def children():
    """The processes whose parent this one is: state and name."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = path.read_text().split(" (", 1)[1].rsplit(") ", 1)
        except OSError:
            continue
        if rest.split()[1] == str(os.getpid()):
            found[int(path.parent.name)] = f"{rest.split()[0]} {name}"
    return found


def mounts(folder):
    """Mounts below a folder that this process sees."""
    return [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(folder) in line]


HELLO = TOP / "examples" / "hello"
