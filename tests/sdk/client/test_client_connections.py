"""How a client reaches a service: addresses, keys, certificates, proxies, sockets, forks, pickles, closing."""

import multiprocessing
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import fashionsdk
from fashionsdk import AsyncClient, Client, FashionSDKError
from fashionsdk.client import AccessError, UnavailableError
from fashionsdk.client import _attempts as attempts
from fashionsdk.service import Listening, Settings, create_app, hashed, new_key
from fashionsdk.service._run import _bound
from tests.sdk.client.conftest import COUNT
from tests.sdk.client.running import below, serving


@pytest.fixture
def key(tmp_path: Path) -> str:
    """A key that may read; `keys.txt` has its line."""
    key = new_key()
    (tmp_path / "keys.txt").write_text(f"shop read {hashed(key)}\n")
    return key


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    made, secret = tmp_path / "own.pem", tmp_path / "own.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(secret), "-out", str(made)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl here to make a certificate with")
    return made, secret


def test_a_key_is_sent_from_the_argument_or_the_environment(
    start: Callable[..., str], key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    address = start(keys=tmp_path / "keys.txt")
    with Client(address) as client, pytest.raises(AccessError, match="expected a key"):
        client.page()
    with Client(address, api_key=key) as client:
        assert client.page().count == COUNT
        with pytest.raises(AccessError, match="lacks the scope 'write'") as caught:
            client.remove("a")
    assert (caught.value.status, caught.value.kind) == (403, "scope-missing")
    monkeypatch.setenv("FASHIONSDK_API_KEY", key)
    with Client(address) as client:
        assert client.page().count == COUNT
    with Client(address, api_key="wrong") as client, pytest.raises(AccessError, match="unknown or has expired"):
        client.page()


def test_a_key_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch):
    key = "fsk_secret"
    with Client("http://127.0.0.1:9", api_key=key, retries=0) as client:
        assert repr(client) == "Client('http://127.0.0.1:9', with an API key)"
        with pytest.raises(UnavailableError) as caught:
            client.page()
    shown = "".join(map(str, [caught.value, caught.value.__context__, vars(caught.value), client._connection]))
    assert key not in shown + repr(client._connection)
    for wrong in ("fsk_secret\n", "fsk secret", "fsk_ö", "", "x" * 1001):
        with pytest.raises(ValueError, match="API key") as refused:
            Client("http://a", api_key=wrong)
        assert "secret" not in str(refused.value)
    with Client("http://127.0.0.1:9") as keyless:
        assert repr(keyless) == "Client('http://127.0.0.1:9', without an API key)"


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("shop.example", "the address is 'shop.example'; expected one such as https://shop.example or unix:"),
        ("ftp://shop.example", "expected one such as"),
        ("http://", "expected one such as"),
        ("unix:", "expected one such as"),
        ("http://shop.example?key=1", "expected one such as"),
        ("http://me:word@shop.example", "the address has a user in it"),
    ],
)
def test_an_address_that_is_none_is_an_error(address, message):
    with pytest.raises(ValueError, match=message) as caught:
        Client(address)
    assert "word" not in str(caught.value)


@pytest.mark.parametrize(
    ("argument", "error"),
    [
        ({"timeout": 0}, ValueError),
        ({"timeout": float("nan")}, ValueError),
        ({"timeout": float("inf")}, ValueError),
        ({"timeout": "1"}, TypeError),
        ({"timeout": True}, TypeError),
        ({"retries": -1}, ValueError),
        ({"retries": 1.5}, TypeError),
        ({"upload_bytes": 0}, ValueError),
        ({"api_key": 3}, ValueError),
        ({"authorities": "none.pem"}, FileNotFoundError),
    ],
)
def test_an_argument_that_is_none_is_an_error(argument, error):
    with pytest.raises(error):
        Client("http://127.0.0.1:9", **argument)
    with pytest.raises(TypeError, match="the address is int"):
        Client(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "1", True])
def test_a_call_s_timeout_is_seconds(reader: Client, timeout):
    with pytest.raises((TypeError, ValueError), match="timeout is"):
        reader.page(timeout=timeout)


