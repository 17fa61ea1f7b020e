"""docs/seed.md lists every snippet, and the tests that it names are there."""
import re

from hmtest import TOP


def test_every_snippet_is_listed(seed):
    text = (TOP / "docs/seed.md").read_text()
    for path in sorted(seed.iterdir()):
        assert f"`{path.name}`" in text, path.name
    for line in (seed / "commands.txt").read_text().splitlines():
        words = " ".join(line.split()[:2])
        assert words in text, line


def test_snippets_are_as_they_were_written(seed, shared_data):
    for path in sorted((shared_data / "seed").iterdir()):
        if path.name != "README.md":
            assert (seed / path.name).read_bytes() == path.read_bytes(), path.name


def test_named_tests_are_there():
    text = (TOP / "docs/seed.md").read_text()
    rows = [line for line in text.splitlines() if "| works |" in line]
    assert len(rows) >= 4
    for row in rows:
        names = re.findall(r"test_\w+\.py", row)
        assert names, row
        for name in names:
            assert (TOP / "tests/seed" / name).is_file(), name
