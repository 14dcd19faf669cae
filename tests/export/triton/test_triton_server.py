"""What is exported, served by NVIDIA Triton itself, over HTTP and gRPC: ``make triton-check``.

The server of ``nvidia-pytriton`` has the Python backend only, and no GPU is used. Where Triton's ONNX Runtime would
compute, a model of the same configuration stands in that computes in the Python backend.
"""

import os
import sysconfig
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException

from fashionsdk import Bundle, Embedder, Embeddings, Matcher
from fashionsdk_export.triton import TritonConfig, write_repository
from tests.benchmarks.conftest import Load, load  # noqa: F401 (fixture)
from tests.docs.pages import BLOCK, DOCS
from tests.export.triton.backend_stand_in import photo_batch
from tests.export.triton.conftest import ODD_NAME

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(300)]

ATOL = 1e-6  # the server's ONNX Runtime may be another release; 0 measured with the same one
CALLERS = 16
GUIDE = DOCS / "guides" / "triton.md"
PROTOCOLS: dict[str, ModuleType] = {"http": tritonclient.http, "grpc": tritonclient.grpc}
STAND_IN = """\
import os, sys
sys.path[:0] = os.environ["PYTHONPATH"].split(os.pathsep)
import numpy as np
import onnxruntime
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        self.session = onnxruntime.InferenceSession(os.path.join(args["model_repository"], "1", "model.onnx"))

    def execute(self, requests):
        responses = []
        for request in requests:
            names = request.requested_output_names()
            images = pb_utils.get_input_tensor_by_name(request, "images").as_numpy()
            arrays = zip(names, self.session.run(list(names), {"images": images}))
            responses.append(pb_utils.InferenceResponse([pb_utils.Tensor(*pair) for pair in arrays]))
        return responses
"""


@pytest.fixture(scope="module")
def environment(load: Load) -> Any:  # noqa: F811
    """Where the server lies. Without it the tests skip, unless the caller says that it is there."""
    module = load("servers.triton_environment")
    try:
        return module.TritonEnvironment.find()
    except module.NoTritonError as error:
        if os.environ.get("FASHIONSDK_HAS_TRITON"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def start(environment: Any, load: Load) -> Callable[..., Any]:  # noqa: F811
    return partial(load("servers.triton_server").triton_server, environment)


@pytest.fixture(scope="module")
def repository(compact: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = TritonConfig(
        ("python", "python-pixels", "onnx"), name="shop", runtime="onnxruntime", max_batch=8, queue_delay=100
    )
    path = write_repository(compact, tmp_path_factory.mktemp("models") / "repository", settings).path
    compute_in_python(path / "shop_onnx")
    return path


def compute_in_python(model: Path) -> None:
    """Let the Python backend compute what Triton's ONNX Runtime would, under the same configuration."""
    config = model / "config.pbtxt"
    text = config.read_text(encoding="utf-8")
    assert 'platform: "onnxruntime_onnx"' in text
    config.write_text(text.replace('platform: "onnxruntime_onnx"', 'backend: "python"'), encoding="utf-8")
    (model / "1" / "model.py").write_text(STAND_IN)


@pytest.fixture(scope="module")
def server(start: Callable[..., Any], repository: Path) -> Iterator[Any]:
    with start(repository) as server:
        yield server


@pytest.fixture(scope="module")
def embedder(compact: Bundle) -> Iterator[Embedder]:
    with Embedder(compact, device="cpu", runtime="onnxruntime") as embedder:
        yield embedder


class Client:
    """One caller, over one of the two protocols. The server waits for open connections when it ends."""

    def __init__(self, server: Any, protocol: str) -> None:
        self.module = PROTOCOLS[protocol]
        self.client = self.module.InferenceServerClient(getattr(server, protocol))

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *error: object) -> None:
        self.client.close()

    def ask(self, model: str, name: str, array: NDArray[Any], *outputs: str) -> Any:
        tensor = self.module.InferInput(name, array.shape, "BYTES" if array.dtype == object else "UINT8")
        tensor.set_data_from_numpy(array)
        wanted = [self.module.InferRequestedOutput(output) for output in outputs] or None
        return self.client.infer(model, [tensor], outputs=wanted)

    def photos(self, model: str, *photos: bytes) -> Any:
        return self.ask(model, "photos", photo_batch(*photos))


@pytest.fixture(params=PROTOCOLS)
def client(server: Any, request: pytest.FixtureRequest) -> Iterator[Client]:
    with Client(server, request.param) as client:
        yield client


@pytest.fixture
def files(photos: list[Path]) -> list[bytes]:
    return [path.read_bytes() for path in photos]


def assert_same(answer: Any, embeddings: Embeddings) -> None:
    for name, length in embeddings.dimensions.items():
        array = answer.as_numpy(name)
        assert (array.dtype, array.shape) == (np.float32, (len(embeddings), length))
        np.testing.assert_allclose(array, embeddings[name], rtol=0, atol=ATOL)


def test_photos_get_the_embedders_vectors(client, files, embedder):
    for some in (files[:1], files[:5]):
        assert_same(client.photos("shop", *some), embedder.embed(some))


def test_pixels_get_the_embedders_vectors(client, files, embedder):
    pixels = np.stack([embedder.preprocessing.read(file) for file in files[:5]])
    assert_same(client.ask("shop_pixels", "images", pixels), embedder.embed(files[:5]))


def test_photos_go_through_the_reader_to_the_graph(client, files, embedder):
    answer = client.photos("shop_onnx_photos", *files[:5])
    expected = embedder.embed(files[:5], attention=True)
    np.testing.assert_allclose(answer.as_numpy("embeddings"), expected.vectors, rtol=0, atol=ATOL)
    np.testing.assert_allclose(answer.as_numpy("attention"), expected.attention, rtol=0, atol=ATOL)


def test_one_attribute_alone_can_be_asked_for(client, files, embedder):
    answer = client.ask("shop", "photos", photo_batch(files[0]), ODD_NAME)
    np.testing.assert_allclose(answer.as_numpy(ODD_NAME), embedder.embed(files[0])[ODD_NAME], rtol=0, atol=ATOL)
    assert answer.as_numpy("colour") is None


@pytest.mark.parametrize("model", ["shop", "shop_onnx_photos"])
@pytest.mark.parametrize("bad", [b"", b"not a photo", "cut short"])
def test_a_bad_photo_is_an_error_of_the_request_with_its_number(client, model, bad, files):
    bad = files[0][:200] if bad == "cut short" else bad
    with pytest.raises(InferenceServerException, match="photo 1 of this request: ") as error:
        client.photos(model, files[0], bad)
    assert error.value.status() in ("400", "StatusCode.INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("photos", photo_batch(*[b"x"] * 9)),  # more than a batch
        ("photos", np.array([[b"x", b"x"]], dtype=np.object_)),
        ("images", np.zeros((1, 16, 16, 3), np.uint8)),
    ],
)
def test_what_does_not_fit_the_configuration_is_an_error_of_the_request(client, name, array):
    with pytest.raises(InferenceServerException) as error:
        client.ask("shop", name, array)
    assert error.value.status() in ("400", "StatusCode.INVALID_ARGUMENT")


