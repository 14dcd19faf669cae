"""The option ``--explain``: a picture of the attention behind a search's answers."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from fashionsdk.cli._options import nonblank
from fashionsdk.cli._out_file import OutKind, output_path, writing
from fashionsdk.cli._output import MOST_NAMED, note, note_skipped
from fashionsdk.cli._page_output import facts, require_attention, write_page
from fashionsdk.cli.galleries._stores import shown_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fashionsdk.embedding import Embedder
    from fashionsdk.explanation import Explanation, Look
    from fashionsdk.search import Matches

SHEET = ".png"
MOST_EXPLAINED = 100  # answers: a page of about 1 MB for each attribute


def add_explain_options(parser: argparse.ArgumentParser) -> None:
    """Add where the picture goes, and where the gallery's photos are."""
    explain = parser.add_argument_group("explanation")
    explain.add_argument(
        "--explain",
        type=nonblank,
        metavar="FILE",
        help="also write a picture of where the model looked in PHOTO and in each answer: an HTML page, or a PNG image "
        "if FILE ends in .png",
    )
    explain.add_argument(
        "--root", metavar="DIR", help="with --explain: folder that the answers' keys are paths in (default: this one)"
    )
    explain.add_argument(
        "--photo-field", metavar="FIELD", help="with --explain: field of the metadata with the path, if keys are none"
    )


def explanation_path(args: argparse.Namespace) -> Path | None:
    """Return where the picture goes, after checking that it can and may be written; ``None`` if none is wanted.

    Raises:
        FashionSDKError: the file cannot or must not be written.
        ValueError: an option lacks ``--explain``, or there would be too many answers.
    """
    if args.explain is None:
        if args.root is not None or args.photo_field is not None:
            raise ValueError("--root and --photo-field say where --explain finds photos; give that too")
        return None
    if args.k > MOST_EXPLAINED:
        raise ValueError(f"-k is {args.k}; expected at most {MOST_EXPLAINED} answers with --explain")
    kind = OutKind("an HTML page or a PNG image", (".html", ".htm", SHEET), _is_ours)
    inputs = [args.gallery] if args.photo is None else [args.gallery, args.photo]
    return output_path(args.explain, kind, bundle=args.bundle, inputs=inputs)


def _is_ours(file: BinaryIO) -> bool:
    from fashionsdk.report import is_page, is_sheet  # slow, and only needed where a file is to be replaced

    if is_page(file):
        return True
    file.seek(0)
    return is_sheet(file)


def write_explanations(
    args: argparse.Namespace, out: Path, embedder: "Embedder", matches: "Matches"
) -> dict[str, object]:
    """Draw the photo that asked and one query's answers; return what was drawn, as JSON values.

    Raises:
        BundleError: the model has no attention maps.
        FashionSDKError: the file cannot be written.
        ValueError: the image would be too large.
    """
    from fashionsdk.explanation import explain, look
    from fashionsdk.report import check_sheet_size
    from fashionsdk.search import PhotoFolder

    require_attention(embedder)
    names = list(matches.by_attribute)
    is_sheet = out.suffix.lower() == SHEET
    if is_sheet:
        check_sheet_size(len(matches.keys[0]), len(names))
    query = None if args.photo is None else look(embedder, args.photo, names)
    folder = PhotoFolder(args.root or "", args.photo_field)
    answers = _Noted(explain(embedder, matches, folder, on_error="skip"))
    if is_sheet:
        _write_sheet(out, query, answers, matches, _asked(args, matches))
    else:
        _write_page(args, out, query, answers, matches, embedder)
    note_skipped(len(answers.skipped), len(matches.keys[0]), "answers' pictures")
    return {"out": str(out), "contributions": answers.contributions, "skipped": answers.skipped}


def _write_page(
    args: argparse.Namespace,
    out: Path,
    query: "Look | None",
    answers: "_Noted",
    matches: "Matches",
    embedder: "Embedder",
) -> None:
    from fashionsdk.report import render_answers

    shown = {"Gallery": shown_address(args.gallery), "Photo": args.photo or "none", "Asked for": _asked(args, matches)}
    write_page(out, render_answers(query, answers, facts(embedder, shown)))


def _write_sheet(out: Path, query: "Look | None", answers: "_Noted", matches: "Matches", title: str) -> None:
    from fashionsdk.report import draw_answers

    sheet = draw_answers(query, answers, len(matches.keys[0]), len(matches.by_attribute), title)
    with writing(out) as file:
        file.write(sheet)
    note(f"wrote {out}")


def _asked(args: argparse.Namespace, matches: "Matches") -> str:
    """Return in words what was asked for: attributes with their weights, values, a condition."""
    parts = [f"{name} x {weight:g}" for name, weight in args.by or ()] or list(matches.by_attribute)
    parts += [f"{name} = {value}" for name, value in [*(args.value or ()), *(args.change or ())]]
    parts += [] if args.where is None else [str(args.where)]
    return ", ".join(parts)


class _Noted:
    """Passes explanations on, and names those without a picture on stderr.

    Attributes:
        contributions: of each answer, what its attributes add to the score.
        skipped: answers without a picture, and why.
    """

    def __init__(self, answers: "Iterator[Explanation]") -> None:
        self._answers = answers
        self.contributions: list[dict[str, float]] = []
        self.skipped: list[dict[str, str]] = []

    def __iter__(self) -> "Iterator[Explanation]":
        """Yield each explanation."""
        for answer in self._answers:
            self.contributions.append(dict(answer.contributions))
            if answer.error is not None:
                self.skipped.append({"key": answer.match.key, "reason": answer.error.reason})
                if len(self.skipped) <= MOST_NAMED:
                    note(f"no picture of {answer.match.key}: {answer.error.reason}")
            yield answer
