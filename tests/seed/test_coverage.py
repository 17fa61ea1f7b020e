"""The coverage command and `go list`, beside what a run and `mod verify` make of them."""
import json
import re
import shlex


def total(run, module, seed_env, profile):
    text = run(["go", "tool", "cover", f"-func={profile}"], cwd=module, env=seed_env).stdout
    return re.search(r"^total:.*?([\d.]+)%$", text, re.M).group(1)


def covered(profile):
    """Each block, and whether it was reached; counts differ between modes by what runs at the same time only."""
    lines = profile.read_text().splitlines()
    assert re.fullmatch(r"mode: \w+", lines[0])
    return {line.rsplit(" ", 1)[0]: line.endswith(" 0") for line in lines[1:]}


def test_go_refuses_it_as_it_stands(command, run, module, seed_env):
    """The reason for the one change."""
    line = command("go test")
    done = run(shlex.split(line), cwd=module, env=seed_env, check=None, timeout=600)
    assert done.returncode != 0
    assert 'covermode must be "atomic"' in done.stderr


def test_a_run_covers_the_same(can_run, command, hallmark, run, module, seed_env):
    words = shlex.split(command("go test"))
    assert words[:2] == ["go", "test"] and words[-1] == "./..."
    changed = [w.replace("count", "atomic") for w in words]
    if run(["go", "env", "CGO_ENABLED"], env=seed_env).stdout.strip() != "1":
        changed = [w for w in words if w != "-race"]
    run(changed, cwd=module, env=seed_env, timeout=600)
    want = module / "coverage.out"
    percent = total(run, module, seed_env, "coverage.out")
    blocks = covered(want)
    want.unlink()

    run([hallmark, "run", "--platform", "linux/amd64", "--param", f"coverage-threshold={percent}", "./cmd/app"],
        cwd=module, env=seed_env, timeout=900)
    out = module / ".hallmark/out/app"
    assert covered(out / "coverage.out") == blocks
    assert total(run, module, seed_env, out / "coverage.out") == percent
    summary = json.loads((out / "summary.json").read_text())
    assert next(t["results"] for t in summary["tasks"] if t["name"] == "test")["coverage"] == percent

    done = run([hallmark, "run", "--platform", "linux/amd64", "--param", f"coverage-threshold={float(percent) + 0.1}",
                "./cmd/app"], cwd=module, env=seed_env, check=1, timeout=900)
    assert f"{percent}%" in done.stderr


def test_listed_modules_are_the_verified_ones(command, hallmark, run, module, seed_env):
    text = run(shlex.split(command("go list")), cwd=module, env=seed_env).stdout
    packages, decoder = [], json.JSONDecoder()
    while text.strip():
        package, end = decoder.raw_decode(text.lstrip())
        packages.append(package)
        text = text.lstrip()[end:]
    listed = {(p["Module"]["Path"], p["Module"].get("Version")) for p in packages if "Module" in p and not p["Module"].get("Main")}
    report = json.loads(run([hallmark, "mod", "verify", "--output", "json"], cwd=module, env=seed_env).stdout)
    assert listed and listed == {(m["path"], m["version"]) for m in report["modules"]}
