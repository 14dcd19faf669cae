"""Docstrings name other objects by Sphinx roles, such as ``:class:`Backend```; here they become Markdown."""

import re
from typing import Any

import griffe

# :meth:`~package.module.Class.name` -> `name`, :class:`Bundle` -> `Bundle`
_ROLE = re.compile(r":(?:class|meth|func|attr|data|mod|exc):`(~?)([\w.]+)`")


def to_markdown(text: str) -> str:
    """Return a docstring with its roles as code; ``~`` leaves the last part of the name."""
    return _ROLE.sub(lambda match: f"`{match[2].rpartition('.')[2] if match[1] else match[2]}`", text)


class DocstringRoles(griffe.Extension):
    """Rewrites every docstring that mkdocstrings reads."""

    def on_instance(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Rewrite the docstring of one object."""
        if obj.docstring is not None:
            obj.docstring.value = to_markdown(obj.docstring.value)
