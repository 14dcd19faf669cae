"""What is served, and how: the parts that the configurations of its models share. The keys are Triton's schema's."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import fashionsdk
from fashionsdk._tools import strict_json
from fashionsdk.backends import DeviceKind
from fashionsdk.bundle import Bundle, Precision
from fashionsdk_export.triton.model_tensors import Tensor
from fashionsdk_export.triton.text_format import Message, Name
from fashionsdk_export.triton.triton_config import TritonConfig
from fashionsdk_export.triton.triton_model import BundlePart, TritonModel

Tensors: TypeAlias = tuple[Tensor, ...]

NO_FILES: Mapping[str, Path] = {}
PREFIX = "fashionsdk."  # of our parameters: the server's backends have some too


@dataclass(frozen=True)
class ServedBundle:
    """A bundle, and how one of its graphs is served.

    Attributes:
        bundle: the bundle.
        precision: of the graph.
        settings: of the repository.
        max_batch: photos in one batch at most.
        preferred: sizes of batches that do not wait for more photos.
    """

    bundle: Bundle
    precision: Precision
    settings: TritonConfig
    max_batch: int
    preferred: tuple[int, ...]

    def model(
        self,
        name: str,
        tensors: tuple[Tensors, Tensors],
        computed_by: Message,
        parameters: Mapping[str, str],
        files: Mapping[str, Path] = NO_FILES,
        bundle: BundlePart | None = None,
    ) -> TritonModel:
        """Return a model.

        Args:
            name: its name.
            tensors: its inputs, and its outputs.
            computed_by: the configuration's fields that say what computes it, and where.
            parameters: what the backend and whoever asks for the configuration read.
            files: the files of its version: their names there, and what is copied.
            bundle: a bundle that is written beside them; ``None`` for none.
        """
        inputs, outputs = tensors
        config: Message = {
            "name": name,
            **computed_by,
            "max_batch_size": self.max_batch,
            "input": [tensor.message() for tensor in inputs],
            "output": [tensor.message() for tensor in outputs],
            "version_policy": self._version_policy(),
            "parameters": [{"key": key, "value": {"string_value": parameters[key]}} for key in sorted(parameters)],
        }
        return TritonModel(name, inputs, outputs, config, files, bundle)

    def scheduling(self, device: DeviceKind) -> Message:
        """Return the fields on instances and on dynamic batches."""
        return {
            "instance_group": [
                {"count": self.settings.instances, "kind": Name("KIND_GPU" if device == "cuda" else "KIND_CPU")}
            ],
            "dynamic_batching": {
                "preferred_batch_size": self.preferred,
                "max_queue_delay_microseconds": round(self.settings.queue_delay * 1000),
            },
        }

    def description(self) -> dict[str, str]:
        """Return the parameters that say what this is: digests, attributes, preprocessing."""
        manifest = self.bundle.manifest
        texts = {
            "model": manifest.model.digest,
            "precision": self.precision,
            "graph_sha256": manifest.files[self.bundle.graph(self.precision).file].sha256,
            "codec": manifest.model.codec,
            "written_by": f"fashionsdk {fashionsdk.__version__}",
        }
        parts = {
            "attributes": manifest.attributes,
            "dimensions": manifest.dimensions,
            "posteriors": manifest.model.posteriors,
            "preprocessing": manifest.preprocessing,
        }
        texts |= {key: json.dumps(strict_json.encode(part)) for key, part in parts.items()}
        return {PREFIX + key: text for key, text in texts.items()}

    def _version_policy(self) -> Message:
        choice: Mapping[str, Message] = {
            "latest": {"num_versions": 1},
            "all": {},
            "specific": {"versions": (self.settings.version,)},
        }
        return {self.settings.version_policy: choice[self.settings.version_policy]}
