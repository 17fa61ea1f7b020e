"""kill -9 of a whole `hallmark run` at moments drawn over it: the next run works, what is in .hallmark/out is whole, and
every entry that the log acknowledged is in it and proven, read and computed here without any of our own code.

HM_SEED=N draws the same moments again."""
import base64
import collections
import contextlib
import ctypes
import hashlib
import json
import os
import random
import re
import select
import signal
import subprocess
import time

import pytest

from runs import ONE, mounts, tree
from tiles import Checkpoint, Tiles, covered_end, path_of

KILLS = 50       # in runs that were not over
IN_WINDOW = 15   # of them between the log's first write and the checkpoint over it, at least
ATTEMPTS = 150   # to get there
PLANNED = 60     # before more are drawn for what was not reached
PREFILLED = 180  # entries that are there before, so that the log grows over the edge of a tile meanwhile
NEW_STATES = 8   # killed first runs

WINDOW = "sign, log written"
TASKS = ["begin", "fetch", "verify-modules", "test", "build", "sbom", "provenance", "sign", WINDOW, "verify", "end"]


# --- watching and killing ---

class Watch:
    """Names that are made in folders, as they come, relative to the first of them: inotify."""

    def __init__(self, *folders):
        self.libc, self.paths = ctypes.CDLL(None, use_errno=True), {}
        self.fd = self.libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert self.fd >= 0
        for folder in folders:
            number = self.libc.inotify_add_watch(self.fd, os.fsencode(folder), 0x180)  # IN_CREATE, IN_MOVED_TO
            assert number >= 0, folder
            self.paths[number] = "" if folder == folders[0] else f"{folder.relative_to(folders[0])}/"

    def names(self, timeout):
        """What came, after at most so many seconds; empty: nothing did."""
        if not select.select([self.fd], [], [], timeout)[0]:
            return []
        data, found = os.read(self.fd, 1 << 16), []
        while data:
            number, length = int.from_bytes(data[:4], "little", signed=True), int.from_bytes(data[12:16], "little")
            found.append(self.paths.get(number, "") + os.fsdecode(data[16:16 + length].rstrip(b"\0")))
            data = data[16 + length:]
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)


def watch_all(folder):
    return Watch(folder, *[p for p in folder.rglob("*") if p.is_dir()])


def is_entry(name):
    """Whether this is part of an entry that is being written, in the log's own folder."""
    return re.match("(?:tile/|times/|.checkpoint.tmp-)", name) is not None


def is_temporary(name):
    return ".tmp-" in name


def descendants(pid):
    """The process and all below it."""
    parents = collections.defaultdict(list)
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
            parents[int(stat.read().rsplit(") ", 1)[1].split()[1])].append(int(name))
    found = [pid]
    for one in found:
        found += parents[one]
    return found


