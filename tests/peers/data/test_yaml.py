"""YAML as the peers' own readers have it: sigs.k8s.io/yaml in both its ways, and OPA's yaml.unmarshal."""
import json
import random
import re
import subprocess

import pytest

SEED = 20261123

# Each is tried as a value, in a flow sequence, and as a key.
SCALARS = """
0 1 -1 +1 12 007 0777 08 09 018 00 -0 +0 -00 -0777 +0777 0o7 0o17 0O17 -0o17 +0o17 0o8 0o 0o-7 0o+7 -0o-7
0x0 0x1F 0X1f -0x1F +0x1F 0x 0xg 0x_1F 0xFFFFFFFFFFFFFFFF 0x10000000000000000 -0x8000000000000000 -0x8000000000000001
0b0 0b101 0B101 -0b101 +0b101 0b2 0b 0b-1 0b+1 -0b+1 0b_1
1_000 1__0 _1 1_ 0_7 -_1 +_ 0x_ 0_ 1_0.5 1.5_0 ._5 1e_3 1_e3
9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809 18446744073709551615
18446744073709551616 123456789012345678901234567890 0777777777777777777777 07777777777777777777777
1.0 -1.0 1. .5 -.5 +.5 . .. ... 1.5 01.5 1.50 0.1 -0.0 0.0 1e3 1E3 1e+3 1e-3 1e 1e+ e3 .e3 1.e3 .5e1 1.5e3x 1e1000 -1e1000
1e-1000 1e20 1e21 1e22 123456789.123 0.000001 0.0000001 1e-7 100000000000000000000.5 4.9e-324 1.7976931348623157e308
1234567.0 123456.7 0.0001 0.00001 3.4028236e38 3.4028235e38 1e-50 16777217.0 0.1e1 12345678901234567890.5 .1e-400
.inf .Inf .INF +.inf -.inf -.Inf -.INF .iNF inf Infinity .nan .NaN .NAN .Nan nan
true True TRUE tRUE false False FALSE yes Yes YES yEs no No NO on On ON off Off OFF oFF y Y n N yy t f T F
~ null Null NULL nULL nil none None
2001-12-14 2001-1-1 2001-13-01 2001-02-29 2000-02-29 2001-12-14T21:59:43Z 2001-12-14t21:59:43.10-05:00
2001-12-14T21:59:43.123456789+24:00 2001-12-14T21:59:43 20011214 2001-12 12:30 12:30:45 1:30 190:20:30.15 -1:30 1.2.3
01-01 v1 1a a1 0a 1-1 1+1 +a -a --1 ++1 +-1 1,000 $1 1% a:b a:b:c http://x/y x=y <<< => @a
hello hello-world a.b /path ./x *a_b_c "" '' "a" 'a' "1" '1' "true" 'null' "~" "0x1" '1.5' "2001-12-14"
"a\\nb" "\\u00fc" "\\x41" "\\0" "\\e" "\\U0001F600" "\\ud83d" 'it''s' "a\\
b" 'a "q"' "\\"" "\\_" "\\N" "\\L"
!!str&1 !!str&true !!str&~ !!str&"x" !!str !!int&1 !!int&"1" !!int&0x10 !!int&1.5 !!int&a !!int&99999999999999999999
!!int&18446744073709551615 !!float&1 !!float&1.5 !!float&"2" !!float&.inf !!float&a !!float&1_0 !!float&18446744073709551615
!!bool&true !!bool&yes !!bool&"on" !!bool&1 !!bool&a !!null&null !!null&~ !!null&"" !!null !!null&a !!timestamp&2001-12-14
!!timestamp&"2001-12-14T21:59:43.100Z" !!timestamp&2001-12-14T21:59:43,5-05:30 !!timestamp&2001-1-2 !!timestamp&1
!!timestamp&2001-12-14T24:00:00Z !!timestamp&2001-12-14T1:2:3+24:00 !!timestamp&2001-12-14T21:59:43.120+00:00
!!binary&aGVsbG8= !!binary&"aGVs\\nbG8=" !!binary&/w== !!binary&w7w= !!binary&a !!binary&a=== !!binary !!binary&"aGk"
!&1 !&"1" !&true !&a !foo&1 !foo&"x" !!foo&1 !<tag:yaml.org,2002:int>&3 !<tag:yaml.org,2002:str>&3 !<x>&3 !!merge&a !!seq&a !!map&1
""".split()

