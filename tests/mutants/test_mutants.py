"""Mutants of every bundle that is accepted: nothing that breaks the binding may be accepted, each refusal has a reason.

What is accepted all the same means what it meant before; CLASSES says of each kind why. And the mutator is tested: with
one step of the verification left out, in a build for that, there must be a mutant that is then accepted wrongly.

The bundles are those of the published conformance cases, and of a copy of sigstore/sigstore-conformance where
$HM_SIGSTORE_CONFORMANCE names one.
"""
import base64
import collections
import json
import os
import re
from pathlib import Path

import pytest

from hmtest import TOP, build_folder
from mutate import flipped, get, of_bundle, put
from verify_library import WITHOUT_TLOG, Library

DATA = Path(os.environ.get("HM_SHARED_DATA") or TOP / ".." / "shared" / "data")
SUITE = os.environ.get("HM_SIGSTORE_CONFORMANCE")
IDENTITY = (b"https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/"
            b"extremely-dangerous-oidc-beacon.yml@refs/heads/main")
ISSUER = b"https://token.actions.githubusercontent.com"
MATERIAL = "verificationMaterial"
STAMPS = (MATERIAL, "timestampVerificationData")
GONE = ("drop", "null", "empty")
STEPS = ["timestamp", "promise", "certificate", "sct", "identity", "checkpoint", "root", "inclusion", "entry", "log time",
         "signature", "artifact"]
# Of bytes every so many-th is flipped, besides the first, the middle and the last.
STEP_OF_BYTES = 41


class Case:
    def __init__(self, folder):
        def read(path, default=None):
            return path.read_bytes() if path.exists() else default

        self.name = folder.name
        self.text = read(folder / "bundle.sigstore.json")
        self.root_text = read(folder / "trusted_root.json", read(DATA / "sigstore-public-good.trusted_root.json"))
        self.artifact = read(folder / "artifact", read(folder.parent / "a.txt"))
        key = read(folder / "key.pub")
        self.signer = {"key": key} if key else {"identity": read(folder / "identity", IDENTITY).strip(),
                                                "issuer": read(folder / "issuer", ISSUER).strip()}

    def open(self, library):
        self.library, self.root = library, library.root(self.root_text)
        return self

    def verify(self, bundle, **changed):
        text = bundle if isinstance(bundle, bytes) else json.dumps(bundle).encode()
        return self.library.verify(self.root, text, changed.pop("artifact", self.artifact), **{**self.signer, **changed})


def cases(refused):
    folders = [DATA / "sigstore-conformance", *([Path(SUITE) / "test" / "assets" / "bundle-verify"] if SUITE else [])]
    found = {path.name: path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())
             if path.is_dir() and path.name.endswith("_fail") == refused}
    if not found:
        pytest.skip("the published conformance cases are not here: HM_SHARED_DATA names no folder with them")
    return [Case(path) for path in found.values()]


def library(pattern):
    found = sorted(build_folder().rglob(pattern))
    if not found:
        pytest.skip(f"{pattern} is not in the build folder: build first, or set HM_BUILD")
    if b"__asan_init" in found[0].read_bytes() or b"__ubsan_" in found[0].read_bytes():
        pytest.skip("a library with sanitizers cannot be loaded into another program")
    return Library(found[0])


def signature_of(bundle):
    if "messageSignature" in bundle:
        return bundle["messageSignature"]["signature"]
    return bundle["dsseEnvelope"]["signatures"][0]["sig"]


def signed_ranges(reply):
    """Where a TimeStampResp holds what its signature is over, and the signature: eContent and SignerInfos."""
    def read(at):
        length, begin = reply[at + 1], at + 2
        if length & 0x80:
            begin += length & 0x7F
            length = int.from_bytes(reply[at + 2:begin], "big")
        return begin, begin + length

    at = read(0)[0]                     # TimeStampResp
    at = read(read(at)[1])[0]           # behind the status: ContentInfo
    at = read(read(read(at)[1])[0])[0]  # behind the type: [0], SignedData
    parts, end = [], len(reply)
    while at < end:
        parts.append((at, read(at)[1]))
        at = parts[-1][1]
    return [parts[2], parts[-1]]


