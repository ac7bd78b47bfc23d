"""Writes Sources/Tokenization/Unicode/NormalizationData.swift from Python's unicodedata.

    python3 Tests/Generators/normalization_data.py

Every scalar that decomposes, Hangul syllables left out, which are computed. A run is of consecutive
scalars whose one-scalar mappings are consecutive too; see `NormalizationTables` for the reader.
"""

import base64
import pathlib
import unicodedata

assert unicodedata.unidata_version == "14.0.0"
OUTPUT = pathlib.Path(__file__).parents[2] / "Sources/Tokenization/Unicode/NormalizationData.swift"


def entries():
    for code in range(0x110000):
        if 0xAC00 <= code <= 0xD7A3:
            continue
        mapping = unicodedata.decomposition(chr(code)).split()
        if not mapping:
            continue
        compatible = mapping[0].startswith("<")
        scalars = [int(part, 16) for part in mapping if not part.startswith("<")]
        composes = (
            not compatible and len(scalars) == 2
            and unicodedata.normalize("NFC", chr(code)) == chr(code))
        yield code, compatible, composes, scalars


def variable(value, output):
    while value >= 0x80:
        output.append(value & 0x7F | 0x80)
        value >>= 7
    output.append(value)


def zigzag(value):
    return value << 1 if value >= 0 else (-value << 1) - 1


def main():
    runs = []
    for code, compatible, composes, scalars in entries():
        if runs and len(scalars) == 1:
            first, count, kind, mapping = runs[-1]
            if (kind == (compatible, False) and len(mapping) == 1 and first + count == code
                    and mapping[0] + count == scalars[0]):
                runs[-1] = (first, count + 1, kind, mapping)
                continue
        runs.append((code, 1, (compatible, composes), scalars))
    output = bytearray()
    next_code = 0
    previous = 0
    for first, count, (compatible, composes), mapping in runs:
        variable(first - next_code, output)
        variable(len(mapping) << 3 | (count > 1) << 2 | compatible << 1 | composes, output)
        if count > 1:
            variable(count, output)
        for scalar in mapping:
            variable(zigzag(scalar - previous), output)
            previous = scalar
        next_code = first + count
    text = base64.b64encode(bytes(output)).decode()
    lines = [text[start:start + 100] for start in range(0, len(text), 100)]
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(
        "extension NormalizationTables {\n"
        "  /// The decompositions of Unicode 14 in base 64, written by\n"
        "  /// Tests/Generators/normalization_data.py.\n"
        '  static let encoded = """\n'
        + "".join(f"    {line}\\\n" for line in lines[:-1])
        + f'    {lines[-1]}\n    """\n}}\n')


main()
