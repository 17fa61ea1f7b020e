"""How a run is shown: the table on a terminal, lines, JSON."""
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios

import pytest
import yaml


def pipeline(**scripts):
    final = {"cleanup": scripts.pop("cleanup")} if "cleanup" in scripts else {}
    def tasks(named):
        return [{"name": n, "taskSpec": {"steps": [{"name": "s", "image": "i", "script": s}]}} for n, s in named.items()]
    return yaml.safe_dump({"apiVersion": "tekton.dev/v1", "kind": "Pipeline", "metadata": {"name": "p"},
                           "spec": {"tasks": tasks(scripts), "finally": tasks(final)}})


@pytest.fixture
def show(tool, tmp_path, env):
    """show(text, form, …): what stands on standard error; on a terminal of that size where one is given."""
    def start(text, form, *options, terminal=None, env=env):
        (tmp_path / "p.yaml").write_text(text)
        command = [str(tool("pipeline_tool")), "--none", "--parallel", "1", "--dir", str(tmp_path), "--form", form, *options,
                   str(tmp_path / "p.yaml")]
        if not terminal:
            return subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60, check=False).stderr
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *terminal, 0, 0))
        child = subprocess.Popen(command, env={**env, "TERM": "xterm"}, stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        out = b""
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:
                break
            if not chunk:
                break
            out += chunk
        child.wait(60)
        os.close(ours)
        return out
    return start


class Screen:
    """As much of a terminal as the table uses; anything else it would do is an error."""

    def __init__(self, rows, columns):
        self.rows, self.columns, self.lines, self.y, self.x = rows, columns, [""], 0, 0

    def feed(self, text):
        for part in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+", text):
            if part == "\r":
                self.x = 0
            elif part == "\n":
                self.y += 1
                if self.y == len(self.lines):
                    self.lines.append("")
            elif part.startswith("\x1b["):
                number, letter = part[2:-1], part[-1]
                if letter == "A":
                    self.y -= int(number)
                    assert self.y >= 0
                elif letter == "K":
                    self.lines[self.y] = self.lines[self.y][:self.x]
                elif letter == "J":
                    self.lines[self.y + 1:], self.lines[self.y] = [], self.lines[self.y][:self.x]
                else:
                    assert letter == "m", part
            else:
                line = self.lines[self.y].ljust(self.x)
                self.lines[self.y] = line[:self.x] + part + line[self.x + len(part):]
                self.x += len(part)
                assert len(self.lines[self.y]) <= self.columns, self.lines[self.y]
        assert len(self.lines) <= self.rows, self.lines


def test_table(show):
    text = pipeline(fetch="echo one", build="printf '\\033[2J\\033]0;x\\007 loud \\377\\n'; sleep 0.6; exit 3", never="echo x", cleanup="echo c")
    out = show(text, "auto", terminal=(20, 60)).decode(errors="replace")
    body, _, after = out.partition("The output of")
    assert "\x1b[2J" not in out and "\x1b]" not in out
    screen = Screen(20, 60)
    screen.feed(body.replace("\r\n", "\n\r"))
    rows = [line.split() for line in screen.lines if line.strip()]
    assert [row[:2] for row in rows] == [["done", "fetch"], ["failed", "build"], ["skipped", "never"], ["done", "cleanup"]]
    assert "s: ?[2J?]0;x?" in body
    assert "build/s:" in after and "\\x1b[2J" in after and "The whole log: " in after


def test_table_without_color(show, env):
    assert b"\x1b[32m" in show(pipeline(a="true"), "auto", terminal=(20, 60))
    assert b"\x1b[32m" not in show(pipeline(a="true"), "auto", terminal=(20, 60), env={**env, "NO_COLOR": "1"})


def test_table_of_more_than_fits(show):
    out = show(pipeline(**{f"task{i}": "true" for i in range(12)}), "auto", terminal=(8, 30)).decode()
    screen = Screen(8, 30)
    screen.feed(out.replace("\r\n", "\n\r"))
    assert "12 of 12 tasks over" in screen.lines[0]


def test_lines(show):
    out = show(pipeline(fetch="echo one\nprintf 'a\\033[1mb\\000c\\n'", bad="exit 3", never="true"), "auto").decode()
    lines = [re.sub(r"\d+ ms|\d\.\d s", "TIME", line) for line in out.splitlines()]
    assert re.fullmatch(r"p-[a-z0-9]{5}: 3 tasks", lines[0])
    assert lines[1:8] == ["fetch: started", "fetch/s | one", "fetch/s | a\\x1b[1mb\\x01c", "fetch/s: done after TIME",
                          "fetch: done after TIME", "bad: started", "bad/s: failed after TIME: exit code 3"]
    assert lines[8:10] == ["bad: failed after TIME", "never: skipped: PipelineRun was stopping"]


def test_json(show):
    text = pipeline(fetch="printf 'a\\377b\\n'", bad="exit 3", never="true", cleanup="true")
    events = [json.loads(line) for line in show(text, "json").decode().splitlines() if line.startswith("{")]
    assert events[0]["event"] == "run-started" and events[0]["tasks"] == ["fetch", "bad", "never", "cleanup"]
    assert events[0]["pipeline"] == "p" and len(events[0]["uid"]) == 36
    assert all(e["run"] == events[0]["run"] and e["time"].endswith("Z") for e in events)
    assert [e["line"] for e in events if e["event"] == "output"] == ["a\ufffdb"]
    bad = next(e for e in events if e["event"] == "step-ended" and e["task"] == "bad")
    assert bad["result"] == "failure" and bad["exit_code"] == 3 and bad["reason"] == "pipeline.step"
    assert bad["error"] == "step 's': exit code 3" and os.path.isfile(bad["log"]) and bad["duration_ms"] >= 0
    never = next(e for e in events if e.get("task") == "never")
    assert never["event"] == "task-ended" and never["result"] == "skip" and "stopping" in never["skipped"]
    assert events[-1]["event"] == "run-ended" and events[-1]["result"] == "failure"
