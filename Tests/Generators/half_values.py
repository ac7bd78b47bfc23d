"""All 65,536 half-precision values through the formats: what bitsandbytes, the gguf package and the
nearest codes in NumPy make of them.

"ordered": the values by their bits; "mixed": bits (40503 i) mod 65536, so that every block spans many
exponents. NaN and infinity are replaced by 0. The values themselves are not stored. Of float16 the
blocks of GGUF too; bfloat16 has values whose steps are beyond half precision."""

import bitsandbytes.functional as bitsandbytes
import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Type

import reference
from fixture import Fixture

fixture = Fixture(
    "half_values",
    "x: not stored, see half_values.py. nf4, fp4: packed codes and absmax, blocks of 64; dynamic: "
    "codes and absmax of the signed map, blocks of 256.",
    ("bitsandbytes", "gguf", "torch", "numpy"),
)
# Exact midpoints of the signed map: codes are the nearest to the quotient in single precision.
TABLE = reference.dynamic_map(True).astype(np.float64)
MIDPOINTS = (TABLE[1:] + TABLE[:-1]) / 2
INDICES = np.arange(2**16, dtype=np.uint32)
ORDERS = {"ordered": INDICES, "mixed": INDICES * 40503 % 2**16}


def values(kind, order):
    bits = ORDERS[order].astype(np.uint16)
    if kind == "float16":
        x = bits.view(np.float16).astype(np.float32)
    else:
        x = (bits.astype(np.uint32) << 16).view(np.float32)
    return np.where(np.isfinite(x), x, np.float32(0))


for kind, order in (("float16", "ordered"), ("float16", "mixed"), ("bfloat16", "mixed")):
    x = values(kind, order)
    tensors = {}
    for name in ("nf4", "fp4"):
        packed, state = bitsandbytes.quantize_4bit(
            torch.from_numpy(x.copy()), blocksize=64, quant_type=name
        )
        tensors[name] = packed.numpy().reshape(-1)
        tensors[name + "_absmax"] = state.absmax.numpy()
    absmax = np.abs(x).reshape(-1, 256).max(axis=1)
    scaled = x.reshape(-1, 256) / np.where(absmax > 0, absmax, np.float32(1))[:, None]
    codes = np.searchsorted(MIDPOINTS, scaled.reshape(-1).astype(np.float64), side="left")
    tensors |= {"dynamic": codes.astype(np.uint8), "dynamic_absmax": absmax}
    if kind == "float16" and order == "mixed":
        for name, block in (("q8_0", Type.Q8_0), ("q4_0", Type.Q4_0), ("q4_1", Type.Q4_1)):
            tensors[name] = gguf.quantize(x, block).reshape(-1)
    fixture.add(f"{kind}_{order}", {}, **tensors)

fixture.save()
