"""Tiny checkpoints with random weights of the families of language models, in the form Hugging Face
publishes, and what those implementations compute from them in double: logits, loss, every gradient,
the likeliest continuation. NAME... makes only these."""

import contextlib
import importlib.metadata
import json
import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file
from transformers import AutoConfig, AutoModelForCausalLM

from fixture import DIRECTORY, Fixture, random_generator

IGNORED = -100
VOCABULARY = 59
SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 20,
    "intermediate_size": 28,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": None,
}
# Longer than the windows, and than the lengths that rescaled angles were originally made for.
TOKENS = 17


@contextlib.contextmanager
def double():
    """Makes the models use double where they insist on single precision: norms, angles, softmax."""
    single, method, kind = torch.float32, torch.Tensor.float, torch.get_default_dtype()
    torch.float = torch.float32 = torch.float64
    torch.Tensor.float = torch.Tensor.double
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.float = torch.float32 = single
        torch.Tensor.float = method
        torch.set_default_dtype(kind)


def loss_of(logits, labels):
    """The labels are shifted inside: position t predicts the label at t + 1."""
    return F.cross_entropy(
        logits[:, :-1].reshape(-1, logits.shape[-1]),
        labels[:, 1:].reshape(-1),
        ignore_index=IGNORED,
    )


def greedy(model, prompt, count):
    ids = prompt
    for _ in range(count):
        best = model(ids, use_cache=False).logits[:, -1].topk(2)
        assert (best.values[:, 0] - best.values[:, 1] > 1e-4).all(), "a greedy choice is too close"
        ids = torch.cat([ids, best.indices[:, :1]], 1)
    return ids


def random_state(model, label):
    """Weights large enough that attention and gates are far from their linear range."""
    generator = random_generator(label)
    offset = 0 if label.startswith("gemma") else 1
    state = {}
    for name, parameter in model.named_parameters():
        values = generator.standard_normal(tuple(parameter.shape)) * 0.25
        is_scale = parameter.ndim == 1 and name.endswith("weight")
        state[name] = torch.tensor(values + offset * is_scale, dtype=torch.float32)
    return state


def make(name, model_type, changes, older=None):
    """`older` gives the members of the same config.json as an earlier version wrote them."""
    sizes = {k: v for k, v in SIZES.items() if k not in changes.get("without", ())}
    values = sizes | {k: v for k, v in changes.items() if k != "without"}

    def build():
        config = AutoConfig.for_model(model_type, **json.loads(json.dumps(values)))
        config._attn_implementation = "eager"
        return AutoModelForCausalLM.from_config(config).eval(), config

    single, config = build()
    state = random_state(single, name)
    single.load_state_dict(state, strict=False)
    generator = random_generator(name + "/ids")
    ids = torch.tensor(generator.integers(2, VOCABULARY, (2, TOKENS)))
    labels = ids.clone()
    labels[0, :4] = IGNORED
    labels[1, 9] = IGNORED
    single_logits = single(ids).logits
    with double():
        model, _ = build()
        model = model.double()
        model.load_state_dict({k: v.double() for k, v in state.items()}, strict=False)
        logits = model(ids).logits
        assert logits.dtype == torch.float64
        loss = loss_of(logits, labels)
        loss.backward()
        with torch.no_grad():
            continued = greedy(model, ids[:1, :4], TOKENS - 4)
    difference = (single_logits - logits).abs().max().item() / logits.abs().max().item()
    print(f"{name}: single precision differs by {difference:.1e} from double")
    assert difference < 1e-4

    directory = DIRECTORY / name
    directory.mkdir(parents=True, exist_ok=True)
    weights = directory / "model.safetensors"
    save_file({k: v.numpy() for k, v in state.items()}, weights, metadata={"format": "pt"})
    weights.chmod(0o644)
    config.architectures = [type(single).__name__]
    config.dtype = torch.float32
    written = json.loads(config.to_json_string())
    written["transformers_version"] = importlib.metadata.version("transformers")
    files = {"config.json": written}
    if older is not None:
        earlier = {k: v for k, v in written.items() if k not in ("rope_parameters", "layer_types")}
        files["config_older.json"] = earlier | older
    for file, content in files.items():
        (directory / file).write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")

    fixture = Fixture(
        f"{name}/expected",
        "Computed in double. labels shift inside: position t predicts label t + 1; -100 is "
        "ignored; loss is the mean.",
        ("transformers", "torch", "numpy"),
    )
    fixture.add("forward", {}, ids=ids, labels=labels, logits=logits.detach(), loss=loss.detach())
    fixture.add("gradients", {}, **{n: p.grad.numpy() for n, p in model.named_parameters()})
    fixture.add("greedy", {"prompt": 4}, ids=continued)
    fixture.save()


