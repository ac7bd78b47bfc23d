"""Takes a small model through every method and out again, and holds each form of it against transformers and
peft: the run's last loss is that of its folder as --weights, of `loqt evaluate`, of the exported folder in
transformers, and of the adapter in peft. FOLDER gets what is made on the way; --loqt names the program,
--memory also measures a model of 350 million parameters. Prints a line for each comparison; exits with 1
where one fails."""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import time

import numpy as np
import torch
from peft import PeftModel
from safetensors.numpy import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig

ROOT = pathlib.Path(__file__).resolve().parents[2]
METHODS = ["loqt", "loqt-nq", "lora", "qlora", "loftq", "relora", "galore", "q-galore", "full"]
DENSE = ["galore", "full"]
ADAPTERS = ["loqt", "loqt-nq", "lora", "qlora", "loftq", "relora"]
SEQUENCE = 48
STEPS = 24
TINY = {
    "model_type": "llama", "hidden_size": 64, "intermediate_size": 176, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 512,
    "max_position_embeddings": 128,
}
failures = []


def report(name, claim, passed, detail=""):
    print(f"{'ok  ' if passed else 'FAIL'} {name}: {claim} {detail}".rstrip(), flush=True)
    if not passed:
        failures.append(name)


class Program:
    def __init__(self, path):
        self.path = path

    def __call__(self, *arguments):
        outcome = subprocess.run(
            [self.path, *map(str, arguments)], capture_output=True, text=True)
        if outcome.returncode != 0:
            sys.exit(f"loqt {' '.join(map(str, arguments))}\n{outcome.stderr}")
        return outcome.stdout

    def peak(self, *arguments):
        """The most memory that the program held, in bytes. What wait4 tells would count this process too,
        from which it was forked."""
        process = subprocess.Popen([self.path, *map(str, arguments)], stdout=subprocess.DEVNULL)
        most = 0
        while process.poll() is None:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            found = re.search(r"VmHWM:\s*(\d+) kB", status)
            most = max(most, int(found[1]) * 1024 if found else 0)
            time.sleep(0.01)
        assert process.returncode == 0, arguments
        return most

    def loss(self, weights, text):
        return json.loads(self(
            "evaluate", "--weights", weights, "--text", text, "--validation", "--sequence", SEQUENCE,
            "--json"))["loss"]