DOCUMENTS = [
    "", "\n", "# comment\n", "---\n", "--- # x\n...\n", "a", "- 1\n- a\n-\n- - 2\n  - 3\n", "a:\n- 1\n- 2\nb:\n  c: d\n  e:\n",
    "a: |\n  x\n  y\n\nb: |-\n  x\nc: |+\n  x\n\nd: >\n  x\n  y\n\n  z\n", "a: |2\n    x\n   y\n", "a: >-\n  1\n", "a: |\n",
    "a: x\n  y\n   z\n", "a: 'x\n\n  y'\n", "a: \"x\n  y\\\n  z\"\n", "{a: 1, b: [x, {c: d}], }", "[a, b: c, ]", "{a, b: , c: }",
    "{a: 1, 'b': 2, \"c\":3}", "{\"a\":1,\"b\":[true,null,\"x\"]}", "[]", "{}", "[[], {}]", "a: []\nb: {}\n", "? a\n: b\n? c\n",
    "? [a]\n: b\n", "? {a: b}\n: c\n", "[a]: b\n", "{[a]: b}", "a: &x 1\nb: *x\n", "a: &x [1, 2]\nb: *x\nc: [*x, *x]\n",
    "&x a: *x\n", "a: *x\n", "&x [*x]", "&x {a: *x}", "- &x a\n- &x b\n- *x\n", "- &x 1\n- *x : 2\n", "- &x [1]\n- *x : 2\n",
    "- &x y\n- {*x : 2}\n", "- &x 2001-01-01\n- {*x : 2}\n",
    "a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  k: 3\n", "a: &x {k: 1, l: 2}\nb:\n  k: 3\n  <<: *x\n",
    "- &x {k: 1}\n- &y {k: 2, l: 3}\n- <<: [*x, *y]\n  m: 4\n", "- &x {k: 1}\n- &y {k: 2, l: 3}\n- <<: *y\n  <<: *x\n",
    "- &x {k: 1}\n- &y {k: 2, l: 3}\n- m: 1\n  <<: *x\n  <<: [*y, {n: 4}]\n  k: 5\n",
    "<<: {a: 1}\nb: 2\n", "<<: [{a: 1}, {a: 2}]\n", "<<: 1\n", "<<: [1]\n", "<<: [[{a: 1}]]\n", "<<:\n", "\"<<\": {a: 1}\n",
    "? !!merge <<\n: {a: 1}\n", "? !!str <<\n: {a: 1}\n", "? ! <<\n: {a: 1}\n", "- &x [{a: 1}]\n- <<: *x\n", "- &x <<\n- *x : {a: 1}\n",
    "- &x {a: 1}\n- &y {<<: *x, b: 2}\n- {<<: *y, c: 3}\n", "- &x {a: 1}\n- {<<: *x, a: 2, <<: {a: 3}}\n", "a: <<\n", "{<<: [], <<: {}, a: 1}", "{<<: [], <<: [{a: 1}, {b: 2}], a: 3}", "{<<: [], <<: []}", "{<<: {a: 1}, <<: {a: 2}}",
    "a: 1\na: 2\n", "a: 1\n\"a\": 2\n", "{a: {b: 1, b: 2}}", "1: a\n1: b\n", "2001-01-01: 1\n2001-01-01: 2\n",
    "1: a\n2: b\ntrue: c\n1.5: d\n", "~: 1\n", ": 1\n", "? \n: 1\n", "{: 1}", ".inf: 1\n", "-.inf: 1\n", ".nan: 1\n", "!!binary /w==: 1\n",
    "18446744073709551615: 1\n", "!!null a: 1\n", "- !!seq [1]\n- !!map {a: 1}\n- !foo [1]\n- !!set {a, b}\n- !!omap [a: 1]\n",
    "%YAML 1.1\n---\na: 1\n", "%YAML 1.2\n---\na: 1\n", "%YAML 2.0\n---\na: 1\n", "%TAG !e! tag:yaml.org,2002:\n---\n!e!int 3\n",
    "%TAG !! tag:x,2000:\n---\n!!int 3\n", "!u!x 1\n", "a: b: c\n", "a: - b\n", "a:b\n", "a :b\n", "a : b\n", "a:  b # c\n",
    "a: b#c\n", "a: 'b'#c\n", "- a\n b\n", "- a\n-b\n", "a: 1\n b: 2\n", "\ta: 1\n", "a:\t1\n", "a:\n\tb: 1\n", "- \ta\n",
    "[1, 2", "{a: 1", "]", "}", "a: [", "\"a", "'a", "\"\\q\"", "\"\\u12\"", "|\n a\n", ">\n a\n b\n", "a: @b\n", "a: `b\n", "a: %b\n", "%a\n",
    "a: &\n", "a: *\n", "a: !\n", "a: !<x\n", "a: |x\n  b\n", "a: |0\n  b\n", "- - - 1\n", "-\n  - 1\n", "- a: 1\n  b: 2\n- c\n", "a\nb\n",
    "a: \"b\" c\n", "...\n", "a: 1\n...\n", "\ufeffa: 1\n", "a: \u00fc \U0001f600\n", "a: \u0085\n", "a: x\u2028y\n", "a: \x07\n", "\u00fc: 1\n",
    "a: \"\x7f\"\n", "a: \u00a0x\n", "x" * 1030 + ": 1\n", "? " + "x" * 1030 + "\n: 1\n", "a: ~b\n", "a: -\n", "a: - \n", "a: ?b\n", "a: ? b\n", "{a: ?b}", "[?a]",
    "[a,b,c]", "[a ,b]", "{a:1}", "{a:1, b}", "[a:1]", "[\"a\":1]", "[a: 1, b: 2]", "[- a]", "[,a]", "[a,,b]", "{,}", "{a: 1,, b: 2}", "a: {b: [1}]",
    "a: 1 # c\n# d\nb: 2\n", "#a\n  #b\na: 1\n", "a: |\n # no comment\n", "a: b\n\n\n\nc: d\n", "a: 1\r\nb: 2\r\n", "a: 1\rb: 2\r", "a: |\r\n  x\r\n  y\r\n",
    "a: !!str\nb: 1\n", "- !!str\n- !!null\n", "!!str a: !!int 1\n", "&a a: &b b\nc: *a\nd: *b\n", "&a\n- 1\n", "--- &a\n- 1\n", "--- !!map\na: 1\n", "--- a\n", "--- |\n  a\n",
    "a: '\n", "on: push\njobs: {a: {runs-on: x}}\n", "mode: 0644\nport: 080\nversion: 1.10\nhex: 0xdeadbeef\nsha: 1e10\n",
]

