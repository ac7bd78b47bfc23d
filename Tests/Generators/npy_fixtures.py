"""Writes the .npy files that Tests/TensorFilesTests reads, with NumPy itself."""

import pathlib

import numpy as np

DIRECTORY = pathlib.Path(__file__).resolve().parent.parent / "Fixtures" / "npy"


def save(name, array, version=None):
    with open(DIRECTORY / f"{name}.npy", "wb") as file:
        np.lib.format.write_array(file, array, version=version)


def main():
    DIRECTORY.mkdir(exist_ok=True)
    # Element i of every array is 3 i - 5 in row-major order, in bytes modulo 256.
    for code in ("f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1"):
        save(code, (3 * np.arange(24) - 5).astype(code).reshape(2, 3, 4))
    values = (3 * np.arange(24) - 5).astype(np.float32)
    save("fortran", np.asfortranarray(values.reshape(2, 3, 4)))
    save("fortran_matrix", np.asfortranarray(values.reshape(6, 4)).astype(np.int64, order="F"))
    save("vector", values)
    save("scalar", values[0].reshape(()))
    save("empty", values[:0].reshape(0, 3))
    save("version2", values.reshape(4, 6), version=(2, 0))
    save("version3", values.reshape(4, 6), version=(3, 0))
    save("truth", np.array([True, False, True]))
    save("big_endian", values.astype(">f4"))
    save("big_endian_integers", values.reshape(4, 6).astype(">i8", order="F"))
    # As Python 2 wrote sizes; this NumPy reads them.
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (4L, 6L), }"
    header += b" " * (117 - len(header)) + b"\n"
    (DIRECTORY / "python2.npy").write_bytes(b"\x93NUMPY\x01\x00v\x00" + header + values.tobytes())
    assert np.array_equal(np.load(DIRECTORY / "python2.npy"), values.reshape(4, 6))
    with open(DIRECTORY / "several.npy", "wb") as file:
        np.save(file, values)
        np.save(file, (2 * values).astype(">f8").reshape(4, 6))
    np.savez(DIRECTORY / "several.npz", values=values, doubled=2.0 * values.reshape(4, 6))
    np.savez_compressed(DIRECTORY / "compressed.npz", values=values)
    # Refused.
    save("complex", values.astype(np.complex64))
    save("text", np.array(["a", "b"]))
    save("records", np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")]))
    save("objects", np.array([{}, None], dtype=object))


main()
