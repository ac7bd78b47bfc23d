"""Elementwise functions of floats and doubles where they are hard, by mpmath with 80 digits, rounded once
to double."""

import importlib.metadata
import json

import mpmath
import numpy as np
from safetensors.numpy import save_file

from fixture import DIRECTORY, random_generator

mpmath.mp.dps = 80
TINY = np.geomspace(1e-30, 1e-3, 60)
LINE = np.concatenate([TINY, -TINY, np.linspace(-20, 20, 161) + 0.013])
NEAR_ONE = np.concatenate([1 + np.geomspace(1e-6, 0.5, 30), 1 - np.geomspace(1e-6, 0.5, 30)])
POSITIVE = np.concatenate([TINY, NEAR_ONE, np.geomspace(1e-30, 1e30, 121), 2.0 ** np.arange(-20, 20)])
UNIT = np.concatenate([TINY, -TINY, np.linspace(-1, 1, 101)[1:-1], 1 - np.geomspace(1e-6, 0.5, 30)])
# Multiples of pi / 2, where tangents vanish or are infinite, and angles that need all digits of pi.
ANGLES = np.concatenate([LINE, np.arange(1, 60) * np.pi / 2, np.geomspace(1e2, 1e9, 60)])
FUNCTIONS = {
    "exp2": (lambda x: mpmath.mpf(2) ** x, np.concatenate([LINE, np.linspace(-120, 120, 97)])),
    "expm1": (mpmath.expm1, LINE),
    "log2": (lambda x: mpmath.log(x, 2), POSITIVE),
    "log10": (mpmath.log10, np.concatenate([POSITIVE, 10.0 ** np.arange(-10, 11)])),
    "log1p": (mpmath.log1p, np.concatenate([TINY, -TINY, np.linspace(-0.99, 5, 99), [1e10, 1e30]])),
    "tan": (mpmath.tan, ANGLES),
    "asin": (mpmath.asin, UNIT),
    "acos": (mpmath.acos, UNIT),
    "atan": (mpmath.atan, np.concatenate([LINE, NEAR_ONE, -NEAR_ONE, np.geomspace(1, 1e30, 30)])),
    "sinh": (mpmath.sinh, np.concatenate([LINE, np.linspace(-88, 88, 45)])),
    "cosh": (mpmath.cosh, np.concatenate([LINE, np.linspace(-88, 88, 45)])),
    "asinh": (mpmath.asinh, np.concatenate([LINE, np.geomspace(1, 1e30, 30)])),
    "acosh": (mpmath.acosh, np.concatenate([1 + TINY[TINY > 1e-6], np.geomspace(1, 1e30, 60)])),
    "atanh": (mpmath.atanh, UNIT),
    "cbrt": (lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), np.concatenate([LINE, np.arange(9.0) ** 3])),
}
tensors = {}


def exact(function, *arguments):
    return np.array([float(function(*map(mpmath.mpf, map(float, a)))) for a in zip(*arguments)])


for name, (function, x) in FUNCTIONS.items():
    single = x.astype(np.float32)
    tensors[f"{name}/single"] = single
    tensors[f"{name}/of_single"] = exact(function, single)
    tensors[f"{name}/double"] = x
    tensors[f"{name}/of_double"] = exact(function, x)
generator = random_generator("pairs")
a = (generator.standard_normal(300) * 10.0 ** generator.integers(-15, 15, 300)).astype(np.float32)
b = (generator.standard_normal(300) * 10.0 ** generator.integers(-15, 15, 300)).astype(np.float32)
for name, function in {"atan2": mpmath.atan2, "hypot": mpmath.hypot}.items():
    tensors[f"{name}/a"], tensors[f"{name}/b"] = a, b
    tensors[f"{name}/of_single"] = exact(function, a, b)
save_file(tensors, DIRECTORY / "functions.safetensors")
description = {
    "note": "NAME/of_single and NAME/of_double are doubles.",
    "versions": {p: importlib.metadata.version(p) for p in ("mpmath", "numpy")},
    "cases": {name: {} for name in [*FUNCTIONS, "atan2", "hypot"]},
}
(DIRECTORY / "functions.json").write_text(json.dumps(description, indent=1) + "\n")
