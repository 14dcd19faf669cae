"""Labels to check: what is asked, the photos, and what people decide. Nobody's decision replaces another's unseen."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from fashionsdk.embedding import predicted, predictions
from fashionsdk.errors import LabelsError
from fashionsdk.service._pictures import thumbnail
from fashionsdk.service._problems import Problem, caller_mistakes
from fashionsdk.service._service import Service, service_of
from fashionsdk.service.labelling import ChangedSince, Decisions, Kind, LabelQuestion, LabelSheet
from fashionsdk.service.routes._documented import asks, problems
from fashionsdk.service.schemas import (
    DecideRequest,
    LabelCount,
    LabelPage,
    LabelState,
    LabelToCheck,
    LabelValues,
)

router = APIRouter(prefix="/v1/labels", tags=["labels"])
MOST = 48  # on a page: those without a label are read by the model
PHOTO: dict[int | str, Any] = {200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}}
CACHED = {"Cache-Control": "private, max-age=300"}
MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "the ETag of the state that the decisions were made by; without it they are refused (428)",
    "schema": {"type": "string", "maxLength": 200},
}


@router.get("", responses=problems(404))
async def state(request: Request, response: Response) -> LabelState:
    """Return the attributes, their values, and how many labels are checked."""
    service = service_of(request)
    service.allowed(request, "read")
    sheet = _sheet(service)
    return await service.call(_state, service, sheet, await _decisions(service, sheet), response)


@router.get("/questions", responses=problems(404))
async def questions(
    request: Request,
    response: Response,
    kind: Kind = "suspect",
    attribute: Annotated[str | None, Query(max_length=200)] = None,
    undecided: bool = True,
    offset: Annotated[int, Query(ge=0, le=100_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 24,
) -> LabelPage:
    """Return labels that seem wrong, worst first, or photos without a label, with what the model sees in them."""
    service = service_of(request)
    service.allowed(request, "read")
    sheet = _sheet(service)
    decisions = await _decisions(service, sheet)
    answers, chosen = await service.call(_chosen, sheet, decisions, kind, attribute, undecided)
    page = chosen[offset : offset + limit]
    seen = await service.within(request, lambda seconds: _predicted(service, sheet, page, seconds))
    response.headers["ETag"] = f'"{decisions.tag}"'
    shown = [_shown(each, seen.get(each.number), answers.get(each.number)) for each in page]
    following = offset + limit if offset + limit < len(chosen) else None
    return LabelPage(count=len(chosen), questions=shown, next_offset=following)


@router.get("/photos/{number}", responses={**problems(404), **PHOTO}, response_class=Response)
async def photo(request: Request, number: int, side: Annotated[int, Query(ge=32, le=1024)] = 320) -> Response:
    """Return a photo of the label table by its row's number."""
    service = service_of(request)
    service.allowed(request, "read")
    source = _sheet(service).questions.photo(number)
    if source is None:
        raise Problem("not-found", f"the label table has no row {number}")
    with caller_mistakes():
        return Response(await service.call(thumbnail, source, side), media_type="image/jpeg", headers=CACHED)


@router.post(
    "/decisions",
    openapi_extra={"parameters": [MATCH], **asks(DecideRequest, photos=False)},
    responses=problems(404, 409, 412, 428),
)
async def decide(request: Request, response: Response) -> LabelState:
    """Write decisions to the file of corrections, all or none, if it is as it was when they were made."""
    service = service_of(request)
    async with service.asked(request, "write") as body:
        decided = {each.question: each.correct for each in body.parsed(DecideRequest).decisions}
        sheet, tag = _sheet(service), _tag(request)
        if service.settings.read_only:
            raise Problem("conflict", "this service is read only")
        work = service.call(_decided, request, service, sheet, tag, decided)
        return await service.call(_state, service, sheet, await asyncio.shield(work), response)


def _sheet(service: Service) -> LabelSheet:
    if service.labels is None:
        raise Problem("not-found", "this service has no labels to check; start it with --labels TABLE")
    return service.labels


