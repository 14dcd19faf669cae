"""Several batches to a step of the optimiser."""


def batches_of_step(batch: int, batches: int, accumulate: int) -> tuple[int, bool]:
    """Return how many batches share a step of the optimiser with ``batch``, and whether it is the last of them.

    The last step of an epoch has fewer, if the epoch is no multiple.

    Args:
        batch: its number in the epoch, from 0.
        batches: of the epoch.
        accumulate: batches per step.
    """
    first = batch - batch % accumulate
    end = min(first + accumulate, batches)
    return end - first, batch + 1 == end
