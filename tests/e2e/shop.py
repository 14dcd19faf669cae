"""A shop whose model is made by hand, so that anyone can tell what it should answer: it sees colours and tones.

A photo's embedding for an attribute holds the roots of probabilities, which are softmaxes of the photo's mean colour.
"""

import itertools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from fashionsdk import Embedder, Matcher
from fashionsdk.attributes import Attribute
from fashionsdk.bundle import Bundle, GraphInfo, Manifest, ModelInfo, Reference
from fashionsdk.photos import Preprocessing
from fashionsdk.search import bundle_contract
from fashionsdk.values import Applicability, Posterior
from fashionsdk_training.garments import draw

SIDE, DIMENSION, CELLS = 16, 3, 4  # S, D, and h = w
SHARP = 12.0  # how sure the model is of a colour
ATTRIBUTES = (
    Attribute("colour", ("red", "green", "blue")),
    Attribute("tone", ("dark", "light")),
    Attribute("sleeve_length", ("short", "long")),
)
# A blue item has no sleeve.
APPLIES = Applicability("colour", {"red": 1.0, "green": 1.0, "blue": 0.01})
# Logits (colour, tone, sleeve) of mean red, green, blue, 0 to 1. A sleeve is longer the more green there is.
LOGITS = SHARP * np.array(
    [[1, 0, 0, -1, 1, 0, 0], [0, 1, 0, -1, 1, -2, 2], [0, 0, 1, -1, 1, 0, 0]], np.float32
)  # (3, 3 + 2 + 2)
OFFSETS = np.array([0, 0, 0, 0.45 * 3 * SHARP, -0.45 * 3 * SHARP, 0.4 * SHARP, -0.4 * SHARP], np.float32)
ENDS = (0, 3, 5, 7)  # of the attributes' logits

TINTS = {"red": (215, 30, 40), "green": (40, 180, 60), "blue": (30, 60, 210)}
TONES = (0.55, 0.8, 1.0)
HOSTILE_KEY = "<img src=x onerror=window.owned=1>.jpg"
HOSTILE_VALUE = "<b onmouseover=window.owned=2>Zara</b>"


