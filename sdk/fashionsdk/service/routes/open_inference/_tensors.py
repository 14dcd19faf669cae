"""Tensors in and out: photos as whole files or as pixels, vectors by attribute. The names are those in Triton."""

import base64
import binascii
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fashionsdk.embeddings import Embeddings
from fashionsdk.photos import ImageSource
from fashionsdk.service._problems import Problem
from fashionsdk.service.routes.open_inference._framing import Question, elements
from fashionsdk.service.schemas import InferenceRequest, InputTensor, OutputTensor, TensorInfo

PHOTOS = TensorInfo(name="photos", datatype="BYTES", shape=[-1, 1])
IMAGES = TensorInfo(name="images", datatype="UINT8", shape=[-1, -1, -1, 3])


def photos_of(question: Question, most: int) -> Sequence[ImageSource]:
    """Return the photos of a request: files, or pixels uint8 ``(H, W, 3)``.

    Raises:
        Problem: there is not one input, it is another than `PHOTOS` and `IMAGES`, or it holds none or more than
            ``most``.
    """
    if len(question.asked.inputs) != 1:
        raise Problem("bad-request", "got two inputs; expected one of photos and images")
    tensor, binary = question.asked.inputs[0], question.binary[0]
    if tensor.name not in (PHOTOS.name, IMAGES.name):
        raise Problem("bad-request", f"the input is {tensor.name[:60]!r}; expected photos or images")
    if not 1 <= tensor.shape[0] <= most:
        raise Problem("bad-request", f"the input has {tensor.shape[0]} photos; expected 1 to {most}")
    return _files(tensor, binary) if tensor.name == PHOTOS.name else list(_pixels(tensor, binary))


def chosen_outputs(asked: InferenceRequest, names: Sequence[str]) -> dict[str, bool]:
    """Return the attributes that are wanted, and whether as bytes.

    Raises:
        Problem: one is unknown or there twice, or another form of answer is wanted.
    """
    default = asked.parameters.binary_data_output
    if asked.outputs is None:
        return dict.fromkeys(names, default)
    chosen: dict[str, bool] = {}
    for output in asked.outputs:
        if output.name not in names or output.name in chosen:
            expected = f"expected each of {', '.join(names)} once at most"
            raise Problem("bad-request", f"the output {output.name[:60]!r} is unknown or there twice; {expected}")
        if output.parameters.classification:
            raise Problem("bad-request", "classification is not known here; /v1/predict answers with values")
        own = output.parameters.binary_data
        chosen[output.name] = default if own is None else own
    return chosen


def output_tensors(vectors: Embeddings, chosen: dict[str, bool]) -> tuple[list[OutputTensor], list[bytes]]:
    """Return the vectors of attributes ``(N, D_a)``, and the bytes of those that are wanted so."""
    tensors, binary = [], []
    for name, as_bytes in chosen.items():
        rows = vectors[name]
        if as_bytes:
            binary.append(np.ascontiguousarray(rows, "<f4").tobytes())
        tensors.append(
            OutputTensor(
                name=name,
                datatype="FP32",
                shape=list(rows.shape),
                data=None if as_bytes else rows.ravel().tolist(),
                parameters={"binary_data_size": len(binary[-1])} if as_bytes else None,
            )
        )
    return tensors, binary


def _files(tensor: InputTensor, binary: memoryview | None) -> list[bytes]:
    count = tensor.shape[0]
    if tensor.datatype != PHOTOS.datatype or tensor.shape[1:] not in ([], [1]):
        raise _other_form(tensor, "BYTES with the shape [N] or [N, 1]")
    if binary is not None:
        files = elements(binary, tensor.name, count)
    else:
        texts = [text for each in tensor.data or () for text in (each if isinstance(each, list) else [each])]
        files = [_decoded(text) for text in texts]
    if len(files) != count:
        raise Problem(
            "bad-request", f"the input photos holds more or fewer than {count} elements, which its shape says"
        )
    return files


def _decoded(text: object) -> bytes:
    try:
        return base64.b64decode(text if isinstance(text, str) else "-", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Problem("bad-request", "a photo in JSON is no base64; send files as binary data, or base64") from error


def _pixels(tensor: InputTensor, binary: memoryview | None) -> NDArray[np.uint8]:
    shape = tensor.shape
    if tensor.datatype != IMAGES.datatype or len(shape) != 4 or shape[3] != 3 or not all(shape):
        raise _other_form(tensor, "UINT8 with the shape [N, H, W, 3]")
    flat = np.frombuffer(binary, np.uint8) if binary is not None else _numbers(tensor.data or [])
    if flat.size != math.prod(shape):
        raise Problem("bad-request", f"the input images holds {flat.size} numbers; its shape says {math.prod(shape)}")
    return flat.reshape(shape)


def _numbers(data: list[object]) -> NDArray[np.uint8]:
    try:
        numbers = np.asarray(data)
    except ValueError:  # lists of different lengths
        numbers = np.empty(0, object)
    if numbers.dtype.kind not in "iu" or (numbers.size and not 0 <= numbers.min() <= numbers.max() <= 255):
        raise Problem("bad-request", "the input images holds something else than whole numbers from 0 to 255")
    return numbers.ravel().astype(np.uint8)


def _other_form(tensor: InputTensor, expected: str) -> Problem:
    return Problem(
        "bad-request", f"the input {tensor.name} is {tensor.datatype[:20]} {tensor.shape}; expected {expected}"
    )
