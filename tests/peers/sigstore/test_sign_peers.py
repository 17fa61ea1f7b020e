"""Signing, with the peers as services and as judges: both ways, and what each refuses."""
import hashlib
import json
from base64 import b64decode

import pytest

from hmtest import TOP

IDENTITY = "somebody@example.com"
URI = "https://example.com/predicate"


@pytest.fixture
def env(env):
    env["COSIGN_PASSWORD"] = "a password"
    return env


@pytest.fixture
def cosign(need_peer):
    return need_peer("cosign")


@pytest.fixture
def key(run, hallmark):
    """cosign.key and cosign.pub of ours in tmp_path."""
    run([hallmark, "generate-key-pair"])


@pytest.fixture
def keyless(instance, tmp_path):
    """The options of a signer without a key."""
    (tmp_path / "token").write_text(instance.token())
    return ["--signing-config", instance.config, "--trusted-root", instance.root, "--identity-token", "token"]


@pytest.fixture
def by_identity(instance):
    """The options of who verifies."""
    return ["--trusted-root", instance.root, "--certificate-identity", IDENTITY, "--certificate-oidc-issuer",
            instance.issuer.url, "--use-signed-timestamps"]


NO_LOG = "--insecure-ignore-tlog=true"


# --- key pairs ---

@pytest.mark.parametrize("maker, user", [("ours", "cosign"), ("cosign", "ours")])
def test_key_pairs_go_both_ways(run, hallmark, cosign, instance, app, tmp_path, maker, user):
    config = tmp_path / "none.json"
    config.write_text('{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}')
    programs = {"ours": hallmark, "cosign": cosign}
    run([programs[maker], "generate-key-pair", "--output-key-prefix", "pair"])
    assert (tmp_path / "pair.key").stat().st_mode & 0o777 == 0o600
    more = [] if user == "ours" else ["--signing-config", config, "--yes"]
    run([programs[user], "sign-blob", "--key", "pair.key", "--bundle", "b.json", *more, app], timeout=120)
    for program in [hallmark, cosign]:
        run([program, "verify-blob", "--key", "pair.pub", NO_LOG, "--bundle", "b.json", app])


def test_a_wrong_password_is_refused(run, env, hallmark, key, app):
    done = run([hallmark, "sign-blob", "--key", "cosign.key", app], env={**env, "COSIGN_PASSWORD": "another"}, check=1)
    assert "password" in done.stderr and "another" not in done.stderr


# --- keys without services ---

def test_keyed_bundle(run, hallmark, cosign, key, app, tmp_path):
    run([hallmark, "sign-blob", "--key", "cosign.key", "--bundle", "b.json", "--output-signature", "sig", app])
    run([cosign, "verify-blob", "--key", "cosign.pub", NO_LOG, "--bundle", "b.json", app])
    bundle = json.loads((tmp_path / "b.json").read_text())
    assert bundle["messageSignature"]["signature"] == (tmp_path / "sig").read_text()
    app.write_bytes(b"hellO\n" * 1000)
    run([cosign, "verify-blob", "--key", "cosign.pub", NO_LOG, "--bundle", "b.json", app], check=1)


@pytest.mark.parametrize("kind", ["spdxjson", "spdx", "cyclonedx", "openvex", "vuln", "link", "custom", URI])
def test_keyed_attestation(run, hallmark, cosign, key, app, tmp_path, kind):
    (tmp_path / "predicate.json").write_text('{"a": [1, "b"]}\n')
    run([hallmark, "attest-blob", "--key", "cosign.key", "--predicate", "predicate.json", "--type", kind, "--bundle",
         "b.json", app])
    for program in [hallmark, cosign]:
        check = [program, "verify-blob-attestation", "--key", "cosign.pub", NO_LOG, "--type", kind, "--bundle", "b.json"]
        run([*check, app])
        run([*check, "b.json"], check=1)


@pytest.mark.parametrize("name", ["P-256", "P-384", "P-521", "rsa"])
def test_plain_keys_in_the_environment(run, env, hallmark, cosign, app, tmp_path, name):
    kind = ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if name == "rsa" else ["EC", "-pkeyopt", f"ec_paramgen_curve:{name}"]
    run(["openssl", "genpkey", "-algorithm", *kind, "-out", "plain.pem"])
    run(["openssl", "pkey", "-in", "plain.pem", "-pubout", "-out", "plain.pub"])
    env["THE_KEY"] = (tmp_path / "plain.pem").read_text()
    run([hallmark, "sign-blob", "--key", "env://THE_KEY", "--bundle", "b.json", app])
    run([hallmark, "verify-blob", "--key", "plain.pub", NO_LOG, "--bundle", "b.json", app])
    # cosign 3.1.2 signs with SHA-384 and SHA-512 there as we do, and verifies neither its own nor ours
    if name in ("P-256", "rsa"):
        run([cosign, "verify-blob", "--key", "plain.pub", NO_LOG, "--bundle", "b.json", app])
        return
    (tmp_path / "sig").write_bytes(b64decode(json.loads((tmp_path / "b.json").read_text())["messageSignature"]["signature"]))
    digest = {"P-384": "-sha384", "P-521": "-sha512"}[name]
    run(["openssl", "dgst", digest, "-verify", "plain.pub", "-signature", "sig", app])


