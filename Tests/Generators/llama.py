"""Tiny Llama checkpoints with random weights, in the form Hugging Face publishes, and what that
implementation computes from them in double: logits, loss, every gradient, ten AdamW steps."""

import importlib.metadata
import json

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.models.llama import modeling_llama

from fixture import DIRECTORY, Fixture, random_generator

IGNORED = -100
LEARNING_RATE = 3e-3


def double_norm(self, x):
    return self.weight * x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.variance_epsilon)


def double_rotary(self, x, position_ids):
    half = self.config.head_dim // 2
    base = self.config.rope_parameters["rope_theta"]
    frequencies = base ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = position_ids[..., None].double() * frequencies
    angles = torch.cat([angles, angles], -1)
    return angles.cos(), angles.sin()


def next_token_loss(logits, labels):
    """The labels are shifted inside: position t predicts the label at t + 1."""
    return F.cross_entropy(
        logits[:, :-1].reshape(-1, logits.shape[-1]),
        labels[:, 1:].reshape(-1),
        ignore_index=IGNORED,
    )


def training_losses(config, state, batches, weight_decay, dtype):
    """The loss before each step, on that step's batch, and finally on the first batch again."""
    model = LlamaForCausalLM(config).to(dtype)
    model.load_state_dict(state, strict=False)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=LEARNING_RATE, weight_decay=weight_decay, foreach=False
    )
    losses = []
    for ids in batches:
        loss = next_token_loss(model(ids).logits, ids)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    losses.append(next_token_loss(model(batches[0]).logits, batches[0]).item())
    return np.array(losses)


def greedy(model, prompt, count):
    ids = prompt
    for _ in range(count):
        best = model(ids).logits[:, -1].topk(2)
        assert (best.values[:, 0] - best.values[:, 1] > 1e-3).all(), "a greedy choice is too close"
        ids = torch.cat([ids, best.indices[:, :1]], 1)
    return ids


def random_state(model, label):
    """Weights large enough that attention and gates are far from their linear range."""
    generator = random_generator(label)
    state = {}
    for name, parameter in model.named_parameters():
        values = generator.standard_normal(tuple(parameter.shape)) * 0.15
        state[name] = torch.tensor(values + ("norm" in name), dtype=torch.float32)
    return state


def make(name, key_heads, tied):
    config = LlamaConfig(
        vocab_size=257,
        hidden_size=64,
        intermediate_size=172,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=key_heads,
        max_position_embeddings=128,
        rms_norm_eps=1e-6,
        tie_word_embeddings=tied,
        bos_token_id=0,
        eos_token_id=1,
        attn_implementation="sdpa",
    )
    config.architectures = ["LlamaForCausalLM"]
    config.dtype = torch.float32
    single = LlamaForCausalLM(config)
    state = random_state(single, name)
    single.load_state_dict(state, strict=False)

    generator = random_generator(name + "/ids")
    ids = torch.tensor(generator.integers(2, 257, (2, 12)))
    labels = ids.clone()
    labels[0, :4] = IGNORED
    labels[1, 9] = IGNORED
    batches = [torch.tensor(generator.integers(2, 257, (2, 12))) for _ in range(10)]

    # Transformers computes norms and rotations in float32 whatever the model's type.
    single_logits = single(ids).logits
    decays = (0.0, 0.1)
    single_losses = {d: training_losses(config, state, batches, d, torch.float32) for d in decays}
    norm = modeling_llama.LlamaRMSNorm.forward
    rotary = modeling_llama.LlamaRotaryEmbedding.forward
    modeling_llama.LlamaRMSNorm.forward = double_norm
    modeling_llama.LlamaRotaryEmbedding.forward = double_rotary
    try:
        model = LlamaForCausalLM(config).double()
        model.load_state_dict(state, strict=False)
        logits = model(ids).logits
        loss = next_token_loss(logits, labels)
        loss.backward()
        losses = {d: training_losses(config, state, batches, d, torch.float64) for d in decays}
        with torch.no_grad():
            continued = greedy(model, ids[:1, :4], 8)
    finally:
        modeling_llama.LlamaRMSNorm.forward = norm
        modeling_llama.LlamaRotaryEmbedding.forward = rotary
    logit_difference = (single_logits - logits).abs().max().item()
    loss_difference = max(np.abs(losses[d] - single_losses[d]).max() for d in decays)
    assert logit_difference < 1e-4 and loss_difference < 1e-3

    directory = DIRECTORY / name
    directory.mkdir(parents=True, exist_ok=True)
    weights = directory / "model.safetensors"
    save_file({k: v.numpy() for k, v in state.items()}, weights, metadata={"format": "pt"})
    weights.chmod(0o644)
    values = json.loads(config.to_json_string())
    values["transformers_version"] = importlib.metadata.version("transformers")
    older = dict(values)
    older["rope_theta"] = older.pop("rope_parameters")["rope_theta"]
    older["rope_scaling"] = None
    for file, content in (("config.json", values), ("config_rope_theta.json", older)):
        (directory / file).write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")

    fixture = Fixture(
        f"{name}/expected",
        "Computed in double. labels shift inside: position t predicts label t + 1; -100 is "
        "ignored; loss is the mean. training/losses_*: before each of ten AdamW steps on "
        "training/batches (labels = ids), and at last on the first batch. All parameters decay.",
        ("transformers", "torch", "numpy"),
    )
    fixture.add("forward", {}, ids=ids, labels=labels, logits=logits.detach(), loss=loss.detach())
    fixture.add("gradients", {}, **{n: p.grad.numpy() for n, p in model.named_parameters()})
    fixture.add("greedy", {"prompt": 4}, ids=continued)
    fixture.add(
        "training",
        {
            "learning_rate": LEARNING_RATE,
            "betas": [0.9, 0.999],
            "epsilon": 1e-8,
            "float32_loss_difference": float(f"{loss_difference:.1e}"),
            "float32_logit_difference": float(f"{logit_difference:.1e}"),
        },
        batches=torch.stack(batches).numpy(),
        losses_decay_0=losses[0.0],
        losses_decay_point_1=losses[0.1],
    )
    fixture.save()


make("llama_grouped_tied", key_heads=2, tied=True)
make("llama_grouped_untied", key_heads=2, tied=False)
make("llama_multihead_untied", key_heads=4, tied=False)
