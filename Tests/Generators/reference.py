"""NumPy references: NF4, 8-bit dynamic maps, double quantisation and LoQT's Initialise.

Arithmetic that decides a code is float32, as in every implementation of the formats; linear algebra
is float64. A matrix has the layout [out, in] of published checkpoints: y = x W^T.
"""

import dataclasses

import numpy as np

NF4_LEVELS = np.array(
    [
        -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
        -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
        0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
        0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
    ],
    dtype=np.float32,
)  # fmt: skip

NF4_THRESHOLDS = ((NF4_LEVELS[1:].astype(np.float64) + NF4_LEVELS[:-1]) / 2).astype(np.float32)

SMALLEST_SCALE = np.float32(1e-38)


# NF4


def nf4_codes(x, block=64):
    """Codes (one a byte) and absmax of the flattened float32 array.

    A full block is scaled by multiplying with 1 / max(absmax, 1e-38) and keeps its absmax; a short
    last block is scaled by dividing, and the absmax it keeps is at least 1e-38.
    """
    x = np.asarray(x, dtype=np.float32).reshape(-1)
    full = x.size - x.size % block
    rows = x[:full].reshape(-1, block)
    absmax = np.abs(rows).max(axis=1) if full else np.zeros(0, np.float32)
    inverse = np.float32(1) / np.maximum(absmax, SMALLEST_SCALE)
    scaled = (rows * inverse[:, None]).reshape(-1)
    if x.size > full:
        last = np.maximum(np.abs(x[full:]).max(), SMALLEST_SCALE)
        absmax = np.append(absmax, last)
        scaled = np.append(scaled, x[full:] / last)
    codes = np.searchsorted(NF4_THRESHOLDS, np.clip(scaled, -1, 1), side="left")
    return codes.astype(np.uint8), absmax.astype(np.float32)


def nf4_pack(codes):
    """Two codes a byte, the first in the high nibble; an odd tail is padded with the code of 0."""
    if codes.size % 2:
        codes = np.append(codes, np.uint8(7))
    return (codes[0::2] << 4 | codes[1::2]).astype(np.uint8)


def nf4_values(codes, absmax, block=64):
    """Dequantised flat float32 values."""
    return NF4_LEVELS[codes] * np.repeat(absmax, block)[: codes.size]


# 8-bit dynamic maps


def dynamic_map(signed):
    """256 sorted float32 values: a decade 10^(i-6) has 2^i (signed: of each sign) or 2^(i+1)
    evenly spaced interval midpoints; 0 and 1 complete the map.

    The arithmetic is PyTorch's, so that the map equals bitsandbytes' bit for bit: float32
    boundaries, each a fused multiply-add from the nearer end (here a double rounded once)."""
    values = [np.float32(0), np.float32(1)]
    for i in range(7):
        count = 2**i if signed else 2 ** (i + 1)
        start, end = np.float32(0.1), np.float32(1)
        step = np.float64((end - start) / np.float32(count))
        index = np.arange(count + 1)
        from_start = start + step * index
        from_end = end - step * (count - index)
        boundaries = np.where(index < (count + 1) // 2, from_start, from_end).astype(np.float32)
        midpoints = (boundaries[:-1] + boundaries[1:]) / np.float32(2)
        decade = np.float32(10.0 ** (i - 6)) * midpoints
        values += list(decade) + (list(-decade) if signed else [])
    return np.sort(np.array(values, dtype=np.float32))


def dynamic_codes(x, table, block=256):
    """Nearest codes (ties go to the lower) and absmax of each block. A zero block has the code
    of 0. Traps when a code depends on how x / absmax is rounded, so that every faithful
    implementation gives the same bytes."""
    x = np.asarray(x, dtype=np.float32).reshape(-1)
    table64 = table.astype(np.float64)
    midpoints = (table64[1:] + table64[:-1]) / 2
    starts = range(0, x.size, block)
    absmax = np.array([np.abs(x[s : s + block]).max() for s in starts], dtype=np.float32)
    spread = np.repeat(absmax, block)[: x.size]
    safe = np.where(spread > 0, spread, np.float32(1))
    candidates = [
        np.searchsorted(midpoints, scaled.astype(np.float64), side="left")
        for scaled in (x / safe, x * (np.float32(1) / safe), x.astype(np.float64) / safe)
    ]
    assert all((c == candidates[0]).all() for c in candidates), "a code depends on rounding"
    return candidates[0].astype(np.uint8), absmax


def dynamic_values(codes, absmax, table, block=256):
    return table[codes] * np.repeat(absmax, block)[: codes.size]


# Double quantisation


@dataclasses.dataclass
class DoubleQuantizedScales:
    """The scales absmax as 8-bit codes of (absmax - offset) in the signed map, blocks of 256."""

    codes: np.ndarray
    absmax: np.ndarray
    offset: np.float32

    def values(self):
        table = dynamic_map(signed=True)
        return dynamic_values(self.codes, self.absmax, table) + self.offset


def double_quantize(absmax, offset=None):
    """The offset is the mean summed in double unless another program's is given."""
    if offset is None:
        offset = np.float32(absmax.astype(np.float64).mean())
    codes, absmax2 = dynamic_codes(absmax - offset, dynamic_map(signed=True))
    return DoubleQuantizedScales(codes, absmax2, offset)
