"""GGUF files written by the gguf package: metadata of every type, tensors of every type that it
quantises, another alignment, no tensors at all, and texts that are no UTF-8; blocks of every type that is
read and not written here, with the values that the package gives for them."""

import pathlib

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import GGUFValueType as Value

from fixture import Fixture, f32, random_generator

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "Fixtures" / "gguf"
FOLDER.mkdir(exist_ok=True)


def write(name, fill, alignment=None):
    path = FOLDER / f"{name}.gguf"
    writer = gguf.GGUFWriter(str(path), "test")
    if alignment:
        writer.add_custom_alignment(alignment)
    fill(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    path.chmod(0o644)
    print(f"{path.name}: {path.stat().st_size} bytes")


def metadata(writer):
    writer.add_uint8("n.uint8", 200)
    writer.add_int8("n.int8", -100)
    writer.add_uint16("n.uint16", 60_000)
    writer.add_int16("n.int16", -30_000)
    writer.add_uint32("n.uint32", 4_000_000_000)
    writer.add_int32("n.int32", -2_000_000_000)
    writer.add_float32("n.float32", 0.1)
    writer.add_bool("n.bool", True)
    writer.add_string("n.string", "grün 🌱")
    writer.add_uint64("n.uint64", 2**64 - 1)
    writer.add_int64("n.int64", -(2**63))
    writer.add_float64("n.float64", 0.1)
    arrays = {
        "uint8": (Value.UINT8, [0, 255]),
        "int8": (Value.INT8, [-128, 127]),
        "uint16": (Value.UINT16, [65_535]),
        "int16": (Value.INT16, [-32_768, 5]),
        "uint32": (Value.UINT32, [1, 2, 3]),
        "int32": (Value.INT32, [-1]),
        "float32": (Value.FLOAT32, [0.5, -1.5]),
        "bool": (Value.BOOL, [True, False]),
        "string": (Value.STRING, ["", "a", "Ġthe"]),
        "uint64": (Value.UINT64, [2**63]),
        "int64": (Value.INT64, [-5, 5]),
        "float64": (Value.FLOAT64, [1e300]),
    }
    for name, (kind, values) in arrays.items():
        writer.add_key_value(f"a.{name}", values, Value.ARRAY, sub_type=kind)


def tensors(writer):
    x = f32(random_generator("gguf_tensors").standard_normal((3, 64)))
    writer.add_tensor("f32", x)
    writer.add_tensor("f16", x.astype(np.float16))
    for name, kind in {
        "bf16": Type.BF16,
        "q8_0": Type.Q8_0,
        "q4_0": Type.Q4_0,
        "q4_1": Type.Q4_1,
    }.items():
        writer.add_tensor(f"{name}.weight", gguf.quantize(x, kind), raw_dtype=kind)
    writer.add_tensor("vector", f32([1, 2, 3]))
    writer.add_tensor("cube", f32(np.arange(24).reshape(2, 3, 4)))


def everything(writer):
    metadata(writer)
    tensors(writer)
    # Types that are not written here, and one that is not read.
    writer.add_tensor("i32", np.arange(5, dtype=np.int32))
    writer.add_tensor("mxfp4.weight", np.zeros((3, 34), np.uint8), raw_dtype=Type.MXFP4)


# Where a block of each type has its half-precision steps and offsets, by bytes.
HALVES = {
    Type.Q5_0: [0],
    Type.Q5_1: [0, 2],
    Type.Q2_K: [80, 82],
    Type.Q3_K: [108],
    Type.Q4_K: [0, 2],
    Type.Q5_K: [0, 2],
    Type.Q6_K: [208],
    Type.IQ4_NL: [0],
    Type.IQ4_XS: [0],
}


def blocks(writer):
    """Random codes, scales included; every bit of a block but those of its steps is free."""
    fixture = Fixture("gguf_read_blocks", "blocks dequantised by the gguf package", ["gguf", "numpy"])
    for kind, places in HALVES.items():
        elements, size = gguf.GGML_QUANT_SIZES[kind]
        generator = random_generator(f"gguf_{kind.name}")
        data = generator.integers(0, 256, (2, 512 // elements, size), dtype=np.uint8)
        for place in places:
            steps = generator.standard_normal((2, 512 // elements, 1)).astype(np.float16)
            data[..., place : place + 2] = steps.view(np.uint8)
        data = data.reshape(2, -1)
        writer.add_tensor(f"{kind.name}.weight", data, raw_dtype=kind)
        fixture.add(kind.name, values=gguf.dequantize(data, kind))
    fixture.save()


def texts(writer):
    writer.add_array("texts", [b"a", b"\xff\xfe", "ü".encode()])
    writer.add_tensor("a", f32([1, 2]))


write("everything", everything)
write("aligned", tensors, alignment=128)
write("metadata", metadata)
write("blocks", blocks)
write("texts", texts)
