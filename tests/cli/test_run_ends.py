"""hallmark run that does not come to its end by itself: stopped, killed, twice at once, no room, no network."""
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

from runs import ONE, mounts, tree, without_network

# More moments and sizes of the same kind, which would make the default run long.
MORE = pytest.mark.slow

SLOW = """apiVersion: tekton.dev/v1
kind: Pipeline
metadata: {name: slow}
spec:
  tasks:
    - name: wait
      taskSpec:
        steps:
          - name: s
            image: none
            script: |
              #!/bin/sh
              # two that do not want to end, one of them out of its parent's sight
              trap '' INT TERM HUP
              (setsid sh -c "trap '' INT TERM; sleep 300" &)
              echo waiting
              while :; do sleep 1; done
"""


def slow(m):
    path = m.folder / "slow.yaml"
    path.write_text(SLOW)
    return path


def wait_for(process, text):
    """Read its progress up to a line with this text."""
    for line in process.stderr:
        if text in line:
            return
    pytest.fail(f"it ended before '{text}': {process.wait()}")


def ended(process):
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


@pytest.mark.parametrize("number, to_group, code", [(signal.SIGINT, True, 130), (signal.SIGTERM, False, 143),
                                                   (signal.SIGHUP, False, 129)], ids=["Ctrl-C", "TERM", "HUP"])
def test_stopped_in_a_step_that_does_not_want_to_end(module, orphans, number, to_group, code):
    m = module()
    process = m.start("--pipeline", slow(m))
    wait_for(process, "waiting")
    begun = time.monotonic()
    (os.killpg if to_group else os.kill)(process.pid, number)
    returncode, _, err = ended(process)
    assert time.monotonic() - begun < 5
    # what a shell shows as 128+N is either that exit code or the signal itself
    assert returncode in (code, -number), err
    assert "stopped" in err and "hallmark: " in err
    assert orphans() == {} and mounts(m.folder.parent) == [] and m.leftovers() == []
    assert not (m.folder / ".hallmark" / "out").exists()


@pytest.mark.parametrize("moment", ["test: started", "sign: started", "verify/verify | the provenance",
                                    *[pytest.param(m, marks=MORE) for m in [
                                        "fetch: started", "verify-modules: started", "test/vet | ", "build: started",
                                        "sbom: started", "provenance: started", "sign/sign | ", "verify: started"]]])
def test_stopped_at_any_moment_of_the_shipped_pipeline(module, orphans, moment):
    m = module()
    process = m.start(*ONE)
    wait_for(process, moment)
    os.killpg(process.pid, signal.SIGINT)
    returncode, out, err = ended(process)
    assert orphans() == {} and m.leftovers() == []
    # a signal that comes after the result was put in place stops nothing any more
    if returncode == 0:
        assert moment.startswith("verify/verify") and m.summary()["result"] == "success"
        return
    assert returncode in (130, -signal.SIGINT), err
    assert not m.out().exists() and "Everything is in" not in out
    m.run(*ONE)
    assert m.summary()["result"] == "success"


def test_stopped_while_the_pipeline_is_waited_for(module):
    m = module()
    os.mkfifo(m.folder / "pipe")
    process = m.start("--pipeline", "pipe")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == -signal.SIGINT


def test_stopped_twice_is_still_clean(module, orphans):
    m = module()
    process = m.start("--pipeline", slow(m))
    wait_for(process, "waiting")
    for _ in range(5):
        try:
            os.killpg(process.pid, signal.SIGINT)
        except ProcessLookupError:
            break
    assert ended(process)[0] in (130, -signal.SIGINT)
    assert orphans() == {} and m.leftovers() == []


def test_two_at_once(module, orphans):
    m = module()
    process = m.start("--pipeline", slow(m))
    wait_for(process, "waiting")
    working = m.leftovers()
    done = m.run(*ONE, check=4)
    assert f"another run works in '{m.folder}'" in done.stderr
    assert m.leftovers() == working and process.poll() is None
    os.kill(process.pid, signal.SIGTERM)
    ended(process)
    assert orphans() == {}


