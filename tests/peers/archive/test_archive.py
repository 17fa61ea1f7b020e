"""GNU tar, gzip, zstd and Python's tarfile and zipfile as judges of what archive writes and reads."""
import gzip
import os
import shutil
import stat
import subprocess
import tarfile
import zipfile

import pytest

from hmtest import program_path


@pytest.fixture(scope="module")
def tool():
    path = program_path("peer_archive")
    if path is None:
        pytest.skip("peer_archive is not in the build folder: build first, or set HM_BUILD")
    return path


def snapshot(folder):
    """What a folder holds: kind, executable or not, content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        info = path.lstat()
        name = str(path.relative_to(folder))
        if stat.S_ISLNK(info.st_mode):
            found[name] = ("link", os.readlink(path))
        elif stat.S_ISDIR(info.st_mode):
            found[name] = ("folder",)
        else:
            found[name] = ("file", bool(info.st_mode & 0o100), info.st_nlink, path.read_bytes())
    return found


@pytest.fixture(scope="module")
def written(tool, tmp_path_factory):
    path = tmp_path_factory.mktemp("written") / "a.tar.gz"
    sizes = subprocess.run([tool, "write", path, "1000000"], check=True, capture_output=True, text=True).stdout
    return path, [int(n) for n in sizes.split()]


def test_gzip_frame(written):
    path, (plain, packed) = written
    assert path.stat().st_size == packed
    assert len(gzip.decompress(path.read_bytes())) == plain
    subprocess.run(["gzip", "-t", path], check=True)
    assert path.read_bytes()[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\xff"


def test_same_bytes(written, tool, tmp_path):
    want = written[0].read_bytes()
    for chunk, umask in [(1, 0), (512, 0o77), (4096, 0o777), (65537, 0o22)]:
        path = tmp_path / f"{chunk}.tar.gz"
        path.touch()  # the umask must not keep us from reading it
        subprocess.run([tool, "write", path, str(chunk)], check=True, stdout=subprocess.DEVNULL, umask=umask,
                       env={"LANG": "tr_TR.UTF-8", "TZ": "Asia/Tokyo", "SOURCE_DATE_EPOCH": "7"})
        assert path.read_bytes() == want


def test_gnu_tar_lists(written):
    lines = subprocess.run(["tar", "--utc", "--numeric-owner", "--quoting-style=literal", "-tvf", written[0]], check=True,
                           env={"LANG": "C.UTF-8", "PATH": os.environ["PATH"]}, capture_output=True, text=True)
    assert lines.stderr == ""
    rows = [line.split(None, 5) for line in lines.stdout.splitlines()]
    assert {(row[1], row[3], row[4]) for row in rows} == {("0/0", "1970-01-01", "00:00")}
    assert [(row[0], row[2], row[5]) for row in rows] == [
        ("drwxr-xr-x", "0", "app/"),
        ("-rwxr-xr-x", "300000", "app/hello"),
        ("lrwxrwxrwx", "0", "app/link -> hello"),
        ("hrwxr-xr-x", "0", "app/hard link to app/hello"),
        ("drwxr-xr-x", "0", "long/"),
        ("-rw-r--r--", "513", "long/" + "n" * 235),
        ("-rw-------", "1", "café"),
        ("-rw-r--r--", "0", "empty"),
    ]


def test_python_reads_plainly(written):
    with tarfile.open(written[0]) as tar:
        for member in tar:
            assert (member.uid, member.gid, member.uname, member.gname, member.mtime) == (0, 0, "", "", 0)
            assert set(member.pax_headers) <= {"path"}
            assert ("path" in member.pax_headers) == (len(member.name) > 200 or not member.name.isascii())


def test_extraction_equals_gnu_tar(written, tool, tmp_path):
    for name, command in [("gnu", ["tar", "-xf", written[0], "-C"]), ("ours", [tool, "extract", written[0]])]:
        (tmp_path / name).mkdir()
        subprocess.run([*command, tmp_path / name], check=True)
    assert snapshot(tmp_path / "ours") == snapshot(tmp_path / "gnu")


@pytest.mark.parametrize("form", ["gnu", "pax", "ustar", "oldgnu", "v7"])
@pytest.mark.parametrize("compress", ["", "gzip", "zstd"])
def test_reads_what_gnu_tar_writes(tool, tmp_path, form, compress):
    if compress and not shutil.which(compress):
        pytest.skip(f"{compress} is not installed; scripts/setup --tests installs it")
    source, out = tmp_path / "source", tmp_path / "out"
    (source / "d/e").mkdir(parents=True)
    (source / "d/e/text").write_text("text\n" * 1000)
    (source / "d/program").write_bytes(os.urandom(70000))
    (source / "d/program").chmod(0o755)
    (source / "d/link").symlink_to("e/text")
    os.link(source / "d/program", source / "d/twin")
    if form not in ("ustar", "v7"):
        (source / ("l" * 200)).write_text("long")
        (source / "ümlaut").write_text("u")
    archive = tmp_path / "a.tar"
    subprocess.run(["tar", f"--format={form}", *([f"--{compress}"] if compress else []), "-cf", archive, "-C", source, "."],
                   check=True)
    out.mkdir()
    subprocess.run([tool, "extract", archive, out], check=True)
    assert snapshot(out) == snapshot(source)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_reads_what_python_zips(tool, tmp_path, method):
    archive, out = tmp_path / "a.zip", tmp_path / "out"
    with zipfile.ZipFile(archive, "w", method) as made:
        made.writestr("d/text", "text\n" * 1000)
        made.writestr("d/empty", "")
        with made.open("d/streamed", "w", force_zip64=True) as file:
            file.write(b"x" * 100000)
    out.mkdir()
    subprocess.run([tool, "extract", archive, out], check=True)
    assert {name: entry[-1] for name, entry in snapshot(out).items() if entry[0] == "file"} == {
        "d/text": b"text\n" * 1000, "d/empty": b"", "d/streamed": b"x" * 100000}


def test_reads_a_zip_with_more_than_65535_files(tool, tmp_path):
    archive, out = tmp_path / "a.zip", tmp_path / "out"
    with zipfile.ZipFile(archive, "w") as made:
        for i in range(65540):
            made.writestr(f"{i % 100}/{i}", "")
    out.mkdir()
    subprocess.run([tool, "extract", archive, out], check=True)
    assert sum(1 for path in out.rglob("*") if path.is_file()) == 65540
