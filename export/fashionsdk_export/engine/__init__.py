"""TensorRT engines: build them from a bundle's graphs, read their layers back, compare these with the graph."""

from fashionsdk_export.engine.build import BuiltEngine, build_engine
from fashionsdk_export.engine.check import check_layers
from fashionsdk_export.engine.config import EngineConfig
from fashionsdk_export.engine.layers import EngineLayer

__all__ = ["BuiltEngine", "EngineConfig", "EngineLayer", "build_engine", "check_layers"]
