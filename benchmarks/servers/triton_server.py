"""NVIDIA Triton with its Python backend, on a model repository, on free ports of the loopback."""

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from servers.triton_environment import ROOT, TritonEnvironment

HOST = "127.0.0.1"
START, STOP = 120.0, 20.0  # seconds; 3 and 2 measured
SHARED_MEMORY = Path("/dev/shm")
PORTS = ("http", "grpc", "metrics")
LOG_END = 4000  # characters that an error shows
CHATTER = ("I", "W", "|", "+")  # lines of the log that say what went well, warn, or draw tables


class TritonServerError(Exception):
    """The server did not start."""


@dataclass(frozen=True)
class RunningTriton:
    """A server that is ready.

    Attributes:
        http: its address for KServe v2 over HTTP, ``host:port``.
        grpc: its address for gRPC.
        metrics: its address for Prometheus.
        process: its process.
        log: what it has said.
    """

    http: str
    grpc: str
    metrics: str
    process: int
    log: Path


@contextmanager
def triton_server(
    environment: TritonEnvironment, repository: Path, packages: Sequence[Path] = (ROOT / "sdk",)
) -> Iterator[RunningTriton]:
    """Start the server, yield when every model is ready, and end it with the block.

    Args:
        environment: where the server lies.
        repository: the model repository.
        packages: folders that its models import from, before those of the environment.

    Raises:
        TritonServerError: it ended, or was not ready in two minutes; the error shows the end of its log.
    """
    with tempfile.TemporaryDirectory(prefix="fashionsdk-triton-") as temporary:
        folder = Path(temporary)
        environment.write_backends(folder / "backends")
        ports = dict(zip(PORTS, _free_ports(len(PORTS)), strict=True))
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                _command(environment, repository, folder, ports),
                env=_variables(environment, packages),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # what it starts can be ended with it
            )
        try:
            _wait(process, ports["http"], folder / "log")
            addresses = {name: f"{HOST}:{port}" for name, port in ports.items()}
            yield RunningTriton(**addresses, process=process.pid, log=folder / "log")
        finally:
            _end(process)
            for region in SHARED_MEMORY.glob(f"{folder.name}*"):
                region.unlink()


def _command(
    environment: TritonEnvironment, repository: Path, folder: Path, ports: dict[str, int]
) -> Sequence[str | Path]:
    where = [f"--{name}-{what}={value}" for name in PORTS for what, value in (("address", HOST), ("port", ports[name]))]
    return [
        environment.program,
        f"--model-repository={repository.absolute()}",
        f"--backend-directory={folder / 'backends'}",
        f"--backend-config=python,shm-region-prefix-name={folder.name}",
        "--exit-timeout-secs=10",
        *where,
    ]


def _variables(environment: TritonEnvironment, packages: Sequence[Path]) -> dict[str, str]:
    paths = {"LD_LIBRARY_PATH": environment.libraries, "PYTHONPATH": [*packages, environment.packages]}
    return os.environ | {name: os.pathsep.join(map(str, folders)) for name, folders in paths.items()}


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on; they stay free unless another program asks for one in this moment."""
    sockets = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"http://{HOST}:{port}/v2/health/ready", timeout=1):
            return  # 400, an OSError, while a model is not ready
        time.sleep(0.05)
    state = "is not ready" if process.poll() is None else f"ended with exit code {process.returncode}"
    lines = log.read_text(errors="replace").splitlines()
    said = "\n".join(line for line in lines if line and not line.startswith(CHATTER))
    raise TritonServerError(f"tritonserver {state}:\n{said[-LOG_END:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server as its users do; if it does not, kill it, and whatever it has started."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
