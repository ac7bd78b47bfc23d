"""Writes Tests/TokenizationTests/Fixtures/Pipelines with the `tokenizers` and `sentencepiece` packages.

    python3 -m venv VENV
    VENV/bin/pip install tokenizers==0.23.3 sentencepiece==0.2.3 protobuf==7.36.2
    VENV/bin/python Tests/Generators/tokenizer_pipelines.py

NAME.json, NAME.model  small tokenizers of every kind, trained on training.txt beside the folder
texts.json             the texts
ids.json               by tokenizer and text: the ids, with special tokens as text and as tokens where
                       that differs, and what they decode to where that is not the text
normalizers.json       normalisers with what they make of the texts
pre_tokenizers.json    pre-tokenisers with the words they cut the texts into
"""

import importlib.metadata
import io
import json
import pathlib

import sentencepiece
from tokenizers import (
    AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers)

assert importlib.metadata.version("tokenizers") == "0.23.3"
assert importlib.metadata.version("sentencepiece") == "0.2.3"
BASE = pathlib.Path(__file__).parent.parent / "TokenizationTests" / "Fixtures"
FIXTURES = BASE / "Pipelines"

CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + SPACES
QWEN2 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + SPACES


def cased(ending, digits):
    return (
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+" + ending
        + r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*" + ending
        + "|" + digits + r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + SPACES)


GPT4O = cased(CONTRACTIONS + "?", r"\p{N}{1,3}")
TEKKEN = cased("", r"\p{N}")

TEXTS = [
    "", " ", "  ", "\n", " \n ", "a", " a", "   a   b    c  ", "a\n\nb\r\n\r\n c \n\n",
    "\t\ttabs\tand  spaces \t mixed\t", "trailing space ", "Hello world 123",
    "it's we're they've I'm you'll he'd IT'S WE'RE 'SX 'Sx ''s ' s 'll'll 'rea '\u017fo '\u017f",
    "\u2019s \u2018quoted\u2019 \u201cdouble\u201d",
    "0 12 345 6789 1,234.5 1e-10 0x1F 3rd x1y2 12345678901234567890   5",
    "\u0661\u0662\u0663 \u4e00\u4e8c \u2167\u2168 \u00bd\u00b2 \U0001d7d8 \u2460",
    "na\u00efve caf\u00e9 cafe\u0301 \u00c5 A\u030a \u212b \u1e9b\u0323 \ufb01 \u1e69 s\u0323\u0307 s\u0307\u0323",
    "e\u0301\u0301\u0301 \u0301 \u0301x a\u0301b \u0315\u0300\u05ae\u0300\u0062",
    "\u0928\u092e\u0938\u094d\u0924\u0947 \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \u0b95\u0bca \u0b95\u0bc6\u0bbe",
    "\u4f60\u597d\uff0c\u4e16\u754c\u3002\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8 \ud55c\uad6d\uc5b4 \u304c \u304b\u3099 \uff76\uff9e",
    "\u1112\u1161\u11ab\u1100\u1173\u11af \ud558\u11ab \u1100\uac00\u11a8",
    "\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd \u202eRTL\u202c",
    "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1ee\U0001f1f8 \U0001f44d\U0001f3fd \u2764\ufe0f",
    "a\u00a0b \u00a0 c\u2003d\u3000e\u1680f\u2028g\u2029h\u0085i\u200bj\ufeffk\u180el  \u3000 y\u3000",
    "\x00a\x00b \x01\x02\x7f \x1c\x1d\x1e\x1f \x0b\x0c", "\ufffd \ufffe \uffff \U0010ffff \ue000",
    "<s>", "a<s> </s>b<mask>  c  <mask><s", "<<s>>x<w>y <w> z<w", "  <mask>  x Ab\u00c9c abc ABC",
    "!!??...---=== a_b-c.d,e;f:g http://x.org/a/b//c\n/d", "{\"json\": [1, 2.5, null]}\n",
    "camelCase HTTPServer XMLHttp ABCdef aBC I'll HE'S \u01c5\u02b0a \u4e2dA\u4e2d A\u4e2d\u00e9B Ae\u0301B\u0301c \u0301\u0301A",
    "x" * 40 + "ab" * 20, "=" * 20 + "\n" + " " * 20 + "x" + "\n" * 9 + " y",
    "In the beginning God created the heaven and the earth. And the earth was without form",
    "thethethe unbelievablyunprecedented and the the waters called",
    "\u0130stanbul \u00dfstra\u00dfe \u03a3\u03a3\u03c3\u03c2 \U00010400 \u1e9e \u0390 \u1fb7 \u0958",
    "\u20ac\u00a3\u00a5 \u221e \u2260 \u00ac \u2026 \u00ab\u00bb H\u0336e\u0335l\u0337l o\u0338",
    "\u2581a \u2581\u2581 b\u2581c<0x0A><0xZZ>", "\u2126 \u2103 \u33a2 \ufdfa \u3392 \U0001d400\U0001d7ff \u2f00 \uf900 \U0002f800",
    "I do not think , that 's all . n't 'm ? ! you 've we 're ' x '",
]


