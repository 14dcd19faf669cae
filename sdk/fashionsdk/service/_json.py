"""JSON as the service sends it."""

import json
from typing import Any

from starlette.responses import JSONResponse


class JSONAnswer(JSONResponse):
    """An answer in ASCII: a file's name may be no Unicode, and as a key it must not break a page of items."""

    def render(self, content: Any) -> bytes:
        """Return the content as JSON."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")
