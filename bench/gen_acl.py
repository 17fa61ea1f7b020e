#!/usr/bin/env python3
"""Write a JSON document that looks like an access list, of about the size that is asked for.

    bench/gen_acl.py [MB] >acl.json
"""
import json
import random
import sys

ROLES = ["admin", "editor", "viewer", "auditor", "operator"]
ACTIONS = ["read", "write", "delete", "list", "share"]


def record(rng):
    """One line of the list; the same seed gives the same document."""
    folder = "/".join(rng.choice("abcdefgh") for _ in range(3))
    return {"user": f"u{rng.randrange(100000)}", "role": rng.choice(ROLES), "resource": f"/{folder}",
            "actions": rng.sample(ACTIONS, rng.randint(1, 3)), "n": rng.randrange(1000)}


def main():
    want = int(float(sys.argv[1] if len(sys.argv) > 1 else "100") * 1e6)
    rng = random.Random(1)
    size = 0
    sys.stdout.write("[")
    while size < want:
        text = json.dumps(record(rng), separators=(",", ":"))
        sys.stdout.write("," + text if size else text)
        size += len(text) + 1
    sys.stdout.write("]\n")


if __name__ == "__main__":
    main()
