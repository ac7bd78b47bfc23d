"""The table of Sources/CKernels/tanh_table.h: tanh by a polynomial of degree 6 on halves of binades.

    python3 tanh_table.py > ../../Sources/CKernels/tanh_table.h

The centre of an interval is the float near its middle whose tanh is nearest to a float, so that the
constant term has almost no error; the other terms minimise the largest relative error.
"""

import numpy as np

DEGREE = 6
FIRST, LAST = 0x3D400000 >> 22, 0x41000000 >> 22  # below 2^-4, and from 8 on


def to_float(bits):
    return float(np.uint32(bits).view(np.float32))


def smallest_largest_error(columns, values):
    """Least squares with weights that grow where the error is large (Lawson's iteration)."""
    scales = np.abs(columns).max(axis=0)
    weights, best = np.ones(len(values)), (np.inf, None)
    for _ in range(200):
        roots = np.sqrt(weights)
        solution = np.linalg.lstsq(columns / scales * roots[:, None], values * roots, rcond=None)[0]
        errors = np.abs(columns / scales @ solution - values)
        best = min(best, (errors.max(), solution / scales), key=lambda pair: pair[0])
        weights = weights * (errors + 1e-30)
        weights /= weights.sum()
    return best[1]


def coefficients(code):
    low, high = to_float(code << 22), to_float((code + 1) << 22)
    if code == FIRST:
        # x + c3 x^3 + c5 x^5, exact for what is too small for another term.
        x = high * np.cos(np.pi * (np.arange(200) + 0.5) / 400)
        odd = smallest_largest_error(np.stack([x**2, x**4], 1), np.tanh(x) / x - 1)
        return [0, 0, 1, 0, odd[0], 0, odd[1], 0]
    if code == LAST:
        # Up to 10 only, where tanh rounds to 1.
        high, centre, constant = 10.0, 10.0, 1.0
    else:
        middle = int(np.float32((low + high) / 2).view(np.uint32))
        candidates = np.arange(middle - 4000, middle + 4001).astype(np.uint32).view(np.float32)
        exact = np.tanh(candidates.astype(np.float64))
        rounded = exact.astype(np.float32)
        nearest = np.argmin(np.abs(exact - rounded) / np.spacing(rounded))
        centre, constant = float(candidates[nearest]), float(rounded[nearest])
    x = (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (np.arange(400) + 0.5) / 400)
    powers = (x - centre)[:, None] ** np.arange(1, DEGREE + 1)
    fitted = smallest_largest_error(powers / np.tanh(x)[:, None], 1 - constant / np.tanh(x))
    return [centre, constant, *fitted]


table = np.zeros((16, DEGREE + 2), np.float32)
for code in range(FIRST, LAST + 1):
    table[code % 16] = coefficients(code)

print("// Made by Tests/Generators/tanh_table.py.")
print()
print("/// Centres of sixteen intervals and the coefficients of tanh around them, the constant first.")
print(f"static const float tanh_table[{DEGREE + 2}][16] = {{")
for column in table.T:
    values = [float(v).hex().replace("0000000p", "p").replace("0x0.0p+0", "0x0p+0") for v in column]
    lines = [", ".join(f"{v}f" for v in values[i : i + 4]) for i in range(0, 16, 4)]
    print("    {" + ",\n     ".join(lines) + "},")
print("};")
