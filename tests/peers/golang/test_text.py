"""golang.org/x/mod and go/version as judges of versions, module paths, and how they are escaped."""
import json
import random
import re

import pytest

VERSIONS = """
v1 v1.2 v1.2.3 v0.0.0 v1.2.3-pre v1.2.3-pre.1 v1.2.3-pre.10 v1.2.3-pre.9 v1.2.3-01 v1.2.3-0 v1.2.3-a.01 v1.2.3- v1.2.3-.a v1.2.3-a..b
v1.2.3+meta v1.2.3+ v1.2.3-pre+meta.01 v2.0.0+incompatible v2.0.0+incompatible.1 v01.2.3 v1.02.3 v1.2.03 v1.2.3.4 V1.2.3 1.2.3 v v. v1.
v1.2. vx v1.2.x v1.2.3x v1-pre v1.2-pre v1+meta v10.0.0 v9.0.0 v99999999999999999999.1.0 v1.2.3-alpha v1.2.3-alpha.beta v1.2.3-beta v1.2.3-rc.1
v0.0.0-20200102030405-abcdefabcdef v0.0.0-20200102030405-abc v0.0.1-20200102030405-abcdefabcdef v1.2.4-0.20200102030405-abcdefabcdef
v1.2.3-pre.0.20200102030405-abcdefabcdef v1.2.3-pre.20200102030405-abcdefabcdef v0.0.0-20201302030405-abcdefabcdef v1.2.3-0.20200102030405-abc+incompatible
v0.0.0-20200102030405 v0.0.0-20200102030405- v0.0.0-20200102030405-a_b v0.0.0-2020010203040-abcdefabcdef v2.0.0-20200102030405-abcdefabcdef
v0.0.0-00010101000000-000000000000 v1.2.3-x-0.20200102030405-abc v1.2.3-20200102030405-abcdefabcdef v1.2.3-0.20200102030405-abc-def
go1 go1.0 go1.2 go1.20 go1.21 go1.21.0 go1.21rc1 go1.21rc2 go1.21beta1 go1.20.0 go1.21.0rc1 go1.21.1 go1.22 go1.9 go1.10 go1.21- go1.21.0-corp go1.21x
go1.x go2 go go1. go1.21. go1.021 go1.21rc go1.21rc01 go1.21alpha go1.0rc1 go1.20rc1 go1.20 go01 gox
""".split() + [""]

PATHS = """
github.com/a/b golang.org/x/sync github.com/BurntSushi/toml example.com example.com/ /example.com example.com//a a.b a a/b .a/b a.b/.c a.b/c. a.b/... a.b/c..d
a.b/-c -a.b/c a.b/c-d a.b/c~d a.b/c~1 a.b/c~1.go a.b/c~1x a.b/con a.b/CON.txt a.b/com1 a.b/com0 a.b/lpt9.x a.b/aux.b a.b/nul a.b/auxx a.b/c+d a.b/c@d a.b/c:d
A.b/c a.B/c a_b.c/d a.b/C_d a.b/c/v2 a.b/c/v1 a.b/c/v0 a.b/c/v02 a.b/c/v2.0 a.b/c/v a.b/v2 v2 a.b/c/v2/d a.b/c/v22 gopkg.in/yaml.v3 gopkg.in/yaml gopkg.in/yaml.v0
gopkg.in/yaml.v01 gopkg.in/a/b.v2 gopkg.in/a.v1-unstable gopkg.in/a-unstable gopkg.in/v1 gopkg.in/.v1 gopkg.in/a.v gopkg.in/a.v1/b localhost/x a.b/c!d a.b/!c a.b/!!c
a.b/c! a.b/!1 github.com/!burnt!sushi/toml a.b/é é.b/c a.b/中 a.b/☃ a.b/c(d) a.b/[c] a.b/c,d a.b/c=d a.b/#c a.b/$c a.b/%41 a.b/&c a.b/^c a.b/{c} a.b/c;d a.b/c*d
a.b/c?d a.b/"c" a.b/'c' a.b/`c` a.b/c|d a.b/c<d a.b/c\\d go.mod Go.mod LICENSE d/x.go D/X.GO . .. ./a ../a .\\a C:\\a c: c c/d 1:x x.go ..x
""".split() + ["a b", "a.b/c d", "", " ", "a.b/c\n", "a.b/\x01", "a.b/\x7f"]


def mutate(rng, text, others):
    for _ in range(rng.randint(1, 3)):
        at, how = rng.randint(0, len(text)), rng.randint(0, 2)
        if how == 0:
            text = text[:at] + rng.choice(list(".-+v0129aAzZ/!~_@ é中\x7f") + ["20200102030405", "incompatible", "/v2", "rc", ".0."]) + text[at:]
        elif how == 1:
            text = text[:at] + text[at + rng.randint(1, 3):]
        else:
            other = rng.choice(others)
            text = text[:at] + other[rng.randint(0, len(other)):]
    return text


@pytest.mark.parametrize("name", ["table", "mutations"])
def test_text(ask, xmod, name):
    rng = random.Random(20261123)
    texts = VERSIONS + PATHS
    if name == "table":
        pairs = [(a, b) for a in VERSIONS for b in VERSIONS] + [(a, b) for a in PATHS for b in ["v1.2.3", "v2.0.0", "v0.0.0-x", "x"]]
    else:
        pairs = [(mutate(rng, rng.choice(texts), texts), mutate(rng, rng.choice(VERSIONS), VERSIONS)) for _ in range(20000)]
    # the go command cuts a toolchain's name at blanks and refuses slashes, as we do, and go/version does not; which also
    # makes up the .0 of a Go 2 to come
    odd = re.compile(r"go.*[ /\\]|go([02-9]|\d\d+)(-.*)?$")
    pairs = [(a, b) for a, b in pairs if not odd.match(a) and not odd.match(b)]
    rows = [[a.encode().hex(), b.encode().hex()] for a, b in pairs]
    ours, theirs = ([json.loads(line) for line in lines] for lines in [ask("text", rows), xmod("text", rows)])
    assert [(pair, mine, go) for pair, mine, go in zip(pairs, ours, theirs) if mine != go][:5] == []
    assert len(ours) == len(theirs) == len(rows)
