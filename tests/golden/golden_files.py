"""Golden tests: each .test file is a command, its input, and the output, error and exit code that it must have.

    # What it shows.
    $ sort < words
    --- file words
    b
    a
    --- stdout
    a
    b
    --- stderr
    --- exit 0

The command is run by /bin/sh in an empty folder that holds the files, with the tested program first in the PATH. A
section that is left out is empty, exit is 0. In a wanted line {{*}} stands for any text, and $DIR for the folder. A
text that does not end in a newline says "--- stdout, no newline". `pytest tests/golden --rewrite` writes what came
where it differs; without it nothing is ever written.
"""
import os
import re
import subprocess
import tempfile
from pathlib import Path

from hmtest import clean_environment, program_path

NO_NEWLINE = ", no newline"


class Malformed(Exception):
    """The .test file is not what the text above says."""


class Golden:
    """A .test file, taken apart so that it can be put together again byte for byte."""

    def __init__(self, text):
        self.comment, self.command, self.sections = [], None, []
        for line in text.splitlines():
            if line.startswith("--- "):
                self.sections.append([line[4:], []])
            elif self.sections:
                self.sections[-1][1].append(line)
            elif line.startswith("$ ") and self.command is None:
                self.command = line[2:]
            elif line.startswith("#") or not line.strip():
                self.comment.append(line)
            else:
                raise Malformed(f"before the first section: {line!r}")
        if self.command is None:
            raise Malformed("no line that begins with '$ '")
        for title, _ in self.sections:
            if ".." in title or not re.fullmatch(r"(file \w[\w./-]*|stdout|stderr)(, no newline)?|exit \d+", title):
                raise Malformed(f"section {title!r}")

    def files(self):
        return {title.replace(NO_NEWLINE, "")[5:]: body_text(title, lines)
                for title, lines in self.sections if title.startswith("file ")}

    def wanted(self, stream):
        return next((body_text(title, lines) for title, lines in self.sections
                     if title.replace(NO_NEWLINE, "") == stream), "")

    def exit_code(self):
        return next((int(title[5:]) for title, _ in self.sections if title.startswith("exit ")), 0)

    def replace(self, stream, text):
        """Make text what is wanted of a stream; an empty one has no section."""
        at = next((i for i, s in enumerate(self.sections) if s[0].replace(NO_NEWLINE, "") == stream), None)
        if at is None:
            order = [i for i, s in enumerate(self.sections) if s[0].startswith("exit ")
                     or (stream == "stdout" and s[0].startswith("stderr"))]
            at = min(order, default=len(self.sections))
            self.sections.insert(at, None)
        if text:
            title = stream if text.endswith("\n") else stream + NO_NEWLINE
            self.sections[at] = [title, text.splitlines()]
        else:
            del self.sections[at]

    def replace_exit(self, code):
        self.sections = [s for s in self.sections if not s[0].startswith("exit ")]
        if code:
            self.sections.append([f"exit {code}", []])

    def text(self):
        lines = [*self.comment, "$ " + self.command]
        for title, body in self.sections:
            lines += ["--- " + title, *body]
        return "\n".join(lines) + "\n"


def body_text(title, lines):
    return "\n".join(lines) + ("\n" if lines and not title.endswith(NO_NEWLINE) else "")


def matches(wanted, got):
    """Whether got is what is wanted, {{*}} being any text within a line."""
    pattern = "[^\n]*".join(re.escape(part) for part in wanted.split("{{*}}"))
    return re.fullmatch(pattern, got) is not None


def run_golden(golden):
    """(stdout, stderr, exit code) of the command, with its folder as $DIR."""
    with tempfile.TemporaryDirectory() as top:
        folder, home = Path(top).resolve() / "in", Path(top).resolve() / "home"
        folder.mkdir()
        for name, text in golden.files().items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        env = clean_environment(home)
        program = program_path()
        if program:
            env["PATH"] = f"{program.parent}{os.pathsep}{env['PATH']}"
        done = subprocess.run(["/bin/sh", "-c", golden.command], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
        streams = [s.decode(errors="surrogateescape").replace(str(folder), "$DIR") for s in (done.stdout, done.stderr)]
        return *streams, done.returncode


def check_golden(path, rewrite):
    """Differences as lines, none when all is as wanted; with rewrite they are written into the file instead."""
    golden = Golden(path.read_text(encoding="utf-8"))
    out, err, code = run_golden(golden)
    differences = []
    for stream, got in [("stdout", out), ("stderr", err)]:
        wanted = golden.wanted(stream)
        if not matches(wanted, got):
            differences += [f"{stream} wanted:", wanted, f"{stream} came:", got]
            golden.replace(stream, got)
    if code != golden.exit_code():
        differences.append(f"exit wanted: {golden.exit_code()}, came: {code}")
        golden.replace_exit(code)
    if differences and rewrite:
        path.write_text(golden.text(), encoding="utf-8")
        return []
    return differences
