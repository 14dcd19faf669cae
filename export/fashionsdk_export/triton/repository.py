"""Write a bundle as a model repository: all of it, or nothing."""

import os
from dataclasses import dataclass
from pathlib import Path

from fashionsdk._tools.files.atomic_folder import check_replacing_folder, replacing_folder
from fashionsdk._tools.files.regular_file import checked_name, system_errors_as
from fashionsdk.bundle import Bundle
from fashionsdk_export.errors import ExportError
from fashionsdk_export.triton.bundle_models import bundle_models
from fashionsdk_export.triton.triton_config import TritonConfig
from fashionsdk_export.triton.triton_model import TritonModel


@dataclass(frozen=True)
class ModelRepository:
    """A model repository that was written.

    Attributes:
        path: its folder.
        models: its models.
    """

    path: Path
    models: tuple[TritonModel, ...]

    def summary(self) -> str:
        """Return a line for each model."""
        return "\n".join(model.summary() for model in self.models)


def write_repository(bundle: Bundle, out: str | Path, settings: TritonConfig) -> ModelRepository:
    """Write the models of ``settings`` to the folder ``out``, which is new or empty.

    Raises:
        BackendError: a graph is damaged.
        BundleError: the bundle has no graph of the precision, the graph has what no export writes, or the models' own
            bundles cannot be written.
        ExportError: ``out`` exists or cannot be written, or the bundle has no engine that Triton could load.
        ValueError: a setting does not fit the bundle.
    """
    path = Path(out)
    with system_errors_as(ExportError, f"cannot write the model repository {out}"):
        check_new(path)
        models = bundle_models(bundle, settings)
        with replacing_folder(path) as folder:
            check_new(path)  # again: another writer may have been waited for
            for model in models:
                model.write(folder, settings.version)
    return ModelRepository(path, models)


def check_new(out: Path) -> None:
    """Check that a folder is new or empty: what lies in a repository is the user's, and may be being served.

    Raises:
        ExportError: it exists.
        OSError: it could not be made.
    """
    if os.path.lexists(checked_name(out)) and not (out.is_dir() and not any(out.iterdir())):
        raise ExportError(
            f"{out} exists, and a model repository is never replaced, a server may have it open; choose another folder"
        )
    check_replacing_folder(out)
