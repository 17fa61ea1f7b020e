"""What the benchmarks share: measuring a command, finding a peer, and putting a section into docs/performance.md."""
import argparse
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).resolve().parents[1]
PEERS = Path(os.environ.get("HALLMARK_PEERS") or Path.home() / ".cache" / "hallmark-peers") / "bin"
MACHINE = f"{os.cpu_count()} processors, {platform.system()} {platform.release().split('-')[0]}"


class Taken(NamedTuple):
    """What one run, or several together, took: ms of wall and processor time, MiB at the peak."""
    wall: float
    cpu: float
    memory: float


def measure(options, command, **where):
    """One run, which must succeed; build/bench/measure is a small process of its own, see there."""
    done = subprocess.run([options.build / "bench" / "measure", *command], capture_output=True, text=True, check=True, **where)
    wall, cpu, memory, status = done.stdout.split()
    if status != "0":
        sys.exit(f"{' '.join(map(str, command))}: exit {status}")
    return Taken(int(wall) / 1e3, int(cpu) / 1e3, int(memory) / 1024)


def together(parts):
    """Steps one after the other."""
    parts = list(parts)
    return Taken(sum(p.wall for p in parts), sum(p.cpu for p in parts), max(p.memory for p in parts))


def medians(runs):
    """Medians of the times; of memory the most that was seen."""
    return Taken(statistics.median(r.wall for r in runs), statistics.median(r.cpu for r in runs), max(r.memory for r in runs))


def peer(name):
    return shutil.which(name, path=f"{PEERS}:{os.environ['PATH']}") or sys.exit(f"no {name}: scripts/setup --peers")


def cosign_version():
    text = subprocess.run([peer("cosign"), "version"], capture_output=True, text=True, check=True).stdout
    return re.search(r"GitVersion:\s*(\S+)", text).group(1)


def parser(doc, rounds):
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--build", type=lambda path: Path(path).resolve(), default=TOP / "build",
                      help="a build folder with -Dbench=true")
    made.add_argument("--rounds", type=int, default=rounds)
    made.add_argument("--write", action="store_true", help="put the result into docs/performance.md")
    return made


def publish(options, lines):
    """Print a section, which begins with its heading; --write puts it into the page, in place of the one that is there."""
    text = "\n".join(lines) + "\n"
    print(text)
    if not options.write:
        return
    page = TOP / "docs" / "performance.md"
    sections = re.split(r"(?m)^(?=## )", page.read_text(encoding="utf-8"))
    names = [s.split("\n", 1)[0] for s in sections]
    if lines[0] in names:
        at = names.index(lines[0])
        sections[at] = text + ("\n" if at + 1 < len(sections) else "")
    else:
        sections[-1] = sections[-1].rstrip("\n") + "\n\n"
        sections.append(text)
    page.write_text("".join(sections), encoding="utf-8")
