"""What a manifest lists: the model, its graphs, its engines and the files."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from fashionsdk._tools import strict_json
from fashionsdk.bundle._limits import MAX_BATCH
from fashionsdk.bundle._quality import Quality
from fashionsdk.values import Posterior

Precision: TypeAlias = Literal["fp32", "fp16", "int8"]
VectorCodec: TypeAlias = Literal["float32", "int8"]
EngineKind: TypeAlias = Literal["tensorrt", "tensorrt-rtx", "aotinductor"]
EnginePrecision: TypeAlias = Literal["fp32", "fp16", "int8", "bf16"]
EngineDevice: TypeAlias = Literal["cpu", "cuda"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ModelInfo:
    """The model that was exported.

    Attributes:
        architecture: such as ``"asen_v2"``.
        backbone: such as ``"resnet50"``.
        embedding_dimension: D.
        digest: the model's digest, 64 hexadecimal digits; only embeddings with the same digest can be compared.
        posteriors: attribute -> where its vectors hold the probabilities of its values; empty if they do not.
        dimensions: attribute -> D_a, how many numbers its compact vectors have; the rest of the D are zeros. Empty if
            all have D.
        codec: how galleries keep the vectors unless told otherwise.
    """

    architecture: str
    backbone: str
    embedding_dimension: int
    digest: str
    posteriors: Mapping[str, Posterior] = field(default_factory=dict, metadata=strict_json.OPTIONAL)
    dimensions: Mapping[str, int] = field(default_factory=dict, metadata=strict_json.OPTIONAL)
    codec: VectorCodec = field(default="float32", metadata=strict_json.OPTIONAL)

    def __post_init__(self) -> None:
        """Check the dimension and the digest."""
        if self.embedding_dimension < 1:
            raise ValueError(f"embedding_dimension is {self.embedding_dimension}; expected 1 or more")
        _check_sha256("digest", self.digest)
        lengths = self.dimensions.values()
        if lengths and not (min(lengths) >= 1 and max(lengths) == self.embedding_dimension):
            raise ValueError(
                f"dimensions are {dict(self.dimensions)}; expected 1 or more each, the largest "
                f"{self.embedding_dimension}"
            )


@dataclass(frozen=True)
class GraphInfo:
    """One ONNX graph: its file, its precision, and how far it was from the reference when it was exported.

    ``quality`` is what it reached on labelled photos; ``None`` if there were none, or if an export before it was
    recorded wrote the bundle.
    """

    file: str
    precision: Precision
    opset: int
    parity: Mapping[str, float]
    quality: Quality | None = field(default=None, metadata=strict_json.OPTIONAL)


@dataclass(frozen=True)
class EngineInfo:
    """One compiled engine: a cache of a graph, for one library version and one architecture.

    Attributes:
        file: its path in the bundle.
        kind: what loads it.
        precision: the graph's; ``"bf16"`` for the fp32 graph in bfloat16.
        library_version: the version that built it, and that alone loads it.
        compute_capability: the GPUs that it runs on, such as ``"8.6,8.9"``; for the CPU its features, such as
            ``"x86-64-v4+avx512bf16"``.
        min_batch: the smallest batch that it runs.
        opt_batch: the batch that it was optimised for.
        max_batch: the largest batch that it runs.
        device: where it runs.
        parity: how far its answers were from the reference when it was built; empty if it was not run then.
    """

    file: str
    kind: EngineKind
    precision: EnginePrecision
    library_version: str
    compute_capability: str
    min_batch: int
    opt_batch: int
    max_batch: int
    device: EngineDevice = field(default="cuda", metadata=strict_json.OPTIONAL)
    parity: Mapping[str, float] = field(default_factory=dict, hash=False, metadata=strict_json.OPTIONAL)

    def __post_init__(self) -> None:
        """Reject an invalid batch range."""
        if not 1 <= self.min_batch <= self.opt_batch <= self.max_batch <= MAX_BATCH:
            raise ValueError(
                f"batch range is {self.min_batch}, {self.opt_batch}, {self.max_batch}; "
                f"expected 1 <= min_batch <= opt_batch <= max_batch <= {MAX_BATCH}"
            )


@dataclass(frozen=True)
class FileInfo:
    """A file's SHA-256, 64 hexadecimal digits, and its size in bytes."""

    sha256: str
    size: int

    def __post_init__(self) -> None:
        """Check the digest and the size."""
        _check_sha256("sha256", self.sha256)
        if self.size < 0:
            raise ValueError(f"size is {self.size}; expected 0 bytes or more")


def _check_sha256(name: str, value: str) -> None:
    if not _SHA256.fullmatch(value):
        raise ValueError(f"{name} is {value!r:.80}; expected 64 lower-case hexadecimal digits")
