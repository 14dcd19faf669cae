"""Hooks for tests that need a GPU: ``make gpu-check`` ends with what ran of each runtime, and what was skipped and why.

A test says which runtime it is of: ``pytest.mark.gpu("onnxruntime")``. One of several runtimes has the name of its own
among its parameters.
"""

import os
from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass, field

import pytest

# Every CUDA card runs these, and `make gpu-check` installs them: a test of theirs that is skipped has failed.
REQUIRED = ("onnxruntime", "PyTorch")
HAS_GPU = "FASHIONSDK_HAS_GPU"  # in the environment, if the caller says that there is one


@dataclass
class Outcomes:
    """What became of a runtime's tests."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    reasons: dict[str, None] = field(default_factory=dict)  # in their order, each once

    def add(self, report: pytest.TestReport, reason: str) -> None:
        """Count a test, unless it is only half done."""
        if report.failed:
            self.failed += 1
        elif report.when == "call" and report.passed:
            self.passed += 1
        if reason:
            self.skipped += 1
            self.reasons[reason] = None


_outcomes: defaultdict[str, Outcomes] = defaultdict(Outcomes)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Count a test of a GPU, and let it fail where a required one would be skipped."""
    report = yield
    marker = item.get_closest_marker("gpu")
    if marker is None or not os.environ.get(HAS_GPU):
        return report
    runtime, reason = runtime_of(item, marker), ""
    if report.skipped:
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        reason = reason.removeprefix("Skipped: ")
        if runtime in REQUIRED:
            report.outcome = "failed"
    _outcomes[runtime].add(report, reason)
    return report


def runtime_of(item: pytest.Item, marker: pytest.Mark) -> str:
    """Return the runtime that a test is of."""
    names: tuple[str, ...] = marker.args
    parameters = getattr(item, "callspec", None)
    own = [name for name in names if parameters is not None and name in parameters.params.values()]
    return (own or list(names) or ["not said"])[0]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, if there are tests of a GPU."""
    if not _outcomes:
        return
    terminalreporter.section("runtimes on this GPU")
    for line in table(_outcomes):
        terminalreporter.write_line(line)


def table(outcomes: dict[str, Outcomes]) -> list[str]:
    """Return a line for each runtime: whether it ran, how many of its tests did what, and why some were skipped."""
    lines = [f"{'runtime':18} {'':10} passed failed skipped"]
    for name, of in sorted(outcomes.items()):
        ran = "ran" if of.passed else "failed" if of.failed else "skipped"
        why = f"  {'; '.join(of.reasons)}" if of.reasons else ""
        lines.append(f"{name:18} {ran:10} {of.passed:6} {of.failed:6} {of.skipped:7}{why}")
    return lines
