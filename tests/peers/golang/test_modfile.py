"""golang.org/x/mod/modfile as judge: both accept and refuse the same files, and read the same from them."""
import json
import random

import pytest

KINDS = ["main", "dependency", "work"]

# Whole files, good and bad; each is read as each kind.
FILES = [
    "", "\n", "// only a comment", "module a.b/c", "module a.b/c\n", "module \"a.b/c\"\n", "module `a.b/c`\n",
    "module a.b/c // comment\n", "module a.b/c\nmodule a.b/d\n", "module\n", "module a b\n", "module 'a'\n", "module a\"b\n",
    "module \"\"\n", "module \"a\\x2fb\\u00e9\\101\\n\"\n", "module \"a\\'b\"\n", "module \"a\\400\"\n", "module \"a\\ud800\"\n",
    "module \"a\n", "module \"a\\\n\"\n", "module `a\n`\n", "module \"a", "module (\n\ta.b/c\n)\n", "module (\n)\n", "module ()\n",
    "module ( )\n", "module ( ) x\n", "module ( x )\n", "module (\n", "module (\na\n) x\n", "module (\na\n) // x\n", ")\n", "(\n)\n",
    "// Deprecated: use d\nmodule a.b/c\n", "module a.b/c // Deprecated: use d\n", "// Deprecated: x\n\nmodule a.b/c\n",
    "// First.\n//\n// Deprecated:   use d\n// and e.\n//\n// More.\nmodule a.b/c\n", "// Deprecated use d\nmodule a.b/c\n",
    "// a Deprecated: use d\nmodule a.b/c\n", "// Deprecated: d\nmodule (\n\ta.b/c\n)\n",
    "// Deprecated: d\nmodule (\n\n\ta.b/c\n)\n", "module (\n\t// Deprecated: d\n\n\ta.b/c\n)\n", "//Deprecated:\nmodule x\n",
    "// Deprecated: one\r\n// two\r\nmodule x\r\n", "//\u00a0Deprecated: nbsp\u2003\nmodule x\n",
    "go 1.21\n", "go 1.21.0\n", "go 1.21rc1\n", "go 1.21.0rc1\n", "go 1\n", "go 1.\n", "go 1.x\n", "go 1.21x\n", "go v1.21\n",
    "go v1.21.3\n", "go 1.021\n", "go 01.21\n", "go 0.21\n", "go 1.21.\n", "go 1.21.01\n", "go 1.21rc\n", "go 1.21 rc1\n",
    "go 1.21-beta\n", "go 1.5.x\n", "go 2.0\n", "go 1.0\n", "go \"1.21\"\n", "go 1.21\ngo 1.22\n", "go\n", "go (\n1.21\n)\n", "go ()\n",
    "go 1.20é\n", "go 1.20.\"\\\n\"\n",
    "toolchain go1.21\n", "toolchain default\n", "toolchain go1\n", "toolchain go1.21.3-corp\n", "toolchain go2\n", "toolchain go1x\n",
    "toolchain local\n", "toolchain\n", "toolchain go1.2\ntoolchain go1.3\n", "toolchain (\ngo1.2\n)\n", "toolchain \"go1.2\"\n",
    "godebug a=b\n", "godebug a=b=c\n", "godebug a\n", "godebug a = b\n", "godebug =\n", "godebug a=b,c\n", "godebug a='b'\n",
    "godebug \"a=b\"\n", "godebug (\n\ta=b\n\tdefault=go1.21\n)\n", "godebug a=`\n",
    "require a.b/c v1.2.3\n", "require a.b/c v1.2\n", "require a.b/c v1\n", "require a.b/c v1.2.3+meta\n", "require a.b/c v1.2.3-pre+meta\n",
    "require a.b/c v2.0.0+incompatible\n", "require a.b/c v2.0.0\n", "require a.b/c/v2 v2.0.0\n", "require a.b/c/v2 v1.0.0\n",
    "require a.b/c/v1 v1.0.0\n", "require a.b/c/v0 v0.0.0\n", "require a.b/c/v02 v2.0.0\n", "require a.b/c/v2.1 v2.1.0\n", "require v2 v2.0.0\n",
    "require gopkg.in/yaml.v3 v3.0.1\n", "require gopkg.in/yaml.v3 v2.0.1\n", "require gopkg.in/yaml v3.0.1\n", "require gopkg.in/yaml.v0 v0.1.0\n",
    "require gopkg.in/yaml.v1 v0.0.0-20140529165536-ca83e6d2c2a1\n", "require gopkg.in/yaml.v2-unstable v2.0.0\n", "require gopkg.in/a.v01 v1.0.0\n",
    "require a.b/c master\n", "require a.b/c 1.2.3\n", "require a.b/c v1.2.3 x\n", "require a.b/c\n", "require\n", "require a.b/c v1.02.3\n",
    "require \"a.b/c\" \"v1.2.3\"\n", "require `a.b/c` v1.2.3\n", "require 'a.b/c' v1.2.3\n", "require a.b/c v1.2.3 // indirect\n",
    "require a.b/c v1.2.3 //indirect\n", "require a.b/c v1.2.3 // indirect; why\n", "require a.b/c v1.2.3 // indirect;\n",
    "require a.b/c v1.2.3 // indirect why\n", "require a.b/c v1.2.3 // // indirect\n", "// indirect\nrequire a.b/c v1.2.3\n",
    "require (\n\ta.b/c v1.2.3 // indirect\n\td.e/f v0.1.0\n)\n", "require ( // indirect\n\ta.b/c v1.2.3\n)\n", "require (\n\ta.b/c v1.2.3\n) // indirect\n",
    "require (a.b/c v1.2.3)\n", "require a.b/c v1.2.3 (\n)\n", "require x (\n)\n", "require (\n\trequire a.b/c v1.2.3\n)\n", "require a.b/c//d v1.0.0\n",
    "require a.b/c v1.2.3// indirect\n", "require a.b/c /* x */ v1.2.3\n", "/* x */\n", "require a.b/c/*x v1.2.3\n", "require a.b/c v1.2.3 /\n",
    "require \u00a0a.b/c v1.2.3\n", "require a.b/\u00e9 v1.2.3\n", "require a.b/\ufeffc v1.2.3\n", "\ufeffmodule x\n", "require\ta.b/c\tv1.2.3\r\n",
    "require a.b/c\rv1.2.3\n", "require a.b/c\vv1.2.3\n", "require a.b/c\x00 v1.2.3\n", "require a\\b v1.2.3\n", "require a.b/c, v1.2.3\n",
    "require a.b/c v9999999999999999999.0.0+incompatible\n", "require a.b/c v0.0.0-20200101000000-abcdefabcdef\n",
    "exclude a.b/c v1.2.3\n", "exclude a.b/c\n", "exclude a.b/c v2.0.0\n", "exclude (\n\ta.b/c v1.2.3\n)\n", "exclude a.b/c [v1, v2]\n",
    "replace a.b/c => ../c\n", "replace a.b/c v1.2.3 => ./c\n", "replace a.b/c => d.e/f v1.0.0\n", "replace a.b/c v1.0.0 => d.e/f v1.0.0\n",
    "replace a.b/c => d.e/f\n", "replace a.b/c => d.e/f@v1.0.0\n", "replace a.b/c => ./c v1.0.0\n", "replace a.b/c => .\\c\n", "replace a.b/c => c:\\d\n",
    "replace a.b/c => /abs\n", "replace a.b/c => ..\n", "replace a.b/c => .\n", "replace a.b/c => \"./with space\"\n", "replace a.b/c =>\n",
    "replace => ../c\n", "replace a.b/c ../c\n", "replace a.b/c v2.0.0 => ../c\n", "replace a.b/c/v1 => ../c\n", "replace a.b/c v1.2 => ../c\n",
    "replace a.b/c => d.e/f v2.0.0\n", "replace a.b/c => d.e/f/v3 v1.0.0\n", "replace a.b/c => d.e/f master\n", "replace a b c => d\n", "replace a => => b\n",
    "replace (\n\ta.b/c => ../c\n\td.e/f v1.0.0 => g.h/i v1.1.0\n)\n", "replace a.b/c => '../c'\n", "replace a.b/c=>../c\n",
    "retract v1.0.0\n", "retract v1.0.0 // why\n", "// why\n// more\nretract v1.0.0\n", "retract [v1.0.0, v1.1.0]\n", "retract [v1.0.0,v1.1.0] // both\n",
    "retract [v1.0.0 v1.1.0]\n", "retract [v1.0.0, v1.1.0\n", "retract [v1.0.0]\n", "retract [\n", "retract []\n", "retract\n", "retract v1 v2\n",
    "retract [v1.0.0, v1.1.0] x\n", "retract master\n", "retract \"v1.0.0\"\n", "retract 'v1.0.0'\n", "retract ( v1.0.0 )\n", "retract [ , v1.0.0 ]\n",
    "retract (\n\tv1.0.0 // one\n\t// two\n\t[v1.1.0, v1.2.0]\n\n\tv1.3.0\n)\n", "// all\nretract (\n\tv1.0.0\n\tv1.1.0 // own\n)\n",
    "// all\nretract (\n\n\tv1.0.0\n\n\n\tv1.1.0\n)\n", "retract ( // head\n\tv1.0.0\n) // tail\n", "// a\n\n// b\nretract v1.0.0 // c\n",
    "retract (\n\t// a\n\n\t// b\n\tv1.0.0\n)\n", "retract (\n\tv1.0.0 // x\n\n\t// lone\n)\nretract v2.0.0\n",
    "tool a.b/c/cmd\n", "tool (\n\ta.b/c\n\td.e/f\n)\n", "tool a b\n", "tool\n", "tool 'x'\n", "tool \"a b\"\n",
    "ignore ./x\n", "ignore (\n\t./x\n\ty\n)\n", "ignore a b\n", "ignore\n", "ignore `x`\n",
    "use ./a\n", "use (\n\t./a\n\t../b\n)\n", "use\n", "use a b\n", "use . // comment\n",
    "unknown x\n", "unknown (\n\tx\n)\n", "unknown x (\n\ty\n)\n", "unknown (\n", "unknown \"\n", "unknown x ( y ) z\n", "{ }\n", ", x\n", "] x\n",
    "module x\n\x80\n", "module x\xff\n", "module \"x\\\n", "module x //\n", "//", "// \r", "\r\n\r\n", "   \t\n", "module x\n\n\n// end",
]


