"""The tiny models of `families.py` as GGUF files, by the writer and the tables of names of the gguf package,
with what llama.cpp's converters do to tensors: rows of queries and keys permuted where it rotates
neighbours, one added to Gemma's norms, GPT-2's matrices turned, angles of Llama 3 as divisors."""

import json
import math
import pathlib

import gguf
import numpy as np
from safetensors.numpy import load_file

from fixture import DIRECTORY, f32

FOLDER = DIRECTORY / "gguf_models"
FOLDER.mkdir(exist_ok=True)
PERMUTED = ("llama", "smollm3")
ARCHITECTURES = {"mistral": "llama", "gemma3_text": "gemma3"}


def permuted(x, heads):
    return x.reshape(heads, 2, x.shape[0] // heads // 2, *x.shape[1:]).swapaxes(1, 2).reshape(x.shape)


def divisors(rope, size):
    """As the converter of Llama 3 computes them."""
    low = rope["original_max_position_embeddings"] / rope["low_freq_factor"]
    high = rope["original_max_position_embeddings"] / rope["high_freq_factor"]
    values = []
    for i in range(size // 2):
        wave = 2 * math.pi * rope["rope_theta"] ** (2 * i / size)
        smooth = (rope["original_max_position_embeddings"] / wave - rope["low_freq_factor"]) / (
            rope["high_freq_factor"] - rope["low_freq_factor"]
        )
        if wave < high:
            values.append(1)
        elif wave > low:
            values.append(rope["factor"])
        else:
            values.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return f32(values)


def rope_of(config):
    rope = config.get("rope_parameters") or {}
    return rope.get("full_attention", rope)


def write_sizes(writer, config, kind):
    if kind == "gpt2":
        writer.add_context_length(config["n_positions"])
        writer.add_embedding_length(config["n_embd"])
        writer.add_feed_forward_length(config["n_inner"] or 4 * config["n_embd"])
        writer.add_block_count(config["n_layer"])
        writer.add_head_count(config["n_head"])
        writer.add_layer_norm_eps(config["layer_norm_epsilon"])
        return
    heads, rope = config["num_attention_heads"], rope_of(config)
    size = config.get("head_dim") or config["hidden_size"] // heads
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(size)
    writer.add_value_length(size)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_dimension_count(size)
    writer.add_rope_freq_base(rope["rope_theta"])
    if rope["rope_type"] in ("linear", "yarn"):
        writer.add_rope_scaling_type(gguf.RopeScalingType(rope["rope_type"]))
        writer.add_rope_scaling_factor(rope["factor"])
    if rope["rope_type"] == "yarn":
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    if kind.startswith("gemma") or kind == "phi3":
        writer.add_sliding_window(config["sliding_window"])
    if kind == "gemma2":
        writer.add_attn_logit_softcapping(config["attn_logit_softcapping"])
        writer.add_final_logit_softcapping(config["final_logit_softcapping"])


def write(name):
    config = json.loads((DIRECTORY / name / "config.json").read_text())
    kind = config["model_type"]
    kind = ARCHITECTURES.get(kind, kind)
    path = FOLDER / f"{name}.gguf"
    writer = gguf.GGUFWriter(str(path), kind)
    writer.add_name(name)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    write_sizes(writer, config, kind)
    writer.add_vocab_size(config["vocab_size"])
    architecture = next(k for k, v in gguf.MODEL_ARCH_NAMES.items() if v == kind)
    blocks = config.get("num_hidden_layers") or config["n_layer"]
    names = gguf.get_tensor_name_map(architecture, blocks)
    if rope_of(config).get("rope_type") == "llama3":
        size = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
        writer.add_tensor("rope_freqs.weight", divisors(rope_of(config), size))
    for source, x in load_file(DIRECTORY / name / "model.safetensors").items():
        if kind in PERMUTED and ".q_proj." in source:
            x = permuted(x, config["num_attention_heads"])
        if kind in PERMUTED and ".k_proj." in source:
            x = permuted(x, config["num_key_value_heads"])
        if kind.startswith("gemma") and source.endswith("norm.weight"):
            x = x + np.float32(1)
        if kind == "gpt2" and ".c_" in source and x.ndim == 2:
            x = x.T
        writer.add_tensor(names.get_name(source, (".weight", ".bias")), np.ascontiguousarray(x))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    path.chmod(0o644)
    print(f"{path.name}: {path.stat().st_size} bytes")


for name in [
    "llama3_tiny",
    "llama_linear",
    "llama_yarn",
    "mistral_tiny",
    "qwen2_tiny",
    "qwen3_tiny",
    "smollm3_tiny",
    "phi3_tiny",
    "gemma2_tiny",
    "gemma3_tiny",
    "gpt2_tiny",
]:
    write(name)