def test_requests_at_the_same_time_share_batches_and_one_bad_photo_harms_no_other(server, files, embedder):
    bad = 5
    asked = [b"not a photo" if index == bad else files[index % len(files)] for index in range(CALLERS)]

    def call(photo: bytes) -> Any:
        with Client(server, "grpc") as client:
            try:
                return client.photos("shop", photo)
            except InferenceServerException as error:
                return error

    before = statistics(server)
    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(call, asked))
    after = statistics(server)
    for index, answer in enumerate(answers):
        if index == bad:
            assert "photo 0 of this request" in str(answer)
        else:
            assert_same(answer, embedder.embed(asked[index]))
    runs = after["execution_count"] - before["execution_count"]
    assert runs < CALLERS / 2
    assert max(int(batch["batch_size"]) for batch in after["batch_stats"]) > 2


def statistics(server: Any) -> dict[str, Any]:
    with Client(server, "http") as client:
        (model,) = client.client.get_inference_statistics("shop")["model_stats"]
    found: dict[str, Any] = model
    return found


def test_the_server_says_what_the_models_take_and_give(client, compact):
    assert client.client.is_server_ready()
    for name in ("shop", "shop_pixels", "shop_read", "shop_onnx", "shop_onnx_photos"):
        assert client.client.is_model_ready(name)
    options = {"as_json": True} if client.module is tritonclient.grpc else {}
    metadata = client.client.get_model_metadata("shop", **options)
    (entry,) = metadata["inputs"]
    assert (entry["name"], entry["datatype"], [int(n) for n in entry["shape"]]) == ("photos", "BYTES", [-1, 1])
    outputs = {each["name"]: (each["datatype"], [int(n) for n in each["shape"]]) for each in metadata["outputs"]}
    assert outputs == {name: ("FP32", [-1, length]) for name, length in compact.manifest.dimensions.items()}


