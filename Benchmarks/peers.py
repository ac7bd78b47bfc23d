"""The cases of the benchmarks in other libraries, for comparison by hand.

    python3 -m pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 torch==2.13
    python3 Benchmarks/peers.py [--threads 1] [pattern]

Prints the fastest of some repetitions of each case: rates in the units that the benchmarks use, and
milliseconds for factorisations. Only cases whose name contains the pattern run. Run it beside the
benchmarks and nothing else.
"""

import argparse
import os
import time

parser = argparse.ArgumentParser(description="Times NumPy, SciPy, torch and scikit-learn.")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("pattern", nargs="?", default="")
arguments = parser.parse_args()
for name in ("OMP", "OPENBLAS", "MKL"):
    os.environ[name + "_NUM_THREADS"] = str(arguments.threads)

import numpy as np
import scipy.linalg
import scipy.special
import torch
import torch.nn.functional as F
from sklearn.utils.extmath import randomized_svd

torch.set_num_threads(arguments.threads)
torch.set_grad_enabled(False)
random = np.random.default_rng(1)


def fastest(body, seconds=0.8, rounds=5):
    body()
    best, spent, count = float("inf"), 0.0, 0
    while count < rounds or (spent < seconds and count < 200):
        start = time.perf_counter()
        body()
        took = time.perf_counter() - start
        best, spent, count = min(best, took), spent + took, count + 1
        if spent > 8 * seconds and count >= 2:
            break
    return best


def case(name, work, unit, prepare):
    """`prepare` returns what to time for each library; prints a rate of `work`, or milliseconds."""
    if arguments.pattern.lower() not in name.lower():
        return
    figures = []
    for library, body in prepare().items():
        took = fastest(body)
        figure = work / took if work else took * 1e3
        figures.append(f"{library} {figure:.4g}")
    print(f"{name:44} {unit:8} {', '.join(figures)}", flush=True)


def normal(*shape, dtype=np.float32):
    return random.standard_normal(shape, dtype=dtype)


def both(*arrays):
    return [torch.from_numpy(x) for x in arrays]


def matmul(m, k, n, left, right, dtype):
    def prepare():
        a = normal(k, m, dtype=dtype).T if left else normal(m, k, dtype=dtype)
        b = normal(n, k, dtype=dtype).T if right else normal(k, n, dtype=dtype)
        c = np.empty((m, n), dtype)
        x, y, z = both(a, b, c)
        return {
            "numpy": lambda: np.matmul(a, b, out=c),
            "torch": lambda: torch.matmul(x, y, out=z),
        }

    kind = "Float" if dtype == np.float32 else "Double"
    layout = ("T" if left else "N") + ("T" if right else "N")
    case(f"matmul: {kind}, {m} x {k} x {n}, {layout}", 2e-9 * m * k * n, "GFLOP/s", prepare)


for m, k, n in ((256, 256, 256), (1024, 512, 1376), (256, 2048, 5461)):
    for left, right in ((False, False), (False, True), (True, False), (True, True)):
        for dtype in (np.float32, np.float64):
            matmul(m, k, n, left, right, dtype)
matmul(256, 4096, 11008, False, True, np.float32)
matmul(256, 4096, 11008, False, True, np.float64)
matmul(1024, 11008, 4096, False, True, np.float32)
matmul(16, 16, 16, False, False, np.float32)

count = 16 << 20


def memory(name, bytes, prepare):
    case(f"memory: {name}", 1e-9 * bytes * count, "GB/s", prepare)


def add():
    a, b = normal(count), normal(count)
    x, y = both(a, b)
    return {"numpy": lambda: a + b, "torch": lambda: x + y}


def add_in_place():
    a, b = normal(count), normal(count)
    x, y = both(a, b)
    return {"numpy": lambda: np.add(a, b, out=a), "torch": lambda: x.add_(y)}


def multiply_add():
    a, b = normal(count), normal(count)
    x, y = both(a, b)
    return {
        "numpy": lambda: np.add(a, b * np.float32(1e-3), out=a),
        "torch": lambda: x.add_(y, alpha=1e-3),
    }


def softmax():
    a = normal(8192, 2048)
    (x,) = both(a)
    return {
        "scipy": lambda: scipy.special.softmax(a, axis=-1),
        "torch": lambda: torch.softmax(x, -1),
    }


def rms_norm():
    a, w = normal(8192, 2048), normal(2048)
    x, v = both(a, w)
    return {
        "numpy": lambda: a / np.sqrt(np.mean(a * a, -1, keepdims=True) + np.float32(1e-5)) * w,
        "torch": lambda: F.rms_norm(x, (2048,), v, 1e-5),
    }


