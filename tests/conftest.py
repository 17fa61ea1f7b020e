"""What all pytest tests share: the program that is tested, a home of its own, and the peers' programs."""
import ctypes
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from hmtest import GO_KEPT, TOP, build_folder, clean_environment, program_path
from runs import APP, HELLO, Module, children, write_files
from servers import free_port, wait_for


# A script in the background has SIGINT ignored, one below nohup SIGHUP, and so would each program that is started here.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the tests that are marked slow too")
    parser.addoption("--rewrite", action="store_true", help="write what came into golden files where it differs")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--slow"):
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="runs over a minute; scripts/test --all runs it"))


@pytest.fixture(scope="session")
def hm_build():
    """The build folder."""
    return build_folder()


@pytest.fixture(scope="session")
def hallmark():
    """The path of the program that is tested."""
    path = program_path()
    if path is None:
        pytest.skip("the program hallmark is not in the build folder: build first, or set HM_BUILD")
    return path


@pytest.fixture(scope="session")
def go_program(go_env, tmp_path_factory):
    """go_program("tlog"): the Go program in tests/peers/tlog/go, built once. Go's own caches are the caller's."""
    built = {}

    def build(name):
        if name not in built:
            folder, path = TOP / "tests" / "peers" / name / "go", tmp_path_factory.mktemp("go") / name
            env = {**clean_environment(path.parent), **{k: v for k, v in go_env.items() if v}, "GOFLAGS": "-mod=readonly"}
            done = subprocess.run(["go", "build", "-o", str(path), "."], cwd=folder, env=env, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, check=False)
            assert done.returncode == 0, done.stdout
            built[name] = path
        return built[name]
    return build


@pytest.fixture
def home(tmp_path):
    """An empty home folder."""
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture
def env(home):
    """An environment for programs under test, to be added to; see clean_environment()."""
    return clean_environment(home)


@pytest.fixture(scope="session")
def go_env():
    """What the go command needs to find its caches and proxy as the caller has them."""
    if not shutil.which("go"):
        pytest.skip("go is not installed; scripts/setup installs it")
    lines = subprocess.run(["go", "env", *GO_KEPT], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    return dict(zip(GO_KEPT, lines))


@pytest.fixture
def app(tmp_path):
    """A file to be signed."""
    path = tmp_path / "app"
    path.write_bytes(b"hello\n" * 1000)
    return path


@pytest.fixture
def run(env, tmp_path):
    """run([...], env=…, cwd=…, input=…, check=0): the finished process, its output as text; check None takes any exit."""
    def start(command, env=env, cwd=tmp_path, input=None, check=0, timeout=60, text=True):
        done = subprocess.run([str(word) for word in command], env=env, cwd=cwd, input=input, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=text, timeout=timeout, check=False)
        if check is not None and done.returncode != check:
            pytest.fail(f"{command}: exit {done.returncode}, not {check}\n{done.stdout}\n{done.stderr}", pytrace=False)
        return done
    return start


@pytest.fixture(scope="session")
def peers():
    """Where scripts/setup --peers put the peers' programs: bin/ and venv/."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("HALLMARK_PEERS") or Path(cache) / "hallmark-peers")


@pytest.fixture(scope="session")
def need_peer(peers):
    """need_peer("cosign"): its path, or the test is skipped by its name. Looks in bin/ and in venv/bin/."""
    def find(name):
        for folder in [peers / "bin", peers / "venv" / "bin"]:
            if os.access(folder / name, os.X_OK):
                return folder / name
        pytest.skip(f"{name} is not installed; scripts/setup --peers installs it")
    return find


@pytest.fixture
def registry(need_peer, env, tmp_path):
    """crane's registry on loopback: its host and port."""
    address, log = f"127.0.0.1:{free_port()}", tmp_path / "registry.log"
    with open(log, "wb") as out:
        server = subprocess.Popen([need_peer("crane"), "registry", "serve", "--address", address], env=env, stdout=out,
                                  stderr=out)
    try:
        wait_for(f"http://{address}/v2/", server, log)
        yield address
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="session")
def shared_data():
    """The folder of published test data."""
    path = os.environ.get("HM_SHARED_DATA") or TOP / ".." / "shared" / "data"
    if not Path(path).is_dir():
        pytest.skip("HM_SHARED_DATA names no folder of published test data")
    return Path(path).resolve()


@pytest.fixture(scope="session")
def tool(hm_build):
    """tool("store_writer"): the path of one of our small programs, which tests/tools/meson.build lists."""
    def find(name):
        path = hm_build / "tests" / "tools" / name
        if not path.exists():
            pytest.fail(f"{path} is missing: build first, and set HM_BUILD where the build is elsewhere", pytrace=False)
        return path
    return find


