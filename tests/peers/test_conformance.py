"""The published Sigstore cases through tests/peers/sigstore-client, by path and by digest, each refusal for its reason."""
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


def cases():
    data = Path(os.environ.get("HM_SHARED_DATA") or TOP / ".." / "shared" / "data") / "sigstore-conformance"
    return sorted(path for path in data.iterdir() if path.is_dir()) if data.is_dir() else []


@pytest.fixture(scope="module")
def counts():
    """Accepts and refusals, printed apart at the end."""
    seen = {"accepted": 0, "refused": 0}
    yield seen
    print(f"\n{seen['accepted']} accepts, {seen['refused']} refusals for their reason")


def verify(case, artifact, hallmark):
    command = [CLIENT, "verify-bundle", "--bundle", case / "bundle.sigstore.json"]
    if (case / "key.pub").exists():
        command += ["--key", case / "key.pub"]
    else:
        command += ["--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER]
    if (case / "trusted_root.json").exists():
        command += ["--trusted-root", case / "trusted_root.json"]
    env = {**os.environ, "HALLMARK": str(hallmark), "HM_SHARED_DATA": str(case.parents[1])}
    return subprocess.run([str(word) for word in [*command, artifact]], env=env, capture_output=True, text=True,
                          check=False, timeout=60)


@pytest.mark.parametrize("how", ["path", "digest"])
@pytest.mark.parametrize("case", cases() or [pytest.param(None, marks=pytest.mark.skip(
    reason="the published conformance cases are not here: HM_SHARED_DATA names no folder with them"))],
    ids=lambda case: case.name if case else "none")
def test_case(case, how, hallmark, counts):
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


def test_every_reason_has_its_case():
    if not cases():
        pytest.skip("the published conformance cases are not here: HM_SHARED_DATA names no folder with them")
    assert sorted(reasons()) == [case.name for case in cases() if case.name.endswith("_fail")]
