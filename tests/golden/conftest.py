"""Collects the .test files; golden_files.py says what is in them."""
import re

import pytest

from golden_files import check_golden
from hmtest import program_path


class GoldenItem(pytest.Item):
    def runtest(self):
        text = self.path.read_text(encoding="utf-8")
        if re.search(r"^\$ .*\bhallmark\b", text, flags=re.M) and program_path() is None:
            pytest.skip("the program hallmark is not in the build folder: build first, or set HM_BUILD")
        differences = check_golden(self.path, self.config.getoption("--rewrite"))
        if differences:
            pytest.fail("\n".join(differences), pytrace=False)

    def reportinfo(self):
        return self.path, 0, self.name


class GoldenFile(pytest.File):
    def collect(self):
        yield GoldenItem.from_parent(self, name=self.path.stem)


def pytest_collect_file(parent, file_path):
    return GoldenFile.from_parent(parent, path=file_path) if file_path.suffix == ".test" else None
