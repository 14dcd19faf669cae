"""A catalogue of any size: a table of photos to shards of vectors, and shards into a gallery.

Needs ``fashionsdk[catalogue]``.
"""

from fashionsdk.catalogue._embed_shard import ShardEmbedder, ShardSummary
from fashionsdk.catalogue._frames import FrameEmbedder
from fashionsdk.catalogue._load_shards import load_shards, shard_files
from fashionsdk.catalogue._plan import CataloguePlan, make_plan, read_plan
from fashionsdk.catalogue._shard_file import ShardInfo, read_info, read_shard
from fashionsdk.catalogue._with_ray import embed_with_ray

__all__ = [
    "CataloguePlan",
    "FrameEmbedder",
    "ShardEmbedder",
    "ShardInfo",
    "ShardSummary",
    "embed_with_ray",
    "load_shards",
    "make_plan",
    "read_info",
    "read_plan",
    "read_shard",
    "shard_files",
]
