"""The tiny hand-made bundle of the SDK's tests as model repositories, and Triton's own schema to read them with."""

# ruff: noqa: F811 (a fixture takes others by their names)

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest
from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig

from fashionsdk.attributes import Attribute
from fashionsdk.bundle import Bundle, EngineInfo, Manifest, Reference
from fashionsdk_export.triton import TritonConfig, write_repository
from tests.sdk.conftest import (  # noqa: F401 (fixtures)
    DIMENSION,
    TinyModel,
    bundle,
    graph_file,
    jpeg_bytes,
    manifest,
    photos,
    reference,
    tiny_model,
    write_bundle,
)

ODD_NAME = 'sleeve "length", é'  # of an attribute, which becomes an output's name
LENGTHS = {"neckline": 8, ODD_NAME: 5, "colour": 3}


@pytest.fixture(scope="session")
def compact(
    manifest: Manifest,
    reference: Reference,
    tmp_path_factory: pytest.TempPathFactory,
) -> Bundle:
    """A bundle whose attributes have vectors of different lengths, and one of them an odd name."""
    folder, tiny = tmp_path_factory.mktemp("compact"), TinyModel()
    for position, length in enumerate(LENGTHS.values()):
        for weights in (tiny.projection, tiny.bias):
            weights.reshape(-1, len(LENGTHS), DIMENSION)[:, position, length:] = 0
    onnx.save(tiny.graph(), folder / "tiny.onnx")
    attributes = tuple(
        Attribute(ODD_NAME, each.values) if each.name == "sleeve" else each for each in manifest.attributes
    )
    model = replace(manifest.model, dimensions=LENGTHS, codec="int8")
    return Bundle.write(
        folder / "bundle",
        manifest=replace(manifest, model=model, attributes=attributes),
        graphs={"model.fp32.onnx": folder / "tiny.onnx"},
        reference=Reference(reference.images, *tiny.answers(reference.images)),
    )


@pytest.fixture
def with_engines(
    tmp_path: Path,
    manifest: Manifest,
    reference: Reference,
    graph_file: Path,
) -> Callable[[Sequence[EngineInfo]], Bundle]:
    """Return a function that writes a bundle of these engines. Their files hold their names: nobody runs them here."""

    def write(engines: Sequence[EngineInfo]) -> Bundle:
        files = {"model.fp32.onnx": graph_file}
        for number, engine in enumerate(engines):
            files[engine.file] = tmp_path / f"{number}.engine"
            files[engine.file].write_text(engine.file)
        return Bundle.write(
            tmp_path / "with-engines",
            manifest=replace(manifest, engines=tuple(engines)),
            graphs=files,
            reference=reference,
        )

    return write


def engine(capability: str = "9.0", library: str = "10.7.0", kind: Any = "tensorrt", **changes: Any) -> EngineInfo:
    """Return the manifest's entry of an engine."""
    return replace(
        EngineInfo(f"engines/{kind}-{library}-{capability}.engine", kind, "fp32", library, capability, 1, 8, 16),
        **changes,
    )


def written(bundle: Bundle, out: Path, **settings: Any) -> dict[str, ModelConfig]:
    """Write a repository; return each model's configuration, read by Triton's own schema."""
    repository = write_repository(bundle, out, TritonConfig(**settings))
    configs = {path.parent.name: parsed(path) for path in sorted(out.glob("*/config.pbtxt"))}
    assert sorted(configs) == sorted(model.name for model in repository.models)
    return configs


def parsed(path: Path) -> ModelConfig:
    """Return a configuration as the server reads it: a field that its schema does not know is an error."""
    return text_format.Parse(path.read_text(encoding="utf-8"), ModelConfig())


def graph_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shape of each input and output of a graph without the batch, as ONNX's own reader gives it."""
    graph = onnx.load(path).graph
    return {
        value.name: tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim[1:])
        for value in (*graph.input, *graph.output)
    }
