"""The module sandbox from outside: what a hostile program gets, and what is left behind.

Each test runs as root, where the tests run as root, and as an ordinary user.
"""
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

from hmtest import program_path
from sandboxes import NOBODY, SECRET, machine, tools


def is_sanitized():
    """A build in which the first process keeps its parent's memory, as a sanitizer's own is among it."""
    return b"__asan_init" in program_path("sandbox_tool").read_bytes()


def processes(parent):
    """All that descends from a process, itself left out."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path("/proc", entry, "stat").read_text()
            except OSError:
                continue
            fields = stat[stat.rindex(")") + 2:].split()
            children.setdefault(int(fields[1]), []).append(int(entry))
    found, todo = [], [parent]
    while todo:
        new = children.get(todo.pop(), [])
        found += new
        todo += new
    return found


def is_alive(pid):
    try:
        stat = Path("/proc", str(pid), "stat").read_text()
    except OSError:
        return False
    return stat[stat.rindex(")") + 2] != "Z"


def wait_until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


# What is refused

REFUSED = {
    "mount": "EPERM", "mount=/usr": "EPERM", "umount=/proc": "EPERM", "umount=/usr": "EPERM", "remount=/proc/sys": "EPERM",
    "bind-mount=/usr": "EPERM", "fsopen": "EPERM", "open-tree": "EPERM", "unshare=user": "EPERM",
    "unshare=mnt": "EPERM", "unshare=pid": "EPERM", "unshare=net": "EPERM", "unshare=uts": "EPERM",
    "unshare=ipc": "EPERM", "unshare=cgroup": "EPERM", "unshare=time": "EPERM", "clone=0x10000000": "EPERM",
    "clone=0x20000": "EPERM", "clone3": "ENOSYS", "setns": "EPERM", "keyctl": "EPERM", "add-key": "EPERM",
    "ptrace=1": "EPERM", "vm-read=1": "EPERM", "mknod": "EPERM", "mknod=block": "EPERM", "bpf": "EPERM",
    "perf": "EPERM", "io-uring": "ENOSYS", "userfaultfd": "EPERM", "socket=vsock": "EAFNOSUPPORT",
    "socket=packet": "EAFNOSUPPORT", "socket=alg": "EAFNOSUPPORT", "socket=bluetooth": "EAFNOSUPPORT",
    "socket=raw": "EPERM", "socket=audit": "EPROTONOSUPPORT", "socket=uevent": "EPROTONOSUPPORT",
    "socket-high": "EAFNOSUPPORT", "tiocsti": "EPERM", "tiocsti=high": "EPERM", "chroot": "EPERM", "pivot": "EPERM",
    "settime": "EPERM", "swapon": "EPERM", "reboot": "EPERM", "module": "EPERM", "kexec": "EPERM", "handle": "EPERM",
    "setuid=0": "EINVAL", "setuid=65534": "EINVAL", "setgroups": "EPERM", "hostname=x": "EPERM", "rlimit": "EPERM",
    "x32": "EKEYREJECTED", "int80": "EKEYREJECTED", "terminal": "ENXIO", "read=/proc/1/cmdline": None,
    "read=/proc/1/mem": None, "read=/proc/1/environ": None, "read=/etc/shadow": "ENOENT",
    "read=/etc/ssl/private": "ENOENT", "read=/root": "ENOENT", "read=/var/lib": "ENOENT", "read=/sys/class": "ENOENT",
    "open-write=/proc/sysrq-trigger": None, "open-write=/proc/sys/kernel/core_pattern": None,
    "open-write=/proc/sys/kernel/pid_max": None, "open-write=/proc/sys/user/max_user_namespaces": None,
    "open-write=/proc/sys/vm/drop_caches": None, "open-write=/proc/irq/default_smp_affinity": None, "open-write=/proc/mtrr": None,
    "unlink=/etc/services": None,
}

ALLOWED = ["unshare=files", "clone=0", "ptrace-child", "mknod=fifo", "socket=unix", "socket=inet", "socket=route",
           "no-random", "loopback4", "loopback6", "write=/dev/null", "write=/tmp/x", "write=/run/x", "write=/dev/shm/x",
           "write=/var/tmp/x", "write=/home/step/x", "write=/x", "write=/usr/bin/x", "write=/usr/local/bin/x",
           "capabilities", "pty", "orphans=100"]


def test_refused(machine):
    answers = machine.attack(*REFUSED)
    wrong = {name: answer for name, answer in answers.items()
             if answer == "ok" or answer != (REFUSED[name] or answer)}
    assert not wrong
    assert len(answers) == len(REFUSED)


def test_allowed(machine):
    assert machine.attack(*ALLOWED) == dict.fromkeys(ALLOWED, "ok")


def test_signals_are_reset(machine):
    ignoring = f"trap '' TERM INT QUIT CHLD PIPE HUP; exec {machine.folder}/sandbox_tool "
    done = subprocess.run([*machine.prefix, "sh", "-c", ignoring +
                           f"--ro {machine.folder}/sandbox_attack:/tools/attack -- /tools/attack signals"],
                          stdout=subprocess.PIPE, text=True, check=True, cwd="/")
    assert done.stdout == "signals ok\n"


def test_descriptors(machine, tmp_path):
    """Three are inherited, whatever the parent has open and marked for inheritance."""
    (tmp_path / "x").write_text("x")
    with open(tmp_path / "x", encoding="utf-8") as one, socket.socket() as two:
        for fd in (one.fileno(), two.fileno()):
            os.set_inheritable(fd, True)
        done = subprocess.run(machine.command("--ro", f"{machine.folder}/sandbox_attack:/tools/attack", "--",
                                              "/tools/attack", "descriptors"), stdout=subprocess.PIPE, text=True,
                              check=True, close_fds=False, cwd="/")
    assert done.stdout == "0 1 2 descriptors ok\n"


# What is seen

def test_network(machine):
    """Only loopback, and not the machine's: a service of the machine cannot be reached by any of its addresses."""
    with socket.create_server(("0.0.0.0", 0)) as server:
        port = server.getsockname()[1]
        own = f"connect=127.0.0.1:{port}"
        outside = ["connect=10.0.0.1:80", "connect=169.254.169.254:80", "connect=8.8.8.8:53"]
        answers = machine.attack(own, *outside)
        assert answers == {own: "ECONNREFUSED", **dict.fromkeys(outside, "ENETUNREACH")}
        assert machine.attack(own, options=["--net-host"]) == {own: "ok"}
    assert re.findall(r"^ *(\w+):", machine.shell("cat /proc/net/dev"), flags=re.M) == ["lo"]


