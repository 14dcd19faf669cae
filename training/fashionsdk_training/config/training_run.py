"""The settings of a training run, checked when they are created."""

from dataclasses import dataclass, field
from typing import Literal

from fashionsdk._tools import strict_json
from fashionsdk.photos import RGB, UNRECORDED_PADDING, Fit, Preprocessing
from fashionsdk_training.config.network import ModelConfig
from fashionsdk_training.config.optimisation import Optimisation
from fashionsdk_training.config.setting_checks import check_choice
from fashionsdk_training.data import Augmentation

NONE = "none"  # where text stands for None: on command lines and in TOML, which has no null
SamplerKind = Literal["triplets", "groups", "photos"]


@dataclass(frozen=True)
class Sampling:
    """How batches are drawn: the papers' random ``triplets``, ``groups`` of photos that share a value, or ``photos``.

    Attributes:
        kind: which sampler.
        batch_size: photos per batch and process. The memory of the batch triplets grows with its cube.
        group_size: photos per group, for ``groups``.
        triplets_an_epoch: random triplets per epoch, 100,000 in the papers' programs. 0 for a third of the number of
            photos.
        least_batches: of an epoch of ``photos``: fewer photos are passed several times.
        most_triplets: how many listed triplets (Zappos50k) to train on, 100,000 as in the CSN program. 0 for all.
    """

    kind: SamplerKind = "groups"
    batch_size: int = 64
    group_size: int = 4
    triplets_an_epoch: int = 0
    most_triplets: int = 100_000
    least_batches: int = field(default=0, metadata=strict_json.OPTIONAL)

    def __post_init__(self) -> None:
        """Check the sizes against each other."""
        check_choice("kind", self.kind, SamplerKind)
        for name in ("most_triplets", "triplets_an_epoch", "least_batches"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; expected 0 or more")
        if self.batch_size < 3 or self.group_size < 2 or (self.kind == "groups" and self.batch_size % self.group_size):
            raise ValueError(
                f"batch_size {self.batch_size}, group_size {self.group_size}; expected at least 3 photos a batch, "
                "2 a group, and whole groups"
            )


@dataclass(frozen=True)
class Objective:
    """The loss: the weighted sum of a triplet loss, a proxy loss and losses of ASEN++ or AG-MAN.

    Attributes:
        margin: of the triplets, on cosine.
        triplet_weight: 0 leaves the triplet loss out.
        proxy_weight: 0 leaves the proxy loss out. With neither, classifiers learn by cross entropy: CAM alone.
        proxy_scale: factor of the cosines to proxies.
        label_smoothing: of the proxy loss and of CAM's cross entropy.
        local_weight: of both losses on ASEN++'s local branch.
        alignment_weight: of the alignment of ASEN++'s branches.
        classification_weight: of AG-MAN's classification of attributes.
        automatic_weights: whether AG-MAN learns the weights of its losses.
        attention_weight: of attention that lies outside the boxes of training photos; without boxes there is no such
            loss.
        teacher_weight: share of CAM's cross entropy that is with the teachers' answers, not with the labels; without
            teachers it is all with the labels.
    """

    margin: float = 0.2
    triplet_weight: float = 1.0
    proxy_weight: float = 1.0
    proxy_scale: float = 16.0
    label_smoothing: float = 0.1
    local_weight: float = 0.1
    alignment_weight: float = 0.3
    classification_weight: float = 1.0
    automatic_weights: bool = False
    attention_weight: float = field(default=1.0, metadata=strict_json.OPTIONAL)
    teacher_weight: float = field(default=0.7, metadata=strict_json.OPTIONAL)

    def __post_init__(self) -> None:
        """Check the ranges."""
        if min(self.triplet_weight, self.proxy_weight) < 0:
            raise ValueError("triplet_weight and proxy_weight must not be negative")
        if min(self.local_weight, self.alignment_weight, self.classification_weight, self.attention_weight) < 0:
            raise ValueError(
                "local_weight, alignment_weight, classification_weight and attention_weight must not be negative"
            )
        if not 0 <= self.teacher_weight <= 1:
            raise ValueError(f"teacher_weight is {self.teacher_weight}; expected 0 to 1")
        if not 0 <= self.label_smoothing < 1 or self.proxy_scale <= 0:
            raise ValueError(f"label_smoothing {self.label_smoothing}, proxy_scale {self.proxy_scale} out of range")

    @property
    def learns_values(self) -> bool:
        """Whether there is no loss on embeddings, only on the classifiers of values."""
        return not self.triplet_weight and not self.proxy_weight


@dataclass(frozen=True)
class TrainConfig:
    """One training run.

    Attributes:
        model: the network.
        pretrained: the backbone's initial weights: ``package``, ``timm``, a safetensors file (in its name
            ``{backbone}`` stands for the backbone's name), or None, also written ``none``, for random ones.
        side: S, the model's input in pixels: a square's side, or height and width.
        stored_side: what photos are stored in before augmentation, in pixels: a square's side, or height and width.
        epochs: number of passes over the photos.
        sampling: how batches are drawn.
        objective: the losses.
        optimisation: rates, schedule, precision.
        augmentation: random changes to photos.
        posteriors: whether the trained network's embeddings contain the probabilities of the values, which come from
            the proxy loss.
        evaluate_every: epochs between validations.
        seed: of every random choice.
        fit: how a photo is fitted into both, ``crop`` or ``pad``, as in `fashionsdk.Preprocessing`.
        padding: the colour beside a padded photo, as there; None becomes the default, and is None with ``crop``.

    Raises:
        ValueError: a number is out of range.
    """

    model: ModelConfig = field(default_factory=ModelConfig)
    pretrained: str | None = "package"
    side: int | tuple[int, int] = 160
    stored_side: int | tuple[int, int] = 184
    epochs: int = 8
    sampling: Sampling = field(default_factory=Sampling)
    objective: Objective = field(default_factory=Objective)
    optimisation: Optimisation = field(default_factory=Optimisation)
    augmentation: Augmentation = field(default_factory=Augmentation)
    posteriors: bool = False
    evaluate_every: int = 1
    seed: int = 0
    fit: Fit = field(default="crop", metadata=strict_json.OPTIONAL)
    padding: RGB | None = field(default=None, metadata=strict_json.optional(missing=UNRECORDED_PADDING))

    def __post_init__(self) -> None:
        """Check the numbers, and settle what has two spellings."""
        check_choice("fit", self.fit, Fit)
        for name, value in (("side", self.preprocessing.side), ("padding", self.preprocessing.padding)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "pretrained", None if self.pretrained == NONE else self.pretrained)
        object.__setattr__(self, "stored_side", self.stored.side)
        self._check_stages()
        if self.posteriors and (not self.objective.proxy_weight or self.model.local is not None):
            raise ValueError(
                "posteriors need one proxy of each value: expected a proxy_weight above 0, and not asen_pp, whose "
                "branches have proxies of their own"
            )
        if self.model.values or self.model.added:
            raise ValueError("values and added describe a trained network; expected neither before training")
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}; expected 0 or more")
        if self.epochs < 1 or self.evaluate_every < 1 or not self._fits_stored():
            raise ValueError(
                f"epochs {self.epochs}, evaluate_every {self.evaluate_every}, side {self.side}, "
                f"stored_side {self.stored_side}; expected >= 1, >= 1, >= 32 and stored_side >= side"
            )

    @property
    def preprocessing(self) -> Preprocessing:
        """From a photo to the model's input."""
        return Preprocessing(self.side, fit=self.fit, padding=self.padding)

    @property
    def stored(self) -> Preprocessing:
        """From a photo to what is stored of it before augmentation."""
        return Preprocessing(self.stored_side, fit=self.fit, padding=self.padding)

    def _fits_stored(self) -> bool:
        """Tell whether the input is large enough, and what is stored no smaller."""
        (height, width, _), (high, wide, _) = self.preprocessing.shape, self.stored.shape
        return min(height, width) >= 32 and high >= height and wide >= width

    def _check_stages(self) -> None:
        """Check the settings of single architectures."""
        local, epochs = self.model.local, self.optimisation.global_epochs
        classifies = self.model.architecture == "cam"
        if self.objective.learns_values != classifies:
            raise ValueError(
                f"triplet_weight and proxy_weight for {self.model.architecture}; expected both 0 for cam, which learns "
                "by cross entropy alone, and one above 0 for the others"
            )
        if self.optimisation.frozen_parts and self.model.architecture != "cam":
            raise ValueError(f"frozen_parts for {self.model.architecture}; only cam's backbone has parts that freeze")
        if self.objective.automatic_weights and self.model.architecture != "ag_man":
            raise ValueError(f"automatic_weights for {self.model.architecture}; only ag_man weighs its losses itself")
        if local is None:
            if epochs:
                raise ValueError(f"global_epochs is {epochs} for {self.model.architecture}; only asen_pp has branches")
            return
        if epochs >= self.epochs:
            raise ValueError(
                f"global_epochs is {epochs} of {self.epochs} epochs; expected fewer, so that both branches learn too"
            )
        if isinstance(self.side, tuple):
            raise ValueError(f"side is {self.side} for asen_pp, which cuts squares; expected the side of a square")
        if local.global_side > self.side:
            raise ValueError(f"global_side is {local.global_side} of a picture of {self.side} pixels; expected no more")
