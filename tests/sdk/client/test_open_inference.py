"""The Open Inference Protocol, asked by the client of another project and by hand."""

import base64
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from tritonclient import http as triton
from tritonclient.utils import InferenceServerException

import fashionsdk
from fashionsdk import Embedder
from fashionsdk.service import hashed, new_key
from tests.sdk.client.conftest import key_of

ATOL = 1e-6  # batches of other sizes add in another order; 1.2e-7 measured
MODEL = "fashionsdk"
INFER = f"/v2/models/{MODEL}/infer"


@pytest.fixture
def client(read_only_service: str) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(read_only_service.removeprefix("http://")) as client:
        yield client


@pytest.fixture(scope="module")
def files(images: Path) -> list[bytes]:
    return [(images / key_of(index)).read_bytes() for index in range(5)]


def photos(files: list[bytes], *, flat: bool = False) -> triton.InferInput:
    array = np.array(files, dtype=object).reshape((-1,) if flat else (-1, 1))
    tensor = triton.InferInput("photos", list(array.shape), "BYTES")
    tensor.set_data_from_numpy(array)
    return tensor


def images_input(pixels: np.ndarray, *, binary: bool = True) -> triton.InferInput:
    tensor = triton.InferInput("images", list(pixels.shape), "UINT8")
    tensor.set_data_from_numpy(pixels, binary_data=binary)
    return tensor


def as_json(files: list[bytes], **more: Any) -> dict[str, Any]:
    data = [base64.b64encode(file).decode() for file in files]
    return {"inputs": [{"name": "photos", "datatype": "BYTES", "shape": [len(files)], "data": data}], **more}


def pixels_json(shape: list[int], data: Any, **changes: Any) -> dict[str, Any]:
    return {"inputs": [{"name": "images", "datatype": "UINT8", "shape": shape, "data": data, **changes}]}


def test_the_server_and_the_model_describe_themselves(client, embedder: Embedder):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(MODEL)
    assert not client.is_model_ready("other")
    server = client.get_server_metadata()
    assert (server["name"], server["version"]) == ("fashionsdk", fashionsdk.__version__)
    assert server["extensions"] == ["binary_tensor_data"]
    model = client.get_model_metadata(MODEL)
    assert model["name"] == MODEL
    assert [tensor["name"] for tensor in model["inputs"]] == ["photos", "images"]
    outputs = [{"name": name, "datatype": "FP32", "shape": [-1, size]} for name, size in embedder.dimensions.items()]
    assert model["outputs"] == outputs
    assert model["parameters"] == {"digest": embedder.model}


@pytest.mark.parametrize("flat", [True, False])
def test_photos_become_the_vectors_of_the_model(client, embedder: Embedder, files, flat):
    answer = client.infer(MODEL, [photos(files, flat=flat)], request_id="7")
    expected = embedder.embed(files)
    for name in embedder.dimensions:
        vectors = answer.as_numpy(name)
        assert (vectors.dtype, vectors.shape) == (np.float32, expected[name].shape)
        np.testing.assert_allclose(vectors, expected[name], rtol=0, atol=ATOL)
    said = answer.get_response()
    assert (said["model_name"], said["id"], said["parameters"]) == (MODEL, "7", {"digest": embedder.model})


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("shape", [(3, 16, 16, 3), (2, 20, 30, 3)])
def test_pixels_become_the_vectors_of_the_model(client, embedder: Embedder, shape, binary):
    pixels = np.random.default_rng(5).integers(0, 256, shape, dtype=np.uint8)
    outputs = [triton.InferRequestedOutput("sleeve", binary), triton.InferRequestedOutput("neckline", not binary)]
    answer = client.infer(MODEL, [images_input(pixels, binary=binary)], outputs=outputs)
    expected = embedder.embed(list(pixels))
    for name in ("sleeve", "neckline"):
        np.testing.assert_allclose(answer.as_numpy(name), expected[name], rtol=0, atol=ATOL)
    assert answer.as_numpy("colour") is None
    assert ["data" in answer.get_output(name) for name in ("sleeve", "neckline")] == [not binary, binary]


