#!/usr/bin/env python3
"""Write the tables of base/unicode.c from Python's own Unicode data: unicode_tables.py OUTPUT."""
import sys
import unicodedata

SURROGATES = range(0xD800, 0xE000)


def ranges(wanted):
    out, start = [], None
    for rune in range(0x110001):
        inside = rune < 0x110000 and rune not in SURROGATES and wanted(unicodedata.category(chr(rune)))
        if inside and start is None:
            start = rune
        elif not inside and start is not None:
            out.append((start, rune - 1))
            start = None
    return out


def fold(rune):
    """Simple case folding, as CaseFolding.txt has it under C and S: always one character."""
    char = chr(rune)
    for folded in (char.casefold(), char.lower()):
        if len(folded) == 1:
            return ord(folded)
    return rune


def main():
    with open(sys.argv[1], "w", encoding="ascii") as out:
        for name, wanted in (("letters", lambda c: c[0] == "L"), ("printable", lambda c: c[0] in "LMNPS")):
            out.write(f"static const struct range {name}[] = {{\n")
            out.writelines(f"\t{{ 0x{lo:x}, 0x{hi:x} }},\n" for lo, hi in ranges(wanted))
            out.write("};\n")
        out.write("static const struct pair folds[] = {\n")
        for rune in range(0x80, 0x110000):
            if rune not in SURROGATES and fold(rune) != rune:
                out.write(f"\t{{ 0x{rune:x}, 0x{fold(rune):x} }},\n")
        out.write("};\n")


main()
