"""Watches the attention maps of a report's photos as they are embedded, to say how far they can be trusted."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fashionsdk.attributes import select
from fashionsdk.embeddings import Embeddings
from fashionsdk.evaluation import PhotoAttention, Pointing, SharedMap, pointing
from fashionsdk.labels import Boxes, RetrievalSplit
from fashionsdk.photos import Preprocessing, open_photo
from fashionsdk.report._report_types import MapTrust


class MapWatch:
    """Looks at each attribute's maps of the photos that are labelled for it.

    The maps of photos with a box are kept, ``h * w`` numbers an attribute; of all others a sum is.

    Args:
        split: the photos and their labels.
        names: the A attributes of the model.
        boxes: where attributes are decided, see `fashionsdk.labels.read_boxes`; None if there are none.
    """

    def __init__(self, split: RetrievalSplit, names: Sequence[str], boxes: Boxes | None) -> None:
        self._paths, self._boxes = split.paths, boxes
        known = [attribute.name for attribute in split.attributes]
        labelled = split.matrix() >= 0  # (N, attributes of the split)
        boxed = {name for of_photo in (boxes or {}).values() for name in of_photo}
        used = [place for place, name in enumerate(known) if name in boxed or labelled[:, place].any()]
        self._labelled = labelled[:, used]
        self._shared = {known[place]: SharedMap() for place in used}
        self._order = list(select(names, list(self._shared)))  # these attributes among the model's
        self._boxed: dict[int, NDArray[np.float32]] = {}

    def watch(self, embedded: Iterable[tuple[int, Embeddings]]) -> Iterator[tuple[int, Embeddings]]:
        """Yield what is embedded as it is, and look at the maps of what has some."""
        for photo, embeddings in embedded:
            if embeddings.attention is not None:
                self._look(photo, embeddings.attention[0])
            yield photo, embeddings

    def _look(self, photo: int, attention: NDArray[np.float32]) -> None:
        maps = attention[self._order]  # a copy: a view would keep the whole batch in memory
        for shared, of_attribute, labelled in zip(self._shared.values(), maps, self._labelled[photo], strict=True):
            if labelled:
                shared.add(of_attribute)
        if self._boxes is not None and photo in self._boxes:
            self._boxed[photo] = maps

    def trust(self, preprocessing: Preprocessing) -> MapTrust:
        """Return what was seen.

        Raises:
            ImageError: a photo with a box cannot be read any more.
            ValueError: there are boxes, and maps of none of their photos.
        """
        shares = {name: shared.share for name, shared in self._shared.items()}
        known = {name: share for name, share in shares.items() if share is not None}
        return MapTrust(known, None if self._boxes is None else self._pointing(self._boxes, preprocessing))

    def _pointing(self, boxes: Boxes, preprocessing: Preprocessing) -> Pointing:
        return pointing(boxes, self._placed(preprocessing), list(self._shared))

    def _placed(self, preprocessing: Preprocessing) -> Iterator[PhotoAttention]:
        for photo, attention in self._boxed.items():
            yield photo, attention, preprocessing.placement(open_photo(self._paths[photo], at_least=1).size)
