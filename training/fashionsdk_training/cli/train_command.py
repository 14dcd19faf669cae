"""The command line of ``training/train.py``."""

import argparse
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fashionsdk.cli import guarded, print_answer
from fashionsdk_training.cli.command_log import show_log
from fashionsdk_training.cli.command_parser import add_debug_option, add_device_option, command_parser
from fashionsdk_training.cli.input_options import add_input_options, with_input
from fashionsdk_training.cli.run_folder import check_run_folder
from fashionsdk_training.config import TrainConfig
from fashionsdk_training.recipes import RECIPES

if TYPE_CHECKING:
    from fashionsdk_training.data import TrainingData

logger = logging.getLogger(__name__)

_EXAMPLES = """\
examples:
  # a catalogue of your own: labels.csv holds image, split (train or valid), then a column per attribute
  python training/train.py --data shop/labels.csv --out runs/shop

  # the same run, killed and started again: it continues after the last whole epoch
  python training/train.py --data shop/labels.csv --out runs/shop

  # it is done, and twelve more epochs are worth a try
  python training/train.py --data shop/labels.csv --out runs/shop --epochs 24

  # four processes
  torchrun --nproc-per-node 4 training/train.py --data shop/labels.csv --out runs/shop

then
  tensorboard --logdir runs/shop/log
  python export/build_engine.py runs/shop/best --out shop-bundle
"""


def train_parser() -> argparse.ArgumentParser:
    """Return the parser of ``train.py``."""
    recipes = "\n".join(f"  {name:<16} {_summary(function)}" for name, function in RECIPES.items())
    description = f"Train an attribute-specific embedding model from labelled photos.\n\nrecipes:\n{recipes}"
    parser = command_parser("train.py", description, _EXAMPLES)
    parser.add_argument(
        "--data",
        required=True,
        type=Path,
        help="CSV table, or folder with labels.csv, the ASEN papers' index files or the CSN paper's triplet lists",
    )
    parser.add_argument("--out", required=True, type=Path, help="folder of the run; best/ in it is the checkpoint")
    parser.add_argument("--recipe", choices=RECIPES, default="cam_cpu", help="settings (default: %(default)s)")
    parser.add_argument(
        "--attribute",
        action="append",
        metavar="NAME",
        help="train this attribute only; may be repeated (default: every column that seems to be one)",
    )
    parser.add_argument("--epochs", type=int, help="instead of the recipe's; a finished run takes more")
    parser.add_argument("--batch-size", type=int, help="photos a batch and process, instead of the recipe's")
    add_input_options(parser)
    parser.add_argument("--seed", type=int, help="of every random choice, instead of the recipe's")
    parser.add_argument(
        "--pretrained",
        help="first weights of the backbone: package, timm, none, or a safetensors file; "
        "{backbone} in its name stands for the network's, which ASEN++'s two need",
    )
    parser.add_argument(
        "--splits",
        nargs=2,
        metavar=("TRAIN", "VALID"),
        help="their names (default: train valid; of triplet lists train val)",
    )
    parser.add_argument(
        "--no-baseline",
        action="store_true",
        help="do not measure what linear classifiers on frozen features reach; the trained weights are the same",
    )
    parser.add_argument("--cache", type=Path, help="folder for decoded photos (default: OUT/photos)")
    add_device_option(parser)
    add_debug_option(parser)
    return parser


def _summary(function: Callable[..., object]) -> str:
    return (function.__doc__ or "").partition("\n")[0]


def train(arguments: Sequence[str] | None = None) -> int:
    """Train as the command line says; return the exit code."""
    args = train_parser().parse_args(arguments)
    return guarded("train.py", lambda: _train(args), debug=args.debug, extra="training")


def _train(args: argparse.Namespace) -> int:
    config = _config(args)
    check_run_folder(args.out, args.data)
    # The heavy imports wait until the arguments are known to be good: --help answers at once.
    import torch

    from fashionsdk_training.errors import TrainingError
    from fashionsdk_training.loop import BEST_FOLDER, Trainer, processes

    with processes(args.device) as peers:
        show_log(logging.INFO if peers.leads else logging.ERROR)
        logger.info("%s", _plan(args.recipe, config, str(peers.device), peers.world))
        cache = args.cache or args.out / "photos"
        if not peers.leads:
            peers.wait()  # the leader decodes first, the others find its photos
        data = _load(args, config, cache, progress=True)
        if peers.leads:
            peers.wait()
        try:
            trainer = Trainer(config, data, args.out, peers, progress=True, baseline=not args.no_baseline)
            checkpoint = trainer.fit()
        except torch.OutOfMemoryError as error:
            raise TrainingError(f"out of memory: {error}; give a smaller --batch-size") from error
        if peers.leads:
            measure, value = next(iter(checkpoint.metrics.items()))
            print_answer(f"best {measure} {value:.2f}: {args.out / BEST_FOLDER}")
    return 0


def _plan(recipe: str, config: TrainConfig, device: str, processes: int) -> str:
    model, sampling = config.model, config.sampling
    height, width, _ = config.preprocessing.shape
    text = (
        f"recipe {recipe}: {model.architecture} on {model.backbone} at {height}x{width} pixels ({config.fit}), "
        f"epochs {config.epochs}, batch size {sampling.batch_size}, seed {config.seed}, device {device}"
    )
    return text if processes == 1 else f"{text}, {processes} processes"


def _load(args: argparse.Namespace, config: TrainConfig, cache: Path, *, progress: bool) -> "TrainingData":
    from fashionsdk.labels import holds_triplets
    from fashionsdk_training.data import load_training_data, load_triplet_data

    where, triplets = (args.data, config.side, config.stored_side, cache), holds_triplets(args.data)
    first, second = args.splits or (("train", "val") if triplets else ("train", "valid"))
    splits, attributes = (first, second), args.attribute
    if not triplets:
        return load_training_data(
            *where,
            splits=splits,
            attributes=attributes,
            fit=config.fit,
            padding=config.padding,
            progress=progress,
        )
    return load_triplet_data(
        *where,
        splits=splits,
        attributes=attributes,
        most=config.sampling.most_triplets or None,
        seed=config.seed,
        fit=config.fit,
        padding=config.padding,
        progress=progress,
    )


def _config(args: argparse.Namespace) -> TrainConfig:
    config = with_input(RECIPES[args.recipe](), args)
    if args.epochs is not None:
        share = config.optimisation.global_epochs * args.epochs // config.epochs  # ASEN++'s stages keep their shares
        stages = replace(config.optimisation, global_epochs=share)
        config = replace(config, epochs=args.epochs, optimisation=stages)
    if args.batch_size is not None:
        config = replace(config, sampling=replace(config.sampling, batch_size=args.batch_size))
    if args.seed is not None:
        config = replace(config, seed=args.seed)
    if args.pretrained is not None:
        config = replace(config, pretrained=None if args.pretrained == "none" else args.pretrained)
    return config
