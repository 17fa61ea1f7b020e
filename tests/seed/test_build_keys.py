"""The two-platform build again, with each form of a key, judged by cosign and by hallmark: ko's words after `hallmark`."""
import hashlib
import json
import subprocess

import pytest


@pytest.fixture
def key(work):
    private, public = work / "key.pem", work / "key.pub"
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", private],
                   check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    return private, public


def build(command, hallmark, run, module, seed_env, key_words):
    line = command("ko build")
    assert line.startswith("ko build ")
    env = {**seed_env, "COSIGN_PRIVATE_KEY": key_words[0], **key_words[1]}
    return run(["sh", "-c", f"exec '{hallmark}' {line.removeprefix('ko ')}"], cwd=module, env=env, timeout=900)


def test_two_platforms_sbom_and_signatures(command, hallmark, run, module, seed_env, key, need_peer):
    private, public = key
    cosign = need_peer("cosign")
    kinds = [(str(private), {}), ("env://SIGNING_KEY", {"SIGNING_KEY": private.read_text()})]
    seen = []
    for kind in kinds:
        done = build(command, hallmark, run, module, seed_env, kind)
        out = module / ".hallmark/out/app"
        names = ["app-linux-amd64", "app-linux-arm64", "sbom.spdx.json"]
        for name in names:
            bundle = out / f"{name}.sigstore.json"
            assert bundle.is_file(), sorted(p.name for p in out.iterdir())
            for judge in [[hallmark, "verify-blob"], [cosign, "verify-blob", "--offline"]]:
                run([*judge, "--key", public, "--insecure-ignore-tlog=true", "--bundle", bundle, out / name], env=seed_env)
            changed = out.parent / "changed"
            changed.write_bytes((out / name).read_bytes() + b"x")
            run([hallmark, "verify-blob", "--key", public, "--insecure-ignore-tlog=true", "--bundle", bundle, changed],
                env=seed_env, check=1)
            changed.unlink()
        assert "image@sha256:" in done.stdout
        assert json.loads((out / "sbom.spdx.json").read_text())["spdxVersion"] == "SPDX-2.3"
        assert run([out / "app-linux-amd64"]).stdout == "1 a second\n"
        seen.append([hashlib.sha256((out / name).read_bytes()).hexdigest() for name in names[:2]] + [done.stdout])
    assert seen[0] == seen[1]


def test_pem_text_and_a_missing_key(hallmark, run, module, seed_env, key):
    private, public = key
    words = [hallmark, "build", "--platform", "linux/amd64", "--sbom", "none", "--sign-by"]
    run([*words, private.read_text(), "./cmd/app"], cwd=module, env=seed_env, timeout=900)
    out = module / ".hallmark/out/app"
    run([hallmark, "verify-blob", "--key", public, "--insecure-ignore-tlog=true", "--bundle",
         out / "app-linux-amd64.sigstore.json", out / "app-linux-amd64"], env=seed_env)
    for wrong in ["env://NOT_SET", str(module / "none.pem")]:
        done = run([*words, wrong, "./cmd/app"], cwd=module, env=seed_env, check=None)
        assert done.returncode not in (0, 70), wrong
        assert private.read_text().splitlines()[1] not in done.stderr
