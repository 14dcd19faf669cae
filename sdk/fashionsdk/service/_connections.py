"""Closes connections that only wait, or that send too much that is no body: endless heads, trailers, tiny chunks."""

import asyncio

from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 15.0  # from a connection's start, or its last answer's end, to the end of the next request's head
HEAD_BYTES = 64 * 1024  # of a request, beside its body
CHUNK_BYTES = 8  # for each byte of a body, beside it: the length and line ends of its chunk
READ_SECONDS = 60.0  # that a caller may take to make room for the rest of an answer
LAST_SECONDS = 0.5  # that an idle connection stays open when the service ends: a request may be on its way


class PatientConnection(HttpToolsProtocol):
    """A connection that waits for a request's head and for its reader, but not forever, and holds no endless head.

    When the service ends, its last answer says so. An idle one stays for a moment, since a caller may just have sent a
    request on it.
    """

    _head_timer: asyncio.TimerHandle | None = None
    _read_timer: asyncio.TimerHandle | None = None
    _ending = False
    _in_head = True
    _received = _body = 0  # bytes of the request that is being read, and those of them that are its body

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._close_without_head)

    def data_received(self, data: bytes) -> None:
        """Take bytes; once a request has begun to be answered, the wait is over."""
        self._received += len(data)
        super().data_received(data)
        if self._received - self._body > HEAD_BYTES + CHUNK_BYTES * self._body and not self.transport.is_closing():
            self.send_400_response("The request's head is too long.")
        if self._answering:
            self._stop_waiting()
            if self._ending:
                self._end_after_answer()
        elif self._head_timer is None:  # part of the next request's head
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._close_without_head)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the head. A body's trailers are left out: what was checked must not change afterwards."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        self._in_head = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Get ready for the next request's head."""
        self._in_head, self._received, self._body = True, 0, 0
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Wait for the caller to read."""
        super().pause_writing()
        self._read_timer = self.loop.call_later(READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on."""
        self._stop_waiting_for_reader()
        super().resume_writing()

    def shutdown(self) -> None:
        """End: after the answer, or in a moment if there is none to give."""
        if self._answering:
            self._end_after_answer()
        elif not self._ending:
            self._ending = True
            self.loop.call_later(LAST_SECONDS, self._close_if_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop_waiting()
        self._stop_waiting_for_reader()
        super().connection_lost(exc)

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _end_after_answer(self) -> None:
        self.cycle.keep_alive = False
        self.cycle.scope["headers"].append(CLOSE_HEADER)  # type: ignore[attr-defined]  # the answer repeats it

    def _close_if_idle(self) -> None:
        if not self._answering and not self.transport.is_closing():
            super().shutdown()

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_waiting_for_reader(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None

    def _close_without_head(self) -> None:
        self._head_timer = None
        if not self._answering:
            self.transport.close()
