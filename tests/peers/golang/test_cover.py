"""`go tool cover -func` and go/parser as judges of coverage."""
import os
import random
import subprocess

import pytest

SOURCES = {
    "go.mod": "module example.com/c\n\ngo 1.25\n",
    "a.go": """package c

var Outside = func(x int) int { // counted by go test -cover, and not by go tool cover -func
	if x > 0 {
		return 1
	}
	return 2
}

func A(x int) (r struct{ a int }) {
	f := func() int { return x }
	for i := 0; i < x; i++ {
		r.a += f()
	}
	if x > 100 {
		r.a = -1
	}
	return
}

func B() int { return 1 }; func _() { panic("never") }
""",
    "sub/s.go": """package sub

type T[K interface{ ~int }] struct{ k K }

func (t T[K]) Get() interface{ Error() string } {
	if t.k == 0 {
		return nil
	}
	switch t.k {
	case 1:
		return nil
	}
	return nil
}
""",
    "a_test.go": """package c

import ("testing"; "example.com/c/sub")

func TestA(t *testing.T) {
	A(3)
	Outside(1)
	sub.T[int]{}.Get()
}
""",
    "sub/s_test.go": "package sub\n\nimport \"testing\"\n\nfunc TestGet(t *testing.T) { T[int]{k: 1}.Get() }\n",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cover")
    for name, text in SOURCES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("mode", ["set", "count", "atomic"])
def test_total(ask, go_env, project, tmp_path, mode):
    profile = tmp_path / "cover.out"
    env = {**os.environ, **go_env, "GOFLAGS": "", "GOWORK": "off"}
    subprocess.run(["go", "test", f"-covermode={mode}", "-coverpkg=./...", f"-coverprofile={profile}", "./..."],
                   cwd=project, env=env, check=True, stdout=subprocess.DEVNULL)
    shown = subprocess.run(["go", "tool", "cover", f"-func={profile}"], cwd=project, env=env, check=True,
                           stdout=subprocess.PIPE, text=True).stdout.splitlines()
    total = shown[-1].split()[-1].rstrip("%")
    pairs = [f"example.com/c/{name}={project / name}" for name in SOURCES if name.endswith(".go")]
    (line,) = ask("cover", [[profile, *pairs]])
    everything, in_functions = line.split()
    assert in_functions == total
    assert everything != total  # the literal outside of functions is what makes the difference


def test_functions(ask, xmod, go_env, module_cache):
    """Where functions begin and end, in sources that nobody here wrote."""
    goroot = subprocess.run(["go", "env", "GOROOT"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    files = sorted(os.path.join(folder, name) for top in [os.path.join(goroot, "src"), os.path.join(goroot, "test")]
                   for folder, _, names in os.walk(top) for name in names if name.endswith(".go"))
    files += sorted(str(path) for path in (module_cache / "golang.org").rglob("*.go"))
    random.Random(20261123).shuffle(files)
    files = files[:6000]
    ours, theirs = ask("funcs", [[f] for f in files]), xmod("funcs", [[f] for f in files])
    assert len(ours) == len(theirs) == len(files)
    assert [(file, mine, go) for file, mine, go in zip(files, ours, theirs) if mine != go and go != "error"][:3] == []
    assert sum(line != "error" for line in theirs) > len(files) / 2
