"""The settings of a network, checked when they are created."""

from dataclasses import dataclass, field
from typing import Literal

from fashionsdk._tools import strict_json
from fashionsdk_training.config.setting_checks import check_backbone, check_choice, check_dimensions

Architecture = Literal["triplet", "csn", "asen", "asen_v2", "asen_pp", "ag_man", "cam"]
Original = Literal["asen", "asen_v2", "csn", "ag_man", "asen_pp"]  # the papers' programs whose files can be imported
Masks = Literal["learned", "prior", "fixed"]
ColourSpace = Literal["rgb", "lab"]
Colour = tuple[float, float, float]

IMAGENET_MEAN: Colour = (0.485, 0.456, 0.406)
IMAGENET_STD: Colour = (0.229, 0.224, 0.225)
MOST_TONES = 8  # of each coordinate, CAM's colours: 512 tones
HALF: Colour = (0.5, 0.5, 0.5)  # the TensorFlow EfficientNet-Lite models' mean and standard deviation


@dataclass(frozen=True)
class LocalBranch:
    """ASEN++'s local branch (Dong et al., IEEE TIP 2021, arXiv:2104.02429).

    Attributes:
        backbone: a timm model name.
        stage: index of the timm feature map to use.
        common_dimension: size of the space where image and attribute meet.
        hidden_dimension: of the channel attention.
        side: side of the region as input of the local branch, in pixels.
        global_side: side of the picture as input of the global branch, in pixels; at most the model's input.
        threshold: share of the attention's range above which a position belongs to the region.
        beta: weight of the global branch in a similarity, 0 to 1.

    Raises:
        ValueError: a number is out of range.
    """

    backbone: str = "resnet34"
    stage: int = 3
    common_dimension: int = 256
    hidden_dimension: int = 128
    side: int = 112
    global_side: int = 224
    threshold: float = 0.1
    beta: float = 0.6

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_backbone(self.backbone)
        check_dimensions(self, "common_dimension", "hidden_dimension", "side", "global_side")
        if self.stage < 0 or not 0 <= self.threshold < 1 or not 0 <= self.beta <= 1:
            raise ValueError(
                f"stage {self.stage}, threshold {self.threshold}, beta {self.beta}; "
                "expected stage >= 0, 0 <= threshold < 1, 0 <= beta <= 1"
            )


