"""HTML that escapes text: a string becomes markup only through ``element``."""

from html import escape
from typing import TypeAlias

Content: TypeAlias = "str | Markup"


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(name: str, /, *content: Content, **attributes: str | float | None) -> Markup:
    """Return ``<name attributes>content</name>``; plain strings are escaped, None leaves an attribute out.

    A trailing underscore in an attribute's name is dropped (``class_``), others become hyphens.
    """
    opening = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value), quote=True)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = join(*content)
    return Markup(f"<{name}{opening}>{inner}</{name}>")


def empty(name: str, /, **attributes: str | float | None) -> Markup:
    """Return an HTML element without content or closing tag: ``img`` or ``meta``, never an element of SVG."""
    return Markup(element(name, **attributes).removesuffix(f"</{name}>"))


def join(*content: Content) -> Markup:
    """Return the pieces one after another, plain strings escaped."""
    return Markup("".join(piece if isinstance(piece, Markup) else escape(piece) for piece in content))


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"
