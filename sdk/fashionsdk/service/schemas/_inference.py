"""What the Open Inference Protocol, version 2, asks and answers. Parameters that are not known are passed over."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """What all parts of the protocol are."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())


class InputParameters(Part):
    """Where an input's bytes are: in JSON as ``data``, or after the JSON."""

    binary_data_size: int | None = Field(None, ge=0)


class InputTensor(Part):
    """Photos: whole files as ``photos``, or pixels as ``images``."""

    name: str
    datatype: str
    shape: Annotated[list[Annotated[int, Field(ge=0, le=2**31)]], Field(min_length=1, max_length=4)]
    parameters: InputParameters = Field(default_factory=lambda: InputParameters(binary_data_size=None))
    data: list[Any] | None = None


class OutputParameters(Part):
    """How an output is wanted: in JSON, or as bytes after it."""

    binary_data: bool | None = None
    classification: int | None = None


class OutputRequest(Part):
    """An attribute whose vectors are wanted."""

    name: str
    parameters: OutputParameters = OutputParameters()


class InferenceParameters(Part):
    """How all outputs are wanted that do not say it themselves."""

    binary_data_output: bool = False


class InferenceRequest(Part):
    """Photos, and the attributes whose vectors are wanted."""

    id: str | None = Field(None, max_length=1000)
    parameters: InferenceParameters = InferenceParameters()
    inputs: Annotated[list[InputTensor], Field(min_length=1, max_length=2)]
    outputs: Annotated[list[OutputRequest], Field(max_length=1000)] | None = Field(None, description="all without it")


class OutputTensor(Part):
    """The vectors of one attribute: N rows of D numbers, one row after the other."""

    name: str
    datatype: Literal["FP32"]
    shape: list[int]
    data: list[float] | None = None
    parameters: dict[str, int] | None = Field(None, description="binary_data_size, where the bytes come after the JSON")


class Inferred(Part):
    """The vectors of the photos. ``parameters`` has the digest of the model that made them."""

    model_name: str
    id: str | None = None
    parameters: dict[str, str]
    outputs: list[OutputTensor]


class TensorInfo(Part):
    """A tensor that may be given or asked for; -1 stands for any length."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(Part):
    """What the model takes, one of its inputs, and what it gives."""

    name: str
    platform: str
    inputs: list[TensorInfo]
    outputs: list[TensorInfo]
    parameters: dict[str, str]


class ServerMetadata(Part):
    """What answers."""

    name: str
    version: str
    extensions: list[str]


class ServerLive(Part):
    """Whether the process answers."""

    live: bool


class ServerReady(Part):
    """Whether the model and the gallery can be used."""

    ready: bool


class ModelReady(Part):
    """Whether the model can be used."""

    name: str
    ready: bool


class ProtocolError(Part):
    """What went wrong, in the protocol's own form."""

    error: str