def training_text():
    # The King James Bible's beginning; the same text that the other tokenizers are trained on.
    return (BASE / "training.txt").read_text(encoding="utf-8")[:20000]


def bpe(normalizer, pre_tokenizer, decoder, size=400, special=("<s>", "</s>", "<mask>"), **options):
    trained = options.pop("trained", {})
    tokenizer = Tokenizer(models.BPE(**options))
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    if decoder:
        tokenizer.decoder = decoder
    alphabet = trained.pop("alphabet", None)
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(special), show_progress=False,
        initial_alphabet=alphabet if alphabet is not None else pre_tokenizers.ByteLevel.alphabet(),
        **trained)
    tokenizer.train_from_iterator(training_text().splitlines(keepends=True), trainer)
    return tokenizer


def changed(tokenizer, change):
    """The tokenizer with its JSON changed."""
    contents = json.loads(tokenizer.to_str())
    change(contents)
    return Tokenizer.from_str(json.dumps(contents))


def byte_level(expression=None, **options):
    if expression is None:
        return pre_tokenizers.ByteLevel(add_prefix_space=False)
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(expression), "isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def template(tokenizer, single, pair, tokens=("<s>", "</s>")):
    tokenizer.post_processor = processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=[(t, tokenizer.token_to_id(t)) for t in tokens])
    return tokenizer


def with_byte_tokens(contents, drop=0):
    """Adds the 256 byte tokens to a model's vocabulary."""
    model = contents["model"]
    model["byte_fallback"] = True
    base = len(model["vocab"])
    for byte in range(256):
        token = f"<0x{byte:02X}>"
        if isinstance(model["vocab"], dict):
            model["vocab"][token] = base + byte
        else:
            model["vocab"].append([token, -20.0])


