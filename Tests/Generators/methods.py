"""Ten steps of one linear layer by every method other than LoQT, from the papers' formulas in NumPy."""

import numpy as np

import reference
from fixture import Fixture, f32, random_generator
from random_source import RandomSource

fixture = Fixture(
    "methods",
    "y = x W^T, W [out, in], loss = mean((y - target)^2); effective[s] is W (with its adapter) after "
    "step s; Adam with the given rate, betas (.9, .999), eps 1e-8, inside each method. In double, "
    "rounded to float32. Random numbers are those of RandomSource(seed: 0): adapters split it by "
    "'adapter' and at merges by 'merge' and the step, projections by 'weight' and the refresh. "
    "ranks[s] is the rank at step s. A case's start, inputs and targets are those of its problem.",
)

STEPS, TOKENS, RATE = 10, 48, 0.01


def problem(case, shape):
    g = random_generator(case)
    u, _ = np.linalg.qr(g.standard_normal((shape[0], min(shape))))
    v, _ = np.linalg.qr(g.standard_normal((shape[1], min(shape))))
    start = f32(0.1 * g.standard_normal(shape)).astype(np.float64)
    goal = start + (u * 0.7 ** np.arange(min(shape))) @ v.T
    x = f32(g.standard_normal((STEPS, TOKENS, shape[1])))
    y = f32(x @ goal.T + 0.05 * g.standard_normal((STEPS, TOKENS, shape[0])))
    return start, x, y


def gradient(weight, x, y):
    difference = x.astype(np.float64) @ weight.T - y
    return 2 / difference.size * difference.T @ x


def run(case, shape, parameters, method, attempt=0):
    label = f"problem_{shape[0]}x{shape[1]}_{attempt}"
    start, x, y = problem(label, shape)
    effective = []
    state = method(start)
    for step in range(STEPS):
        state.begin(step)
        g = gradient(state.effective(), x[step], y[step])
        state.update(step, g)
        effective.append(state.effective())
    tensors = {"ranks": np.array(state.ranks)} if hasattr(state, "ranks") else {}
    if label not in fixture.cases:
        fixture.add(label, start=start, inputs=x, targets=y)
    fixture.add(
        case,
        {"problem": label, "out": shape[0], "in": shape[1], "rate": RATE, **parameters},
        effective=np.array(effective),
        **tensors,
    )


# Adapters


def decomposed(matrix, rank):
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    u, s, vt = u[:, :rank], s[:rank], vt[:rank]
    signs = np.sign(u[np.abs(u).argmax(axis=0), np.arange(rank)])
    return u * signs * np.sqrt(s), vt * signs[:, None] * np.sqrt(s)[:, None]


def random_down(source, rank, size):
    bound = float(np.float32(1) / np.sqrt(np.float32(size)))
    return source.uniform((rank, size), -bound, bound)


class Adapter:
    def __init__(self, start, kind, rank=4, scale=0.5, format="float", rounds=0, prune=0.5, every=4):
        self.scale, self.rank, self.size, self.prune, self.every = (
            scale, rank, start.shape[1], prune, every,
        )  # fmt: skip
        self.merges = kind == "merged"
        self.up = np.zeros((start.shape[0], rank))
        self.down = random_down(RandomSource(0).split("adapter"), rank, self.size)
        if kind == "none":
            self.base, self.scale = 0, 1
            self.up, self.down = decomposed(start, rank)
        else:
            self.base = reference.store(start, format).values()
        for index in range(rounds):
            if index > 0:
                stored = reference.store(start - scale * self.up @ self.down, format)
                assert stored.margin > 1e-6
                self.base = stored.values()
            up, down = decomposed(start - self.base, rank)
            self.up, self.down = up / np.sqrt(scale), down / np.sqrt(scale)
        self.adam = [reference.Adam(self.up.shape), reference.Adam(self.down.shape)]

    def effective(self):
        return self.base + self.scale * self.up @ self.down

    def begin(self, step):
        if not self.merges or step == 0 or step % self.every != 0:
            return
        self.base = self.effective()
        self.up = np.zeros_like(self.up)
        source = RandomSource(0).split("merge").split(step)
        self.down = random_down(source, self.rank, self.size)
        for adam in self.adam:
            smallest = np.abs(adam.first).reshape(-1).argsort(kind="stable")
            for moment in (adam.first, adam.second):
                moment.reshape(-1)[smallest[: int(self.prune * moment.size)]] = 0

    def update(self, step, g):
        up = self.scale * g @ self.down.T
        down = self.scale * self.up.T @ g
        self.up = self.adam[0].update(self.up, up, RATE)
        self.down = self.adam[1].update(self.down, down, RATE)


for shape in ((24, 16), (16, 24)):
    for case, kind, options in (
        ("low-rank", "none", {}),
        ("lora", "frozen", {}),
        ("qlora", "frozen", {"format": "nf4_double"}),
        ("loftq", "alternating", {"format": "nf4_double", "rounds": 3}),
        ("relora", "merged", {}),
    ):
        run(
            f"{case}_{shape[0]}x{shape[1]}",
            shape,
            {"method": case, "kind": kind, "rank": 4, "scale": 0.5, **options},
            lambda start: Adapter(start, kind, **options),
        )