def silu():
    a = normal(count)
    (x,) = both(a)
    return {"numpy": lambda: a * scipy.special.expit(a), "torch": lambda: F.silu(x)}


def broadcast(shape):
    def prepare():
        a, b = normal(8192, 2048), normal(*shape)
        x, y = both(a, b)
        return {"numpy": lambda: a + b, "torch": lambda: x + y}

    return prepare


def transposed():
    a = normal(4096, 4096)
    (x,) = both(a)
    return {"numpy": lambda: a.T.copy(), "torch": lambda: x.T.contiguous()}


def gather():
    a, order = normal(16384, 1024), random.permutation(16384)
    x, i = both(a, order)
    return {"numpy": lambda: a[order], "torch": lambda: x[i]}


memory("add, a result of its own", 12, add)
memory("add in place", 12, add_in_place)
memory("fused multiply-add in place", 12, multiply_add)
memory("softmax, rows of 2048", 8, softmax)
memory("rmsNorm, rows of 2048", 8, rms_norm)
memory("silu", 8, silu)
memory("a row added to all rows", 8, broadcast((2048,)))
memory("a column added to all columns", 8, broadcast((8192, 1)))
memory("transposed copy, 4096 x 4096", 8, transposed)
memory("gather rows of 1024", 8, gather)


def total():
    a = normal(count)
    (x,) = both(a)
    return {"numpy": lambda: a.sum(), "torch": lambda: x.sum()}


def order(n, of_array, of_tensor):
    def prepare():
        a = normal(n)
        (x,) = both(a)
        return {"numpy": lambda: of_array(a), "torch": lambda: of_tensor(x)}

    return prepare


case("reductions: sum, 16 Mi", 4e-9 * count, "GB/s", total)
for label, n in (("16 Ki", 1 << 14), ("1 Mi", 1 << 20)):
    case(f"reductions: sort, {label}", 1e-6 * n, "M/s", order(n, np.sort, torch.sort))
case(
    "reductions: positions in order, 1 Mi",
    1e-6 * (1 << 20),
    "M/s",
    order(1 << 20, np.argsort, torch.argsort),
)


def function(name, of_array, of_tensor):
    def prepare():
        a = normal(1 << 14)
        (x,) = both(a)
        return {"numpy, scipy": lambda: of_array(a), "torch": lambda: of_tensor(x)}

    case(f"functions: {name}, 16 Ki", 1e-6 * (1 << 14), "M/s", prepare)


function("exp", np.exp, torch.exp)
function("tanh", np.tanh, torch.tanh)
function("erf", scipy.special.erf, torch.erf)


def power_law(rows, columns):
    """Singular values i^-0.7."""
    rank = min(rows, columns)
    u = torch.linalg.qr(torch.from_numpy(normal(rows, rank)))[0]
    v = torch.linalg.qr(torch.from_numpy(normal(columns, rank)))[0]
    values = torch.arange(1, rank + 1, dtype=torch.float32) ** -0.7
    return ((u * values) @ v.T).numpy()


def gram_torch(x, rank):
    values, vectors = torch.linalg.eigh(x @ x.T)
    u = vectors[:, -rank:].flip(1)
    return u, x.T @ u


def gram_scipy(a, rank):
    n = a.shape[0]
    values, vectors = scipy.linalg.eigh(a @ a.T, subset_by_index=(n - rank, n - 1))
    u = vectors[:, ::-1]
    return u, a.T @ u


def truncated(rows, columns, rank):
    def prepare():
        a = power_law(rows, columns)
        (x,) = both(a)
        bodies = {
            "torch svd_lowrank, 1 iteration": lambda: torch.svd_lowrank(x, rank, niter=1),
            "scikit-learn randomized_svd, 1 iteration": lambda: randomized_svd(
                a, rank, n_iter=1, random_state=1
            ),
            "torch Gram eigh": lambda: gram_torch(x, rank),
            "scipy Gram eigh, top r": lambda: gram_scipy(a, rank),
        }
        if rows <= 512:
            bodies["numpy gesdd"] = lambda: np.linalg.svd(a, full_matrices=False)
            bodies["torch svd"] = lambda: torch.linalg.svd(x, full_matrices=False)
        return bodies

    case(f"linear algebra: SVD, r {rank} of {rows} x {columns}", None, "ms", prepare)


truncated(512, 1376, 128)
truncated(2048, 5461, 512)