def tokenizers():
    level = decoders.ByteLevel()
    llama3 = template(bpe(None, byte_level(LLAMA3), level), "<s> $A", "<s> $A <s> $B:1")

    def ignoring(contents):
        model = contents["model"]
        model["ignore_merges"] = True
        # Words that the merges do not build, one of them long.
        for word in ["In", "unbelievablyunprecedented", "x" * 40 + "ab" * 20]:
            model["vocab"].setdefault(word, len(model["vocab"]))
    yield "llama3", changed(llama3, ignoring)
    qwen = bpe(normalizers.NFC(), byte_level(QWEN2), level)
    yield "qwen2", qwen
    yield "gpt4o", bpe(None, byte_level(GPT4O), level)
    yield "tekken", bpe(None, byte_level(TEKKEN), level)
    roberta = bpe(None, pre_tokenizers.ByteLevel(add_prefix_space=True), level)
    roberta.post_processor = processors.RobertaProcessing(
        ("</s>", roberta.token_to_id("</s>")), ("<s>", roberta.token_to_id("<s>")))
    roberta.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    yield "roberta", roberta

    # As Llama 2: no pre-tokenizer; words may not be cut while merges are learnt, so by metaspace here.
    def metaspace_bpe():
        return bpe(
            None, pre_tokenizers.Metaspace(), None, special=("<unk>", "<s>", "</s>", "<mask>"),
            unk_token="<unk>", fuse_unk=True, trained={"alphabet": [], "limit_alphabet": 60})

    def llama2(contents):
        with_byte_tokens(contents)
        contents["pre_tokenizer"] = None
        contents["normalizer"] = {"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "\u2581"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]}
        contents["decoder"] = {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
        contents["model"]["merges"] = [
            m.split(" ") if isinstance(m, str) else m for m in contents["model"]["merges"]]
    yield "llama2", changed(metaspace_bpe(), llama2)

    def mistral(contents):
        llama2(contents)
        contents["normalizer"] = None
        contents["pre_tokenizer"] = {
            "type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": False}
        contents["model"]["merges"] = [
            " ".join(m) if isinstance(m, list) else m for m in contents["model"]["merges"]]
    yield "mistral", changed(metaspace_bpe(), mistral)

    def gemma(contents):
        llama2(contents)
        contents["normalizer"] = {
            "type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}
        contents["pre_tokenizer"] = {
            "type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious",
            "invert": False}
        contents["decoder"]["decoders"].pop()
        vocabulary = contents["model"]["vocab"]
        for token in ["\u2581\u2581", "\u2581\u2581\u2581", "a\u2581", "\n\n"]:
            vocabulary[token] = len(vocabulary)
        contents["model"]["merges"][:0] = [
            ["\u2581", "\u2581"], ["\u2581\u2581", "\u2581"], ["a", "\u2581"]]
    yield "gemma", changed(metaspace_bpe(), gemma)
    yield "unknown", metaspace_bpe()

    def unfused(contents):
        contents["model"]["fuse_unk"] = False
        del contents["model"]["type"]
    yield "unfused", changed(metaspace_bpe(), unfused)

    clip = bpe(
        normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()]),
        pre_tokenizers.Sequence([
            pre_tokenizers.Split(
                Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), "removed",
                invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False)]),
        None, end_of_word_suffix="</w>", trained={"end_of_word_suffix": "</w>"})
    clip.decoder = decoders.BPEDecoder("</w>")
    yield "clip", clip
    yield "continuing", bpe(
        normalizers.NFKC(), pre_tokenizers.Whitespace(), decoders.WordPiece("##", False),
        unk_token="<s>", continuing_subword_prefix="##",
        trained={"alphabet": [], "continuing_subword_prefix": "##"})

    bert = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=30))
    bert.normalizer = normalizers.BertNormalizer()
    bert.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    bert.decoder = decoders.WordPiece()
    bert.train_from_iterator(training_text().splitlines(), trainers.WordPieceTrainer(
        vocab_size=500, show_progress=False,
        special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<s>"]))
    yield "bert", template(
        bert, "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", ("[CLS]", "[SEP]"))

    unigram = Tokenizer(models.Unigram())
    unigram.normalizer = normalizers.Sequence([
        normalizers.Strip(), normalizers.Precompiled(custom_map()),
        normalizers.Replace(Regex(" {2,}"), " ")])
    unigram.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    unigram.decoder = decoders.Metaspace()
    unigram.train_from_iterator(training_text().splitlines(), trainers.UnigramTrainer(
        vocab_size=400, show_progress=False, unk_token="<unk>",
        special_tokens=["<unk>", "<s>", "</s>", "<mask>"]))
    unigram.post_processor = processors.BertProcessing(("</s>", 2), ("<s>", 1))
    yield "deberta", unigram

    def t5(contents):
        contents["normalizer"] = {"type": "NFKC"}
        contents["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [
            {"type": "WhitespaceSplit"},
            {"type": "Metaspace", "replacement": "\u2581", "add_prefix_space": True}]}
        contents["decoder"] = {"type": "Sequence", "decoders": [
            {"type": "ByteFallback"}, {"type": "Metaspace", "replacement": "\u2581",
                                       "prepend_scheme": "always"}]}
        with_byte_tokens(contents)
    yield "t5", changed(unigram, t5)

    flags = bpe(normalizers.Lowercase(), byte_level(), level, special=("<s>",))
    flags.add_tokens([
        AddedToken("<w>", single_word=True), AddedToken("<mask>", lstrip=True, rstrip=True),
        AddedToken("Abc", normalized=True), AddedToken("ABC", normalized=False),
        AddedToken("the ", rstrip=True), AddedToken("\n", normalized=False),
        AddedToken("b\nc", normalized=False), AddedToken("earth", single_word=True)])
    flags.add_special_tokens([AddedToken("</s>", lstrip=True)])
    yield "flags", flags


def custom_map():
    """The table of a SentencePiece model with replacements of its own."""
    return model_proto("unigram", rules=True).normalizer_spec.precompiled_charsmap


def model_proto(kind, rules=False, **options):
    from sentencepiece import sentencepiece_model_pb2
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(sentencepiece_model(kind, rules, **options))
    return model


def sentencepiece_model(kind, rules=False, **options):
    output = io.BytesIO()
    if rules:
        path = FIXTURES / "rules.tsv"
        rows = [("FB01", "66 69"), ("C5", "41 A"), ("3000", "20"), ("A0", "20"), ("AD", ""),
                ("65 301", "E9"), ("B2", "32"), ("D", "A"), ("D A", "A"), ("FF0C", "2C")]
        path.write_text("".join(f"{a}\t{b}\n" for a, b in rows))
        options["normalization_rule_tsv"] = str(path)
    else:
        options["normalization_rule_name"] = "identity"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(training_text().splitlines()), model_writer=output,
        vocab_size=options.pop("vocab_size", 400), model_type=kind, minloglevel=2,
        num_threads=1, **options)
    if rules:
        path.unlink()
    return output.getvalue()


