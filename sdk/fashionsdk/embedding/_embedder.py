"""From photos to embeddings: read, preprocess, run, in batches."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image

from fashionsdk.attributes import Attribute, select
from fashionsdk.backends import BackendInfo, available_cpus, open_backend
from fashionsdk.bundle import Bundle
from fashionsdk.embedding._bulk import EmbeddedItem, OnError, Pixels, embed_stream
from fashionsdk.embeddings import Embeddings
from fashionsdk.errors import ImageError
from fashionsdk.photos import ImageSource, Preprocessing

Names: TypeAlias = str | Iterable[str] | None

# With more decoders than this, it is the disk or the inference that they wait for.
MAX_WORKERS = 8


class Embedder:
    """A model that is ready to embed photos. Several threads may use one at once.

    Args:
        bundle: the model, or the path of its bundle.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:N"``; :attr:`backend` says what runs and why.
        precision: ``"fp32"``, ``"fp16"``, ``"int8"``, ``"bf16"`` for the fp32 graph that OpenVINO computes in bfloat16,
            or ``None`` for the bundle's default.
        batch_size: photos a run of the model; bounds the memory that it takes.
        threads: threads for inference on the CPU; ``None`` for as many as the process may use.
        runtime: ``"onnxruntime"``, ``"openvino"``, ``"tensorrt"``, ``"tensorrt-rtx"``, or ``"auto"`` for the fastest
            that is installed.

    Raises:
        BundleError: the bundle is missing, damaged, or has no graph of this precision.
        BackendError: the runtime or the device is not there, or does not do what was asked for.
        ValueError: an argument is out of its range.
    """

    def __init__(
        self,
        bundle: str | Path | Bundle,
        *,
        device: str = "auto",
        precision: str | None = None,
        batch_size: int = 32,
        threads: int | None = None,
        runtime: str = "auto",
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; expected 1 or more")
        self._bundle = bundle if isinstance(bundle, Bundle) else Bundle.open(bundle)
        self._batch_size = batch_size
        self._backend = open_backend(self._bundle, device, precision, threads, runtime)
        self._names = tuple(attribute.name for attribute in self.attributes)

    def __repr__(self) -> str:
        return f"Embedder({str(self._bundle.path)!r}, {self.backend})"

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """The A attributes that the model knows, with their values."""
        return self._bundle.manifest.attributes

    @property
    def model(self) -> str:
        """Digest of the model; embeddings compare only if it is the same."""
        return self._bundle.manifest.model.digest

    @property
    def dimension(self) -> int:
        """D, the length of one embedding."""
        return self._bundle.manifest.model.embedding_dimension

    @property
    def preprocessing(self) -> Preprocessing:
        """From a photo to the model's input."""
        return self._bundle.manifest.preprocessing

    @property
    def backend(self) -> BackendInfo:
        """What runs and why."""
        return self._backend.info

    @property
    def bundle(self) -> Bundle:
        """The bundle that the model came from."""
        return self._bundle

    def embed(
        self,
        images: ImageSource | Sequence[ImageSource],
        attributes: Names = None,
        *,
        attention: bool = False,
    ) -> Embeddings:
        """Embed one photo or several, N first whatever was given.

        Args:
            images: a path, a file's bytes, a Pillow image or a uint8 array ``(H, W, 3)``; a sequence of these; or a
                uint8 array ``(N, H, W, 3)``. Arrays of the model's own side S are taken as they are.
            attributes: one attribute's name, several, or ``None`` for all.
            attention: whether to return where the model looked.

        Raises:
            ImageError: a photo cannot be read; it says which.
            BackendError: the model fails to run.
            TypeError: an image is of a type that holds no image.
            ValueError: an attribute is unknown, an array has a wrong shape, or the model has no attention maps.
        """
        index = self._select(attributes, attention)
        sources = _as_sequence(images)
        size = self._batch_size
        parts = [
            self._run(self._read_all(sources, slice(start, start + size)), index, attention)
            for start in range(0, len(sources), size)
        ]
        return _join(parts) if parts else self._none(index, attention)

    def embed_many(
        self,
        sources: Iterable[ImageSource],
        attributes: Names = None,
        *,
        attention: bool = False,
        batch_size: int | None = None,
        workers: int | None = None,
        on_error: OnError = "raise",
        progress: bool = False,
        total: int | None = None,
    ) -> Iterator[EmbeddedItem]:
        """Embed any number of photos, one item for each, in order; photos are read while the model runs.

        At most ``2 * batch_size + workers`` sources are drawn ahead of the item that is yielded, so the stream may
        be endless. Close the iterator to stop early.

        Args:
            sources: the photos, as for :meth:`embed`; drawn in the caller's thread.
            attributes: one attribute's name, several, or ``None`` for all.
            attention: whether to return where the model looked.
            batch_size: photos a run of the model; ``None`` for the embedder's own.
            workers: threads that read photos; ``None`` for one a CPU, up to ``MAX_WORKERS``.
            on_error: what a photo that cannot be read does: ``"raise"`` at its turn, or ``"skip"``: its item carries
                the error in place of embeddings.
            progress: whether to show a progress bar.
            total: the number of photos for the progress bar, where the sources do not know it.

        Raises:
            ImageError: a photo cannot be read, with ``on_error="raise"``; it says which.
            BackendError: the model fails to run.
            TypeError: ``sources`` is a single image, or a source is of a type that holds no image.
            ValueError: an argument is out of its range.
        """
        index = self._select(attributes, attention)
        return embed_stream(
            sources,
            self._read,
            partial(self._run, index=index, attention=attention),
            batch_size=self._batch_size if batch_size is None else batch_size,
            workers=min(available_cpus(), MAX_WORKERS) if workers is None else workers,
            on_error=on_error,
            progress=progress,
            total=total,
        )

    def _select(self, attributes: Names, attention: bool) -> tuple[int, ...]:
        if attention and self._bundle.manifest.attention_shape is None:
            raise ValueError("attention was asked for, but this model has no attention maps")
        return select(self._names, attributes)

    def _is_ready(self, source: object) -> bool:
        """Tell whether this is the model's input already, one image or a batch."""
        shape = (self.preprocessing.side, self.preprocessing.side, 3)
        return isinstance(source, np.ndarray) and source.dtype == np.uint8 and source.shape[-3:] == shape

    def _read_all(self, sources: Sequence[ImageSource] | Pixels, part: slice) -> Pixels:
        if isinstance(sources, np.ndarray) and self._is_ready(sources):
            return np.ascontiguousarray(sources[part])
        if len(sources) == 1:
            return self._pixels(sources[0])[np.newaxis]
        return np.stack([self._read(source, part.start + i) for i, source in enumerate(sources[part])])

    def _read(self, source: ImageSource, index: int) -> Pixels:
        """Return one image's pixels ``(S, S, 3)``; an error says at which position it was."""
        try:
            return self._pixels(source)
        except ImageError as error:
            raise ImageError(f"image {index}, {error.source}", error.reason) from error
        except (TypeError, ValueError) as error:
            raise type(error)(f"image {index}: {error}") from error

    def _pixels(self, source: ImageSource) -> Pixels:
        if isinstance(source, np.ndarray) and source.ndim == 3 and self._is_ready(source):
            return source
        return self.preprocessing.read(source)

    def _run(self, pixels: Pixels, index: tuple[int, ...], attention: bool) -> Embeddings:
        vectors, maps = self._backend.run(pixels, attention=attention)
        whole = Embeddings(vectors, self._names, self.model, maps)
        if index == tuple(range(len(self._names))):
            return whole
        return whole.select(self._names[i] for i in index)

    def _none(self, index: tuple[int, ...], attention: bool) -> Embeddings:
        shape = self._bundle.manifest.attention_shape
        maps = np.empty((0, len(index), *shape), np.float32) if attention and shape else None
        vectors = np.empty((0, len(index), self.dimension), np.float32)
        return Embeddings(vectors, tuple(self._names[i] for i in index), self.model, maps)


def _as_sequence(images: ImageSource | Sequence[ImageSource]) -> Sequence[ImageSource] | Pixels:
    if isinstance(images, np.ndarray):
        return images if images.ndim == 4 else [images]
    if isinstance(images, Sequence) and not isinstance(images, (str, bytes, bytearray, memoryview)):
        return images
    if isinstance(images, (str, Path, bytes, Image.Image)):
        return [images]
    raise TypeError(
        f"images is {type(images).__name__}; expected an image or a sequence of images; for a stream use embed_many"
    )


def _join(parts: Sequence[Embeddings]) -> Embeddings:
    if len(parts) == 1:
        return parts[0]
    maps = [part.attention for part in parts if part.attention is not None]
    return Embeddings(
        np.concatenate([part.vectors for part in parts]),
        parts[0].attributes,
        parts[0].model,
        np.concatenate(maps) if maps else None,
    )
