"""NF4 and FP4 codes, scales and values from bitsandbytes; 8-bit dynamic maps; double quantisation.

Inputs are quantised flat, as one row: bitsandbytes' CPU kernel dequantises some two-dimensional
shapes wrongly, the flat form is right. Its 8-bit codes are not always the nearest; the expected
ones come from the NumPy reference, which must agree with bitsandbytes wherever that is exact.
"""

import bitsandbytes.functional as bitsandbytes
import numpy as np
import torch

import reference
from fixture import Fixture, f32, random_generator

fixture = Fixture(
    "quantization",
    "packed: two codes a byte, first element in the high nibble. scale_*: double-quantised absmax; "
    "scale_offset as bitsandbytes' float32 mean, scale_offset_exact the mean in double; both "
    "give the same codes. dequantized: from absmax; double_dequantized: from the double-quantised "
    "scales.",
    ("bitsandbytes", "torch", "numpy"),
)


def add_nf4(case, x, block=64, double=False, **parameters):
    x = f32(x)
    flat = torch.from_numpy(x.reshape(-1).copy())
    packed, state = bitsandbytes.quantize_4bit(flat, blocksize=block, quant_type="nf4")
    packed = packed.numpy().reshape(-1)
    absmax = state.absmax.numpy()

    codes, reference_absmax = reference.nf4_codes(x, block)
    assert (reference.nf4_pack(codes) == packed).all() and (reference_absmax == absmax).all(), case
    values = reference.nf4_values(codes, absmax, block)
    flat_values = bitsandbytes.dequantize_4bit(torch.from_numpy(packed)[:, None], state).numpy()
    assert (flat_values.reshape(-1) == values).all(), case

    tensors = {"x": x, "packed": packed, "absmax": absmax, "dequantized": values.reshape(x.shape)}
    if double:
        offset = np.float32(state.absmax.mean().item())
        scales = reference.double_quantize(absmax, offset)
        exact = reference.double_quantize(absmax)
        assert (scales.codes == exact.codes).all(), case
        tensors |= {
            "scale_codes": scales.codes,
            "scale_absmax": scales.absmax,
            "scale_offset": scales.offset,
            "scale_offset_exact": exact.offset,
            "scales": scales.values(),
            "double_dequantized": reference.nf4_values(codes, scales.values(), block).reshape(
                x.shape
            ),
        }
        _, nested = bitsandbytes.quantize_4bit(
            flat, blocksize=block, quant_type="nf4", compress_statistics=True
        )
        assert nested.offset.item() == offset
        assert (nested.state2.absmax.numpy() == scales.absmax).all()
    fixture.add(case, {"block": block, **parameters}, **tensors)


def add_fp4(case, x, block=64, **parameters):
    flat = torch.from_numpy(f32(x).reshape(-1).copy())
    packed, state = bitsandbytes.quantize_4bit(flat, blocksize=block, quant_type="fp4")
    values = bitsandbytes.dequantize_4bit(packed.reshape(-1, 1), state).numpy()
    fixture.add(
        case,
        {"block": block, **parameters},
        x=f32(x),
        packed=packed.numpy().reshape(-1),
        absmax=state.absmax.numpy(),
        dequantized=values.reshape(np.shape(x)),
    )


def threshold_values():
    """Every threshold with its neighbours, every level, and both ends, with absmax exactly 1."""
    thresholds = reference.NF4_THRESHOLDS
    up = np.nextafter(thresholds, np.float32(2))
    down = np.nextafter(thresholds, np.float32(-2))
    return np.concatenate([thresholds, up, down, reference.NF4_LEVELS, f32([-1, 0, 1])])


def values_where_scaling_matters(count, thresholds):
    """Values whose code differs between x * (1 / absmax) and x / absmax."""
    absmax = np.float32(2.9)
    inverse = np.float32(1) / absmax
    found = []
    for threshold in thresholds:
        x = np.float32(threshold * absmax)
        neighbours = [x]
        for direction in (np.float32(-9), np.float32(9)):
            y = x
            for _ in range(3):
                y = np.nextafter(y, direction)
                neighbours.append(y)
        found += [y for y in neighbours if (y * inverse > threshold) != (y / absmax > threshold)]
    assert found
    return f32((found * count)[: count - 1] + [absmax])


def add_dynamic(case, x, signed, block=256):
    table = reference.dynamic_map(signed)
    codes, absmax = reference.dynamic_codes(x, table, block)
    values = reference.dynamic_values(codes, absmax, table, block)
    fixture.add(
        case,
        {"signed": signed, "block": block},
        x=f32(x),
        codes=codes,
        absmax=absmax,
        dequantized=values,
    )


def add_map(name, signed):
    table = reference.dynamic_map(signed)
    assert (bitsandbytes.create_dynamic_map(signed=signed).numpy() == table).all()
    fixture.add(name, {"signed": signed}, map=table)


def normal(case, shape, deviation=0.02):
    return deviation * random_generator(case).standard_normal(shape)


fixture.add("nf4", levels=reference.NF4_LEVELS, thresholds=reference.NF4_THRESHOLDS)
add_map("map_signed", True)
add_map("map_unsigned", False)

for size in (1, 2, 3, 63, 64, 65, 127, 128, 1000, 4097):
    case = f"nf4_normal_{size}"
    add_nf4(case, normal(case, size), double=size > 64)
