"""The ways that are compared on a GPU: the SDK's runtimes, and PyTorch on the bundle's graph, eager and compiled."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
import torch._inductor.config
from torch import Tensor, nn

from fashionsdk.backends import ENGINE_RUNTIMES, RUNTIMES, DeviceKind, open_backend
from fashionsdk.bundle import Bundle, EngineKind
from fashionsdk.errors import FashionSDKError
from fashionsdk_export.builder_packages import builder_package
from fashionsdk_export.inductor import GraphModule
from methods.embedding_methods import Pixels, reason

PRECISIONS: Mapping[str, tuple[str, ...]] = {"cpu": ("fp32",), "cuda": ("fp16", "fp32")}
EAGER = "torch eager"
COMPILED: Mapping[str, dict[str, bool]] = {  # Inductor's settings
    "torch.compile": {},
    "torch.compile, freezing": {"freezing": True},
    "torch.compile, freezing, max-autotune": {"freezing": True, "max_autotune": True},
}

# "host" or "device" -> a call that embeds the batch, from photos there to embeddings there.
Calls = Mapping[str, Callable[[], Any]]


@dataclass(frozen=True)
class Way:
    """One way to run a bundle; ``open`` gets uint8 images ``(B, H, W, 3)`` and yields its calls."""

    name: str
    precision: str
    open: Callable[[Pixels], AbstractContextManager[Calls]]


def ways(bundle: Bundle, device: DeviceKind) -> list[Way]:
    """Return the SDK's ways in every precision that the bundle has and the device computes, then PyTorch's."""
    manifest = bundle.manifest
    held = {graph.precision for graph in manifest.graphs} | {engine.precision for engine in manifest.engines}
    own = [
        Way(f"fashionsdk, {record.name}", precision, partial(_sdk_calls, bundle, record.name, precision, device))
        for record in RUNTIMES.values()
        for precision in record.precisions.get(device, ())
        if precision in held
    ]
    precisions = [precision for precision in PRECISIONS[device] if precision in held]
    plain = [(EAGER, precision) for precision in precisions]
    compiled = [(name, precision) for name in COMPILED for precision in precisions[:1]]
    theirs = [
        Way(name, precision, partial(_torch_calls, bundle, name, precision, device))
        for name, precision in (*plain, *compiled)
    ]
    return [*own, *theirs]


@contextmanager
def _sdk_calls(bundle: Bundle, runtime: str, precision: str, device: str, images: Pixels) -> Iterator[Calls]:
    with open_backend(bundle, device, precision, runtime=runtime) as backend:
        yield {"host": lambda: backend.run(images)[0]}


@contextmanager
def _torch_calls(bundle: Bundle, name: str, precision: str, device: str, images: Pixels) -> Iterator[Calls]:
    torch.compiler.reset()
    module = _network(bundle, precision, device)
    function = module if name == EAGER else torch.compile(module, dynamic=False, mode=_mode(device))
    there = torch.from_numpy(images).to(device)

    def on_device() -> Tensor:
        embeddings: Tensor = function(there)[0]
        if device == "cuda":
            torch.cuda.synchronize()
        return embeddings

    def from_host() -> Any:
        return function(torch.from_numpy(images).to(device))[0].cpu().numpy()

    with torch.no_grad(), torch._inductor.config.patch(COMPILED.get(name, {})):
        yield {"device": on_device, "host": from_host}


def _mode(device: str) -> str | None:
    """Return the mode in which ``torch.compile`` replays CUDA graphs, as the SDK's runtimes do."""
    return "reduce-overhead" if device == "cuda" else None


def _network(bundle: Bundle, precision: str, device: str) -> nn.Module:
    """Return the graph as a module, the weights of its convolutions in channels last."""
    return GraphModule(bundle.graph_path(precision)).channels_last().to(device).eval()


def with_engines(
    bundle: Bundle, device: DeviceKind, max_batch: int, folder: Path
) -> tuple[Bundle, list[dict[str, str]]]:
    """Return the bundle with an engine of every installed runtime that builds one for the device, and what it took."""
    records = []
    for kind in ENGINE_RUNTIMES:
        if device in RUNTIMES[kind].devices and RUNTIMES[kind].installed:
            begin = time.perf_counter()
            try:
                bundle = _add(bundle, cast("EngineKind", kind), device, max_batch, folder)
                records.append({"engine": kind, "built": f"{time.perf_counter() - begin:.0f} s"})
            except (FashionSDKError, ValueError, ImportError) as error:
                records.append({"engine": kind, "built": f"no: {reason(error)}"})
    return bundle, records


def _add(bundle: Bundle, kind: EngineKind, device: DeviceKind, max_batch: int, folder: Path) -> Bundle:
    room = builder_package(kind)
    where = {"device": device} if len(RUNTIMES[kind].devices) > 1 else {}
    config = room.EngineConfig(kind, opt_batch=min(8, max_batch), max_batch=max_batch, **where)
    held = [graph.precision for graph in bundle.manifest.graphs]
    wanted = [precision for precision in PRECISIONS[device] if precision in held]
    folder.mkdir(parents=True, exist_ok=True)
    added: Bundle = room.add_engines(bundle, folder / kind, config, wanted).bundle
    return added
