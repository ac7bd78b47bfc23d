"""Simulated quantisation in PyTorch, whose autograd finds the gradients: rounding passes them on.

LSQ is the pseudocode of Esser et al. (arXiv 1902.08153, section 2), DoReFa equations 9 and 11 of
Zhou et al. (arXiv 1606.06160), with the maximum detached."""

import numpy as np
import torch

from fixture import Fixture, f32, random_generator

fixture = Fixture(
    "fake_quantization",
    "y of x, and the gradients dx (and dstep) for the gradient d of y.",
    ("torch", "numpy"),
)


def round_passing(x):
    return x + (torch.round(x) - x).detach()


def add(case, quantize, x, step=None, **parameters):
    d = f32(random_generator(case + "_d").standard_normal(x.shape))
    x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    tensors = {}
    if step is None:
        y = quantize(x)
    else:
        s = torch.tensor(step, dtype=torch.float64, requires_grad=True)
        y = quantize(x, s)
    y.backward(torch.tensor(d, dtype=torch.float64))
    if step is not None:
        tensors |= {"step": f32(step), "dstep": f32(s.grad.item())}
    fixture.add(
        case, parameters, x=x.detach().numpy(), d=d, y=y.detach().numpy(), dx=x.grad.numpy(),
        **tensors,
    )


def learned_step(bits, signed):
    low = -(2 ** (bits - 1)) if signed else 0
    high = 2 ** (bits - 1) - 1 if signed else 2**bits - 1

    def quantize(x, s):
        factor = 1 / np.sqrt(x.numel() * high)
        s = (s - s * factor).detach() + s * factor
        return round_passing(torch.clamp(x / s, low, high)) * s

    return quantize


def fractions(u, bits):
    return round_passing(u * (2**bits - 1)) / (2**bits - 1)


def do_re_fa_weights(bits):
    def quantize(x):
        t = torch.tanh(x)
        return 2 * fractions(t / (2 * t.abs().max().detach()) + 0.5, bits) - 1

    return quantize


for bits in (2, 3, 4, 8):
    x = f32(random_generator(f"lsq{bits}").standard_normal((6, 11)))
    step = float(f32(1.7 * np.abs(x).max() / 2**bits))
    add(f"lsq_signed_{bits}", learned_step(bits, True), x, step, bits=bits)
for bits in (1, 2, 4, 8):
    x = f32(random_generator(f"lsqu{bits}").standard_normal((6, 11)))
    add(f"lsq_unsigned_{bits}", learned_step(bits, False), x, 1.5 / 2**bits, bits=bits)
for bits in (1, 2, 3, 8):
    x = f32(random_generator(f"dorefa{bits}").standard_normal((6, 11)))
    add(f"dorefa_weights_{bits}", do_re_fa_weights(bits), x, bits=bits)
    add(
        f"dorefa_activations_{bits}",
        lambda x: fractions(torch.clamp(x, 0, 1), bits),
        x,
        bits=bits,
    )

fixture.save()
