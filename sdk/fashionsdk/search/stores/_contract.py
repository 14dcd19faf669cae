"""What every vector of a gallery must come from, checked wherever vectors or queries enter."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, get_args

from fashionsdk._tools.whole_number import whole_number
from fashionsdk.errors import GalleryError
from fashionsdk.search.scan import CODECS, Codec


@dataclass(frozen=True)
class Contract:
    """What every vector of a gallery comes from, and how it is kept.

    Attributes:
        digest: the model's digest: its weights, preprocessing and attributes.
        dimensions: attribute -> D_a, the length of its vectors, in the attributes' order.
        codec: ``"float32"``, or ``"int8"``: a quarter of the bytes, and searches twice as fast, for one neighbour in
            fifty.
        precision: of the graph that made the vectors, such as ``"fp32"``; ``None`` if it is not known.
        preprocessing: how photos became pixels, as JSON text; ``None`` if it is not known.

    Raises:
        TypeError: a part is of another type.
        ValueError: there is no attribute, a dimension is below 1, or the codec is unknown.
    """

    digest: str
    dimensions: Mapping[str, int]
    codec: Codec = "float32"
    precision: str | None = None
    preprocessing: str | None = None

    def __post_init__(self) -> None:
        """Check the parts."""
        if not isinstance(self.digest, str):
            raise TypeError(f"digest is {self.digest!r:.60}; expected the model's digest, as embedder.model")
        if not isinstance(self.dimensions, Mapping) or not all(isinstance(name, str) for name in self.dimensions):
            raise TypeError(f"dimensions is {self.dimensions!r:.60}; expected attribute -> length of its vectors")
        if not self.dimensions:
            raise ValueError("dimensions is empty; expected at least one attribute")
        checked = {name: whole_number(length, "dimension") for name, length in self.dimensions.items()}
        object.__setattr__(self, "dimensions", checked)
        for name in ("precision", "preprocessing"):
            if not isinstance(getattr(self, name), str | None):
                raise TypeError(f"{name} is {getattr(self, name)!r:.60}; expected text, or None if it is not known")
        if self.codec not in get_args(Codec):
            raise ValueError(f"codec is {self.codec!r}; expected {' or '.join(map(repr, CODECS))}")

    @classmethod
    def of(cls, attributes: Iterable[str], dimension: int, digest: str, **more: Any) -> "Contract":
        """Return a contract whose attributes all have vectors of one length; ``more`` are the other parts.

        Raises:
            TypeError: ``attributes`` is one string.
            ValueError: no attribute, one named twice, or a dimension below 1.
        """
        if isinstance(attributes, str):
            raise TypeError(f"attributes is the string {attributes!r}; expected a list of names")
        names = tuple(attributes)
        if not names or len(set(names)) != len(names):
            raise ValueError(f"attributes {names}; expected at least one attribute, each once")
        return cls(digest, dict.fromkeys(names, whole_number(dimension, "dimension")), **more)

    def check(self, other: "Contract", *, what: str, codec: bool = True, alike: Collection[str] = ()) -> None:
        """Check that vectors of another contract may enter; what is not known on one side is not compared.

        Args:
            other: whose vectors or queries are to enter.
            what: what they are, for the message.
            codec: whether the codecs must agree. Vectors may be converted on their way.
            alike: precisions of the model that were proved to rank alike, so that they may meet.

        Raises:
            GalleryError: they may not.
        """
        for name in (field.name for field in fields(self)):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine == theirs or None in (mine, theirs) or (name == "codec" and not codec):
                continue
            if name == "precision" and mine in alike and theirs in alike:
                continue
            raise GalleryError(
                f"{what} has the {_NAMES[name]} {_text(theirs)}, expected {_text(mine)}: {_ADVICE[name]}"
            )

    def parts(self) -> dict[str, str]:
        """Return each part by its name, as text to read."""
        return {each.name: _text(getattr(self, each.name)) for each in fields(self)}

    def to_json(self) -> dict[str, Any]:
        """Return the contract as JSON, from which `from_json` makes it again."""
        parts = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**parts, "dimensions": [list(pair) for pair in self.dimensions.items()]}

    @classmethod
    def from_json(cls, value: Any) -> "Contract":
        """Return the contract that `to_json` wrote.

        Raises:
            ValueError: it is none.
        """
        try:
            contract = cls(**{**value, "dimensions": dict(value["dimensions"])})
            if len(contract.dimensions) != len(value["dimensions"]):
                raise ValueError("an attribute is there twice")
            return contract
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"its contract cannot be read: {error}") from error

    def with_codec(self, codec: Codec) -> "Contract":
        """Return the same contract with another codec."""
        return replace(self, codec=codec)


_NAMES = {
    "digest": "model",
    "dimensions": "attributes and dimensions",
    "codec": "codec",
    "precision": "precision",
    "preprocessing": "preprocessing",
}
_SAME_BUNDLE = "scores between models mean nothing; embed both with the same bundle"
_ADVICE = {
    "digest": _SAME_BUNDLE,
    "dimensions": _SAME_BUNDLE,
    "codec": "leave the codec out to take the gallery's, or copy the gallery into one with the other codec",
    "precision": "scores between precisions are off; embed both in the same one",
    "preprocessing": _SAME_BUNDLE,
}


def _text(value: object) -> str:
    if value is None:
        return "not known"
    pairs = value.items() if isinstance(value, Mapping) else ()
    return ", ".join(f"{name} {length}" for name, length in pairs) or str(value)