def test_the_answers_search_a_gallery_under_the_digest_that_the_server_gives(server, files, embedder):
    with Client(server, "http") as client:
        parameters = client.client.get_model_config("shop")["parameters"]
        colour = client.photos("shop", files[3]).as_numpy("colour")
    gallery = Matcher([str(number) for number in range(len(files))], embedder.embed(files))
    query = Embeddings(colour[:, None], ("colour",), parameters["fashionsdk.model"]["string_value"])
    (expected,) = gallery.search(embedder.embed(files[3]), "colour", k=3).keys
    (keys,) = gallery.search(query, "colour", k=3).keys
    assert list(keys) == list(expected)
    assert keys[0] == "3"


def test_the_guide_s_client_finds_what_the_embedder_finds(server, files, embedder, compact, tmp_path, monkeypatch):
    (code,) = [text for language, text in BLOCK.findall(GUIDE.read_text(encoding="utf-8")) if language == "python"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop-bundle").symlink_to(compact.path)
    (tmp_path / "query.jpg").write_bytes(files[7])
    gallery = Matcher([str(number) for number in range(len(files))], embedder.embed(files))
    gallery.save("shop.gallery")
    variables: dict[str, Any] = {}
    exec(code.replace("127.0.0.1:8000", server.http).replace("neckline_design", "neckline"), variables)
    expected = gallery.search(embedder.embed(files[7]), "neckline", k=10)
    assert variables["matches"].keys == expected.keys


def test_requests_are_counted_for_prometheus(server, files):
    with Client(server, "http") as client:
        client.photos("shop", files[0])
    with urllib.request.urlopen(f"http://{server.metrics}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    counts = [line for line in lines if line.startswith('nv_inference_request_success{model="shop"')]
    assert float(counts[0].rpartition(" ")[2]) >= 1


def test_nothing_listens_beyond_the_loopback_and_nothing_stays(start, compact, tmp_path, load):  # noqa: F811
    repository = write_repository(compact, tmp_path / "models", TritonConfig(runtime="onnxruntime")).path
    before = set(os.listdir("/dev/shm"))
    with start(repository) as server:
        processes = started_by(server.process)
        addresses = listening(processes)
        assert len(processes) == 2  # the server, and the model's Python
        assert set(os.listdir("/dev/shm")) > before
    assert addresses == {"127.0.0.1"}
    assert not any(Path(f"/proc/{process}").exists() for process in processes)
    assert set(os.listdir("/dev/shm")) == before


def started_by(process: int) -> list[int]:
    """Return a process and those that it has started."""
    children = Path(f"/proc/{process}/task").glob("*/children")
    return [
        process,
        *(found for each in children for child in each.read_text().split() for found in started_by(int(child))),
    ]


def listening(processes: list[int]) -> set[str]:
    """Return the addresses that processes listen on, as the kernel has them."""
    sockets = set()
    for process in processes:
        for descriptor in Path(f"/proc/{process}/fd").iterdir():
            sockets.add(os.readlink(descriptor))
    rows = [row.split() for name in ("tcp", "tcp6") for row in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    addresses = [row[1].partition(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets]
    return {".".join(str(byte) for byte in bytes.fromhex(address[-8:])[::-1]) for address in addresses}


def test_a_model_that_does_not_load_ends_the_server_with_its_reason(start, compact, tmp_path, load):  # noqa: F811
    repository = write_repository(compact, tmp_path / "models", TritonConfig(runtime="onnxruntime")).path
    (repository / "fashionsdk/1/bundle/reference.npz").unlink()
    error = load("servers.triton_server").TritonServerError
    with pytest.raises(error, match=r"reference\.npz is missing"), start(repository):
        pytest.fail("it is ready")


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.0.0", reason="this environment has NumPy 1")
def test_numpy_2_which_this_server_misreads_is_refused(start, environment, compact, tmp_path, load):  # noqa: F811
    if environment.python_version != sysconfig.get_python_version():
        pytest.skip("the server has another Python than this environment, so it cannot import its NumPy")
    only = tmp_path / "packages"
    only.mkdir()
    for name in ("numpy", "numpy.libs"):
        (only / name).symlink_to(Path(np.__file__).parents[1] / name)
    repository = write_repository(compact, tmp_path / "models", TritonConfig(runtime="onnxruntime")).path
    module = load("servers.triton_server")
    packages = [module.ROOT / "sdk", only]
    with pytest.raises(module.TritonServerError, match="is too new for it; run"), start(repository, packages):
        pytest.fail("it is ready")
