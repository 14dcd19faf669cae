"""The inputs and outputs of a model, as its configuration lists them."""

from dataclasses import dataclass

from fashionsdk.bundle import Manifest
from fashionsdk_export.triton.text_format import Message, Name

BYTES, UINT8, FLOAT32 = Name("TYPE_STRING"), Name("TYPE_UINT8"), Name("TYPE_FP32")


@dataclass(frozen=True)
class Tensor:
    """An input or an output.

    Attributes:
        name: what requests call it.
        data_type: of its elements, in Triton's words.
        dims: its shape without the batch.
    """

    name: str
    data_type: Name
    dims: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.data_type.removeprefix('TYPE_').lower()} (N, {', '.join(map(str, self.dims))})"

    def message(self) -> Message:
        """Return the configuration's entry."""
        return {"name": self.name, "data_type": self.data_type, "dims": self.dims}


PHOTOS = Tensor("photos", BYTES, (1,))  # whole files, which a batch may hold of any length


def images(manifest: Manifest) -> Tensor:
    """Return the input of the graphs: preprocessed photos, RGB."""
    return Tensor("images", UINT8, manifest.preprocessing.shape)


def vectors(manifest: Manifest) -> tuple[Tensor, ...]:
    """Return an output for each attribute, whose vectors may have lengths of their own."""
    return tuple(Tensor(name, FLOAT32, (length,)) for name, length in manifest.dimensions.items())
