"""Forward values and the gradient of every input, by PyTorch in double from float32 inputs."""

import numpy as np
import torch
import torch.nn.functional as F

from fixture import Fixture, f32, random_generator

fixture = Fixture(
    "operations",
    "output = f(inputs); X_gradient is the gradient of sum(output * output_gradient) with respect "
    "to X. Everything in double, rounded once to float32. Weights are [out, in]; attention and "
    "rotary tensors are [batch, heads, tokens, head_dim].",
    ("torch", "numpy"),
)


def add(case, function, parameters=None, integers=None, **inputs):
    """Calls the function on the inputs, then the integers (ids, targets; no gradient), in order."""
    variables = {
        k: torch.tensor(f32(v), dtype=torch.float64, requires_grad=True) for k, v in inputs.items()
    }
    constants = {k: torch.tensor(v) for k, v in (integers or {}).items()}
    output = function(*variables.values(), *constants.values())
    output_gradient = f32(random_generator(case + "/output").standard_normal(output.shape))
    output.backward(torch.tensor(output_gradient, dtype=torch.float64))
    tensors = {k: v.detach().numpy() for k, v in variables.items()}
    tensors |= {k + "_gradient": v.grad.numpy() for k, v in variables.items()}
    tensors |= {k: v.numpy() for k, v in constants.items()}
    fixture.add(
        case,
        parameters,
        output=output.detach().numpy(),
        output_gradient=output_gradient,
        **tensors,
    )


def named(shape):
    return "x".join(str(n) for n in shape)


def rms_norm(x, weight):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * weight


def swiglu(gate, up):
    return F.silu(gate) * up


UNARY = {
    "softmax": lambda x: F.softmax(x, -1),
    "log_softmax": lambda x: F.log_softmax(x, -1),
    "silu": F.silu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "relu": F.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}

for shape in ((1, 1), (3, 7), (2, 5, 33)):
    for name, function in UNARY.items():
        case = f"{name}_{named(shape)}"
        add(case, function, x=2 * random_generator(case).standard_normal(shape))

    case = f"rms_norm_{named(shape)}"
    g = random_generator(case)
    add(
        case,
        rms_norm,
        {"epsilon": 1e-6},
        x=g.standard_normal(shape),
        weight=1 + 0.3 * g.standard_normal(shape[-1]),
    )

    case = f"layer_norm_{named(shape)}"
    g = random_generator(case)
    add(
        case,
        lambda x, weight, bias: F.layer_norm(x, weight.shape, weight, bias, 1e-5),
        {"epsilon": 1e-5},
        x=g.standard_normal(shape),
        weight=1 + 0.3 * g.standard_normal(shape[-1]),
        bias=0.3 * g.standard_normal(shape[-1]),
    )

    case = f"swiglu_{named(shape)}"
    g = random_generator(case)
    add(case, swiglu, gate=2 * g.standard_normal(shape), up=g.standard_normal(shape))

extremes = [-1e4, -100, -88, -30, -1e-6, 0, 1e-6, 30, 88, 100, 1e4]
for name, function in UNARY.items():
    if name != "relu":
        add(f"{name}_extremes", function, x=np.array([extremes]))
add("rms_norm_tiny", rms_norm, {"epsilon": 1e-6}, x=np.full((1, 4), 1e-5), weight=np.ones(4))

for tokens, inputs, outputs in ((1, 1, 1), (5, 7, 3), (6, 32, 20)):
    case = f"linear_{tokens}x{inputs}_to_{outputs}"
    g = random_generator(case)
    x, weight = g.standard_normal((tokens, inputs)), g.standard_normal((outputs, inputs))
    add(case, F.linear, x=x, weight=weight, bias=g.standard_normal(outputs))
    add(case + "_no_bias", F.linear, x=x, weight=weight)

for left, right in (((3, 4), (4, 5)), ((2, 3, 4), (2, 4, 5)), ((2, 3, 4), (4, 5))):
    case = f"matmul_{named(left)}_{named(right)}"
    g = random_generator(case)
    add(case, torch.matmul, a=g.standard_normal(left), b=g.standard_normal(right))

