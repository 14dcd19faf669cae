"""Models that Triton computes itself, in ONNX Runtime or TensorRT, and either behind the reader of photos."""

from collections.abc import Sequence

from fashionsdk.backends import RUNTIMES
from fashionsdk.bundle import EngineInfo
from fashionsdk_export.triton.graph_file import GraphFile
from fashionsdk_export.triton.model_tensors import PHOTOS, images
from fashionsdk_export.triton.served_bundle import PREFIX, ServedBundle
from fashionsdk_export.triton.text_format import Message
from fashionsdk_export.triton.triton_model import TritonModel

LATEST = -1  # of the versions that the server has loaded


def onnx_model(served: ServedBundle) -> TritonModel:
    """Return the model that Triton's ONNX Runtime computes.

    Raises:
        ValueError: ONNX Runtime does not compute the precision on the device.
    """
    settings = served.settings
    if not RUNTIMES["onnxruntime"].computes(served.precision, settings.device):
        raise ValueError(
            f"ONNX Runtime does not compute {served.precision} on device {settings.device!r}; expected another "
            "precision or device"
        )
    graph = GraphFile.read(served.bundle, served.precision)
    computed_by = {"platform": "onnxruntime_onnx", **served.scheduling(settings.device)}
    parameters = served.description()
    if settings.threads is not None:
        parameters["intra_op_thread_count"] = str(settings.threads)
    files = {"model.onnx": graph.path, **{file: graph.path.parent / file for file in graph.weights}}
    return served.model(f"{settings.name}_onnx", (graph.inputs, graph.outputs), computed_by, parameters, files)


def tensorrt_model(served: ServedBundle, engines: Sequence[EngineInfo]) -> TritonModel:
    """Return the model that Triton's TensorRT computes; of several engines, the server takes that of its GPU."""
    graph = GraphFile.read(served.bundle, served.precision)
    plans = {engine.compute_capability: f"model.sm{engine.compute_capability}.plan" for engine in engines}
    computed_by = {
        "platform": "tensorrt_plan",
        "default_model_filename": plans[engines[0].compute_capability],
        "cc_model_filenames": [{"key": capability, "value": plan} for capability, plan in plans.items()],
        **served.scheduling("cuda"),
    }
    parameters = served.description() | {f"{PREFIX}library": f"tensorrt {engines[0].library_version}"}
    files = {plans[engine.compute_capability]: served.bundle.path / engine.file for engine in engines}
    name = f"{served.settings.name}_tensorrt"
    return served.model(name, (graph.inputs, graph.outputs), computed_by, parameters, files)


def behind_reader(served: ServedBundle, reader: TritonModel, model: TritonModel) -> TritonModel:
    """Return the ensemble that reads photos with one model and gives their pixels to another."""
    pixels = images(served.bundle.manifest).name
    answers = {tensor.name: tensor.name for tensor in model.outputs}
    steps = [
        _step(reader, {PHOTOS.name: PHOTOS.name}, {pixels: pixels}),
        _step(model, {pixels: pixels}, answers),
    ]
    computed_by: Message = {"platform": "ensemble", "ensemble_scheduling": {"step": steps}}
    return served.model(f"{model.name}_photos", ((PHOTOS,), model.outputs), computed_by, served.description())


def _step(model: TritonModel, inputs: dict[str, str], outputs: dict[str, str]) -> Message:
    """Return a step of an ensemble: the model's names, and those that the ensemble gives them."""
    maps = {"input_map": inputs, "output_map": outputs}
    entries = {key: [{"key": own, "value": given} for own, given in names.items()] for key, names in maps.items()}
    return {"model_name": model.name, "model_version": LATEST, **entries}