def test_names(machine):
    assert machine.shell("cat /etc/hosts; hostname; cat /etc/hostname; test ! -e /etc/resolv.conf",
                         "--hostname", "builder").endswith("127.0.1.1\tbuilder\nbuilder\nbuilder\n")
    resolv = Path("/etc/resolv.conf")
    if resolv.is_file():
        assert machine.shell("cat /etc/resolv.conf", "--net-host") == resolv.read_text()
    assert machine.shell("id -un; id -u; id -g; echo $HOME; cd; pwd") == "step\n1000\n1000\n/home/step\n/home/step\n"
    assert machine.shell("id -un; id -u", "--user", "root:0:0") == "root\n0\n"
    assert machine.shell("grep ^builder /etc/passwd", "--user", "builder:7:8", "--home", "/workspace/home") == \
        "builder:x:7:8::/workspace/home:/bin/sh\n"


def test_abstract_sockets(machine):
    """With the machine's network, but not its abstract Unix sockets."""
    name = f"hallmark-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0" + name)
        server.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect("\0" + name)
        assert machine.attack(f"abstract={name}")[f"abstract={name}"] == "ECONNREFUSED"
        assert machine.attack(f"abstract={name}", options=["--net-host"])[f"abstract={name}"] in \
            ["EPERM", "EAFNOSUPPORT"]


def test_processes(machine):
    shown = machine.shell("ls -d /proc/[0-9]*; ps ax -o args=")
    assert "/proc/1\n" not in shown and str(os.getpid()) not in re.findall(r"/proc/(\d+)", shown)
    assert "sandbox_tool" not in shown
    assert machine.attack(f"kill={os.getpid()}", f"ptrace={os.getpid()}") == \
        {f"kill={os.getpid()}": "ESRCH", f"ptrace={os.getpid()}": "ESRCH"}


