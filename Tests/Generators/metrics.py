"""Measures of classifiers and of predicted numbers by scikit-learn and SciPy."""

import warnings

import numpy as np
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, matthews_corrcoef

from fixture import Fixture, random_generator

# A class that does not occur is left out of a mean.
warnings.filterwarnings("ignore")

fixture = Fixture(
    "metrics",
    "Of truths and answers; macro F1 over the classes that occur.",
    ("scikit-learn", "scipy", "numpy"),
)
for name, classes, count, skill in (
    ("binary", 2, 57, 0.4), ("three", 3, 80, 0.5), ("rare", 7, 12, 0.3), ("constant", 3, 9, 0)
):
    generator = random_generator("metrics/" + name)
    truths = generator.integers(0, classes, count)
    answers = np.where(
        generator.random(count) < skill, truths, generator.integers(0, classes, count)
    )
    if name == "constant":
        answers[:] = 1
    fixture.add(
        name,
        {
            "classes": classes,
            "accuracy": accuracy_score(truths, answers),
            "f1": f1_score(truths, answers) if classes == 2 else None,
            "macro_f1": f1_score(truths, answers, average="macro"),
            "matthews": matthews_corrcoef(truths, answers),
        },
        truths=truths,
        answers=answers,
        confusion=confusion_matrix(truths, answers, labels=range(classes)),
    )
for name, decimals in (("numbers", 6), ("ties", 0)):
    generator = random_generator("metrics/" + name)
    x = generator.normal(2, 1.5, 41).round(decimals).astype(np.float32)
    y = (0.5 * x + generator.normal(0, 1, 41)).round(decimals).astype(np.float32)
    a, b = x.astype(float), y.astype(float)
    fixture.add(
        name, {"pearson": pearsonr(a, b)[0], "spearman": spearmanr(a, b)[0]}, x=x, y=y
    )
fixture.save()
