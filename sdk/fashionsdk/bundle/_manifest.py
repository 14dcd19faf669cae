"""A bundle's ``manifest.json``; ``docs/bundle-format.md`` is the contract."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fashionsdk._tools import strict_json
from fashionsdk._tools.files import own_digest
from fashionsdk.attributes import Attribute
from fashionsdk.bundle._file_names import MANIFEST_FILE, REFERENCE_FILE, check_file_name
from fashionsdk.bundle._limits import check_sizes
from fashionsdk.bundle._manifest_parts import EngineInfo, FileInfo, GraphInfo, ModelInfo
from fashionsdk.errors import BundleError
from fashionsdk.photos import Preprocessing
from fashionsdk.values import ValueSpace

FORMAT_VERSION = 2


@dataclass(frozen=True)
class Manifest:
    """Everything a bundle says about itself.

    Attributes:
        model: which model this is.
        attributes: the A attributes, in the order of the embeddings' second axis.
        preprocessing: from a photo to the graphs' input.
        attention_shape: ``(h, w)``, or ``None`` for a model without attention maps.
        graphs: the ONNX graphs, at most one a precision; the first is the default.
        engines: compiled engines, caches of the graphs.
        history: the training, a row an epoch.
        metrics: the model's metrics, such as ``{"map": 0.64}``.
        created_by: library versions, such as ``{"torch": "2.6.0"}``.
        extra: anything else.
        files: every file but the manifest itself, by its path in the bundle; filled by `Bundle.write`.

    Raises:
        ValueError: the parts contradict each other.
    """

    model: ModelInfo
    attributes: tuple[Attribute, ...]
    preprocessing: Preprocessing
    attention_shape: tuple[int, int] | None
    graphs: tuple[GraphInfo, ...]
    engines: tuple[EngineInfo, ...] = ()
    history: tuple[Mapping[str, float], ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    created_by: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, FileInfo] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the parts against each other."""
        if not self.attributes or not self.graphs:
            raise ValueError("attributes or graphs is empty; expected at least one of each")
        _check_distinct("attribute", (attribute.name for attribute in self.attributes))
        _check_distinct("graph of precision", (graph.precision for graph in self.graphs))
        if self.attention_shape is not None and min(self.attention_shape) < 1:
            raise ValueError(f"attention_shape is {self.attention_shape}; expected positive h and w, or null")
        most_values = max(len(attribute.values) for attribute in self.attributes)
        check_sizes(len(self.attributes), self.model.embedding_dimension, self.attention_shape, most_values)
        for name in [*self.files, *self.graph_and_engine_files()]:
            check_file_name(name)
        self._check_dimensions()
        self._check_posteriors()

    @property
    def values(self) -> ValueSpace | None:
        """The values that embeddings tell apart; ``None`` if they hold no probabilities."""
        return ValueSpace(self.attributes, self.model.posteriors) if self.model.posteriors else None

    @property
    def dimensions(self) -> Mapping[str, int]:
        """Attribute -> D_a, the length of its vectors."""
        whole = self.model.embedding_dimension
        return {each.name: self.model.dimensions.get(each.name, whole) for each in self.attributes}

    @property
    def extends(self) -> tuple[str, ...]:
        """Digests of the models that attributes were added to until this one: it gives their vectors bit for bit."""
        digests = self.extra.get("extends", ())
        return tuple(each for each in digests if isinstance(each, str)) if isinstance(digests, (list, tuple)) else ()

    def _check_dimensions(self) -> None:
        names = [attribute.name for attribute in self.attributes]
        if self.model.dimensions and list(self.model.dimensions) != names:
            raise ValueError(f"dimensions are of {', '.join(self.model.dimensions)}; expected of {', '.join(names)}")

    def _check_posteriors(self) -> None:
        counts = {attribute.name: len(attribute.values) for attribute in self.attributes}
        for name, posterior in self.model.posteriors.items():
            if not 1 <= counts.get(name, 0) <= self.dimensions.get(name, 0) - posterior.offset:
                raise ValueError(
                    f"posteriors of {name!r} begin at {posterior.offset}; expected an attribute whose "
                    f"values fit into its {self.dimensions.get(name, 0)} numbers"
                )

    def graph_and_engine_files(self) -> list[str]:
        """Return the files of all graphs and engines."""
        return [graph.file for graph in self.graphs] + [engine.file for engine in self.engines]

    def to_bytes(self) -> bytes:
        """Return ``manifest.json``.

        Raises:
            ValueError: a value is not of its declared type, or is not finite.
        """
        encoded = strict_json.encode(self)
        strict_json.decode(Manifest, encoded, "manifest")
        whole = {"format_version": FORMAT_VERSION, own_digest.KEY: own_digest.NO_DIGEST, **encoded}
        return own_digest.with_digest(json.dumps(whole, indent=2, allow_nan=False).encode() + b"\n")

    @classmethod
    def from_bytes(cls, data: bytes) -> "Manifest":
        """Read ``manifest.json``.

        Raises:
            BundleError: it is not a manifest of this version, complete and without unknown keys.
        """
        try:
            value = strict_json.loads(data)
            version = value.pop("format_version", None) if isinstance(value, dict) else None
            digest = value.pop(own_digest.KEY, None) if isinstance(value, dict) else None
        except ValueError as error:
            raise BundleError(f"{MANIFEST_FILE} is not JSON: {error}; export the bundle again") from error
        if type(version) is not int or version != FORMAT_VERSION:
            raise BundleError(
                f"bundle format is {version!r:.60}, this SDK reads {FORMAT_VERSION}; "
                "export the checkpoint again with export/build_engine.py, or install the SDK that wrote it"
            )
        try:
            manifest = strict_json.decode(cls, value, "manifest")
            manifest.check_files()
            own_digest.check_digest(data, digest)
        except ValueError as error:
            raise BundleError(
                f"{MANIFEST_FILE} does not fit format {FORMAT_VERSION}: {error}; copy or export the bundle again"
            ) from error
        return manifest

    def check_files(self) -> None:
        """Check that ``files`` lists every file that the rest of the manifest names.

        Raises:
            ValueError: it does not.
        """
        for name in [REFERENCE_FILE, *self.graph_and_engine_files()]:
            if name not in self.files:
                raise ValueError(f"files lacks {name!r}; expected every graph, every engine and {REFERENCE_FILE}")


def _check_distinct(what: str, names: Iterable[str]) -> None:
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise ValueError(f"{what} {repeated[0]!r} is listed twice; expected once")
