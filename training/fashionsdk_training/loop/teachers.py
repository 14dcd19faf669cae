"""Teachers: larger trained networks, whose answers to each training batch a smaller network learns beside the labels.

Hinton et al., 2015, arXiv:1503.02531. The teachers see the batch as the network sees it, with the same crops, mirrors
and brightness (Beyer et al., CVPR 2022, arXiv:2106.05237: "a good teacher is patient and consistent").
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from fashionsdk._tools.printable_text import printable
from fashionsdk.attributes import Attribute
from fashionsdk.photos import Preprocessing
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.models import AttributeModel, CAMNetwork

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Teachers:
    """Trained CAM networks, frozen.

    Attributes:
        teachers: one or more.
        digests: of their checkpoints, by which a run that continues knows them.
        device: where they compute.
    """

    teachers: tuple["Teacher", ...]
    digests: tuple[str, ...]
    device: torch.device

    @classmethod
    def load(
        cls, paths: Sequence[Path], attributes: Sequence[Attribute], preprocessing: Preprocessing, device: torch.device
    ) -> "Teachers":
        """Read the checkpoints of networks that were trained on the same labels.

        Args:
            paths: their folders, one or more.
            attributes: those to teach. A teacher may know more of them, in any order.
            preprocessing: to the input of the network that learns. A teacher's may be larger or smaller.
            device: where they compute.

        Raises:
            CheckpointError: a checkpoint is missing or damaged.
            ValueError: it is no CAM network, it lacks an attribute or has other values of one, or it sees photos of
                other proportions.
        """
        read = [(path, Checkpoint.load(path)) for path in paths]
        teachers = tuple(Teacher.of(path, checkpoint, attributes, preprocessing) for path, checkpoint in read)
        for (path, checkpoint), teacher in zip(read, teachers, strict=True):
            teacher.network.to(device).to(memory_format=torch.channels_last)
            size, own = "x".join(map(str, teacher.side)), checkpoint.metrics.get("map", math.nan)
            logger.info("%s teaches: %s at %s pixels, MAP %.2f", path, checkpoint.model.backbone, size, own)
        return cls(teachers, tuple(checkpoint.digest for _, checkpoint in read), device)

    @torch.no_grad()
    def probabilities(self, images: Tensor) -> Tensor:
        """Return the mean of their probabilities ``(B, A, V)`` for uint8 images ``(B, H, W, 3)``."""
        images = images.to(self.device)
        return torch.stack([teacher.probabilities(images) for teacher in self.teachers]).mean(dim=0)


@dataclass(frozen=True, eq=False)
class Teacher:
    """One network, and where its answers are those of the attributes to teach.

    Attributes:
        network: in eval mode.
        side: height and width of its input.
        places: of its attributes, int64 ``(A,)``.
        most: V, values of the attribute that has most, among those to teach.
    """

    network: AttributeModel
    side: tuple[int, int]
    places: Tensor
    most: int

    @classmethod
    def of(
        cls, path: Path, checkpoint: Checkpoint, attributes: Sequence[Attribute], preprocessing: Preprocessing
    ) -> "Teacher":
        """Return the teacher of a checkpoint; the errors are those of `Teachers.load`."""
        network, (height, width, _) = checkpoint.build(), checkpoint.preprocessing.shape
        if not isinstance(network, CAMNetwork):
            raise ValueError(
                f"{path}: a network of {checkpoint.model.architecture} as teacher; expected one of cam, trained by "
                "a recipe such as cam_large_cpu, and without attributes that were added later"
            )
        _check_input(path, checkpoint.preprocessing, preprocessing)
        places = torch.tensor([_place(path, each, checkpoint.attributes) for each in attributes])
        return cls(network, (height, width), places, max(1, *(len(each.values) for each in attributes)))

    def probabilities(self, images: Tensor) -> Tensor:
        """Return ``(B, A, V)`` of uint8 images, which are resized to its input."""
        pixels = images.permute(0, 3, 1, 2)
        if tuple(pixels.shape[2:]) != self.side:
            pixels = nn.functional.interpolate(pixels.float(), self.side, mode="bicubic", antialias=True)
        logits = self.network(pixels.permute(0, 2, 3, 1).clamp(0, 255)).logits
        assert logits is not None, "CAM has logits"
        return torch.softmax(logits, dim=-1)[:, self.places.to(logits.device), : self.most]


def _place(path: Path, attribute: Attribute, known: Sequence[Attribute]) -> int:
    """Return where a teacher has an attribute, with the same values.

    Raises:
        ValueError: it does not.
    """
    names = [each.name for each in known]
    if attribute.name not in names:
        raise ValueError(
            f"{path}: no teacher of {printable(attribute.name)}; it knows {printable(', '.join(names))}. Expected one "
            "that was trained on the same table"
        )
    place = names.index(attribute.name)
    if attribute.values != known[place].values:
        only = sorted(set(attribute.values) ^ set(known[place].values))
        what = f"{printable(only[0])} is not in both" if only else "they stand in another order"
        raise ValueError(
            f"{path}: {printable(attribute.name)} has other values for this teacher: {what}. Expected one that was "
            "trained on the same table"
        )
    return place


def _check_input(path: Path, teacher: Preprocessing, student: Preprocessing) -> None:
    """Check that both see the same of a photo, but for the size.

    Raises:
        ValueError: they do not.
    """
    (high, wide, _), (height, width, _) = teacher.shape, student.shape
    if (teacher.fit, teacher.padding, high * width) != (student.fit, student.padding, height * wide):
        raise ValueError(
            f"{path}: the teacher sees photos as {teacher}, the network as {student}; expected the same fit, padding "
            "and proportions, in any size"
        )