for name, function in (
    ("add", lambda a, b: a + b),
    ("subtract", lambda a, b: a - b),
    ("multiply", lambda a, b: a * b),
    ("divide", lambda a, b: a / b),
):
    for left, right in (((3, 4), (4,)), ((2, 1, 4), (3, 1)), ((1,), (2, 3))):
        case = f"{name}_{named(left)}_{named(right)}"
        g = random_generator(case)
        add(case, function, a=g.standard_normal(left), b=1.5 + np.abs(g.standard_normal(right)))

for vocabulary, width, ids in (
    (5, 3, [0, 4, 4, 1]),
    (11, 8, [[3, 3, 3], [10, 0, 7]]),
):
    case = f"embedding_{vocabulary}x{width}"
    weight = random_generator(case).standard_normal((vocabulary, width))
    add(case, lambda weight, ids: F.embedding(ids, weight), None, {"ids": ids}, weight=weight)


def cross_entropy(logits, targets):
    return F.cross_entropy(logits, targets, ignore_index=-100)


for rows, classes, factor in ((1, 2, 1), (6, 11, 2), (5, 257, 2), (4, 9, 1000)):
    case = f"cross_entropy_{rows}x{classes}" + ("_large" if factor == 1000 else "")
    g = random_generator(case)
    logits = factor * g.standard_normal((rows, classes))
    targets = g.integers(0, classes, rows)
    parameters = {"reduction": "mean", "ignored_index": -100}
    add(case, cross_entropy, parameters, {"targets": targets}, logits=logits)
    if rows > 4:
        targets = targets.copy()
        targets[[0, 3]] = -100
        add(case + "_ignored", cross_entropy, parameters, {"targets": targets}, logits=logits)


def rotary(x, base, offset):
    """Rotates the halves (x1, x2) of every head, as in published Llama checkpoints."""
    half = x.shape[-1] // 2
    frequencies = base ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = (torch.arange(x.shape[-2], dtype=torch.float64) + offset)[:, None] * frequencies
    x1, x2 = x[..., :half], x[..., half:]
    return torch.cat(
        [x1 * angles.cos() - x2 * angles.sin(), x2 * angles.cos() + x1 * angles.sin()], -1
    )


for shape, base, offset in (
    ((1, 1, 1, 2), 10000.0, 0),
    ((2, 3, 5, 8), 10000.0, 0),
    ((1, 2, 9, 16), 10000.0, 3),
    ((1, 1, 6, 32), 500000.0, 100),
):
    case = f"rotary_{named(shape)}_base{int(base)}_offset{offset}"
    add(
        case,
        lambda x: rotary(x, base, offset),
        {"base": base, "offset": offset},
        x=random_generator(case).standard_normal(shape),
    )


def attention(queries, keys, values, causal):
    """Consecutive query heads share a key head."""
    group = queries.shape[1] // keys.shape[1]
    keys, values = keys.repeat_interleave(group, 1), values.repeat_interleave(group, 1)
    scores = queries @ keys.transpose(-1, -2) / queries.shape[-1] ** 0.5
    if causal:
        hidden = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        scores = scores.masked_fill(hidden, -torch.inf)
    return F.softmax(scores, -1) @ values


for batch, heads, key_heads, tokens, width, causal in (
    (1, 1, 1, 1, 4, True),
    (2, 3, 3, 5, 8, True),
    (2, 4, 2, 9, 8, True),
    (1, 4, 1, 17, 16, True),
    (2, 2, 2, 6, 8, False),
):
    kind = "causal" if causal else "full"
    case = f"attention_{kind}_{batch}x{heads}x{tokens}x{width}_{key_heads}_key_heads"
    g = random_generator(case)
    add(
        case,
        lambda q, k, v: attention(q, k, v, causal),
        {"heads": heads, "key_heads": key_heads, "causal": causal},
        queries=g.standard_normal((batch, heads, tokens, width)),
        keys=g.standard_normal((batch, key_heads, tokens, width)),
        values=g.standard_normal((batch, key_heads, tokens, width)),
    )

fixture.save()
