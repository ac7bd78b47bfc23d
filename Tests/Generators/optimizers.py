"""Adam and AdamW from PyTorch, GaLore from galore-torch, learning-rate schedules from transformers,
8-bit Adam with the nearest codes in NumPy."""

import galore_torch.galore_projector
import numpy as np
import torch
import transformers
from galore_torch import GaLoreAdamW

import reference
from fixture import Fixture, f32, random_generator

fixture = Fixture(
    "optimizers",
    "parameters[s] is the parameter after step s (from 0) with gradients[s]; computed in double, "
    "rounded to float32, except 8-bit Adam, which is float32 throughout. GaLore: [out, in], P is "
    "[r, in] if in <= out, else [out, r]; projections[k] is the one taken at step k * gap, the "
    "moments are kept; no weight decay; epsilon so small that its place does not matter.",
    ("torch", "galore-torch", "transformers", "numpy"),
)


def run(optimizer, parameter, gradients):
    history = []
    for gradient in gradients:
        parameter.grad = torch.tensor(gradient, dtype=torch.float64)
        optimizer.step()
        history.append(parameter.detach().numpy().copy())
    return np.array(history)


def add_adam(case, optimizer_class, steps=20, size=97, **options):
    g = random_generator(case)
    initial = f32(g.standard_normal(size))
    gradients = f32(g.standard_normal((steps, size)) * 10.0 ** g.uniform(-4, 1, size))
    parameter = torch.tensor(initial, dtype=torch.float64, requires_grad=True)
    optimizer = optimizer_class([parameter], foreach=False, **options)
    history = run(optimizer, parameter, gradients)
    state = optimizer.state[parameter]
    fixture.add(
        case,
        {"kind": optimizer_class.__name__, "steps": steps, **options},
        initial=initial,
        gradients=gradients,
        parameters=history,
        first_moment=state["exp_avg"].numpy(),
        second_moment=state["exp_avg_sq"].numpy(),
    )


common = {"lr": 0.01, "betas": (0.9, 0.999), "eps": 1e-8}
add_adam("adam", torch.optim.Adam, weight_decay=0.0, **common)
add_adam("adam_l2", torch.optim.Adam, weight_decay=0.1, **common)
add_adam("adamw", torch.optim.AdamW, weight_decay=0.0, **common)
add_adam("adamw_decay", torch.optim.AdamW, weight_decay=0.1, **common)
add_adam(
    "adamw_other_betas",
    torch.optim.AdamW,
    lr=3e-3,
    betas=(0.8, 0.95),
    eps=1e-6,
    weight_decay=0.05,
)


def add_other(case, optimizer_class, shape, options, steps=12):
    """On gradients of a clear size, so that no step is decided by rounding."""
    g = random_generator(case)
    initial = f32(g.standard_normal(shape))
    gradients = f32(g.standard_normal((steps, *shape)) * 10.0 ** g.uniform(-2, 1, shape))
    parameter = torch.tensor(initial, dtype=torch.float64, requires_grad=True)
    history = run(optimizer_class([parameter], **options), parameter, gradients)
    fixture.add(
        case,
        {"kind": optimizer_class.__name__, "steps": steps, **options},
        initial=initial,
        gradients=gradients,
        parameters=history,
    )


add_other("sgd", torch.optim.SGD, (97,), {"lr": 0.01, "momentum": 0.9})
external = {"lr": 0.01, "scale_parameter": False, "relative_step": False, "warmup_init": False}
for case, shape, beta in (
    ("adafactor_matrix", (13, 7), None),
    ("adafactor_vector", (29,), None),
    ("adafactor_first", (7, 13), 0.9),
):
    add_other(case, transformers.optimization.Adafactor, shape, {"beta1": beta, **external})


def orthogonal_matrix(self, gradient, rank, type):
    """In double with fixed signs; galore-torch decomposes in float32 with LAPACK's signs."""
    p = reference.projection_from_gradient(gradient.numpy(), rank)
    assert (type == "right") == (p.shape[0] == rank)
    projections.append(p)
    return torch.tensor(p)


