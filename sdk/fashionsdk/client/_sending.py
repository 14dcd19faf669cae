"""Sending calls and getting answers, in two ways: waiting in the caller's thread, or in an event loop."""

import asyncio
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from fashionsdk.client._answers import Written
from fashionsdk.client._attempts import Attempts
from fashionsdk.client._call import Call
from fashionsdk.client._connection import RETRIES, SECONDS, UPLOAD_BYTES, Connection
from fashionsdk.client._errors import UnavailableError
from fashionsdk.client._item_calls import Tally

T = TypeVar("T")


class Opened(ABC):
    """A connection to a service, until it is closed."""

    def __init__(
        self,
        address: str,
        *,
        api_key: str | None = None,
        timeout: float = SECONDS,
        retries: int = RETRIES,
        upload_bytes: int = UPLOAD_BYTES,
        authorities: str | Path | None = None,
    ) -> None:
        self._connection = Connection(address, api_key, timeout, retries, upload_bytes, authorities)
        self._http, self._closed = self._new_http(), False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._connection})"

    @abstractmethod
    def _new_http(self) -> Any:
        """Return an HTTP client."""

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError("this client is closed; make another")


class Sender(Opened):
    """Sends calls in the caller's thread."""

    def _new_http(self) -> Any:
        self._process = os.getpid()
        return self._connection.client()

    def __reduce__(self) -> tuple[Callable[..., "Sender"], tuple[str]]:
        """Pickle the arguments, without a key.

        Raises:
            TypeError: the key was an argument.
        """
        return partial(type(self), **self._connection.arguments()), (self._connection.address,)

    def __enter__(self) -> Self:
        """Return itself; the block's end closes it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connections."""
        self._closed = True
        self._http.close()

    def _run(self, call: Call[T], timeout: float | None) -> T:
        import httpx

        attempts = Attempts(self._connection, call, timeout)
        while True:
            http = self._opened()
            try:
                response = http.send(attempts.request(http))
            except httpx.RequestError as error:
                pause = attempts.after_error(error)
            else:
                if response.is_success:
                    return call.read(response, attempts.request_id)
                pause = attempts.after_refusal(response)
            time.sleep(pause)

    def _write(self, calls: Iterator[Call[Written]], timeout: float | None) -> Written:
        tally = Tally()
        with tally.watching():
            for call in calls:
                tally.add(self._run(call, timeout))
        return tally.total()

    def _probe(self, call: Call[bool], timeout: float | None) -> bool:
        try:
            return self._run(call, timeout)
        except UnavailableError:
            return False

    def _opened(self) -> Any:
        """Return the HTTP client of this process."""
        self._check_open()
        if self._process != os.getpid():  # a fork shares connections, on which answers would go to either process
            self._http = self._new_http()
        return self._http


class AsyncSender(Opened):
    """Sends calls in an event loop."""

    def _new_http(self) -> Any:
        return self._connection.async_client()

    def __reduce__(self) -> str:
        """Refuse to be pickled.

        Raises:
            TypeError: always.
        """
        raise TypeError("an AsyncClient belongs to its event loop and cannot be pickled; make one in each process")

    async def __aenter__(self) -> Self:
        """Return itself; the block's end closes it."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the connections."""
        self._closed = True
        await self._http.aclose()

    async def _run(self, make: Callable[[], Call[T]], timeout: float | None) -> T:
        """Make a call in a thread, since it may read a photo, and send it."""
        return await self._send(await asyncio.to_thread(make), timeout)

    async def _send(self, call: Call[T], timeout: float | None) -> T:
        import httpx

        attempts = Attempts(self._connection, call, timeout)
        while True:
            http = self._opened()
            try:
                response = await http.send(attempts.request(http))
            except httpx.RequestError as error:
                pause = attempts.after_error(error)
            else:
                if response.is_success:
                    return call.read(response, attempts.request_id)
                pause = attempts.after_refusal(response)
            await asyncio.sleep(pause)

    async def _write(self, calls: Iterator[Call[Written]], timeout: float | None) -> Written:
        tally = Tally()
        with tally.watching():
            while (call := await asyncio.to_thread(next, calls, None)) is not None:
                tally.add(await self._send(call, timeout))
        return tally.total()

    async def _probe(self, make: Callable[[], Call[bool]], timeout: float | None) -> bool:
        try:
            return await self._run(make, timeout)
        except UnavailableError:
            return False

    def _opened(self) -> Any:
        self._check_open()
        return self._http
