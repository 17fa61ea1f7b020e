"""What `meson install` lays out runs from wherever it is moved to; the .deb installs and runs in a fresh Debian."""
import filecmp
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from hmtest import TOP


def files_below(folder):
    return sorted(str(p.relative_to(folder)) for p in Path(folder).rglob("*") if p.is_file())


@pytest.fixture(scope="session")
def installed(hm_build, tmp_path_factory):
    """A DESTDIR that was installed into, and the prefix in it."""
    if not shutil.which("meson"):
        pytest.skip("meson is not installed; scripts/setup installs it")
    destdir = tmp_path_factory.mktemp("destdir")
    done = subprocess.run(["meson", "install", "-C", hm_build, "--no-rebuild", "--destdir", destdir],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    prefix = next(destdir.rglob("bin/hallmark")).parent.parent
    return destdir, prefix


def pipeline_of(run, program, **kwargs):
    report = json.loads(run([program, "doctor", "--output", "json"], check=None, **kwargs).stdout)
    return next(c["detail"] for c in report["checks"] if c["name"] == "pipelines")


def test_everything_is_there(installed, run):
    _, prefix = installed
    assert files_below(prefix / "share/hallmark/pipelines") == files_below(TOP / "share/pipelines")
    pages = files_below(prefix / "share/man/man1")
    commands = files_below(TOP / "docs/commands")
    assert pages == sorted(["hallmark.1"] + [f"hallmark-{c[:-3]}.1" for c in commands if c != "README.md"])
    for place in ["bash-completion/completions/hallmark.bash", "zsh/site-functions/_hallmark",
                  "fish/vendor_completions.d/hallmark.fish"]:
        assert "mod" in (prefix / "share" / place).read_text()
    for name in ["README.md", "CHANGELOG.md", "LICENSE", "commands/README.md"]:
        assert (prefix / "share/doc/hallmark" / name).is_file(), name
    assert [p.name for p in (prefix / "bin").iterdir()] == ["hallmark"]
    assert (prefix / "libexec/hallmark/hallmark-full").is_file()
    # nothing of the machine that built it is in the text files
    for page in list((prefix / "share").rglob("*")):
        assert not page.is_file() or str(TOP).encode() not in page.read_bytes(), page


def test_it_runs_where_it_was_put(installed, run):
    _, prefix = installed
    program = prefix / "bin" / "hallmark"
    assert run([program, "version"]).stdout.startswith("hallmark ")
    assert pipeline_of(run, program) == str(prefix / "share/hallmark/pipelines/go-release.yaml")
    assert pipeline_of(run, prefix / "libexec/hallmark/hallmark-full") == pipeline_of(run, program)


PIPELINE = """apiVersion: tekton.dev/v1
kind: Pipeline
metadata: {name: ask}
spec:
  tasks:
    - name: ask
      taskSpec:
        steps:
          - {name: ask, image: none, script: hallmark version}
"""


@pytest.mark.parametrize("sandbox", ["auto", "none"])
def test_its_steps_find_it(installed, module, sandbox):
    """Whatever its own file is called, and also where nothing is laid out for them."""
    m = module()
    m.hallmark = installed[1] / "bin" / "hallmark"
    (m.folder / "ask.yaml").write_text(PIPELINE)
    m.run("--pipeline", "ask.yaml", "--sandbox", sandbox)
    assert (m.folder / ".hallmark/log/ask/ask.log").read_text().startswith("hallmark ")


def test_it_runs_when_it_was_moved(installed, run, tmp_path):
    _, prefix = installed
    moved = tmp_path / "a folder" / "ü"
    shutil.copytree(prefix, moved)
    assert run([moved / "bin/hallmark", "version"]).stdout.startswith("hallmark ")
    assert pipeline_of(run, moved / "bin/hallmark") == str(moved / "share/hallmark/pipelines/go-release.yaml")
    link = tmp_path / "hallmark"
    link.symlink_to(moved / "bin" / "hallmark")
    assert pipeline_of(run, link) == str(moved / "share/hallmark/pipelines/go-release.yaml")
    # through the path, and from another folder
    assert run(["hallmark", "version"], env={"PATH": str(moved / "bin")}, cwd="/").stdout.startswith("hallmark ")


def test_build_folder_is_one_too(hm_build, run):
    assert pipeline_of(run, hm_build / "hallmark") == str(hm_build / "share/pipelines/go-release.yaml")


def test_incomplete_installation(installed, run, tmp_path):
    """Neither the path nor the current folder is looked into for the other half."""
    _, prefix = installed
    if Path("/usr/local/libexec/hallmark/hallmark-full").exists():
        pytest.skip("hallmark is installed in /usr/local, where this test wants nothing")
    broken = tmp_path / "broken"
    shutil.copytree(prefix, broken)
    trap = tmp_path / "trap"
    trap.mkdir()
    shutil.move(broken / "libexec/hallmark/hallmark-full", trap / "hallmark-full")
    done = run([broken / "bin/hallmark", "version"], env={"PATH": f"{trap}:{os.environ['PATH']}"}, cwd=trap, check=4)
    assert f"{broken}/libexec/hallmark/hallmark-full" in done.stderr and "incomplete" in done.stderr


# --- the Debian package ---

@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """The .deb, made in a clone of this commit with what is not committed yet, and the same made in another folder."""
    for tool in ["dpkg-deb", "dpkg-shlibdeps", "dpkg-buildflags"]:
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed; scripts/setup --tests installs it")
    made = []
    for name in ["first", "second/deeper"]:
        folder = tmp_path_factory.mktemp("package") / name
        folder.mkdir(parents=True)
        files = subprocess.run(["git", "-C", TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                               stdout=subprocess.PIPE, check=True).stdout
        subprocess.run(["sh", "-c", f'tar -C "{TOP}" --null -T - -c | tar -C "{folder}" -x'], input=files, check=True)
        env = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
        done = subprocess.run([folder / "scripts/package"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, check=False)
        assert done.returncode == 0, done.stderr
        made.append(Path(done.stdout.strip()))
    return made


@pytest.mark.slow
def test_deb_is_reproducible(package):
    first, second = package
    assert first.name == second.name
    assert filecmp.cmp(first, second, shallow=False)


@pytest.mark.slow
def test_deb_holds_what_it_says(package, run):
    deb = package[0]
    field = {}
    for line in run(["dpkg-deb", "-f", deb]).stdout.splitlines():
        if not line.startswith(" "):
            field[line.split(":")[0]] = line.split(": ", 1)[1]
    depends = {d.split(" ")[0] for d in field["Depends"].split(", ")}
    assert {"libc6", "libssl3", "libcurl4", "libseccomp2"} <= depends
    assert not {d for d in depends if d.endswith("-dev")}
    names = [line.split(None, 5)[5] for line in run(["dpkg-deb", "-c", deb]).stdout.splitlines()]
    for name in ["./usr/bin/hallmark", "./usr/libexec/hallmark/hallmark-full", "./usr/share/man/man1/hallmark.1.gz",
                 "./usr/share/hallmark/pipelines/go-release.yaml", "./usr/share/doc/hallmark/copyright",
                 "./usr/share/zsh/vendor-completions/_hallmark"]:
        assert name in names, name
    assert all(n.startswith(("./usr/", "./")) and not n.startswith("./usr/local") for n in names)
    owners = {line.split()[1] for line in run(["dpkg-deb", "-c", deb]).stdout.splitlines()}
    assert owners == {"root/root"}
    if shutil.which("lintian"):
        done = run(["lintian", "--fail-on", "error", deb], check=None, timeout=300)
        assert done.returncode == 0, done.stdout


@pytest.fixture(scope="session")
def debian(tmp_path_factory):
    """debian(script, *args): run a script with sh in a fresh Debian that was entered with pivot_root; the process."""
    if os.geteuid() != 0:
        pytest.skip("debootstrap needs root")
    if not shutil.which("debootstrap"):
        pytest.skip("debootstrap is not installed; scripts/setup --tests installs it")
    # the mirror that this machine's apt uses
    lines = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)",
                            "Created-By: Packages"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    mirror = next((line.split()[0] for line in lines if line.split()[1:] == ["bookworm", "main"]), None)
    if not mirror:
        pytest.skip("this machine's apt has no mirror of Debian bookworm")
    base = tmp_path_factory.mktemp("debian")
    root = base / "root"
    done = subprocess.run(["debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", root, mirror],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    for name in Path("/etc/apt/apt.conf.d").glob("*proxy*"):
        shutil.copy(name, root / "etc/apt/apt.conf.d")

    def enter(script, *args, go=None):
        """go: a GOROOT of this machine that is there, read-only, as /opt/go."""
        binds = f'mkdir -p opt/go; mount --bind "{go}" opt/go; mount -o remount,bind,ro opt/go\n' if go else ""
        # the namespaces go with the process, and every mount with them; /dev is the machine's
        outer = f"""
mount --make-rprivate /
mount --bind "{root}" "{root}"; cd "{root}"
mount -t proc proc proc; mount -t sysfs -o ro sysfs sys; mount --rbind /dev dev; mkdir -p old
{binds}pivot_root . old; cd /; umount -l old
exec env -i PATH="/opt/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" HOME=/root LANG=C.UTF-8 \\
    sh -euc "$@"
"""
        return subprocess.run(["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-euc", outer, "sh", script,
                               "sh", *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=600, check=False)
    enter.root = root
    yield enter
    # 300 MiB; its mounts went with their namespace
    shutil.rmtree(base)


@pytest.mark.slow
def test_deb_in_a_fresh_debian(package, debian):
    shutil.copy(package[0], debian.root / "tmp")
    done = debian('apt-get -qq update && apt-get -qq -y --no-install-recommends install "/tmp/$1" >&2', package[0].name)
    assert done.returncode == 0, done.stdout + done.stderr
    done = debian("ldconfig -p | grep libhallmark-verify")
    assert done.returncode == 0
    done = debian("hallmark version; hallmark help; hallmark mod verify --help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("hallmark ") and "\nUsage: hallmark mod verify" in done.stdout

    # all is there but Go
    done = debian("hallmark doctor --output json")
    assert done.returncode == 4, done.stderr
    report = json.loads(done.stdout)
    missing = [(c["area"], c["name"]) for c in report["checks"] if c["state"] == "missing"]
    assert missing == [("go", "toolchain")], done.stdout
    assert {c["name"]: c["detail"] for c in report["checks"]}["pipelines"] == \
        "/usr/share/hallmark/pipelines/go-release.yaml"

    # with Go, a run would work, also for an ordinary user
    goroot = subprocess.run(["go", "env", "GOROOT"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    done = debian("hallmark doctor", go=goroot)
    assert done.returncode == 0, done.stdout + done.stderr
    done = debian("useradd -m somebody; cd /home/somebody; export HOME=$PWD; "
                  "exec setpriv --reuid=somebody --regid=somebody --init-groups hallmark doctor", go=goroot)
    assert done.returncode == 0, done.stdout + done.stderr

    # and it goes without a trace
    done = debian("apt-get -qq -y purge hallmark >&2; find / -xdev -name '*hallmark*' -not -path '/tmp/*' -not -path "
                  "'/proc/*' -not -path '/var/*' -print")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
