"""Compare each graph with PyTorch's answers through the SDK, as a user would run it, before a bundle is written."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from fashionsdk.backends import RUNTIMES
from fashionsdk.bundle import Bundle, Precision, Quality
from fashionsdk.embedding import CheckReport, Parity, check
from fashionsdk_export.errors import ExportError

_SMALLER_IS_BETTER = ("max_abs_difference", "attention_max_difference", "map_loss")


@dataclass(frozen=True)
class GraphCheck:
    """The measurements of one graph, by runtime.

    Attributes:
        reports: comparison with PyTorch's answers to the reference images.
        evaluation: figures on labelled photos: ``map``, and except for fp32 ``map_loss`` and
            ``photos_neighbour_agreement``. Empty without labelled photos. For fp32 it has one runtime only.
        quality: what later photos are compared with; ``None`` without labelled photos.
    """

    reports: Mapping[str, CheckReport]
    evaluation: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    quality: Quality | None = None

    def by_runtime(self) -> dict[str, dict[str, float]]:
        """Return all figures, by name and version of the runtime."""
        return {
            report.backend.runtime: figures(report.parity) | dict(self.evaluation.get(name, {}))
            for name, report in self.reports.items()
        }

    def parity(self) -> dict[str, float]:
        """Return the figures for a graph's ``parity`` in the manifest: of each the worst over all runtimes."""
        collected: dict[str, list[float]] = {}
        for measured in self.by_runtime().values():
            for name, value in measured.items():
                collected.setdefault(name, []).append(value)
        return {name: (max if name in _SMALLER_IS_BETTER else min)(values) for name, values in collected.items()}

    def __str__(self) -> str:
        return "\n".join(
            "\n".join([str(report), *_evaluation_lines(self.evaluation.get(name, {}))])
            for name, report in self.reports.items()
        )


def _evaluation_lines(measured: Mapping[str, float]) -> list[str]:
    lines = []
    if "map" in measured:
        lost = f", {measured['map_loss']:.2f} less than fp32" if "map_loss" in measured else ""
        lines.append(f"MAP over queries     {measured['map']:.2f}{lost}")
    if "photos_neighbour_agreement" in measured:
        lines.append(f"photos' neighbours   {measured['photos_neighbour_agreement']:.1%} are fp32's")
    return lines


def runtimes(precision: Precision) -> list[str]:
    """Return the runtimes installed here that run a graph of a precision on a CPU.

    Raises:
        ExportError: there is none.
    """
    usable = [
        runtime.name
        for runtime in RUNTIMES.values()
        if runtime.runs_graphs
        and runtime.computes(precision, "cpu")
        and runtime.runs_here(precision)
        and runtime.installed
    ]
    if not usable:
        raise ExportError(
            f'no runtime that computes {precision} on a CPU is installed; run pip install "fashionsdk[cpu]"'
        )
    return usable


def check_graph(bundle: Bundle, precision: Precision) -> dict[str, CheckReport]:
    """Compare a graph with PyTorch's answers in each of ``runtimes``.

    Raises:
        ExportError: the difference is too large, or no runtime is installed.
    """
    reports = {name: check(bundle, device="cpu", precision=precision, runtime=name) for name in runtimes(precision)}
    for report in reports.values():
        if not report.ok:
            raise ExportError(f"the graph does not give PyTorch's numbers, so nothing was written: {report}")
    return reports


def figures(parity: Parity) -> dict[str, float]:
    """Return the parity as the manifest stores it."""
    return {name: float(value) for name, value in asdict(parity).items() if value is not None}
