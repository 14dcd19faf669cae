"""How often a call is sent, and when: again after what passes, later each time, within the caller's seconds."""

import random
import secrets
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from fashionsdk.client._call import Call
from fashionsdk.client._connection import Connection, check_timeout
from fashionsdk.client._errors import answered_error, unanswered_error
from fashionsdk.errors import ServiceError

if TYPE_CHECKING:
    import httpx

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds; each pause is a random part of twice the last one
GRACE = 1.0  # seconds after which the service has said itself that it took too long
LEAST = 0.001
REFUSED = 429  # with it the service has not begun
PASSING = frozenset({REFUSED, 502, 503})
RUNNING = "running"  # the kind of a repetition that came before the first request had ended


class Attempts:
    """The attempts of one call.

    Args:
        connection: to the service.
        call: what is asked.
        timeout: seconds for all attempts together, or ``None`` for the connection's.

    Raises:
        TypeError, ValueError: the timeout is none.
    """

    def __init__(self, connection: Connection, call: Call[Any], timeout: float | None) -> None:
        seconds = connection.timeout if timeout is None else timeout
        check_timeout(seconds)
        self._connection, self._call, self._sent = connection, call, 0
        self._until = time.monotonic() + seconds
        self.request_id = secrets.token_hex(8)

    def request(self, http: "httpx.Client | httpx.AsyncClient") -> "httpx.Request":
        """Return the request of the next attempt, with the seconds that are left.

        Raises:
            TypeError, ValueError: a field of the call is no JSON.
        """
        self._sent += 1
        seconds = max(self._until - time.monotonic(), LEAST)
        body = self._call.body()
        headers = body.pop("headers", {}) | {"Request-Timeout": f"{seconds:.3f}", "X-Request-Id": self.request_id}
        if self._call.key is not None:
            headers["Idempotency-Key"] = self._call.key
        query = dict(self._call.query)
        return http.build_request(
            self._call.method, self._call.path, params=query, headers=headers, timeout=seconds + GRACE, **body
        )

    def after_error(self, error: "httpx.RequestError") -> float:
        """Return the seconds until the next attempt, after one without an answer.

        Raises:
            UnavailableError: there is none.
        """
        import httpx

        passing = isinstance(error, httpx.NetworkError | httpx.TimeoutException | httpx.RemoteProtocolError)
        unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
        failed = unanswered_error(error, self._connection.address, self.request_id)
        return self._pause(failed, passing, unsent, None)

    def after_refusal(self, response: "httpx.Response") -> float:
        """Return the seconds until the next attempt, after a problem.

        Raises:
            ServiceError: there is none.
        """
        failed = answered_error(response, self.request_id)
        passing = failed.status in PASSING or failed.kind == RUNNING
        return self._pause(failed, passing, failed.status == REFUSED, response.headers.get("retry-after"))

    def _pause(self, failed: ServiceError, passing: bool, unbegun: bool, retry_after: str | None) -> float:
        repeat = self._call.repeat
        may = passing and (repeat == "safe" or (repeat == "refused" and unbegun))
        longest = min(FIRST_PAUSE * 2 ** (self._sent - 1), LONGEST_PAUSE)
        pause = _seconds(retry_after) + random.uniform(0, longest)
        if not may or self._sent > self._connection.retries or time.monotonic() + pause >= self._until:
            raise failed
        return pause


def _seconds(retry_after: str | None) -> float:
    """Return what ``Retry-After`` says, in seconds or as a date; 0 if it is neither."""
    if retry_after is None:
        return 0.0
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        when = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    now = datetime.now(UTC)
    return max((when.replace(tzinfo=when.tzinfo or UTC) - now).total_seconds(), 0.0)
