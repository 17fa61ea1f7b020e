"""tlog against Go's own golang.org/x/mod/sumdb/{note,tlog}: the same commands to both, the same answers."""
import hashlib
import random
import subprocess

import pytest

SEED = 20261123
SIZES = [1, 2, 3, 255, 256, 257, 511, 512, 700, 1024, 3000]


class Peer:
    """A program that answers one line for each line."""

    def __init__(self, path, env):
        self.path, self.env = path, env

    def ask(self, lines):
        done = subprocess.run([str(self.path)], input="".join(line + "\n" for line in lines), env=self.env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        answers = done.stdout.splitlines()
        assert len(answers) == len(lines)
        # why something is refused is each program's own to say
        return ["refused" if answer.startswith("refused") else answer for answer in answers]


@pytest.fixture
def ours(hm_build, env):
    path = hm_build / "tests" / "peer_tlog"
    assert path.is_file(), "peer_tlog is not in the build folder"
    return Peer(path, env)


@pytest.fixture
def go(go_program, env):
    return Peer(go_program("tlog"), env)


@pytest.fixture(scope="module")
def pick():
    return random.Random(SEED)


def test_a_log_that_grows_has_the_same_tiles(ours, go, tmp_path):
    """Grown in batches by each; every file that both have is the same, and each proves from the other's."""
    for name in ["ours", "go"]:
        (tmp_path / name).mkdir()
    sizes = " ".join(map(str, SIZES))
    assert ours.ask([f"grow {tmp_path}/ours {sizes}"]) == go.ask([f"grow {tmp_path}/go {sizes}"])
    files = {name: {str(p.relative_to(tmp_path / name)): p.read_bytes() for p in (tmp_path / name).rglob("*")
                    if p.is_file() and "entries" not in p.parts} for name in ["ours", "go"]}
    assert files["ours"] == files["go"]
    asks = [f"root {{}} {size}" for size in SIZES]
    for size in SIZES:
        asks += [f"inclusion {{}} {index} {size}" for index in sorted({0, size // 2, size - 1})]
        asks += [f"consistency {{}} {old} {size}" for old in sorted({1, (size + 1) // 2, size})]
    answers = [peer.ask([ask.format(tmp_path / name) for ask in asks]) for peer in [ours, go] for name in ["ours", "go"]]
    assert answers[0] == answers[1] == answers[2] == answers[3]
    assert all(answer.endswith("ok") for answer in answers[0])


def test_entry_bundles(ours, tmp_path):
    """The bundles hold each entry with its length before it, as C2SP tlog-tiles says."""
    ours.ask([f"grow {tmp_path} 10 300"])
    data = (tmp_path / "tile/entries/001.p/44").read_bytes()
    want = b"".join(len(e).to_bytes(2, "big") + e for e in (f"leaf {i}".encode() for i in range(256, 300)))
    assert data == want
    assert len((tmp_path / "tile/entries/000").read_bytes()) == sum(2 + len(f"leaf {i}") for i in range(256))


def test_proofs_of_random_sizes(ours, go, tmp_path, pick):
    """Proofs of one are accepted by the other, and with one bit turned by neither."""
    good, bad = [], []
    for size in sorted(pick.sample(range(1, 4000), 12)):
        folder = tmp_path / str(size)
        folder.mkdir()
        root = ours.ask([f"grow {folder} {size}"])[0].split()[0]
        for index in [pick.randrange(size) for _ in range(4)]:
            mine, theirs = (peer.ask([f"inclusion {folder} {index} {size}"])[0] for peer in (ours, go))
            assert mine == theirs
            leaf, *path = mine.split()[:-1]
            good.append(f"check-inclusion {index} {size} {leaf} {root} {' '.join(path)}".strip())
        for old in [pick.randint(1, size) for _ in range(4)]:
            mine, theirs = (peer.ask([f"consistency {folder} {old} {size}"])[0] for peer in (ours, go))
            assert mine == theirs
            (folder / "old").mkdir(exist_ok=True)
            old_root = ours.ask([f"root {folder} {old}"])[0].split()[0] if old == size else None
            if old_root is None:
                part = tmp_path / f"{size}-{old}"
                part.mkdir(exist_ok=True)
                old_root = ours.ask([f"grow {part} {old}"])[0].split()[0]
            good.append(f"check-consistency {old} {size} {old_root} {root} {' '.join(mine.split()[:-1])}".strip())
    for line in good:
        words = line.split()
        at = pick.randrange(3, len(words))
        digit = pick.randrange(64)
        changed = format(int(words[at][digit], 16) ^ 1, "x")
        bad.append(" ".join([*words[:at], words[at][:digit] + changed + words[at][digit + 1:], *words[at + 1:]]))
        bad.append(" ".join(words[:-1]) if len(words) > 5 else f"{line} {words[3]}")
        bad.append(f"{line} {words[3]}")
    assert ours.ask(good) == go.ask(good) == ["ok"] * len(good), SEED
    assert ours.ask(bad) == go.ask(bad) == ["refused"] * len(bad), SEED


def test_tile_paths(ours, go, pick):
    """Both write the same paths, read them back, and refuse the same spellings."""
    names = [(kind, 0 if kind == "entries" else pick.randrange(8), pick.randrange(10 ** pick.randint(1, 15)),
              pick.randint(1, 256)) for kind in ["entries", "hashes"] * 200]
    asks = ["path %s %d %d %d" % name for name in names]
    paths = [answer.split()[0] for answer in ours.ask(asks)]
    assert [p + " ok" for p in paths] == go.ask(asks)
    wanted = ["%s %d %d %d ok" % name for name in names]
    assert ours.ask([f"parse {p}" for p in paths]) == go.ask([f"parse {p}" for p in paths]) == wanted
    hostile = ["tile/0/x000/000", "tile/0/00", "tile/0/0000", "tile/0/x001", "tile/0/001/000", "tile/0/000.p/0",
               "tile/0/000.p/256", "tile/0/000.p/01", "tile/00/000", "tile/0/000/", "tile/0/-01",
               "tile/0/000.p/", "tile/entries/x000/000", "tile/0/+01", "tile//000"]
    changed = []
    for path in paths:
        at = pick.randrange(len(path))
        changed.append(path[:at] + pick.choice("x/.0p9-") + path[at + 1:])
    asks = [f"parse {p}" for p in hostile + changed]
    mine, theirs = ours.ask(asks), go.ask(asks)
    assert [ask for ask, a, b in zip(asks, mine, theirs) if a != b] == []
    assert mine[:len(hostile)] == ["refused"] * len(hostile)


@pytest.mark.parametrize("text", ["text\n", "a\n\nb\n\n\n", "\n", "Ognuno sta solo è\n", "— n AAAAAAA=\n\n— n AAAAAAA=\n"])
def test_notes_both_ways(ours, go, tmp_path, run, text):
    """What one signs the other opens, and a changed text neither."""
    key, plain = tmp_path / "key.pem", tmp_path / "text"
    run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key])
    plain.write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    for signs in [ours, go]:
        note = tmp_path / "note"
        verifier, done = signs.ask([f"sign {key} log.example/1 {plain} {note}"])[0].split()
        assert done == "ok"
        for opens in [ours, go]:
            assert opens.ask([f"open {verifier} {note}"]) == [f"{digest} ok"]
        for changed in [b"x" + note.read_bytes(), note.read_bytes() + b"\n", note.read_bytes().replace(b"\n", b"\r\n"),
                        note.read_bytes()[:-1], note.read_bytes().replace(b"log.example/1", b"log.example/2")]:
            spoilt = tmp_path / "spoilt"
            spoilt.write_bytes(changed)
            for opens in [ours, go]:
                assert opens.ask([f"open {verifier} {spoilt}"]) == ["refused"]


def test_keys(ours, go, tmp_path):
    """Both take the same texts of keys."""
    (tmp_path / "note").write_text("If you think cryptography is the answer to your problem,\nthen you don't know what "
                                   "your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIu"
                                   "GUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n")
    good = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    keys = [good, good[:-4], good.replace("c74", "c75"), good.replace("+A", "+B"), good.replace("Peter", "Pieter"),
            "PeterNeumann", "", good + "+", "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"]
    asks = [f"open {key} {tmp_path}/note" for key in keys]
    mine = ours.ask(asks)
    assert mine == go.ask(asks)
    assert mine[0].endswith(" ok") and mine[1:] == ["refused"] * (len(keys) - 1)
