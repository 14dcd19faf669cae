"""Charts of benchmarks: 900 pixels wide, labelled, in colours that colour-blind people tell apart (Okabe and Ito)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import matplotlib as mpl

mpl.use("Agg")  # no display

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000", "#F0E442")
MARKERS = "osD^vPX*"
DPI, WIDTH = 100, 9.0  # 900 pixels
BAR = 0.24  # height of one bar, in inches

Points = Sequence[tuple[float, float]]


def bars(
    path: Path, title: str, groups: Mapping[str, Mapping[str, float]], unit: str, *, log: bool = False, digits: int = 3
) -> None:
    """Draw horizontal bars to a PNG file, one group below the other, each bar with its number.

    Args:
        path: the file.
        title: above the chart.
        groups: label of a group to label of a bar to its length; bars of one label share a colour.
        unit: of the lengths, with what they are.
        log: whether lengths are on a logarithmic scale.
        digits: significant ones of the numbers.

    Raises:
        ValueError: there is no bar.
    """
    series = list(dict.fromkeys(label for group in groups.values() for label in group))
    if not series:
        raise ValueError(f"no bar for {path}; expected one at least")
    rows = len(groups) * (len(series) + 0.8)
    _, axes = plt.subplots(figsize=(WIDTH, 1.3 + BAR * rows), dpi=DPI, layout="constrained")
    thickness = 0.85 / len(series)
    for number, label in enumerate(series):
        lengths = [(place, group[label]) for place, group in enumerate(groups.values()) if label in group]
        places = [place + (number - (len(series) - 1) / 2) * thickness for place, _ in lengths]
        drawn = axes.barh(places, [value for _, value in lengths], thickness * 0.9, label=label, color=COLOURS[number])
        axes.bar_label(drawn, [_short(value, digits) for _, value in lengths], padding=3, fontsize=8)
    axes.set_yticks(range(len(groups)), groups)
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    if log:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.margins(x=0.1)
    _finish(axes, title, "x", legend=len(series) > 1)
    _save(path)


def lines(
    path: Path,
    title: str,
    series: Mapping[str, Points],
    labels: tuple[str, str],
    *,
    log_y: bool = False,
    from_zero: bool = True,
    dashed: Mapping[str, Points] | None = None,
) -> None:
    """Draw lines over a logarithmic horizontal axis to a PNG file.

    Args:
        path: the file.
        title: above the chart.
        series: label to points; each is marked.
        labels: of the axes, with their units.
        log_y: whether the vertical axis is logarithmic too.
        from_zero: whether it starts at zero; a logarithmic one does not.
        dashed: lines that were computed, not measured; without marks.
    """
    _, axes = plt.subplots(figsize=(WIDTH, 5.2), dpi=DPI, layout="constrained")
    for number, (label, points) in enumerate(series.items()):
        x, y = zip(*points, strict=True)
        axes.plot(x, y, color=COLOURS[number % 8], marker=MARKERS[number % 8], label=label)
    for label, points in (dashed or {}).items():
        x, y = zip(*points, strict=True)
        axes.plot(x, y, color="grey", linestyle="--", linewidth=1, label=label)
    ticks = sorted({x for points in series.values() for x, _ in points})
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    if log_y:
        axes.set_yscale("log")
    elif from_zero:
        axes.set_ylim(bottom=0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    _finish(axes, title, "both", legend=True)
    _save(path)


def _short(value: float, digits: int) -> str:
    return f"{value:.{digits}g}" if value < 10**digits else f"{value:,.0f}"


def _finish(axes: Axes, title: str, grid: Literal["both", "x"], *, legend: bool) -> None:
    axes.set_title(title, fontsize=11, loc="left")
    axes.grid(axis=grid, color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if legend:
        axes.legend(fontsize=9, frameon=False, loc="best")


def _save(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    plt.savefig(path)
    plt.close("all")
