"""The Sigstore conformance cases through tests/peers/sigstore-client, by path and by digest, each refusal for its reason.

Those that are published with the test data always; by hand also those of a copy of sigstore/sigstore-conformance, where
$HM_SIGSTORE_CONFORMANCE names it. At commit a73de4970176d258e0154c530b89d20b89444e4d these are 70: 21 accepts and 49
refusals, each twice.
"""
import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest

from hmtest import TOP

CLIENT = TOP / "tests" / "peers" / "sigstore-client"
IDENTITY = ("https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/"
            "extremely-dangerous-oidc-beacon.yml@refs/heads/main")
ISSUER = "https://token.actions.githubusercontent.com"


def reasons():
    lines = (TOP / "tests" / "peers" / "reasons.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and line[0] != "#"]
    return {name: (code, words) for name, code, words in rows}


DATA = Path(os.environ.get("HM_SHARED_DATA") or TOP / ".." / "shared" / "data")
SUITE = os.environ.get("HM_SIGSTORE_CONFORMANCE")


def cases_in(folder):
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def cases():
    return cases_in(DATA / "sigstore-conformance")


def suite():
    return cases_in(Path(SUITE) / "test" / "assets" / "bundle-verify") if SUITE else []


@pytest.fixture(scope="module")
def counts():
    """Accepts and refusals, printed apart at the end."""
    seen = {"accepted": 0, "refused": 0}
    yield seen
    print(f"\n{seen['accepted']} accepts, {seen['refused']} refusals for their reason")


def signer(case):
    """Who must have signed: the suite's own workflow unless a case brings its own."""
    files = [case / "identity", case / "issuer"]
    return [file.read_text().strip() if file.exists() else usual for file, usual in zip(files, [IDENTITY, ISSUER])]


def verify(case, artifact, hallmark):
    command = [CLIENT, "verify-bundle", "--bundle", case / "bundle.sigstore.json"]
    if (case / "key.pub").exists():
        command += ["--key", case / "key.pub"]
    else:
        identity, issuer = signer(case)
        command += ["--certificate-identity", identity, "--certificate-oidc-issuer", issuer]
    if (case / "trusted_root.json").exists():
        command += ["--trusted-root", case / "trusted_root.json"]
    env = {**os.environ, "HALLMARK": str(hallmark), "HM_SHARED_DATA": str(DATA)}
    return subprocess.run([str(word) for word in [*command, artifact]], env=env, capture_output=True, text=True,
                          check=False, timeout=60)


def each(found, missing):
    """A test for each case; one that is skipped, and says why, where there are none."""
    skipped = pytest.param(None, marks=pytest.mark.skip(reason=missing))
    return pytest.mark.parametrize("case", found or [skipped], ids=lambda case: case.name if case else "none")


def check(case, how, hallmark, counts):
    artifact = case / "artifact" if (case / "artifact").exists() else case.parent / "a.txt"
    if how == "digest":
        artifact = "sha256:" + hashlib.sha256(artifact.read_bytes()).hexdigest()
    done = verify(case, artifact, hallmark)
    if not case.name.endswith("_fail"):
        assert done.returncode == 0, done.stderr
        counts["accepted"] += 1
        return
    code, words = reasons()[case.name]
    assert done.returncode != 0, "accepted"
    assert json.loads(done.stdout)["error"]["reason"] == code
    assert words in done.stderr
    root = case / "trusted_root.json"
    assert ("public-good" if not root.exists() else str(root)) in done.stderr, "it does not say which trust root it used"
    counts["refused"] += 1


@pytest.mark.parametrize("how", ["path", "digest"])
@each(cases(), "the published conformance cases are not here: HM_SHARED_DATA names no folder with them")
def test_case(case, how, hallmark, counts):
    check(case, how, hallmark, counts)


# The suite is a repository, which nobody has unless they fetched it; by hand, and so no test that is skipped.
if os.environ.get("HM_SIGSTORE_CONFORMANCE"):
    @pytest.mark.parametrize("how", ["path", "digest"])
    @each(suite(), "HM_SIGSTORE_CONFORMANCE names no copy of sigstore-conformance")
    def test_case_of_the_suite(case, how, hallmark, counts):
        check(case, how, hallmark, counts)


def test_every_case_has_its_reason():
    if not cases() + suite():
        pytest.skip("no conformance cases are here")
    wanted = {case.name for case in cases() + suite() if case.name.endswith("_fail")}
    assert wanted <= set(reasons())
    assert not suite() or wanted == set(reasons())