@pytest.fixture
def services(tool, tmp_path):
    """services(): our services on one origin, over HTTP; has .url, .log_origin, .state and .lines() of its log."""
    started = []

    class Services:
        def __init__(self, state, *options):
            self.state = state
            self.log = open(tmp_path / f"services-{len(started)}.log", "w+", encoding="utf-8")
            self.process = subprocess.Popen([tool("services_server"), "127.0.0.1:0", state, *options],
                                            stdin=subprocess.PIPE, stdout=self.log, text=True)
            for _ in range(400):
                if len(self.lines()) >= 2 or self.process.poll() is not None:
                    break
                time.sleep(0.05)
            assert self.process.poll() is None and len(self.lines()) >= 2, self.lines()
            self.url, self.log_origin = self.lines()[:2]

        def lines(self):
            return Path(self.log.name).read_text(encoding="utf-8").splitlines()

        def stop(self):
            if self.process.poll() is None:
                self.process.communicate("", timeout=30)
            self.log.close()

    def start(state=None, *options):
        started.append(Services(state or tmp_path / "state", *options))
        return started[-1]
    yield start
    for one in started:
        one.stop()


@pytest.fixture(scope="session")
def strace():
    """strace that may inject failures; where it is absent or tracing is not permitted, the test is skipped by that."""
    path = shutil.which("strace")
    if not path:
        pytest.skip("strace is not installed; scripts/setup --tests installs it")
    probe = subprocess.run([path, "-o", "/dev/null", "-e", "inject=getpid:error=EIO", "true"], capture_output=True)
    if probe.returncode != 0:
        pytest.skip("strace may not trace here: " + probe.stderr.decode(errors="replace").strip()[:200])
    return path


class LocalServer:
    """The local instance behind HTTP: where it is, its documents and tokens."""

    def __init__(self, process, origin, folder, state):
        self.process, self.origin, self.folder, self.state = process, origin, folder, state
        self.trusted_root = folder / "trusted_root.json"
        self.signing_config = folder / "signing_config.json"
        self.trust_config = folder / "trust_config.json"

    def token(self):
        """The path of a file with a new identity token."""
        self.process.stdin.write("token\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.count(".") == 2 and line.startswith("ey"):
                path = self.folder / "token"
                path.write_text(line.strip())
                return path
        pytest.fail("the server gave no token", pytrace=False)


@pytest.fixture
def local_server(tool, tmp_path):
    """local_server(name, port=0, issuer=None): the local instance of a state of that name, served on the loopback."""
    running = []

    def start(name="one", port=0, issuer=None):
        folder = tmp_path / f"server-{name}"
        folder.mkdir(exist_ok=True)
        command = [tool("local_server"), f"127.0.0.1:{port}", tmp_path / f"state-{name}", folder]
        process = subprocess.Popen([str(word) for word in command + ([issuer] if issuer else [])],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        running.append(process)
        origin = process.stdout.readline().strip()
        if not origin.startswith("http://"):
            pytest.fail(f"local_server: {origin}", pytrace=False)
        return LocalServer(process, origin, folder, tmp_path / f"state-{name}")
    yield start
    for process in running:
        process.stdin.close()
        process.stdout.close()
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def run_caches(hm_build):
    """Module and build caches for tests of `hallmark run`, kept with the build: to fill them takes minutes."""
    return (hm_build / "run-caches").resolve()


@pytest.fixture
def module(hallmark, go_env, run_caches, tmp_path):
    """module({"name": "text"}, folder="app"): a Module with these files, each with a state of its own."""
    def make(files=APP, folder="app", base="home", caches=run_caches):
        made = Module(hallmark, tmp_path / folder, tmp_path / base, caches, go_env)
        write_files(made.folder, files)
        return made
    return make


@pytest.fixture(scope="session")
def hello(hallmark, go_env, run_caches, tmp_path_factory):
    """examples/hello after one run, for tests that only read; its process is hello.done."""
    base = tmp_path_factory.mktemp("hello")
    shutil.copytree(HELLO, base / "hello", ignore=shutil.ignore_patterns(".hallmark"))
    made = Module(hallmark, base / "hello", base / "home", run_caches, go_env)
    made.done = made.run()
    return made


@pytest.fixture
def orphans():
    """Processes that lost their parent become this one's children, so that none can hide. Called: those that are left."""
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(36, 1, 0, 0, 0) == 0  # PR_SET_CHILD_SUBREAPER
    before = children()

    def left(timeout=5.0):
        until = time.monotonic() + timeout
        while True:
            found = {pid: name for pid, name in children().items() if pid not in before}
            for pid in [p for p, name in found.items() if name.startswith("Z ")]:
                os.waitpid(pid, os.WNOHANG)
                del found[pid]
            if not found or time.monotonic() > until:
                return found
            time.sleep(0.05)
    yield left
    for pid in left(0):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    libc.prctl(36, 0, 0, 0, 0)
