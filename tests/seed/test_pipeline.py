"""pipeline.yaml, unchanged, against a local git repository."""
import json
import shutil
import subprocess


def run_it(run, hallmark, seed, seed_env, folder, *words, check=0):
    return run([hallmark, "run", "--pipeline", seed / "pipeline.yaml", *words], cwd=folder, env=seed_env, check=check,
               timeout=900)


def test_it_clones_and_builds(can_run, hallmark, run, seed, seed_env, work, module, commit):
    """The tasks are the shipped ones; a param and the workspaces that it leaves out come from the run."""
    root, empty = work / "root", work / "empty"
    # the program stands at the top of its repository, where the pipeline's tasks look without being told
    shutil.copytree(module, root, ignore=shutil.ignore_patterns(".git", "cmd"))
    for path in (module / "cmd/app").iterdir():
        shutil.copy(path, root)
    git = ["git", "-C", root, "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for words in [["init", "-q"], ["add", "-A"], ["commit", "-qm", "start"]]:
        subprocess.run([*git, *words], check=True, env={**seed_env, "GIT_CONFIG_GLOBAL": "/dev/null"})
    head = run([*git, "rev-parse", "HEAD"], env=seed_env).stdout.strip()
    empty.mkdir()

    run_it(run, hallmark, seed, seed_env, empty, "--param", f"git-url={root}")
    out = empty / ".hallmark/out/seed"
    summary = json.loads((out / "summary.json").read_text())
    assert summary["pipeline"] == "go-build-pipeline" and summary["result"] == "success"
    assert (summary["source"]["state"], summary["source"]["commit"]) == ("commit", head)
    assert run([out / "seed-linux-amd64"]).stdout == "1 a second\n"
    assert (out / "seed-linux-arm64").read_bytes()[18:20] == b"\xb7\x00"
    index = json.loads((out / "image/index.json").read_text())
    assert index["manifests"]
    # what is in the repository is untouched
    assert run([*git, "status", "--porcelain"], env=seed_env).stdout == ""


def test_a_url_is_one_too(can_run, hallmark, run, seed, seed_env, work, module):
    """file:// as git takes it; a repository without a program at its top fails in build and leaves no result."""
    folder = work / "empty"
    folder.mkdir()
    done = run_it(run, hallmark, seed, seed_env, folder, "--param", f"git-url=file://{module}", check=1)
    assert "task 'build'" in done.stderr
    assert not list((folder / ".hallmark").glob("out/*"))


def test_its_param_is_wanted(hallmark, run, seed, seed_env, work):
    folder = work / "empty"
    folder.mkdir()
    done = run_it(run, hallmark, seed, seed_env, folder, check=2)
    assert "git-url" in done.stderr


def test_no_such_repository(can_run, hallmark, run, seed, seed_env, work):
    done = run_it(run, hallmark, seed, seed_env, work, "--param", f"git-url={work}/none", check=None)
    assert done.returncode in (1, 4) and not list((work / ".hallmark").glob("out/*"))