async def _decisions(service: Service, sheet: LabelSheet) -> Decisions:
    try:
        return await service.call(sheet.decisions)
    except LabelsError as error:
        raise Problem("unavailable", "the corrections cannot be read now; the service's log says why") from error


def _chosen(
    sheet: LabelSheet, decisions: Decisions, kind: Kind, attribute: str | None, undecided: bool
) -> tuple[dict[int, str], list[LabelQuestion]]:
    answers = sheet.answers(decisions)
    return answers, sheet.chosen(kind, attribute, answers, undecided=undecided)


def _state(service: Service, sheet: LabelSheet, decisions: Decisions, response: Response) -> LabelState:
    response.headers["ETag"] = f'"{decisions.tag}"'
    counts = sheet.counts(sheet.answers(decisions))
    return LabelState(
        attributes=[LabelValues(name=name, values=list(values)) for name, values in sheet.values.items()],
        progress=[LabelCount(kind=kind, count=count, decided=done) for kind, (count, done) in counts.items()],
        writable=not service.settings.read_only,
    )


def _tag(request: Request) -> str:
    text = request.headers.get("if-match")
    if text is None:
        raise Problem("unconditional", "expected If-Match with the ETag of the state that was decided by")
    return text.strip().removeprefix("W/").strip('"')


def _decided(
    request: Request, service: Service, sheet: LabelSheet, tag: str, decided: dict[int, str | None]
) -> Decisions:
    """Write decisions, and record who did so."""
    caller, request_id = request.state.caller, request.state.request_id
    known = [sheet.questions.all[number] for number in decided if number < len(sheet.questions.all)]
    keys, outcome = [f"{each.image}: {each.attribute}" for each in known], "internal"
    try:
        with caller_mistakes():
            decisions = sheet.decide(tag, decided)
        outcome = "written"
    except ChangedSince:
        outcome = "changed"
        raise _changed(sheet, decided) from None
    except Problem as problem:
        outcome = problem.kind
        raise
    finally:
        service.audit.record(caller, request_id, "label", keys, outcome)
    return decisions


def _changed(sheet: LabelSheet, decided: Mapping[int, str | None]) -> Problem:
    """Return the problem of decisions by an old state, with what the labels in question are decided to be now."""
    now = sheet.decisions()
    answers = sheet.answers(now)
    current = [{"question": number, "correct": answers.get(number)} for number in decided]
    detail = "somebody else has decided since; look at the labels again"
    return Problem("changed", detail, {"ETag": f'"{now.tag}"'}, decisions=current)


async def _predicted(
    service: Service, sheet: LabelSheet, page: list[LabelQuestion], seconds: float
) -> dict[int, tuple[str, float]]:
    """Return what the model sees in photos without a label: a value of the table, or "" for none, and how surely."""
    asked = [each for each in page if each.kind == "unlabelled"]
    with service.models.current.in_use() as model:
        space = model.embedder.values
        names = set() if space is None else set(space.values)
        numbers = sorted({each.photo for each in asked if each.attribute in names})
        sources = [source for number in numbers if (source := sheet.questions.photo(number)) is not None]
        reads = (service.embed(model, [source], seconds) for source in sources)
        found = await asyncio.gather(*reads, return_exceptions=True)
    seen = {}
    for number, embedded in zip(numbers, found, strict=True):
        if isinstance(embedded, BaseException):
            if not (isinstance(embedded, Problem) and embedded.kind == "photo"):
                raise embedded
            continue
        seen[number] = predictions(embedded[0], 0.0, predicted(space, None))[0]
    result = {}
    for each in asked:
        said = seen.get(each.photo, {}).get(each.attribute)
        if said is not None and (said.absent or said.value in sheet.values[each.attribute]):
            result[each.number] = ("" if said.absent else said.value or "", said.probability)
    return result


def _shown(question: LabelQuestion, seen: tuple[str, float] | None, decided: str | None) -> LabelToCheck:
    suggestion, probability = (question.suggestion, None) if seen is None else seen
    return LabelToCheck(
        question=question.number,
        photo=question.photo,
        name=question.image,
        attribute=question.attribute,
        label=question.label,
        suggestion=suggestion,
        probability=probability,
        doubt=question.doubt,
        decided=decided,
    )
