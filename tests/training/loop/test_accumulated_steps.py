"""Several batches to a step: the gradient of one large batch, and one averaging between processes."""

import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook
from torch.nn.parallel import DistributedDataParallel

from fashionsdk_training.config import Objective, Optimisation, Sampling
from fashionsdk_training.data import load_training_data
from fashionsdk_training.loop.distributed import Processes
from fashionsdk_training.loop.run_files import RunLog
from fashionsdk_training.loop.step import batches_of_step
from fashionsdk_training.loop.trainer import Trainer
from tests.training.conftest import SIDE, TINY, tiny_config
from tests.training.loop.runs import ALONE

ROOT = Path(__file__).parents[3]
SHARE = 1e-5  # of the largest gradient of a tensor: float32 sums in another order, 1.6e-6 measured
ACCUMULATE, STEPS = 3, (3, 2)  # 40 photos are 10 batches of 4, of which each process has 5

SCRIPT = """
import sys
from pathlib import Path
import torch
from fashionsdk_training.loop import processes
from tests.training.loop.test_accumulated_steps import averaged

with processes("cpu") as peers:
    result = averaged(Path(sys.argv[1]), Path(f"photos{peers.rank}"), peers)
    torch.save(result, f"result{peers.rank}")
"""


class CountedProcesses(Processes):
    """Processes that count how often their gradients are averaged."""

    count = 0

    def wrap(self, module):
        """Return the wrapped module; the last bucket of each averaging is counted."""

        group = torch.distributed.group.WORLD
        assert group is not None

        def counted(_, bucket):
            CountedProcesses.count += bucket.is_last()
            return allreduce_hook(group, bucket)

        wrapped = super().wrap(module)
        assert isinstance(wrapped, DistributedDataParallel)
        wrapped.register_comm_hook(None, counted)
        return wrapped


def build(table, folder, peers):
    """Return a trainer of a network without batch statistics, every photo labelled: so losses are plain means."""
    config = tiny_config(
        model=replace(TINY, backbone="test_convnext"),
        sampling=Sampling("photos", batch_size=4),
        objective=Objective(triplet_weight=0.0),
        optimisation=Optimisation(accumulate=ACCUMULATE, mixed_precision=False),
    )
    data = load_training_data(table, SIDE, 36, folder, attributes=["colour"])
    return Trainer(config, data, folder, peers)


def averaged(table, folder, peers):
    """Return the gradients of each step of an epoch in these processes, and how often they were averaged."""
    trainer, gradients = build(table, folder, CountedProcesses(peers.rank, peers.world, peers.device)), []

    def keep():
        gradients.append([each.grad.clone() for each in trainer.criterion.parameters()])
        trainer.optimizer.zero_grad()

    trainer._update = keep
    with RunLog(folder, 1, 5, 0, writes=False) as log:
        trainer._epoch(0, log)
    return gradients, CountedProcesses.count


@pytest.mark.long
def test_gradients_of_two_processes_are_those_of_one_large_batch_and_averaged_once_a_step(table, tmp_path):
    (tmp_path / "run.py").write_text(textwrap.dedent(SCRIPT))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "run.py"]
    done = subprocess.run([*command, str(table)], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    trainer = build(table, tmp_path / "alone", ALONE)
    shares = [list(replace(trainer.loader, rank=rank, world=2).epoch(0)) for rank in (0, 1)]
    first = 0
    expected = []
    for size in STEPS:
        batches = [batch for share in shares for batch in share[first : first + size]]
        first += size
        images, labels = (torch.cat([getattr(batch, name) for batch in batches]) for name in ("images", "labels"))
        trainer.criterion.zero_grad()
        trainer.criterion(images, labels, None).backward()
        expected.append([parameter.grad.clone() for parameter in trainer.criterion.parameters()])
    for rank in (0, 1):
        gradients, count = torch.load(tmp_path / f"result{rank}")
        assert count == len(STEPS) == len(gradients)
        for step, right in zip(gradients, expected, strict=True):
            for own, other in zip(step, right, strict=True):
                assert (own - other).abs().max() <= SHARE * other.abs().max()


@pytest.mark.parametrize(("batches", "accumulate"), [(1, 1), (5, 1), (5, 3), (6, 3), (2, 7)])
def test_each_step_has_its_batches_and_one_last(batches, accumulate):
    groups = [list(range(batches))[first : first + accumulate] for first in range(0, batches, accumulate)]
    expected = [(len(group), batch == group[-1]) for group in groups for batch in group]
    assert [batches_of_step(batch, batches, accumulate) for batch in range(batches)] == expected
