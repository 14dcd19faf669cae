"""Searches, and the order of another search's results."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request

from fashionsdk.embedding import predictions
from fashionsdk.embeddings import Embeddings
from fashionsdk.photos import Cutout, ImageSource
from fashionsdk.search import Example, Matches, parse_condition
from fashionsdk.service._bodies import Body
from fashionsdk.service._problems import Problem, caller_mistakes
from fashionsdk.service._service import Service, service_of
from fashionsdk.service.inference import Model
from fashionsdk.service.routes._documented import asks, problems
from fashionsdk.service.schemas import Box, ExampleRequest, Found, Ranked, RerankRequest, SearchRequest

router = APIRouter(prefix="/v1", tags=["search"])


@router.post("/search", openapi_extra=asks(SearchRequest), responses=problems())
async def search(request: Request) -> Found:
    """Find the items most like a photo, an item, values, or several of these."""
    service = service_of(request)
    async with service.asked(request) as body:
        asked = body.parsed(SearchRequest)
        return await service.within(request, lambda seconds: _search(service, asked, body, seconds))


@router.post("/rerank", openapi_extra=asks(RerankRequest), responses=problems())
async def rerank(request: Request) -> Found:
    """Put another search's results in order of one attribute."""
    service = service_of(request)
    async with service.asked(request) as body:
        asked = body.parsed(RerankRequest)
        return await service.within(request, lambda seconds: _rerank(service, asked, body, seconds))


async def _search(service: Service, asked: SearchRequest, body: Body, seconds: float) -> Found:
    _check_one(asked)
    most = service.limits.answers
    if asked.offset + asked.k > most:
        raise Problem("invalid", f"offset + k is {asked.offset + asked.k}; expected up to {most}")
    with service.models.current.in_use() as model:
        photos = [photo for photo in _photos(asked, body) if photo is not None]
        embedded = iter(await service.embed(model, photos, seconds) if photos else [])
        with caller_mistakes():
            arguments = _arguments(asked, embedded)
            with service.timed("search"):
                matches = await service.call(service.gallery.search, **arguments)
    full = len(matches.keys[0]) == asked.k and asked.offset + asked.k < most
    notes = _notes(arguments.get("query"), list(matches.by_attribute))
    return found(service, model, matches, asked.offset + asked.k if full else None, notes)


async def _rerank(service: Service, asked: RerankRequest, body: Body, seconds: float) -> Found:
    with service.models.current.in_use() as model:
        (query,) = await service.embed(model, [cut(body.photo(asked.photo), asked.box)], seconds)
        with caller_mistakes(), service.timed("search"):
            matches = await service.call(
                service.gallery.rerank,
                query,
                asked.keys,
                attribute=asked.attribute,
                k=asked.k,
                on_unknown=asked.unknown,
            )
    return found(service, model, matches, None, _notes(query, [asked.attribute]))


def found(service: Service, model: Model, matches: Matches, following: int | None, notes: Sequence[str]) -> Found:
    """Return one query's matches as an answer."""
    ranked = [
        Ranked(
            key=match.key,
            score=match.score,
            scores=dict(match.scores),
            metadata=dict(match.metadata),
            picture=service.photo_of(match.key) is not None,
        )
        for match in matches[0]
    ]
    names = list(matches.by_attribute) or matches.attribute.split(", ")
    return Found(model=model.embedder.model, attributes=names, matches=ranked, next_offset=following, notes=list(notes))


def cut(photo: bytes, box: Box | None) -> ImageSource:
    """Return a photo, or the garment in a box of it.

    Raises:
        Problem: the box is none.
    """
    with caller_mistakes():
        return photo if box is None else Cutout(photo, box)


def _check_one(asked: SearchRequest) -> None:
    given = [name for name in ("photo", "key", "value", "examples") if getattr(asked, name) is not None]
    if len(given) != 1:
        raise Problem(
            "invalid", f"got {', '.join(given) or 'none of them'}; expected one of photo, key, value, examples"
        )


def _photos(asked: SearchRequest, body: Body) -> list[ImageSource | None]:
    """Return the photos of a question and its examples, in this order."""
    holders: list[SearchRequest | ExampleRequest] = [asked, *(asked.examples or ())]
    return [None if each.photo is None else cut(body.photo(each.photo), each.box) for each in holders]


def _arguments(asked: SearchRequest, embedded: Any) -> dict[str, Any]:
    """Return the arguments of `Matcher.search`; ``embedded`` yields the photos' embeddings in their order."""
    query: Any = next(embedded) if asked.photo is not None else None
    if asked.examples is not None:
        query = [_example(each, embedded) for each in asked.examples]
    given: Mapping[str, Any] = {
        "keys": asked.key,
        "value": asked.value,
        "change": asked.change,
        "by": asked.by,
        "where": None if asked.where is None else parse_condition(asked.where),
        "least": asked.least,
        "group_by": asked.group_by,
        "exclude": None if asked.exclude is None else [asked.exclude],
        "exclude_same": asked.exclude_same,
        "own": asked.own,
    }
    return {
        "query": query,
        "k": asked.k,
        "offset": asked.offset,
        "require": asked.require,
        "exclude_self": asked.exclude_self,
        **{name: value for name, value in given.items() if value is not None},
    }


def _example(asked: ExampleRequest, embedded: Any) -> Example:
    photo = next(embedded) if asked.photo is not None else None
    return Example(photo, asked.by, asked.key, asked.value)


def _notes(query: object, names: Sequence[str]) -> list[str]:
    """Return what a caller should know of the answers: attributes that the photo probably does not have."""
    if not isinstance(query, Embeddings) or query.values is None:
        return []
    said = predictions(query)[0]
    absent = [name for name in names if name in said and said[name].absent]
    return [f"{name} probably does not apply to the photo, so answers by it may mean little" for name in absent]
