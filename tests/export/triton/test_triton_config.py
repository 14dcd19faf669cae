"""Settings of a model repository that contradict each other or are out of range are errors that say so."""

import math

import pytest

from fashionsdk_export.triton import TritonConfig


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"backends": ()}, r"backends are \(\); expected python or python-pixels or onnx or tensorrt, each once"),
        ({"backends": ("onnx", "onnx")}, "each once"),
        ({"backends": ("onnxruntime",)}, "backend is 'onnxruntime'; expected python or"),
        ({"name": "../shop"}, r"name is '../shop'; expected letters, digits and _ . - such as 'shop'"),
        ({"name": ""}, "name is ''"),
        ({"name": "shöp"}, "name is 'shöp'"),
        ({"device": "gpu"}, "device is 'gpu'; expected cpu or cuda"),
        ({"runtime": "torch"}, "runtime is 'torch'; expected auto or onnxruntime"),
        ({"version_policy": "newest"}, "version_policy is 'newest'; expected latest or all or specific"),
        ({"instances": 0}, "instances is 0; expected 1 or more"),
        ({"version": 0}, "version is 0"),
        ({"threads": 0}, "threads is 0"),
        ({"max_batch": 0}, "max_batch is 0"),
        ({"preferred_batches": (8, 0)}, "a preferred batch is 0; expected 1 to 32"),
        ({"preferred_batches": (8,), "max_batch": 4}, "a preferred batch is 8; expected 1 to 4"),
        ({"queue_delay": -1}, "queue_delay is -1; expected milliseconds, 0 or more"),
        ({"queue_delay": math.nan}, "queue_delay is nan"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_expected(settings, message):
    with pytest.raises(ValueError, match=message):
        TritonConfig(**settings)


def test_a_number_that_is_no_whole_one_is_a_type_error():
    with pytest.raises(TypeError, match=r"max_batch is 2\.5; expected a whole number"):
        TritonConfig(max_batch=2.5)  # type: ignore[arg-type]
