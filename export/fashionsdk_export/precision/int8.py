"""INT8: static quantise-dequantise pairs, scales per channel for weights, activation ranges from photos."""

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from fashionsdk._tools.batches import slices
from fashionsdk._tools.files.scratch_folder import scratch_folder
from fashionsdk._tools.progress import progress_bar
from fashionsdk.backends.onnxruntime import import_runtime
from fashionsdk_export.precision.early_quantisation import quantise_early

import_runtime()  # before its tools are imported, so that it sends no usage data
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType  # noqa: E402
from onnxruntime.quantization.calibrate import create_calibrator  # noqa: E402
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer  # noqa: E402

BATCH = 8
_KINDS = ("Conv", "Add")
_SETTINGS = {
    # The next layer quantises the output as its input, after the activation: once, not twice.
    "OpTypesToExcludeOutputQuantization": list(_KINDS),
    "QuantizeBias": False,  # TensorRT takes no int32 bias, and CPUs are as fast
}


class Quantiser:
    """Makes INT8 graphs of one float32 graph; its activations are measured once.

    Args:
        model: the graph in float32, its batch-norms folded.
        images: uint8 ``(n, H, W, 3)``, model inputs to measure the ranges of activations on.
        progress: whether to show a progress bar.
    """

    def __init__(self, model: onnx.ModelProto, images: NDArray[np.uint8], *, progress: bool = False) -> None:
        self.model = model
        with scratch_folder() as folder:
            file = folder / "graph.onnx"
            onnx.save(model, file)
            calibrator = create_calibrator(
                file,
                list(_KINDS),
                augmented_model_path=str(folder / "observed.onnx"),
                calibrate_method=CalibrationMethod.MinMax,
                extra_options={"moving_average": True},  # of each batch's ends: one odd photo widens a range little
            )
            calibrator.collect_data(_Batches(images, progress))
            self.ranges = calibrator.compute_data()

    def layers(self) -> list[str]:
        """Return the names of the nodes that can be quantised: convolutions, and sums of two feature maps."""
        constants = {weight.name for weight in self.model.graph.initializer}
        ranks = {
            value.name: len(value.type.tensor_type.shape.dim)
            for value in onnx.shape_inference.infer_shapes(self.model).graph.value_info
        }
        return [
            node.name
            for node in self.model.graph.node
            if node.op_type == "Conv"
            or (node.op_type == "Add" and not constants & set(node.input) and ranks.get(node.output[0]) == 4)
        ]

    def quantise(self, layers: Collection[str]) -> onnx.ModelProto:
        """Return the graph with these layers in INT8."""
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        if not layers:
            return model  # to the library an empty list means all
        quantizer = QDQQuantizer(
            model,
            per_channel=True,
            reduce_range=False,
            weight_qType=QuantType.QInt8,
            activation_qType=QuantType.QUInt8,
            tensors_range=self.ranges,
            nodes_to_quantize=list(layers),
            nodes_to_exclude=[],
            op_types_to_quantize=list(_KINDS),
            extra_options=dict(_SETTINGS),
        )
        quantizer.quantize_model()
        quantizer.model.topological_sort()
        quantised: onnx.ModelProto = quantizer.model.model
        quantise_early(quantised)
        return quantised


class _Batches(CalibrationDataReader):  # type: ignore[misc]  # the library has no types
    """Photos as the calibrator reads them."""

    def __init__(self, images: NDArray[np.uint8], progress: bool) -> None:
        self.batches = self._batches(images, progress)

    def _batches(self, images: NDArray[np.uint8], progress: bool) -> Iterator[dict[str, Any]]:
        batches = slices(len(images), BATCH)
        for batch in progress_bar(batches, "int8: activation ranges", None, "batch", shown=progress):
            yield {"images": images[batch]}

    def get_next(self) -> dict[str, Any] | None:
        """Return the next batch, or None."""
        return next(self.batches, None)
