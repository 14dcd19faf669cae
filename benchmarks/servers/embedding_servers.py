"""Servers of one bundle's embeddings, each with requests for one photo: this SDK's, and what others would take."""

import base64
import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import tritonclient.http

from fashionsdk import Bundle, Embedder, Matcher
from fashionsdk.search import bundle_contract
from fashionsdk_export.triton import TritonConfig, write_repository
from servers.callers import photo_form, post
from servers.started import Started, serve, start
from servers.triton_environment import ROOT, NoTritonError, TritonEnvironment
from servers.triton_server import triton_server

FOLDER = Path(__file__).parents[1]
LITSERVE = "FASHIONSDK_LITSERVE"  # names an environment elsewhere
BATCH = 16
DEADLINE = 0.5  # seconds: less than the queue of 64 connections takes
QUEUE_DELAY = 4  # ms, as the service waits


@dataclass(frozen=True)
class Server:
    """A server, and what it is asked.

    Attributes:
        name: in tables.
        start: begins it; it ends with the stack.
        requests: one for each photo.
    """

    name: str
    start: Callable[[ExitStack], Started]
    requests: Sequence[bytes]


def embedding_servers(bundle: Path, photos: Sequence[bytes], folder: Path) -> list[Server]:
    """Return every server that can be started here; the others are said to be missing.

    Args:
        bundle: the model.
        photos: files that are asked about.
        folder: for logs, a gallery and a model repository.
    """
    forms = [photo_form("/v1/embed", photo) for photo in photos]
    gallery = str(write_gallery(bundle, photos[0], folder))
    plain = [sys.executable, "-m", "uvicorn", "servers.plain_handler:app", "--app-dir", str(FOLDER)]
    plain += ["--log-level", "warning"]
    asked = {"BUNDLE": str(bundle)}
    hurried = [photo_form("/v1/embed", photo, {"Request-Timeout": str(DEADLINE)}) for photo in photos]

    def begin(stack: ExitStack, workers: int = 1) -> Started:
        return serve(bundle, gallery, folder, stack, workers)

    found = [
        Server("fashionsdk serve", begin, forms),
        Server("fashionsdk serve --workers 2", partial(begin, workers=2), forms),
        Server(f"fashionsdk serve, {DEADLINE:g} s until a deadline", begin, hurried),
        Server("a plain FastAPI handler", lambda stack: start(plain, folder / "plain.log", asked, stack), forms),
    ]
    return found + _litserve(bundle, photos, folder) + _triton(bundle, photos, folder)


def _litserve(bundle: Path, photos: Sequence[bytes], folder: Path) -> list[Server]:
    python = Path(os.environ.get(LITSERVE) or ROOT / ".venv-litserve") / "bin" / "python"
    if not python.is_file():
        print(f"LitServe is not measured: run make litserve-environment, or set {LITSERVE}", file=sys.stderr)
        return []
    texts = [base64.b64encode(photo).decode() for photo in photos]
    requests = [
        post("/v1/embed", {"Content-Type": "application/json"}, json.dumps({"photo": text}).encode()) for text in texts
    ]
    command = [str(python), "-m", "servers.lit_server"]
    variables = {"BUNDLE": str(bundle), "PYTHONPATH": f"{FOLDER}:{ROOT / 'sdk'}"}
    return [Server("LitServe", lambda stack: start(command, folder / "litserve.log", variables, stack), requests)]


def _triton(bundle: Path, photos: Sequence[bytes], folder: Path) -> list[Server]:
    try:
        environment = TritonEnvironment.find()
    except NoTritonError as error:
        print(f"Triton is not measured: {error}", file=sys.stderr)
        return []
    settings = TritonConfig(("python",), name="shop", runtime="onnxruntime", max_batch=BATCH, queue_delay=QUEUE_DELAY)
    shutil.rmtree(folder / "repository", ignore_errors=True)  # of an earlier run
    repository = write_repository(Bundle.open(bundle), folder / "repository", settings).path

    def begin(stack: ExitStack) -> Started:
        running = stack.enter_context(triton_server(environment, repository))
        return Started(f"http://{running.http}", running.process)

    return [Server("Triton, Python backend", begin, [_triton_request(photo) for photo in photos])]


def _triton_request(photo: bytes) -> bytes:
    """Return what Triton's own client would send."""
    entry = tritonclient.http.InferInput("photos", [1, 1], "BYTES")
    entry.set_data_from_numpy(np.array([[photo]], object))
    body, length = tritonclient.http.InferenceServerClient.generate_request_body([entry])
    return post("/v2/models/shop/infer", {"Inference-Header-Content-Length": str(length)}, body)


def write_gallery(bundle: Path, photo: bytes, folder: Path) -> Path:
    """Write a gallery of one photo, since a service has one."""
    path = folder / "one.gallery"
    with Embedder(bundle) as embedder:
        gallery = Matcher.open("memory:", contract=bundle_contract(embedder.bundle, embedder.backend.precision))
        gallery.add(["one"], embedder.embed([photo]))
        gallery.save(path)
    return path