def test_json_alone_will_do(read_only_service: str, embedder: Embedder, files):
    answer = httpx.post(read_only_service + INFER, json=as_json(files[:2]), timeout=60)
    assert answer.headers["content-type"] == "application/json"
    expected = embedder.embed(files[:2])
    outputs = {tensor["name"]: tensor for tensor in answer.json()["outputs"]}
    assert list(outputs) == list(embedder.dimensions)
    for name, tensor in outputs.items():
        assert (tensor["datatype"], tensor["shape"]) == ("FP32", [2, 8])
        np.testing.assert_allclose(np.reshape(tensor["data"], (2, 8)), expected[name], rtol=0, atol=ATOL)
    nested = pixels_json([1, 16, 16, 3], np.zeros((1, 16, 16, 3), int).tolist())
    flat = pixels_json([1, 16, 16, 3], [0] * 768)
    both = [httpx.post(read_only_service + INFER, json=body, timeout=60).json()["outputs"] for body in (nested, flat)]
    assert both[0] == both[1]


def test_callers_of_both_protocols_share_batches(start: Callable[..., str], settings, files):
    address = start(limits=replace(settings.limits, batch_seconds=0.5, batch=4))
    body = as_json(files[:2])
    with ThreadPoolExecutor(2) as threads:
        inferred = threads.submit(httpx.post, address + INFER, json=body, timeout=60)
        embedded = threads.submit(httpx.post, f"{address}/v1/embed", files={"photo": files[0]}, timeout=60)
        assert (inferred.result().status_code, embedded.result().status_code) == (200, 200)
    metrics = httpx.get(f"{address}/metrics").text
    assert 'fashionsdk_batch_photos_bucket{le="4.0"} 1.0' in metrics
    assert "fashionsdk_batch_photos_sum 3.0" in metrics


def test_the_same_keys_count(start: Callable[..., str], tmp_path: Path, files):
    key = new_key()
    (tmp_path / "keys").write_text(f"shop read {hashed(key)}")
    address = start(keys=tmp_path / "keys")
    with triton.InferenceServerClient(address.removeprefix("http://")) as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        with pytest.raises(InferenceServerException, match="An API key is needed"):
            client.infer(MODEL, [photos(files)])
        answer = client.infer(MODEL, [photos(files)], headers={"Authorization": f"Bearer {key}"})
        assert answer.as_numpy("sleeve").shape == (5, 8)


def test_the_same_limits_count(start: Callable[..., str], settings, files):
    address = start(limits=replace(settings.limits, photos=2, body_bytes=100_000, waiting=1))
    with httpx.Client(base_url=address, timeout=60) as client:
        several = client.post(INFER, json=as_json(files[:3]))
        large = client.post(INFER, content=bytes(200_000))
        full = client.post(INFER, json=as_json(files[:2]))
    assert several.json() == {"error": "The request cannot be read: the input has 3 photos; expected 1 to 2"}
    assert (large.status_code, large.json()["error"].partition(":")[0]) == (413, "The request is too large")
    assert (full.status_code, "retry-after" in full.headers) == (429, True)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "is no JSON"),
        (b"[]", "is list; expected a JSON object"),
        (b"{}", "inputs: Field required"),
        ({"inputs": []}, "inputs: "),
        (as_json([b"no photo"]), "The photo cannot be read"),
        ({"inputs": as_json([b"a"])["inputs"] * 2}, "got two inputs"),
        ({"inputs": [as_json([b"a"])["inputs"][0] | {"name": "pixels"}]}, "the input is 'pixels'; expected photos or"),
        ({"inputs": [as_json([b"a"])["inputs"][0] | {"shape": [2]}]}, "holds more or fewer than 2 elements"),
        ({"inputs": [as_json([b"a"])["inputs"][0] | {"shape": [0], "data": []}]}, "0 photos; expected 1 to 16"),
        ({"inputs": [as_json([b"a"])["inputs"][0] | {"shape": [1, 2]}]}, "expected BYTES with the shape [N]"),
        ({"inputs": [as_json([b"a"])["inputs"][0] | {"shape": [-1]}]}, "inputs.0.shape.0: "),
        ({"inputs": [as_json([b"a"])["inputs"][0] | {"datatype": "FP32"}]}, "is FP32 [1]; expected BYTES"),
        ({"inputs": [as_json([b"a"])["inputs"][0] | {"data": None}]}, "needs either data or binary_data_size"),
        ({"inputs": [as_json([b"a"])["inputs"][0] | {"data": [3]}]}, "is no base64"),
        ({"inputs": [as_json([b"a"])["inputs"][0] | {"data": ["*"]}]}, "is no base64"),
        ({"inputs": [as_json([b"a"])["inputs"][0] | {"parameters": {"binary_data_size": 9}}]}, "needs either data"),
        (pixels_json([1, 4, 4], [0] * 16), "expected UINT8 with the shape [N, H, W, 3]"),
        (pixels_json([1, 0, 4, 3], []), "expected UINT8 with the shape [N, H, W, 3]"),
        (pixels_json([1, 2, 2, 3], [0] * 11), "holds 11 numbers; its shape says 12"),
        (pixels_json([1, 2, 2, 3], [0] * 11 + [256]), "whole numbers from 0 to 255"),
        (pixels_json([1, 2, 2, 3], [0] * 11 + [-1]), "whole numbers from 0 to 255"),
        (pixels_json([1, 2, 2, 3], [0] * 11 + [0.5]), "whole numbers from 0 to 255"),
        (pixels_json([1, 2, 2, 3], [0] * 11 + [2**70]), "whole numbers from 0 to 255"),
        (pixels_json([1, 2, 2, 3], [[0], [1, 2]]), "whole numbers from 0 to 255"),
        (pixels_json([1, 2, 2, 3], ["a"] * 12), "whole numbers from 0 to 255"),
        (pixels_json([1, 2, 2, 3], [True] * 12), "whole numbers from 0 to 255"),
        (pixels_json([1, 2**31, 2**31, 3], [0]), "its shape says"),
        (as_json([b"a"], outputs=[{"name": "collar"}]), "the output 'collar' is unknown or there twice"),
        (as_json([b"a"], outputs=[{"name": "sleeve"}] * 2), "the output 'sleeve' is unknown or there twice"),
        (as_json([b"a"], outputs=[{"name": "sleeve", "parameters": {"classification": 2}}]), "classification"),
    ],
)
def test_a_request_that_is_none_is_answered_in_the_protocol_s_form(read_only_service: str, body, words):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = httpx.post(read_only_service + INFER, content=content, timeout=60)
    assert answer.status_code in (400, 422)
    assert list(answer.json()) == ["error"]
    assert words in answer.json()["error"]