def test_files(machine):
    """The root is what the allow-list says, whatever the machine has."""
    top = set(machine.shell("ls -A /").split())
    assert top - {"lib32", "lib64", "libx32"} == {"bin", "dev", "etc", "home", "lib", "proc", "run", "sbin", "sys", "tmp",
                                                  "usr", "var"}
    assert machine.shell("ls -A /home /sys /tmp /run /var") == \
        "/home:\nstep\n\n/run:\n\n/sys:\n\n/tmp:\n\n/var:\nrun\ntmp\n"
    etc = set(machine.shell("cd /etc; find . -maxdepth 1 -type f; ls ssl").split())
    assert not etc & {"./shadow", "./gshadow", "./machine-id", "./sudoers", "./fstab", "private"}
    assert int(machine.shell("cat /etc/ssl/certs/* 2>/dev/null | grep -c BEGIN", check=None) or 0) > 0 \
        or not Path("/etc/ssl/certs").is_dir()


def test_environment(machine):
    env = {**os.environ, "HALLMARK_TEST_TOKEN": SECRET}
    assert machine.shell("env | sort | grep -v ^PWD=", env=env).splitlines() == \
        ["HOME=/home/step", "LANG=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    assert machine.shell("env | grep -v ^PWD=", "--env", "A=b", "--env", "PATH=/usr/bin", env=env) == "A=b\nPATH=/usr/bin\n"
    everything = machine.shell("cat /proc/*/environ /proc/*/cmdline /proc/*/mem 2>/dev/null", "--secret", SECRET, env=env, check=None)
    assert SECRET not in everything and "LANG=C.UTF-8" in everything


def test_first_process_forgets(machine):
    """What the supervisor holds in its memory is not in the copy of it that stays in the sandbox."""
    if os.geteuid() != 0:
        pytest.skip("only root may look into the first process")
    if is_sanitized():
        pytest.skip("a sanitizer's build keeps its parent's memory")
    env = {**os.environ, "HALLMARK_TEST_TOKEN": SECRET + "-in-env"}
    tool = machine.start("--secret", SECRET, "--", "sleep", "100", env=env)
    try:
        assert wait_until(lambda: len(processes(tool.pid)) == 2)
        first = processes(tool.pid)[0]
        assert SECRET.encode() in memory(tool.pid)
        kept = memory(first)
        assert SECRET.encode() not in kept and len(kept) < 16 << 20
    finally:
        tool.terminate()
        tool.wait()


def memory(pid):
    """All that a process may write, and its arguments and environment."""
    found = b""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in maps:
            area, mode = line.split()[:2]
            if not mode.startswith("rw"):
                continue
            start, end = (int(x, 16) for x in area.split("-"))
            mem.seek(start)
            found += mem.read(end - start)
    return found + Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()


# What is written

def test_layers(machine):
    """What is written to the system is written nowhere."""
    name = f"hallmark-test-{os.getpid()}"
    line = (f"for f in /usr/{name} /usr/bin/{name} /usr/local/bin/{name} /etc/{name} /{name}; do "
            f"echo 'echo private' > $f || exit 1; done; chmod 755 /usr/local/bin/{name}; {name}")
    assert machine.shell(line) == "private\n"
    for folder in ["/usr", "/usr/bin", "/usr/local/bin", "/etc", "/"]:
        assert not Path(folder, name).exists()
    assert machine.shell(f"ls /usr/bin/{name} /{name} 2>/dev/null || echo gone") == "gone\n"


def test_root_changes_system_files(machine):
    if machine.kind != "root":
        assert machine.shell("echo x >> /usr/bin/env || echo refused") == "refused\n"
        return
    before = Path("/usr/bin/env").read_bytes()
    assert machine.shell("rm /usr/bin/env; ls /usr/bin/env || echo gone; echo x > /usr/bin/id; cat /usr/bin/id") == "gone\nx\n"
    assert Path("/usr/bin/env").read_bytes() == before


def test_mounts(machine):
    """Each kind of mount, and that the machine's folder is as it was."""
    source = machine.make_folder("source")
    (source / "file").write_text("machine\n")
    (source / "sub").mkdir()
    machine.own(source / "sub")
    machine.own(source / "file")
    line = ("cat /ro/file /rw/file /layer/file /given /link; "
            "echo x 2>/dev/null > /ro/file || echo ro; echo x 2>/dev/null > /ro/sub/new || echo ro; "
            "echo layer > /layer/file; echo new > /layer/sub/new; rm -r /layer/sub; cat /layer/file; "
            "echo x > /memory/x; echo y >> /given; cat /given; echo rw > /rw/written")
    out = machine.shell(line, "--ro", f"{source}:/ro", "--rw", f"{source}:/rw", "--layer", f"{source}:/layer",
                        "--tmpfs", "/memory:1048576", "--file", "/given=content\n", "--link", "/link=ro/file")
    assert out == "machine\nmachine\nmachine\ncontent\nmachine\nro\nro\nlayer\ncontent\ny\n"
    assert (source / "file").read_text() == "machine\n"
    assert sorted(os.listdir(source)) == ["file", "sub", "written"]
    assert not os.listdir(source / "sub")
    if machine.prefix:
        assert (source / "written").stat().st_uid == NOBODY


def test_sizes(machine):
    assert "No space left" in machine.shell("dd if=/dev/zero of=/memory/x bs=4096 count=300 2>&1", "--tmpfs", "/memory:1048576",
                                            check=1)
    assert machine.run("--file-size", "1048576", "--", "dd", "if=/dev/zero", "of=/tmp/x", "bs=4096", "count=300",
                       check=128 + signal.SIGXFSZ)


def test_read_only_stays(machine):
    source = machine.make_folder("source")
    where = ["remount=/ro", "umount=/ro", "mount=/ro", "write=/ro/x"]
    answers = machine.attack(*where, options=["--ro", f"{source}:/ro"])
    assert answers == {"remount=/ro": "EPERM", "umount=/ro": "EPERM", "mount=/ro": "EPERM", "write=/ro/x": "EROFS"}


def test_read_only_holds_below(tools):
    """Also for what is mounted inside the source, which an older way of binding left open."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount something into a source")
    source = Path(tempfile.mkdtemp(prefix="deep-", dir=tools))
    (source / "inner").mkdir()
    script = (f"mount -t tmpfs none {source}/inner; echo x > {source}/inner/file; "
              f"{tools}/sandbox_tool --ro {source}:/ro -- sh -c 'cat /ro/inner/file; echo y > /ro/inner/file || echo refused'")
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=True)
    assert done.stdout == "x\nrefused\n"


def test_mounts_do_not_follow(tools):
    """What is mounted on the machine later, in a folder that is shared with the sandbox, does not appear in it."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount something into a source")
    source = Path(tempfile.mkdtemp(prefix="shared-", dir=tools))
    (source / "inner").mkdir()
    script = (f"mount --bind {source} {source}; mount --make-shared {source}; "
              f"{tools}/sandbox_tool --rw {source}:/w -- sh -c 'touch /w/ready; while test ! -e /w/go; do :; done; ls /w/inner' & "
              f"while test ! -e {source}/ready; do :; done; mount -t tmpfs none {source}/inner; touch {source}/inner/file "
              f"{source}/go; wait")
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    assert done.stdout == ""


