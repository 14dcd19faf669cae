"""The originals' networks as ``FORMULAS.md`` of their golden arrays states them: one (image, attribute) at a time.

Slow and literal on purpose: parameters keep the originals' names, the backbone is torchvision's, attention is computed
position by position, and nothing is shared between attributes. Letters: f the feature map ``(C, h, w)``, P positions.
"""

from collections.abc import Mapping
from math import sqrt
from typing import NamedTuple

import numpy as np
import torch
import torchvision
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torchvision import transforms

State = Mapping[str, Tensor]


class Answer(NamedTuple):
    """A network's outputs for one image and attribute."""

    embedding: Tensor
    attention: Tensor | None = None
    class_logits: Tensor | None = None


class Part:
    """The parameters under a prefix."""

    def __init__(self, state: State, prefix: str) -> None:
        self.state, self.prefix = state, prefix

    def __getitem__(self, name: str) -> Tensor:
        return self.state[self.prefix + name]

    def linear(self, name: str, x: Tensor) -> Tensor:
        """W x + b of a linear layer or a 1 x 1 convolution, for a vector ``(n,)`` or one a position ``(n, P)``."""
        weight = self[f"{name}.weight"].flatten(1)
        bias = self.state.get(f"{self.prefix}{name}.bias", torch.zeros(len(weight)))
        return (weight @ x.reshape(len(x), -1) + bias[:, None]).reshape(len(weight), *x.shape[1:])

    def norm(self, name: str, x: Tensor) -> Tensor:
        """Batch normalisation of ``(n, P)`` by the running statistics."""
        scale = self[f"{name}.weight"] / torch.sqrt(self[f"{name}.running_var"] + 1e-5)
        return (x - self[f"{name}.running_mean"][:, None]) * scale[:, None] + self[f"{name}.bias"][:, None]


