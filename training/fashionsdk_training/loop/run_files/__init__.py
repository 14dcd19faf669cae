"""What a run keeps in its folder besides the checkpoint: the state to continue from, its settings, and its log."""

from fashionsdk_training.loop.run_files.resume_state import ResumePoint, load_state, save_state, under
from fashionsdk_training.loop.run_files.run_description import write_run_toml
from fashionsdk_training.loop.run_files.run_log import RunLog
from fashionsdk_training.loop.run_files.same_run import continued, run_settings

__all__ = ["ResumePoint", "RunLog", "continued", "load_state", "run_settings", "save_state", "under", "write_run_toml"]
