"""A log whose writer is killed, whose disk fails or runs full, that two processes write to: what was acknowledged is in
it and proven, nothing contradicts what was signed before, and it goes on."""
import base64
import os
import random
import re
import resource
import signal
import subprocess
import time

import pytest

PLACES = ["log.begin", "log.entries", "log.times", "log.tiles", "log.checked", "log.checkpoint", "log.index"]


def acknowledged(output):
    return [int(line) for line in output.splitlines() if line.isdigit()]


class Log:
    """A log's folder, and what was ever said of it."""

    def __init__(self, tool, path):
        self.tool, self.path = tool("log_tool"), path
        self.said = set()          # indexes that were acknowledged
        self.leaves = b""          # the hashes under the newest checkpoint that was seen
        self.checkpoints = {}      # size: root

    def command(self, count, *more):
        return [self.tool, "write", self.path, str(count), *map(str, more)]

    def take(self, output):
        """Each index is given once."""
        for index in acknowledged(output):
            assert index not in self.said, f"{index} was acknowledged twice"
            self.said.add(index)

    def write(self, count, *more, prefix=(), **options):
        done = subprocess.run([*prefix, *self.command(count, *more)], capture_output=True, text=True, timeout=120, **options)
        self.take(done.stdout)
        return done

    def hashes(self, size):
        """The leaves' hashes, out of the tiles that a log of that size has."""
        found = b""
        for tile in range((size + 255) // 256):
            width = min(256, size - 256 * tile)
            name = f"{tile:03d}" + (f".p/{width}" if width < 256 else "")
            found += (self.path / "tile" / "0" / name).read_bytes()
        assert len(found) == 32 * size
        return found

    def check(self):
        """All of it is well, all that was said is there, and it only ever grew."""
        if not (self.path / "checkpoint").exists():
            assert not self.said
            return 0
        done = subprocess.run([self.tool, "check", self.path], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        size = int(done.stdout)
        assert max(self.said, default=-1) < size
        leaves = self.hashes(size)
        assert leaves.startswith(self.leaves), "the log contradicts what it was"
        self.leaves = leaves
        root = (self.path / "checkpoint").read_text().splitlines()[2]
        assert len(base64.b64decode(root)) == 32
        assert self.checkpoints.setdefault(size, root) == root, "two roots of one size"
        return size

    def goes_on(self, count=3):
        before = self.check()
        done = self.write(count)
        assert done.returncode == 0, done.stdout + done.stderr
        assert self.check() == before + count


@pytest.fixture
def log(tool, tmp_path):
    return Log(tool, tmp_path / "log")


def parts_of(trace):
    """The system calls before each acknowledgement."""
    calls = [line for line in trace.splitlines() if "resumed" not in line]
    part = []
    for call in calls:
        if re.match(r"write\(1[<,]", call):
            yield part
            part = []
        else:
            part.append(call)


def test_order_of_calls(log, strace, tmp_path):
    """Before each acknowledgement: every file is synced before it gets its name, tiles before the checkpoint, and the
    checkpoint's folder after that."""
    trace = tmp_path / "trace"
    log.write(3)
    calls = "openat,close,write,fsync,fdatasync,rename,renameat,renameat2,mkdir,mkdirat"
    log.write(5, prefix=[strace, "-y", "-o", trace, "-e", f"trace={calls}"])
    parts = list(parts_of(trace.read_text()))
    assert len(parts) == 5
    for part in parts:
        synced, named, checkpoint = set(), [], None
        for i, call in enumerate(part):
            found = re.match(r"(fsync|fdatasync)\(\d+<([^>]*)>\)\s+= 0", call)
            if found:
                synced.add(found.group(2))
                last_sync = i
            found = re.match(r'rename(?:at2?)?\((?:[^",]+, )?"([^"]*)", (?:[^",]+, )?"([^"]*)"', call)
            if found:
                old, new = found.groups()
                assert old in synced, f"{old} has its name before it is on disk"
                named.append(new)
                if new.endswith("/checkpoint"):
                    checkpoint = i
        folders = {os.path.dirname(name) for name in named}
        assert folders <= synced, f"not synced: {folders - synced}"
        assert named[-1].endswith("/checkpoint"), named
        assert {name.split("/log/")[1].split("/")[0] for name in named[:-1]} == {"tile", "times"}
        assert last_sync > checkpoint


@pytest.mark.parametrize("nth", [1, 2, 5])
@pytest.mark.parametrize("place", PLACES)
def test_killed_at_place(log, place, nth):
    """kill -9 wherever more is on disk than the checkpoint covers, and around it."""
    log.write(2)
    done = log.write(20, 1, f"{place}:{nth}")
    assert done.returncode == -signal.SIGKILL, done.stdout
    log.goes_on()


@pytest.mark.parametrize("place", PLACES)
def test_killed_at_place_again_and_again(log, place):
    """Over the edge of a tile, many threads, one death after another at the same place."""
    log.write(250, 8)
    for _ in range(5):
        assert log.write(100, 8, place).returncode == -signal.SIGKILL
        log.check()
    log.goes_on(20)


def test_killed_when_new(log, strace, tmp_path):
    """A first start that dies at any rename, with the key or the checkpoint not there yet, goes on at the next."""
    for nth in [1, 2, 3, 4, 5]:
        one = Log(lambda _: log.tool, tmp_path / str(nth))
        one.write(2, prefix=[strace, "-o", "/dev/null", "-e", f"inject=rename:signal=SIGKILL:when={nth}"])
        one.goes_on()


@pytest.mark.parametrize("call", ["openat", "write", "fsync", "rename", "mkdir", "unlink", "unlinkat", "pwrite64",
                                  "fdatasync", "close"])
def test_killed_at_call(log, strace, call):
    """Killed at the n-th call of its kind, for one n after another."""
    log.write(1)
    for nth in [1, 2, 3, 5, 8, 13, 21, 34, 55]:
        log.write(4, prefix=[strace, "-f", "-o", "/dev/null", "-e", f"inject={call}:signal=SIGKILL:when={nth}"])
        log.check()
    log.goes_on()


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("call", ["write", "fsync", "rename", "pwrite64", "fdatasync", "mkdir"])
def test_failing_call(log, strace, call, error):
    """The n-th call fails, once: that entry is not acknowledged, the program says why, and the next start goes on."""
    log.write(1)
    for nth in [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 20]:
        done = log.write(4, prefix=[strace, "-f", "-o", "/dev/null", "-e", f"inject={call}:error={error}:when={nth}"])
        acks = acknowledged(done.stdout)
        if done.returncode == 0 and call == "write" and len(acks) < 4:
            continue  # it was the acknowledgement that was not written
        assert (done.returncode == 0) == (len(acks) == 4), done.stdout + done.stderr
        if done.returncode != 0:
            assert re.search(r"failed (file\.|store\.|log\.)", done.stdout), done.stdout + done.stderr
        log.check()
    log.goes_on()


def test_nothing_after_a_lost_checkpoint(log, strace, tmp_path):
    """Where the checkpoint's folder cannot be synced, nobody knows whether it is on disk: no more is signed."""
    trace = tmp_path / "trace"
    log.write(1)
    log.write(1, prefix=[strace, "-o", trace, "-e", "trace=fsync,rename"])
    calls = [line for line in trace.read_text().splitlines() if line.startswith(("fsync", "rename"))]
    at = next(i for i, call in enumerate(calls) if '/checkpoint")' in call)
    nth = sum(1 for call in calls[:at] if call.startswith("fsync")) + 1
    done = log.write(3, prefix=[strace, "-o", "/dev/null", "-e", f"inject=fsync:error=EIO:when={nth}"])
    assert done.returncode == 1 and "failed file.io" in done.stdout, done.stdout
    assert not acknowledged(done.stdout)
    log.goes_on()


def test_killed_at_random(log):
    """kill -9 at random moments under load from eight threads."""
    seed = int(os.environ.get("HM_SEED", "0")) or random.randrange(1 << 30)
    rng = random.Random(seed)
    print("seed", seed)
    for _ in range(25):
        with subprocess.Popen(log.command(100000, 8), stdout=subprocess.PIPE, text=True) as child:
            time.sleep(rng.uniform(0, 0.3))
            child.send_signal(signal.SIGKILL)
            log.take(child.stdout.read())
        log.check()
    assert log.said
    log.goes_on()


def test_two_processes(log):
    """Two that write at once take turns; one that is killed leaves the other its lock."""
    with subprocess.Popen(log.command(100, 4), stdout=subprocess.PIPE, text=True) as first, \
         subprocess.Popen(log.command(100, 4), stdout=subprocess.PIPE, text=True) as second, \
         subprocess.Popen(log.command(100000, 4), stdout=subprocess.PIPE, text=True) as doomed:
        time.sleep(0.5)
        doomed.send_signal(signal.SIGKILL)
        for child in [first, second, doomed]:
            log.take(child.stdout.read())
    assert first.returncode == 0 and second.returncode == 0
    assert len(log.said) >= 200
    assert log.check() >= 200
    log.goes_on()


def test_one_key(log):
    """Processes that make the same log at once have one key and one name."""
    children = [subprocess.Popen(log.command(1), stdout=subprocess.PIPE, text=True) for _ in range(6)]
    for child in children:
        log.take(child.communicate()[0])
        assert child.returncode == 0
    assert log.said == set(range(6))
    assert log.check() == 6


def test_file_size_limit(log):
    """A limit on the size of files is a full disk; afterwards all that was acknowledged is there."""
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    log.write(1)
    done = log.write(1000, preexec_fn=limit)
    assert done.returncode == 1 and "failed file.no-space" in done.stdout, done.stdout[-300:]
    log.goes_on()


def test_full_disk(tool, small_disk):
    """A small file system runs full, and goes on once there is space again."""
    mount = small_disk("1m")
    log = Log(tool, mount / "log")
    ballast = mount / "ballast"
    ballast.write_bytes(b"x" * 400_000)
    log.write(1)
    for _ in range(4):
        done = log.write(1000, 4)
        assert done.returncode == 1 and "failed file.no-space" in done.stdout, done.stdout[-300:]
    said = len(log.said)
    assert said > 10
    ballast.unlink()
    assert log.check() >= said
    log.goes_on()
