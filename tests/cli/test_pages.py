"""Help, manual pages, completion and docs/commands are printed from one table, and each of them can be used."""
import json
import re
import shutil
import subprocess

import pytest

from hmtest import TOP

DOCS = TOP / "docs" / "commands"


@pytest.fixture
def commands(hallmark, run):
    """The visible commands' names, as help lists them."""
    text = run([hallmark, "help"]).stdout.split("Commands:\n")[1].split("\n\n")[0]
    return [re.match(r"  (\S+( \S+)?)(?=  )", line).group(1) for line in text.splitlines()]


def options_of(page):
    return set(re.findall(r"^\s+(?:-\w, )?--([\w-]+)", page.split("\nOptions:\n")[1].split("\nExit codes:\n")[0], re.M))


def test_every_command_explains_itself(hallmark, run, commands):
    for name in commands:
        page = run([hallmark, *name.split(), "--help"]).stdout
        assert page == run([hallmark, "help", *name.split()]).stdout
        example = page.split("\nExample:\n")[1]
        assert "hallmark" in example and example.endswith("\n"), name
        assert {"help", "output"} <= options_of(page), name
        assert re.search(r"^  0 +done$", page, re.M), name


def test_documentation_is_the_tables(hallmark, run, tmp_path):
    """`ninja -C build docs` writes it anew."""
    run([hallmark, "pages", "--markdown", tmp_path / "pages"])
    want = {p.name: p.read_text() for p in (tmp_path / "pages").iterdir()}
    have = {p.name: p.read_text() for p in DOCS.iterdir()}
    assert sorted(have) == sorted(want)
    assert [name for name in want if have[name] != want[name]] == []


def test_reasons(hallmark, run):
    """`ninja -C build docs` writes it anew. Each reason once, with what it means and what to do."""
    text = (TOP / "docs" / "reasons.md").read_text()
    assert run([hallmark, "reasons"]).stdout == text
    table = (TOP / "src" / "base" / "reasons.def").read_text()
    codes = re.findall(r'^REASON\(\s*\w+\s*,\s*"([^"]+)"', table, re.M)
    rows = [row.split(" | ") for row in text.splitlines() if row.startswith("| `")]
    assert [row[0] for row in rows] == [f"| `{code}`" for code in codes] and len(set(codes)) == len(codes)
    assert all(len(row) == 5 and row[3].endswith(".") and len(row[4]) > 5 for row in rows)


def test_manual_pages(hallmark, run, tmp_path, commands):
    if not shutil.which("man"):
        pytest.skip("man is not installed; scripts/setup --tests installs it")
    run([hallmark, "pages", tmp_path / "man"])
    pages = sorted(p.name for p in (tmp_path / "man").iterdir())
    assert pages == sorted(["hallmark.1"] + [f"hallmark-{name.replace(' ', '-')}.1" for name in commands])
    for page in pages:
        done = run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", tmp_path / "man" / page])
        assert done.stderr == "", page
        text = re.sub(".\b|\x1b\\[[0-9;]*m", "", done.stdout)
        for heading in ["NAME", "SYNOPSIS", "EXIT STATUS"]:
            assert re.search(f"^{heading}$", text, re.M), page
        if page != "hallmark.1":
            name = next(n for n in commands if page == f"hallmark-{n.replace(' ', '-')}.1")
            for option in options_of(run([hallmark, *name.split(), "--help"]).stdout):
                assert f"--{option}" in text, page


def bash_completes(run, script, line):
    """What bash offers behind a line; words are parted as readline parts them."""
    words = [w for w in re.split(r"(=)|\s+", line)[:-1] if w] + [re.split(r"(=)|\s+", line)[-1]]
    quoted = " ".join(f"'{w}'" for w in words)
    program = f"source {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _hallmark; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    return run(["bash", "-euc", program]).stdout.split()


