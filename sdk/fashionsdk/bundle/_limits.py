"""How large a model's numbers may be: far above those of real models, and too small to exhaust a machine.

A manifest's numbers decide what is allocated for each batch, before anything else shows that they are wrong. The
largest system of the papers has ten attributes of dimension 2048 and attention maps of 28 x 28.
"""

MAX_ATTRIBUTES = 1024
MAX_DIMENSION = 65_536
MAX_NUMBERS = 1 << 22  # of the embeddings, and of the attention maps, of one photo: 16 MiB each
MAX_VALUES = 100_000  # names of one attribute's values
MAX_BATCH = 65_536  # of an engine


def check_sizes(attributes: int, dimension: int, attention_shape: tuple[int, int] | None, most_values: int) -> None:
    """Check a manifest's numbers.

    Args:
        attributes: A.
        dimension: D.
        attention_shape: h and w, or ``None``.
        most_values: the number of values of the attribute that has most.

    Raises:
        ValueError: one is too large, or their product is.
    """
    h, w = attention_shape or (0, 0)
    sizes = {
        "attributes": (attributes, MAX_ATTRIBUTES),
        "embedding_dimension": (dimension, MAX_DIMENSION),
        "values of an attribute": (most_values, MAX_VALUES),
        "numbers in a photo's embeddings": (attributes * dimension, MAX_NUMBERS),
        "numbers in a photo's attention": (attributes * h * w, MAX_NUMBERS),
    }
    for name, (size, most) in sizes.items():
        if size > most:
            raise ValueError(f"{name}: {size!r:.20}; expected {most} at most")
