"""oci against the container tools: github.com/distribution/reference on references, crane on layouts."""
import json
import random
import shutil
import subprocess
import tarfile

import pytest

SEED = 20261124
HEX = "0123456789abcdef" * 4


@pytest.fixture
def ask(hm_build, env):
    path = hm_build / "tests" / "peer_oci"
    if not path.is_file():
        pytest.skip("peer_oci is not in the build folder: build first, or set HM_BUILD")
    return lambda lines: answers(path, lines, env)


def answers(path, lines, env):
    done = subprocess.run([str(path)], input="".join(line + "\n" for line in lines), env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=120, check=True)
    found = done.stdout.splitlines()
    assert len(found) == len(lines)
    return found


def references(pick):
    """Texts near the grammar, good and bad; of one word each, without sha384, which is no registered algorithm."""
    words = ["a", "b1", "B", "library", "docker.io", "index.docker.io", "localhost", "ghcr.io", "x-y", "-x", "x-", "a.b",
             "a..b", "a_b", "a__b", "a___b", "a--b", "a.-b", "127.0.0.1", "[::1]", "[fe80::1", "[]", "", "0", "A.b", "_", ".",
             "sha256", HEX, "é", "a b", "x" * 130, "y" * 128]
    digests = ["sha256:" + HEX, "sha512:" + HEX * 2, "sha256:" + HEX.upper(), "sha256:" + HEX[1:], "md5:" + HEX[:32],
               "sha256", "", "sha256:" + HEX + "@sha256:" + HEX]
    for _ in range(20000):
        text = "/".join(pick.choice(words) + (":" + pick.choice(["80", "", "p", "5000"]) if pick.random() < .2 else "")
                        for _ in range(pick.choice([1, 1, 2, 2, 3, 4])))
        if pick.random() < .4:
            text += ":" + pick.choice(words)
        if pick.random() < .2:
            text += "@" + pick.choice(digests)
        if pick.random() < .2:
            at = pick.randrange(len(text) + 1)
            text = text[:at] + pick.choice("./:@_-A[]a0 ") + text[at:]
        yield text


def test_references(ask, go_program, env):
    lines = ["reference " + text for text in references(random.Random(SEED))]
    ours, theirs = ask(lines), answers(go_program("oci"), lines, env)
    differ = []
    for line, a, b in zip(lines, ours, theirs):
        a, b = ["refused" if x.startswith("refused") else x for x in [a, b]]
        if a != b:
            differ.append((line, a, b))
    assert not differ[:5]
    assert sum(a.startswith("refused") for a in ours) > 1000 < sum(not a.startswith("refused") for a in ours)


@pytest.fixture
def pulled(registry, need_peer, run, tmp_path):
    """A layout that crane wrote: an index over an OCI image of two layers and a Docker one of one."""
    crane = need_peer("crane")
    (tmp_path / "file").write_text("hello\n")
    for name in ["one.tar", "two.tar"]:
        with tarfile.open(tmp_path / name, "w") as tar:
            tar.add(tmp_path / "file", arcname=name)
    run([crane, "append", "--oci-empty-base", "-f", "one.tar", "-f", "two.tar", "-t", f"{registry}/a:1"])
    run([crane, "append", "-f", "one.tar", "-t", f"{registry}/a:2"])
    run([crane, "index", "append", "-m", f"{registry}/a:1", "-m", f"{registry}/a:2", "-t", f"{registry}/a:all"])
    run([crane, "pull", "--format=oci", f"{registry}/a:all", "layout"])
    return tmp_path / "layout"


def subset(small, large):
    """Whether all that stands in small stands in large too."""
    if isinstance(small, dict):
        return isinstance(large, dict) and all(k in large and subset(v, large[k]) for k, v in small.items())
    if isinstance(small, list):
        return isinstance(large, list) and len(small) == len(large) and all(map(subset, small, large))
    return small == large


def test_their_layouts(ask, pulled, tmp_path):
    assert ask([f"check {pulled}"]) == ["ok"]
    documents = {path: json.loads(path.read_bytes()) for path in (pulled / "blobs" / "sha256").iterdir()
                 if path.read_bytes().startswith(b"{")}
    seen = []
    for path, document in documents.items():
        kind = "index" if "manifests" in document else "manifest" if "layers" in document else "config"
        answer = ask([f"{kind} {path}"])[0]
        assert not answer.startswith("refused"), answer
        assert subset(json.loads(answer), document)
        seen.append(kind)
    assert sorted(seen) == ["config", "config", "index", "manifest", "manifest"]


def test_their_layouts_spoilt(ask, pulled, tmp_path):
    """One bit of each file of the layout, one after the other."""
    paths = [p for p in pulled.rglob("*") if p.is_file() and p.name not in ["oci-layout", "index.json"]]
    assert len(paths) >= 7
    for path in paths:
        spoilt = tmp_path / "spoilt"
        shutil.copytree(pulled, spoilt)
        target = spoilt / path.relative_to(pulled)
        data = bytearray(target.read_bytes())
        data[len(data) // 2] ^= 1
        target.chmod(0o600)
        target.write_bytes(data)
        assert ask([f"check {spoilt}"])[0].startswith("refused oci.mismatch")
        shutil.rmtree(spoilt)