class ResNet:
    """A torchvision ResNet with the parameters under ``prefix``."""

    def __init__(self, name: str, state: State, prefix: str) -> None:
        self.net = getattr(torchvision.models, name)(weights=None).eval()
        given = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
        missing, _ = self.net.load_state_dict(given, strict=False)
        assert all(key.startswith(("layer4.", "fc.")) for key in missing)

    def levels(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """The outputs ``(C', H, W)`` of ``layer2`` and ``(C, h, w)`` of ``layer3``."""
        net = self.net
        lower = net.layer2(net.layer1(net.maxpool(net.relu(net.bn1(net.conv1(pixels[None]))))))
        return lower[0], net.layer3(lower)[0]


def normalised(vector: Tensor) -> Tensor:
    return vector / vector.norm()


def attend(scores: Tensor, f: Tensor) -> tuple[Tensor, Tensor]:
    """Softmax over positions of scores ``(P,)``, and the sum over positions that it weighs."""
    weights = torch.exp(scores) / torch.exp(scores).sum()
    pooled = sum(weight * column for weight, column in zip(weights, f.flatten(1).T, strict=True))
    return weights.reshape(f.shape[1:]), pooled


def gate(part: Part, x: Tensor, v: Tensor) -> Tensor:
    return torch.sigmoid(part.linear("fc2", torch.relu(part.linear("fc1", torch.cat([x, v])))))


def asen(state: State, f: Tensor, a: int) -> Answer:
    part = Part(state, "embeddingnet.")
    one_hot = torch.eye(part["mask_fc1.weight"].shape[1])[a]
    u = torch.tanh(part["mask_fc1.weight"] @ one_hot)
    keys = torch.tanh(part.linear("conv1", f.flatten(1)))
    scores = torch.tanh(part.linear("conv2", u[:, None] * keys))[0]
    attention, x = attend(scores, f)
    x = x * gate(part, x, torch.relu(part["mask_fc2.weight"] @ one_hot))
    return Answer(normalised(part.linear("feature_fc", x)), attention)


def asen_v2(state: State, f: Tensor, a: int) -> Answer:
    part = Part(state, "embeddingnet.")
    t = part["attr_embedding.weight"][a]
    u = torch.tanh(part.linear("attr_transform1", t))
    keys = torch.tanh(part.norm("img_bn1", part.linear("conv1", f.flatten(1))))
    attention, x = attend(u @ keys / sqrt(len(u)), f)
    x = x * gate(part, x, torch.relu(part.linear("attr_transform2", t)))
    return Answer(normalised(x), attention)


def csn(state: State, f: Tensor, a: int) -> Answer:
    part = Part(state, "embeddingnet.")
    x = part.linear("embed_fc", f.flatten(1).mean(dim=1))
    return Answer(normalised(x * torch.relu(part["masks.weight"][a])))


def branch(state: State, name: str, f: Tensor, a: int) -> Answer:
    """One of ASEN++'s branches; its vector is not of unit length."""
    part = Part(state, f"choices.{name}.attnnet.")
    t = state["choices.local.attrnet.attr_embedding.weight"][a]
    u = torch.tanh(part.linear("attr_transform1", t))
    keys = torch.tanh(part.linear("conv", f.flatten(1)))
    attention, x = attend(u @ keys / sqrt(len(u)), f)
    x = x * gate(part, x, torch.relu(part.linear("attr_transform2", t)))
    return Answer(part.linear("feature_fc", x), attention)


def ag_man(state: State, net: ResNet, levels: tuple[Tensor, Tensor], a: int) -> Answer:
    part, backbone = Part(state, "embeddingnet."), Part(state, "embeddingnet.backbonenet.")
    lower, f3 = levels
    shrunk = net.net.maxpool(lower[None])[0]
    lifted = backbone.linear("conv1_1", shrunk.flatten(1)).reshape(f3.shape) + f3
    logits = backbone.linear("fc_embed", net.net.layer4(lifted[None])[0].flatten(1).mean(dim=1))
    g = part.linear("conv1", part["w"] * torch.cat([f3, lifted]).flatten(1))
    t = part["attr_embedding.weight"][a]
    guide = part.linear("attr_transform1", t)
    u = guide * torch.sigmoid(guide)
    scores = u @ torch.tanh(part.norm("img_bn1", g)) / sqrt(len(u))
    attention = part["w1"] * torch.exp(scores) / torch.exp(scores).sum()
    g = (g * attention).reshape(len(g), *f3.shape[1:])
    plain = torch.stack([g.mean(dim=0), g.max(dim=0).values])
    g = g * torch.sigmoid(torch.nn.functional.conv2d(plain[None], part["sa.conv1.weight"], padding=3))[0]
    x = g.flatten(1).sum(dim=1)
    change = part.linear("attr_transform2", t)
    x = x * (part["w2"] * gate(part, x, change * torch.sigmoid(change)))
    embedding = normalised(x * torch.relu(part["masks.weight"][a]))
    return Answer(embedding, attention.reshape(f3.shape[1:]), logits)


BACKBONES = {
    "asen": "embeddingnet.backbonenet.",
    "asen_v2": "embeddingnet.backbonenet.",
    "csn": "embeddingnet.embeddingnet.",
    "ag_man": "embeddingnet.backbonenet.",
}


@torch.inference_mode()
def answers(model: str, state: State, backbone: str, pixels: Tensor, attributes: int) -> list[list[Answer]]:
    """Return an answer per image of ``(B, 3, S, S)`` and attribute, by any program but ASEN++."""
    net = ResNet(backbone, state, BACKBONES[model])
    levels = [net.levels(image) for image in pixels]
    if model == "ag_man":
        return [[ag_man(state, net, pair, a) for a in range(attributes)] for pair in levels]
    head = {"asen": asen, "asen_v2": asen_v2, "csn": csn}[model]
    return [[head(state, f, a) for a in range(attributes)] for _, f in levels]


@torch.inference_mode()
def branch_answers(state: State, name: str, backbone: str, pixels: Tensor, attributes: int) -> list[list[Answer]]:
    """Return an answer per image of ``(B, 3, S, S)`` and attribute, by one of ASEN++'s branches."""
    net = ResNet(backbone, state, f"choices.{name}.basenet.")
    maps = [net.levels(image)[1] for image in pixels]
    return [[branch(state, name, f, a) for a in range(attributes)] for f in maps]


def resized(values: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Resize the columns of ``(h, w)`` to ``side`` rows by linear interpolation with half-pixel centres."""
    places = (np.arange(side) + 0.5) * len(values) / side - 0.5
    return np.stack([np.interp(places, range(len(values)), column) for column in values.T], axis=1).astype(np.float32)


def region(attention: NDArray[np.float32], threshold: float, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the box left, top, right, bottom that ASEN++ cuts out of a picture of ``size`` (width, height)."""
    large = resized(resized(attention, 224).T, 224).T
    levels = ((large - large.min()) / (large.max() - large.min()) * 255).astype(int)
    rows, columns = np.nonzero(levels > 255 * threshold)
    left, top = int(columns.min()), int(rows.min())
    width, height = int(columns.max()) - left + 1, int(rows.max()) - top + 1
    d = max(width, height)
    shorter = min(size)
    corner = []
    for centre, surplus in ((left + width // 2, size[0] - shorter), (top + height // 2, size[1] - shorter)):
        start = 224 - d if centre + d // 2 > 224 else max(0, centre - d // 2)
        corner.append(int(start / 224 * shorter) + surplus // 2)
    length = int(d / 224 * shorter)
    return corner[0], corner[1], corner[0] + length, corner[1] + length


_IMAGENET = [transforms.ToTensor(), transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
WHOLE = transforms.Compose([transforms.Resize(224), transforms.CenterCrop(224), *_IMAGENET])
CUT = transforms.Compose([transforms.Resize((112, 112)), *_IMAGENET])


@torch.inference_mode()
def two_steps(state: State, backbones: tuple[str, str], picture: Image.Image, attributes: int) -> Tensor:
    """Return ASEN++'s embeddings ``(A, D)`` of one picture, threshold 0.1 and beta 0.6."""
    whole = branch_answers(state, "global", backbones[0], WHOLE(picture)[None], attributes)[0]
    joined = []
    for a, answer in enumerate(whole):
        assert answer.attention is not None
        cut = CUT(picture.crop(region(answer.attention.numpy(), 0.1, picture.size)))
        part = branch_answers(state, "local", backbones[1], cut[None], attributes)[0][a]
        joined.append(torch.cat([sqrt(0.6) * normalised(answer.embedding), sqrt(0.4) * normalised(part.embedding)]))
    return torch.stack(joined)
