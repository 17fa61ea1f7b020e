"""generate-key-pair, sign-blob and attest-blob: with the local instance, with keys, and what each refuses."""
import hashlib
import json
import os
import pty
import select
import subprocess
import time
from base64 import b64decode

import pytest

SIGNER = ["--certificate-identity", "local-run@hallmark.localhost", "--certificate-oidc-issuer",
          "https://hallmark.localhost"]
NO_LOG = "--insecure-ignore-tlog"
URI = "https://example.com/predicate"


@pytest.fixture
def key(run, hallmark, env):
    env["COSIGN_PASSWORD"] = "a password"
    run([hallmark, "generate-key-pair"])


@pytest.fixture
def root(home):
    return home / ".local" / "state" / "hallmark" / "trusted_root.json"


def on_terminal(words, env, cwd, answers):
    """The program with a terminal, on which each of the answers is typed when the next question stands there."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(cwd)
        os.execve(words[0], [str(word) for word in words], env)
    said, end = b"", time.monotonic() + 30
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                piece = os.read(terminal, 4096)
            except OSError:
                break
            if not piece:
                break
            said += piece
        elif answers and said.rstrip().endswith((b":", b"]")):
            os.write(terminal, answers.pop(0))
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said.decode()


# --- the local instance ---

def test_local(run, hallmark, app, root, tmp_path):
    done = run([hallmark, "sign-blob", "--local", "--bundle", "b.json", app])
    assert "Signed as local-run@hallmark.localhost\n" in done.stderr and str(root) in done.stderr
    bundle = json.loads((tmp_path / "b.json").read_text())
    assert bundle["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert len(bundle["verificationMaterial"]["tlogEntries"]) == 1
    assert len(bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]) == 1
    check = [hallmark, "verify-blob", "--trusted-root", root, *SIGNER, "--use-signed-timestamps", "--bundle", "b.json"]
    run([*check, app])
    app.write_bytes(b"hellO\n" * 1000)
    assert "artifact" in run([*check, app], check=1).stderr


def test_local_json(run, hallmark, app, root):
    said = [json.loads(run([hallmark, "sign-blob", "--local", "--output", "json", "--bundle", f"{n}.json", app]).stdout)
            for n in range(2)]
    assert said[0]["artifact"] == {"name": str(app), "digest": "sha256:" + hashlib.sha256(app.read_bytes()).hexdigest()}
    assert said[0]["signer"]["identity"] == "local-run@hallmark.localhost"
    assert [s["entries"][0]["index"] for s in said] == [0, 1]
    assert said[0]["trustedRoot"] == str(root)


def test_a_token_in_the_environment_is_no_contradiction(run, env, hallmark, app):
    run([hallmark, "sign-blob", "--local", "--bundle", "b.json", app], env={**env, "SIGSTORE_ID_TOKEN": "a.b.c"})


def test_another_state(run, hallmark, app, root, tmp_path):
    run([hallmark, "sign-blob", "--local", "--state", tmp_path / "other", "--bundle", "b.json", app])
    run([hallmark, "sign-blob", "--local", "--bundle", "own.json", app])
    check = [hallmark, "verify-blob", *SIGNER, "--bundle", "b.json", app, "--trusted-root"]
    run([*check, tmp_path / "other" / "trusted_root.json"])
    run([*check, root], check=1)


def test_local_statement(run, hallmark, app, root, tmp_path):
    (tmp_path / "predicate.json").write_text('{"a": [1, "b"]}\n')
    run([hallmark, "attest-blob", "--local", "--predicate", "predicate.json", "--type", URI, "--bundle", "b.json", app])
    run([hallmark, "verify-blob-attestation", "--trusted-root", root, *SIGNER, "--type", URI, "--bundle", "b.json", app])
    payload = b64decode(json.loads((tmp_path / "b.json").read_text())["dsseEnvelope"]["payload"])
    assert payload == ('{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"app","digest":{"sha256":"%s"}}],'
                       '"predicateType":"%s","predicate":{"a": [1, "b"]}}' %
                       (hashlib.sha256(app.read_bytes()).hexdigest(), URI)).encode()


# --- keys ---

def test_signature_alone(run, hallmark, key, app, tmp_path):
    done = run([hallmark, "sign-blob", "--key", "cosign.key", app])
    (tmp_path / "sig").write_bytes(b64decode(done.stdout))
    run(["openssl", "dgst", "-sha256", "-verify", "cosign.pub", "-signature", "sig", app])


def test_standard_input_is_signed(run, hallmark, key, app):
    run([hallmark, "sign-blob", "--key", "cosign.key", "--bundle", "b.json", "-"], input="piped")
    app.write_text("piped")
    run([hallmark, "verify-blob", "--key", "cosign.pub", NO_LOG, "--bundle", "b.json", app])


def test_a_hash_stands_for_the_file(run, hallmark, key, app, tmp_path):
    (tmp_path / "predicate.json").write_text("{}")
    digest = hashlib.sha256(app.read_bytes()).hexdigest()
    attest = [hallmark, "attest-blob", "--key", "cosign.key", "--predicate", "predicate.json", "--type", URI, "--bundle",
              "b.json", "elsewhere", "--hash"]
    run([*attest, digest])
    run([hallmark, "verify-blob-attestation", "--key", "cosign.pub", NO_LOG, "--type", URI, "--bundle", "b.json", app])
    run([*attest, digest[1:]], check=1)


def test_a_large_file_takes_little_memory(run, hallmark, key, tmp_path):
    large = tmp_path / "large"
    with large.open("wb") as f:
        f.truncate(512 << 20)
    run(["sh", "-c", f"ulimit -v 400000; exec {hallmark} sign-blob --key cosign.key --bundle b.json {large}"], timeout=120)


# --- passwords ---

def test_password_on_the_terminal(hallmark, run, env, app, tmp_path):
    code, said = on_terminal([hallmark, "generate-key-pair"], env, tmp_path, [b"secrX\x7fet\n", b"secret\n"])
    assert code == 0 and "secr" not in said, said
    run([hallmark, "sign-blob", "--key", "cosign.key", app], env={**env, "COSIGN_PASSWORD": "secret"})
    code, said = on_terminal([hallmark, "sign-blob", "--key", "cosign.key", app], env, tmp_path, [b"secret\n"])
    assert code == 0 and "secret" not in said, said
    code, said = on_terminal([hallmark, "sign-blob", "--key", "cosign.key", app], env, tmp_path, [b"sec\x03"])
    assert code != 0 and "no password" in said


def test_passwords_that_differ(hallmark, env, tmp_path):
    code, said = on_terminal([hallmark, "generate-key-pair"], env, tmp_path, [b"one\n", b"two\n"])
    assert code == 1 and "differ" in said and not (tmp_path / "cosign.key").exists()


def test_piped_password(run, hallmark, env, app):
    run([hallmark, "generate-key-pair"], input="piped")
    run([hallmark, "sign-blob", "--key", "cosign.key", app], input="piped")
    run([hallmark, "sign-blob", "--key", "cosign.key", app], env={**env, "COSIGN_PASSWORD": "piped"})
    run([hallmark, "sign-blob", "--key", "cosign.key", app], input="other", check=1)
    run([hallmark, "generate-key-pair", "--output-key-prefix", "b"], input="x" * 4097, check=1)
    run([hallmark, "generate-key-pair", "--output-key-prefix", "b"], input="x" * 4096)


def test_artifact_and_password_are_not_both_read_from_a_pipe(run, hallmark, env, key):
    del env["COSIGN_PASSWORD"]
    words = ["setsid", "-w", hallmark, "sign-blob", "--key", "cosign.key", "-"]  # no terminal either
    assert "COSIGN_PASSWORD" in run(words, env=env, input="piped", check=1).stderr


# --- key files ---

def test_key_files_are_not_overwritten(run, hallmark, key, env, tmp_path):
    before = (tmp_path / "cosign.key").read_bytes()
    assert "exists" in run([hallmark, "generate-key-pair"], input="", check=1).stderr
    code, _ = on_terminal([hallmark, "generate-key-pair"], env, tmp_path, [b"n\n"])
    assert code == 1 and (tmp_path / "cosign.key").read_bytes() == before
    code, said = on_terminal([hallmark, "generate-key-pair"], env, tmp_path, [b"y\n"])
    assert code == 0 and (tmp_path / "cosign.key").read_bytes() != before, said
    (tmp_path / "cosign.key").unlink()
    assert "cosign.pub" in run([hallmark, "generate-key-pair"], input="", check=1).stderr


def test_key_files_modes(run, hallmark, env, tmp_path):
    env["COSIGN_PASSWORD"] = ""
    subprocess.run(["sh", "-c", f"umask 0; exec {hallmark} generate-key-pair"], env=env, cwd=tmp_path, check=True,
                   stderr=subprocess.DEVNULL)
    assert [(tmp_path / f"cosign.{end}").stat().st_mode & 0o777 for end in ["key", "pub"]] == [0o600, 0o644]
    run([hallmark, "generate-key-pair", "--output-key-prefix", "absent/folder"], check=1)


# --- refusals ---

@pytest.mark.parametrize("words, said", [
    ([], "public-good"),
    (["--signing-config", "absent.json"], "--identity-token"),
    (["--signing-config", "absent.json", "--identity-token", "token"], "neither a token nor a file"),
    (["--local", "--key", "cosign.key"], "do not go with it"),
    (["--local", "--identity-token", "a.b.c"], "do not go with it"),
    (["--key", "cosign.key", "--state", "x"], "means nothing without"),
    (["--key", "absent"], "No such file"),
    (["--key", "env://ABSENT"], "no such variable"),
    (["--key", "awskms://alias/a"], "AWS KMS is not supported yet"),
    (["--key", "pkcs11:token=a"], "PKCS #11 token is not supported yet"),
    (["--key", "cosign.pub"], "PUBLIC KEY"),
    (["--key", "cosign.key", "--signing-config", "absent.json"], "No such file"),
    (["--key", "cosign.key", "--signing-config", "app"], "wanted a value"),
    (["--key", "cosign.key", "--signing-config", "a", "--use-signing-config=false"], "not both"),
    (["--sk"], "--sk is not supported yet"),
    (["--rekor-url=x"], "--rekor-url is not supported yet"),
    (["--nonsense"], "has no option --nonsense"),
])
def test_refusals(run, hallmark, key, app, tmp_path, words, said):
    done = run([hallmark, "sign-blob", *words, "--bundle", "b.json", "app"], check=1)
    assert said in done.stderr
    assert not (tmp_path / "b.json").exists()


@pytest.mark.parametrize("words, said", [
    (["app"], "one of --predicate and --statement"),
    (["--predicate", "p.json", "--statement", "s.json", "app"], "one of --predicate and --statement"),
    (["--predicate", "p.json"], "file that the attestation is about"),
    (["--statement", "s.json", "--hash", "00"], "do not go with --statement"),
    (["--statement", "p.json"], "statement"),
    (["--predicate", "p.json", "--type", "spdxjson", "absent"], "No such file"),
    (["--predicate", "app", "--type", "spdxjson", "app"], "wanted a value"),
    (["--predicate", "list.json", "--type", "spdxjson", "app"], "JSON object"),
    (["--predicate", "twice.json", "--type", "spdxjson", "app"], "twice"),
    (["--predicate", "-", "-"], "both the file and the predicate"),
])
def test_statements_that_are_refused(run, hallmark, key, app, tmp_path, words, said):
    for name, text in [("p.json", "{}"), ("list.json", "[]"), ("twice.json", '{"a":1,"a":2}')]:
        (tmp_path / name).write_text(text)
    done = run([hallmark, "attest-blob", "--key", "cosign.key", "--bundle", "b.json", *words], check=1)
    assert said in done.stderr, done.stderr
    assert not (tmp_path / "b.json").exists()