def sentencepiece_models():
    yield "sentencepiece_bpe", sentencepiece_model(
        "bpe", byte_fallback=True, character_coverage=0.98, vocab_size=600,
        remove_extra_whitespaces=False, split_digits=True,
        user_defined_symbols=["<mask>", "\u2581\u2581", "the earth"])
    yield "sentencepiece_bpe_unknown", sentencepiece_model(
        "bpe", rules=True, character_coverage=0.98, pad_id=3)
    yield "sentencepiece_unigram", sentencepiece_model(
        "unigram", rules=True, character_coverage=0.98, user_defined_symbols=["<mask>", "earth"])
    yield "sentencepiece_unigram_bytes", sentencepiece_model(
        "unigram", byte_fallback=True, character_coverage=0.98, vocab_size=600,
        add_dummy_prefix=False, remove_extra_whitespaces=False)


def joined(processor, text):
    ids = processor.encode(text)
    return processor.decode(ids) if ids else ""


def normalizer_cases():
    return [
        normalizers.NFC(), normalizers.NFD(), normalizers.NFKC(), normalizers.NFKD(),
        normalizers.Lowercase(), normalizers.StripAccents(), normalizers.Nmt(),
        normalizers.Strip(True, False), normalizers.Strip(False, True), normalizers.ByteLevel(),
        normalizers.Prepend("\u2581"), normalizers.Replace(" ", "__"),
        normalizers.Replace(Regex(r"\s+|\d"), "<>"),
        normalizers.BertNormalizer(), normalizers.BertNormalizer(lowercase=False),
        normalizers.BertNormalizer(
            clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False),
        normalizers.Precompiled(custom_map()),
        normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.NFC()]),
    ]


