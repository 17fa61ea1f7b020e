"""hallmark verify-blob and verify-blob-attestation: cosign's options, exit codes and words, and what a refusal says."""
import hashlib
import json
import os
import shutil
import subprocess

import pytest

IDENTITY = ("https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/"
            "extremely-dangerous-oidc-beacon.yml@refs/heads/main")
ISSUER = "https://token.actions.githubusercontent.com"
SIGNER = ["--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER]
SLSA = ["--type", "slsaprovenance1"]
ARC = "1.3.6.1.4.1.57264.1"
REPOSITORY = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon"
RIGHT_EXTENSIONS = [word for claim in [
    f"sourceRepositoryURI={REPOSITORY}", f"{ARC}.14=refs/heads/main", "runnerEnvironment=github-hosted", f"issuer={ISSUER}",
    f"{ARC}.1={ISSUER}", "githubWorkflowTrigger=workflow_dispatch", "buildTrigger=workflow_dispatch",
    "sourceRepositoryVisibilityAtSigning=public"] for word in ("--certificate-extension", claim)]


@pytest.fixture
def cases(shared_data, tmp_path):
    """The published cases, beside them nothing that could be mistaken for a trust root."""
    target = tmp_path / "cases"
    shutil.copytree(shared_data / "sigstore-conformance", target)
    shutil.copy(shared_data / "sigstore-public-good.trusted_root.json", target / "public-good.json")
    return target


@pytest.fixture
def verify(hallmark, run, cases):
    """verify(case, …): verify-blob of the case's bundle with its own trust root, else with the public-good one."""
    def start(case, *options, signer=SIGNER, artifact="a.txt", command="verify-blob", root=True, **kwargs):
        own = cases / case / "trusted_root.json"
        trusted = ["--trusted-root", own if own.exists() else cases / "public-good.json"] if root else []
        words = [hallmark, command, "--bundle", cases / case / "bundle.sigstore.json", *trusted, *signer, *options]
        return run(words + ([artifact] if artifact else []), cwd=cases, check=None, **kwargs)
    return start


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_accepts_as_cosign_does(verify):
    done = verify("rekor2-happy-path")
    assert (done.returncode, done.stderr) == (0, "Verified OK\n")
    assert f"signer      {IDENTITY}\nissuer      {ISSUER}\n" in done.stdout
    assert "logged      index 735 of https://log2025-alpha1.rekor.sigstage.dev, inclusion proven\n" in done.stdout


def test_json_says_what_was_verified(verify, cases):
    done = verify("rekor2-dsse-happy-path", "--output", "json")
    result = json.loads(done.stdout)
    assert done.returncode == 0 and result["verified"] is True
    assert result["artifact"] == {"name": "a.txt", "digest": "sha256:" + sha256(cases / "a.txt")}
    assert result["signer"]["identity"] == IDENTITY and result["signer"]["issuer"] == ISSUER
    said = result["signer"]["extensions"]
    assert said["sourceRepositoryURI"] == REPOSITORY and said["githubWorkflowTrigger"] == "workflow_dispatch"
    assert len(said) == 19 and "issuer" not in said
    assert [t["source"] for t in result["times"]] == ["timestamp"]
    assert [(e["kind"], e["inclusionProven"]) for e in result["entries"]] == [("hashedrekord", True)]
    assert result["statement"]["predicateType"] == "https://slsa.dev/provenance/v1"
    assert "rekor2-dsse-happy-path/trusted_root.json" in result["trustRoot"]


@pytest.mark.parametrize("how", ["digest", "stdin", "pipe", "file named like a digest"])
def test_other_ways_to_name_the_artifact(verify, cases, how):
    digest = "sha256:" + sha256(cases / "a.txt")
    if how == "stdin":
        text = (cases / "a.txt").read_text()
        assert verify("rekor2-happy-path", artifact="-", input=text).returncode == 0
        assert verify("rekor2-happy-path", artifact="-", input=text + "x").returncode == 1
    elif how == "pipe":
        os.mkfifo(cases / "pipe")
        with subprocess.Popen(["cp", cases / "a.txt", cases / "pipe"]):
            assert verify("rekor2-happy-path", artifact="pipe").returncode == 0
    elif how == "digest":
        assert verify("rekor2-happy-path", artifact=digest).returncode == 0
        assert verify("rekor2-happy-path", artifact="sha256:" + "0" * 64).returncode == 1
        done = verify("rekor2-happy-path", "--output", "json", artifact="sha512:" + "0" * 128)
        assert json.loads(done.stdout)["error"]["reason"] == "artifact.algorithm"
    else:
        shutil.copy(cases / "a.txt", cases / ("sha256:" + "0" * 64))
        assert verify("rekor2-happy-path", artifact="sha256:" + "0" * 64).returncode == 0
        (cases / digest).write_text("something else")
        assert verify("rekor2-happy-path", artifact=digest).returncode == 1


@pytest.mark.parametrize("options, reason", [
    (["--certificate-identity", "me@example.com"], "identity.subject"),
    (["--certificate-oidc-issuer", "https://example.com"], "identity.issuer"),
    (["--certificate-github-workflow-trigger", "push"], "identity.claim"),
    (["--certificate-github-workflow-sha", "0" * 40], "identity.claim"),
    (["--certificate-github-workflow-name", "release"], "identity.claim"),
    (["--certificate-github-workflow-repository", "example/example"], "identity.claim"),
    (["--certificate-github-workflow-ref", "refs/tags/v1"], "identity.claim"),
    (["--certificate-extension", "sourceRepositoryURI=https://github.com/example/example"], "identity.claim"),
    (["--certificate-extension", f"{ARC}.14=refs/heads/mai"], "identity.claim"),
    (["--certificate-extension", "runnerEnvironment="], "identity.claim"),
    (["--certificate-extension", "deploymentEnvironment=production"], "identity.claim"),
    ([*RIGHT_EXTENSIONS, "--certificate-extension", "buildTrigger=push"], "identity.claim"),
    (["--certificate-extension", "buildTrigger=push", *RIGHT_EXTENSIONS], "identity.claim"),
    (["--certificate-extension", "sourceRepositoryURI"], "usage"),
    (["--certificate-extension", "SourceRepositoryURI=x"], "usage"),
    (["--certificate-extension", f"{ARC}.7=x"], "usage"),
    (["--certificate-extension", f"{ARC}.25=x"], "usage"),
    (["--certificate-extension", f"{ARC}=x"], "usage"),
    (["--key", "managed-key-and-trusted-root/key.pub"], "usage"),
    (["--certificate-identity-regexp", ".*"], "unsupported"),
    (["--certificate-oidc-issuer-regexp=.*"], "unsupported"),
    (["--sk"], "unsupported"),
    (["--timeout", "5m"], "unsupported"),
    (["-t", "5m"], "unsupported"),
    (["--signature", "x.sig"], "unsupported"),
    (["--new-bundle-format=false"], "unsupported"),
    (["--nothing"], "usage"),
    (["--trusted-root", "absent.json"], "file.not-found"),
    (["--bundle", "absent.json"], "file.not-found"),
    (["--bundle", "a.txt"], "json.syntax"),
])
def test_options_that_refuse(verify, options, reason):
    done = verify("rekor2-happy-path", "--output", "json", *options)
    assert done.returncode == 1 and "Verified" not in done.stderr
    assert json.loads(done.stdout)["error"]["reason"] == reason
    if reason == "unsupported":
        assert options[0].split("=")[0] in done.stderr


@pytest.mark.parametrize("options", [
    ["--use-signed-timestamps"], ["--insecure-ignore-tlog"], ["--insecure-ignore-sct"], ["--private-infrastructure"],
    ["--offline"], ["--offline=true"], ["--max-workers", "4"], ["--new-bundle-format"],
    ["--certificate-github-workflow-trigger", "workflow_dispatch",
     "--certificate-github-workflow-repository", "sigstore-conformance/extremely-dangerous-public-oidc-beacon",
     "--certificate-github-workflow-ref", "refs/heads/main",
     "--certificate-github-workflow-name", "Extremely dangerous OIDC beacon"],
    RIGHT_EXTENSIONS,
])
def test_options_that_accept(verify, options):
    assert verify("rekor2-happy-path", *options).returncode == 0


def test_timestamps_that_are_wanted(verify):
    assert verify("happy-path-v0.3").returncode == 0
    done = verify("happy-path-v0.3", "--use-signed-timestamps", "--output", "json")
    assert json.loads(done.stdout)["error"]["reason"] == "timestamp.missing"


def test_without_log_and_time_stamp_the_time_is_now(verify):
    done = verify("happy-path-v0.3", "--insecure-ignore-tlog", "--output", "json")
    assert json.loads(done.stdout)["error"]["reason"] == "cert.time"
    assert "WARNING: Skipping tlog verification" in done.stderr


def test_keys(verify, cases):
    own = ["--key", "managed-key-and-trusted-root/key.pub"]
    assert verify("managed-key-and-trusted-root", signer=own).returncode == 0
    # a key alone needs no trust root, as with cosign
    done = verify("managed-key-and-trusted-root", "--insecure-ignore-tlog", signer=own, root=False)
    assert done.returncode == 0 and "trust root  none, the key alone" in done.stdout
    # an identity that nobody gave is no reason to accept a key
    done = verify("managed-key-and-trusted-root", "--output", "json")
    assert json.loads(done.stdout)["error"]["reason"] == "identity.no-key"
    done = verify("rekor2-happy-path", "--output", "json", signer=own)
    assert json.loads(done.stdout)["error"]["reason"] == "identity.certificate"
    done = verify("managed-key-and-trusted-root", "--output", "json", "--certificate-extension", "issuer=x", signer=own)
    assert json.loads(done.stdout)["error"]["reason"] == "usage"
    done = verify("rekor2-happy-path", signer=["--key", "awskms:///alias/key"])
    assert done.returncode == 1 and "not supported yet" in done.stderr


@pytest.mark.parametrize("signer, word", [
    ([], "--certificate-identity is required"),
    (SIGNER[:2], "--certificate-oidc-issuer is required"),
    (SIGNER[2:], "--certificate-identity is required"),
])
def test_a_signer_must_be_named(verify, signer, word):
    done = verify("rekor2-happy-path", signer=signer)
    assert done.returncode == 1 and word in done.stderr


def test_refusal_names_the_trust_roots(verify, cases, env):
    done = verify("rekor2-happy-path", artifact="a.txt", signer=[*SIGNER, "--certificate-identity", "other"])
    assert f"trust root: '{cases}/rekor2-happy-path/trusted_root.json'" in done.stderr
    local = f"{env['XDG_STATE_HOME']}/hallmark/trusted_root.json"
    assert local not in done.stderr
    os.makedirs(os.path.dirname(local))
    shutil.copy(cases / "public-good.json", local)
    # without --trusted-root: the public-good one that is built in, or that none is; and in any case where the local one is
    done = verify("rekor2-happy-path", "--output", "json", root=False)
    error = json.loads(done.stdout)["error"]
    assert error["reason"] in ["timestamp.untrusted", "trust.none"]
    assert any("public-good" in note or "none was named" in note for note in error["notes"])
    assert any(local in note for note in error["notes"]) and local in done.stderr
    # the one that was used is not named a second time
    done = verify("rekor2-happy-path", "--trusted-root", local, root=False)
    assert done.stderr.count(local) == 1
    # a relative path in the variable counts as none
    done = verify("rekor2-happy-path", root=False, env={**env, "XDG_STATE_HOME": "state"})
    assert local in done.stderr


def test_a_trust_root_beside_the_bundle_is_not_taken(verify, cases):
    done = verify("rekor2-happy-path", root=False)
    assert done.returncode == 1 and "rekor2-happy-path/trusted_root.json" not in done.stderr


def test_built_in_root(verify, hm_build):
    source = (hm_build / "src" / "cli" / "public_good_root.c").read_text()
    if source.rstrip().endswith("_len = 0;"):
        pytest.skip("no public-good trust root is built in; scripts/setup brings one and scripts/test builds with it")
    assert verify("happy-path-v0.3", root=False).returncode == 0


ATTESTATION = "rekor2-dsse-happy-path"


@pytest.mark.parametrize("options, artifact, reason", [
    (SLSA, "a.txt", None),
    (["--type", "https://slsa.dev/provenance/v1"], "a.txt", None),
    ([*SLSA, "--check-claims=false"], None, None),
    ([*SLSA, "--check-claims=false"], "public-good.json", None),
    ([*SLSA, "--check-claims"], "public-good.json", "artifact.subject"),
    ([*SLSA, "--digest", "HEX", "--digestAlg", "sha256"], None, None),
    ([*SLSA, "--digest", "HEX", "--digestAlg", "sha256"], "a.txt", None),
    ([*SLSA, "--digest", "0" * 64, "--digestAlg", "sha256"], None, "artifact.subject"),
    ([*SLSA, "--digest", "HEX", "--digestAlg", "sha512"], None, "usage"),
    ([*SLSA, "--digest", "HEX"], None, "usage"),
    (SLSA, None, "usage"),
    (SLSA, "public-good.json", "artifact.subject"),
    ([], "a.txt", "dsse.predicate-type"),
    (["--type", "slsaprovenance"], "a.txt", "dsse.predicate-type"),
    (["--type", "spdxjson", "--check-claims=false"], None, "dsse.predicate-type"),
])
def test_attestations(verify, cases, options, artifact, reason):
    options = [sha256(cases / "a.txt") if word == "HEX" else word for word in options]
    done = verify(ATTESTATION, *options, "--output", "json", artifact=artifact, command="verify-blob-attestation")
    if reason is None:
        assert done.returncode == 0, done.stderr
        assert ("artifact" in json.loads(done.stdout)) == ("--check-claims=false" not in options)
    else:
        assert done.returncode == 1 and json.loads(done.stdout)["error"]["reason"] == reason


def test_a_message_signature_is_no_attestation(verify):
    for options in [SLSA, [*SLSA, "--check-claims=false"]]:
        done = verify("rekor2-happy-path", *options, command="verify-blob-attestation")
        assert done.returncode == 1 and "no attestation" in done.stderr


def test_full_disk_behind_the_output_is_no_success(hallmark, cases, env):
    words = [hallmark, "verify-blob", "--bundle", "rekor2-happy-path/bundle.sigstore.json", "--trusted-root",
             "rekor2-happy-path/trusted_root.json", *SIGNER, "a.txt"]
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(words, cwd=cases, env=env, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and "Verified" not in done.stderr


def test_memory_does_not_grow_with_the_file(hallmark, cases, env, tmp_path):
    """A file of 1 GiB (a hole) is refused with no more memory than one of some bytes."""
    def peak(artifact):
        words = ["/usr/bin/env", "python3", "-c", "import resource, subprocess, sys; subprocess.run(sys.argv[1:], "
                 "capture_output=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)",
                 hallmark, "verify-blob", "--bundle", "rekor2-happy-path/bundle.sigstore.json", "--trusted-root",
                 "rekor2-happy-path/trusted_root.json", *SIGNER, artifact]
        return int(subprocess.run(words, cwd=cases, env=env, capture_output=True, text=True, check=True).stdout)
    large = tmp_path / "large"
    with open(large, "wb") as file:
        file.truncate(1 << 30)
    assert peak(large) < peak("a.txt") + 4096