@pytest.mark.parametrize("moment", ["build: started", "sign: started",
                                    *[pytest.param(m, marks=MORE) for m in [
                                        "fetch/clone", "test: started", "sign/sign | ", "verify: started"]]])
def test_killed_and_then_the_next_one_works(module, orphans, moment):
    m = module()
    process = m.start(*ONE)
    wait_for(process, moment)
    process.kill()
    assert ended(process)[0] == -signal.SIGKILL
    assert orphans() == {}, "who is killed takes its steps along"
    assert not m.out().exists()
    m.run(*ONE)
    assert m.leftovers() == [] and m.summary()["verified"]["signatures"] is True


def on_small_disk(folder, size, command):
    """The command where this folder is a file system of this many KiB."""
    folder.mkdir(parents=True, exist_ok=True)
    words = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    script = 'mount -t tmpfs -o "size=$2k,mode=700" hallmark-test "$1" && shift 2 && exec "$@"'
    return words + ["sh", "-c", script, "sh", str(folder), str(size)] + [str(w) for w in command]


def can_mount(folder):
    return subprocess.run(on_small_disk(folder, 64, ["true"]), capture_output=True).returncode == 0


@pytest.mark.parametrize("what, kib", [(".hallmark", 16), (".hallmark", 600), ("state", 24),
                                       *[pytest.param(*row, marks=MORE) for row in [
                                           (".hallmark", 64), (".hallmark", 2400), ("state", 4), ("state", 64)]]])
def test_no_room(module, what, kib):
    m = module()
    place = m.folder / ".hallmark" if what == ".hallmark" else m.state
    if not can_mount(place):
        pytest.skip("a file system of a test's own needs root, or user namespaces for everybody")
    if what == ".hallmark":
        place.rmdir()
        place.mkdir()
    done = m.run(command=on_small_disk(place, kib, m.command(*ONE)), check=None)
    if done.returncode == 0:
        pytest.fail(f"{kib} KiB is too much for this test")
    assert done.returncode in (1, 4), done.stderr
    assert re.search("no space left on device|the disk is full", done.stderr, re.I), done.stderr
    assert "hallmark: " in done.stderr and "Everything is in" not in done.stdout
    # with room again it goes on
    m.run(*ONE)


def test_no_room_leaves_an_earlier_result(module):
    m = module()
    m.run(*ONE)
    before = tree(m.out())
    if not can_mount(m.folder.parent / "probe"):
        pytest.skip("a file system of a test's own needs root, or user namespaces for everybody")
    done = m.run(command=on_small_disk(m.state, 8, m.command(*ONE)), check=None)
    assert done.returncode in (1, 4) and tree(m.out()) == before and m.leftovers() == []


def test_without_a_network_what_is_cached_is_enough(module):
    m = module()
    if subprocess.run(without_network(["true"]), capture_output=True).returncode != 0:
        pytest.skip("a network namespace of a test's own needs root, or user namespaces for everybody")
    m.run(*ONE)
    first = m.index_digest()
    m.run(command=without_network(m.command(*ONE)))
    assert m.index_digest() == first


def test_modules_that_an_earlier_run_fetched_are_enough_without_a_network(module, hello):
    if subprocess.run(without_network(["true"]), capture_output=True).returncode != 0:
        pytest.skip("a network namespace of a test's own needs root, or user namespaces for everybody")
    m = module({}, folder="hello")
    shutil.copytree(hello.folder, m.folder, ignore=shutil.ignore_patterns(".hallmark"), dirs_exist_ok=True)
    # and so without the caller's own module cache
    done = m.run(*ONE, command=without_network(m.command(*ONE)), env={"GOMODCACHE": str(m.folder.parent / "empty")})
    assert "coverage   86.8%" in done.stdout
