"""``fashionsdk search``: the items of a gallery that share attributes with a photo."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fashionsdk.cli._find_photos import plain
from fashionsdk.cli._options import Help, Subparsers, add_command, load_embedder
from fashionsdk.cli._output import note
from fashionsdk.cli.galleries import (
    add_attribute_option,
    add_explain_options,
    add_query_arguments,
    add_where_option,
    chosen_attribute,
    explanation_path,
    open_to_read,
    print_matches,
    write_explanations,
)

if TYPE_CHECKING:
    from fashionsdk.embeddings import Embeddings
    from fashionsdk.search import Matcher

HELP = Help(
    name="search",
    summary="find similar items in a gallery",
    description="""\
Find the items of a gallery that are most similar to a photo in an attribute, or in several with weights; those that
show a value; or those like a photo, but with another value.

The output has a line for each item: rank, score (the weighted sum of cosine similarities), key, the similarity in each
attribute if there are several, and metadata if there is any.""",
    examples="""\
  fashionsdk search bundle/ shop.gallery dress.jpg --attribute neckline
  fashionsdk search bundle/ shop/ dress.jpg --by neckline=0.7 --by sleeve_length=0.3 -k 50 --json
  fashionsdk search bundle/ shop/ dress.jpg --by colour --where 'price <= 50 and brand in ("Zara", "Mango")'
  fashionsdk search bundle/ shop/ shop/12.jpg --by colour --exclude-self --group-by product
  fashionsdk search bundle/ shop/ --value neckline=v --value colour=red
  fashionsdk search bundle/ shop/ dress.jpg --change neckline=v
  fashionsdk search bundle/ shop/ dress.jpg --by neckline --explain why.html --root /photos""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, HELP, run)
    add_query_arguments(parser, k=10, photo=False)
    add_attribute_option(parser)
    parser.add_argument(
        "--by",
        action="append",
        type=weighted,
        metavar="NAME[=WEIGHT]",
        help="attribute to compare by and its weight (default: 1), negative to stay away; may be repeated",
    )
    parser.add_argument(
        "--value",
        action="append",
        type=assigned,
        metavar="NAME=VALUE",
        help="without PHOTO: the value that items shall show in an attribute; may be repeated",
    )
    parser.add_argument(
        "--change",
        action="append",
        type=assigned,
        metavar="NAME=VALUE",
        help="like PHOTO in the attributes of --by (default: all), but with this value; may be repeated",
    )
    parser.add_argument(
        "--require", choices=("any", "all"), default="any", help="which of several attributes an item must have"
    )
    add_where_option(parser, "answer only with items whose metadata meet this condition")
    parser.add_argument("--group-by", metavar="FIELD", help="of items with the same value in this field only the best")
    parser.add_argument(
        "--exclude-self", action="store_true", help="leave out the item whose key is PHOTO, which is most like itself"
    )
    parser.add_argument(
        "--exclude-same",
        metavar="FIELD",
        help="leave out items with the same value in this field, such as product, as the item whose key is PHOTO",
    )
    parser.add_argument("--least", type=float, metavar="SCORE", help="leave out items with a smaller score")
    parser.add_argument("--offset", type=int, default=0, metavar="N", help="pass over the best N, for the next page")
    add_explain_options(parser)


def run(args: argparse.Namespace) -> int:
    """Embed the photo, print its matches, and draw why they are if that was asked for."""
    out = explanation_path(args)
    with load_embedder(args) as embedder, open_to_read(args.gallery, embedder) as matcher:
        by = _weights(args, matcher)
        key = "" if args.photo is None else plain(args.photo)
        known = key in matcher
        if (args.exclude_self or args.exclude_same) and not known:
            what = f"the gallery has no item {key}" if key else "without PHOTO there is no item"
            note(f"{what} to leave out; expected PHOTO as it was given to 'fashionsdk index'")
        query = None if args.photo is None else embedder.embed([args.photo])
        if query is not None:
            _note_absent(query, query.attributes if by is None else list(by))
        matches = matcher.search(
            query,
            by=by,
            value=_values(args.value, "--value"),
            change=_values(args.change, "--change"),
            k=args.k,
            offset=args.offset,
            where=args.where,
            require=args.require,
            least=args.least,
            group_by=args.group_by,
            exclude_self=args.exclude_self,
            exclude_same=args.exclude_same,
            own=key if known else None,
        )
        more = {} if out is None else {"explanation": write_explanations(args, out, embedder, matches)}
    print_matches(args, matches, embedder.model, **more)
    if key and key in matches.keys[0]:
        note("the photo is in the gallery and finds itself; --exclude-self leaves it out")
    return 0


def _note_absent(query: "Embeddings", names: Sequence[str]) -> None:
    """Say which of the attributes the photo probably does not have."""
    from fashionsdk.embedding import predictions

    found = {} if query.values is None else predictions(query)[0]
    for name, prediction in found.items():
        if name in names and prediction.absent:
            note(f"{name} probably does not apply to the photo, so answers by it may mean little")


def weighted(text: str) -> tuple[str, float]:
    """Parse an attribute with its weight, such as ``neckline=0.7``."""
    name, equals, weight = text.rpartition("=")
    if not equals:
        return text, 1.0
    try:
        return name, float(weight)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}; expected a weight after =, such as neckline=0.7") from None


def assigned(text: str) -> tuple[str, str]:
    """Parse an attribute and its value, such as ``neckline=v``."""
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"{text!r}; expected an attribute and its value, such as neckline=v")
    return name, value


def _values(given: list[tuple[str, str]] | None, option: str) -> dict[str, str] | None:
    """Return attribute -> value; ``None`` if the option was not given.

    Raises:
        ValueError: one attribute is named twice.
    """
    names = [name for name, _ in given or ()]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{option} names {repeated[0]!r} twice; expected each attribute once")
    return dict(given) if given else None


def _weights(args: argparse.Namespace, matcher: "Matcher") -> dict[str, float] | None:
    """Return attribute -> weight; ``None`` for what `Matcher.search` does without.

    Raises:
        ValueError: both spellings are used, one attribute is named twice, or none of several is named.
    """
    if args.value and args.photo is not None:
        raise ValueError("PHOTO and --value are both given; expected --change for a photo with another value")
    if args.photo is None and not args.value:
        raise ValueError("neither PHOTO nor --value is given; expected one of them")
    if not args.by and args.attribute is None and (args.value or args.change):
        return None
    if not args.by:
        return {chosen_attribute(args, matcher): 1.0}
    if args.attribute is not None:
        raise ValueError("--attribute and --by are both given; expected one of them")
    names = [name for name, _ in args.by]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"--by names {repeated[0]!r} twice; expected each attribute once")
    return dict(args.by)