# --- with the peers' services ---

def test_keyless_blob(run, hallmark, cosign, need_peer, instance, keyless, by_identity, app):
    run([hallmark, "sign-blob", *keyless, "--bundle", "b.json", app])
    sigstore = [need_peer("sigstore"), "--trust-config", instance.trust_config, "verify", "identity", "--offline",
                "--bundle", "b.json", "--cert-identity", IDENTITY, "--cert-oidc-issuer", instance.issuer.url]
    judges = [[hallmark, "verify-blob", "--bundle", "b.json", *by_identity],
              [cosign, "verify-blob", "--bundle", "b.json", *by_identity], sigstore]
    for judge in judges:
        run([*judge, app])
        run([word if word != IDENTITY else "somebodyelse@example.com" for word in judge] + [app], check=1)
    app.write_bytes(b"hellO\n" * 1000)
    for judge in judges:
        run([*judge, app], check=1)


def test_keyless_attestation(run, hallmark, cosign, keyless, by_identity, app, tmp_path):
    (tmp_path / "predicate.json").write_text('{"a": [1, "b"]}\n')
    run([hallmark, "attest-blob", *keyless, "--predicate", "predicate.json", "--type", URI, "--bundle", "b.json", app])
    for program in [hallmark, cosign]:
        run([program, "verify-blob-attestation", "--bundle", "b.json", "--type", URI, *by_identity, app])


def test_a_statement_is_signed_as_it_is(run, hallmark, cosign, keyless, by_identity, app, tmp_path):
    digest = hashlib.sha256(app.read_bytes()).hexdigest()
    statement = (' {"predicate" : {},\n"_type":"https://in-toto.io/Statement/v1","predicateType":"' + URI +
                 '",  "subject":[{"digest":{"sha256":"' + digest + '"},"name":"app"}]}\n')
    (tmp_path / "statement.json").write_text(statement)
    run([hallmark, "attest-blob", *keyless, "--statement", "statement.json", "--bundle", "b.json"])
    run([cosign, "verify-blob-attestation", "--bundle", "b.json", "--type", URI, *by_identity, app])
    assert b64decode(json.loads((tmp_path / "b.json").read_text())["dsseEnvelope"]["payload"]) == statement.encode()


@pytest.mark.parametrize("as_statement", [False, True])
def test_key_with_services(run, hallmark, cosign, instance, key, app, tmp_path, as_statement):
    (tmp_path / "predicate.json").write_text("{}")
    command = ["attest-blob", "--predicate", "predicate.json", "--type", URI] if as_statement else ["sign-blob"]
    run([hallmark, *command, "--key", "cosign.key", "--signing-config", instance.config, "--trusted-root", instance.root,
         "--bundle", "b.json", app])
    verify = ["verify-blob-attestation", "--type", URI] if as_statement else ["verify-blob"]
    for program in [hallmark, cosign]:
        run([program, *verify, "--key", "cosign.pub", "--trusted-root", instance.root, "--use-signed-timestamps",
             "--bundle", "b.json", app])


def test_what_is_told(run, hallmark, keyless, app, tmp_path):
    token = tmp_path / "token"
    token.write_text(token.read_text() + "\n")  # as echo leaves it
    done = run([hallmark, "sign-blob", *keyless, "--output", "json", "--bundle", "b.json", app])
    said = json.loads(done.stdout)
    assert said["signer"]["identity"] == IDENTITY and said["entries"][0]["log"] == "https://log.test"
    assert [t["source"] for t in said["times"]] == ["timestamp"] and said["bundle"] == "b.json"


@pytest.mark.parametrize("signer", ["cosign", "sigstore"])
def test_what_the_peers_sign_there_we_accept(run, hallmark, cosign, need_peer, instance, keyless, by_identity, app,
                                             signer):
    if signer == "cosign":
        run([cosign, "sign-blob", "--yes", *keyless, "--bundle", "b.json", app], timeout=120)
    else:
        run([need_peer("sigstore"), "--trust-config", instance.trust_config, "sign", "--identity-token",
             instance.token(), "--bundle", "b.json", app], timeout=120)
    run([hallmark, "verify-blob", "--bundle", "b.json", *by_identity, app])


@pytest.mark.parametrize("as_statement", [False, True])
def test_the_suites_client(run, env, hallmark, instance, app, tmp_path, as_statement):
    """As sigstore-conformance's test_simple and test_sign_verify_dsse have it."""
    client, env["HALLMARK"] = TOP / "tests" / "peers" / "sigstore-client", str(hallmark)
    digest = hashlib.sha256(app.read_bytes()).hexdigest()
    (tmp_path / "statement").write_text('{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":'
                                        '{"sha256":"' + digest + '"}}],"predicateType":"' + URI + '","predicate":{}}')
    signed = ["--in-toto"] if as_statement else []
    run([client, "sign-bundle", *signed, "--identity-token", instance.token(), "--bundle", "b.json", "--trusted-root",
         instance.root, "--signing-config", instance.config, "statement" if as_statement else app])
    verify = [client, "verify-bundle", "--bundle", "b.json", "--certificate-identity", IDENTITY,
              "--certificate-oidc-issuer", instance.issuer.url, "--trusted-root", instance.root]
    run([*verify, app])
    run([*verify, f"sha256:{digest}"])
    run([*verify, f"sha256:{'0' * 64}"], check=1)


