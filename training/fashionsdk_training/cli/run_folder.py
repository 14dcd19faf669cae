"""Whether a training run may be written to a folder, before the minutes that reading the photos takes."""

from pathlib import Path

from fashionsdk._tools.files.atomic_folder import check_replacing_folder
from fashionsdk._tools.files.photo_names import is_photo
from fashionsdk._tools.files.regular_file import system_errors_as
from fashionsdk_training.errors import TrainingError


def check_run_folder(out: Path, data: Path) -> None:
    """Check that a run can be written to ``out``, and that it is no folder of photos or labels.

    Args:
        out: the run's folder; it may be missing.
        data: the label table or the folder of labels.

    Raises:
        TrainingError: a run cannot or must not be written there.
    """
    with system_errors_as(TrainingError, f"cannot write a run to {out}"):
        check_replacing_folder(out / "best")  # a folder in it: the run's own may be a mount point
        if out.is_dir():
            _check_own(out, data)


def _check_own(out: Path, data: Path) -> None:
    folder = data if data.is_dir() else data.parent
    if folder.exists() and out.samefile(folder):
        raise TrainingError(f"{out} holds the labels; choose another folder for the run with --out")
    if photo := next((path for path in out.iterdir() if is_photo(path.name)), None):
        raise TrainingError(f"{out} is a folder of photos, such as {photo.name}; choose another one with --out")