def validation(text):
    """The part of a text that a run keeps: the last twentieth, from 4 KiB to 1 MiB, behind a line end."""
    data = text.read_bytes()
    start = len(data) - min(max(round(len(data) * 0.05), 4_096), 1 << 20, len(data) // 4)
    limit = min(4_096, (len(data) - start) // 2)
    line = data.find(b"\n", start, start + limit)
    assert line >= 0
    return data[line + 1:].decode()


def mean_loss(model, tokens):
    """Over windows one behind the other, each token but the first predicted once."""
    total, count = 0.0, 0
    with torch.no_grad():
        for start in range(0, len(tokens) - 1, SEQUENCE):
            window = torch.tensor([tokens[start:start + SEQUENCE + 1]])
            logits = model(window[:, :-1]).logits.double()
            total += torch.nn.functional.cross_entropy(
                logits[0], window[0, 1:], reduction="sum").item()
            count += window.shape[1] - 1
    return total / count


def dense(path):
    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval()


def close(name, claim, a, b, bound=1e-4):
    report(name, claim, abs(a - b) <= bound, f"{a:.6f} and {b:.6f}")


def check(loqt, method, text, folder):
    base = folder / method
    loqt("pretrain", "--config", folder / "tiny.json", "--vocabulary", 512, "--text", text, "--method",
         method, "--steps", STEPS, "--batch", 4, "--sequence", SEQUENCE, "--rank", 8, "--output", base, "--overwrite",
         "--summary", base.with_suffix(".json"))
    end = json.loads(base.with_suffix(".json").read_text())["validation_loss"]
    checkpoint = base / "checkpoint"
    close(method, "the run's loss is that of evaluate", end, loqt.loss(checkpoint, text))
    again = folder / f"{method}-again"
    loqt("finetune", "--weights", checkpoint, "--text", text, "--method", "full", "--steps", 1,
         "--learning-rate", "1e-30", "--batch", 1, "--sequence", SEQUENCE, "--output", again, "--overwrite",
         "--summary", again.with_suffix(".json"))
    close(method, "and what a run from its folder begins with", end,
          json.loads(again.with_suffix(".json").read_text())["validation_loss"])

    exported = folder / f"{method}-dense"
    loqt("export", checkpoint, "--output", exported, "--force", "--shard-size", "100KB")
    report(method, "several files", len(list(exported.glob("model-*-of-*.safetensors"))) > 1)
    tokens = AutoTokenizer.from_pretrained(exported)(validation(text))["input_ids"]
    model = dense(exported)
    close(method, "and of the exported folder in transformers", end, mean_loss(model, tokens))
    report(method, "no token is named that is not there",
           model.config.eos_token_id is None and model.config.bos_token_id is None)
    if method in DENSE:
        close(method, "and of its own folder there", end, mean_loss(dense(checkpoint), tokens))
    else:
        try:
            dense(checkpoint)
            report(method, "its own folder is refused by transformers", False)
        except ValueError as error:
            report(method, "its own folder is refused by transformers", "loqt" in str(error))
    if method in ADAPTERS:
        adapter = folder / f"{method}-adapter"
        loqt("export", checkpoint, "--to", "peft", "--output", adapter, "--force")
        merged = PeftModel.from_pretrained(dense(adapter / "base"), adapter).eval()
        window = torch.tensor([tokens[:64]])
        with torch.no_grad():
            difference = (merged(window).logits - model(window).logits).abs().max().item()
        report(method, "the adapter has the same logits in peft", difference <= 1e-4, f"{difference:.1e}")
        close(method, "and the same loss here", end, loqt.loss(adapter, text))


def check_kept(loqt, text, folder):
    """A folder of transformers, fine-tuned and exported, is loaded with all that it had."""
    source = folder / "full-dense"
    tokenizer = AutoTokenizer.from_pretrained(source)
    published = folder / "published"
    model = dense(source)
    model.config.eos_token_id, model.config.bos_token_id = [3, 5], 4
    model.generation_config.temperature, model.generation_config.do_sample = 0.6, True
    model.generation_config.eos_token_id = [3, 5]
    model.to(torch.bfloat16).save_pretrained(published)
    tokenizer.chat_template = "{% for m in messages %}{{ m.content }}{% endfor %}"
    tokenizer.save_pretrained(published)
    out = folder / "kept"
    loqt("finetune", "--weights", published, "--text", text, "--method", "qlora", "--steps", 2,
         "--batch", 2, "--sequence", SEQUENCE, "--rank", 4, "--output", out, "--overwrite")
    exported = folder / "kept-dense"
    loqt("export", out / "checkpoint", "--output", exported, "--force")
    again = AutoModelForCausalLM.from_pretrained(exported)
    report("kept", "type of elements, ids and settings of generation",
           again.dtype == torch.bfloat16 and again.config.eos_token_id == [3, 5]
           and again.generation_config.temperature == 0.6
           and again.generation_config.eos_token_id == [3, 5])
    names = [p.name for p in published.iterdir() if p.suffix != ".safetensors" and p.name != "config.json"]
    report("kept", "the other files, byte for byte", all(
        (exported / name).read_bytes() == (published / name).read_bytes() for name in names),
        ", ".join(sorted(names)))
    a, b = (json.loads((p / "config.json").read_text()) for p in (published, exported))
    report("kept", "every member of config.json", a == b,
           str({k: (a.get(k), b.get(k)) for k in {*a, *b} if a.get(k) != b.get(k)} or ""))


def check_memory(loqt, text, folder):
    """Exporting a model holds a tensor at a time."""
    config = LlamaConfig(
        hidden_size=1024, intermediate_size=2736, num_hidden_layers=24, num_attention_heads=16,
        vocab_size=32_000, max_position_embeddings=2048)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    big = folder / "350m"
    big.mkdir(exist_ok=True)
    random = np.random.default_rng(0)
    save_file(
        {name: random.normal(scale=0.02, size=tuple(p.shape)).astype(np.float16)
         for name, p in model.named_parameters()}, big / "model.safetensors")
    config.save_pretrained(big)
    for name in ["tokenizer.json", "tokenizer_config.json"]:
        (big / name).write_bytes((folder / "full-dense" / name).read_bytes())
    largest = 4 * 32_000 * 1024
    peak = loqt.peak("export", big, "--output", folder / "350m-out", "--force")
    report("memory", "exporting takes a tensor and 64 MiB at most", peak <= largest + (64 << 20),
           f"{peak >> 20} MiB, the largest tensor {largest >> 20}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--loqt", default=ROOT / ".build" / "release" / "loqt")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--method", action="append")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    loqt = Program(arguments.loqt)
    text = folder / "text.txt"
    words = subprocess.run(
        ["bible", "-f", "gen1:1-gen50:26"], check=True, capture_output=True, text=True).stdout
    text.write_text("".join(line.split(" ", 1)[1] + "\n" for line in words.splitlines() if " " in line))
    (folder / "tiny.json").write_text(json.dumps(TINY))
    for method in arguments.method or METHODS:
        check(loqt, method, text, folder)
    if not arguments.method or "full" in arguments.method:
        check_kept(loqt, text, folder)
    if arguments.memory:
        check_memory(loqt, text, folder)
    if failures:
        sys.exit(f"{len(failures)} comparisons failed: {', '.join(failures)}")


if __name__ == "__main__":
    main()