@pytest.mark.parametrize(
    ("length", "rest", "size", "words"),
    [
        ("0", b"", None, "is no JSON"),
        ("-1", b"", 0, "Inference-Header-Content-Length is '-1'"),
        ("9" * 25, b"", 0, "expected 0 to the body's"),
        ("1e2", b"", 0, "expected 0 to the body's"),
        (None, b"abc", 4, "has 4 bytes; 3 follow the JSON"),
        (None, b"abcd", 3, "1 bytes are left after the last input"),
        (None, b"abc", 3, "ends within an element"),
        (None, b"\x04\0\0\0abc", 7, "ends within an element"),
        (None, b"\xff\xff\xff\xffabc", 7, "ends within an element"),
        (None, b"\x03\0\0\0abc\0\0\0\0", 11, "holds more or fewer than 1 elements"),
        (None, b"\0\0\0\0", 4, "The photo cannot be read"),
    ],
)
def test_bytes_that_do_not_fit_are_refused(read_only_service: str, length, rest, size, words):
    tensor = {"name": "photos", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": size}}
    text = json.dumps({"inputs": [tensor]}).encode()
    headers = {"Inference-Header-Content-Length": str(len(text)) if length is None else length}
    answer = httpx.post(read_only_service + INFER, content=text + rest, headers=headers, timeout=60)
    assert answer.status_code in (400, 422)
    assert words in answer.json()["error"]


def test_a_packed_body_is_refused(read_only_service: str, client, files):
    with pytest.raises(InferenceServerException, match="Content-Encoding is 'gzip'"):
        client.infer(MODEL, [photos(files)], request_compression_algorithm="gzip")


def test_what_is_not_there_is_said_in_the_protocol_s_form(read_only_service: str, client, files):
    with pytest.raises(InferenceServerException, match="there is no model 'other'; expected fashionsdk"):
        client.infer("other", [photos(files)])
    for path in ("/v2/models/other", "/v2/models/other/ready", "/v2/other", "/v2/models"):
        answer = httpx.get(read_only_service + path)
        assert (answer.status_code, list(answer.json())) == (404, ["error"]), path
    other_host = httpx.get(f"{read_only_service}/v2", headers={"Host": "evil.example"})
    assert (other_host.status_code, list(other_host.json())) == (421, ["error"])
    assert "type" in httpx.get(f"{read_only_service}/v1/other").json()
    assert "type" in httpx.get(f"{read_only_service}/v22").json()


def test_probes_may_call_by_address(read_only_service: str):
    for path in ("/v2/health/live", "/v2/health/ready"):
        assert httpx.get(read_only_service + path, headers={"Host": "10.0.0.7"}).status_code == 200