# Only for OPA: sigs.k8s.io/yaml never looks behind the first document, and so accepts anything there; we refuse it.
STREAMS = ["  a: 1\nb: 2\n", "[a]]", "\"a\" b\n", "a: 1\n---\nb: 2\n", "---\n---\na: 1\n", "a: 1\n---\n", "a\n---\n[\n", "  a:\nb: 1\n", "a: 1\n...\nb: 2\n", "a: 1\n---\n*x\n", "--- 1\n--- 2\n"]


def texts_of(scalars):
    """Documents with each scalar in each position."""
    texts = []
    for scalar in scalars:
        scalar = scalar.replace("&", " ", 1) if scalar.startswith("!") else scalar
        texts += [scalar, f"v: {scalar}\n", f"- {scalar} \n- x\n", f"[{scalar} , {scalar}]", f"? {scalar}\n: 1\n"]
        if "," not in scalar:  # which could make two keys of one string, and which of them holds is left open
            texts.append(f"{{{scalar} : x}}")
    return texts


def is_known(text):
    """In flow collections libyaml and go-yaml disagree where a plain scalar ends that has ':' or '?' before a comma or a
    bracket: the one refuses `[a:]`, the other `[a?]`."""
    return text[:1] in "[{" and re.search(r"[:?]\s*[],}?:]|\?", text)


def random_scalars(rng, count):
    """Plain scalars that look like numbers, words or times, mostly."""
    for _ in range(count):
        letters = rng.choice(["0123456789.eE+-_", "01234567_xXoObBaAfF+-", "2001-12T:Z+.,45 ", "tTrRuUeEyYnNoOfFsSlL~.iIaA", "a1 :#-?,\\|>%@"])
        yield "".join(rng.choice(letters) for _ in range(rng.randint(1, rng.choice([3, 6, 12]))))


class Documents:
    """Nested documents with anchors, aliases and merges. Wild ones have keys that come twice, also those that merge,
    nodes that contain themselves, and merges of anything."""

    NAMES = ["a", "b", "c", "k1", "on", "1", "1.5", "'q'"]

    def __init__(self, rng, wild):
        self.rng, self.wild, self.count, self.anchors, self.mappings = rng, wild, 0, [], []

    def anchored(self, make, names):
        if self.rng.random() >= 0.2:
            return make()
        self.count += 1
        name = f"x{self.count}"
        if self.wild:
            names.append(name)
        text = f"&{name} {make()}"
        if not self.wild:
            names.append(name)
        return text

    def scalar(self):
        return self.rng.choice(["1", "x", "'y'", "~", "true", "off", "1.0", "0x1f", "''", "[]", "{}"])

    def mapping(self, depth):
        rng, members = self.rng, []
        for key in rng.choices(self.NAMES, k=rng.randint(0, 4)) if self.wild else rng.sample(self.NAMES, rng.randint(0, 4)):
            if rng.random() < 0.2 and (self.wild or not any(m.startswith("<<") for m in members)):
                members.append(f"<< : {self.merged(depth - 1)}")
            else:
                members.append(f"{key} : {self.node(depth - 1)}")
        return "{" + ", ".join(members) + "}"

    def merged(self, depth):
        rng = self.rng
        if self.wild and rng.random() < 0.3:
            return self.node(depth)
        if self.mappings and rng.random() < 0.6:
            return "*" + rng.choice(self.mappings) + " "
        if rng.random() < 0.3:
            return "[" + ", ".join(self.mapping(max(depth, 0)) for _ in range(rng.randint(0, 2))) + "]"
        return self.mapping(max(depth, 0))

    def node(self, depth):
        rng, kind = self.rng, self.rng.random()
        names = self.anchors + self.mappings
        if names and kind < 0.15:
            return "*" + rng.choice(names) + " "
        if depth <= 0 or kind < 0.5:
            return self.anchored(self.scalar, self.anchors)
        if kind < 0.7:
            return self.anchored(lambda: "[" + ", ".join(self.node(depth - 1) for _ in range(rng.randint(0, 3))) + "]",
                                 self.anchors)
        return self.anchored(lambda: self.mapping(depth), self.mappings)


