"""Run ``export/triton.py``: write a bundle as a model repository for NVIDIA Triton."""

import argparse
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from fashionsdk._tools.command_parser import CommandParser
from fashionsdk.backends import DEVICES, RUNTIMES
from fashionsdk.bundle import Bundle
from fashionsdk.cli import guarded, print_answer
from fashionsdk_export.cli.build_options import GRAPH_PRECISIONS
from fashionsdk_export.triton import TRITON_BACKENDS, VERSION_POLICIES, TritonConfig, write_repository

_PROGRAM = "triton.py"

_DESCRIPTION = """\
Write a bundle as a model repository that NVIDIA Triton Inference Server loads: each model's files, and its
configuration with dynamic batches. The folder is written whole or not at all, and nothing is ever replaced.

backends:
  python         the SDK in Triton's Python backend, from photos (whole files) to vectors. Model NAME
  python-pixels  the same from preprocessed pixels. Model NAME_pixels
  onnx           Triton's ONNX Runtime, from preprocessed pixels. Model NAME_onnx
  tensorrt       Triton's TensorRT, with the bundle's engines. Model NAME_tensorrt

The Python models have an output for each attribute. The others have the graph's own: embeddings, and attention. With
them come NAME_read, which reads photos with the SDK, and NAME_onnx_photos or NAME_tensorrt_photos, which takes photos
through both. The Python models and NAME_read need this SDK in the server's Python."""

_EXAMPLES = """\
examples:
  python export/triton.py shop-bundle --out models
  python export/triton.py shop-bundle --out models --name shop --precision int8 --threads 4 --queue-delay 10
  python export/triton.py shop-bundle --out models --backend python onnx --device cuda --max-batch 64
  python export/triton.py shop-bundle --out models --backend tensorrt --precision fp16
  tritonserver --model-repository=models --http-address=127.0.0.1      # and docs/guides/triton.md

exit status: 0 done; 1 failed, for example the folder exists; 2 wrong arguments
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    args = _parser().parse_args(arguments)
    return guarded(_PROGRAM, lambda: _write(args), debug=args.debug, extra="triton")


def _write(args: argparse.Namespace) -> int:
    names = {field.name for field in fields(TritonConfig)}
    given: dict[str, Any] = {name: value for name, value in vars(args).items() if name in names and value is not None}
    for name in ("backends", "preferred_batches"):
        given[name] = tuple(given.get(name, getattr(TritonConfig, name)))
    settings = TritonConfig(**given)
    print_answer(write_repository(Bundle.open(args.bundle), args.out, settings).summary())
    return 0


def _parser() -> argparse.ArgumentParser:
    result = CommandParser(
        prog=_PROGRAM,
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = result.add_argument
    add("bundle", type=Path, metavar="BUNDLE", help="the bundle folder that export/build_engine.py wrote")
    add("--out", type=Path, required=True, metavar="REPOSITORY", help="the folder to make; new, or empty")
    add("--debug", action="store_true", help="show the traceback of an error")
    add("--name", metavar="NAME", help="what the models' names begin with (default: fashionsdk)")
    add(
        "--backend",
        dest="backends",
        nargs="+",
        choices=TRITON_BACKENDS,
        help="what computes; several write a model each (default: python)",
    )
    _add_computation(result.add_argument_group("computation"))
    _add_batches(result.add_argument_group("batches"))
    _add_versions(result.add_argument_group("versions"))
    return result


def _add_computation(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--precision", choices=GRAPH_PRECISIONS, help="graph or engine to serve (default: the bundle's first)"
    )
    group.add_argument(
        "--device",
        choices=DEVICES,
        help="where the Python and ONNX models run; cuda is every GPU, as it is for tensorrt (default: cpu)",
    )
    group.add_argument(
        "--runtime",
        choices=("auto", *RUNTIMES),
        help="inference runtime of the Python models (default: auto, the fastest in the server's Python)",
    )
    group.add_argument("--threads", type=int, metavar="N", help="threads of an instance on the CPU (default: all CPUs)")
    group.add_argument("--instances", type=int, metavar="N", help="batches that a device computes at once (default: 1)")
    group.add_argument(
        "--tensorrt-version", metavar="X.Y.Z", help="of the engines to serve, if the bundle has those of several"
    )


def _add_batches(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--max-batch", type=int, metavar="N", help="photos in one batch at most (default: 32, or what engines take)"
    )
    group.add_argument(
        "--preferred-batch",
        dest="preferred_batches",
        type=int,
        nargs="+",
        metavar="N",
        help="batch sizes that do not wait for more photos (default: the one that engines are optimised for)",
    )
    group.add_argument(
        "--queue-delay",
        type=float,
        metavar="MS",
        help="milliseconds that a photo waits for others at most (default: 5)",
    )


def _add_versions(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--version", type=int, metavar="N", help="the version to write (default: 1)")
    group.add_argument(
        "--version-policy",
        choices=VERSION_POLICIES,
        help="which of the versions laid beside each other the server loads; specific: this one (default: latest)",
    )
