"""From a search's answers to where the model looked in their photos."""

import os
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from fashionsdk._tools.printable_text import printable
from fashionsdk.attributes import select
from fashionsdk.embedding import Embedder
from fashionsdk.errors import ImageError
from fashionsdk.explanation._look import Look, look
from fashionsdk.photos import ImageSource
from fashionsdk.search import Match, Matches, PhotoFolder

Photos: TypeAlias = str | Path | Mapping[str, ImageSource] | Callable[[Match], ImageSource]


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why one answer is there.

    Attributes:
        query: which of the Q queries it answers, from 0 on.
        rank: its place among that query's answers, from 1 on.
        match: the answer.
        contributions: attribute -> what it adds to ``match.score``: weight times cosine, 0 if the item lacks it. They
            sum to the score.
        look: where the model looked in the answer's photo, for the attributes that were compared; ``None`` if the photo
            cannot be read.
        error: why it cannot be read.
    """

    query: int
    rank: int
    match: Match
    contributions: Mapping[str, float]
    look: Look | None
    error: ImageError | None = None

    def __repr__(self) -> str:
        parts = ", ".join(f"{name} {value:+.4f}" for name, value in self.contributions.items())
        return (
            f"Explanation({self.rank}: {self.match.key!r}, {self.match.score:.4f} = {parts}, {self.look or self.error})"
        )


def explain(
    embedder: Embedder,
    matches: Matches,
    photos: Photos,
    *,
    on_error: Literal["raise", "skip"] = "raise",
) -> Generator[Explanation, None, None]:
    """Explain each answer of a search: query by query, best first. One photo is in memory at a time.

    A gallery keeps no photos, so the caller says where they are. They are read as they are now: of a photo that was
    replaced since it was indexed, the explanation shows the new one and the score is of the old one.

    Args:
        embedder: the model that made the gallery.
        matches: what `Matcher.search` answered.
        photos: the folder that the keys are paths in; or key -> photo; or a function from a `Match` to its photo, such
            as a `PhotoFolder`, which also takes paths from metadata.
        on_error: for a photo that cannot be read, or is not there: ``"raise"`` at its turn, or ``"skip"``: its
            explanation has the error in place of a look.

    Raises:
        ImageError: a photo cannot be read, with ``on_error="raise"``; it says which.
        BackendError: the model fails to run.
        TypeError: ``photos`` is none of these, or gives what is no photo.
        ValueError: the model lacks an attribute that was compared, or has no attention maps.
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error is {on_error!r}; expected 'raise' or 'skip'")
    names = list(matches.by_attribute)
    select([attribute.name for attribute in embedder.attributes], names)
    if embedder.bundle.manifest.attention_shape is None:
        raise ValueError("explanations were asked for, but this model has no attention maps")
    return _explained(embedder, matches, names, _finder(photos), on_error)


def _explained(
    embedder: Embedder, matches: Matches, names: list[str], find: Callable[[Match], ImageSource], on_error: str
) -> Generator[Explanation, None, None]:
    for query, rank, match in _answers(matches):
        seen, failed = None, None
        try:
            seen = look(embedder, find(match), names)
        except ImageError as error:
            if on_error == "raise":
                raise
            failed = error
        added = {name: weight * (match.scores[name] or 0.0) for name, weight in matches.weights.items()}
        yield Explanation(query, rank, match, added, seen, failed)


def _answers(matches: Matches) -> Iterator[tuple[int, int, Match]]:
    for query, found in enumerate(matches):
        for rank, match in enumerate(found, 1):
            yield query, rank, match


def _finder(photos: Photos) -> Callable[[Match], ImageSource]:
    """Return a function from an answer to its photo.

    Raises:
        TypeError: ``photos`` says nothing of the kind.
    """
    if isinstance(photos, (str, os.PathLike)):
        return PhotoFolder(photos)
    if isinstance(photos, Mapping):
        return lambda match: _of_key(photos, match.key)
    if callable(photos):
        return photos
    raise TypeError(f"photos is {type(photos).__name__}; expected a folder, key -> photo, or a function of a Match")


def _of_key(photos: Mapping[str, ImageSource], key: str) -> ImageSource:
    if key not in photos:
        raise ImageError(printable(key), "photos has no such key; expected a photo for each answer's key")
    return photos[key]
