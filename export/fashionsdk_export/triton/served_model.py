"""A model of NVIDIA Triton's Python backend: photos or pixels to vectors, or photos to pixels.

Its configuration says which: by its input and outputs, and by parameters. Each request of a batch is answered on its
own: one with a photo that cannot be read gets an error, the others get their answers.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

# The server's Python ignores PYTHONPATH. It imports NumPy after this file, so this may still say which one.
sys.path[:0] = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]

import numpy as np  # noqa: E402
import triton_python_backend_utils as pb_utils  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from fashionsdk import Embedder, ImageError, Preprocessing  # noqa: E402
from fashionsdk.backends import available_cpus  # noqa: E402

Answer: TypeAlias = Mapping[str, NDArray[Any]] | str  # outputs by name, or why there are none
Answers: TypeAlias = Callable[[Sequence[NDArray[Any]]], Iterator[Answer]]


class TritonPythonModel:
    """What the server loads: `initialize` comes first, then `execute` for each batch, `finalize` last."""

    def initialize(self, args: Mapping[str, str]) -> None:
        """Open the model; the server answers no request before this returns."""
        _check_arrays_pass()
        config = json.loads(args["model_config"])
        parameters = {key: value["string_value"] for key, value in config["parameters"].items()}
        self._input = config["input"][0]["name"]
        self._embedder: Embedder | None = None
        if config["output"][0]["data_type"] == "TYPE_UINT8":
            self._answers: Answers = _Reader(parameters)
        else:
            self._embedder = _open(args, parameters, config["max_batch_size"])
            self._answers = (_of_photos if self._input == "photos" else _of_pixels)(self._embedder)

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Answer a batch of requests, in their order."""
        arrays = [pb_utils.get_input_tensor_by_name(request, self._input).as_numpy() for request in requests]
        return [_response(*pair) for pair in zip(requests, self._answers(arrays), strict=True)]

    def finalize(self) -> None:
        """Close the model."""
        if self._embedder is not None:
            self._embedder.close()


def _check_arrays_pass() -> None:
    """Raise if the server misreads arrays, as those that were built for NumPy 1 do with NumPy 2, without an error."""
    expected = np.arange(3, dtype=np.uint8)
    passed = pb_utils.Tensor.from_dlpack("there", pb_utils.Tensor("here", expected)).as_numpy()
    if not np.array_equal(passed, expected):
        raise RuntimeError(
            f"this server gives {passed!r} back for {expected!r}: NumPy {np.__version__} is too new for it; run "
            'pip install "numpy<2" in the environment of its models'
        )


def _open(args: Mapping[str, str], parameters: Mapping[str, str], max_batch: int) -> Embedder:
    on_gpu = args["model_instance_kind"] == "GPU"
    threads = parameters.get("fashionsdk.threads")
    embedder = Embedder(
        Path(args["model_repository"], args["model_version"], "bundle"),
        device=f"cuda:{args['model_instance_device_id']}" if on_gpu else "cpu",
        precision=parameters["fashionsdk.precision"],
        batch_size=max_batch,
        threads=None if threads is None else int(threads),
        runtime=parameters["fashionsdk.runtime"],
    )
    embedder.embed(embedder.bundle.reference().images[:1])  # the slow first run comes before the first request
    return embedder


def _of_photos(embedder: Embedder) -> Answers:
    def answers(arrays: Sequence[NDArray[Any]]) -> Iterator[Answer]:
        photos = [photo for array in arrays for photo in array.ravel()]
        items = embedder.embed_many(photos, on_error="skip")
        for array in arrays:
            mine = list(islice(items, array.size))
            if unread := [_named(number, item.error) for number, item in enumerate(mine) if item.error is not None]:
                yield unread[0]
            else:
                parts = [item.embeddings for item in mine if item.embeddings is not None]
                yield {name: np.concatenate([part[name] for part in parts]) for name in embedder.dimensions}

    return answers


def _of_pixels(embedder: Embedder) -> Answers:
    def answers(arrays: Sequence[NDArray[Any]]) -> Iterator[Answer]:
        embeddings = embedder.embed(np.concatenate(arrays))
        vectors, ends = {name: embeddings[name] for name in embedder.dimensions}, np.cumsum([len(a) for a in arrays])
        for array, end in zip(arrays, ends.tolist(), strict=True):
            yield {name: each[end - len(array) : end] for name, each in vectors.items()}

    return answers


class _Reader:
    """Reads photos in threads."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        settings = json.loads(parameters["fashionsdk.preprocessing"])
        arguments: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in settings.items()}
        self._preprocessing = Preprocessing(**arguments)
        self._threads = ThreadPoolExecutor(available_cpus())

    def __call__(self, arrays: Sequence[NDArray[Any]]) -> Iterator[Answer]:
        results = self._threads.map(self._read, [photo for array in arrays for photo in array.ravel()])
        for array in arrays:
            mine = list(islice(results, array.size))
            unread = [_named(number, each) for number, each in enumerate(mine) if isinstance(each, ImageError)]
            yield unread[0] if unread else {"images": np.stack([each for each in mine if isinstance(each, np.ndarray)])}

    def _read(self, photo: bytes) -> NDArray[np.uint8] | ImageError:
        try:
            return self._preprocessing.read(photo)
        except ImageError as error:
            return error


def _named(number: int, error: ImageError) -> str:
    """Return the reason for the photo of this number of its own request."""
    return f"photo {number} of this request: {error.reason}"


def _response(request: Any, answer: Answer) -> Any:
    if isinstance(answer, str):
        return pb_utils.InferenceResponse(error=pb_utils.TritonError(answer, pb_utils.TritonError.INVALID_ARG))
    names = request.requested_output_names()
    return pb_utils.InferenceResponse(
        [pb_utils.Tensor(name, np.ascontiguousarray(array)) for name, array in answer.items() if name in names]
    )