def is_unsigned_of_stamp(case, path, operation, _new):
    if path[:2] != STAMPS or not operation.startswith("byte ") or not operation[5:].isdigit():
        return False
    reply = base64.b64decode(get(case.bundle, path))
    return not any(begin <= int(operation[5:]) < end for begin, end in signed_ranges(reply))


def entry_of(case, path):
    return case.bundle[MATERIAL]["tlogEntries"][path[2]] if path[:2] == (MATERIAL, "tlogEntries") and path[2:] else {}


def is_other_signature_line(_case, path, _operation, new):
    if path[-1:] != ("envelope",):
        return False
    text, old = get(new, path), get(_case.bundle, path)
    body, lines = old.split("\n\n", 1)
    return text.startswith(body + "\n\n") and any(line in text for line in lines.splitlines())


def is_default(case, path, operation, _new):
    return operation in ("drop", "null") and get(case.bundle, path) in ([], "0")


# Why the meaning is unchanged; each must occur.
CLASSES = {
    "members in another order: JSON's members have none":
        lambda case, path, operation, new: operation == "reorder" and new == case.bundle,
    "the default left out: proto3 says that it is then meant":
        is_default,
    "no messageDigest: it is a hint, and the artifact is hashed":
        lambda case, path, operation, new: path[-1:] == ("messageDigest",) and operation in GONE,
    "another media type: the bundle keeps that version's rules too":
        lambda case, path, operation, new: path == ("mediaType",),
    "a part of another bundle of the very same signature":
        lambda case, path, operation, new: operation.startswith("swap") and operation[10:] in case.same,
    "of a time stamp what nobody signs: status, version, list of digests, certificates to choose from":
        is_unsigned_of_stamp,
    "no time stamp: the log's promise gives the time":
        lambda case, path, operation, new: path[:2] == STAMPS and operation in GONE and case.has_promise,
    "no promise: there is a proof, and a time stamp or a key":
        lambda case, path, operation, new: "inclusionPromise" in path and operation in GONE and
        (case.has_stamp or "key" in case.signer),
    "no proof: version 0.1 may have the promise alone":
        lambda case, path, operation, new: path[-1:] == ("inclusionProof",) and operation in GONE and
        case.bundle["mediaType"].endswith("0.1") and case.has_promise,
    "no body of Rekor v2: it is made anew in any case":
        lambda case, path, operation, new: path[-1:] == ("canonicalizedBody",) and operation in GONE and
        entry_of(case, path)["kindVersion"]["version"] == "0.0.2",
    "signature lines of a checkpoint by others, or once more: the log's own is there":
        is_other_signature_line,
    "certificates behind the signer's: steps on the way, which the trust root has":
        lambda case, path, operation, new: path[:2] == (MATERIAL, "x509CertificateChain") and
        get(new, path[:2])["certificates"][0] == get(case.bundle, path[:2])["certificates"][0],
    "the hint of a key that the caller gives":
        lambda case, path, operation, new: path[:2] == (MATERIAL, "publicKey") and "key" in case.signer,
    "the envelope's key id: DSSE does not sign it, and the certificate has the key":
        lambda case, path, operation, new: path[-1:] == ("keyid",) and "key" not in case.signer,
}


def accepted_cases(lib):
    found = [case.open(lib) for case in cases(refused=False)]
    for case in found:
        case.bundle = json.loads(case.text)
        case.has_promise = any("inclusionPromise" in e for e in case.bundle[MATERIAL]["tlogEntries"])
        case.has_stamp = bool(case.bundle[MATERIAL].get("timestampVerificationData", {}).get("rfc3161Timestamps"))
    for case in found:
        case.others = [(other.name, other.bundle) for other in found if other is not case]
        case.same = {name for name, bundle in case.others if signature_of(bundle) == signature_of(case.bundle)}
    return found


