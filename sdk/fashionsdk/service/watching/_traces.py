"""What a request did and for how long, as spans; without traces nothing is made of them."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

from fashionsdk.errors import FashionSDKError


class Traces:
    """Writes no spans. `open_traces` gives another that does."""

    def request(self, headers: Mapping[str, str]) -> AbstractContextManager[object]:
        """Answer a request within the block; the headers may say which trace it is part of."""
        return nullcontext()

    def answered(self, method: str, route: str, status: int, request_id: str) -> None:
        """Say how the block's request was answered; ``route`` is its pattern, never the path that a caller chose."""

    def stage(self, name: str) -> AbstractContextManager[object]:
        """Run a stage of answering within the block."""
        return nullcontext()

    def close(self) -> None:
        """Send what is left."""


def open_traces(wanted: bool) -> Traces:
    """Return what writes spans, as the variables ``OTEL_*`` say, or what writes none.

    Raises:
        FashionSDKError: a package for it is not installed.
    """
    if not wanted:
        return Traces()
    try:
        from fashionsdk.service.watching._spans import Spans, otlp_exporter
    except ImportError as error:
        raise FashionSDKError(
            f'traces need {error.name}, which cannot be loaded; run pip install "fashionsdk[traces]"'
        ) from error
    return Spans(otlp_exporter())
