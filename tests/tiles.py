"""A transparency log as its folder has it, read without any of our own code: C2SP tlog-tiles and tlog-checkpoint, RFC 6962.

All hashes above the leaves are computed here; what the log says of them is only compared."""
import base64
import hashlib
import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WIDTH = 256


def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def root_of(hashes):
    """RFC 6962 2.1, from the hashes of the leaves."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    stack = []  # roots of whole trees, each smaller than the one before it
    for i, one in enumerate(hashes):
        while i & 1:
            one, i = hashlib.sha256(b"\1" + stack.pop() + one).digest(), i >> 1
        stack.append(one)
    root = stack.pop()
    while stack:
        root = hashlib.sha256(b"\1" + stack.pop() + root).digest()
    return root


def path_of(index, hashes):
    """RFC 6962 2.1.1: what proves that this leaf is in the tree, from the leaf upwards."""
    if len(hashes) <= 1:
        return []
    half = 1 << (len(hashes) - 1).bit_length() - 1
    if index < half:
        return path_of(index, hashes[:half]) + [root_of(hashes[half:])]
    return path_of(index - half, hashes[half:]) + [root_of(hashes[:half])]


class Checkpoint:
    """A signed note; with a key its signature is checked, and is that of an Ed25519 key of the note's own name."""

    def __init__(self, note, key=None):
        self.text, signatures = note.split("\n\n")
        self.origin, size, root = self.text.split("\n")[:3]
        self.size, self.root = int(size), base64.b64decode(root, validate=True)
        assert len(self.root) == 32 and str(self.size) == size
        if key is None:
            return
        name, value = re.fullmatch("\u2014 (\\S+) (\\S+)\n", signatures).groups()
        value = base64.b64decode(value, validate=True)
        assert name == self.origin
        assert value[:4] == hashlib.sha256(name.encode() + b"\n\x01" + key).digest()[:4]
        Ed25519PublicKey.from_public_bytes(key).verify(value[4:], self.text.encode() + b"\n")


def number_path(n):
    """1234067 is x001/x234/067."""
    text = f"{n % 1000:03d}"
    while n >= 1000:
        n //= 1000
        text = f"x{n % 1000:03d}/" + text
    return text


class Tiles:
    """What the checkpoint in the folder covers, all of it checked when it is read."""

    def __init__(self, folder, key):
        self.folder = Path(folder)
        self.checkpoint = Checkpoint((self.folder / "checkpoint").read_text(), key)
        size = self.size = self.checkpoint.size
        self.entries = self.read_entries()
        self.leaves = [leaf_hash(entry) for entry in self.entries]
        assert root_of(self.leaves) == self.checkpoint.root, "the entries do not lead to the root that was signed"
        hashes, level = self.leaves, 0
        while hashes:
            found = b"".join(self.tile(f"{level}", n, len(hashes)) for n in range((len(hashes) + WIDTH - 1) // WIDTH))
            assert found == b"".join(hashes), f"tiles of level {level} do not hold the hashes of the entries"
            hashes = [root_of(hashes[i:i + WIDTH]) for i in range(0, len(hashes) - WIDTH + 1, WIDTH)]
            level += 1
        assert len(self.entries) == size

    def tile(self, kind, n, count):
        """The n-th tile of a level that has this many hashes, or of the entries."""
        width = min(WIDTH, count - WIDTH * n)
        path = self.folder / "tile" / kind / (number_path(n) + (f".p/{width}" if width < WIDTH else ""))
        assert path.is_file(), f"the checkpoint covers {self.size} entries, but {path} is missing"
        return path.read_bytes()

    def read_entries(self):
        entries = []
        for n in range((self.size + WIDTH - 1) // WIDTH):
            bundle, before = self.tile("entries", n, self.size), len(entries)
            while bundle:
                end = 2 + int.from_bytes(bundle[:2], "big")
                assert len(bundle) >= end
                entries.append(bundle[2:end])
                bundle = bundle[end:]
            assert len(entries) - before == min(WIDTH, self.size - before)
        return entries

    def root(self, size):
        """Of the log as it was."""
        return root_of(self.leaves[:size])

    def begins_with(self, leaves):
        return self.leaves[:len(leaves)] == leaves


def covered_end(path):
    """How many entries a log must have for a file of it, named relative to its folder, to count; None: it is no tile."""
    found = re.fullmatch(r"(?:tile/(entries|\d+)|times)/((?:x\d{3}/)*\d{3})(?:\.p/(\d+))?", path)
    if not found:
        return None
    level = int(found.group(1)) if (found.group(1) or "entries") != "entries" else 0
    n, width = int(re.sub(r"\D", "", found.group(2))), int(found.group(3) or WIDTH)
    return (WIDTH * n + width) * WIDTH ** level
