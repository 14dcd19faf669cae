"""What Triton's Python backend gives its models, as far as ours use it: the tests of every day run without a server.

`test_triton_server.py` asks the real one.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from google.protobuf import json_format
from numpy.typing import NDArray

from tests.export.triton.conftest import parsed


@dataclass
class Tensor:
    name: str
    array: NDArray[Any]

    def as_numpy(self) -> NDArray[Any]:
        return self.array

    @staticmethod
    def from_dlpack(name: str, other: "Tensor") -> "Tensor":
        return Tensor(name, other.array)


class TritonError:
    INVALID_ARG = 3

    def __init__(self, message: str, code: int) -> None:
        self.message, self.code = message, code


@dataclass
class InferenceResponse:
    output_tensors: list[Tensor] = field(default_factory=list)
    error: TritonError | None = None

    @property
    def outputs(self) -> dict[str, NDArray[Any]]:
        assert self.error is None, self.error.message
        return {tensor.name: tensor.array for tensor in self.output_tensors}


@dataclass
class Request:
    """A request with one input, for these outputs."""

    input: Tensor
    outputs: Sequence[str]

    def requested_output_names(self) -> Sequence[str]:
        return self.outputs


def get_input_tensor_by_name(request: Request, name: str) -> Tensor | None:
    return request.input if request.input.name == name else None


def stand_in(tensor: type = Tensor) -> ModuleType:
    """Return the module that a model imports as ``triton_python_backend_utils``."""
    module = ModuleType("triton_python_backend_utils")
    vars(module).update(
        Tensor=tensor,
        TritonError=TritonError,
        InferenceResponse=InferenceResponse,
        get_input_tensor_by_name=get_input_tensor_by_name,
    )
    return module


class Served:
    """A model of a repository, loaded as the server loads it."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, utilities: ModuleType | None = None) -> None:
        patch.setattr(sys, "path", [*sys.path])  # which the model changes
        patch.setitem(sys.modules, "triton_python_backend_utils", utilities or stand_in())
        spec = spec_from_file_location("model", folder / "1" / "model.py")
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        config = parsed(folder / "config.pbtxt")
        self.config = config
        self.model = module.TritonPythonModel()
        self.model.initialize(
            {
                "model_config": json_format.MessageToJson(config, preserving_proto_field_name=True),
                "model_repository": str(folder),
                "model_version": "1",
                "model_instance_kind": "CPU",
                "model_instance_device_id": "0",
            }
        )

    def ask(self, *arrays: NDArray[Any], outputs: Sequence[str] | None = None) -> list[InferenceResponse]:
        """Answer one batch of requests."""
        names = [output.name for output in self.config.output] if outputs is None else outputs
        requests = [Request(Tensor(self.config.input[0].name, array), names) for array in arrays]
        responses: list[InferenceResponse] = self.model.execute(requests)
        assert len(responses) == len(requests)
        return responses


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """Load a model for a block."""
    with pytest.MonkeyPatch.context() as patch:
        model = Served(folder, patch)
        yield model
        model.model.finalize()


def photo_batch(*photos: bytes) -> NDArray[np.object_]:
    """Return photos as a request's input, ``(N, 1)``."""
    return np.array([[photo] for photo in photos], dtype=np.object_)
