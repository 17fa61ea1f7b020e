"""The golden runner itself: a test that does not hold fails, and only --rewrite writes."""
import pytest

from golden_files import Golden, Malformed, check_golden, matches

GOOD = """# A comment.
$ cat in/a; echo oops >&2; exit 3
--- file in/a
text
--- stdout
text
--- stderr
oops
--- exit 3
"""


@pytest.mark.parametrize("change", [("text\n--- stdout\ntext", "text\n--- stdout\nother"), ("oops\n--- exit", "--- exit"),
                                    ("--- exit 3\n", ""), ("exit 3\n---", "exit 4\n---"),
                                    ("text\n--- stderr", "text\nmore\n--- stderr"),
                                    ("--- stdout\n", "--- stdout, no newline\n")])
def test_a_difference_fails_and_is_rewritten_only_on_demand(tmp_path, change):
    path = tmp_path / "x.test"
    wrong = GOOD.replace(*change)
    assert wrong != GOOD
    path.write_text(wrong)
    assert check_golden(path, False)
    assert path.read_text() == wrong
    assert not check_golden(path, True)
    assert not check_golden(path, False)


def test_what_holds_is_not_rewritten(tmp_path):
    path = tmp_path / "x.test"
    text = GOOD.replace("oops\n---", "o{{*}}s\n---")
    path.write_text(text)
    assert not check_golden(path, True)
    assert path.read_text() == text


@pytest.mark.parametrize("text", ["", "no command\n", "$ true\n--- stdoutt\n", "$ true\n--- exit x\n",
                                  "$ true\n--- file ../x\n", "$ true\n--- file /x\n", "$ true\nstray\n"])
def test_malformed(text):
    with pytest.raises(Malformed):
        Golden(text)


@pytest.mark.parametrize("wanted, got, result", [
    ("a{{*}}c\n", "abc\n", True), ("a{{*}}c\n", "a\nc\n", False), ("a.c\n", "abc\n", False), ("", "x", False)])
def test_wildcards(wanted, got, result):
    assert matches(wanted, got) is result


def test_folder_and_home_are_of_the_test_alone(tmp_path):
    path = tmp_path / "x.test"
    path.write_text("$ pwd; ls -A; test $HOME != ~root && echo own\n--- stdout\n$DIR\nown\n")
    assert not check_golden(path, False)