# Subspaces of the gradient. Everything is [out, in] with in <= out; other matrices are transposed.


def int4(x):
    """Asymmetric, a scale for each row; a margin from the nearest threshold."""
    low, high = x.min(axis=1, keepdims=True), x.max(axis=1, keepdims=True)
    scale = (high - low) / 15
    zero = np.round(low / scale) + 8
    position = x / scale - zero
    # Clamped codes have no threshold.
    inside = (position > -8.4) & (position < 7.4)
    margin = np.abs(position - np.floor(position) - 0.5)[inside].min()
    zero_margin = np.abs(low / scale - np.floor(low / scale) - 0.5).min()
    assert min(margin, zero_margin) > 1e-4
    return scale * (np.clip(np.round(position), -8, 7) + zero)


class Subspace:
    def __init__(self, start, rule, rank=4, scale=0.5, lost=None, refresh=("every", 4),
                 moments="keep", quantized=False, limit=1.01, granularity="channel"):  # fmt: skip
        self.turned = start.shape[1] > start.shape[0]
        self.weight = start.T if self.turned else start
        self.rule, self.rank, self.scale, self.lost = rule, rank, scale, lost
        self.refresh, self.moments, self.quantized = refresh, moments, quantized
        self.limit, self.granularity = limit, granularity
        self.basis, self.norm, self.capture, self.refreshes = None, 0, 1, 0
        self.next, self.gap, self.ranks = 0, 0, []

    def effective(self):
        return self.weight.T if self.turned else self.weight

    def begin(self, step):
        pass

    def new_basis(self, g):
        if self.rule == "scaled":
            source = RandomSource(0).split("weight").split(self.refreshes)
            return source.normal((g.shape[1], self.rank)) / np.sqrt(self.rank)
        _, s, vt = np.linalg.svd(g, full_matrices=False)
        rank = self.rank
        if self.lost is not None:
            left = 1 - np.cumsum(s**2) / (s**2).sum()
            assert np.abs(left - self.lost).min() > 1e-4
            rank = min(self.rank, int(np.argmax(left <= self.lost)) + 1)
        p = vt[:rank].T
        p = p * np.sign(p[np.abs(p).argmax(axis=0), np.arange(rank)])
        return int4(p) if self.quantized else p

    def update(self, step, g):
        g = g.T if self.turned else g
        if step >= self.next:
            old, self.basis = self.basis, self.new_basis(g)
            if old is None:
                self.adam = reference.Adam((g.shape[0], self.basis.shape[1]))
                overlap = 0
            else:
                turn = self.basis.T @ old
                overlap = (turn**2).sum() / min(turn.shape)
                if self.moments == "project":
                    self.adam.first = self.adam.first @ turn.T
                    self.adam.second = self.adam.second @ (turn**2).T
            kind, every = self.refresh[:2]
            if kind == "lazy":
                self.gap = every if self.gap == 0 else self.gap * (2 if overlap >= 0.4 else 1)
            else:
                self.gap = every
            self.next, self.capture = step + self.gap, 1
            self.refreshes += 1
        p = self.basis
        self.ranks.append(p.shape[1])
        r = g @ p
        if self.refresh[0] == "converged":
            self.capture = 0.9 * self.capture + 0.1 * (r**2).sum() / (g**2).sum()
            assert abs(self.capture - self.refresh[2]) > 1e-4
            if self.capture < self.refresh[2]:
                self.next = step + 1
        n = -self.adam.update(np.zeros_like(r), r, 1.0)
        axis = 1 if self.granularity == "channel" else None
        phi = np.linalg.norm(n, axis=axis, keepdims=True) / np.linalg.norm(
            r, axis=axis, keepdims=True
        )
        change = 0
        if self.rule != "scaled":
            change = n @ p.T
        if self.rule != "within":
            rest = phi * (g if self.rule == "scaled" else g - r @ p.T)
            norm = np.linalg.norm(rest)
            shrink = min(1, self.limit * self.norm / norm) if self.norm > 0 else 1
            self.norm = norm * shrink
            change = change + shrink * rest
        self.weight = self.weight - RATE * self.scale * change


for shape in ((24, 16), (16, 24)):
    for case, rule, options in (
        ("galore", "within", {}),
        ("fira", "residual", {}),
        ("apollo", "scaled", {"granularity": "channel", "scale": 1.0}),
        ("apollo-mini", "scaled", {"granularity": "tensor", "rank": 1, "scale": 11.3137}),
        (
            "adarankgrad",
            "within",
            {"lost": 0.1, "rank": 8, "moments": "project", "refresh": ("converged", 4, 0.9)},
        ),
        ("lazy-int4", "within", {"quantized": True, "refresh": ("lazy", 2)}),
    ):
        parameters = {"method": case, "rule": rule, "rank": 4, "scale": 0.5, **options}
        for attempt in range(200):
            try:
                run(
                    f"{case}_{shape[0]}x{shape[1]}",
                    shape,
                    parameters,
                    lambda start: Subspace(start, rule, **options),
                    attempt,
                )
                break
            except AssertionError:
                continue
        else:
            raise RuntimeError(case)

fixture.save()