def random_documents(rng, count, wild):
    return [Documents(rng, wild).mapping(4) for _ in range(count)]


class Peer:
    """A program that answers a list of texts with a list of answers: the value, numbers as they are written, or None."""

    def __init__(self, command, env):
        self.command, self.env = [str(word) for word in command], env

    def ask(self, texts, wrap=lambda texts: texts, unwrap=lambda answers, _: answers):
        done = subprocess.run(self.command, input=json.dumps(wrap(texts)), env=self.env, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        # "&1" and "1" are not equal: a number keeps its text, and is told from a string
        answers = json.loads(done.stdout, parse_int=lambda n: ("number", n), parse_float=lambda n: ("number", n))
        return unwrap(answers, len(texts))


@pytest.fixture
def ours(hm_build, env):
    """ours("last"), ours("strict"), ours("opa"): our reader in one of its ways."""
    path = hm_build / "tests" / "peer_data"
    if not path.is_file():
        pytest.skip("peer_data is not in the build folder: build first, or set HM_BUILD")
    return lambda way: Peer([path, way], env)


@pytest.fixture
def kubernetes(go_program, env):
    return lambda way: Peer([go_program("data"), way], env)


@pytest.fixture
def opa(need_peer, env):
    query = "{sprintf(\"%d\", [i]): v | some i; v := yaml.unmarshal(input.texts[i])}"

    class Opa(Peer):
        def ask(self, texts):
            def unwrap(answers, count):
                found = answers["result"][0]["expressions"][0]["value"]
                return [{"ok": found[str(i)]} if str(i) in found else {"refused": "undefined"} for i in range(count)]
            return super().ask(texts, wrap=lambda texts: {"texts": texts}, unwrap=unwrap)
    return Opa([need_peer("opa"), "eval", "--stdin-input", "--format", "json", query], env)


def compare(texts, ours, theirs):
    """Every text has the same value, or is refused by both."""
    texts = [text for text in dict.fromkeys(texts) if text in DOCUMENTS or not is_known(text)]
    wrong, refused = [], 0
    for text, a, b in zip(texts, ours.ask(texts), theirs.ask(texts), strict=True):
        refused += "refused" in a
        if ("refused" in a) != ("refused" in b) or a.get("ok") != b.get("ok"):
            wrong.append(f"{text!r}\n    ours:   {a}\n    theirs: {b}")
    assert not wrong, f"{len(wrong)} of {len(texts)} differ:\n" + "\n".join(wrong[:40])
    # a comparison in which everything is refused, or nothing, would say little
    assert 0 < refused < len(texts)
    print(f"# {len(texts)} texts, {refused} of them refused by both")


@pytest.mark.parametrize("way", ["last", "strict"])
def test_kubernetes(ours, kubernetes, way):
    assert len(SCALARS) >= 200
    compare(texts_of(SCALARS) + DOCUMENTS, ours(way), kubernetes(way))


def test_opa(ours, opa):
    compare(texts_of(SCALARS) + DOCUMENTS + STREAMS, ours("opa"), opa)


@pytest.mark.parametrize("way", ["last", "strict"])
def test_kubernetes_random(ours, kubernetes, way):
    rng = random.Random(SEED)
    compare(texts_of(random_scalars(rng, 2000)) + random_documents(rng, 1000, True), ours(way), kubernetes(way))


def test_opa_random(ours, opa):
    """OPA drops a value that a later key overrides before it looks at it; we refuse what is wrong in it all the same."""
    rng = random.Random(SEED + 1)
    compare(texts_of(random_scalars(rng, 2000)) + random_documents(rng, 1000, False), ours("opa"), opa)
