"""The 8 x 8 optical digits that ship with scikit-learn: 1797 images with 17 grey levels."""

import numpy as np
from sklearn.datasets import load_digits

from fixture import Fixture

digits = load_digits()
assert digits.data.shape == (1797, 64) and digits.data.max() == 16

fixture = Fixture(
    "digits",
    "pixels [1797, 64], row-major 8 x 8, 0...16; labels 0...9. Optical Recognition of Handwritten "
    "Digits (E. Alpaydin, C. Kaynak), UCI Machine Learning Repository, CC BY 4.0.",
    ("scikit-learn",),
)
fixture.add("digits", pixels=digits.data.astype(np.uint8), labels=digits.target.astype(np.uint8))
fixture.save()
