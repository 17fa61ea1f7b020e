"""Changes of a bundle: each field dropped, emptied, flipped, swapped with another bundle's, taken from another where it has
none, extended, reordered, made huge, one at a time.

Fields are those of the JSON document, of the JSON documents in it (a log entry's body, a statement), the lines of a
checkpoint, and bytes of what is DER or a signature.
"""
import base64
import copy
import json

HUGE = "A" * 65536
DROP = object()


def get(document, path):
    for step in path:
        document = document[step]
    return document


def put(document, path, value):
    """A copy with the value there; DROP takes the member or element out."""
    document = copy.deepcopy(document)
    if not path:
        return value
    owner = get(document, path[:-1])
    if value is DROP:
        del owner[path[-1]]
    else:
        owner[path[-1]] = value
    return document


def paths(document, path=()):
    yield path
    if isinstance(document, dict):
        for name in document:
            yield from paths(document[name], (*path, name))
    elif isinstance(document, list):
        for i, _ in enumerate(document):
            yield from paths(document[i], (*path, i))


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def base64_of(text):
    """The bytes that a text stands for, or None."""
    try:
        data = base64.b64decode(text, validate=True)
        return data if len(text) >= 16 and base64.b64encode(data).decode() == text else None
    except ValueError:
        return None


def places(size, step):
    return sorted({0, size // 2, size - 1, *range(0, size, step)}) if size else []


def of_text(text, step):
    """(operation, new text)"""
    yield "empty", ""
    yield "extend", text + ("A" if not text.endswith("=") else "AAAA")
    yield "huge", text + HUGE
    if text:
        yield "cut", text[:-1]
        yield "flip", text[:-1] + chr(ord(text[-1]) ^ 1)
    if text.lstrip("-").isdigit():
        yield "more", str(int(text) + 1)
        yield "less", str(int(text) - 1)
        yield "huge number", str(2 ** 63)
        yield "negative", "-" + text
    data = base64_of(text)
    if data is None:
        return
    for at in places(len(data), step):
        yield f"byte {at}", base64.b64encode(flipped(data, at)).decode()
    yield "byte more", base64.b64encode(data + b"\0").decode()
    yield "byte less", base64.b64encode(data[:-1]).decode()


def of_list(values):
    if values:
        yield "empty", []
        yield "twice", [*values, values[-1]]
        yield "extend", [*values, {} if isinstance(values[0], dict) else ""]
        yield "huge", values * 10000 if isinstance(values[0], str) else values * 500
    if len(values) > 1:
        yield "reorder", values[::-1]


def of_object(members):
    yield "empty", {}
    yield "extend", {**members, "unknown": "x"}
    if len(members) > 1:
        yield "reorder", dict(reversed(members.items()))


def of_value(value, step):
    yield "drop", DROP
    yield "null", None
    yield "other type", [value] if not isinstance(value, list) else {"x": value}
    if isinstance(value, str):
        yield from of_text(value, step)
    elif isinstance(value, list):
        yield from of_list(value)
    elif isinstance(value, dict):
        yield from of_object(value)
    elif isinstance(value, bool):
        yield "flip", not value
    elif isinstance(value, (int, float)):
        yield "more", value + 1
        yield "huge number", 2 ** 63


def of_document(document, step, others=()):
    """(path, operation, new document); others: documents whose value at the same place is put here."""
    for path in paths(document):
        value = get(document, path)
        for operation, new in of_value(value, step):
            if path or new is not DROP:
                yield path, operation, put(document, path, new)
        for name, other in others:
            try:
                theirs = get(other, path)
            except (KeyError, IndexError, TypeError):
                continue
            if theirs != value and path:
                yield path, f"swap with {name}", put(document, path, theirs)
            if isinstance(value, dict) and isinstance(theirs, dict):
                for member in sorted(theirs.keys() - value.keys()):
                    yield (*path, member), f"graft from {name}", put(document, (*path, member), theirs[member])


def of_lines(text):
    lines = text.split("\n")
    for i, line in enumerate(lines):
        yield f"line {i} dropped", "\n".join(lines[:i] + lines[i + 1:])
        yield f"line {i} twice", "\n".join(lines[:i + 1] + lines[i:])
        yield f"line {i} extended", "\n".join(lines[:i] + [line + "x"] + lines[i + 1:])
        yield f"line {i} emptied", "\n".join(lines[:i] + [""] + lines[i + 1:])
        if line:
            middle = len(line) // 2
            changed = line[:middle] + chr(ord(line[middle]) ^ 1) + line[middle + 1:]
            yield f"line {i} flipped", "\n".join(lines[:i] + [changed] + lines[i + 1:])
    yield "lines swapped", "\n".join([lines[1], lines[0], *lines[2:]])
    yield "carriage returns", text.replace("\n", "\r\n")


def inner(bundle):
    """The places of documents in the document: a path to Base64 of JSON."""
    for i, entry in enumerate(bundle["verificationMaterial"].get("tlogEntries", [])):
        if entry.get("canonicalizedBody"):
            yield ("verificationMaterial", "tlogEntries", i, "canonicalizedBody")
    if "dsseEnvelope" in bundle:
        yield ("dsseEnvelope", "payload")


def of_bundle(bundle, others, step):
    """(where, operation, new bundle)"""
    yield from of_document(bundle, step, others)
    for place in inner(bundle):
        document = json.loads(base64.b64decode(get(bundle, place)))
        for path, operation, new in of_document(document, step):
            text = json.dumps(new, separators=(",", ":")).encode()
            yield (*place, *path), operation, put(bundle, place, base64.b64encode(text).decode())
    for i, entry in enumerate(bundle["verificationMaterial"].get("tlogEntries", [])):
        place = ("verificationMaterial", "tlogEntries", i, "inclusionProof", "checkpoint", "envelope")
        if entry.get("inclusionProof", {}).get("checkpoint"):
            for operation, text in of_lines(get(bundle, place)):
                yield place, operation, put(bundle, place, text)