def test_mounts_in_system_folders(tools):
    """A machine with something mounted in /usr, which cannot be layered as a whole."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount something into /usr")
    script = (f"mount -t tmpfs none /usr/games; echo x > /usr/games/file; {tools}/sandbox_tool -- sh -c "
              "'cat /usr/games/file; echo y > /usr/games/file || echo refused; echo z > /usr/bin/z && echo written'")
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=True)
    assert done.stdout == "x\nrefused\nwritten\n"
    refused = subprocess.run(["unshare", "-m", "sh", "-c", f"mkdir {tools}/lay {tools}/lay/in; mount -t tmpfs none {tools}/lay/in; "
                              f"{tools}/sandbox_tool --layer {tools}/lay:/lay -- true"], stderr=subprocess.PIPE, text=True,
                             check=False)
    assert refused.returncode == 99 and refused.stderr.startswith("sandbox.mount: ") and "/lay/in" in refused.stderr


def test_links_lead_nowhere(machine):
    """A step leaves links in a workspace; the next one's mounts do not follow them, and say so."""
    shared = machine.make_folder("shared")
    machine.shell("ln -s /root /w/link; ln -s / /w/top; mkdir /w/real; ln -s /etc/passwd /w/real/file", "--rw", f"{shared}:/w")
    for option in [f"--ro={shared}/link:/x", f"--rw={shared}/top/etc:/x", f"--layer={shared}/link:/x",
                   f"--ro={shared}/real/file:/x"]:
        done = machine.run(option, "--", "true", check=99)
        assert done.stderr.startswith("sandbox.mount: ") and "link" in done.stderr
    done = machine.run("--rw", f"{shared}:/w", "--ro", "/usr/share:/w/top/x", "--", "true", check=99)
    assert done.stderr.startswith("sandbox.mount: ") and "link" in done.stderr
    done = machine.run("--rw", f"{shared}:/w", "--tmpfs", "/w/new", "--", "true", check=99)
    assert "must be there" in done.stderr
    assert sorted(os.listdir(shared)) == ["link", "real", "top"]


