"""Writes a fixture: NAME.safetensors with tensors "case/tensor", and NAME.json with the parameters
of every case and the versions of the programs that computed the expected values."""

import importlib.metadata
import json
import pathlib
import zlib

import numpy as np
from safetensors.numpy import save_file

DIRECTORY = pathlib.Path(__file__).resolve().parent.parent / "Fixtures"


def random_generator(label):
    """Every case draws from its own stream, so adding a case leaves the others unchanged."""
    return np.random.default_rng(zlib.crc32(label.encode()))


def f32(array):
    return np.asarray(array, dtype=np.float32)


class Fixture:
    def __init__(self, name, note, programs=("numpy",)):
        self.name = name
        self.note = note
        self.versions = {p: importlib.metadata.version(p).split("+")[0] for p in programs}
        self.tensors = {}
        self.cases = {}

    def add(self, case, parameters=None, /, **tensors):
        """Doubles are rounded to float32, integers other than bytes become int32."""
        assert case not in self.cases, case
        self.cases[case] = parameters or {}
        for key, value in tensors.items():
            array = np.asarray(value)
            if array.dtype == np.float64:
                array = array.astype(np.float32)
            elif array.dtype.kind in "iu" and array.dtype != np.uint8:
                array = array.astype(np.int32)
            assert array.dtype in (np.float32, np.int32, np.uint8), (case, key, array.dtype)
            self.tensors[f"{case}/{key}"] = np.ascontiguousarray(array)

    def save(self):
        DIRECTORY.mkdir(exist_ok=True)
        path = DIRECTORY / f"{self.name}.safetensors"
        save_file(self.tensors, path)
        path.chmod(0o644)
        lines = [
            f"  {json.dumps(k)}: {json.dumps(v, allow_nan=False)}" for k, v in self.cases.items()
        ]
        header = f'"note": {json.dumps(self.note)},\n"versions": {json.dumps(self.versions)},\n'
        text = "{" + header + '"cases": {\n' + ",\n".join(lines) + "\n}}\n"
        json.loads(text)
        path.with_suffix(".json").write_text(text)
        size = path.stat().st_size
        print(f"{path.name}: {len(self.cases)} cases, {len(self.tensors)} tensors, {size} bytes")
        assert size < 1_000_000, "a fixture stays below one megabyte"
