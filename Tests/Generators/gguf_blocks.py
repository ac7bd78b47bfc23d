"""GGUF's blocks Q8_0, Q4_0 and Q4_1 from the gguf package: bytes and values."""

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type

from fixture import Fixture, f32, random_generator

fixture = Fixture(
    "gguf_blocks",
    "x [blocks, 32]; TYPE: the bytes of its blocks, TYPE_values: what they stand for.",
    ("gguf", "numpy"),
)
TYPES = {"q8_0": Type.Q8_0, "q4_0": Type.Q4_0, "q4_1": Type.Q4_1}


def add(case, x):
    x = f32(x).reshape(-1, 32)
    tensors = {"x": x}
    for name, kind in TYPES.items():
        with np.errstate(invalid="ignore"):
            blocks = gguf.quantize(x, kind)
        tensors[name] = blocks.reshape(-1)
        tensors[name + "_values"] = gguf.dequantize(blocks, kind)
    fixture.add(case, {}, **tensors)


def normal(case, blocks, deviation=0.02, mean=0.0):
    return mean + deviation * random_generator(case).standard_normal((blocks, 32))


add("normal", normal("normal", 40))
add("shifted", normal("shifted", 20, mean=1.0))
add("far_from_zero", normal("far_from_zero", 20, deviation=1e-3, mean=-100.0))
add("heavy_tails", random_generator("heavy_tails").standard_t(2, (40, 32)))
add("large", normal("large", 10, deviation=1e4))
# Steps that are subnormal in half precision, or 0 there.
for exponent in (-3, -4, -5, -6, -7, -9):
    add(f"small_1e{exponent}", normal(f"small_1e{exponent}", 5, deviation=10.0**exponent))
add("zeros", np.zeros((3, 32)))
add("negative_zeros", -np.zeros((1, 32)))
add("constant", np.repeat(f32([1, -1, 0.3, -0.3]), 32))
spikes = np.zeros((4, 32))
spikes[0, 5], spikes[1, 31], spikes[2, [3, 9]], spikes[3, [9, 3]] = 3, -2, [1, -1], [1, -1]
add("spikes", spikes)
# Halves between codes: the largest magnitude makes the step a power of two.
ties = np.arange(-127, 128) / 2
blocks = [np.append(ties[i : i + 31], 127) for i in range(0, 248, 31)]
add("ties_q8_0", np.stack(blocks))
ties = np.resize(np.arange(-16, 16) / 2 + 0.5, (2, 31))
add("ties_q4_0", np.column_stack([ties, [-8, 8]]))
add("ties_q4_1", np.column_stack([np.resize(np.arange(0, 31) / 2, (2, 30)), [0, 0], [15, 15]]))

fixture.save()
