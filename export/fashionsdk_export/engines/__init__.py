"""TensorRT engines: build them from a bundle's graphs, read their layers back, compare these with the graph.

Writing engines of any kind into a bundle is here too.
"""

from fashionsdk_export.engines.bundle_engines import add_engines, check_library
from fashionsdk_export.engines.engine_builder import BuiltEngine, build_engine
from fashionsdk_export.engines.engine_config import EngineConfig
from fashionsdk_export.engines.engine_layers import EngineLayer
from fashionsdk_export.engines.engine_writing import write_engines
from fashionsdk_export.engines.layer_check import check_layers

__all__ = [
    "BuiltEngine",
    "EngineConfig",
    "EngineLayer",
    "add_engines",
    "build_engine",
    "check_layers",
    "check_library",
    "write_engines",
]
