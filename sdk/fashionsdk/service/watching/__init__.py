"""What operators see: metrics for Prometheus, spans for OpenTelemetry, and a log with a line for each request."""

from fashionsdk.service.watching._log import LogFormat, RequestLog, start_log
from fashionsdk.service.watching._metrics import SHARED_FOLDER, Metrics
from fashionsdk.service.watching._traces import Traces, open_traces

__all__ = ["SHARED_FOLDER", "LogFormat", "Metrics", "RequestLog", "Traces", "open_traces", "start_log"]
