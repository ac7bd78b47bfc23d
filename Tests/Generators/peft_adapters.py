"""LoRA adapters that peft makes over the tiny models of families.py, and the logits of transformers with each
of them merged by peft: PEFT/NAME holds a folder as peft saves it, and expected.safetensors beside it."""

import importlib.metadata
import json
import shutil

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from safetensors.numpy import save_file
from transformers import AutoModelForCausalLM

from fixture import DIRECTORY, random_generator

CASES = {
    # Names; ranks and alphas of their own; factors of the embedding; a norm and the head trained whole.
    "names": ("llama3_tiny", dict(
        r=4, lora_alpha=6, target_modules=["q_proj", "v_proj", "down_proj", "embed_tokens"],
        rank_pattern={"down_proj": 2, "layers.0.self_attn.v_proj": 3},
        alpha_pattern={r"model\.layers\.1\..*q_proj": 3, "v_proj": 5}, modules_to_save=["norm"])),
    # Every matrix, scaled by the root of the rank.
    "all_linear": ("gemma3_tiny", dict(
        r=4, lora_alpha=2, target_modules="all-linear", use_rslora=True)),
    # A regular expression; the files of the base hold several matrices in one.
    "expression": ("phi3_tiny", dict(
        r=3, lora_alpha=4,
        target_modules=r".*\.(?:0|1)\.(self_attn\.qkv_proj|mlp\.(gate_up|down)_proj)")),
    # Matrices as [in, out].
    "transposed": ("gpt2_tiny", dict(
        r=2, lora_alpha=2, target_modules=["c_attn", "c_proj", "c_fc"], fan_in_fan_out=True)),
}


def main():
    versions = {p: importlib.metadata.version(p).split("+")[0]
                for p in ("torch", "transformers", "peft")}
    root = DIRECTORY / "peft"
    for name, (base, options) in CASES.items():
        random = random_generator("peft/" + name)
        model = AutoModelForCausalLM.from_pretrained(
            DIRECTORY / base, dtype=torch.float32, attn_implementation="eager")
        model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, **options))
        with torch.no_grad():
            for key, parameter in model.named_parameters():
                if parameter.requires_grad:
                    parameter.copy_(torch.from_numpy(
                        random.normal(scale=0.3, size=tuple(parameter.shape)).astype(np.float32)))
        folder = root / name
        shutil.rmtree(folder, ignore_errors=True)
        model.save_pretrained(folder)
        (folder / "README.md").unlink()
        config = folder / "adapter_config.json"
        settings = json.loads(config.read_text())
        settings["base_model_name_or_path"] = "../../" + base
        if isinstance(options["target_modules"], list):
            settings["target_modules"] = sorted(settings["target_modules"])
        config.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n")
        tokens = random.integers(0, 59, size=(1, 11))
        with torch.no_grad():
            logits = model.double()(torch.from_numpy(tokens)).logits
        save_file(
            {"tokens": tokens.astype(np.int32), "logits": logits.numpy().astype(np.float32)},
            folder / "expected.safetensors", metadata=versions)
        for path in folder.iterdir():
            path.chmod(0o644)
        print(name, sum(path.stat().st_size for path in folder.iterdir()), "bytes")


if __name__ == "__main__":
    main()