def test_answers_are_not_delayed():
    """What asyncio accepts from a socket that names TCP is sent at once; other answers wait 40 ms for the client."""
    with _bound(Listening(port=0)) as bound:
        assert bound.proto == socket.IPPROTO_TCP


def test_a_unix_socket_is_an_address(settings: Settings, tmp_path: Path):
    with serving(create_app(settings), unix=tmp_path / "s") as address, Client(address) as client:
        assert client.page().count == COUNT
        assert client.remove(client.page().items[0].key).count == COUNT - 1


@pytest.mark.parametrize("prefix", ["/fashion", "/a/b"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_service_may_be_below_a_path(read_only_service: str, reader: Client, settings: Settings, prefix, slash):
    app = create_app(settings)
    with serving(below(prefix, app)) as address, Client(f"{address}{prefix}{slash}") as client:
        key = client.page().items[1].key
        assert client.item(key).key == key
        assert client.ready()
        assert client.picture(key)[:2] == b"\xff\xd8"
        assert client.search(key=key, by="sleeve").matches == reader.search(key=key, by="sleeve").matches


def test_certificates_are_verified(settings: Settings, certificate: tuple[Path, Path]):
    made, secret = certificate
    with serving(create_app(settings), ssl_certfile=made, ssl_keyfile=str(secret)) as address:
        with Client(address, retries=0) as client, pytest.raises(UnavailableError, match="CERTIFICATE_VERIFY_FAILED"):
            client.page()
        with Client(address, authorities=made) as client:
            assert client.page().count == COUNT
        by_name = address.replace("127.0.0.1", "localhost")  # which the certificate does not name
        with Client(by_name, authorities=made, retries=0) as client, pytest.raises(UnavailableError, match="mismatch"):
            client.page()


def test_a_client_can_be_pickled_without_its_key(read_only_service: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FASHIONSDK_API_KEY", "fsk_secret")
    with Client(read_only_service, timeout=7, retries=2, upload_bytes=5) as client:
        data = pickle.dumps(client)
    assert b"fsk_secret" not in data
    with pickle.loads(data) as copy:
        assert vars(copy._connection) == vars(client._connection)
        assert copy.page().count == COUNT
    with Client(read_only_service, api_key="fsk_secret") as keyed, pytest.raises(TypeError, match="FASHIONSDK_API_KEY"):
        pickle.dumps(keyed)
    with pytest.raises(TypeError, match="belongs to its event loop"):
        pickle.dumps(AsyncClient(read_only_service))


def _counted(client: Client, queue) -> None:
    queue.put((client.page().count, client._process == os.getpid()))


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_client_can_be_used_after_a_fork(reader: Client):
    context = multiprocessing.get_context("fork")
    assert reader.page().count == COUNT
    queue = context.SimpleQueue()
    child = context.Process(target=_counted, args=(reader, queue))
    child.start()
    assert queue.get() == (COUNT, True)
    child.join(60)
    assert reader.page().count == COUNT


def test_a_closed_client_says_so(read_only_service: str):
    client = Client(read_only_service)
    with client:
        assert client.alive()
    with pytest.raises(ValueError, match="this client is closed"):
        client.alive()
    client.close()


def test_a_client_without_httpx_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    assert fashionsdk.Client is Client
    with pytest.raises(FashionSDKError, match=r'pip install "fashionsdk\[client\]"'):
        Client("http://127.0.0.1:9")


def test_threads_share_a_client(reader: Client):
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda n: reader.page(n % 5, 1).count, range(40))) == {COUNT}


def test_a_service_that_restarts_is_reached_again(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The connection that is kept is broken by the restart, and the next call opens another."""
    monkeypatch.setattr(attempts, "FIRST_PAUSE", 0.01)
    unix = tmp_path / "s"
    with Client(f"unix:{unix}") as client:
        for _ in range(2):
            with serving(create_app(settings), unix=unix):
                assert client.page().count == COUNT
            unix.unlink()
