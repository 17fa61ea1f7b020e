"""hallmark timeline over what cosign signed with a state: what is listed, what is not believed, what is no time line."""
import hashlib
import json
import shutil
import urllib.request

import pytest

IDENTITY, ISSUER = "local-run@hallmark.localhost", "https://hallmark.localhost"


@pytest.fixture
def blob(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / "app"
    path.write_text("what is signed\n")
    return path


@pytest.fixture
def servers(local_server):
    """servers(name): the local instance of a state, served once."""
    running = {}

    def get(name):
        if name not in running:
            running[name] = local_server(name)
        return running[name]
    return get


@pytest.fixture
def cosign(need_peer, run, servers):
    """cosign(command, file, bundle, …, state="one"): the bundle, signed by cosign with that state's services."""
    path = need_peer("cosign")

    def start(command, file, bundle, *options, state="one"):
        server = servers(state)
        run([path, command, "-y", "--identity-token", server.token(), "--signing-config", server.signing_config,
             "--trusted-root", server.trusted_root, "--bundle", bundle, *options, file])
        return bundle
    return start


@pytest.fixture
def sign(cosign):
    """sign(file, state="one"): a bundle beside the file."""
    return lambda file, **more: cosign("sign-blob", file, file.parent / (file.name + ".sigstore.json"), **more)


@pytest.fixture
def attest(cosign, tmp_path):
    """attest(file, bundle, state="one"): an attestation about the file."""
    def start(file, bundle, **more):
        (tmp_path / "predicate").write_text('{"a": 1}')
        return cosign("attest-blob", file, bundle, "--predicate", tmp_path / "predicate", "--type",
                      "https://slsa.dev/provenance/v1", **more)
    return start


@pytest.fixture
def timeline(hallmark, run, tmp_path):
    """timeline(artifact, …): the finished process; as_json: its entries and the exit code."""
    def start(*words, state="one", as_json=True, check=0):
        command = [hallmark, "timeline", "--state", tmp_path / f"state-{state}", *words]
        if not as_json:
            return run(command, check=check)
        return json.loads(run([*command, "--output", "json"], check=check).stdout)
    return start


def test_oldest_first(sign, attest, timeline, blob):
    sign(blob)
    attest(blob, blob.parent / "provenance.sigstore.json")
    other = blob.parent / "other"
    other.write_text("another\n")
    sign(other)
    sign(blob)
    result = timeline(blob)
    seen = [(e["index"], e["content"], e.get("predicateType"), e["verified"]) for e in result["entries"]]
    assert seen == [(0, "signature", None, True), (1, "attestation", "https://slsa.dev/provenance/v1", True),
                    (3, "signature", None, True)]
    assert all((e["identity"], e["issuer"], e["kind"]) == (IDENTITY, ISSUER, "hashedrekord") for e in result["entries"])
    assert [e["time"] for e in result["entries"]] == sorted(e["time"] for e in result["entries"])
    lines = timeline(blob, as_json=False).stdout.splitlines()
    assert lines[0].split() == ["TIME", "INDEX", "IDENTITY", "KIND", "VERIFIED"]
    assert [line.split()[1] for line in lines[1:]] == ["0", "1", "3"]
    assert lines[2].endswith("hashedrekord attestation https://slsa.dev/provenance/v1  yes")


def test_by_digest(sign, attest, timeline, blob, tmp_path):
    """A digest is enough for signatures; attestations have to be named, and must be about it."""
    sign(blob)
    bundle = attest(blob, tmp_path / "att.json")
    digest = "sha256:" + hashlib.sha256(blob.read_bytes()).hexdigest()
    assert [e["index"] for e in timeline(digest)["entries"]] == [0]
    assert [e["index"] for e in timeline("--bundle", bundle, digest)["entries"]] == [0, 1]
    other = "sha256:" + hashlib.sha256(b"another").hexdigest()
    assert timeline(other)["entries"] == []
    assert "att.json" in timeline("--bundle", bundle, other, check=1, as_json=False).stderr
    assert "has nothing about it" in timeline(other, as_json=False).stdout


def test_neighbours_are_not_believed(sign, attest, timeline, blob, tmp_path):
    """What lies beside the artifact may be anything; only what names it and is in the log is shown."""
    sign(blob)
    stranger = attest(blob, tmp_path / "foreign.json", state="two")
    shutil.copy(stranger, blob.parent / "foreign.sigstore.json")
    (blob.parent / "garbage.sigstore.json").write_text("{")
    (blob.parent / "folder.sigstore.json").mkdir()
    other = blob.parent / "other"
    other.write_text("another\n")
    attest(other, blob.parent / "other-att.sigstore.json")
    assert [e["index"] for e in timeline(blob)["entries"]] == [0]


def post_entry(origin, bundle):
    """Log a bundle's message signature; the server checks it, and not who issued the certificate."""
    doc = json.loads(bundle.read_text())
    request = {"hashedRekordRequestV002": {
        "digest": doc["messageSignature"]["messageDigest"]["digest"],
        "signature": {"content": doc["messageSignature"]["signature"], "verifier": {
            "x509Certificate": {"rawBytes": doc["verificationMaterial"]["certificate"]["rawBytes"]},
            "keyDetails": "PKIX_ECDSA_P256_SHA_256"}}}}
    with urllib.request.urlopen(urllib.request.Request(origin + "/api/v2/log/entries", json.dumps(request).encode(),
                                                       {"Content-Type": "application/json"})) as answer:
        return json.load(answer)


def test_not_by_whom_it_says(sign, timeline, blob, servers):
    """Another state's certificate says the same name; the log takes it, the time line does not."""
    foreign = sign(blob, state="two")
    post_entry(servers("one").origin, foreign)
    sign(blob, state="one")
    result = timeline(blob, check=1)
    assert [(e["verified"], e.get("reason")) for e in result["entries"]] == [(False, "cert.authority"), (True, None)]
    assert result["notVerified"] == 1
    done = timeline(blob, as_json=False, check=1)
    assert "NO" in done.stdout and "not verified: cert.authority" in done.stdout
    assert "1 of 2 entries could not be verified" in done.stderr


def test_damaged_log(sign, timeline, blob, tmp_path):
    sign(blob)
    sign(blob)
    tiles = [p for p in (tmp_path / "state-one/log").rglob("*") if "entries" in str(p) and p.is_file()]
    assert tiles
    for path in tiles:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.chmod(0o644)
        path.write_bytes(data)
    done = timeline(blob, as_json=False, check=1)
    assert "log.damaged" in done.stdout + done.stderr or "NO" in done.stdout


def test_nothing_is_made(timeline, blob, tmp_path):
    """To look is not to sign: without a state there is none afterwards."""
    done = timeline(blob, as_json=False, check=4)
    assert "nothing was signed locally yet" in done.stderr
    assert not (tmp_path / "state-one").exists()
    (tmp_path / "state-one").mkdir()
    timeline(blob, as_json=False, check=4)
    assert list((tmp_path / "state-one").iterdir()) == []


@pytest.mark.parametrize("words, code", [([], 2), (["a", "b"], 2), (["nothing"], 4), (["sha256:12"], 4),
                                         (["--bundle", "nothing", "app"], 4)])
def test_usage(sign, timeline, blob, words, code, tmp_path):
    sign(blob)
    shutil.copy(blob, tmp_path / "app")
    timeline(*words, as_json=False, check=code)
