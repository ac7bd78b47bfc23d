"""Reductions, rearrangements, selections and elementwise functions, by NumPy and SciPy in double."""

import numpy as np
import scipy.special

from fixture import Fixture, f32, random_generator

fixture = Fixture(
    "tensors",
    "result = f(x), in double from float32 inputs, rounded once. Positions and orders are int32.",
    ("numpy", "scipy"),
)


def wide(array):
    return f32(array).astype(np.float64)


def named(values):
    return "x".join(str(v) for v in values)


# Reductions along every choice of axes of a tensor with three.
x = wide(random_generator("reductions").standard_normal((3, 4, 5)))
REDUCTIONS = {
    "sum": lambda axes: x.sum(axes),
    "mean": lambda axes: x.mean(axes),
    "product": lambda axes: x.prod(axes),
    "maximum": lambda axes: x.max(axes),
    "minimum": lambda axes: x.min(axes),
    "variance": lambda axes: x.var(axes),
    "variance_sample": lambda axes: x.var(axes, ddof=1),
    "standard_deviation": lambda axes: x.std(axes),
    "norm": lambda axes: np.sqrt((x * x).sum(axes)),
    "log_sum_exp": lambda axes: scipy.special.logsumexp(x, axes),
}
for axes in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)):
    for name, function in REDUCTIONS.items():
        fixture.add(
            f"{name}_{named(axes)}", {"axes": axes}, x=x, result=np.asarray(function(axes))
        )
for axis in range(3):
    fixture.add(f"cumulative_sum_{axis}", {"axis": axis}, x=x, result=np.cumsum(x, axis))
    fixture.add(f"argmax_{axis}", {"axis": axis}, x=x, result=np.argmax(x, axis))
    fixture.add(f"argmin_{axis}", {"axis": axis}, x=x, result=np.argmin(x, axis))
    # Few distinct values: equal elements must keep their order.
    ties = np.round(x * 2) / 2
    fixture.add(
        f"argsort_{axis}",
        {"axis": axis},
        x=ties,
        result=np.argsort(ties, axis, kind="stable"),
        sorted=np.sort(ties, axis),
    )
    order = np.argsort(x, axis)
    fixture.add(
        f"taking_{axis}",
        {"axis": axis},
        x=x,
        indices=order,
        result=np.take_along_axis(x, order, axis),
    )
    for distance in (-7, 2):
        fixture.add(
            f"rolled_{axis}_{distance}",
            {"axis": axis, "distance": distance},
            x=x,
            result=np.roll(x, distance, axis),
        )
    fixture.add(f"flipped_{axis}", {"axis": axis}, x=x, result=np.flip(x, axis))

for offset in (-5, -2, 0, 1, 6):
    parameters = {"offset": offset}
    fixture.add(f"lower_triangle_{offset}", parameters, x=x, result=np.tril(x, offset))
    fixture.add(f"upper_triangle_{offset}", parameters, x=x, result=np.triu(x, offset))
    fixture.add(
        f"diagonal_{offset}", parameters, x=x, result=np.diagonal(x, offset, axis1=1, axis2=2)
    )
fixture.add("trace_0", {}, x=x, result=np.trace(x, axis1=1, axis2=2))
fixture.add("padded_0", {}, x=x, result=np.pad(x, ((1, 0), (0, 2), (3, 1)), constant_values=7))
fixture.add("tiled_0", {}, x=x, result=np.tile(x, (2, 1, 3)))
fixture.add("linear_space_0", {}, result=np.linspace(-1, 3, 11))
for spec in ("ijk->kji", "ijk->ij", "ijk->", "ijk,kl->ijl", "ijk,ijk->i", "ijk,ljk->il", "ijk,jl->ikl"):
    g = random_generator(spec)
    sizes = {"i": 3, "j": 4, "k": 5, "l": 6}
    operands = spec.split("->")[0].split(",")
    values = [wide(g.standard_normal([sizes[c] for c in o])) for o in operands]
    fixture.add(
        f"einsum_{spec}",
        {"spec": spec},
        **{f"x{i}": v for i, v in enumerate(values)},
        result=np.asarray(np.einsum(spec, *values)),
    )

# Every function over the range where it is interesting, with the extremes of float32.
line = wide(
    np.concatenate(
        [
            np.linspace(-9, 9, 601),
            [0.0, 1e-30, -1e-30, 1e-7, -1e-7, 30.0, -30.0, 80.0, -80.0, 3e38, -3e38],
        ]
    )
)
positive = wide(np.concatenate([np.geomspace(1e-37, 3e38, 601), [1.0, 0.5, 2.0]]))
with np.errstate(all="ignore"):
    ELEMENTWISE = {
        "exp": (line, np.exp),
        "tanh": (line, np.tanh),
        "erf": (line, scipy.special.erf),
        "sigmoid": (line, scipy.special.expit),
        "silu": (line, lambda v: v * scipy.special.expit(v)),
        "gelu": (line, lambda v: v * scipy.special.ndtr(v)),
        "sin": (line[np.abs(line) <= 1e3], np.sin),
        "cos": (line[np.abs(line) <= 1e3], np.cos),
        "log": (positive, np.log),
        "sqrt": (positive, np.sqrt),
        "rsqrt": (positive, lambda v: 1 / np.sqrt(v)),
        "reciprocal": (positive, lambda v: 1 / v),
    }
    for name, (values, function) in ELEMENTWISE.items():
        fixture.add(f"function_{name}", {"function": name}, x=values, result=f32(function(values)))
    base, exponent = np.meshgrid(np.geomspace(1e-6, 1e6, 25), np.linspace(-5, 5, 21))
    base, exponent = wide(base.ravel()), wide(exponent.ravel())
    fixture.add("power_0", {}, x=base, y=exponent, result=f32(np.power(base, exponent)))

fixture.save()
