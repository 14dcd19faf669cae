"""What the runtimes of compiled engines share: which engine runs here, reading its file, the CPUs that it is for."""

from fashionsdk.backends.engines._engine_choice import build_command, choose_engine, engines_of
from fashionsdk.backends.engines._engine_file import read_engine
from fashionsdk.backends.engines._processor import architecture as cpu_architecture

__all__ = ["build_command", "choose_engine", "cpu_architecture", "engines_of", "read_engine"]