# --- refusals: exit 1, a reason, and no bundle ---

def changed(instance, tmp_path, name, **members):
    document = json.loads(instance.config.read_text())
    document.update(members)
    path = tmp_path / name
    path.write_text(json.dumps(document))
    return path


def refused(run, hallmark, options, app, tmp_path):
    done = run([hallmark, "sign-blob", *options, "--bundle", "b.json", app], check=1)
    assert not (tmp_path / "b.json").exists()
    return done.stderr


def test_refusals(run, env, hallmark, instance, keyless, app, tmp_path):
    def without(name):
        at = keyless.index(name)
        return keyless[:at] + keyless[at + 2:]

    assert "public-good" in refused(run, hallmark, [], app, tmp_path)
    assert "--identity-token" in refused(run, hallmark, without("--identity-token"), app, tmp_path)
    assert "no file" not in refused(run, hallmark, ["--key", "pkcs11:token=a"], app, tmp_path)
    for name in ["awskms://a", "gcpkms://a", "azurekms://a", "hashivault://a", "k8s://a/b", "pkcs11:token=a"]:
        assert "not supported yet" in refused(run, hallmark, ["--key", name], app, tmp_path)
    # a token that is none is not shown
    bad = [word if word != "token" else "eyJ.secret-part.x" for word in keyless]
    assert "secret" not in refused(run, hallmark, bad, app, tmp_path)
    # one with another signature: the authority's words
    (tmp_path / "token").write_text(instance.token()[:-4] + "AAAA")
    said = refused(run, hallmark, keyless, app, tmp_path)
    assert "/api/v2/signingCert: 400" in said and "identity token" in said


def test_services_that_are_not_taken(run, hallmark, instance, keyless, app, tmp_path):
    def service(url, version, **more):
        return [{"url": url, "majorApiVersion": version, "validFor": {"start": "2020-01-01T00:00:00Z", **more}}]

    def using(**members):
        path = changed(instance, tmp_path, "config.json", **members)
        return refused(run, hallmark, [word if word != instance.config else path for word in keyless], app, tmp_path)

    assert "version 1 of its API" in using(rekorTlogUrls=service(instance.log_url, 1))
    assert "valid now" in using(tsaUrls=service(instance.tsa_url, 1, end="2021-01-01T00:00:00Z"))
    assert "how many" in using(tsaConfig={"selector": "SERVICE_SELECTOR_UNDEFINED"})
    assert "names no time-stamp authority" in using(tsaUrls=[])


def test_another_instances_trust_root(run, hallmark, shared_data, keyless, instance, app, tmp_path):
    root = shared_data / "sigstore-public-good.trusted_root.json"
    if not root.is_file():
        pytest.skip("the public-good trust root is not in HM_SHARED_DATA")
    said = refused(run, hallmark, [word if word != instance.root else root for word in keyless], app, tmp_path)
    assert "time-stamp authorities" in said


def test_a_service_that_is_away(run, hallmark, instance, keyless, app, tmp_path):
    gone = [{"url": "http://127.0.0.1:1/", "majorApiVersion": 1, "validFor": {"start": "2020-01-01T00:00:00Z"}}]
    path = changed(instance, tmp_path, "config.json", tsaUrls=gone)
    said = refused(run, hallmark, [word if word != instance.config else path for word in keyless], app, tmp_path)
    assert "get a time stamp" in said


def test_a_place_that_cannot_be_written(run, hallmark, key, app):
    for option, what in [("--output-signature", "write the signature"), ("--bundle", "write the bundle")]:
        done = run([hallmark, "sign-blob", "--key", "cosign.key", option, "/nowhere/at/all", app], check=1)
        assert what in done.stderr


@pytest.mark.parametrize("as_statement", [False, True])
def test_ed25519_with_services(run, hallmark, instance, app, tmp_path, as_statement):
    run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", "ed.pem"])
    run(["openssl", "pkey", "-in", "ed.pem", "-pubout", "-out", "ed.pub"])
    (tmp_path / "predicate.json").write_text("{}")
    command = ["attest-blob", "--predicate", "predicate.json", "--type", URI] if as_statement else ["sign-blob"]
    run([hallmark, *command, "--key", "ed.pem", "--signing-config", instance.config, "--trusted-root", instance.root,
         "--bundle", "b.json", app])
    verify = ["verify-blob-attestation", "--type", URI] if as_statement else ["verify-blob"]
    # cosign 3.1.2 verifies no Ed25519ph by --key, and so not even what it has just signed itself
    run([hallmark, *verify, "--key", "ed.pub", "--trusted-root", instance.root, "--use-signed-timestamps", "--bundle",
         "b.json", app])