def test_others_homes(tools):
    """Root names a folder in another user's closed home, as 'sudo hallmark run' does there."""
    if os.geteuid() != 0:
        pytest.skip("only root has a way into a closed home")
    closed = Path(tempfile.mkdtemp(prefix="home-", dir=tools))
    (closed / "src").mkdir()
    (closed / "src" / "file").write_text("x\n")
    for path in [closed, closed / "src"]:
        os.chown(path, 1234, 1234)
    (closed / "src").chmod(0o755)
    closed.chmod(0o700)
    for kind in ["--ro", "--layer"]:
        done = subprocess.run([tools / "sandbox_tool", kind, f"{closed}/src:/src", "--", "cat", "/src/file"], check=True,
                              stdout=subprocess.PIPE, text=True)
        assert done.stdout == "x\n"


def test_no_setuid(machine):
    """A setuid program gives nothing, and none can be made in a folder of the machine, where it would be the caller's."""
    work = machine.make_folder("work")
    assert machine.attack("set-id=/w", "set-id=/tmp", options=["--rw", f"{work}:/w"]) == \
        {"set-id=/w": "EPERM", "set-id=/tmp": "EPERM"}
    assert not [path for path in work.iterdir() if path.stat().st_mode & 0o6000]
    out = machine.shell("ls -l /usr/bin/su >/dev/null; su -c id 2>&1; cp /usr/bin/id /tmp/id; chmod 4755 /tmp/id; /tmp/id -u; "
                        "grep -h ^Cap /proc/self/status", check=None)
    assert "uid=0" not in out
    assert re.findall(r"Cap\w+:\s+(\w+)", out) == ["0" * 16] * 5


# How it ends

@pytest.mark.parametrize("none", [[], ["--none"]], ids=["isolated", "none"])
def test_results(machine, none):
    report = machine.make_folder("report") / "result.json"
    for line, code, name in [("exit 0", 0, 0), ("exit 77", 77, 0), ("kill -KILL $$", 137, 9), ("kill -ABRT $$", 134, 6)]:
        machine.run(*none, "--report", report, "--", "sh", "-c", line, check=code)
        result = json.loads(report.read_text())
        assert (result["exit_code"], result["signal"]) == ((-1, name) if name else (code, 0))
        assert result["is_killed"] == 0 and result["wall_ns"] > 0 and result["sys_ns"] + result["user_ns"] > 0


def test_max_rss(machine):
    report = machine.make_folder("report") / "result.json"
    attack = ["--ro", f"{machine.folder}/sandbox_attack:/tools/attack", "--report", report, "--", "/tools/attack"]
    machine.run(*attack, "allocate=0")
    small = json.loads(report.read_text())["max_rss"]
    machine.run(*attack, "allocate=100")
    large = json.loads(report.read_text())["max_rss"]
    assert 100 << 20 <= large < 130 << 20 or is_sanitized()
    assert small < 16 << 20 or is_sanitized()


