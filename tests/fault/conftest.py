"""What the tests of faults share."""
import os
import subprocess

import pytest


@pytest.fixture
def small_disk(tmp_path):
    """small_disk("400k"): the folder where a file system of that size is mounted while the test runs."""
    mounts = []

    def make(size):
        if os.geteuid() != 0:
            pytest.skip("a file system of its own needs root")
        mount = tmp_path / "small"
        mount.mkdir()
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", mount], capture_output=True,
                              text=True)
        if made.returncode != 0:
            pytest.skip("no tmpfs can be mounted: " + made.stderr.strip())
        mounts.append(mount)
        return mount
    yield make
    for mount in mounts:
        subprocess.run(["umount", mount], check=True)
