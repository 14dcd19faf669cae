"""Conditions as text, for command lines and addresses: ``price <= 50 and brand in ("Zara", "Mango")``.

    condition = both {"or" both}
    both      = one {"and" one}
    one       = "not" one | "(" condition ")" | test
    test      = NAME ("=" | "!=" | "<" | "<=" | ">" | ">=") VALUE
              | NAME ["not"] "in" "(" VALUE {"," VALUE} ")"
              | NAME ["not"] "between" VALUE "and" VALUE
              | NAME ["not"] "contains" VALUE
              | NAME ["not"] "exists"

A NAME with other characters than letters, digits and ``_`` stands between backticks. A VALUE is a number, ``true``,
``false``, or text in single or double quotes, in which a backslash is JSON's. The text is only ever read, never run.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fashionsdk.search.query._condition import Comparison, Condition, Not
from fashionsdk.search.query._field import Field
from fashionsdk.search.query._scalars import KEYWORDS, OPERATORS, Scalar

MOST_CHARACTERS = 10_000
MOST_LEVELS = 50  # of parentheses and "not"

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?![\w.])
  | (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
  | (?P<quoted>`(?:[^`\\]|\\.)+`)
  | (?P<word>[^\W\d]\w*)
  | (?P<sign><=|>=|!=|<|>|==|=|\(|\)|,)
  )""",
    re.VERBOSE | re.DOTALL,
)


def parse_condition(text: str) -> Condition:
    """Read a condition, such as ``price <= 50 and not brand = "Zara"``.

    Raises:
        TypeError: not a string.
        ValueError: the text is no condition; the message says where, and what was expected.
    """
    if not isinstance(text, str):
        raise TypeError(f"the condition is {type(text).__name__}; expected text such as 'price <= 50'")
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"the condition has {len(text)} characters; expected at most {MOST_CHARACTERS}")
    return _Reader(text).whole()


@dataclass(frozen=True)
class _Token:
    """One word, name, value or sign, and where it begins; the last one has the kind "end"."""

    kind: str
    text: str
    start: int


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split())
        self._next = 0
        self._levels = 0

    def whole(self) -> Condition:
        """Return the condition that the whole text is."""
        condition = self._any()
        if self._token.kind != "end":
            raise self._error("'and', 'or' or the end")
        return condition

    def _split(self) -> Iterator[_Token]:
        position, end = 0, len(self._text.rstrip())
        while position < end:
            match = _TOKEN.match(self._text, position)
            if match is None or match.lastgroup is None:
                start = position + len(self._text[position:]) - len(self._text[position:].lstrip())
                raise ValueError(
                    f"the condition {self._text!r:.200} has {self._text[start:][:10]!r} at character {start + 1}; "
                    "expected a name, a value in quotes, a number or a sign such as <="
                )
            yield _Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup))
            position = match.end()
        yield _Token("end", "", len(self._text))

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._token
        self._next += 1
        return token

    def _error(self, expected: str) -> ValueError:
        token = self._token
        found = f"has {token.text!r:.60}" if token.text else "ends"
        return ValueError(
            f"the condition {self._text!r:.200} {found} at character {token.start + 1}; expected {expected}"
        )

    def _is(self, word: str) -> bool:
        token = self._token
        return token.kind in ("word", "sign") and token.text.lower() == word

    def _skip(self, word: str) -> bool:
        found = self._is(word)
        self._next += found
        return found

    def _expect(self, word: str) -> None:
        if not self._skip(word):
            raise self._error(repr(word))

    def _any(self) -> Condition:
        return self._joined("or", self._all, lambda left, right: left | right)

    def _all(self) -> Condition:
        return self._joined("and", self._one, lambda left, right: left & right)

    def _joined(
        self, word: str, read: Callable[[], Condition], join: Callable[[Condition, Condition], Condition]
    ) -> Condition:
        condition = read()
        while self._skip(word):
            condition = join(condition, read())
        return condition

    def _one(self) -> Condition:
        self._levels += 1
        if self._levels > MOST_LEVELS:
            raise self._error(f"at most {MOST_LEVELS} levels of parentheses and 'not'")
        try:
            if self._skip("not"):
                return Not(self._one())
            if self._skip("("):
                condition = self._any()
                self._expect(")")
                return condition
            return self._test()
        finally:
            self._levels -= 1

    def _test(self) -> Condition:
        name = self._name()
        tested = Field(name)
        if self._token.kind == "sign" and self._token.text in (*OPERATORS, "=="):
            operator = self._take().text
            return Comparison(name, "=" if operator == "==" else operator, self._value())  # type: ignore[arg-type]
        negated = self._skip("not")
        condition = self._worded_test(tested)
        return Not(condition) if negated else condition

    def _worded_test(self, tested: Field) -> Condition:
        if self._skip("in"):
            return tested.one_of(self._values())
        if self._skip("between"):
            low = self._value()
            self._expect("and")
            return tested.between(low, self._value())
        if self._skip("contains"):
            return tested.contains(self._value())
        if self._skip("exists"):
            return tested.exists()
        raise self._error(f"one of {' '.join(OPERATORS)} in between contains exists")

    def _name(self) -> str:
        token = self._token
        if token.kind == "word" and token.text.lower() not in KEYWORDS:
            return self._take().text
        if token.kind == "quoted":
            return self._unescaped(self._take())
        raise self._error("a field's name, such as price")

    def _values(self) -> list[Scalar]:
        self._expect("(")
        values = [self._value()]
        while self._skip(","):
            values.append(self._value())
        self._expect(")")
        return values

    def _value(self) -> Scalar:
        token = self._token
        if token.kind == "number":
            number = float(self._take().text)
            if number - number:  # an infinity, as 1e999 becomes
                self._next -= 1
                raise self._error("a finite number")
            return number
        if token.kind == "text":
            return self._unescaped(self._take())
        if self._is("true") or self._is("false"):
            return self._take().text.lower() == "true"
        raise self._error("a number, true, false, or text in quotes, such as 'Zara'")

    def _unescaped(self, token: _Token) -> str:
        inner = token.text[1:-1]
        plain = re.sub(r"\\(.)|(\")", lambda match: _json_escape(match[1], match[2]), inner, flags=re.DOTALL)
        try:
            text: str = json.loads(f'"{plain}"', strict=False)
        except ValueError as error:
            self._next -= 1
            raise self._error("text whose backslashes are as in JSON, such as \\n or \\u00e9") from error
        return text


def _json_escape(escaped: str | None, quote: str | None) -> str:
    """Return an escape or a quotation mark as JSON has it: JSON knows no escaped apostrophe or backtick."""
    if quote is not None:
        return '\\"'
    return str(escaped) if escaped in ("'", "`") else f"\\{escaped}"
