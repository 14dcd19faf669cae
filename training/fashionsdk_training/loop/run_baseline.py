"""A run beside its baseline: what linear classifiers on frozen features reach, and what training gains on them."""

import logging
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from fashionsdk._tools.printable_text import printable
from fashionsdk.evaluation import Comparison, Difference, Evaluation, paired_bootstrap
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.config import TrainConfig
from fashionsdk_training.data import TrainingData, TripletData
from fashionsdk_training.loop.linear_weights import LinearWeights
from fashionsdk_training.loop.never_worse import never_worse
from fashionsdk_training.loop.validation import validate
from fashionsdk_training.probe import Baseline, FrozenNetwork, measure_baseline

BASELINE_FOLDER = "baseline"
NAME_WIDTH = 20  # characters of a name, at least

logger = logging.getLogger(__name__)


@dataclass(eq=False)
class RunBaseline:
    """The baseline of one run, and how the run's best checkpoint compares with it.

    Attributes:
        baseline: the linear classifiers and their figures.
        best: the evaluation of the run's best checkpoint, None until this process has validated one.
    """

    baseline: Baseline
    best: Evaluation | None = None

    @classmethod
    def measure(
        cls,
        config: TrainConfig,
        data: TrainingData,
        out: Path,
        device: torch.device,
        *,
        progress: bool = False,
    ) -> "RunBaseline | None":
        """Measure the baseline, or read it from the run's folder; return None where there is none, and log why.

        Args:
            config: the run's settings: its backbone and pretrained weights.
            data: its photos and labels.
            out: its folder.
            device: where features are computed.
            progress: whether to show progress bars.

        Raises:
            WeightsError: the pretrained weights are missing or do not fit.
            OSError: the folder cannot be written.
        """
        if isinstance(data, TripletData):
            logger.info("no baseline of linear classifiers: triplets have no labels to learn them from")
            return None
        if config.pretrained is None:
            logger.info("no baseline of linear classifiers: the backbone has no pretrained weights")
            return None
        begin = time.monotonic()
        network = FrozenNetwork.load(config.model, config.pretrained, device, data.preprocessing.shape[:2])
        folder, power = out / BASELINE_FOLDER, config.model.question_power
        baseline = measure_baseline(network, data, folder, question_power=power, progress=progress)
        overall, seconds = baseline.evaluation.overall, time.monotonic() - begin
        text = "linear classifiers on frozen features: MAP %.2f (random %.2f), measured in %.0f s"
        logger.info(text, overall.map, overall.random_map, seconds)
        return cls(baseline)

    @property
    def map(self) -> float:
        """MAP of the baseline in percent."""
        return self.baseline.evaluation.overall.map

    def settle(
        self,
        best: Path,
        data: TrainingData,
        device: torch.device,
        seed: int,
        linear: LinearWeights | None = None,
    ) -> None:
        """Log what the best checkpoint gains on the baseline, attribute by attribute.

        With ``linear`` the checkpoint is first replaced by one that loses on no attribute, see `never_worse`.

        Args:
            best: the checkpoint. It is evaluated again if an earlier process has trained it.
            data: its photos and labels.
            device: where it computes.
            seed: of the bootstrap.
            linear: the baseline's weights and others like them, if the network can have such.
        """
        checkpoint = Checkpoint.load(best)
        if self.best is None:
            self.best = validate(checkpoint.build().to(device), data).evaluation
        assert self.best is not None, "data with a baseline have queries"
        first = self.baseline.evaluation
        if linear is not None:
            settled, self.best = never_worse(checkpoint, linear, self.best, first)
            if settled is not checkpoint:
                settled.save(best)
        comparison = paired_bootstrap(first, self.best, seed)
        table = comparison_table(comparison, self.best)
        logger.info("the best checkpoint beside linear classifiers on frozen features, MAP in %%:\n%s", table)


def comparison_table(comparison: Comparison, trained: Evaluation) -> str:
    """Return a line per attribute and one for all queries.

    Its columns: queries, MAP of a random ranking, of linear classifiers and of the trained network, the difference of
    these two with its 95 % interval, and what it says. Control characters in names are escaped.

    Args:
        comparison: of the linear classifiers with the trained network.
        trained: the network's evaluation.
    """
    chances = [score.random_map for score in (*trained.attributes, trained.overall)]
    differences = (*comparison.attributes, comparison.overall)
    width = max(NAME_WIDTH, *(len(printable(each.attribute)) for each in differences))
    head = f"{'attribute':<{width}}  queries  random  linear  trained  difference  95 % interval"
    return "\n".join([head, *(_line(each, chance, width) for each, chance in zip(differences, chances, strict=True))])


def _line(each: Difference, chance: float, width: int) -> str:
    interval = f"{each.low:+.2f} to {each.high:+.2f}"
    return (
        f"{printable(each.attribute):<{width}}  {each.queries:>7}  {chance:>6.2f}  {each.first:>6.2f}  "
        f"{each.second:>7.2f}  {each.difference:>+10.2f}  {interval:<16}  {each.verdict}"
    )