def kill_all(pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def sleep_until(moment):
    """Sleeping is not exact."""
    while time.perf_counter() < moment:
        if moment - time.perf_counter() > 0.002:
            time.sleep(0.001)


class Running:
    """A run whose progress can be read while it goes on."""

    def __init__(self, m, *args):
        m.share()
        self.path = m.folder.parent / "progress"
        self.begun = time.perf_counter()
        with open(self.path, "wb") as out:
            self.process = subprocess.Popen(m.command(*ONE, *args), cwd=m.folder, env=m.env, start_new_session=True,
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)

    def is_over(self):
        return self.process.poll() is not None

    def progress(self):
        return self.path.read_text(encoding="utf-8", errors="replace")

    def task(self):
        """The task that runs, or that ran when it was killed."""
        steps = re.findall(r"^([\w-]+): (started|done)", self.progress(), re.MULTILINE)
        names = [name for name, what in steps if what == "started"]
        if not names:
            return "begin"
        return "end" if ("verify", "done") in steps else names[-1]

    def wait_for(self, text):
        """False: it ended before it said so."""
        while text not in self.progress():
            if self.is_over():
                return False
            time.sleep(0.001)
        return True

    def wait_for_write(self, watch, is_wanted):
        """Until a wanted name comes; all processes that there were a moment before, or None: it ended."""
        pids, looked = [self.process.pid], 0.0
        while not any(map(is_wanted, watch.names(0.005))):
            if self.is_over():
                return None
            # to look takes as long as what we wait for, so only once it is near, and rarely
            if "\nsign: started" in self.progress() and time.perf_counter() - looked > 0.02:
                pids, looked = descendants(self.process.pid), time.perf_counter()
        return pids

    def kill(self, whole, pids=None):
        """All its processes at once, as when the power goes, or only the first one, which must take the others along."""
        kill_all((pids or descendants(self.process.pid)) if whole else [self.process.pid])
        while whole:
            # what was started in between
            found = [pid for pid in descendants(os.getpid()) if pid not in self.others and pid != os.getpid()]
            if all(is_dead(pid) for pid in found):
                break
            kill_all(found)
        return self.process.wait(timeout=30) == -signal.SIGKILL

    def __enter__(self):
        self.others = set(descendants(os.getpid())) - set(descendants(self.process.pid))
        return self

    def __exit__(self, *_):
        if not self.is_over():
            kill_all(descendants(self.process.pid))
            self.process.wait(timeout=30)


def is_dead(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rsplit(") ", 1)[1][0] in "ZX"
    except OSError:
        return True


# --- what there is afterwards ---

def files(folder):
    """Each file below it, and what tells it from one that was put in its place."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            stat = path.lstat()
            found[str(path.relative_to(folder))] = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
    return found


def temporary(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob(".*.tmp-*"))


def keys_of(state):
    """Every key and certificate: each is whole."""
    found = {str(p.relative_to(state)): p.read_bytes() for p in sorted(state.rglob("*.pem"))}
    for name, pem in found.items():
        if name.endswith("key.pem"):
            assert (state / name).stat().st_mode & 0o777 == 0o600, name
        kind = "pkey" if name.endswith("key.pem") else "x509"
        done = subprocess.run(["openssl", kind, "-noout"], input=pem, capture_output=True)
        assert done.returncode == 0, f"{name} is torn: {done.stderr.decode()}"
    return found


class Acknowledged:
    """The log's folder, and all that it ever promised, which outlives every kill."""

    def __init__(self, m, state, kept):
        self.m, self.state, self.log, self.kept = m, state, state / "log", kept
        kept.mkdir()
        self.key = None          # the log's
        self.leaves = []         # the hashes under the newest checkpoint that was seen
        self.checkpoint = None   # that one
        self.promised = {}       # index: the entry
        self.bundles = set()     # digests of those that were looked at
        self.programs = []       # bundles of programs, with the program beside each
        self.said = set()        # indexes that were only printed

    def learn_key(self, trusted_root):
        logs = json.loads(trusted_root.read_text())["tlogs"]
        key = base64.b64decode(logs[0]["publicKey"]["rawBytes"])[-32:]
        assert len(logs) == 1 and self.key in (None, key), "the log has another key"
        self.key = key

    def check(self):
        """The log as it is now holds all that it promised, and only ever grew."""
        tiles = Tiles(self.log, self.key)
        old = self.checkpoint
        assert tiles.begins_with(self.leaves), "the log contradicts what it was"
        assert old is None or (tiles.checkpoint.origin == old.origin and tiles.size >= old.size)
        assert old is None or tiles.size > old.size or tiles.checkpoint.root == old.root
        for index, entry in self.promised.items():
            assert index < tiles.size and tiles.entries[index] == entry, f"entry {index} was acknowledged and is gone"
        assert max(self.said, default=-1) < tiles.size, "an entry was printed as logged and is not there"
        self.leaves, self.checkpoint = tiles.leaves, tiles.checkpoint
        return tiles

    def take(self, bundle, tiles, program=None):
        """A bundle that was written says that its entry is in the log: it must be, and be proven."""
        digest = hashlib.sha256(bundle).hexdigest()
        if digest in self.bundles:
            return
        self.bundles.add(digest)
        entry = json.loads(bundle)["verificationMaterial"]["tlogEntries"][0]
        index, body = int(entry["logIndex"]), base64.b64decode(entry["canonicalizedBody"])
        assert self.promised.setdefault(index, body) == body, f"two entries were given the index {index}"
        assert index < tiles.size and tiles.entries[index] == body, f"entry {index} was acknowledged and is not there"
        proof = entry["inclusionProof"]
        promise = Checkpoint(proof["checkpoint"]["envelope"], self.key)
        assert promise.size == int(proof["treeSize"]) <= tiles.size and promise.origin == tiles.checkpoint.origin
        assert promise.root == tiles.root(promise.size), "what was promised is no part of what is there"
        hashes = [base64.b64decode(one) for one in proof["hashes"]]
        assert hashes == path_of(index, tiles.leaves[:promise.size])
        if program is not None:
            blob, path = self.kept / hashlib.sha256(program).hexdigest(), self.kept / f"{index}.sigstore.json"
            blob.write_bytes(program)
            path.write_bytes(bundle)
            self.programs.append((path, blob))

    def take_all(self, folder, tiles):
        for path in folder.rglob("*.sigstore.json"):
            if ".tmp-" not in path.name:
                program = path.with_name(path.name.removesuffix(".sigstore.json"))
                self.take(path.read_bytes(), tiles, program.read_bytes() if program.name.startswith("app-") else None)

    def take_printed(self, text):
        self.said |= {int(index) for index in re.findall(r"signed and logged, index (\d+):", text)}

    def verify(self, programs):
        """With the trust root of today, bundles of any day."""
        for path, blob in programs:
            command = [self.m.hallmark, "verify-blob", "--bundle", path, "--trusted-root", self.state / "trusted_root.json",
                       "--certificate-identity", "local-run@hallmark.localhost",
                       "--certificate-oidc-issuer", "https://hallmark.localhost", blob]
            done = subprocess.run(list(map(str, command)), env=self.m.env, capture_output=True, text=True)
            assert done.returncode == 0, f"{path.name}: {done.stderr}"


def check_result(out, log):
    """A result that looks finished is finished."""
    summary = json.loads((out / "summary.json").read_text())
    assert summary["result"] == "success"
    for one in summary["artifacts"]:
        path = out / one["name"]
        if path.is_file() and one.get("sha256"):
            assert hashlib.sha256(path.read_bytes()).hexdigest() == one["sha256"].removeprefix("sha256:"), path
    for name in ["app-linux-amd64", "sbom.spdx.json"]:
        assert (out / f"{name}.sigstore.json").is_file(), name
    log.verify([(out / "app-linux-amd64.sigstore.json", out / "app-linux-amd64")])


def check_next_run(m, log, *args):
    """It works, and leaves nothing of the one that was killed."""
    begun = time.perf_counter()
    done = m.run(*ONE, *args)
    m.took = time.perf_counter() - begun
    log.learn_key(m.out() / "trusted_root.json")
    tiles = log.check()
    log.take_all(m.out(), tiles)
    log.take_printed(done.stderr)
    log.check()
    check_result(m.out(), log)
    assert sorted(p.name for p in (m.folder / ".hallmark").iterdir()) == [".gitignore", "lock", "log", "out"]
    assert [p.name for p in (m.folder / ".hallmark" / "out").iterdir()] == ["app"]
    assert temporary(log.state) == [], "left by a run that was killed"
    assert list(m.tmp.iterdir()) == []
    return tiles


def check_killed(m, log, before):
    """What a run leaves that was killed. before: what was in its place of the results."""
    if m.out().exists() and tree(m.out()) != before:
        check_result(m.out(), log)
    out = m.folder / ".hallmark" / "out"
    assert not out.exists() or {p.name for p in out.iterdir()} <= {"app"}
    tiles = log.check()
    for folder in [m.folder / ".hallmark", log.state]:
        log.take_all(folder, tiles)


# --- the test ---

class Measured:
    """How long what takes, in seconds, and how many files the state gets; the middle one of three runs."""

    def __init__(self, m, log):
        rows = [self.one(m, log) for _ in range(3)]
        self.run, self.window, self.end, self.saves = [sorted(column)[1] for column in zip(*rows)]

    @staticmethod
    def one(m, log):
        wrote = window = end = None
        saves = 0
        with watch_all(log.state) as watch, Running(m) as run:
            while not run.is_over():
                for name in watch.names(0.002):
                    now = time.perf_counter()
                    saves += is_temporary(name)
                    if name.startswith("log/") and is_entry(name[4:]):
                        wrote = wrote or now
                    elif name == "log/checkpoint":
                        window = window or now - wrote
                if end is None and run.task() == "end":
                    end = time.perf_counter()
            over = time.perf_counter()
        assert run.process.returncode == 0, run.progress()
        return over - run.begun, window, over - (end or over), saves


class Victim:
    """One module, and one log under all of its runs."""

    def __init__(self, m, log, rng, measured):
        self.m, self.log, self.rng, self.measured = m, log, rng, measured

    def aim(self, run, watch, where, at):
        """Wait for the moment; the processes that were there a moment before, or None: it ended before."""
        if where == "run":
            # as long as the last one took: others use the machine too
            sleep_until(run.begun + self.m.took * self.rng.uniform(at / 30, (at + 1) / 30))
            return descendants(run.process.pid)
        if where == "end":
            found = run.wait_for("\nverify: done")
            pids = descendants(run.process.pid)
            sleep_until(time.perf_counter() + self.rng.uniform(0, self.measured.end))
            return pids if found else None
        if where == "save":
            left = self.rng.randint(1, self.measured.saves)
            while left and (pids := run.wait_for_write(watch, is_temporary)):
                left -= 1
            return pids
        pids = run.wait_for_write(watch, is_entry)
        sleep_until(time.perf_counter() + self.rng.uniform(0, self.measured.window))
        return pids

    def kill(self, where, at, whole):
        """The task that was hit, or None where the run was over before."""
        before, logged = tree(self.m.out()), files(self.log.log)
        with watch_all(self.log.state if where == "save" else self.log.log) as watch, Running(self.m) as run:
            pids = self.aim(run, watch, where, at)
            killed = pids is not None and run.kill(whole, pids)
            if pids is None:
                run.process.wait(timeout=60)
        self.log.take_printed(run.progress())
        if not killed:
            assert run.process.returncode == 0, run.progress()
            return None
        return self.look(run, before, logged)

    def look(self, run, before, logged):
        assert self.m.orphans() == {}, "who is killed takes its steps along"
        assert mounts(self.m.folder.parent) == []
        now, size = files(self.log.log), Checkpoint((self.log.log / "checkpoint").read_text()).size
        new = [name for name in now if logged.get(name) != now[name]]
        is_between = any(is_entry(name) and (is_temporary(name) or (covered_end(name) or 0) > size) for name in new)
        check_killed(self.m, self.log, before)
        return WINDOW if is_between else run.task()


def seeded():
    seed = int(os.environ.get("HM_SEED", "0")) or random.randrange(1 << 30)
    print(f"\nseed {seed}: HM_SEED={seed} draws the same moments again")
    return random.Random(seed)


@pytest.fixture
def victim(module, orphans, tmp_path):
    """A module whose programs find a folder for temporary files of their own."""
    m = module()
    m.tmp, m.orphans = tmp_path / "tmp", orphans
    m.tmp.mkdir()
    m.env["TMPDIR"] = str(m.tmp)
    return m


def moments(rng):
    """Where to kill, in which thirtieth of the run, and whether all processes at once; "any": whatever is missing."""
    drawn = [("run", i, rng.random() < 0.5) for i in range(30)]  # over the whole of it
    drawn += [("window", 0, i % 4 != 0) for i in range(20)]      # from the log's first write to its checkpoint
    drawn += [("end", 0, i % 2 == 0) for i in range(4)]          # while the result is put in its place
    drawn += [("save", 0, True) for _ in range(6)]               # while any file of the state is written
    rng.shuffle(drawn)
    yield from drawn
    while True:
        yield "any", rng.randrange(30), rng.random() < 0.75


def prefill(tool, log):
    done = subprocess.run([tool("log_tool"), "write", log, str(PREFILLED), "8"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def report(hits, measured, log, attempts):
    width = max(hits.values(), default=1)
    print(f"a run takes {measured.run:.2f} s, the log's window {1000 * measured.window:.1f} ms; {attempts} attempts")
    for task in TASKS:
        print(f"  {task:18} {hits[task]:3} {'#' * (hits[task] * 40 // max(width, 40) or bool(hits[task]))}")
    print(f"  {'in all':18} {sum(hits.values()):3}, {len(log.promised)} entries acknowledged, "
          f"{log.checkpoint.size} in the log")


@pytest.mark.slow
def test_killed_over_and_over(victim, tool, tmp_path):
    rng, hits, attempts = seeded(), collections.Counter(), 0
    log = Acknowledged(victim, victim.state, tmp_path / "kept")
    check_next_run(victim, log)
    prefill(tool, log.log)
    check_next_run(victim, log)
    keys, measured = keys_of(victim.state), Measured(victim, log)
    one = Victim(victim, log, rng, measured)
    for attempts, (where, at, whole) in enumerate(moments(rng), 1):
        if where == "any":
            where = "window" if hits[WINDOW] < IN_WINDOW else "run"
        task = one.kill(where, at, whole)
        hits.update([task] if task else [])
        assert keys_of(victim.state) == keys
        tiles = check_next_run(victim, log)
        log.verify(rng.sample(log.programs, min(3, len(log.programs))))
        print(f"  {attempts:3} aimed at {where:6} {'all' if whole else 'one':3} hit {task or 'nothing':18} log {tiles.size}",
              flush=True)
        is_reached = attempts >= PLANNED and sum(hits.values()) >= KILLS and hits[WINDOW] >= IN_WINDOW
        if is_reached or attempts >= ATTEMPTS:
            break
    report(hits, measured, log, attempts)
    assert sum(hits.values()) >= KILLS and hits[WINDOW] >= IN_WINDOW, "not reached"
    log.verify(log.programs)
    done = subprocess.run([tool("log_tool"), "check", log.log], capture_output=True, text=True)
    assert done.returncode == 0 and int(done.stdout) == log.checkpoint.size, done.stdout + done.stderr


@pytest.mark.slow
def test_killed_while_the_state_is_made(victim, tmp_path):
    """A first run, which makes the keys: the next one has all of them, whole."""
    rng = seeded()
    check_next_run(victim, Acknowledged(victim, victim.state, tmp_path / "kept"))
    took, killed = 0.0, 0
    for n in range(2 * NEW_STATES):
        parent = tmp_path / f"new-{n}"
        parent.mkdir()
        log = Acknowledged(victim, parent / "state", tmp_path / f"kept-{n}")
        with Watch(parent) as watch, Running(victim, "--state", log.state) as run:
            assert run.wait_for_write(watch, lambda name: True)
            begun = time.perf_counter()
            if n == 0:
                assert run.wait_for("\nfetch: started")
                took = time.perf_counter() - begun
            else:
                sleep_until(begun + rng.uniform(0, took))
            killed += run.kill(whole=n % 2 == 0)
        assert victim.orphans() == {}
        left = keys_of(log.state)
        check_next_run(victim, log, "--state", log.state)
        keys = keys_of(log.state)
        assert left.items() <= keys.items(), "a key that was there was made anew"
        if killed > NEW_STATES:
            break
    print(f"  {killed} killed, in the first {1000 * took:.0f} ms")
    assert killed > NEW_STATES and victim.orphans() == {}
