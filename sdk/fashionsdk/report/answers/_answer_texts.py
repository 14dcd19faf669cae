"""What is said of an answer, in words, on pages and sheets alike."""

import json

from fashionsdk._tools.printable_text import printable
from fashionsdk.explanation import Explanation, Look

MOST_METADATA = 300  # characters shown of an answer's metadata

LEAD = (
    "Each row is an answer, each column an attribute that was asked for. Bright is where the model looked most for it, "
    "the ring marks the peak, and each picture is scaled to its own peak. The number is what the attribute adds to the "
    "score. Photos are shown as far as the model sees them."
)


def score_text(answer: Explanation) -> str:
    """Return an answer's score as the sum of what its attributes add."""
    parts = [f"{name} {added:+.3f}" for name, added in answer.contributions.items()]
    lacking = [name for name, cosine in answer.match.scores.items() if cosine is None]
    lacks = f"; the item lacks {', '.join(lacking)}" if lacking else ""
    return printable(f"score {answer.match.score:.3f}: {', '.join(parts)}{lacks}")


def value_text(look: Look, name: str) -> str:
    """Return what a photo probably shows of an attribute, "" if the model does not tell."""
    if (prediction := look.predictions.get(name)) is None:
        return ""
    return printable(str(prediction) if prediction.absent else f"{prediction} ({prediction.probability:.0%})")


def metadata_text(answer: Explanation) -> str:
    """Return an answer's metadata on one line, cut off where it is long."""
    fields = (f"{name}: {_value(value)}" for name, value in answer.match.metadata.items())
    text = printable("; ".join(fields))
    return text if len(text) <= MOST_METADATA else f"{text[: MOST_METADATA - 1]}…"


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
