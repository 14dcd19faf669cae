"""What a service is told when it starts: what it serves, to whom, and within which limits."""

from dataclasses import dataclass, field
from pathlib import Path

from fashionsdk.service.labelling import LabelSettings

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Limits:
    """What one caller, and all callers together, may take.

    Attributes:
        body_bytes: of one request.
        held_bytes: of the bodies of all requests that are being read or answered.
        photos: files in one form.
        body_seconds: from a request's first byte to the last of its body.
        seconds: from then to the answer, unless the caller gives less; also the most that a caller may give.
        waiting: photos that are read or wait for the model, of all requests.
        batch: photos in one run of the model.
        batch_seconds: how long the first photo of a batch waits for others.
        answers: ``offset + k`` of a search.
        items: in one write, or on one page of a list.
    """

    body_bytes: int = 20_000_000
    held_bytes: int = 200_000_000
    photos: int = 16
    body_seconds: float = 20.0
    seconds: float = 10.0
    waiting: int = 256
    batch: int = 16
    batch_seconds: float = 0.004
    answers: int = 1000
    items: int = 100


@dataclass(frozen=True)
class Settings:
    """What a service serves, and to whom.

    Attributes:
        bundle: folder of the exported model.
        gallery: address of the gallery, as for `fashionsdk.Matcher.open`.
        photos: folder that the keys of items are paths in, for pictures of answers; ``None`` for no pictures.
        labels: files of labels that people check on the page; ``None`` for none.
        device, precision, runtime, threads: as for `fashionsdk.Embedder`.
        read_only: whether all writes are refused.
        keys: file of the API keys; ``None`` for the variable ``FASHIONSDK_KEYS``, and without that for no keys.
        hosts: names that a request's ``Host`` may have; empty for the names of this machine's loopback. ``*`` for any.
        rate: requests a second for each key, or for each address without keys; 0 for no limit.
        audit: file that every write is recorded in; ``None`` for none.
        answers: file in which answers to writes with an ``Idempotency-Key`` are kept, so that they outlive the
            service; ``None`` to keep them as long as it runs.
        traces: whether spans are sent to OpenTelemetry, as the variables ``OTEL_*`` say.
        tls: whether callers speak TLS, to the service or to a proxy before it.
        workers: processes that serve the same.
        limits: what callers may take.
    """

    bundle: Path
    gallery: str
    photos: Path | None = None
    labels: LabelSettings | None = None
    device: str = "auto"
    precision: str | None = None
    runtime: str = "auto"
    threads: int | None = None
    read_only: bool = False
    keys: Path | None = None
    hosts: frozenset[str] = LOOPBACK
    rate: float = 0.0
    audit: Path | None = None
    answers: Path | None = None
    traces: bool = False
    tls: bool = False
    workers: int = 1
    limits: Limits = field(default_factory=Limits)
