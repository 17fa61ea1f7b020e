"""Write a file's bytes as C: embed.py FILE NAME OUTPUT. An empty FILE makes an empty array."""
import sys

path, name, output = sys.argv[1:]
data = b""
if path:
    with open(path, "rb") as source:
        data = source.read()
rows = [", ".join(str(byte) for byte in data[at:at + 24]) for at in range(0, len(data), 24)]
with open(output, "w", encoding="ascii") as target:
    # an array of no elements is no C; the length says that the one byte is none
    target.write(f'#include "cli/trust_root.h"\n\nconst unsigned char {name}[] = {{\n' + ",\n".join(rows or ["0"]) +
                 f"\n}};\nconst size_t {name}_len = {len(data)};\n")
