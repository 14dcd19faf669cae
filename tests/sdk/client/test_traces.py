"""Spans of a service: what they say, what they keep to themselves, and where they go."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from fashionsdk import Client
from fashionsdk.client import NewItem
from fashionsdk.errors import FashionSDKError
from fashionsdk.search import Matcher
from fashionsdk.service import Settings, create_app
from fashionsdk.service.watching import Traces, _spans, open_traces
from tests.sdk.client.conftest import key_of
from tests.sdk.client.running import serving

PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = {"traceparent": f"00-{PARENT[0]}-{PARENT[1]}-01"}


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Where the spans of the services of this test go."""
    exporter = InMemorySpanExporter()
    monkeypatch.setattr(_spans, "otlp_exporter", lambda: exporter)
    return exporter


def written(settings: Settings, spans: InMemorySpanExporter, ask: Callable[[str], Any]) -> dict[str, ReadableSpan]:
    """Return the spans of what ``ask`` asks a service, by name."""
    with serving(create_app(replace(settings, traces=True))) as address:
        ask(address)
    return {span.name: span for span in spans.get_finished_spans()}


def stages(found: dict[str, ReadableSpan], parent: str) -> set[str]:
    context = found[parent].context
    assert context is not None
    own = {name: span for name, span in found.items() if span.parent is not None}
    return {name for name, span in own.items() if span.parent and span.parent.span_id == context.span_id}


def nanoseconds(span: ReadableSpan) -> int:
    assert span.start_time is not None
    assert span.end_time is not None
    return span.end_time - span.start_time


def test_a_search_has_its_stages(settings: Settings, spans, images: Path):
    photo = (images / key_of(0)).read_bytes()

    def ask(address: str) -> None:
        headers = {"X-Request-Id": "mine"} | TRACEPARENT
        query = {"query": '{"by": {"sleeve": 1}}'}
        assert httpx.post(f"{address}/v1/search", data=query, files={"photo": photo}, headers=headers).is_success

    found = written(settings, spans, ask)
    assert found.keys() == {"POST /v1/search", "read", "embed", "search"}
    assert stages(found, "POST /v1/search") == {"read", "embed", "search"}
    request = found["POST /v1/search"]
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/search",
        "http.response.status_code": 200,
        "fashionsdk.request_id": "mine",
    }
    assert (request.kind, request.status.status_code) == (SpanKind.SERVER, StatusCode.UNSET)
    assert request.parent is not None
    assert (f"{request.parent.trace_id:032x}", f"{request.parent.span_id:016x}") == PARENT
    assert request.resource.attributes["service.name"] == "fashionsdk"
    assert 0 < sum(nanoseconds(found[name]) for name in ("read", "embed", "search")) <= nanoseconds(request)


def test_a_write_has_its_stages(settings: Settings, spans, images: Path):
    def ask(address: str) -> None:
        with Client(address, timeout=60) as client:
            client.add([NewItem("new", images / key_of(0))])

    found = written(settings, spans, ask)
    assert stages(found, "POST /v1/items") == {"read", "embed", "write"}


def test_spans_have_no_words_of_a_caller(settings: Settings, spans, images: Path):
    secret = "Umbra"

    def ask(address: str) -> None:
        with httpx.Client(base_url=address) as client:
            assert client.get(f"/v1/items/{secret}").status_code == 404
            assert client.get(f"/{secret}").status_code == 404
            assert client.post("/v1/search", json={"key": "a", "where": secret}).status_code == 422
            assert client.post("/v1/embed", json={"photo": secret}).status_code == 422
            assert client.request(secret.upper(), "/v1/items").status_code == 400  # no method of HTTP
            assert client.request("PROPFIND", "/v1/items").status_code == 405

    found = written(settings, spans, ask)
    assert {"GET /v1/items/{key:path}", "GET unmatched"} <= found.keys()
    assert any(name.startswith("OTHER ") for name in found)
    assert all(span.status.status_code is StatusCode.UNSET for span in found.values())
    text = "".join(span.to_json() for span in spans.get_finished_spans()).lower()
    assert secret.lower() not in text


def test_what_the_service_is_to_blame_for_is_an_error(settings: Settings, spans, monkeypatch: pytest.MonkeyPatch):
    def failing(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret words")

    monkeypatch.setattr(Matcher, "search", failing)
    found = written(settings, spans, lambda address: httpx.post(f"{address}/v1/search", json={"key": "a"}))
    assert found["POST /v1/search"].status.status_code is StatusCode.ERROR
    assert "secret words" not in "".join(span.to_json() for span in found.values())


def test_the_environment_names_the_service(settings: Settings, spans, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    found = written(settings, spans, lambda address: httpx.get(f"{address}/healthz"))
    attributes = found["GET /healthz"].resource.attributes
    assert (attributes["service.name"], attributes["deployment.environment.name"]) == ("shop", "test")


@pytest.fixture
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """A server that takes what exporters send: its address, and the paths and bodies that came."""
    taken: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", taken
        server.shutdown()
        thread.join(60)


def test_spans_go_where_the_environment_says(settings: Settings, collector, monkeypatch: pytest.MonkeyPatch):
    address, taken = collector
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
    with serving(create_app(replace(settings, traces=True))) as service:
        httpx.get(f"{service}/v1/attributes")
    (path, body), *_ = taken
    assert path == "/v1/traces"
    sent = ExportTraceServiceRequest.FromString(body)
    assert [span.name for each in sent.resource_spans for scope in each.scope_spans for span in scope.spans] == [
        "GET /v1/attributes"
    ]


def test_without_traces_nothing_of_them_is_loaded_or_made():
    """FastAPI loads OpenTelemetry's own API where it is installed; what makes and sends spans is not loaded."""
    program = (
        "import sys, fashionsdk.service.watching as watching; watching.open_traces(False);"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    traces = open_traces(False)
    assert type(traces) is Traces
    with traces.request(TRACEPARENT), traces.stage("read"):
        traces.answered("GET", "/", 200, "mine")
    traces.close()


def test_traces_without_their_packages_say_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "fashionsdk.service.watching._spans")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(FashionSDKError, match=r'pip install "fashionsdk\[traces\]"'):
        open_traces(True)
