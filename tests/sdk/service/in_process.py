"""The service's application in an event loop of its own thread, called as ASGI, without a socket."""

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from typing import Any

import httpx

from fashionsdk.service import Settings, create_app

SECONDS = 60


class InProcess:
    """A running application; each request is answered by the code that a server would call."""

    def __init__(self, settings: Settings) -> None:
        self.app = create_app(settings)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._lifespan = self.app.router.lifespan_context(self.app)
        try:
            self.run(self._lifespan.__aenter__())
        except BaseException:
            self._end()
            raise
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://localhost")

    @property
    def service(self) -> Any:
        """What the routes use."""
        return self.app.state.service

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine in the application's event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)

    def soon(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Begin a coroutine there."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def begin(self, method: str, path: str, **arguments: Any) -> Any:
        """Begin a request; the result is a future of the answer."""
        return self.soon(self._client.request(method, path, **arguments))

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Return the answer to a request."""
        answer: httpx.Response = self.begin(method, path, **arguments).result(SECONDS)
        return answer

    def get(self, path: str, **arguments: Any) -> httpx.Response:
        return self.request("GET", path, **arguments)

    def post(self, path: str, **arguments: Any) -> httpx.Response:
        return self.request("POST", path, **arguments)

    def put(self, path: str, **arguments: Any) -> httpx.Response:
        return self.request("PUT", path, **arguments)

    def patch(self, path: str, **arguments: Any) -> httpx.Response:
        return self.request("PATCH", path, **arguments)

    def delete(self, path: str, **arguments: Any) -> httpx.Response:
        return self.request("DELETE", path, **arguments)

    def together(self, requests: Sequence[tuple[str, str, dict[str, Any]]]) -> list[httpx.Response]:
        """Return the answers to requests that are made at once."""
        futures = [self.begin(method, path, **arguments) for method, path, arguments in requests]
        return [future.result(SECONDS) for future in futures]

    def close(self) -> None:
        """End as a server would."""
        try:
            self.run(self._client.aclose())
            self.run(self._lifespan.__aexit__(None, None, None))
        finally:
            self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()
