"""Prove each graph of a bundle before the bundle is written: through the SDK, as a user would run it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec

from fashionsdk.backends import int8_saturates
from fashionsdk.bundle import Bundle, Precision
from fashionsdk.embedding import CheckReport, Parity, check
from fashionsdk_export.errors import ExportError

_SMALLER_IS_BETTER = ("max_abs_difference", "attention_max_difference", "map_loss")


@dataclass(frozen=True)
class Proof:
    """What was measured of a graph, by runtime.

    Attributes:
        checks: against PyTorch's answers to the reference images.
        photos: on labelled photos: ``map``, and but for fp32 ``map_loss`` and ``photos_neighbour_agreement``; may be
            empty, and lacks the runtimes that answer alike.
    """

    checks: Mapping[str, CheckReport]
    photos: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def by_runtime(self) -> dict[str, dict[str, float]]:
        """Return all figures, by name and version of the runtime."""
        return {
            report.backend.runtime: figures(report.parity) | dict(self.photos.get(name, {}))
            for name, report in self.checks.items()
        }

    def parity(self) -> dict[str, float]:
        """Return the figures as a graph's ``parity`` in the manifest: each from the runtime where it is worst."""
        found: dict[str, list[float]] = {}
        for measured in self.by_runtime().values():
            for name, value in measured.items():
                found.setdefault(name, []).append(value)
        return {name: (max if name in _SMALLER_IS_BETTER else min)(values) for name, values in found.items()}

    def __str__(self) -> str:
        return "\n".join(
            "\n".join([str(report), *_photo_lines(self.photos.get(name, {}))]) for name, report in self.checks.items()
        )


def _photo_lines(measured: Mapping[str, float]) -> list[str]:
    lines = []
    if "map" in measured:
        lost = f", {measured['map_loss']:.2f} less than fp32" if "map_loss" in measured else ""
        lines.append(f"MAP over queries     {measured['map']:.2f}{lost}")
    if "photos_neighbour_agreement" in measured:
        lines.append(f"photos' neighbours   {measured['photos_neighbour_agreement']:.1%} are fp32's")
    return lines


def runtimes(precision: Precision) -> list[str]:
    """Return the runtimes installed here that compute a precision on a CPU.

    Raises:
        ExportError: there is none.
    """
    found = [name for name in ("onnxruntime", "openvino") if find_spec(name) and _computes(name, precision)]
    if not found:
        raise ExportError(
            f'no runtime that computes {precision} on a CPU is installed; run pip install "fashionsdk[cpu]"'
        )
    return found


def _computes(runtime: str, precision: Precision) -> bool:
    if runtime == "openvino" and precision == "fp16":
        return False  # it has no arithmetic in half precision on a CPU, and says so
    return not (runtime == "openvino" and precision == "int8" and int8_saturates())  # where the SDK refuses it


def prove(bundle: Bundle, precision: Precision) -> dict[str, CheckReport]:
    """Compare a graph with PyTorch's answers in each of ``runtimes``.

    Raises:
        ExportError: it is too far from them, or no runtime is installed.
    """
    reports = {name: check(bundle, device="cpu", precision=precision, runtime=name) for name in runtimes(precision)}
    for report in reports.values():
        if not report.ok:
            raise ExportError(f"the graph does not give PyTorch's numbers, so nothing was written: {report}")
    return reports


def figures(parity: Parity) -> dict[str, float]:
    """Return the parity as the manifest keeps it."""
    return {name: float(value) for name, value in asdict(parity).items() if value is not None}