def test_streams(machine):
    done = machine.run("--", "sh", "-c", "cat; echo err >&2", input="in\n")
    assert (done.stdout, done.stderr) == ("in\n", "err\n")
    done = machine.run("--null", "--", "sh", "-c", "cat; echo out; echo err >&2; test -c /dev/stdout", input="in\n")
    assert (done.stdout, done.stderr) == ("", "")


def test_output_ends_with_the_program(machine):
    """The process that stays beside the program does not keep its pipes open."""
    out, into = os.pipe()
    tool = machine.start("--", "sh", "-c", "exec >&- 2>&-; exec sleep 30", stdout=into, stderr=subprocess.DEVNULL)
    os.close(into)
    # sandbox_tool itself still has the pipe; what is asked is who else does.
    assert wait_until(lambda: len(processes(tool.pid)) == 2)
    time.sleep(0.1)
    for pid in processes(tool.pid):
        if os.geteuid() == 0:
            assert not any(os.readlink(fd) == os.readlink(f"/proc/self/fd/{out}") for fd in Path(f"/proc/{pid}/fd").iterdir())
    os.close(out)
    tool.terminate()
    tool.wait()


def test_orphans_are_reaped(machine):
    """Many processes lose their parent, and none of them stays as a zombie."""
    out = machine.run("--ro", f"{machine.folder}/sandbox_attack:/tools/attack", "--", "sh", "-c",
                      "/tools/attack orphans=300; sleep 0.2; ps ax -o stat= | grep -c Z", check=1).stdout
    assert out == "orphans=300 ok\n0\n"


@pytest.mark.parametrize("none", [[], ["--none"]], ids=["isolated", "none"])
def test_daemons_end_with_it(machine, none):
    """What left its session and its parent does not outlive the program."""
    mark = f"987{os.getpid() % 10000 + 10000}"
    attack = str(machine.folder / "sandbox_attack")
    tool = machine.start(*none, "--ro", f"{attack}:{attack}", "--", "sh", "-c",
                         f"{attack} daemon={mark}; {attack} daemon={mark}; read end; exit 0", stdout=subprocess.DEVNULL,
                         stdin=subprocess.PIPE)
    assert wait_until(lambda: len(sleepers(mark)) == 2)
    tool.stdin.close()
    assert tool.wait() == 0
    assert not sleepers(mark)