def as_bytes(text):
    """Text of the table; of its characters up to 255 the last two rows stand for single bytes."""
    return text.encode("latin-1") if "\x80" in text or "\xff" in text else text.encode()


@pytest.fixture(scope="module")
def compare(ask, xmod):
    def check(rows):
        rows = [(kind, path) for kind, path in rows]
        ours = [json.loads(line) for line in ask("modfile", rows)]
        theirs = [json.loads(line) for line in xmod("modfile", rows)]
        assert len(ours) == len(theirs) == len(rows)
        for row, mine, other in zip(rows, ours, theirs):
            if mine["ok"] != other["ok"] or (mine["ok"] and mine != other):
                wrong = {key: (mine[key], other[key]) for key in mine if mine[key] != other[key]}
                pytest.fail(f"{row}: {wrong}\n{open(row[1], 'rb').read()[:2000]!r}", pytrace=False)
        return sum(mine["ok"] for mine in ours), len(ours)
    return check


def test_table(compare, tmp_path):
    rows = []
    for number, text in enumerate(FILES):
        path = tmp_path / str(number)
        path.write_bytes(as_bytes(text))
        rows += [(kind, path) for kind in KINDS]
    good, count = compare(rows)
    assert 0 < good < count


def test_module_cache(compare, cached):
    good, count = compare([(kind, f"{stem}.mod") for _, _, stem in cached for kind in KINDS[:2]])
    assert good > 0


