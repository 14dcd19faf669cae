"""A real Milvus server from a package, on a network of its own; a relay leads one local port to it."""

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

START_SECONDS = 120
RELAY = Path(__file__).with_name("milvus_relay.py")
# What the package's template has no parameter for: how often, in milliseconds, its parts look at each other, and for
# how long, in seconds, they take one for alive that was killed.
SETTINGS = {
    "ttl: 30 #": "ttl: 10 #",
    "timeTickInterval: 200": "timeTickInterval: 20",
    "checkInterval: 1000": "checkInterval: 50",
    "distPullInterval: 500": "distPullInterval: 50",
    "level: info": "level: warn",
}


class MilvusServer:
    """A standalone server whose data last as long as its folder.

    It listens on every interface it finds, so it finds none but the loopback of a namespace of its own. Its relay
    listens on a port of this machine's loopback, and stays there when the server is killed and started again.
    """

    def __init__(self, **settings: str) -> None:
        package = pytest.importorskip("milvus", reason="no Milvus server: install fashionsdk[dev]")
        pytest.importorskip("pymilvus", reason="no pymilvus: install fashionsdk[milvus]")
        if not _has_namespaces():
            pytest.skip("no network namespaces here, and the Milvus server would listen on every interface")
        self.folder = Path(tempfile.mkdtemp(prefix="milvus"))
        self._programs = _unpacked(package)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._process: subprocess.Popen[bytes] | None = None
        self._configure(Path(package.__file__).parent / "data", settings)
        self.start()

    @property
    def host(self) -> str:
        """Where clients reach it, as ``HOST:PORT``."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def address(self, gallery: str, **more: str) -> str:
        """Return the address of a gallery on it."""
        parameters = "&".join(f"{name}={value}" for name, value in more.items())
        return f"milvus://{self.host}/{gallery}" + (f"?{parameters}" if parameters else "")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        number = self._listener.fileno()
        milvus = str(self._programs / "milvus")
        command = [*_NAMESPACE, sys.executable, str(RELAY), str(number), milvus, "run", "standalone"]
        environment = {
            **os.environ,
            "MILVUSCONF": str(self.folder / "configs"),
            "LD_LIBRARY_PATH": str(self._programs),
            "DEPLOY_MODE": "STANDALONE",
        }
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=environment,
                pass_fds=[number],
                start_new_session=True,
            )
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()[-3000:]
            assert time.monotonic() < end, (self.folder / "log").read_text()[-3000:]
            time.sleep(0.1)

    def kill(self) -> None:
        """Kill it and its relay, as the end of their machine would."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def stop(self) -> None:
        """Stop it, and remove its data."""
        self.kill()
        self._listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _configure(self, package: Path, settings: dict[str, str]) -> None:
        """Write its settings: the package's, with data in its folder."""
        folders = {"etcd_data_dir": "etcd", "local_storage_dir": "storage", "rocksmq_data_dir": "log_of_writes"}
        places = {name: str(self.folder / folder) for name, folder in folders.items()}
        places |= {"system_log_path": "", "etcd_log_path": str(self.folder / "etcd.log"), **settings}
        text = (package / "config.yaml.template").read_text()
        for old, new in SETTINGS.items():
            assert old in text, f"the server's settings lack {old!r}"
            text = text.replace(old, new)
        configs = self.folder / "configs"
        configs.mkdir()
        (configs / "milvus.yaml").write_text(_PARAMETER.sub(lambda found: places.get(found[1], found[2] or ""), text))
        shutil.copy(package / "glog.conf", configs)

    def _answers(self) -> bool:
        from pymilvus import MilvusClient, MilvusException

        try:
            client = MilvusClient(f"http://{self.host}", token="root:Milvus", timeout=2)  # as a server is delivered
            client.list_collections()
        except MilvusException:
            return False
        client.close()
        return True


# Root may make a namespace; others may where the system lets them become root in a namespace of users.
_NAMESPACE = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
if hasattr(os, "geteuid") and os.geteuid() != 0:
    _NAMESPACE.insert(1, "--map-root-user")
_PARAMETER = re.compile(r"\{\{ *(\w+)(?:\(\w+\))?(?:: *([^} ]*))? *\}\}")


def _has_namespaces() -> bool:
    try:
        return subprocess.run([*_NAMESPACE, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _unpacked(package: Any) -> Path:
    """Return the folder with the package's programs, which are unpacked at the first use, as the package does it."""
    folder = Path(package.MilvusServerConfig.get_default_data_dir())
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        package._initialize_data_files(str(folder))
    return folder / "bin"
