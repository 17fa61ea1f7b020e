"""A database under failing disks: what was acknowledged is there, what failed is said, and nothing more is written
after a failure that leaves the disk's state unknown."""
import os
import random
import re
import resource
import signal
import subprocess
import time

import pytest


def acknowledged(output):
    return [int(line) for line in output.splitlines() if line.isdigit()]


def check(tool, path):
    done = subprocess.run([tool("store_writer"), "--check", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    last, count = map(int, done.stdout.split())
    assert last == count
    return last


def test_every_commit_is_synced(tool, strace, tmp_path):
    """Between two acknowledgements the log is written and synced, in this order."""
    log = tmp_path / "trace"
    subprocess.run(
        [strace, "-o", log, "-e", "trace=write,pwrite64,fsync,fdatasync,openat", tool("store_writer"), tmp_path / "db", "20"],
        check=True, capture_output=True)
    calls = log.read_text().splitlines()
    acks = [i for i, call in enumerate(calls) if call.startswith("write(1,")]
    assert len(acks) == 20
    wal = max(int(re.search(r"= (\d+)$", c).group(1)) for c in calls if "db-wal" in c and re.search(r"= \d+$", c))
    before = 0
    for ack in acks:
        part = calls[before:ack]
        writes = [i for i, c in enumerate(part) if c.startswith(f"pwrite64({wal},")]
        syncs = [i for i, c in enumerate(part) if c.startswith((f"fsync({wal})", f"fdatasync({wal})"))]
        assert writes and syncs and max(writes) < max(syncs), part
        before = ack


@pytest.mark.parametrize("call", ["fsync", "fdatasync", "pwrite64"])
@pytest.mark.parametrize("nth", [1, 2, 3, 5, 8, 13, 21])
def test_failing_call(tool, strace, tmp_path, call, nth):
    """The n-th call fails with EIO, once: that commit is not acknowledged, and no later one either."""
    path = tmp_path / "db"
    done = subprocess.run(
        [strace, "-o", "/dev/null", "-e", f"inject={call}:error=EIO:when={nth}", tool("store_writer"), path, "10"],
        capture_output=True, text=True)
    acks = acknowledged(done.stdout)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    if done.returncode == 1:
        assert "failed store.io" in done.stdout or "failed file.io" in done.stdout, done.stdout
        if acks:
            assert "failed store.stopped" in done.stdout, done.stdout
    else:
        assert len(acks) == 10
    if path.exists():
        assert check(tool, path) >= len(acks)
    # and the next start goes on
    again = subprocess.run([tool("store_writer"), path, "3"], capture_output=True, text=True)
    assert again.returncode == 0, again.stdout
    assert check(tool, path) >= len(acks) + 3


@pytest.mark.parametrize("call", ["fdatasync", "pwrite64", "openat", "ftruncate", "close", "unlink"])
def test_killed_at_call(tool, strace, tmp_path, call):
    """Killed at the n-th call, for one n after another: what was acknowledged is there."""
    path = tmp_path / "db"
    said = 0
    for nth in [1, 2, 3, 4, 6, 9, 14, 20]:
        done = subprocess.run(
            [strace, "-o", "/dev/null", "-e", f"inject={call}:signal=SIGKILL:when={nth}", tool("store_writer"), path, "5"],
            capture_output=True, text=True)
        said = max([said] + acknowledged(done.stdout))
        if path.exists():
            assert check(tool, path) >= said


def test_killed_at_random(tool, tmp_path):
    """kill -9 at random moments of a writer under load."""
    seed = int(os.environ.get("HM_SEED", "0")) or random.randrange(1 << 30)
    rng = random.Random(seed)
    path = tmp_path / "db"
    said = 0
    print("seed", seed)
    for _ in range(20):
        with subprocess.Popen([tool("store_writer"), path, "100000"], stdout=subprocess.PIPE, text=True) as child:
            time.sleep(rng.uniform(0, 0.15))
            child.send_signal(signal.SIGKILL)
            said = max([said] + acknowledged(child.stdout.read()))
        if path.exists():
            assert check(tool, path) >= said
    assert said > 0


def full_disk_result(tool, path, output):
    acks = acknowledged(output)
    assert acks, output
    assert output.count("failed file.no-space") == 2, output
    return acks


def test_file_size_limit(tool, tmp_path):
    """A limit on the size of files is a full disk; afterwards all that was acknowledged is there."""
    path = tmp_path / "db"

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    done = subprocess.run([tool("store_writer"), path, "1000"], capture_output=True, text=True, preexec_fn=limit)
    assert done.returncode == 1
    acks = full_disk_result(tool, path, done.stdout)
    assert check(tool, path) == len(acks)
    assert subprocess.run([tool("store_writer"), path, "3"], capture_output=True).returncode == 0


def test_full_disk(tool, small_disk):
    """A small file system runs full, and goes on once there is space again."""
    mount = small_disk("400k")
    ballast = mount / "ballast"
    ballast.write_bytes(b"x" * 100_000)
    path = mount / "db"
    done = subprocess.run([tool("store_writer"), path, "1000"], capture_output=True, text=True)
    assert done.returncode == 1
    acks = full_disk_result(tool, path, done.stdout)
    ballast.unlink()
    assert check(tool, path) == len(acks)
    assert subprocess.run([tool("store_writer"), path, "3"], capture_output=True).returncode == 0