def sleepers(mark):
    """Processes whose last argument is the mark."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and Path("/proc", entry, "cmdline").read_bytes().endswith(f"\0{mark}\0".encode()):
                found.append(int(entry))
        except OSError:
            pass
    return found


def test_timeout(machine):
    done = machine.run("--timeout", "200", "--", "sleep", "100", check=124)
    assert done.stderr == "process.timeout: the program did not end within 200 ms\n"


@pytest.mark.parametrize("none", [[], ["--none"]], ids=["isolated", "none"])
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_interrupt(machine, none, by):
    """Ctrl-C: the supervisor kills and waits, and nothing is left."""
    tool = machine.start(*none, "--", "sh", "-c", "trap '' INT TERM HUP; sleep 100 & sleep 100 & sleep 100")
    assert wait_until(lambda: len(processes(tool.pid)) >= 5)
    inside = processes(tool.pid)
    tool.send_signal(by)
    assert tool.wait(10) == 137
    assert not [pid for pid in inside if is_alive(pid)]


@pytest.mark.parametrize("none", [[], ["--none"]], ids=["isolated", "none"])
def test_supervisor_killed(machine, none):
    """SIGKILL of the supervisor: all of the sandbox dies by itself."""
    tool = machine.start(*none, "--", "sh", "-c", "trap '' INT TERM HUP; (setsid sleep 100 &); sleep 100 & sleep 100")
    assert wait_until(lambda: len(processes(tool.pid)) >= 5)
    inside = processes(tool.pid)
    tool.kill()
    tool.wait()
    assert wait_until(lambda: not [pid for pid in inside if is_alive(pid)])


def test_supervisor_killed_at_any_moment(machine):
    """Also while the sandbox is being made: no process and no mount stays, and the next one works."""
    mounts, mark = mount_points(), f"986{os.getpid() % 10000 + 10000}"
    longest = 0.012
    for i in range(60):
        tool = machine.start("--", "sleep", mark, stderr=subprocess.DEVNULL)
        time.sleep(longest * i / 60)
        family = processes(tool.pid)
        tool.kill()
        tool.wait()
        assert wait_until(lambda: not [pid for pid in family if is_alive(pid)])
    assert machine.shell("echo works") == "works\n"
    assert wait_until(lambda: not sleepers(mark))
    assert not mount_points() - mounts


def mount_points():
    return set(Path("/proc/self/mountinfo").read_text().splitlines())


def test_first_process_killed(machine):
    """Somebody kills the first process from outside: the end is told, as a kill, and nothing is left."""
    tool = machine.start("--", "sleep", "100")
    assert wait_until(lambda: len(processes(tool.pid)) == 2)
    inside = processes(tool.pid)
    os.kill(inside[0], signal.SIGKILL)
    assert tool.wait(10) == 137
    assert not [pid for pid in inside if is_alive(pid)]


def test_no_leak(machine):
    """200 one after another leave no mount, no descriptor and no process."""
    before = mount_points()
    report = machine.make_folder("report") / "fds"
    script = (f"{machine.folder}/sandbox_tool --repeat 200 -- true & wait $!; echo $?; ls /proc/self/ns >/dev/null")
    done = subprocess.run([*machine.prefix, "sh", "-c", script], stdout=subprocess.PIPE, text=True, check=True, cwd="/")
    assert done.stdout == "0\n"
    assert not mount_points() - before
    # The same while it runs: what it has open after 100 is what it has open after 1.
    tool = machine.start("--repeat", "150", "--report", report, "--", "true")
    counts = []
    while tool.poll() is None:
        try:
            counts.append(len(os.listdir(f"/proc/{tool.pid}/fd")))
        except OSError:
            pass
        time.sleep(0.01)
    assert tool.returncode == 0
    assert not counts or max(counts) < 40


# Limits

def test_fork_bomb(machine):
    """It is contained, and the machine goes on; how is what --probe says."""
    probe = machine.run("--probe").stdout
    if "limit-processes\tok" not in probe:
        pytest.skip("this kernel does not count root's processes")
    out = machine.run("--ro", f"{machine.folder}/sandbox_attack:/tools/attack", "--processes", "512", "--", "/tools/attack",
                      "forkbomb=5000").stdout
    count = int(re.search(r"forkbomb=(\d+)-then-refused", out)[1])
    assert 200 <= count <= 512
    machine.run("--timeout", "3000", "--processes", "512", "--", "sh", "-c", "(f() { f | f & }; f) 2>/dev/null & exec sleep 100", check=124)
    assert machine.shell("echo works") == "works\n"


def test_limits(machine):
    line = "ulimit -n; ulimit -c; ulimit -s; ulimit -v; ulimit -f"
    assert machine.shell(line, "--open-files", "100", "--stack", "1048576", "--address-space", "1073741824") .split()[:4] == \
        ["100", "0", "1024", "1048576"]
    hard = "ulimit -H -n; ulimit -H -c; ulimit -n 200 || echo refused"
    assert machine.shell(hard, "--open-files", "100").split() == ["100", "0", "refused"]
    attack = ["--ro", f"{machine.folder}/sandbox_attack:/tools/attack"]
    if not is_sanitized():
        assert "ENOMEM" in machine.run(*attack, "--address-space", str(200 << 20), "--", "/tools/attack", "allocate=300").stdout


def test_unenforced_limits(machine):
    """A demand that this machine cannot meet starts nothing, and says why."""
    probe = machine.run("--probe").stdout
    for feature, option in [("limit-memory", "--memory"), ("limit-cpu", "--cpu-milli")]:
        if f"{feature}\tok" in probe:
            continue
        for none in [[], ["--none"]]:
            done = machine.run(*none, option, str(64 << 20), "--", "true", check=99)
            assert done.stderr.startswith("sandbox.limit-unenforced: ") and "cgroup" in done.stderr


def test_memory_limit(machine):
    """Where a cgroup v2 is delegated: too much memory is a kill that is called by its name."""
    if "limit-memory\tok" not in machine.run("--probe").stdout:
        pytest.skip("no cgroup v2 with the memory controller is delegated here")
    report = machine.make_folder("report") / "result.json"
    machine.run("--ro", f"{machine.folder}/sandbox_attack:/tools/attack", "--memory", str(64 << 20), "--report", report, "--",
                "/tools/attack", "allocate=200", check=137)
    assert json.loads(report.read_text())["is_out_of_memory"] == 1


# What the kernel refuses

def test_no_namespaces(tools):
    """A machine without user namespaces: nothing is started, and the setting is named."""
    if os.geteuid() != 0:
        pytest.skip("only root can close namespaces, in one of its own")
    script = f"echo 0 > /proc/sys/user/max_user_namespaces; {tools}/sandbox_tool -- true; echo $?; {tools}/sandbox_tool --probe"
    done = subprocess.run(["unshare", "-U", "--map-root-user", "--", "sh", "-c", script], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    assert done.stdout.startswith("99\n") and done.returncode == 1
    assert done.stderr.startswith("sandbox.userns: ") and "sysctl -w user.max_user_namespaces" in done.stderr
    assert "user-namespaces\tMISSING" in done.stdout and "sandbox\tMISSING" in done.stdout


def test_inside_a_sandbox(machine):
    """The refusal where a container's filter forbids namespaces: our own sandbox is one."""
    tool = ["--ro", f"{machine.folder}/sandbox_tool:/tool"]
    done = machine.run(*tool, "--", "/tool", "--", "true", check=99)
    assert done.stderr.startswith("sandbox.userns: ") and "seccomp" in done.stderr or "max_user_namespaces" in done.stderr


