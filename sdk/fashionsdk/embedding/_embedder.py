"""From photos to embeddings: read, preprocess, run, in batches."""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence, Sized
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.whole_number import whole_number
from fashionsdk.attributes import Attribute, select
from fashionsdk.backends import MAX_THREADS, BackendInfo, SharedResource, open_backend
from fashionsdk.bundle import Bundle
from fashionsdk.embedding._answers import check_answers
from fashionsdk.embedding._arguments import as_sources, check_stream, opened_bundle
from fashionsdk.embedding._predictions import predicted, predictions, with_needed
from fashionsdk.embedding._reading import Pixels, read_batches, read_photos
from fashionsdk.embedding._stream import EmbeddedItem, OnError, embed_stream
from fashionsdk.embeddings import Embeddings
from fashionsdk.photos import ImageSource, PixelBox, Preprocessing
from fashionsdk.values import Prediction, ValueSpace

Names: TypeAlias = str | Iterable[str] | None


class Embedder(SharedResource):
    """A model that is ready to embed photos. Several threads may use one at once.

    `close` frees the memory and the threads of its runtime; ``with Embedder(...) as embedder:`` does so too.

    Used after a fork, it opens the model again in the child, except on CUDA, where that is an error. Pickled, it takes
    its bundle's path and its arguments along, and opens the bundle in the other process.

    Args:
        bundle: the model, or the path of its bundle.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:N"``; `backend` says what runs and why.
        precision: ``"fp32"``, ``"fp16"``, ``"int8"``, ``"bf16"`` for the fp32 graph that OpenVINO computes in bfloat16,
            or ``None`` for the bundle's default.
        batch_size: photos per run of the model; bounds the memory that it takes.
        threads: threads for inference on the CPU; ``None`` for as many as the process may use.
        runtime: a name of ``fashionsdk.backends.RUNTIMES``, such as ``"onnxruntime"`` or ``"aotinductor"``, or
            ``"auto"`` for the fastest that is installed.

    Raises:
        BundleError: the bundle is missing, damaged, or has no graph of this precision.
        BackendError: the runtime or the device is not available, or cannot do what was asked for.
        TypeError: an argument is of another type.
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
        batch_size = whole_number(batch_size, "batch_size")
        super().__init__("this Embedder", "open the bundle again with Embedder(...)")
        self._bundle = opened_bundle(bundle)
        self._batch_size = batch_size
        self._arguments: dict[str, Any] = {
            "device": device,
            "precision": precision,
            "batch_size": batch_size,
            "threads": threads,
            "runtime": runtime,
        }
        self._backend = open_backend(self._bundle, device, precision, threads, runtime)
        self._names = tuple(attribute.name for attribute in self.attributes)
        self._values = self._bundle.manifest.values

    def __repr__(self) -> str:
        return f"Embedder({str(self._bundle.path)!r}, {self.backend})"

    def __reduce__(self) -> tuple[Callable[[Bundle], "Embedder"], tuple[Bundle]]:
        """Pickle the bundle's path and the arguments.

        Raises:
            ValueError: the embedder is closed.
        """
        self._check_open()
        return partial(type(self), **self._arguments), (self._bundle,)

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """The A attributes that the model knows, with their values."""
        return self._bundle.manifest.attributes

    @property
    def values(self) -> ValueSpace | None:
        """The values that embeddings tell apart, of each attribute; ``None`` if they hold no probabilities."""
        return self._values

    @property
    def model(self) -> str:
        """Digest of the model; only embeddings with the same digest can be compared."""
        return self._bundle.manifest.model.digest

    @property
    def dimension(self) -> int:
        """D, the length of one embedding; of compact ones the longest."""
        return self._bundle.manifest.model.embedding_dimension

    @property
    def dimensions(self) -> Mapping[str, int]:
        """Attribute -> D_a, the length of its embeddings."""
        return self._bundle.manifest.dimensions

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
        box: PixelBox | None = None,
    ) -> Embeddings:
        """Embed one photo or several; the first axis is N in either case. Several are read in threads.

        Args:
            images: a path, a file's bytes, a Pillow image or a uint8 array ``(H, W, 3)``; a sequence of these; or a
                uint8 array ``(N, H, W, 3)``. Arrays of the input's own size are taken as they are. A `Cutout` is one
                garment of a photo.
            attributes: one attribute's name, several, or ``None`` for all.
            attention: whether to return where the model looked.
            box: left, top, right and bottom in pixels of the upright photo: embed this garment, not the whole photo.
                For one photo only; among several, give each a `Cutout`.

        Raises:
            ImageError: a photo cannot be read, or a box ends outside it; it says which.
            BackendError: the model fails to run.
            TypeError: an image is of a type that holds no image.
            ValueError: an attribute is unknown, an array has a wrong shape, a box is no box, the model has no
                attention maps, or the embedder is closed.
        """
        self._check_open()
        index = self._select(attributes, attention)
        with closing(read_batches(as_sources(images, box), self.preprocessing, self._batch_size)) as batches:
            parts = [self._run(pixels, index, attention) for pixels in batches]
        return Embeddings.joined(parts) if parts else self._none(index, attention)

    def predict(
        self,
        images: ImageSource | Sequence[ImageSource],
        attributes: Names = None,
        *,
        unknown_below: float = 0.0,
    ) -> list[dict[str, Prediction]]:
        """Return what each photo probably shows: attribute -> value, with calibrated probabilities.

        Args:
            images: as for `embed`.
            attributes: one attribute's name, several, or ``None`` for all whose values the model tells apart.
            unknown_below: a most probable value that is less probable than this is unknown.

        Raises:
            ImageError: a photo cannot be read; it says which.
            BackendError: the model fails to run.
            TypeError: an image is of a type that holds no image.
            ValueError: the model tells no values apart, an attribute is unknown, or the embedder is closed.
        """
        names = predicted(self.values, attributes)
        return predictions(self.embed(images, with_needed(self.values, names)), unknown_below, names)

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
    ) -> Generator[EmbeddedItem, None, None]:
        """Embed any number of photos, one item for each, in order; photos are read while the model runs.

        At most ``2 * batch_size + workers`` sources are drawn ahead of the item that is yielded, so the stream may
        be endless. Close the generator to stop early.

        Args:
            sources: the photos, as for `embed`; drawn in the caller's thread.
            attributes: one attribute's name, several, or ``None`` for all.
            attention: whether to return where the model looked.
            batch_size: photos per run of the model; ``None`` for the embedder's own.
            workers: threads that read photos; ``None`` for one a CPU, up to ``MAX_WORKERS``.
            on_error: for a photo that cannot be read: ``"raise"`` at its turn, or ``"skip"``: its item has the error in
                place of embeddings.
            progress: whether to show a progress bar.
            total: the number of photos for the progress bar, if the sources have no length.

        Raises:
            ImageError: a photo cannot be read, with ``on_error="raise"``; it says which.
            BackendError: the model fails to run.
            TypeError: ``sources`` is a single image or no iterable, a source is of a type that holds no image, or
                an argument is of another type.
            ValueError: an argument is out of its range, or the embedder is closed.
        """
        self._check_open()
        index = self._select(attributes, attention)
        size = self._batch_size if batch_size is None else whole_number(batch_size, "batch_size", otherwise="None")
        if workers is not None:
            workers = whole_number(workers, "workers", most=MAX_THREADS, otherwise="None for one a CPU")
        if total is not None:
            total = whole_number(total, "total", least=0, otherwise="None")
        check_stream(sources, on_error)
        return embed_stream(
            read_photos(sources, self.preprocessing, size, workers),
            partial(self._run, index=index, attention=attention),
            self._check_open,
            batch_size=size,
            on_error=on_error,
            progress=progress,
            total=len(sources) if total is None and isinstance(sources, Sized) else total,
        )

    def _free(self) -> None:
        self._backend.close()

    def _select(self, attributes: Names, attention: bool) -> tuple[int, ...]:
        if attention and self._bundle.manifest.attention_shape is None:
            raise ValueError("attention was asked for, but this model has no attention maps")
        return select(self._names, attributes)

    def _run(self, pixels: Pixels, index: tuple[int, ...], attention: bool) -> Embeddings:
        with self._in_use():
            vectors, maps = self._backend.run(pixels, attention=attention)
        check_answers(vectors, maps, self._names, self.backend)
        whole = self._embeddings(vectors, maps)
        if index == tuple(range(len(self._names))):
            return whole
        return whole.select(self._names[i] for i in index)

    def _none(self, index: tuple[int, ...], attention: bool) -> Embeddings:
        shape = self._bundle.manifest.attention_shape
        maps = np.empty((0, len(self._names), *shape), np.float32) if attention and shape else None
        none = self._embeddings(np.empty((0, len(self._names), self.dimension), np.float32), maps)
        return none.select(self._names[i] for i in index)

    def _embeddings(self, vectors: NDArray[np.float32], attention: NDArray[np.float32] | None) -> Embeddings:
        """Return the model's answers for all attributes."""
        own = self.backend.precision
        precisions = (own, *(each.precision for each in self._bundle.manifest.graphs if each.precision != own))
        compact = self._bundle.manifest.model.dimensions
        lengths = tuple(compact[name] for name in self._names) if compact else None
        return Embeddings(vectors, self._names, self.model, attention, self.values, lengths, precisions)