def test_bash_completion(hallmark, run, tmp_path, commands):
    script = tmp_path / "hallmark.bash"
    script.write_text(run([hallmark, "completion", "bash"]).stdout)
    assert set(bash_completes(run, script, "hallmark ")) == {n.split()[0] for n in commands} | {"--help", "--version"}
    assert bash_completes(run, script, "hallmark vers") == ["version"]
    assert bash_completes(run, script, "hallmark mod ver") == ["verify"]
    assert bash_completes(run, script, "hallmark completion z") == ["zsh"]
    assert bash_completes(run, script, "hallmark version --output j") == ["json"]
    assert bash_completes(run, script, "hallmark version --output=t") == ["text"]
    for name in commands:
        page = run([hallmark, *name.split(), "--help"]).stdout
        assert {w[2:] for w in bash_completes(run, script, f"hallmark {name} --")} == options_of(page), name


def test_zsh_completion(hallmark, run, tmp_path):
    if not shutil.which("zsh"):
        pytest.skip("zsh is not installed; scripts/setup --tests installs it")
    (tmp_path / "_hallmark").write_text(run([hallmark, "completion", "zsh"]).stdout)
    # a shell in a terminal of its own that completes, as zsh's own tests do it
    program = f"""
zmodload zsh/zpty
zpty shell zsh -f -i
ask() {{ zpty -w shell "$1"; zpty -r shell reply "*$2*"; print -r -- "$reply" }}
ask 'PROMPT=; fpath=({tmp_path} $fpath); autoload -Uz compinit; compinit -u -D; print rea""dy' ready
ask 'hallmark() {{ print -r -- "ran: $@"; print "en""d" }}; print se""t' set
ask $'hallmark completion f\\t' end
ask $'hallmark mod v\\t' end
ask $'hallmark version --out\\tjs\\t' end
"""
    out = run(["zsh", "-fc", program]).stdout
    assert [line.split() for line in re.findall(r"^ran: (.*)$", out, re.M)] == \
        [["completion", "fish"], ["mod", "verify"], ["version", "--output=json"]]


def test_fish_completion(hallmark, run, tmp_path, commands):
    if not shutil.which("fish"):
        pytest.skip("fish is not installed; scripts/setup --tests installs it")
    script = tmp_path / "hallmark.fish"
    script.write_text(run([hallmark, "completion", "fish"]).stdout)

    def completes(line):
        out = run(["fish", "-N", "-c", f"source {script}; complete -C '{line}'"]).stdout
        return {row.split("\t")[0] for row in out.splitlines()}
    assert completes("hallmark ") >= {n.split()[0] for n in commands}
    assert completes("hallmark mod ver") == {"verify"}
    assert completes("hallmark completion ba") == {"bash"}
    assert completes("hallmark version --output j") == {"json"}
    for name in commands:
        page = run([hallmark, *name.split(), "--help"]).stdout
        assert {w[2:] for w in completes(f"hallmark {name} --")} == options_of(page), name


def test_unknown_shell_is_refused(hallmark, run):
    done = subprocess.run([hallmark, "completion", "tcsh"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "tcsh" in done.stderr


def test_links_lead_somewhere():
    """Of every page that git knows; links to other sites are not followed."""
    done = subprocess.run(["git", "-C", TOP, "ls-files", "-z", "*.md"], stdout=subprocess.PIPE, text=True, check=False)
    pages = [TOP / name for name in done.stdout.split("\0") if name] or sorted(TOP.glob("docs/**/*.md"))
    broken = []
    for page in pages:
        text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            path = link.split("#")[0]
            if path and not re.match(r"\w+:", path) and not (page.parent / path).exists():
                broken.append(f"{page.relative_to(TOP)}: {link}")
    assert broken == []


def test_every_page_is_in_the_index():
    index = (TOP / "docs/README.md").read_text()
    for page in sorted((TOP / "docs").rglob("*.md")):
        name = str(page.relative_to(TOP / "docs"))
        assert name == "README.md" or name.startswith("commands/") or f"]({name})" in index, name


def test_version_is_said_in_the_form_that_is_asked_for(hallmark, run):
    said = run([hallmark, "version"]).stdout
    assert re.fullmatch(r"hallmark [^ \n]+\n", said) and run([hallmark, "--version"]).stdout == said
    for words in [["version", "--output", "json"], ["--version", "--output=json"]]:
        assert json.loads(run([hallmark, *words]).stdout) == {"version": said.split()[1]}
