"""From embeddings to what photos probably show."""

from collections.abc import Iterable

from fashionsdk.attributes import select
from fashionsdk.embeddings import Embeddings
from fashionsdk.values import Prediction, ValueSpace


def predicted(values: ValueSpace | None, attributes: str | Iterable[str] | None) -> list[str]:
    """Return the attributes to predict: those that were asked for, or all whose values the model tells apart.

    Raises:
        ValueError: the model tells no values apart, or not those of an attribute asked for.
    """
    if values is None:
        raise ValueError("this model's embeddings hold no probabilities of values; export one trained with posteriors")
    names = list(values.values)
    return [names[position] for position in select(names, attributes)]


def predictions(embeddings: Embeddings, unknown_below: float = 0.0) -> list[dict[str, Prediction]]:
    """Return what each photo probably shows, attribute by attribute.

    Args:
        embeddings: of photos, by a model that tells values apart.
        unknown_below: a most probable value that is less probable than this is unknown.

    Raises:
        ValueError: there are no probabilities of an attribute, or ``unknown_below`` is none.
    """
    if not 0 <= unknown_below <= 1:
        raise ValueError(f"unknown_below is {unknown_below}; expected a probability, 0 to 1")
    found: list[dict[str, Prediction]] = [{} for _ in range(len(embeddings))]
    for name in embeddings.attributes:
        rows = embeddings.probabilities(name)
        values = embeddings.values.values[name] if embeddings.values is not None else ()
        for photo, row in zip(found, rows.tolist(), strict=True):
            photo[name] = Prediction.of(dict(zip(values, row, strict=True)), unknown_below)
    return found
