"""Embed a catalogue with Ray Data: the same shards, on the workers of a cluster. Needs ``fashionsdk[ray]``."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fashionsdk.catalogue._embed_shard import ShardEmbedder, ShardSummary
from fashionsdk.catalogue._plan import CataloguePlan, make_plan
from fashionsdk.embedding import Embedder
from fashionsdk.errors import FashionSDKError
from fashionsdk.search import Contract


class ShardWorker:
    """An actor of Ray that embeds shards; it opens the model once.

    Args:
        contract: what vectors come from, as JSON.
        bundle: path of the model, on every machine.
        table: the table, likewise.
        out: the folder of the plan, which all machines share.
        plan: the plan.
        options: the other arguments of `Embedder`.
    """

    def __init__(
        self,
        contract: Mapping[str, Any],
        bundle: str,
        table: str,
        out: str,
        plan: CataloguePlan,
        options: Mapping[str, Any],
    ) -> None:
        embedder = Embedder(bundle, **options)
        self._shards = ShardEmbedder(embedder, Contract.from_json(contract), Path(table), Path(out), plan)

    def __call__(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Embed the shard that a row names, unless it is there."""
        done = self._shards.embed(int(row["shard"]))
        return {**asdict(done), "file": str(done.file)}


def embed_with_ray(
    bundle: str | Path,
    contract: Contract,
    table: str | Path,
    out: str | Path,
    *,
    shards: int | None = None,
    workers: int = 1,
    cpus: float = 1.0,
    **options: Any,
) -> Iterator[ShardSummary]:
    """Embed a table's shards on the workers of a Ray cluster; yield each when it is there.

    A worker that dies takes nothing with it: its shard has not appeared, and another worker embeds it again. Started
    again, only what is missing is embedded.

    Args:
        bundle: path of the model, on every machine.
        contract: what its vectors come from, and how they are stored.
        table: the table, on every machine.
        out: folder for the shards, which all machines share.
        shards: how many; ``None`` as for `make_plan`.
        workers: actors, each with the model.
        cpus: of each worker; its ``threads`` unless ``options`` say otherwise.
        options: the other arguments of `Embedder`.

    Raises:
        ValueError: the workers ask for more CPUs than the cluster has, and would wait for ever.
        FashionSDKError: Ray is not installed, or as for `make_plan`.
    """
    try:
        import ray
    except ImportError as error:
        raise FashionSDKError("ray is not installed; run: pip install 'fashionsdk[ray]'") from error
    if not ray.is_initialized():
        ray.init()
    there = float(ray.cluster_resources().get("CPU", 0))
    if workers * cpus > there:
        raise ValueError(
            f"{workers} workers of {cpus:g} CPUs on a cluster of {there:g}: Ray would wait for CPUs for ever; expected "
            f"workers * cpus of {there:g} at most"
        )
    plan = make_plan(Path(table), Path(out), shards)
    numbers = [{"shard": shard} for shard in range(1, plan.shards + 1)]
    # Rows that are made here: a stage that reads files would want CPUs that the workers hold, and both would wait.
    data = ray.data.from_items(numbers, override_num_blocks=plan.shards)
    arguments = (contract.to_json(), str(bundle), str(table), str(out), plan, {"threads": max(1, int(cpus)), **options})
    done = data.map(
        ShardWorker,
        fn_constructor_args=arguments,
        compute=ray.data.ActorPoolStrategy(size=workers),
        num_cpus=cpus,
    )
    for row in done.iter_rows():
        yield ShardSummary(**{**row, "file": Path(row["file"])})
