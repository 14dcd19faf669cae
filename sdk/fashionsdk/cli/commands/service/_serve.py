"""``fashionsdk serve``: a page to look at and an API to call, for one gallery."""

import argparse
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

from fashionsdk.cli._guard import from_extra
from fashionsdk.cli._options import Help, Subparsers, add_command, nonblank, positive
from fashionsdk.cli._output import note
from fashionsdk.cli.galleries import STORE_HELP

if TYPE_CHECKING:
    from fashionsdk.service import LabelSettings, Limits, Listening, Settings

VARIABLE = "FASHIONSDK_KEYS"

HELP = Help(
    name="serve",
    summary="serve a page and an API for a gallery",
    description="""\
Serve a gallery over HTTP: a page at /, searches at /v1/search, the OpenAPI document at /openapi.json, health at
/healthz and /readyz, metrics for Prometheus at /metrics.

A gallery in a folder or on a server can be changed by its callers. One in a file is read only. Without keys everyone on
this machine may do everything, so only this machine is listened to. SIGTERM answers what has begun and ends. SIGHUP
reads the bundle again. One that does not fit the gallery is refused, and the old one goes on.""",
    examples="""\
  fashionsdk serve bundle/ --gallery shop.gallery
  fashionsdk serve bundle/ --gallery shop/ --photos images/ --port 8080
  fashionsdk serve bundle/ --gallery shop.gallery --labels shop/labels.csv --suspects suspects.csv
  fashionsdk keys --name shop --scopes read >> keys.txt
  fashionsdk serve bundle/ --gallery shop/ --keys keys.txt --host 0.0.0.0 --allow-host shop.example --behind-tls""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, HELP, run, answers=False)
    parser.add_argument("--gallery", required=True, type=nonblank, metavar="STORE", help=STORE_HELP)
    pictures = parser.add_mutually_exclusive_group()
    pictures.add_argument(
        "--photos",
        type=nonblank,
        metavar="DIR",
        help="folder that the items' keys are paths in, for their pictures (default: this folder, if the first item's "
        "photo is there)",
    )
    pictures.add_argument("--no-pictures", action="store_true", help="serve no pictures of items")
    _add_labels(parser)
    parser.add_argument("--read-only", action="store_true", help="refuse all changes of the gallery and of labels")
    parser.add_argument("--threads", type=positive, metavar="N", help="threads of the model (default: all cores)")
    _add_listening(parser)
    _add_safety(parser)
    _add_limits(parser)


def _add_labels(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("labels to check, at /labels.html")
    group.add_argument(
        "--labels", type=nonblank, metavar="TABLE", help="label table: its photos without a label, and the suspects"
    )
    group.add_argument(
        "--suspects",
        type=nonblank,
        metavar="FILE",
        help="CSV file of labels that seem wrong, which are asked about first",
    )
    group.add_argument(
        "--corrections",
        type=nonblank,
        metavar="FILE",
        help="CSV file to write what was decided to, which training takes (default: the suspects' file)",
    )


def _add_listening(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("where")
    group.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    group.add_argument("--port", type=_port, default=8000, help="port, 0 for any that is free (default: 8000)")
    group.add_argument("--socket", type=nonblank, metavar="FILE", help="listen on this Unix socket instead")
    group.add_argument(
        "--workers",
        type=positive,
        default=1,
        metavar="N",
        help="processes; one for each core answers most callers, for as many times the memory (default: 1)",
    )
    group.add_argument("--certificate", type=nonblank, metavar="FILE", help="certificate chain, for TLS")
    group.add_argument("--private-key", type=nonblank, metavar="FILE", help="the certificate's key")
    group.add_argument("--log", choices=("text", "json"), default="text", help="form of the log on stderr")
    group.add_argument(
        "--traces",
        action="store_true",
        help="send spans to OpenTelemetry with OTLP over HTTP, as OTEL_EXPORTER_OTLP_ENDPOINT and its like say",
    )


def _add_safety(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("safety")
    group.add_argument(
        "--keys",
        type=nonblank,
        metavar="FILE",
        help=f"API keys that 'fashionsdk keys' made; a changed file counts at once (default: those in {VARIABLE})",
    )
    group.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="name that the service is called by, beside this machine's own; * for any; may be repeated",
    )
    group.add_argument("--behind-tls", action="store_true", help="a proxy before the service speaks TLS with callers")
    group.add_argument("--rate", type=float, default=0.0, metavar="N", help="requests a second for each key or address")
    group.add_argument("--audit", type=nonblank, metavar="FILE", help="append a line for every change of the gallery")
    group.add_argument(
        "--answers",
        type=nonblank,
        metavar="FILE",
        help="keep answers to writes with an Idempotency-Key in this file, so that they outlive the service (default: "
        "as long as it runs)",
    )
    group.add_argument(
        "--insecure", action="store_true", help="listen to other machines without keys or TLS: anyone may do anything"
    )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("limits")
    group.add_argument("--batch-size", type=positive, default=16, metavar="N", help="photos in one run (default: 16)")
    group.add_argument(
        "--batch-wait", type=float, default=4.0, metavar="MS", help="how long a photo waits for others (default: 4 ms)"
    )
    group.add_argument("--timeout", type=float, default=10.0, metavar="S", help="seconds to an answer (default: 10)")
    group.add_argument(
        "--max-upload", type=float, default=20.0, metavar="MB", help="megabytes of one request (default: 20)"
    )
    group.add_argument("--queue", type=positive, default=256, metavar="N", help="photos that may wait (default: 256)")


def run(args: argparse.Namespace) -> int:
    """Check what was asked for, and serve."""
    with from_extra("serve"):
        from fashionsdk.service import run as serve
    if args.traces:
        with from_extra("traces"):
            import opentelemetry.exporter.otlp.proto.http.trace_exporter  # noqa: F401

    listening = _listening(args)
    check_safe(args, listening)
    settings = _settings(args)
    if settings.photos is None and not args.no_pictures:
        note("no pictures: the keys of the gallery are no paths in this folder; --photos DIR says where they are")
    serve(settings, listening)
    return 0


def _listening(args: argparse.Namespace) -> "Listening":
    from fashionsdk.service import Listening

    if (args.certificate is None) != (args.private_key is None):
        raise ValueError("one of --certificate and --private-key is given; expected both")
    return Listening(
        host=args.host,
        port=args.port,
        socket=_path(args.socket),
        workers=args.workers,
        certificate=_path(args.certificate),
        private_key=_path(args.private_key),
        log=args.log,
    )


def check_safe(args: argparse.Namespace, listening: "Listening") -> None:
    """Check that other machines cannot reach a service without keys, or read what is sent to it.

    Raises:
        ValueError: they can.
    """
    if not listening.beyond or args.insecure:
        return
    if args.keys is None and VARIABLE not in os.environ:
        raise ValueError(
            f"--host {args.host} lets other machines in, and there are no API keys; expected --keys FILE, which "
            "'fashionsdk keys' makes, or --insecure"
        )
    if args.certificate is None and not args.behind_tls:
        raise ValueError(
            f"--host {args.host} lets other machines in without TLS, which would show their keys; expected "
            "--certificate and --private-key, --behind-tls if a proxy speaks TLS, or --insecure"
        )


def _labels(args: argparse.Namespace) -> "LabelSettings | None":
    """Return the files of labels to check.

    Raises:
        ValueError: files are named without a table, or there is none to write to.
    """
    from fashionsdk.service import LabelSettings

    corrections = args.corrections or args.suspects
    if args.labels is None:
        if corrections is not None:
            raise ValueError("--suspects and --corrections are about the photos of --labels TABLE; give that too")
        return None
    if corrections is None:
        raise ValueError("--labels needs a file to write to: --corrections FILE, or --suspects FILE to write it there")
    return LabelSettings(Path(args.labels), Path(corrections), _path(args.suspects))


def _settings(args: argparse.Namespace) -> "Settings":
    from fashionsdk.service import LOOPBACK, Settings

    return Settings(
        bundle=Path(args.bundle),
        gallery=args.gallery,
        photos=_photos(args),
        labels=_labels(args),
        device=args.device,
        precision=args.precision,
        runtime=args.runtime,
        threads=args.threads,
        read_only=args.read_only,
        keys=_path(args.keys),
        hosts=LOOPBACK | {name.lower() for name in (args.host, *args.allow_host)},
        rate=args.rate,
        audit=_path(args.audit),
        answers=_path(args.answers),
        traces=args.traces,
        tls=args.certificate is not None or args.behind_tls,
        workers=args.workers,
        limits=_limits(args),
    )


def _limits(args: argparse.Namespace) -> "Limits":
    from fashionsdk.service import Limits

    for name in ("batch_wait", "timeout", "max_upload"):
        if not 0 < getattr(args, name) < math.inf:
            raise ValueError(f"--{name.replace('_', '-')} is {getattr(args, name)}; expected a number above 0")
    if not 0 <= args.rate < math.inf:
        raise ValueError(f"--rate is {args.rate}; expected requests a second, or 0 for no limit")
    return Limits(
        body_bytes=int(args.max_upload * 1e6),
        held_bytes=max(int(args.max_upload * 1e7), 200_000_000),
        seconds=args.timeout,
        waiting=args.queue,
        batch=args.batch_size,
        batch_seconds=args.batch_wait / 1e3,
    )


def _photos(args: argparse.Namespace) -> Path | None:
    """Return the folder that keys are paths in."""
    from fashionsdk.search import Matcher, PhotoFolder

    if args.no_pictures:
        return None
    if args.photos is not None:
        return Path(args.photos)
    with Matcher.open(args.gallery, read_only=True) as matcher:
        first = next(iter(matcher.entries()), None)
    here = Path.cwd()
    return here if first is not None and PhotoFolder(here).find(first[0]) else None


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def _port(text: str) -> int:
    """Parse a port."""
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r}; expected a port, 0 to 65535")
    return int(text)
