"""One line a request on stderr, as text or as a JSON object."""

import json
import logging
import re
import secrets
import sys
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from starlette.datastructures import Headers

LogFormat: TypeAlias = Literal["text", "json"]
ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")

_log = logging.getLogger("fashionsdk.service.requests")


class RequestLog:
    """Writes a line for each request. Neither photos nor keys nor a caller's words stand in it."""

    def request_id(self, headers: Headers) -> str:
        """Return the caller's ``X-Request-Id`` if it is a plain one, or a new one."""
        given = headers.get("x-request-id", "")
        return given if ID.fullmatch(given) else secrets.token_hex(8)

    def answered(self, request_id: str, method: str, route: str, status: int, seconds: float, caller: str) -> None:
        """Log an answer."""
        fields = {"request_id": request_id, "method": method, "route": route, "status": status}
        fields |= {"milliseconds": round(1000 * seconds, 1), "caller": caller}
        _log.info("%s", " ".join(f"{name}={value}" for name, value in fields.items()), extra={"fields": fields})

    def failed(self, request_id: str) -> None:
        """Log the traceback of the exception that is being handled."""
        _log.exception("request_id=%s failed", request_id, extra={"fields": {"request_id": request_id}})


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")}
        line |= {"level": record.levelname.lower(), "logger": record.name}
        line |= getattr(record, "fields", None) or {"message": record.getMessage()}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def start_log(form: LogFormat) -> None:
    """Send the lines of the service, and of the server that runs it, to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _JsonLines() if form == "json" else logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")
    )
    for name in ("fashionsdk.service", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO)
    logging.getLogger("uvicorn.access").disabled = True  # `RequestLog` has a line for each request