def test_chroot(tools):
    if os.geteuid() != 0:
        pytest.skip("only root can chroot")
    root = Path(tempfile.mkdtemp(prefix="chroot-", dir=tools))
    script = (f"mkdir -p {root}/proc {root}/tools; for d in usr bin lib lib64; do test -L /$d && cp -P /$d {root}/ || "
              f"mkdir {root}/$d; done; mount --bind /usr {root}/usr; mount -t proc p {root}/proc; "
              f"cp {tools}/sandbox_tool {root}/tools/; chroot {root} /tools/sandbox_tool -- true")
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 99
    assert done.stderr.startswith("sandbox.userns: ") and "chroot" in done.stderr and "pivot_root" in done.stderr


def test_masked_proc(tools):
    """A container that masks a part of /proc, by which the kernel refuses a fresh one."""
    if os.geteuid() != 0:
        pytest.skip("only root can mask a part of /proc, in a namespace of its own")
    script = f"mount -t tmpfs -o ro none /proc/bus; {tools}/sandbox_tool -- true; echo $?; {tools}/sandbox_tool --probe"
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    assert done.stdout.startswith("99\n")
    assert done.stderr.startswith("sandbox.refused: ") and "/proc" in done.stderr
    assert "systempaths=unconfined" in done.stdout


def test_no_overlay(tools):
    """A kernel that refuses the private layer, here because /usr is as many overlays deep as Linux allows."""
    if os.geteuid() != 0:
        pytest.skip("only root can put overlays over /usr, in a namespace of its own")
    folder = Path(tempfile.mkdtemp(prefix="overlay-", dir=tools))
    script = (f"mount -t tmpfs none {folder}; for i in 1 2; do mkdir {folder}/u$i {folder}/w$i; mount -t overlay -o "
              f"lowerdir=/usr,upperdir={folder}/u$i,workdir={folder}/w$i none /usr; done; {tools}/sandbox_tool -- true; "
              f"echo $?; {tools}/sandbox_tool --probe")
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    assert done.stdout.startswith("99\n") and "overlay\tMISSING" in done.stdout
    assert done.stderr.startswith("sandbox.overlay: ") and "'/usr'" in done.stderr and "overlays deep" in done.stderr


def test_many_at_once(machine):
    """Ten supervisors at the same time."""
    results = []

    def one():
        results.append(machine.run("--repeat", "5", "--", "sh", "-c", "exit 0", check=None).returncode)
    threads = [threading.Thread(target=one) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [0] * 10
