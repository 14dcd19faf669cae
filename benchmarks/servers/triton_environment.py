"""The environment of NVIDIA Triton's server, from the wheel of ``nvidia-pytriton``: ``make triton-environment``.

The wheel carries the server and its Python backend, and no other. The server was built for NumPy 1, so it has an
environment of its own.
"""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
VARIABLE = "FASHIONSDK_TRITON"
_ASK = """\
import json, sysconfig
print(json.dumps([sysconfig.get_path("purelib"), sysconfig.get_config_var("LIBDIR"), sysconfig.get_python_version()]))
"""


class NoTritonError(Exception):
    """There is no environment of the server here."""


@dataclass(frozen=True)
class TritonEnvironment:
    """Where the parts of the server lie.

    Attributes:
        packages: the folder of its Python's packages.
        python_library: the folder of ``libpython``.
        python_version: such as ``"3.11"``.
    """

    packages: Path
    python_library: Path
    python_version: str

    @classmethod
    def find(cls) -> "TritonEnvironment":
        """Return the environment that ``FASHIONSDK_TRITON`` names, or ``.venv-triton`` of the checkout.

        Raises:
            NoTritonError: it is not there.
        """
        folder = Path(os.environ.get(VARIABLE) or ROOT / ".venv-triton")
        python = folder / "bin" / "python"
        if not python.is_file():
            raise NoTritonError(f"{folder} is no environment; run make triton-environment, or set {VARIABLE}")
        answer = subprocess.run([python, "-c", _ASK], check=True, capture_output=True, text=True).stdout
        packages, library, version = json.loads(answer)
        environment = cls(Path(packages), Path(library), version)
        if not environment.program.is_file():
            raise NoTritonError(f"{folder} lacks {environment.program}; run make triton-environment")
        return environment

    @property
    def program(self) -> Path:
        """The server."""
        return self._server / "bin" / "tritonserver"

    @property
    def libraries(self) -> list[Path]:
        """The folders of shared libraries that the server, and what it starts, need."""
        return [self.packages / "nvidia_pytriton.libs", self.python_library]

    @property
    def _server(self) -> Path:
        return self.packages / "pytriton" / "tritonserver"

    def write_backends(self, folder: Path) -> None:
        """Write the folder of backends: the wheel keeps what starts Python apart, in one folder for each version."""
        for part in (self._server / "backends" / "python", self._server / "python_backend_stubs" / self.python_version):
            shutil.copytree(part, folder / "python", dirs_exist_ok=True)