@dataclass(frozen=True)
class ModelConfig:
    """A network's architecture.

    Attributes:
        architecture: which of the networks.
        backbone: a timm model name.
        stage: index of the timm feature map to use; resnet50's third stage, the papers' cut, is 3 (stride 16).
        mean: per channel, of values scaled to 0..1, as in the backbone's training.
        std: standard deviation per channel, of values scaled to 0..1, as in the backbone's training.
        common_dimension: M, of the space where image and attribute meet ("common_embedding_size" in the originals);
            D of AG-MAN too.
        attribute_dimension: E, of an attribute's vector.
        hidden_dimension: of the channel attention.
        embedding_dimension: outputs of the last linear layer: D, or half of ASEN++'s D; of CAM, the dimensions of the
            looks. ASENet_V2 and AG-MAN have no such layer.
        masks: CSN's kind of masks.
        spatial_attention: False for "ASEN w/o ASA".
        channel_attention: False for "ASEN w/o ACA".
        local: ASEN++'s local branch, None for the others.
        values: the number of values of each attribute if embeddings contain their probabilities, else ().
        posterior_scale: factor of the cosines to the values' proxies, or of CAM's logits, whose softmax is these
            probabilities.
        posterior_weight: of the probabilities in a similarity, 0 to 1.
        added: how many attributes, the last ones, were added to the trained network.
        attention_focus: factor of the evidence whose softmax over positions is attention; CAM only. With
            ``position_queries`` it may be 0: then attention is how much the queries let each position count.
        feature_dropout: share of the pooled features that training leaves out; CAM only.
        last_map_dropout: share of photos, drawn for each attribute if it has a query, whose last map training leaves
            out, so that the finer map, and the query that says where, learn to do without; CAM only.
        question_power: a photo that is a question asks with its probabilities to this power; CAM only.
        colour_tones: T, of each coordinate, if classifiers also see a photo's colours, as T x T x T shares; 0 if not;
            CAM only.
        colour_space: whose coordinates these are: ``lab``, CIELAB with its greys spread, or ``rgb``; CAM only.
        colour_dropout: share of an attribute's pooled tones that training leaves out; CAM only.
        position_queries: whether each attribute weighs the finer map's positions by a query of its own, linear in its
            features, before it averages them; CAM only.
        plain: attributes, by their places, whose embeddings are the classifiers' probabilities alone, as those of
            linear classifiers are: without the looks, and with a factor of 1; CAM only.

    Raises:
        ValueError: a number is out of range, or a setting belongs to another architecture.
    """

    architecture: Architecture = "asen_v2"
    backbone: str = "tf_efficientnet_lite0"
    stage: int = 4
    mean: Colour = HALF
    std: Colour = HALF
    common_dimension: int = 512
    attribute_dimension: int = 512
    hidden_dimension: int = 512
    embedding_dimension: int = 1024
    masks: Masks = "learned"
    spatial_attention: bool = True
    channel_attention: bool = True
    local: LocalBranch | None = None
    values: tuple[int, ...] = ()
    posterior_scale: float = 32.0
    posterior_weight: float = 0.7
    added: int = 0
    attention_focus: float = field(default=1.0, metadata=strict_json.OPTIONAL)
    feature_dropout: float = field(default=0.0, metadata=strict_json.OPTIONAL)
    last_map_dropout: float = field(default=0.0, metadata=strict_json.OPTIONAL)
    question_power: float = field(default=1.0, metadata=strict_json.OPTIONAL)
    colour_tones: int = field(default=0, metadata=strict_json.OPTIONAL)
    colour_space: ColourSpace = field(default="rgb", metadata=strict_json.OPTIONAL)
    colour_dropout: float = field(default=0.0, metadata=strict_json.OPTIONAL)
    position_queries: bool = field(default=False, metadata=strict_json.OPTIONAL)
    plain: tuple[int, ...] = field(default=(), metadata=strict_json.OPTIONAL)

    @property
    def attends(self) -> bool:
        """Whether the network has spatial attention."""
        return self.architecture not in ("triplet", "csn") and self.spatial_attention

    def __post_init__(self) -> None:
        """Check the numbers, and that the architecture has the settings."""
        check_choice("architecture", self.architecture, Architecture)
        check_choice("masks", self.masks, Masks)
        check_choice("colour_space", self.colour_space, ColourSpace)
        check_backbone(self.backbone)
        check_dimensions(self, "common_dimension", "attribute_dimension", "hidden_dimension", "embedding_dimension")
        if self.stage < 0 or self.added < 0:
            raise ValueError(f"stage {self.stage}, added {self.added}; expected 0 or more")
        if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0:
            raise ValueError(f"mean {self.mean}, std {self.std}; expected three numbers each, std above 0")
        if self.posterior_scale <= 0 or not 0 <= self.posterior_weight <= 1 or min(self.values, default=1) < 1:
            raise ValueError(
                f"posterior_scale {self.posterior_scale}, posterior_weight {self.posterior_weight}, values "
                f"{self.values}; expected a scale above 0, 0 <= weight <= 1, and at least one value of each attribute"
            )
        if (self.local is not None) != (self.architecture == "asen_pp"):
            raise ValueError(f"local is {self.local} for {self.architecture}; expected it for asen_pp, and only there")
        if self.masks != "learned" and self.architecture != "csn":
            raise ValueError(f"{self.architecture} has no {self.masks} masks; only csn has a choice of masks")
        if self.attention_focus < 0 or (self.attention_focus == 0 and not self.position_queries):
            raise ValueError(f"attention_focus is {self.attention_focus}; expected above 0, or 0 with position_queries")
        for name in ("feature_dropout", "last_map_dropout", "colour_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected 0 or more, and below 1")
        if self.question_power < 1:
            raise ValueError(f"question_power is {self.question_power}; expected 1 or more")
        if self.colour_tones and (self.architecture != "cam" or not 2 <= self.colour_tones <= MOST_TONES):
            raise ValueError(
                f"colour_tones is {self.colour_tones} for {self.architecture}; expected 0, or 2 to {MOST_TONES} for cam"
            )
        if self.position_queries and self.architecture != "cam":
            raise ValueError(f"position_queries for {self.architecture}; only cam has them")
        if self.plain and (self.architecture != "cam" or not set(self.plain) <= set(range(len(self.values)))):
            raise ValueError(
                f"plain is {self.plain} for {self.architecture}; expected places of cam's {len(self.values)} attributes"
            )
        if self.architecture == "ag_man" and self.stage < 1:
            raise ValueError(f"stage is {self.stage}; ag_man uses the stage before it too, so expected 1 or more")
        if not (self.spatial_attention and self.channel_attention) and self.architecture != "asen":
            raise ValueError(f"{self.architecture} cannot leave out an attention; only asen can")
