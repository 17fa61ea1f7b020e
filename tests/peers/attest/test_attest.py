"""attest against others' readers: spdx-tools on SBOMs, sigstore-python on statements."""
import json
import subprocess

import pytest

HEX = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


@pytest.fixture
def ours(hm_build, env):
    path = hm_build / "tests" / "peer_attest"
    if not path.is_file():
        pytest.skip("peer_attest is not in the build folder: build first, or set HM_BUILD")
    return lambda command, text="": subprocess.run([path, command], input=text, env=env, capture_output=True, text=True,
                                                   check=False)


def test_spdx_is_valid(ours, need_peer, run, tmp_path):
    """Reading and the whole validation of spdx-tools; and that it would complain: one field spoilt."""
    text = ours("spdx").stdout
    (tmp_path / "a.spdx.json").write_text(text)
    run([need_peer("pyspdxtools"), "-i", "a.spdx.json"])
    for old, new in [("SPDXRef-Image-", "SPDXRef-Image_"), ("VARIANT_OF", "VARIANTS_OF"),
                     ('"checksumValue": "0', '"checksumValue": "x'), ("https://hallmark", "hallmark")]:
        assert old in text
        (tmp_path / "b.spdx.json").write_text(text.replace(old, new, 1))
        assert run([need_peer("pyspdxtools"), "-i", "b.spdx.json"], check=None).returncode != 0, new


def test_spdx_says_the_same_to_others(ours, need_peer, run, tmp_path):
    """What spdx-tools reads, counted by kind of relationship; nothing it does not know is left over."""
    (tmp_path / "a.spdx.json").write_text(ours("spdx").stdout)
    script = """
import collections, json, sys
from spdx_tools.spdx.parser.parse_anything import parse_file
d = parse_file("a.spdx.json")
print(json.dumps({"packages": len(d.packages), "kinds": collections.Counter(r.relationship_type.name for r in d.relationships),
                  "sums": sum(len(p.checksums) for p in d.packages), "created": str(d.creation_info.created)}))
"""
    found = json.loads(run([need_peer("python3"), "-c", script]).stdout)
    assert found == {"packages": 15, "sums": 6, "created": "1970-01-01 00:00:00",
                     "kinds": {"DESCRIBES": 2, "CONTAINS": 6, "VARIANT_OF": 2, "DEPENDS_ON": 10}}


STATEMENT = {"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": "a", "digest": {"sha256": HEX}}],
             "predicateType": "https://slsa.dev/provenance/v1", "predicate": {"buildDefinition": {}}}


def changed(**change):
    return json.dumps({**STATEMENT, **change})


@pytest.mark.parametrize("text, accepted", [
    (changed(), True),
    (changed(subject=[{"name": "a", "digest": {"sha256": HEX, "sha512": HEX * 2}}, {"digest": {"sha256": HEX}, "name": "b"}]), True),
    (changed(_type="https://in-toto.io/Statement/v2"), False),
    (changed(subject=[]), False),
    (changed(subject=[{"name": "a"}]), False),
    (changed(subject="a"), False),
    ("[]", False),
    ("{", False),
], ids=str)
def test_statements(ours, need_peer, run, text, accepted):
    """Both say yes, or both say no; what we write of it is to them what they read."""
    script = "import sys; from sigstore.dsse import Statement; s = Statement(sys.stdin.buffer.read()); print(s._inner.model_dump_json(by_alias=True))"
    theirs = run([need_peer("python3"), "-c", script], input=text, check=None)
    written = ours("statement", text)
    assert (written.returncode == 0) == (theirs.returncode == 0) == accepted, theirs.stderr[-300:]
    if accepted:
        assert json.loads(written.stdout) == json.loads(text)
        again = run([need_peer("python3"), "-c", script], input=written.stdout)
        assert json.loads(again.stdout) == json.loads(theirs.stdout)
