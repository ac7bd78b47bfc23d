"""What PyTorch reaches where our benchmarks name it as the rival: run by hand, since the benchmarks
themselves need no Python. Prints one JSON object.

    python torch_llama.py [activations] [step] [operations]

The model is transformers' LlamaForCausalLM in float32 with its fastest attention on a CPU (sdpa), the
optimizer torch's fused AdamW. Versions: torch 2.13, transformers 5.23.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F
from transformers import LlamaConfig, LlamaForCausalLM

PRESET_60M = dict(
    vocab_size=32000, hidden_size=512, intermediate_size=1376, num_hidden_layers=8,
    num_attention_heads=8, num_key_value_heads=8, max_position_embeddings=256, rms_norm_eps=1e-6,
    tie_word_embeddings=False, use_cache=False,
)


def model(attention):
    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(**PRESET_60M, attn_implementation=attention))


def loss_of(llama, tokens):
    """The labels are the tokens shifted by one, as in our benchmark: every position counts."""
    logits = llama(tokens).logits
    return F.cross_entropy(logits.flatten(0, 1), tokens.roll(-1, 1).flatten())


def saved_bytes(llama, tokens):
    """Bytes that the graph keeps for the backward pass: each storage once, without parameters."""
    own = {p.untyped_storage().data_ptr() for p in llama.parameters()}
    own |= {b.untyped_storage().data_ptr() for b in llama.buffers()}
    storages = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = loss_of(llama, tokens)
    total = sum(storages.values())
    del loss
    return total


def best(body, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        body()
        times.append(time.perf_counter() - start)
    return min(times)


def activations(result):
    tokens = torch.randint(0, 32000, (8, 256))
    for attention in ("sdpa", "eager"):
        result[f"activation_bytes_8x256_{attention}"] = saved_bytes(model(attention), tokens)


def step(result):
    llama = model("sdpa")
    optimizer = torch.optim.AdamW(llama.parameters(), lr=1e-3, fused=True)
    tokens = torch.randint(0, 32000, (4, 256))

    def one():
        optimizer.zero_grad(set_to_none=True)
        loss_of(llama, tokens).backward()
        optimizer.step()

    one()
    result["step_seconds_4x256"] = best(one, 8)


def timed_with_gradient(result, name, forward, inputs, repeats=10):
    """Forward alone, and forward and backward."""
    result[name + "_forward"] = best(forward, repeats)
    gradient = torch.randn_like(forward())

    def both():
        for x in inputs:
            x.grad = None
        forward().backward(gradient)

    both()
    result[name + "_both"] = best(both, repeats)


def operations(result):
    logits = torch.randn(1024, 32000, requires_grad=True)
    labels = torch.randint(0, 32000, (1024,))
    timed_with_gradient(
        result, "cross_entropy_1024x32000", lambda: F.cross_entropy(logits, labels), [logits]
    )
    for batch, heads, tokens in ((8, 8, 256), (1, 8, 2048)):
        inputs = [torch.randn(batch, heads, tokens, 64, requires_grad=True) for _ in range(3)]
        timed_with_gradient(
            result, f"attention_{batch}x{heads}x{tokens}x64",
            lambda: F.scaled_dot_product_attention(*inputs, is_causal=True), inputs,
        )
    a = torch.randn(1024, 1024)
    result["gemm_gflops_1024"] = 2 * 1024**3 / best(lambda: a @ a, 30) * 1e-9


if __name__ == "__main__":
    parts = {f.__name__: f for f in (activations, step, operations)}
    result = {"torch": torch.__version__, "threads": torch.get_num_threads()}
    for name in sys.argv[1:] or parts:
        parts[name](result)
    print(json.dumps(result, indent=1))
