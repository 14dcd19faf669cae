"""Open a bundle and check its files; write one as one step: all of it, or nothing."""

import hashlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from fashionsdk._tools.files.atomic_folder import existing_folder, replacing_folder
from fashionsdk._tools.files.regular_file import open_regular, system_errors_as
from fashionsdk.bundle._file_names import MANIFEST_FILE, REFERENCE_FILE, check_file_name
from fashionsdk.bundle._manifest import Manifest
from fashionsdk.bundle._manifest_parts import FileInfo, GraphInfo
from fashionsdk.bundle._ownership import check_replaceable
from fashionsdk.bundle._reference import Reference
from fashionsdk.bundle.graph import RefusedGraphError, check_graph
from fashionsdk.errors import BundleError

# Far more than the training history of a real run needs, far less than what would fill the memory.
MAX_MANIFEST_BYTES = 16 * 1024 * 1024


class Bundle:
    """A bundle on disk; get one from `open` or `write`.

    Attributes:
        path: the bundle's folder.
        manifest: what the bundle says about itself.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._absolute = path.absolute()  # the working folder may be another one when it is opened again

    def __reduce__(self) -> tuple[Callable[[Path, Manifest], "Bundle"], tuple[Path, Manifest]]:
        """Pickle the path. Another process opens the bundle there and checks that it is the same."""
        return _reopened, (self._absolute, self.manifest)

    def __repr__(self) -> str:
        model = self.manifest.model
        return f"Bundle({str(self.path)!r}, {model.architecture}, {model.digest[:12]})"

    @classmethod
    def open(cls, path: str | Path, *, verify: bool = True) -> "Bundle":
        """Open a bundle; ``verify`` also reads every file and compares its SHA-256.

        Raises:
            BundleError: the bundle is missing, of another format, damaged or incomplete.
        """
        if path == "":  # Path would take it for the working folder
            raise BundleError("the bundle's path is empty; expected the folder that export/build_engine.py wrote")
        path = existing_folder(path)
        bundle = cls(path, Manifest.from_bytes(_read_manifest(path)))
        for name, expected in bundle.manifest.files.items():
            _check_file(path / name, expected, verify)
        return bundle

    def reopened(self) -> "Bundle":
        """Open the bundle again, as another process does, and check every file.

        Raises:
            BundleError: it is missing, damaged, or was replaced by another one.
        """
        again = Bundle.open(self._absolute)
        if again.manifest != self.manifest:
            raise BundleError(
                f"{self._absolute} holds another bundle than when it was opened first: model "
                f"{again.manifest.model.digest[:12]}, expected {self.manifest.model.digest[:12]} and the same files; "
                "start the program again to use the new one"
            )
        return again

    @staticmethod
    def check_writable(out: str | Path, *, overwrite: bool = False) -> None:
        """Check that `write` may write to ``out``; call it before the work whose result is written.

        Raises:
            BundleError: it may not.
        """
        check_replaceable(Path(out), _bundle_files, overwrite=overwrite)

    @classmethod
    def write(
        cls,
        out: str | Path,
        *,
        manifest: Manifest,
        graphs: Mapping[str, Path],
        reference: Reference,
        overwrite: bool = False,
    ) -> "Bundle":
        """Write a bundle to the folder ``out``: all of it, or nothing.

        Args:
            out: the folder to make; it may exist if it is empty, or with ``overwrite`` if it is a bundle.
            manifest: the manifest; its ``files`` must be empty and are filled here.
            graphs: the files to copy in, by their path in the bundle: every graph and engine that the manifest
                names, and files that belong to them.
            reference: the reference inputs and answers to write beside them.
            overwrite: replace the bundle that is there.

        Raises:
            BundleError: ``out`` exists and may not be replaced, or cannot be written.
            ValueError: manifest, graphs and reference do not fit each other.
        """
        if manifest.files:
            raise ValueError("manifest.files is not empty; expected Bundle.write to fill it")
        if REFERENCE_FILE in graphs:
            raise ValueError(f"graphs holds {REFERENCE_FILE}; expected it to be given as reference")
        reference.check(manifest)
        cls.check_writable(out, overwrite=overwrite)
        for source in graphs.values():
            source.stat()  # a missing one is the caller's mistake, not the disk's
        with system_errors_as(BundleError, f"cannot write the bundle {out}"), replacing_folder(out) as folder:
            cls.check_writable(out, overwrite=overwrite)  # again: another writer may have been waited for
            for name, source in graphs.items():
                check_file_name(name)
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, folder / name)
            reference.save(folder / REFERENCE_FILE)
            files = {name: _file_info(folder / name) for name in [*graphs, REFERENCE_FILE]}
            manifest = replace(manifest, files=files)
            manifest.check_files()
            (folder / MANIFEST_FILE).write_bytes(manifest.to_bytes())
        return cls(Path(out), manifest)

    def graph(self, precision: str | None = None) -> GraphInfo:
        """Return the graph of a precision, or the first graph, which is the default.

        Raises:
            BundleError: the bundle has no graph of this precision.
        """
        graphs = self.manifest.graphs
        for graph in graphs:
            if precision in (None, graph.precision):
                return graph
        raise BundleError(
            f"{self.path} has no {precision} graph; this bundle has "
            f"{' and '.join(graph.precision for graph in graphs)}: choose one that it has"
        )

    def graph_path(self, precision: str | None = None) -> Path:
        """Return the path of the graph of a precision, or of the default graph.

        Raises:
            BundleError: the bundle has no graph of this precision.
        """
        return self.path / self.graph(precision).file

    def check_graph(self, precision: str | None = None) -> None:
        """Check that a graph has only what exports write; do so before a runtime reads it.

        The operators are those of exports, without loops and choices. Weights lie in the graph, or in files that the
        manifest lists. Sizes and work are those of networks, and grow no faster than the number of photos.

        Raises:
            BundleError: the bundle has no graph of this precision, or the graph has something else.
            ValueError: the file is no whole ONNX graph.
            OSError: it cannot be read.
        """
        graph, manifest = self.graph(precision), self.manifest
        sizes = {name: info.size for name, info in manifest.files.items()}
        try:
            check_graph(self.path / graph.file, graph.file, sizes, manifest.preprocessing.shape)
        except RefusedGraphError as error:
            raise BundleError(
                f"{self.path / graph.file} {error}; this SDK runs what export/build_engine.py writes, and nothing "
                "else: export the checkpoint again, and leave the graph as it is"
            ) from error

    def reference(self) -> Reference:
        """Read the reference inputs and answers.

        Raises:
            BundleError: they are damaged.
        """
        return Reference.load(self.path / REFERENCE_FILE, self.manifest)


def _reopened(path: Path, manifest: Manifest) -> Bundle:
    return Bundle(path, manifest).reopened()


def _read_manifest(path: Path) -> bytes:
    try:
        with open_regular(path / MANIFEST_FILE) as file:
            data = file.read(MAX_MANIFEST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise BundleError(
            f"{path} is not a bundle: {error}; expected the folder that export/build_engine.py wrote"
        ) from error
    if len(data) > MAX_MANIFEST_BYTES:
        raise BundleError(f"{path / MANIFEST_FILE} is over {MAX_MANIFEST_BYTES} bytes; it is not a manifest")
    return data


def _check_file(path: Path, expected: FileInfo, verify: bool) -> None:
    again = "the file is damaged or was changed; copy or export the bundle again"
    try:
        if not path.is_file():
            raise BundleError(f"{path} is missing; copy or export the bundle again")
        if (size := path.stat().st_size) != expected.size:
            raise BundleError(f"{path} has {size} bytes; expected {expected.size}: {again}")
        if verify and (actual := _file_info(path)) != expected:
            raise BundleError(f"{path} has the SHA-256 {actual.sha256}; expected {expected.sha256}: {again}")
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error}") from error


def _file_info(path: Path) -> FileInfo:
    with open_regular(path) as file:
        return FileInfo(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)


def _bundle_files(folder: Path) -> list[str]:
    """Return every file that belongs to the bundle in ``folder``.

    Raises:
        BundleError: it is not a bundle.
    """
    return [MANIFEST_FILE, *Manifest.from_bytes(_read_manifest(folder)).files]
