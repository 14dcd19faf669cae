"""What the OpenAPI document says of bodies and problems that the framework cannot tell by itself."""

from typing import Any

from pydantic import BaseModel

from fashionsdk.service._bodies import FORM, JSON
from fashionsdk.service._problems import MEDIA_TYPE, TITLES

REFERENCE = "#/components/schemas/{model}"
PROBLEMS = (400, 401, 403, 408, 413, 415, 421, 422, 429, 500, 503, 504)


def asks(model: type[BaseModel], *, photos: bool = True) -> dict[str, Any]:
    """Return the body of a request that is a ``model`` as JSON or, with photos, a form whose files are the photos."""
    reference = {"$ref": REFERENCE.format(model=model.__name__)}
    content: dict[str, Any] = {JSON: {"schema": reference}}
    if photos:
        content[FORM] = {"schema": _form_schema(model)}
    return {"requestBody": {"required": True, "content": content}}


def writes(model: type[BaseModel] | None, *, photos: bool = True) -> dict[str, Any]:
    """Return the body of a write, as `asks` does, and the header that makes it safe to send again."""
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "a new one for each write: when it is sent again, the first answer comes again",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    }
    return {"parameters": [key], **({} if model is None else asks(model, photos=photos))}


def _form_schema(model: type[BaseModel]) -> dict[str, Any]:
    described = f"The fields of {model.__name__} as text, or all together as JSON in `query`; files beside them."
    return {
        "type": "object",
        "description": described,
        "properties": {
            "photo": {"type": "string", "format": "binary"},
            "query": {"type": "string", "contentMediaType": JSON},
        },
        "additionalProperties": True,
    }


def problems(*more: int) -> dict[int | str, dict[str, Any]]:
    """Return the problems that every request may meet, and more."""
    schema = {"schema": {"$ref": REFERENCE.format(model="ProblemDetails")}}
    titles = dict(TITLES.values())
    return {
        status: {"description": titles[status], "content": {MEDIA_TYPE: schema}}
        for status in sorted({*PROBLEMS, *more})
    }