def rope(kind, **members):
    return {"rope_theta": 100.0, "rope_type": kind, **members}


LLAMA3 = {
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}
YARN = {"factor": 4.0, "original_max_position_embeddings": 16}
YARN_ALL = YARN | {"beta_fast": 4.0, "beta_slow": 0.5, "mscale": 1.3, "mscale_all_dim": 0.4}


def scaled(kind, members, **changes):
    """A Llama with rescaled angles, in heads large enough to have fast and slow ones."""
    sizes = {"head_dim": 16, "num_attention_heads": 2, "num_key_value_heads": 1}
    older = {"rope_theta": 100.0, "rope_scaling": {"type": kind, **members}}
    return "llama", sizes | {"rope_parameters": rope(kind, **members)} | changes, older


FAMILIES = {
    "qwen2_tiny": (
        "qwen2",
        {"rope_parameters": rope("default"), "head_dim": 6, "tie_word_embeddings": False},
        {"rope_theta": 100.0, "rope_scaling": None},
    ),
    "qwen2_windowed": (
        "qwen2",
        {
            "without": ("num_hidden_layers",),
            "num_hidden_layers": 3,
            "num_attention_heads": 5,
            "num_key_value_heads": 1,
            "use_sliding_window": True,
            "sliding_window": 5,
            "max_window_layers": 1,
            "tie_word_embeddings": True,
        },
        {"rope_theta": 10000.0},
    ),
    "llama3_tiny": scaled("llama3", LLAMA3),
    "llama_linear": scaled("linear", {"factor": 3.0}),
    "llama_dynamic": scaled("dynamic", {"factor": 3.0}, attention_bias=True),
    "llama_yarn": scaled("yarn", YARN),
    "llama_yarn_all": scaled("yarn", YARN_ALL, mlp_bias=True),
    "mistral_tiny": (
        "mistral",
        {"rope_parameters": rope("default"), "head_dim": 6, "sliding_window": 6},
        {"rope_theta": 100.0},
    ),
    "qwen3_tiny": (
        "qwen3",
        {"rope_parameters": rope("default"), "head_dim": 6, "tie_word_embeddings": True},
        {"rope_theta": 100.0, "rope_scaling": None},
    ),
    "smollm3_tiny": (
        "smollm3",
        {
            "num_attention_heads": 5,
            "num_key_value_heads": 1,
            "rope_parameters": rope("default"),
            "no_rope_layers": [1, 0],
            "tie_word_embeddings": True,
        },
        {"rope_theta": 100.0, "rope_scaling": None},
    ),
    "phi3_tiny": (
        "phi3",
        {
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "rope_parameters": rope("default", partial_rotary_factor=1.0),
            "sliding_window": 7,
        },
        {"rope_theta": 100.0, "rope_scaling": None},
    ),
    "gemma2_tiny": (
        "gemma2",
        {
            "head_dim": 6,
            "rope_parameters": rope("default"),
            "query_pre_attn_scalar": 9,
            "sliding_window": 5,
            "attn_logit_softcapping": 1.5,
            "final_logit_softcapping": 3.0,
        },
        {"rope_theta": 100.0},
    ),
    "gemma3_tiny": (
        "gemma3_text",
        {
            "head_dim": 6,
            "num_hidden_layers": 3,
            "query_pre_attn_scalar": 9,
            "sliding_window": 5,
            "layer_types": ["sliding_attention", "sliding_attention", "full_attention"],
            "rope_parameters": {
                "full_attention": rope("linear", factor=2.0) | {"rope_theta": 1000.0},
                "sliding_attention": rope("default"),
            },
        },
        {
            "rope_theta": 1000.0,
            "rope_local_base_freq": 100.0,
            "rope_scaling": {"rope_type": "linear", "factor": 2.0},
            "sliding_window_pattern": 3,
        },
    ),
    "gpt2_tiny": (
        "gpt2",
        {
            "without": tuple(SIZES.keys() - {"vocab_size", "bos_token_id", "eos_token_id"}),
            "n_embd": 20,
            "n_layer": 2,
            "n_head": 4,
            "n_positions": 24,
            "n_inner": None,
        },
    ),
}

for name in sys.argv[1:] or FAMILIES:
    make(name, *FAMILIES[name])