def answers(images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return embeddings (B, A, D) and attention (B, A, h, w), computed by numpy."""
    step = SIDE // CELLS
    cells = images.reshape(-1, CELLS, step, CELLS, step, 3).mean(axis=(2, 4)) / 255
    logits = cells.mean(axis=(1, 2)) @ LOGITS + OFFSETS
    vectors = np.zeros((len(images), len(ATTRIBUTES), DIMENSION))
    for place, (begin, end) in enumerate(itertools.pairwise(ENDS)):
        raised = np.exp(logits[:, begin:end])
        vectors[:, place, : end - begin] = np.sqrt(raised / raised.sum(axis=1, keepdims=True))
    heat = np.exp(cells.sum(axis=3))
    heat /= heat.sum(axis=(1, 2), keepdims=True)
    return vectors.astype(np.float32), np.repeat(heat[:, None], len(ATTRIBUTES), axis=1).astype(np.float32)


def graph() -> onnx.ModelProto:
    """Return the same computation as an ONNX graph."""
    step, count = SIDE // CELLS, len(ATTRIBUTES)
    constants: dict[str, Any] = {
        "scale": np.array(255, np.float32),
        "row_shape": np.array([0, 1, -1]),
        "map_shape": np.array([0, 1, CELLS, CELLS]),
        "ones": np.ones((1, 3, 1, 1), np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["images"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["float", "scale"], ["unit"]),
        helper.make_node("Transpose", ["unit"], ["nchw"], perm=[0, 3, 1, 2]),
        helper.make_node("AveragePool", ["nchw"], ["cells"], kernel_shape=[step] * 2, strides=[step] * 2),
        helper.make_node("GlobalAveragePool", ["cells"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["colour"]),
        helper.make_node("Conv", ["cells", "ones"], ["heat"]),
        helper.make_node("Reshape", ["heat", "row_shape"], ["row"]),
        helper.make_node("Softmax", ["row"], ["weights"], axis=-1),
        helper.make_node("Reshape", ["weights", "map_shape"], ["map"]),
        helper.make_node("Concat", ["map"] * count, ["attention"], axis=1),
    ]
    for place, (begin, end) in enumerate(itertools.pairwise(ENDS)):
        constants |= _vector_constants(place, begin, end)
        nodes += _vector_nodes(place)
    vectors = [f"vector{place}" for place in range(count)]
    nodes.append(helper.make_node("Concat", vectors, ["embeddings"], axis=1))
    outputs = {"embeddings": ["B", count, DIMENSION], "attention": ["B", count, CELLS, CELLS]}
    made = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["B", SIDE, SIDE, 3])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def _vector_constants(place: int, begin: int, end: int) -> dict[str, Any]:
    fill = np.zeros((end - begin, DIMENSION), np.float32)
    np.fill_diagonal(fill, 1)
    constants = {"logits": LOGITS[:, begin:end], "offsets": OFFSETS[begin:end], "fill": fill}
    return {f"{name}{place}": value for name, value in constants.items()} | {"axis": np.array([1])}


def _vector_nodes(place: int) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Gemm", ["colour", f"logits{place}", f"offsets{place}"], [f"said{place}"]),
        helper.make_node("Softmax", [f"said{place}"], [f"probable{place}"], axis=-1),
        helper.make_node("Sqrt", [f"probable{place}"], [f"root{place}"]),
        helper.make_node("MatMul", [f"root{place}", f"fill{place}"], [f"filled{place}"]),  # (B, D)
        helper.make_node("Unsqueeze", [f"filled{place}", "axis"], [f"vector{place}"]),
    ]


def write_bundle(out: Path, *, values: bool = True) -> Path:
    """Write the model's bundle; without values its vectors are the same, but nobody says what they hold."""
    posteriors = {"colour": Posterior(0, 1.0), "tone": Posterior(0, 1.0), "sleeve_length": Posterior(0, 1.0, APPLIES)}
    model = ModelInfo("colours", "none", DIMENSION, digest="c0104f5e" * 8)
    manifest = Manifest(
        model=replace(model, posteriors=posteriors if values else {}),
        attributes=ATTRIBUTES,
        preprocessing=Preprocessing(SIDE, fit="pad"),
        attention_shape=(CELLS, CELLS),
        graphs=(GraphInfo("model.fp32.onnx", "fp32", 17, {"max_abs_difference": 1e-6, "min_cosine": 1.0}),),
    )
    images = np.random.default_rng(1).integers(0, 256, (4, SIDE, SIDE, 3), dtype=np.uint8)
    file = out.with_suffix(".onnx")
    onnx.save(graph(), file)
    return Bundle.write(
        out, manifest=manifest, graphs={"model.fp32.onnx": file}, reference=Reference(images, *answers(images))
    ).path


def garment(index: int, tint: str, tone: float, side: int = 160) -> Image.Image:
    """Return a generated garment that is tinted, wider than it is high."""
    colour = tuple(round(part * tone) for part in TINTS[tint])
    plain = Image.new("RGB", (side, side), colour)
    return Image.blend(draw(index, seed=3, side=side).image, plain, 0.75)


def write_photos(folder: Path) -> Mapping[str, dict[str, Any]]:
    """Write the items' photos; return their metadata by key."""
    folder.mkdir(parents=True)
    items: dict[str, dict[str, Any]] = {}
    for index in range(36):
        tint, tone = list(TINTS)[index % 3], TONES[index // 3 % 3]
        key = f"{tint}-{index:02}.jpg"
        garment(index, tint, tone).save(folder / key, quality=92)
        items[key] = {
            "brand": ("Norden", "Füchse", "Mar de Lino")[index // 3 % 3],
            "price": 10 + 5 * index,
            "product": f"P{index // 6}",
            "sale": index % 2 == 0,
            "tags": ["new"] if index < 6 else [],
        }
    garment(40, "red", 0.7).save(folder / HOSTILE_KEY, format="JPEG")
    items[HOSTILE_KEY] = {"brand": HOSTILE_VALUE, "price": 999, "<i>field</i>": "=1+1"}
    return items


def write_gallery(out: Path, bundle: Path, photos: Path, items: Mapping[str, dict[str, Any]]) -> str:
    """Write the gallery file of a bundle."""
    with Embedder(bundle) as embedder:
        gallery = Matcher.open("memory:", contract=bundle_contract(embedder.bundle, "fp32"))
        gallery.add(list(items), embedder.embed([photos / key for key in items]), list(items.values()))
        gallery.save(out)
    return str(out)
