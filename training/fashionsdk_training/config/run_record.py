"""``run.toml``: the settings of a run and what its command was told, complete enough to repeat it.

Only this module reads and writes the file. Where JSON has ``null`` it has ``"none"``, as the command line does.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, get_type_hints

from fashionsdk._tools import strict_json
from fashionsdk._tools.files.regular_file import open_regular, system_errors_as
from fashionsdk_training.config.setting_paths import may_be_none, part_of
from fashionsdk_training.config.training_run import NONE, TrainConfig
from fashionsdk_training.errors import TrainingError

RUN_FILE = "run.toml"
FORMAT_VERSION = 1
MAX_BYTES = 1024 * 1024

Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class RunCommand:
    """What ``train.py`` was told beside the settings.

    Attributes:
        recipe: name of the recipe that the settings come from.
        data: absolute path of the label table or folder.
        format: the table's format, None if its ending and columns tell.
        splits: names of the training and the validation split, None for the usual ones.
        attributes: those to train, () for all.
        boxes: absolute path of the file of boxes, None for none.
        corrections: absolute path of the file of corrected labels, None for none.
        teachers: absolute paths of the teachers' checkpoints, () for none.
        device: as the command line named it.
        baseline: whether linear classifiers on frozen features were measured.
    """

    recipe: str | None
    data: str
    format: str | None = None
    splits: tuple[str, str] | None = None
    attributes: tuple[str, ...] = ()
    boxes: str | None = None
    corrections: str | None = None
    teachers: tuple[str, ...] = field(default=(), metadata=strict_json.OPTIONAL)
    device: Device = "auto"
    baseline: bool = True


@dataclass(frozen=True)
class RunRecord:
    """The content of ``run.toml``.

    Attributes:
        format_version: of the file.
        labels: sha256 of the photos' names and labels, as `TrainingData.digest`.
        command: what the command was told, None of a run that was started from Python.
        settings: all of them.
    """

    format_version: int
    labels: str
    command: RunCommand | None
    settings: TrainConfig


def run_toml(record: RunRecord, comments: Sequence[str] = ()) -> bytes:
    """Return the file: ``comments``, a line each, then the record."""
    import tomli_w  # here: what only reads settings, as --help does, needs no extra

    head = "".join(f"# {line}\n" for line in comments)
    # A path may hold bytes that are no text. The run does not stop for it; who reads the file gets an error.
    return (head + tomli_w.dumps(_encoded(record))).encode("utf-8", "backslashreplace")


def _encoded(value: Any) -> Any:
    if is_dataclass(value):
        return {each.name: _encoded(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple):
        return [_encoded(each) for each in value]
    return NONE if value is None else value


def read_run_toml(path: str | Path) -> RunRecord:
    """Read a ``run.toml``.

    Raises:
        TrainingError: it cannot be read, a newer version of this project wrote it, or a setting is unknown, missing, of
            another type or out of range.
    """
    with system_errors_as(TrainingError, f"{path}: cannot be read"), open_regular(path) as file:
        content = file.read(MAX_BYTES + 1)
    try:
        if len(content) > MAX_BYTES:
            raise ValueError(f"it has over {MAX_BYTES} bytes")
        values = tomllib.loads(content.decode())
        _check_version(values.get("format_version"))
        return strict_json.decode(RunRecord, _with_none(RunRecord, values), RUN_FILE)
    except (ValueError, RecursionError) as error:
        raise TrainingError(f"{path}: no settings of a run: {error}") from error


def _check_version(version: Any) -> None:
    if type(version) is int and version > FORMAT_VERSION:
        raise ValueError(
            f"its format is {version}, this version reads {FORMAT_VERSION}: install the fashionsdk that wrote it"
        )
    if type(version) is not int or version != FORMAT_VERSION:
        raise ValueError(f"format_version is {version!r:.40}; expected {FORMAT_VERSION}, as train.py writes {RUN_FILE}")


def _with_none(part: type, values: Any) -> Any:
    """Return parsed TOML with None where it says so of a setting that may be None."""
    if not isinstance(values, Mapping):
        return values
    kinds = get_type_hints(part)
    return {name: _one_with_none(kinds.get(name), value) for name, value in values.items()}


def _one_with_none(kind: Any, value: Any) -> Any:
    if value == NONE and may_be_none(kind):
        return None
    inner = part_of(kind)
    return value if inner is None else _with_none(inner, value)
