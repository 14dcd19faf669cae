"""Features of photos by a pretrained network that is not trained any further."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from fashionsdk._tools.batches import slices
from fashionsdk._tools.progress import progress_bar
from fashionsdk.photos import Preprocessing
from fashionsdk_training.config import ModelConfig
from fashionsdk_training.data import PhotoCache
from fashionsdk_training.models.parts import Levels, LevelsBackbone, Size, load_pretrained, pretrained_network

PHOTOS_AT_ONCE = 32  # on a CPU 64 take a fifth longer


@dataclass(frozen=True, eq=False)
class FrozenNetwork:
    """A whole pretrained network without its classifier, in eval mode, and how its input is normalised.

    Attributes:
        network: normalised pixels ``(B, 3, H, W)`` to pooled features ``(B, F)``.
        mean: float32 ``(3, 1, 1)``, of pixels from 0 to 1.
        std: float32 ``(3, 1, 1)``.
        device: where it computes.
    """

    network: nn.Module
    mean: Tensor
    std: Tensor
    device: torch.device

    @classmethod
    def load(
        cls, config: ModelConfig, source: str | Path, device: torch.device, input: Size | None = None
    ) -> "FrozenNetwork":
        """Return the backbone of a network's settings, whole and with pretrained weights; of CAM both its levels.

        Args:
            config: its backbone, mean and standard deviation.
            source: where the weights come from: ``package``, ``timm``, or a safetensors file, in whose name
                ``{backbone}`` stands for the backbone's.
            device: where it computes.
            input: height and width in pixels, for backbones that are built for a size; None for timm's.

        Raises:
            WeightsError: the weights are missing or do not fit.
            ValueError: the backbone cannot take such an input.
        """
        where = str(source).replace("{backbone}", config.backbone)
        if config.architecture != "cam":
            return cls._of(pretrained_network(config.backbone, where, input), config, device)
        backbone = LevelsBackbone(config.backbone, config.stage, input=input)
        load_pretrained(backbone, where)
        return cls.of_levels(backbone, config, device)

    @classmethod
    def _of(cls, network: nn.Module, config: ModelConfig, device: torch.device) -> "FrozenNetwork":
        mean, std = (torch.tensor(values).view(3, 1, 1).to(device) for values in (config.mean, config.std))
        return cls(network.to(device).to(memory_format=torch.channels_last), mean, std, device)

    @classmethod
    def of_levels(cls, backbone: LevelsBackbone, config: ModelConfig, device: torch.device) -> "FrozenNetwork":
        """Return a CAM network's backbone with both its levels pooled: pixels to features ``(B, C)``."""
        # The name is in the digest, by which features are kept: under "stage" and "levels" they were pooled otherwise.
        pooled = nn.Sequential(OrderedDict({f"own_grid{backbone.stage}": backbone, "pool": _Pool()}))
        return cls._of(pooled.eval(), config, device)

    def digest(self) -> str:
        """Return the sha256 over the weights and the normalisation."""
        sha256 = hashlib.sha256()
        for name, tensor in {**self.network.state_dict(), "/mean": self.mean, "/std": self.std}.items():
            sha256.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
            sha256.update(tensor.cpu().contiguous().numpy().tobytes())
        return sha256.hexdigest()

    def features(
        self,
        photos: PhotoCache,
        preprocessing: Preprocessing,
        chosen: NDArray[np.integer] | None = None,
        *,
        progress: bool = False,
    ) -> NDArray[np.float32]:
        """Return the pooled features ``(N, F)`` of photos.

        Args:
            photos: of any size; they are taken without their padding.
            preprocessing: to the network's input.
            chosen: indices of the photos to use, in their order; None for all.
            progress: whether to show a progress bar.
        """
        rows, chosen = [], np.arange(len(photos.pixels)) if chosen is None else chosen
        with progress_bar(None, "features of photos", len(chosen), "photo", shown=progress) as bar:
            for batch in slices(len(chosen), PHOTOS_AT_ONCE):
                sized = np.stack([preprocessing(Image.fromarray(photos.photo(photo))) for photo in chosen[batch]])
                rows.append(self.pooled(sized))
                bar.update(len(sized))
        return np.concatenate(rows)

    @torch.inference_mode()
    def pooled(self, inputs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the pooled features ``(B, F)`` of a batch of inputs, uint8 ``(B, H, W, 3)``."""
        images = torch.from_numpy(inputs).to(self.device).permute(0, 3, 1, 2).float() / 255
        features: NDArray[np.float32] = self.network((images - self.mean) / self.std).float().cpu().numpy()
        return features


class _Pool(nn.Module):
    """The means over each map's positions: levels to ``(B, C)``."""

    def forward(self, levels: Levels) -> Tensor:
        return levels.pooled()
