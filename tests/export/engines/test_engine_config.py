"""The settings of an engine build."""

from pathlib import Path

import pytest

from fashionsdk_export.engines import EngineConfig


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "onnx"}, "kind is 'onnx'; expected one of tensorrt, tensorrt-rtx"),
        ({"min_batch": 0}, "batch range is 0, 8, 32; expected 1 <= min_batch <= opt_batch <= max_batch"),
        ({"opt_batch": 33}, "batch range is 1, 33, 32"),
        ({"min_batch": 9}, "batch range is 9, 8, 32"),
        ({"workspace": 0}, "workspace is 0; expected GiB, more than 0"),
        ({"workspace": float("inf")}, "workspace is inf"),
        ({"workspace": float("nan")}, "workspace is nan"),
        ({"optimisation_level": 6}, "optimisation_level is 6; expected 0 to 5"),
        ({"optimisation_level": -1}, "optimisation_level is -1"),
        ({"compute_capability": "sm89"}, "compute_capability is 'sm89'; expected one like '8.9'"),
        ({"compute_capability": ""}, "compute_capability is ''"),
        ({"compute_capability": "8.6,8.9"}, "expected at most one, tensorrt builds for the GPU at hand"),
    ],
)
def test_invalid_settings_are_rejected(changes, message):
    with pytest.raises(ValueError, match=message):
        EngineConfig(**({"kind": "tensorrt"} | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"timing_cache": Path("timings")}, "tensorrt-rtx has no timing cache"),
        ({"optimisation_level": 3}, "the same engine at every optimisation_level"),
        ({"compute_capability": "8.6, 8.9"}, "expected one like '8.9', or several, '8.6,8.9'"),
        ({"compute_capability": "8.9,8.9"}, "names one twice"),
    ],
)
def test_settings_that_tensorrt_for_rtx_would_ignore_are_rejected(changes, message):
    with pytest.raises(ValueError, match=message):
        EngineConfig("tensorrt-rtx", **changes)


def test_tensorrt_takes_all_settings():
    config = EngineConfig("tensorrt", "9.0", 2, 2, 2, workspace=0.5, timing_cache=Path("timings"), optimisation_level=0)
    assert config.capabilities == ["9.0"]
    assert EngineConfig("tensorrt").capabilities == []
    assert EngineConfig("tensorrt-rtx", "8.6,12.0").capabilities == ["8.6", "12.0"]
