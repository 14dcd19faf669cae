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


def with_needed(values: ValueSpace | None, names: Iterable[str]) -> list[str]:
    """Return the attributes to embed for predictions of ``names``: also those that say whether these apply.

    Raises:
        ValueError: as `predicted`.
    """
    names = predicted(values, names)
    needed = [other for name in names for other in (values.needed(name) if values is not None else ())]
    return list(dict.fromkeys([*names, *needed]))


def predictions(
    embeddings: Embeddings, unknown_below: float = 0.0, attributes: str | Iterable[str] | None = None
) -> list[dict[str, Prediction]]:
    """Return what each photo probably shows, attribute by attribute.

    Args:
        embeddings: of photos, by a model that tells values apart. An attribute that is not embedded says nothing of
            whether others apply.
        unknown_below: a most probable value that is less probable than this is unknown.
        attributes: those to predict; None for all that are embedded and whose values the model tells apart.

    Raises:
        ValueError: there are no probabilities of an attribute, or ``unknown_below`` is none.
    """
    if not 0 <= unknown_below <= 1:
        raise ValueError(f"unknown_below is {unknown_below}; expected a probability, 0 to 1")
    found: list[dict[str, Prediction]] = [{} for _ in range(len(embeddings))]
    space = embeddings.values
    names = [name for name in predicted(space, attributes) if attributes is not None or name in embeddings.attributes]
    assert space is not None, "predicted made sure"
    for name in names:
        rows, applies = embeddings.probabilities(name).tolist(), _applies(embeddings, space, name)
        for photo, row, probability in zip(found, rows, applies, strict=True):
            photo[name] = Prediction.of(dict(zip(space.values[name], row, strict=True)), unknown_below, probability)
    return found


def _applies(embeddings: Embeddings, space: ValueSpace, name: str) -> list[float]:
    others = [other for other in space.needed(name) if other in embeddings.attributes]
    return space.applies(embeddings[others[0]], name).tolist() if others else [1.0] * len(embeddings)
