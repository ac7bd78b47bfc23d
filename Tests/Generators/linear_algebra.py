"""Products, factorisations and solves of float32 matrices, computed in double."""

import numpy as np
import scipy.linalg

from fixture import Fixture, f32, random_generator

fixture = Fixture(
    "linear_algebra",
    "Computed in double from float32 inputs, rounded once. gemm: result = alpha op(a) op(b) + beta "
    "c. svd: a = u diag(s) vt (thin; signs free; vectors only where singular values are distinct). "
    "qr: thin, diagonal of r made positive. eigh: ascending; lstsq: least-norm solution.",
    ("numpy", "scipy"),
)


def single(array):
    """Rounded to float32, for computing with in double."""
    return f32(array).astype(np.float64)


def with_spectrum(generator, shape, values):
    u, _ = np.linalg.qr(generator.standard_normal((shape[0], len(values))))
    v, _ = np.linalg.qr(generator.standard_normal((shape[1], len(values))))
    return single((u * values) @ v.T)


def spd(generator, n):
    a = generator.standard_normal((n, 2 * n))
    a = single(a @ a.T / n)
    return (a + a.T) / 2


for m, n, k in ((1, 1, 1), (1, 7, 5), (3, 1, 9), (17, 31, 13), (33, 20, 65), (4, 3, 0), (0, 4, 3)):
    for left, right in ("nn", "nt", "tn", "tt"):
        alpha, beta = (1.0, 0.0) if (left + right) in ("nn", "tt") else (-0.5, 0.75)
        case = f"gemm_{m}x{n}x{k}_{left}{right}"
        g = random_generator(case)
        a = single(g.standard_normal((k, m) if left == "t" else (m, k)))
        b = single(g.standard_normal((n, k) if right == "t" else (k, n)))
        c = single(g.standard_normal((m, n)))
        product = (a.T if left == "t" else a) @ (b.T if right == "t" else b)
        fixture.add(
            case,
            {"left": left, "right": right, "alpha": alpha, "beta": beta},
            a=a,
            b=b,
            c=c,
            result=alpha * product + beta * c,
        )

MATRICES = {
    "1x1": single([[-3.0]]),
    "column": single(random_generator("column").standard_normal((7, 1))),
    "row": single(random_generator("row").standard_normal((1, 5))),
    "tall": with_spectrum(random_generator("tall"), (40, 12), 2.0 ** -np.arange(12)),
    "wide": with_spectrum(random_generator("wide"), (12, 40), 1.0 / np.arange(1, 13)),
    "square": with_spectrum(random_generator("square"), (24, 24), 0.8 ** np.arange(24)),
    "rank_deficient": with_spectrum(random_generator("deficient"), (20, 14), [3.0, 2, 1, 0.5]),
    "scaled_small": with_spectrum(random_generator("small"), (9, 6), 1e-20 * 0.5 ** np.arange(6)),
    "scaled_large": with_spectrum(random_generator("large"), (6, 9), 1e15 * 0.5 ** np.arange(6)),
    "zero": np.zeros((5, 4)),
}
for name, a in MATRICES.items():
    u, s, vt = np.linalg.svd(a, full_matrices=False)
    vectors = {} if name in ("rank_deficient", "zero") else {"u": u, "vt": vt}
    fixture.add(f"svd_{name}", a=a, s=s, **vectors)
    if a.shape[0] >= a.shape[1] and name not in ("rank_deficient", "zero"):
        q, r = np.linalg.qr(a)
        sign = np.sign(np.diag(r))
        fixture.add(f"qr_{name}", a=a, q=q * sign, r=sign[:, None] * r)

for n in (1, 2, 5, 16, 33):
    a = spd(random_generator(f"spd{n}"), n)
    fixture.add(f"cholesky_{n}", a=a, lower=np.linalg.cholesky(a))
    values, vectors = np.linalg.eigh(a)
    fixture.add(f"eigh_{n}", a=a, values=values, vectors=vectors)
indefinite = random_generator("indefinite").standard_normal((12, 12))
indefinite = single(indefinite + indefinite.T)
values, vectors = np.linalg.eigh(indefinite)
fixture.add("eigh_indefinite", a=indefinite, values=values, vectors=vectors)
fixture.add("cholesky_not_positive_definite", {"fails": True}, a=indefinite)

for n, columns in ((1, 1), (6, 3), (17, 5)):
    for uplo in ("lower", "upper"):
        for transpose in (False, True):
            case = f"triangular_{uplo}{'_transposed' if transpose else ''}_{n}x{columns}"
            g = random_generator(case)
            a = g.standard_normal((n, n)) / n + 2 * np.eye(n)
            a = single(np.tril(a) if uplo == "lower" else np.triu(a))
            b = single(g.standard_normal((n, columns)))
            x = scipy.linalg.solve_triangular(a, b, lower=uplo == "lower", trans=int(transpose))
            fixture.add(case, {"uplo": uplo, "transposed": transpose}, a=a, b=b, x=x)

for m, n, columns in ((1, 1, 1), (12, 5, 3), (5, 12, 2), (9, 9, 1)):
    case = f"lstsq_{m}x{n}"
    g = random_generator(case)
    a = with_spectrum(g, (m, n), 0.7 ** np.arange(min(m, n)))
    b = single(g.standard_normal((m, columns)))
    fixture.add(case, a=a, b=b, x=np.linalg.lstsq(a, b, rcond=None)[0])

for name in ("tall", "wide", "square"):
    fixture.add(f"pinv_{name}", a=MATRICES[name], result=np.linalg.pinv(MATRICES[name]))

for n in (1, 2, 3, 6, 17):
    g = random_generator(f"general{n}")
    a = single(g.standard_normal((n, n)))
    b = single(g.standard_normal((n, 3)))
    values = np.linalg.eigvals(a)
    fixture.add(
        f"general_{n}",
        a=a,
        b=b,
        x=np.linalg.solve(a, b),
        inverse=np.linalg.inv(a),
        determinant=np.array([np.linalg.det(a)]),
        condition=np.array([np.linalg.cond(a)]),
        real=np.sort(values.real),
        imaginary=np.sort(values.imag),
    )
for m, n in ((1, 1), (5, 5), (9, 4), (4, 9), (30, 17)):
    a = single(random_generator(f"lu{m}x{n}").standard_normal((m, n)))
    p, l, u = scipy.linalg.lu(a, p_indices=True)
    # SciPy's p says where each row of a is in l u; ours, which row of a each row of l u is.
    fixture.add(f"lu_{m}x{n}", a=a, l=l, u=u, order=np.argsort(p))
for name, a in MATRICES.items():
    fixture.add(
        f"measures_{name}",
        a=a,
        rank=np.array([np.linalg.matrix_rank(f32(a))]),
        norms=np.array([np.linalg.norm(a, k) for k in ("fro", 1, np.inf, 2, "nuc")]),
    )

fixture.save()
