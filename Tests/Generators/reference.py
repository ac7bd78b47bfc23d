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
    """Codes (one per byte) and absmax of the flattened float32 array.

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
    """Two codes per byte, the first in the high nibble; an odd tail is padded with the code of 0."""
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
    of 0. Fails when a code depends on how x / absmax is rounded, so that every faithful
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


# NF4 matrices


@dataclasses.dataclass
class NF4Matrix:
    """A quantised matrix: flat blocks of 64 across rows, float32 or double-quantised scales.

    margin is how far the closest scaled value or scale is from a threshold: with a margin well
    above rounding errors, an independent computation of the matrix finds the same codes.
    """

    shape: tuple
    codes: np.ndarray
    absmax: np.ndarray
    scales: DoubleQuantizedScales | None
    margin: float

    @staticmethod
    def quantize(matrix, double):
        x = np.asarray(matrix).astype(np.float32)
        codes, absmax = nf4_codes(x)
        scaled = x.reshape(-1).astype(np.float64) / np.repeat(absmax, 64)[: x.size]
        margin = distance(scaled, NF4_THRESHOLDS)
        scales = double_quantize(absmax) if double else None
        if scales is not None and scales.absmax.min() > 0:
            centred = absmax.astype(np.float64) - scales.offset
            normalized = centred / np.repeat(scales.absmax, 256)[: centred.size]
            table = dynamic_map(signed=True).astype(np.float64)
            margin = min(margin, distance(normalized, (table[1:] + table[:-1]) / 2))
        return NF4Matrix(x.shape, codes, absmax, scales, margin)

    def values(self):
        absmax = self.absmax if self.scales is None else self.scales.values()
        return nf4_values(self.codes, absmax).reshape(self.shape).astype(np.float64)

    def tensors(self, prefix):
        result = {f"{prefix}_packed": nf4_pack(self.codes)}
        if self.scales is None:
            return result | {f"{prefix}_absmax": self.absmax}
        return result | {
            f"{prefix}_scale_codes": self.scales.codes,
            f"{prefix}_scale_absmax": self.scales.absmax,
            f"{prefix}_scale_offset": self.scales.offset,
        }


def distance(values, points):
    return np.abs(values.reshape(-1)[:, None] - points.astype(np.float64)).min()


@dataclasses.dataclass
class Exact:
    """Stands for a matrix that is not quantised."""

    matrix: np.ndarray
    margin: float = np.inf

    def values(self):
        return self.matrix

    def tensors(self, prefix):
        return {prefix: self.matrix}


def store(matrix, format):
    """Format: "float", "nf4" or "nf4_double"."""
    if format == "float":
        return Exact(np.asarray(matrix, dtype=np.float64))
    return NF4Matrix.quantize(matrix, double=format == "nf4_double")


# LoQT (arXiv 2405.16528)


def is_left(shape):
    """The projection is on the smaller side: [out, in] with in <= out is the left side."""
    return shape[1] <= shape[0]


def low_rank(projection, factor, left):
    """The product in [out, in]: left, up [out, r] times P [r, in]; right, P [out, r] times
    down [r, in]."""
    return factor @ projection if left else projection @ factor


def projection_from_gradient(gradient, rank):
    """The top singular vectors of G [out, in] on its smaller side, each with its component of
    largest magnitude positive: [r, in] on the left side, [out, r] on the right."""
    u, _, vt = np.linalg.svd(gradient, full_matrices=False)
    if is_left(gradient.shape):
        p = vt[:rank]
        largest = np.abs(p).argmax(axis=1)
        return p * np.sign(p[np.arange(rank), largest])[:, None]
    p = u[:, :rank]
    largest = np.abs(p).argmax(axis=0)
    return p * np.sign(p[largest, np.arange(rank)])


@dataclasses.dataclass
class LayerState:
    """Quantised W and P, the trained factor B, and how Initialise found them."""

    weight: NF4Matrix | Exact
    projection: NF4Matrix | Exact
    factor: np.ndarray
    scale: float
    errors: list
    best: int
    margin: float

    def effective(self):
        left = is_left(self.weight.values().shape)
        product = low_rank(self.projection.values(), self.factor, left)
        return self.weight.values() + self.scale * product


def initialize(weight, projection, scale, iterations, weight_format, projection_format):
    """Initialise with quantisation-error compensation (section 3 of the paper, with the residual
    taken from W, not from the compensated W). errors[0] is that of the plain quantised W, errors[i]
    the Frobenius norm of W - (Q + s P B) after round i; the best round is kept."""
    left = is_left(weight.shape)
    stored_projection = store(projection, projection_format)
    p = stored_projection.values()
    inverse = np.linalg.pinv(p)
    quantized = store(weight, weight_format)
    factor = np.zeros((weight.shape[0], p.shape[0]) if left else (p.shape[1], weight.shape[1]))
    margin = min(stored_projection.margin, quantized.margin)
    errors = [np.linalg.norm(weight - quantized.values())]
    best = 0
    compensated = weight
    for i in range(1, iterations + 1):
        candidate = store(compensated, weight_format)
        margin = min(margin, candidate.margin)
        residual = weight - candidate.values()
        b = (residual @ inverse if left else inverse @ residual) / scale
        errors.append(np.linalg.norm(residual - scale * low_rank(p, b, left)))
        if best == 0 or errors[i] < errors[best]:
            quantized, factor, best = candidate, b, i
        compensated = weight - scale * low_rank(p, b, left)
    others = [e for i, e in enumerate(errors) if i not in (0, best)]
    margin = min([margin] + [e / errors[best] - 1 for e in others])
    return LayerState(quantized, stored_projection, factor, scale, errors, best, margin)


@dataclasses.dataclass
class Adam:
    """Adam without decay on one matrix; it counts its own updates."""

    shape: tuple
    betas: tuple = (0.9, 0.999)
    epsilon: float = 1e-8

    def __post_init__(self):
        self.reset()

    def reset(self):
        self.count = 0
        self.first = np.zeros(self.shape)
        self.second = np.zeros(self.shape)

    def update(self, parameter, gradient, learning_rate):
        self.count += 1
        self.first = self.betas[0] * self.first + (1 - self.betas[0]) * gradient
        self.second = self.betas[1] * self.second + (1 - self.betas[1]) * gradient**2
        mean = self.first / (1 - self.betas[0] ** self.count)
        deviation = np.sqrt(self.second / (1 - self.betas[1] ** self.count))
        return parameter - learning_rate * mean / (deviation + self.epsilon)

    def project(self, old, new, left):
        """Moments in the new basis: first by T = new^T old, second by T squared elementwise."""
        if left:
            turn = new @ old.T
            self.first, self.second = self.first @ turn.T, self.second @ (turn**2).T
        else:
            turn = new.T @ old
            self.first, self.second = turn @ self.first, turn**2 @ self.second