def mutate(rng, data, others):
    pieces = [b"(", b")", b"\n", b"//", b"\"", b"`", b" ", b"=>", b"v1.0.0", b"[", b"]", b",", b"\\", b"// indirect", b"\xff", b"go ",
              b"require ", b"retract ", b"module ", b"/v2", b"\xc2\xa0", b"1.2", b"\r"]
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(out))
        how = rng.randint(0, 3)
        if how == 0:
            out[at:at] = rng.choice(pieces)
        elif how == 1:
            del out[at:at + rng.randint(1, 8)]
        elif how == 2 and at < len(out):
            out[at] = rng.choice(b"()\n\t \"'`/\\=>[],v0.1abc\x00\xe9")
        else:
            other = rng.choice(others)
            start = rng.randint(0, len(other))
            out[at:at] = other[start:start + rng.randint(1, 40)]
    return bytes(out)


def test_mutations(compare, tmp_path):
    """Small changes of good and bad files, the same on each run."""
    rng, rows = random.Random(20261123), []
    seeds = [as_bytes(text) for text in FILES if len(text) > 8]
    for number in range(6000):
        path = tmp_path / str(number)
        path.write_bytes(mutate(rng, rng.choice(seeds), seeds))
        rows.append((rng.choice(KINDS), path))
    good, count = compare(rows)
    assert good > count / 20
