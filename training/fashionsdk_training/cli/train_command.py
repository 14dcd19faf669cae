"""The command line of ``training/train.py``."""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from fashionsdk.cli import add_corrections_option, add_format_option, guarded, print_answer
from fashionsdk_training.cli.command_log import show_log
from fashionsdk_training.cli.command_parser import DATA_HELP, add_debug_option, add_device_option, command_parser
from fashionsdk_training.cli.run_data import load_data, read_labels
from fashionsdk_training.cli.run_folder import check_run_folder
from fashionsdk_training.cli.training_settings import (
    AUTO,
    Resolved,
    add_setting_options,
    list_recipes,
    list_settings,
    resolve,
    resolve_automatically,
    run_command,
    summary,
    take_command,
)
from fashionsdk_training.config import RunRecord, TrainConfig, read_run_toml
from fashionsdk_training.recipes import RECIPES

logger = logging.getLogger(__name__)

_EXAMPLES = """\
examples:
  # a catalogue of your own: labels.csv holds image, split (train or valid), then a column per attribute;
  # python training/prepare.py makes one from an export of your shop
  python training/train.py --data shop/labels.csv --out runs/shop

  # the same run, killed and started again: it continues after the last whole epoch
  python training/train.py --data shop/labels.csv --out runs/shop

  # it is done, and twelve more epochs are worth a try
  python training/train.py --data shop/labels.csv --out runs/shop --epochs 24

  # the same photos, with labels corrected in suspects.csv of python training/labels.py
  python training/train.py --data shop/labels.csv --corrections suspects.csv --out runs/corrected

  # another network, input and learning rate; --settings lists what else there is
  python training/train.py --data shop/labels.csv --out runs/resnet --backbone resnet50 --side 224 \\
      --set optimisation.learning_rate=1e-4 --set optimisation.frozen_parts=0

  # a run again, as its folder says; and again with another seed
  python training/train.py --config runs/shop/run.toml --out runs/again
  python training/train.py --config runs/shop/run.toml --out runs/seed-1 --seed 1

  # a slow network first, then a fast one that learns from it; the second is exported
  python training/train.py --data shop/labels.csv --recipe cam_large_cpu --out runs/large
  python training/train.py --data shop/labels.csv --teacher runs/large/best --epochs 10 --out runs/taught

  # four processes
  torchrun --nproc-per-node 4 training/train.py --data shop/labels.csv --out runs/shop

then
  tensorboard --logdir runs/shop/log
  python export/build_engine.py runs/shop/best --out shop-bundle
"""


def train_parser() -> argparse.ArgumentParser:
    """Return the parser of ``train.py``."""
    recipes = "\n".join(f"  {name:<16} {summary(function)}" for name, function in RECIPES.items())
    description = f"Train an attribute-specific embedding model from labelled photos.\n\nrecipes:\n{recipes}"
    parser = command_parser("train.py", description, _EXAMPLES)
    parser.add_argument(
        "--data",
        type=Path,
        help=f"{DATA_HELP}, or with the CSN paper's triplet lists; needed without --config",
    )
    add_format_option(parser)
    add_corrections_option(parser)
    parser.add_argument("--out", type=Path, help="needed: folder of the run; best/ in it is the checkpoint")
    parser.add_argument(
        "--attribute",
        action="append",
        metavar="NAME",
        help="train this attribute only; may be repeated (default: every column that seems to be one)",
    )
    parser.add_argument(
        "--boxes",
        type=Path,
        help="CSV file that says where in photos attributes are decided, as for fashionsdk point; attention learns to "
        "lie there in the training photos that have a box",
    )
    parser.add_argument(
        "--teacher",
        type=Path,
        action="append",
        metavar="CHECKPOINT",
        help="a larger network that was trained on the same table, such as runs/large/best of --recipe cam_large_cpu. "
        "The network learns its answers to every batch beside the labels; may be repeated, and the mean counts",
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
    add_device_option(parser, default=None)
    add_debug_option(parser)
    add_setting_options(parser)
    return parser


def train(arguments: Sequence[str] | None = None) -> int:
    """Train as the command line says; return the exit code."""
    parser = train_parser()
    args = parser.parse_args(arguments)
    return guarded("train.py", lambda: _run(parser, args), debug=args.debug, extra="training")


def _run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    if args.recipes:
        print_answer(list_recipes())
        return 0
    record = None if args.config is None else read_run_toml(args.config)
    if record is not None and record.command is not None:
        take_command(args, record.command)
    resolved = None if args.recipe == AUTO else resolve(args, record)
    if args.settings:
        if resolved is None:
            parser.error(f"--settings lists those of one recipe; expected another than {AUTO}")
        print_answer(list_settings(resolved.config))
        return 0
    if lacking := [f"--{name}" for name in ("data", "out") if getattr(args, name) is None]:
        parser.error(f"the following arguments are required: {', '.join(lacking)}")
    check_run_folder(args.out, args.data)
    return _train(args, resolved, record)


def _train(args: argparse.Namespace, resolved: Resolved | None, record: RunRecord | None) -> int:
    # The heavy imports wait until the arguments are known to be good: --help answers at once.
    import torch

    from fashionsdk_training.errors import TrainingError
    from fashionsdk_training.loop import BEST_FOLDER, Teachers, Trainer, processes

    with processes(args.device or "auto") as peers:
        show_log(logging.INFO if peers.leads else logging.ERROR)
        labels = None
        if resolved is None:
            labels = read_labels(args)
            resolved = resolve_automatically(args, peers.device.type, len(labels.labels.images))
        config = resolved.config
        for note in resolved.notes:
            logger.info("%s", note)
        logger.info("%s", _plan(resolved.recipe, config, str(peers.device), peers.world))
        teachers = None
        if args.teacher:  # whether they can teach is known before photos are decoded
            labels = labels or read_labels(args)
            teachers = Teachers.load(args.teacher, labels.labels.attributes, config.preprocessing, peers.device)
        if not peers.leads:
            peers.wait()  # the leader decodes first, the others find its photos
        data = load_data(args, config, labels)
        if args.boxes is not None and config.model.architecture == "cam" and not config.model.position_queries:
            logger.warning(
                "boxes cost values where parts are small; they should move queries: --set model.position_queries=true"
            )
        if record is not None and record.labels != data.digest:
            logger.warning("the labels, the boxes or the readable photos are not those of the run in %s", args.config)
        if peers.leads:
            peers.wait()
        try:
            trainer = Trainer(
                config,
                data,
                args.out,
                peers,
                progress=True,
                baseline=not args.no_baseline,
                command=run_command(args, resolved.recipe),
                teachers=teachers,
            )
            checkpoint = trainer.fit()
        except torch.OutOfMemoryError as error:
            raise TrainingError(f"out of memory: {error}; give a smaller --batch-size") from error
        if peers.leads:
            measure, value = next(iter(checkpoint.metrics.items()))
            print_answer(f"best {measure} {value:.2f}: {args.out / BEST_FOLDER}")
    return 0


def _plan(recipe: str | None, config: TrainConfig, device: str, processes: int) -> str:
    model, sampling = config.model, config.sampling
    height, width, _ = config.preprocessing.shape
    origin = "no recipe" if recipe is None else f"recipe {recipe}"
    text = (
        f"{origin}: {model.architecture} on {model.backbone} at {height}x{width} pixels "
        f"({config.fit}), epochs {config.epochs}, batch size {sampling.batch_size}, seed {config.seed}, device {device}"
    )
    return text if processes == 1 else f"{text}, {processes} processes"
