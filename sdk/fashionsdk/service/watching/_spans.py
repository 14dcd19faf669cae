"""Spans for OpenTelemetry: one for each request, and in it one for each stage. Needs ``fashionsdk[traces]``."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

import fashionsdk
from fashionsdk.service.watching._traces import Traces

FAILED = 500  # statuses from here on are the service's fault


class Spans(Traces):
    """Writes spans. Neither photos nor keys nor a caller's words stand in them.

    The variables ``OTEL_SERVICE_NAME``, ``OTEL_RESOURCE_ATTRIBUTES``, ``OTEL_TRACES_SAMPLER``, ``OTEL_BSP_*`` and
    ``OTEL_PROPAGATORS`` count.

    Args:
        exporter: takes the spans, some at a time, in a thread of its own.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        named = Resource({"service.name": "fashionsdk", "service.version": fashionsdk.__version__})
        own = OTELResourceDetector().detect()
        self._provider = TracerProvider(resource=Resource.create().merge(named).merge(own), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("fashionsdk.service", fashionsdk.__version__)

    @contextmanager
    def request(self, headers: Mapping[str, str]) -> Iterator[None]:
        """Write a span of the block, in the caller's trace if the headers name one."""
        context = propagate.extract(dict(headers))
        with self._span("request", context, trace.SpanKind.SERVER):
            yield

    def answered(self, method: str, route: str, status: int, request_id: str) -> None:
        """Name the span of the block's request, and add how it was answered."""
        span = trace.get_current_span()
        span.update_name(f"{method} {route}")
        span.set_attribute("http.request.method", method)
        span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", status)
        span.set_attribute("fashionsdk.request_id", request_id)
        if status >= FAILED:
            span.set_status(trace.StatusCode.ERROR)

    def stage(self, name: str) -> AbstractContextManager[object]:
        """Write a span of the block."""
        return self._span(name, None, trace.SpanKind.INTERNAL)

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()

    def _span(self, name: str, context: Context | None, kind: trace.SpanKind) -> AbstractContextManager[object]:
        """Return a span of a block, without the messages of errors, which may have a caller's words."""
        return self._tracer.start_as_current_span(
            name, context, kind, record_exception=False, set_status_on_exception=False
        )


def otlp_exporter() -> SpanExporter:
    """Return what sends spans with OTLP over HTTP, to where the variables ``OTEL_EXPORTER_OTLP_*`` say."""
    return OTLPSpanExporter()
