"""SiLU, GELU and its tanh form of doubles where terms cancel or are subnormal, by mpmath with 60
digits, rounded once."""

import importlib.metadata
import json

import mpmath
import numpy as np
from safetensors.numpy import save_file

from fixture import DIRECTORY

mpmath.mp.dps = 60
K, C = 2 * mpmath.sqrt(2 / mpmath.pi), mpmath.mpf("0.044715")
FUNCTIONS = {
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "gelu": lambda x: x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2,
    "gelu_tanh": lambda x: x / (1 + mpmath.exp(-K * x * (1 + C * x * x))),
}
x = np.concatenate(
    [
        np.arange(-760, 60, 1.7),
        np.arange(-40, 12, 0.0613),
        np.geomspace(1e-300, 1, 40),
        -np.geomspace(1e-300, 1, 40),
        np.array([-708.0, -708.4, -745.1, -745.2, -37.0, -37.5, -38.4, -38.5, -21.6, -0.5, -0.7517916]),
    ]
)
tensors = {"hard/x": x}
for name, function in FUNCTIONS.items():
    tensors["hard/" + name] = np.array([float(function(mpmath.mpf(float(v)))) for v in x])
save_file(tensors, DIRECTORY / "activations.safetensors")
description = {
    "note": "Doubles.",
    "versions": {p: importlib.metadata.version(p) for p in ("mpmath", "numpy")},
    "cases": {"hard": {}},
}
(DIRECTORY / "activations.json").write_text(json.dumps(description, indent=1) + "\n")
