"""Writes Tests/TokenizationTests/Fixtures with the `tokenizers` package, the reference.

    python3 -m venv VENV && VENV/bin/pip install tokenizers==0.21.4
    bible -f 'gen1:1-gen12:20' > genesis.txt        # Debian package bible-kjv, public domain
    VENV/bin/python Tests/Generators/tokenizer_fixtures.py genesis.txt

training.txt            what the tokenizers are trained on: prose and the torture strings
gpt2.json               tokenizer.json trained on it, GPT-2 pre-tokenization
digits.json             the same with individual digits
cases.json              texts with their ids under both, special tokens taken as text and not
character_classes.json  the class of every Unicode scalar, as the pre-tokenizer shows it
"""

import importlib.metadata
import json
import pathlib
import sys

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

assert importlib.metadata.version("tokenizers") == "0.21.4"
FIXTURES = pathlib.Path(__file__).parent.parent / "TokenizationTests" / "Fixtures"
SPECIAL = ["<|endoftext|>", "<|user|>"]

TORTURE = [
    "", " ", "  ", "\n", " \n", "\n ", "a", " a", "  a", "   a   b    c  ", "a\n\nb", "a \n b",
    "\t\ttabs\tand  spaces \t mixed\t", "CRLF\r\nline\r\n\r\nline\r", "trailing space ",
    "it's we're they've I'm you'll he'd don't IT'S WE'RE 's't 'sx ''s 'S x'sy 'r 'l 'v're'",
    "' s 'll'll 'rea 've' '", "'", "can't've", "\u2019s \u2018quoted\u2019",
    "0 12 345 6789 1,234.5 1e-10 0x1F 3rd 2nd x1y2", "x  12  34   5",
    "\u0661\u0662\u0663 \u096a\u096b \u4e00\u4e8c \u2167\u2168 \u00bd\u00b2 \U0001d7d8 \u2460",
    "na\u00efve caf\u00e9 cafe\u0301 \u00c5 A\u030a \u212b \u1e9b\u0323",
    "e\u0301\u0301\u0301 \u0301 \u0301x a\u0301b", "\u0928\u092e\u0938\u094d\u0924\u0947 \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
    "\u4f60\u597d\uff0c\u4e16\u754c\u3002 \u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8 \ud55c\uad6d\uc5b4",
    "\u1112\u1161\u11ab\u1100\u1173\u11af", "\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd \u202eRTL\u202c",
    "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f1ee\U0001f1f8 \U0001f44d\U0001f3fd \u2764\ufe0f",
    "a\u00a0b \u00a0 c\u2003d\u3000e\u1680f\u2028g\u2029h\u0085i\u200bj\ufeffk\u180el",
    "  \u00a0 \u2003x \u3000 y\u3000", "\u3000\u3000", "\u0085\u0085a", "\x1c\x1d\x1e\x1f \x0b\x0c",
    "\x00", "a\x00b \x00\x00 c", "\x01\x02\x7f", "\ufffd \ufffe \uffff \U0010ffff \ue000",
    "\ufeffbyte order mark", "<|endoftext|>", "a<|endoftext|> <|user|>b<|user|><|endoftext",
    "<|endoftext|><|endoftext|>", "<<|user|>|>", "<|user|", "!!??...---===", "a_b-c.d,e;f:g",
    "{\"json\": [1, 2.5, null]}\n", "https://example.org/a?b=c&d=%20#e", "x" * 300, "ab" * 200,
    "=" * 100 + "\n" + " " * 100 + "x", "\n" * 50, "\u4e2d" * 60, "\U0001f600" * 40, "aAaA" * 30,
    "In the beginning God created the heaven and the earth." * 3,
    "thethethe thethe the tththehe unbelievablyunprecedented",
    "\u0130stanbul \u00dfstra\u00dfe \u01c5 \u02b0 \u00aa \u2c6f \U00010400 \U0001e900",
    "\u20ac\u00a3\u00a5 \u221e \u2260 \u00ac \u2026 \u2014 \u00ab\u00bb", "H\u0336e\u0335l\u0337l\u0334o\u0338",
]


def trained(text, pre_tokenizer):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=900, min_frequency=2, special_tokens=SPECIAL, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator([text], trainer)
    return tokenizer


def character_class(pre_tokenizer, character):
    for name, neighbour in [("letter", "a"), ("number", "1"), ("other", "!")]:
        if len(pre_tokenizer.pre_tokenize_str(neighbour + character)) == 1:
            return name
    return "space"


def main():
    verses = [line.split(" ", 1)[1] for line in open(sys.argv[1], encoding="utf-8")]
    text = "".join(verses) + "\n".join(TORTURE)
    (FIXTURES / "training.txt").write_bytes(text.encode())

    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    digits = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), byte_level])
    tokenizers = {"gpt2": trained(text, byte_level), "digits": trained(text, digits)}
    for name, tokenizer in tokenizers.items():
        tokenizer.save(str(FIXTURES / f"{name}.json"))

    cases = []
    for case in TORTURE + ["\n".join(TORTURE), "".join(verses[:40])]:
        row = {"text": case}
        for name, tokenizer in tokenizers.items():
            tokenizer.encode_special_tokens = True
            row[name] = tokenizer.encode(case).ids
            tokenizer.encode_special_tokens = False
            row[name + "_recognized"] = tokenizer.encode(case).ids
            assert tokenizer.decode(row[name], skip_special_tokens=False) == case
        cases.append(row)
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in cases)
    (FIXTURES / "cases.json").write_text(f"[\n{lines}\n]\n")

    # Runs of scalars of one class: [first, last, class], the class "other" left out.
    runs = []
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000:
            continue
        kind = character_class(byte_level, chr(code))
        if kind == "other":
            continue
        if runs and runs[-1][2] == kind and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code, kind])
    (FIXTURES / "character_classes.json").write_text(
        "[\n" + ",\n".join(json.dumps(run, separators=(",", ":")) for run in runs) + "\n]\n")


main()