def mutants(case):
    for path, operation, new in of_bundle(case.bundle, case.others, STEP_OF_BYTES):
        if operation == "reorder" or new != case.bundle:
            yield path, operation, new


def class_of(case, path, operation, new):
    return next((name for name, holds in CLASSES.items() if holds(case, path, operation, new)), None)


def test_mutants():
    count, same, reasons, wrong = 0, collections.Counter(), collections.Counter(), []
    for case in accepted_cases(library("libhallmark-verify.so")):
        assert case.verify(case.text) is None, case.name
        for path, operation, new in mutants(case):
            count += 1
            reason = case.verify(new)
            if reason is not None:
                reasons[reason] += 1
            elif name := class_of(case, path, operation, new):
                same[name] += 1
            else:
                wrong.append((case.name, path, operation))
    print(f"\n{count} mutants: {sum(reasons.values())} refused for {len(reasons)} reasons, {len(wrong)} accepted wrongly, "
          f"{sum(same.values())} that mean the same:", *(f"{n} {name}" for name, n in same.most_common()), sep="\n  ")
    assert wrong == []
    assert set(same) == set(CLASSES)
    known = set(re.findall(r"^\| `([a-z0-9.-]+)` ", (TOP / "docs" / "reasons.md").read_text(), re.M))
    assert set(reasons) <= known and not {"bug", "no-memory"} & set(reasons)


def other_questions(case):
    """Somebody else, something else, trust roots without a part that the bundle stands on, and the signature alone."""
    if "identity" in case.signer:
        yield "identity", case.verify(case.text, identity=IDENTITY + b"x")
        yield "issuer", case.verify(case.text, issuer=ISSUER + b"/")
    yield "artifact", case.verify(case.text, artifact=case.artifact + b"x")
    if "key" in case.signer:
        # Log and time stamp hold the signature too; without them nothing else does.
        place = ("messageSignature", "signature")
        alone = put(case.bundle, STAMPS, {})
        assert case.verify(alone, without=WITHOUT_TLOG) is None
        data = base64.b64decode(get(alone, place))
        spoilt = put(alone, place, base64.b64encode(flipped(data, len(data) - 1)).decode())
        yield "signature", case.verify(spoilt, without=WITHOUT_TLOG)
    root = json.loads(case.root_text)
    parts = ["tlogs"] + ["ctlogs", "certificateAuthorities"] * ("identity" in case.signer)
    for part in parts + ["timestampAuthorities"] * case.has_stamp:
        narrow = case.library.root(json.dumps(put(root, (part,), [])).encode())
        kept, case.root = case.root, narrow
        yield part, case.verify(case.text)
        case.root = kept
        case.library.lib.hallmark_trust_root_free(narrow)


def test_other_questions():
    for case in accepted_cases(library("libhallmark-verify.so")):
        assert [what for what, reason in other_questions(case) if reason is None] == [], case.name


def first_wrong(lib):
    """The first mutant that is accepted wrongly: of the published refusals, other questions, and those made here."""
    for case in cases(refused=True):
        try:
            case.open(lib)
        except AssertionError:
            continue
        if case.verify(case.text) is None:
            return case.name
    found = accepted_cases(lib)
    for case in found:
        for what, reason in other_questions(case):
            if reason is None:
                return case.name, what
    for case in found:
        for path, operation, new in mutants(case):
            if case.verify(new) is None and not class_of(case, path, operation, new):
                return case.name, path, operation
    return None


@pytest.mark.parametrize("step", STEPS)
def test_a_step_left_out_is_noticed(step, monkeypatch):
    monkeypatch.setenv("HM_LEAVE_OUT", step)
    noticed = first_wrong(library("libleave-out-verify.so"))
    print(f"\nwithout '{step}' accepted: {noticed}")
    assert noticed is not None


def test_the_steps_are_those_of_the_source():
    source = "".join(path.read_text() for path in (TOP / "src" / "sigstore").glob("verify*.c"))
    assert sorted(re.findall(r'HM_STEP\("([a-z ]+)"', source)) == sorted(STEPS)