def pre_tokenizer_cases():
    split = pre_tokenizers.Split
    cases = [
        pre_tokenizers.ByteLevel(), pre_tokenizers.ByteLevel(add_prefix_space=False),
        pre_tokenizers.ByteLevel(use_regex=False), pre_tokenizers.Whitespace(),
        pre_tokenizers.WhitespaceSplit(), pre_tokenizers.BertPreTokenizer(),
        pre_tokenizers.Punctuation(), pre_tokenizers.Punctuation("contiguous"),
        pre_tokenizers.Digits(), pre_tokenizers.Digits(True), pre_tokenizers.CharDelimiterSplit("e"),
        pre_tokenizers.Metaspace(), pre_tokenizers.Metaspace(prepend_scheme="never"),
        pre_tokenizers.Metaspace(prepend_scheme="first", split=False),
        pre_tokenizers.Sequence([pre_tokenizers.Digits(True), byte_level(LLAMA3)]),
    ]
    for expression in [LLAMA3, QWEN2, GPT4O, TEKKEN, r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
                       CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"]:
        cases.append(split(Regex(expression), "isolated"))
    # Expressions that no scanner knows, and with them all that is done with matches.
    for behavior in ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]:
        for invert in [False, True]:
            cases.append(split(Regex(r"\s|[aeiou]"), behavior, invert=invert))
    cases.append(split("th", "merged_with_next"))
    for expression in [
            r"[^\S\r\n]+|\w+?\b|(?i:THE|[\u00e0-\u00ff])+|\p{P}{2,}|.", r"^\s*\S+|(?=\d)\d{1,2}(?!\d)|$",
            r"(?>a|ab)c|\P{L}+|[\p{Lu}&]\p{Ll}*+", r"\d{1,3}(?=(?:\d{3})*\b)|[\x{4e00}-\u9fff]",
            r"(?:(?:a|b)*)*c|[^a-c\s]+"]:
        cases.append(split(Regex(expression), "isolated"))
    return cases


def write(name, value):
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    # One row per text keeps differences readable.
    (FIXTURES / name).write_text(text.replace("],[", "],\n[").replace("},{", "},\n{") + "\n")


def case(text, plain, recognized, decoded):
    row = [plain, None if recognized == plain else recognized, decoded if decoded != text else None]
    while row[-1] is None:
        row.pop()
    return row


def main():
    FIXTURES.mkdir(exist_ok=True)
    write("texts.json", TEXTS)
    ids = {}
    for name, tokenizer in tokenizers():
        contents = json.loads(tokenizer.to_str())
        if name == "unfused":
            del contents["model"]["type"]
        (FIXTURES / f"{name}.json").write_text(
            json.dumps(contents, ensure_ascii=False, separators=(",", ":")) + "\n")
        rows = []
        for text in TEXTS:
            tokenizer.encode_special_tokens = True
            plain = tokenizer.encode(text, add_special_tokens=False).ids
            tokenizer.encode_special_tokens = False
            recognized = tokenizer.encode(text, add_special_tokens=False).ids
            decoded = tokenizer.decode(recognized, skip_special_tokens=False)
            rows.append(case(text, plain, recognized, decoded))
        dressed = tokenizer.encode("the earth")
        pair = tokenizer.encode("the earth", "and the waters")
        ids[name] = {"rows": rows, "single": [dressed.ids, dressed.type_ids],
                     "pair": [pair.ids, pair.type_ids]}
    for name, model in sentencepiece_models():
        (FIXTURES / f"{name}.model").write_bytes(model)
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        rows = [
            case(text, processor.encode(text), None, joined(processor, text))
            for text in TEXTS]
        ids[name] = {"rows": rows}
    write("ids.json", ids)
    write("normalizers.json", [
        {"normalizer": json.loads(n.__getstate__()), "texts": [n.normalize_str(t) for t in TEXTS]}
        for n in normalizer_cases()])
    write("pre_tokenizers.json", [
        {"pre_tokenizer": json.loads(p.__getstate__()),
         "words": [[w for w, _ in p.pre_tokenize_str(t)] for t in TEXTS]}
        for p in pre_tokenizer_cases()])


if __name__ == "__main__":
    main()
