"""NumPy's side of the table for its users, in double from float32 operands, rounded once.

The rows are the lines `check("NumPy", ours)` of NumPyTableTests.swift. Writes the fixture with NumPy's
results and the table of Docs.docc/NumPy.md."""

import pathlib
import re

import numpy as np

from fixture import Fixture, f32, random_generator

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT / "Tests/TensorsTests/NumPy/NumPyTableTests.swift"
ARTICLE = ROOT / "Docs.docc/NumPy.md"

fixture = Fixture("numpy_table", "NumPy's results for each expression.")


def wide(label, *shape):
    return f32(random_generator(label).standard_normal(shape)).astype(np.float64)


x, y, v, w = wide("x", 3, 4, 5), wide("y", 3, 4, 5), wide("v", 12), wide("w", 12)
p = f32(np.abs(wide("p", 12)) + 0.1).astype(np.float64)
u = f32(np.tanh(wide("u", 12))).astype(np.float64)
h = wide("h", 4, 6)
h[0, 2] = h[1, 0] = h[1, 5] = h[3, 3] = np.nan
m, g, t = wide("m", 4, 4), wide("g", 3, 4, 4), wide("t", 5, 3)
s = f32(m @ m.T + np.eye(4)).astype(np.float64)
s = (s + s.T) / 2
i = random_generator("i").integers(0, 6, 12)
j = random_generator("j").integers(1, 7, 12)
b, c = x > 0, v > 0
OPERANDS = {k: globals()[k] for k in "x y v w p u h m g s t i j".split()}
fixture.add("operands", {}, **{k: np.asarray(a) for k, a in OPERANDS.items()})


def parts(result):
    if isinstance(result, (list, tuple)) and not all(isinstance(r, int) for r in result):
        return [q for r in result for q in parts(r)]
    array = np.asarray(result)
    if np.iscomplexobj(array):
        return [array.real, array.imag]
    return [array.astype(np.float64)]


def calls(text):
    """What stands between the parentheses of each `check(...)`, on one line, with the test's title."""
    heading = ""
    for start in re.finditer(r'@Test\("(.*?)"\)|^    check\(', text, re.MULTILINE):
        if start[1]:
            heading = start[1]
            continue
        end, depth = start.end(), 1
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        call = re.sub(r"\s+", " ", text[start.end() : end - 1]).strip()
        expression, ours = re.match(r'"(.*?)", (.*)$', call).groups()
        yield heading, expression, ours.replace("( ", "(").replace("[ ", "[")


rows = list(calls(SOURCE.read_text()))
for _, expression, _ in rows:
    results = parts(eval(expression))
    fixture.add(expression, {"parts": len(results)}, **{f"result{k}": a for k, a in enumerate(results)})
public = lambda module: [n for n in module.__all__ if n not in ("LinAlgError", "test")]
fixture.cases["names"] = {
    "numpy": (pathlib.Path(__file__).parent / "numpy_names.txt").read_text().split(),
    "linalg": public(np.linalg),
    "fft": public(np.fft),
}
fixture.save()

# The article escapes nothing in code but the bar, which would end a cell.
lines, heading = [], None
for title, expression, ours in rows:
    if title != heading:
        lines += ["", f"### {title}", "", "| NumPy | Tensors |", "|---|---|"]
        heading = title
    cell = lambda text: "`" + re.sub(" +", " ", text).replace("|", "\\|") + "`"
    lines.append(f"| {cell(expression)} | {cell(ours)} |")
before, rest = ARTICLE.read_text().split("<!-- rows -->")
after = rest.split("<!-- end -->")[1]
ARTICLE.write_text(before + "<!-- rows -->\n" + "\n".join(lines).strip() + "\n\n<!-- end -->" + after)