galore_torch.galore_projector.GaLoreProjector.get_orthogonal_matrix = orthogonal_matrix
for rows, columns in ((24, 40), (40, 24), (20, 20)):
    case = f"galore_{rows}x{columns}"
    g = random_generator(case)
    rank, gap, scale, steps = 4, 4, 0.25, 10
    initial = f32(g.standard_normal((rows, columns)))
    gradients = []
    for _ in range(steps):
        u, _ = np.linalg.qr(g.standard_normal((rows, 12)))
        v, _ = np.linalg.qr(g.standard_normal((columns, 12)))
        gradients.append(f32((u * 0.7 ** np.arange(12)) @ v.T))
    projections = []
    parameter = torch.tensor(initial, dtype=torch.float64, requires_grad=True)
    group = {
        "params": [parameter],
        "rank": rank,
        "update_proj_gap": gap,
        "scale": scale,
        "proj_type": "std",
    }
    options = {"lr": 0.01, "betas": (0.9, 0.999), "eps": 1e-12}
    optimizer = GaLoreAdamW([group], weight_decay=0.0, no_deprecation_warning=True, **options)
    history = run(optimizer, parameter, gradients)
    state = optimizer.state[parameter]
    fixture.add(
        case,
        {"rank": rank, "gap": gap, "scale": scale, "steps": steps, **options},
        initial=initial,
        gradients=np.array(gradients),
        parameters=history,
        projections=np.array(projections),
        first_moment=state["exp_avg"].numpy(),
        second_moment=state["exp_avg_sq"].numpy(),
    )


def eight_bit_adam(generator, size, steps, lr, betas, eps, weight_decay):
    """Both moments are stored as 8-bit blocks of 256 and updated in float32. The parameter moves
    by the moments before they are requantised; decay comes first."""
    signed, unsigned = reference.dynamic_map(True), reference.dynamic_map(False)
    # Constants are formed in double and rounded once, as in PyTorch.
    b1, c1, b2, c2 = (f32(x) for x in (betas[0], 1 - betas[0], betas[1], 1 - betas[1]))
    keep, epsilon = f32(1 - lr * weight_decay), f32(eps)
    parameter = f32(generator.standard_normal(size))
    tensors = {"initial": parameter}
    gradients = f32(
        generator.standard_normal((steps, size)) * 10.0 ** generator.uniform(-2, 0, size)
    )
    m_values, v_values = np.zeros(size, np.float32), np.zeros(size, np.float32)
    history = []
    for step, gradient in enumerate(gradients, start=1):
        m = b1 * m_values + c1 * gradient
        v = b2 * v_values + c2 * (gradient * gradient)
        rate = f32(lr / (1 - betas[0] ** step))
        root = f32(np.sqrt(1 - betas[1] ** step))
        parameter = keep * parameter - rate * m / (np.sqrt(v) / root + epsilon)
        history.append(parameter)
        m_codes, m_absmax = reference.dynamic_codes(m, signed)
        v_codes, v_absmax = reference.dynamic_codes(v, unsigned)
        m_values = reference.dynamic_values(m_codes, m_absmax, signed)
        v_values = reference.dynamic_values(v_codes, v_absmax, unsigned)
    return tensors | {
        "gradients": gradients,
        "parameters": np.array(history),
        "first_codes": m_codes,
        "first_absmax": m_absmax,
        "second_codes": v_codes,
        "second_absmax": v_absmax,
    }


for case, weight_decay in (("adam_8bit", 0.0), ("adamw_8bit", 0.1)):
    options = {"lr": 0.01, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": weight_decay}
    tensors = eight_bit_adam(random_generator(case), 900, 20, **options)
    fixture.add(case, {"block": 256, "steps": 20, **options}, **tensors)

for case, function, options in (
    ("schedule_linear", transformers.get_linear_schedule_with_warmup, {}),
    ("schedule_cosine", transformers.get_cosine_schedule_with_warmup, {}),
    (
        "schedule_cosine_to_tenth",
        transformers.get_cosine_with_min_lr_schedule_with_warmup,
        {"min_lr_rate": 0.1},
    ),
):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.01)
    schedule = function(optimizer, num_warmup_steps=5, num_training_steps=50, **options)
    rates = []
    for _ in range(50):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    fixture.add(case, {"peak": 0.01, "warmup": 5, "steps": 50, **options}, rates=np.array(rates))

g = random_generator("clip")
a, b = f32(g.standard_normal((5, 7))), f32(10 * g.standard_normal(11))
for case, limit in (("clip_active", 1.0), ("clip_inactive", 1000.0)):
    gradients = [torch.tensor(x, dtype=torch.float64) for x in (a, b)]
    parameters = [torch.zeros_like(x, requires_grad=True) for x in gradients]
    for parameter, gradient in zip(parameters, gradients):
        parameter.grad = gradient.clone()
    norm = torch.nn.utils.clip_grad_norm_(parameters, limit, foreach=False)
    clipped = [p.grad.numpy() for p in parameters]
    fixture.add(
        case,
        {"limit": limit},
        a=a,
        b=b,
        norm=norm.numpy(),
        a_clipped=clipped[0],
        b_clipped=clipped[1],
    )

fixture.save()
