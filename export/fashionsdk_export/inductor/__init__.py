"""AOTInductor engines: a bundle's graph as a PyTorch module, compiled ahead of time and checked."""

from fashionsdk_export.inductor.bundle_compilation import add_engines, check_library
from fashionsdk_export.inductor.graph_compilation import CompiledGraph, compile_graph
from fashionsdk_export.inductor.graph_module import GraphModule
from fashionsdk_export.inductor.inductor_config import EngineConfig

__all__ = ["CompiledGraph", "EngineConfig", "GraphModule", "add_engines", "check_library", "compile_graph"]
