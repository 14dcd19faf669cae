"""The options of ``export/build_engine.py`` and their help."""

import argparse
from pathlib import Path

from fashionsdk._tools.command_parser import CommandParser
from fashionsdk.backends import DEVICES, ENGINE_RUNTIMES, PRECISIONS, RUNTIMES
from fashionsdk.cli import add_corrections_option, add_format_option

GRAPH_PRECISIONS = RUNTIMES["onnxruntime"].precisions["cpu"]  # it runs every graph that an export makes
_PRECISIONS = tuple(name for name in PRECISIONS if any(RUNTIMES[kind].computes(name) for kind in ENGINE_RUNTIMES))

ENGINE_OPTIONS = (
    "compute_capability",
    "min_batch",
    "opt_batch",
    "max_batch",
    "workspace",
    "timing_cache",
    "optimisation_level",
    "device",
    "max_autotune",
)

_DESCRIPTION = """\
Turn a checkpoint into a bundle, the folder that the SDK runs: ONNX graphs that give every attribute's embedding in one
pass, and, with --engine, compiled engines of them. Nothing is written unless each graph gives PyTorch's answers.

precisions:
  fp32  exact. Needs no photos.
  fp16  half the size, for GPUs. CPUs gain nothing. Measurements on photos (--data or --photos) decide which layers stay
        in float32. Without photos, 16 drawn garments are measured, which differ from your model's photos.
  int8  a quarter of the size, the fastest on CPUs with VNNI instructions. Needs photos: 32 or more, better 256.

MODEL may also be a bundle. Then engines are added to it. tensorrt builds on the machine whose GPU they are for. This
needs neither PyTorch nor photos, only pip install "fashionsdk[tensorrt]" or "fashionsdk[tensorrt-rtx]", and for int8
also ONNX Runtime, which compares the graph for TensorRT with PyTorch's answers. aotinductor compiles for this machine's
CPU or GPU (--device), in fp32, bf16, or on a GPU fp16, and needs pip install "fashionsdk[export,aotinductor]" and a C++
compiler."""

_EXAMPLES = """\
examples:
  python export/build_engine.py runs/shop/best --out shop-bundle
  python export/build_engine.py runs/shop/best --out shop-bundle --precision fp32 int8 --photos shop/photos
  python export/build_engine.py runs/shop/best --out shop-bundle --precision fp32 fp16 int8 --data shop/labels.csv
  python export/build_engine.py runs/shop/best --out shop-bundle --data shop/labels.csv --bytes-per-item 528
  python export/build_engine.py shop-bundle --out shop-bundle --overwrite --engine tensorrt --precision fp16
  python export/build_engine.py shop-bundle --out rtx-bundle --engine tensorrt-rtx --compute-capability 8.9
  python export/build_engine.py shop-bundle --out shop-bundle --overwrite --engine aotinductor --device cpu
  fashionsdk check shop-bundle --precision int8      # the same check on the machine that serves

exit status: 0 done; 1 failed, for example a graph that lost too much; 2 wrong arguments
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of ``build_engine.py``."""
    result = CommandParser(
        prog="build_engine.py",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument(
        "model", type=Path, metavar="MODEL", help="a checkpoint folder that training wrote, or a bundle"
    )
    result.add_argument("--out", type=Path, required=True, metavar="BUNDLE", help="the bundle folder to make")
    result.add_argument("--overwrite", action="store_true", help="replace the bundle at --out")
    result.add_argument("--debug", action="store_true", help="show the traceback of an error")
    result.add_argument(
        "--precision",
        nargs="+",
        choices=_PRECISIONS,
        help="graphs to write; the first is the SDK's default (default: fp32). If MODEL is a bundle: its graphs to "
        "build engines of (default: all that the engine computes); bf16, of aotinductor: its fp32 graph in bfloat16",
    )
    _add_photos(result.add_argument_group("photos to calibrate fp16 and int8 with, and to measure their loss"))
    _add_compact(result.add_argument_group("compact vectors"))
    _add_engine(result.add_argument_group("engines: caches of the graphs, tied to a GPU or CPU and to a library"))
    return result


def _add_photos(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--data",
        type=Path,
        metavar="TABLE",
        help="table of labelled photos, as for training: its training photos calibrate int8 and fp16, its --split "
        "measures MAP of every graph in every runtime installed here",
    )
    add_format_option(group)
    add_corrections_option(group)
    group.add_argument("--split", help="split of --data to measure MAP on (default: valid)")
    group.add_argument(
        "--photos",
        nargs="+",
        metavar="PHOTO",
        help="photos or folders without labels, instead of --data: then MAP is not measured",
    )
    group.add_argument(
        "--map-loss",
        type=float,
        metavar="POINTS",
        help="points of MAP, of 100, that a graph may lose against fp32 before the export fails; with --data (default: "
        "fp16 0.1, int8 0.3)",
    )


def _add_compact(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--bytes-per-item",
        type=int,
        metavar="N",
        help="shorter vectors: at most N numbers an item for all attributes together, which galleries keep in a byte "
        "each; needs --data. Prints what they keep of MAP and of the nearest photos (default: the model's own vectors)",
    )


def _add_engine(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--engine",
        choices=ENGINE_RUNTIMES,
        help="library to build with: tensorrt, for the GPU of this machine; tensorrt-rtx, for GeForce and RTX GPUs, "
        "needs no GPU; aotinductor, PyTorch's compiler, for the CPU or the GPU of this machine",
    )
    group.add_argument("--device", choices=DEVICES, help="what to compile for (aotinductor; default: cpu)")
    group.add_argument(
        "--max-autotune",
        action="store_const",
        const=True,
        help="time several kernels for each product, which takes minutes (aotinductor)",
    )
    group.add_argument(
        "--compute-capability",
        metavar="X.Y",
        help="GPUs to build for, such as 8.9, see developer.nvidia.com/cuda-gpus; tensorrt-rtx takes several: 8.6,8.9 "
        "(default: the GPU of this machine)",
    )
    group.add_argument("--min-batch", type=int, metavar="N", help="smallest batch of an engine (tensorrt; default: 1)")
    group.add_argument("--opt-batch", type=int, metavar="N", help="batch that it is optimised for (default: 8)")
    group.add_argument("--max-batch", type=int, metavar="N", help="largest batch of an engine (default: 32)")
    group.add_argument("--workspace", type=float, metavar="GIB", help="GPU memory that one layer may use (no limit)")
    group.add_argument(
        "--timing-cache", type=Path, metavar="FILE", help="kernel timings that make the next build faster (tensorrt)"
    )
    group.add_argument(
        "--optimisation-level", type=int, metavar="0-5", help="0 builds fastest, 5 runs fastest (tensorrt; default: 3)"
    )
