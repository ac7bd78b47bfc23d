"""RandomSource in NumPy: Philox4x32-10 (Salmon et al., SC 2011) with its streams, so that references
can draw what the library draws. Uniform numbers are equal bit for bit, normal ones up to rounding."""

import numpy as np

MASK = np.uint64(0xFFFFFFFF)


def philox(key, stream, counters):
    """The four words of each block: [blocks, 4]."""
    counters = np.asarray(counters, dtype=np.uint64)
    a, b = counters & MASK, counters >> np.uint64(32)
    c = np.full_like(a, stream & 0xFFFFFFFF)
    d = np.full_like(a, stream >> 32)
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        p, q = a * np.uint64(0xD2511F53), c * np.uint64(0xCD9E8D57)
        a = (q >> np.uint64(32)) ^ b ^ np.uint64(k0)
        b = q & MASK
        c = (p >> np.uint64(32)) ^ d ^ np.uint64(k1)
        d = p & MASK
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([a, b, c, d], axis=-1)


class RandomSource:
    def __init__(self, key, stream=0):
        self.key, self.stream, self.counter = key, stream, 0

    def split(self, label):
        if isinstance(label, str):
            text, label = label, 0xCBF29CE484222325
            for byte in text.encode():
                label = (label ^ byte) * 0x100000001B3 % 2**64
        counter = np.array([label], dtype=np.uint64)
        words = philox(self.key ^ 0x9E3779B97F4A7C15, self.stream, counter)[0]
        words = [int(w) for w in words]
        return RandomSource(words[0] | words[1] << 32, words[2] | words[3] << 32)

    def words(self, count):
        blocks = (count + 3) // 4
        made = philox(self.key, self.stream, np.arange(self.counter, self.counter + blocks))
        self.counter += blocks
        return made

    def uniform(self, shape, low=0.0, high=1.0):
        count = int(np.prod(shape))
        unit = (self.words(count) >> np.uint64(8)).astype(np.float32) * np.float32(2.0**-24)
        values = unit.reshape(-1)[:count] * np.float32(high - low) + np.float32(low)
        return values.astype(np.float64).reshape(shape)

    def normal(self, shape):
        count = int(np.prod(shape))
        words = self.words(count)
        u = (words[:, 0::2] | np.uint64(1)).astype(np.float32).astype(np.float64) * 2.0**-32
        turns = (words[:, 1::2] >> np.uint64(8)).astype(np.float64) * 2.0**-24
        radius = np.sqrt(-2 * np.log(u))
        pairs = np.stack(
            [radius * np.cos(2 * np.pi * turns), radius * np.sin(2 * np.pi * turns)], axis=-1
        )
        return pairs.reshape(-1)[:count].reshape(shape)
