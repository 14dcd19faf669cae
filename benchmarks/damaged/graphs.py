"""Damaged graphs in bundles whose manifests name them, in each runtime of this machine."""

import os
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

from damaged import bytes_damage
from damaged.small_bundle import ATTRIBUTES, SIDE, copy_with, small_bundle
from fashionsdk import Embedder, FashionSDKError
from fashionsdk.backends import RUNTIMES, Runtime
from fashionsdk.bundle import FileInfo

IMAGES = 2


class Graphs:
    """Graphs of a small bundle, opened and run."""

    refusals: tuple[type[Exception], ...] = (FashionSDKError,)

    def __init__(self, folder: Path, seed: int) -> None:
        self._seed, self._bundle = seed, small_bundle(folder)
        self._trial = folder / f"graphs-{os.getpid()}"
        self._file = self._bundle.manifest.graphs[0].file
        self._data = (self._bundle.path / self._file).read_bytes()
        self._runtimes = [name for name, runtime in RUNTIMES.items() if runtime.runs_graphs and _runs(runtime)]
        self._images = np.random.default_rng(0).integers(0, 256, (IMAGES, SIDE, SIDE, 3), np.uint8)
        self._next = 0

    def damaged(self, index: int) -> tuple[str, bytes]:
        """Return graph ``index``: damaged bytes and damaged nodes take turns, runtimes too."""
        rng = np.random.default_rng([self._seed, index])
        self._next = index // 2 % len(self._runtimes)
        way = "bytes" if index % 2 else "nodes"
        data = bytes_damage.damage(self._data, rng, self._data) if index % 2 else damage_nodes(self._data, rng)
        return f"{way}, {self._runtimes[self._next]}", data

    def read(self, content: bytes) -> None:
        """Open the bundle with the graph, and embed two images."""
        manifest = self._bundle.manifest
        files = {**manifest.files, self._file: FileInfo(sha256(content).hexdigest(), len(content))}
        copy_with(self._bundle, self._trial, replace(manifest, files=files).to_bytes(), content)
        with Embedder(self._trial, device="cpu", runtime=self._runtimes[self._next]) as embedder:
            answer = embedder.embed(self._images, attention=True)
        assert answer.vectors.shape[:2] == (IMAGES, ATTRIBUTES), answer.vectors.shape
        assert np.isfinite(answer.vectors).all(), "vectors are not finite"


def _runs(runtime: Runtime) -> bool:
    """Tell whether a runtime is installed and runs graphs on a CPU."""
    return "fp32" in runtime.precisions.get("cpu", ()) and find_spec(runtime.module) is not None


def damage_nodes(data: bytes, rng: np.random.Generator) -> bytes:
    """Return a graph that is still an ONNX model, with one to three changes to its parts."""
    model = onnx.load_from_string(data)
    for _ in range(rng.integers(1, 4)):
        _CHANGES[rng.integers(len(_CHANGES))](model.graph, rng)
    changed: bytes = model.SerializeToString()
    return changed


def _node(graph: onnx.GraphProto, rng: np.random.Generator) -> onnx.NodeProto:
    return graph.node[rng.integers(len(graph.node))]


def _other_operator(graph: onnx.GraphProto, rng: np.random.Generator) -> None:
    names = ("Loop", "If", "Scan", "Expand", "Tile", "Identity", "ConstantOfShape", "Relu", "Exp", "Nothing", "")
    _node(graph, rng).op_type = names[rng.integers(len(names))]


def _other_domain(graph: onnx.GraphProto, rng: np.random.Generator) -> None:
    _node(graph, rng).domain = ("com.microsoft", "org.openvinotoolkit", "\0")[rng.integers(3)]


def _other_attribute(graph: onnx.GraphProto, rng: np.random.Generator) -> None:
    for attribute in _node(graph, rng).attribute:
        value = bytes_damage.EXTREMES[rng.integers(len(bytes_damage.EXTREMES))]
        if attribute.ints:
            attribute.ints[rng.integers(len(attribute.ints))] = value
        elif attribute.HasField("i"):
            attribute.i = value


def _other_inputs(graph: onnx.GraphProto, rng: np.random.Generator) -> None:
    one, other = _node(graph, rng), _node(graph, rng)
    if one.input and other.output:
        one.input[rng.integers(len(one.input))] = other.output[0]


def _without_a_node(graph: onnx.GraphProto, rng: np.random.Generator) -> None:
    graph.node.remove(_node(graph, rng))


def _other_weights(graph: onnx.GraphProto, rng: np.random.Generator) -> None:
    tensor = graph.initializer[rng.integers(len(graph.initializer))]
    match rng.integers(4):
        case 0 if tensor.dims:
            tensor.dims[0] = bytes_damage.EXTREMES[rng.integers(len(bytes_damage.EXTREMES))]
        case 1:
            tensor.raw_data = b"\xff" * len(tensor.raw_data)  # NaN
        case 2:
            tensor.data_location = TensorProto.EXTERNAL
            entry = tensor.external_data.add()
            entry.key, entry.value = "location", ("/etc/passwd", "*/_ORT_MEM_ADDR_/*", "../x")[rng.integers(3)]
        case _:
            tensor.data_type = int(rng.integers(0, 24))


def _other_outputs(graph: onnx.GraphProto, rng: np.random.Generator) -> None:
    graph.output[rng.integers(len(graph.output))].name = _node(graph, rng).output[0]


_CHANGES: tuple[Callable[[onnx.GraphProto, np.random.Generator], None], ...] = (
    _other_operator,
    _other_domain,
    _other_attribute,
    _other_inputs,
    _without_a_node,
    _other_weights,
    _other_outputs,
)
