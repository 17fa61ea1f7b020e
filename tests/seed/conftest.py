"""A small module with a dependency, in a git repository, and the snippets as they were written."""
import re
import shutil
import subprocess

import pytest

from hmtest import TOP, clean_environment

APP = """// App says how many events a second are let through.
package main

import (
	"fmt"
	"os"

	"golang.org/x/time/rate"
)

func main() {
	fmt.Println(describe(rate.Limit(len(os.Args))))
}

func describe(limit rate.Limit) string {
	if limit < 0 {
		return "none"
	}
	if limit == rate.Inf {
		return "all"
	}
	return fmt.Sprintf("%g a second", float64(limit))
}
"""

APP_TEST = """package main

import (
	"testing"

	"golang.org/x/time/rate"
)

func TestDescribe(t *testing.T) {
	for limit, want := range map[rate.Limit]string{3: "3 a second", rate.Inf: "all"} {
		if got := describe(limit); got != want {
			t.Errorf("%v is %q, not %q", limit, got, want)
		}
	}
	main()
}
"""


@pytest.fixture(scope="session")
def seed():
    """The folder with the snippets, each as it was written."""
    return TOP / "tests" / "seed" / "snippets"


@pytest.fixture
def command(seed):
    """command("ko build"): the one line of commands.txt that begins so."""
    def find(start):
        lines = [line for line in (seed / "commands.txt").read_text().splitlines() if line.startswith(start)]
        assert len(lines) == 1, start
        return lines[0]
    return find


@pytest.fixture
def work(request, hm_build):
    """A folder of this test, always at the same place: caches are kept by the module's path."""
    folder = hm_build / "test-seed" / re.sub(r"\W+", "-", request.node.nodeid.split("/")[-1])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder.resolve()
    shutil.rmtree(folder)


@pytest.fixture
def seed_env(work, hm_build, go_env):
    """A caller with an empty home, Go's caches, and caches of hallmark that stay from one test run to the next."""
    env = {**clean_environment(work / "home"), **{k: v for k, v in go_env.items() if v}}
    (hm_build / "test-cache").mkdir(exist_ok=True)
    env["XDG_CACHE_HOME"] = str(hm_build / "test-cache")
    return env


@pytest.fixture
def module(work, seed_env):
    """A module with the program ./cmd/app, committed."""
    folder = work / "module"
    (folder / "cmd/app").mkdir(parents=True)
    (folder / "cmd/app/main.go").write_text(APP)
    (folder / "cmd/app/main_test.go").write_text(APP_TEST)
    version = re.search(r"golang.org/x/time (\S+)", (TOP / "examples/hello/go.mod").read_text()).group(1)
    sums = [line for line in (TOP / "examples/hello/go.sum").read_text().splitlines(True) if "golang.org/x/time" in line]
    (folder / "go.mod").write_text(f"module example.com/seed\n\ngo 1.24.0\n\nrequire golang.org/x/time {version}\n")
    (folder / "go.sum").write_text("".join(sums))
    git = ["git", "-C", folder, "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for words in [["init", "-q"], ["add", "-A"], ["commit", "-qm", "start"]]:
        subprocess.run([*git, *words], check=True, env={**seed_env, "GIT_CONFIG_GLOBAL": "/dev/null"})
    done = subprocess.run(["go", "mod", "download"], cwd=folder, env=seed_env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("the module's dependency cannot be fetched: " + done.stderr.strip().splitlines()[-1])
    return folder


@pytest.fixture
def can_run(hallmark, run, seed_env):
    """Skips where this machine cannot run pipelines."""
    done = run([hallmark, "doctor"], env=seed_env, check=None)
    if done.returncode != 0:
        pytest.skip("hallmark run does not work here: " + (done.stderr.strip().splitlines() or ["?"])[0])


@pytest.fixture
def commit(module, run, seed_env):
    return run(["git", "-C", module, "rev-parse", "HEAD"], env=seed_env).stdout.strip()
