"""OpenVINO's module and its core, one for the whole process."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from fashionsdk._tools.after_fork import RenewedLock
from fashionsdk.backends._per_process import PerProcess
from fashionsdk.backends._registry import RUNTIMES

_starting = RenewedLock()


def import_runtime() -> Any:
    """Return the module ``openvino``.

    Raises:
        BackendError: it is not installed.
    """
    try:
        with _starting, _without_telemetry():
            import openvino
    except ImportError as error:
        raise RUNTIMES["openvino"].missing(error) from error
    return openvino


@contextmanager
def _without_telemetry() -> Iterator[None]:
    """Hide the module with which OpenVINO, while it is imported, sends usage data and writes an identifier under HOME.

    The only other way to disable it is a file in HOME. Without the module OpenVINO uses an empty one instead.
    """
    name = "openvino_telemetry"
    before = {name: sys.modules[name]} if name in sys.modules else {}
    sys.modules[name] = None  # type: ignore[assignment]  # what Python records for a missing module
    try:
        yield
    finally:
        del sys.modules[name]
        sys.modules.update(before)


@cache
def _cores(runtime: Any) -> PerProcess[Any]:
    return PerProcess(runtime.Core(), runtime.Core)


def core_of(runtime: Any) -> Any:
    """Return the one core of this process, which is never destroyed.

    A core gives the thread that first compiles with it a stack for signals, and takes it back when it ends. When
    several end in another order than they began, the thread keeps one that was freed: the next signal that Python
    handles there, such as Ctrl-C, is a crash (seen with OpenVINO 2026.4).
    """
    with _starting:
        return _cores(runtime).get()