for rows, columns in ((7, 96), (30, 100), (24, 80), (5, 33)):
    case = f"nf4_normal_{rows}x{columns}"
    add_nf4(case, normal(case, (rows, columns)), double=True)
for block in (32, 128, 256, 512, 1024, 2048, 4096):
    case = f"nf4_normal_block{block}"
    add_nf4(case, normal(case, 4100 if block >= 2048 else 1100), block)

add_nf4("nf4_scales_in_two_blocks", normal("nf4_scales_in_two_blocks", (96, 180)), double=True)

ties = threshold_values()
add_nf4("nf4_thresholds", np.resize(ties, 64))
add_nf4("nf4_thresholds_scaled", np.resize(ties, 64) * 0.0625)
add_nf4("nf4_thresholds_short_block", np.concatenate([np.resize(ties, 64), ties[:63], [1]])[:127])
add_nf4("nf4_reciprocal_full_block", values_where_scaling_matters(64, reference.NF4_THRESHOLDS))
add_nf4("nf4_division_short_block", values_where_scaling_matters(64, reference.NF4_THRESHOLDS)[1:])

add_nf4("nf4_zero_block", np.zeros(64))
add_nf4("nf4_zero_short_block", np.zeros(5))
spikes = np.zeros(200)
spikes[[70, 130, 199]] = 3, -2, 1e-3
add_nf4("nf4_zeros_and_spikes", spikes)
add_nf4("nf4_negative_zero", np.resize(f32([-0.0, 0.0, 1.0]), 64))
for exponent in (-37, -38, -39, -42, -44):
    case = f"nf4_denormal_1e{exponent}"
    add_nf4(case, normal(case, 100, 10.0**exponent))
add_nf4("nf4_huge", normal("nf4_huge", 100, 1e37))
heavy = random_generator("nf4_heavy_tails").standard_t(2, 1000)
add_nf4("nf4_heavy_tails", heavy)

halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
halves = halves[np.isfinite(halves)][::13].astype(np.float32)
add_nf4("nf4_half_precision_values", halves, values="every 13th finite float16, in bit order")
shuffled = random_generator("nf4_half_precision_shuffled").permutation(halves)[:2048]
add_nf4("nf4_half_precision_shuffled", shuffled)

fp4_levels = bitsandbytes.get_4bit_type("fp4", device="cpu").numpy()
fixture.add("fp4", levels=fp4_levels)
for size in (1, 2, 63, 64, 65, 1000):
    case = f"fp4_normal_{size}"
    add_fp4(case, normal(case, size))
for rows, columns in ((7, 96), (5, 33)):
    case = f"fp4_normal_{rows}x{columns}"
    add_fp4(case, normal(case, (rows, columns)))
for block in (32, 128, 256, 512, 1024, 2048, 4096):
    case = f"fp4_normal_block{block}"
    add_fp4(case, normal(case, 4100 if block >= 2048 else 1100), block)
ordered = np.sort(fp4_levels)
middles = (ordered[1:] + ordered[:-1]) / 2
fp4_ties = np.concatenate(
    [middles, np.nextafter(middles, np.float32(2)), np.nextafter(middles, np.float32(-2)), ordered]
)
add_fp4("fp4_thresholds", np.resize(fp4_ties, 128))
add_fp4("fp4_thresholds_scaled", np.resize(fp4_ties, 128) * 0.0625)
add_fp4("fp4_thresholds_short_block", np.append(np.resize(fp4_ties, 126), 1))
add_fp4("fp4_zero_block", np.zeros(65))
add_fp4("fp4_zeros_and_spikes", spikes)
add_fp4("fp4_denormal", normal("fp4_denormal", 100, 1e-39))
for exponent in (-37, -38, -42, -44):
    case = f"fp4_denormal_1e{exponent}"
    add_fp4(case, normal(case, 100, 10.0**exponent))
add_fp4("fp4_zero_short_block", np.zeros(5))
add_fp4("fp4_negative_zero", np.resize(f32([-0.0, 0.0, 1.0]), 64))
add_fp4("fp4_huge", normal("fp4_huge", 100, 1e37))
add_fp4("fp4_heavy_tails", heavy)
scaled = values_where_scaling_matters(64, middles)
add_fp4("fp4_reciprocal_full_block", scaled)
add_fp4("fp4_division_short_block", scaled[1:])
add_fp4("fp4_half_precision_values", halves, values="every 13th finite float16, in bit order")

for size in (1, 255, 256, 257, 1000):
    for name, signed in (("signed", True), ("unsigned", False)):
        case = f"dynamic_{name}_{size}"
        x = f32(random_generator(case).standard_normal(size) * 1e-3)
        add_dynamic(case, x if signed else x * x, signed)
for name, signed in (("signed", True), ("unsigned", False)):
    table = reference.dynamic_map(signed).astype(np.float64)
    middles = f32((table[1:] + table[:-1]) / 2)
    middles[-1] = 1
    add_dynamic(f"dynamic_{name}_midpoints", middles, signed)
    add_dynamic(f"dynamic_{name}_map_values", f32(table), signed)
    add_dynamic(f"dynamic_{name}_zero_block", np.zeros(300, np.float32), signed)

fixture.save()
