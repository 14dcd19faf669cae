"""Conditions: their truth against SQLite's own three-valued logic, their text, and what is refused."""

import sqlite3
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionsdk.search import Condition, field, parse_condition
from fashionsdk.search.query import And, Comparison, Containment, Existence, Not, Or, Test

FIELDS = st.sampled_from(["a", "b"])
NUMBERS = st.sampled_from([-1.0, 0.0, 1.5, 2.0])
OPERATORS = ["=", "!=", "<", "<=", ">", ">="]
TESTS = st.one_of(
    st.builds(Comparison, FIELDS, st.sampled_from(OPERATORS), NUMBERS),
    st.builds(Existence, FIELDS),
)
VALUES = st.one_of(st.text(max_size=4), st.floats(allow_nan=False, allow_infinity=False), st.booleans())
ANY_NAME = st.text(min_size=1, max_size=6)
ANY_TEST = st.one_of(
    st.builds(Comparison, ANY_NAME, st.sampled_from(OPERATORS[:2]), VALUES),
    st.builds(Containment, ANY_NAME, VALUES),
    st.builds(Existence, ANY_NAME),
)


def trees(leaves):
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.builds(And, st.lists(inner, min_size=1, max_size=3).map(tuple)),
            st.builds(Or, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        ),
        max_leaves=6,
    )


def truth(condition: Condition, entry: dict[str, Any]) -> int:
    if isinstance(condition, And):
        return min(truth(part, entry) for part in condition.parts)
    if isinstance(condition, Or):
        return max(truth(part, entry) for part in condition.parts)
    if isinstance(condition, Not):
        return -truth(condition.part, entry)
    assert isinstance(condition, Test)
    return condition.truth(entry.get(condition.field))


def sql(condition: Condition) -> str:
    if isinstance(condition, (And, Or)):
        return "(" + f" {type(condition).__name__} ".join(map(sql, condition.parts)) + ")"
    if isinstance(condition, Not):
        return f"NOT ({sql(condition.part)})"
    if isinstance(condition, Existence):
        return f"{condition.field} IS NOT NULL"
    assert isinstance(condition, Comparison)
    return f"{condition.field} {condition.operator} {condition.value!r}"


@given(condition=trees(TESTS), a=st.one_of(st.none(), NUMBERS), b=st.one_of(st.none(), NUMBERS))
def test_a_condition_is_as_true_as_in_sql(condition, a, b):
    connection = sqlite3.connect(":memory:")
    (expected,) = connection.execute(f"SELECT {sql(condition)} FROM (SELECT ? AS a, ? AS b)", (a, b)).fetchone()
    connection.close()
    entry = {name: value for name, value in (("a", a), ("b", b)) if value is not None}
    assert truth(condition, entry) == {None: 0, 0: -1, 1: 1}[expected]


@given(condition=trees(ANY_TEST))
def test_a_condition_is_read_back_from_its_text(condition):
    again = parse_condition(str(condition))
    assert str(parse_condition(str(again))) == str(again)
    for value in (None, 1, "", True, [1.5, ""], "x"):
        names = dict.fromkeys("abc", value)
        assert truth(again, names) == truth(condition, names)


PRICE: Any = field("price")
BRAND: Any = field("brand")
any_field: Any = field
any_text: Any = parse_condition


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("price <= 50", PRICE <= 50),
        ("price==50", PRICE == 50),
        ("price >= -1.5e1 AND brand != 'Zara'", (PRICE >= -15) & (BRAND != "Zara")),
        ('brand in ("Zara", \'M & "S"\')', BRAND.one_of(["Zara", 'M & "S"'])),
        ("brand not in ('Zara')", ~(BRAND == "Zara")),
        ("price between 1 and 2 or sale = true", PRICE.between(1, 2) | (field("sale") == True)),  # noqa: E712
        (
            "tags contains 'new' and not (`unit price` exists)",
            field("tags").contains("new") & ~field("unit price").exists(),
        ),
        ("a = 1 or b = 2 and c = 3", (field("a") == 1) | ((field("b") == 2) & (field("c") == 3))),
        ("(a = 1 or b = 2) and c = 3", ((field("a") == 1) | (field("b") == 2)) & (field("c") == 3)),
        (r"name = 'it\'s \u00e9 \\ \n'", field("name") == "it's é \\ \n"),
        ("größe > 'M'", field("größe") > "M"),
    ],
)
def test_text_means_what_it_says(text, condition):
    assert parse_condition(text) == condition
    assert hash(parse_condition(text)) == hash(condition)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "ends at character 1; expected a field's name"),
        ("price", "ends at character 6; expected one of = != < <= > >= in between contains exists"),
        ("price <=", "ends at character 9; expected a number, true, false, or text in quotes"),
        ("price <= fifty", "has 'fifty' at character 10; expected a number"),
        ("price <= 50 brand", "has 'brand' at character 13; expected 'and', 'or' or the end"),
        ("(price <= 50", r"ends at character 13; expected '\)'"),
        ("brand in ()", r"has '\)' at character 11; expected a number"),
        ("brand in ('a' 'b')", "expected '\\)'"),
        ("price between 1 or 2", "has 'or' at character 17; expected 'and'"),
        ("price <= 1e999", "expected a finite number"),
        ("brand = 'Zara", 'has "\'Zara" at character 9; expected a name, a value in quotes'),
        ("brand = 'a\\x'", "expected text whose backslashes are as in JSON"),
        ("__import__('os')", r"has '\(' at character 11; expected one of ="),
        ("__import__('os').system('true')", "expected a name, a value in quotes"),
        ("price <= 50; drop table items", "has ';"),
        ("and = 1", "has 'and' at character 1; expected a field's name"),
        ("sale < true", "operator is '<' for True; expected one of = !="),
        ("not " * 60 + "a = 1", "at most 50 levels"),
        ("(" * 60 + "a = 1" + ")" * 60, "at most 50 levels"),
        ("a = 1 or " * 2000 + "a = 1", "expected at most 10000"),
        ("50 >= price", "expected a field's name"),
    ],
)
def test_what_is_no_condition_says_where(text, message):
    with pytest.raises(ValueError, match=message):
        parse_condition(text)


@given(text=st.text(max_size=40))
def test_any_text_is_a_condition_or_a_value_error(text):
    with suppress(ValueError):
        assert isinstance(parse_condition(text), Condition)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: field(""), ValueError, "field is empty"),
        (lambda: any_field(3), TypeError, "field is 3; expected a name"),
        (lambda: float("nan") >= PRICE, ValueError, "expected a finite number"),
        (lambda: PRICE <= None, TypeError, "value is None; expected a number, text, True or False"),
        (lambda: PRICE == [1], TypeError, r"value is \[1\]"),
        (lambda: BRAND.one_of("Zara"), TypeError, "values is the string 'Zara'"),
        (lambda: BRAND.one_of([]), ValueError, "no value for 'brand'"),
        (lambda: (PRICE <= 1) & "x", TypeError, "'x' is no condition"),
        (lambda: 1 < PRICE < 5, TypeError, "has no truth value; combine conditions with & | ~"),
        (lambda: any_text(5), TypeError, "the condition is int"),
        (lambda: And(()), TypeError, "expected a tuple of conditions"),
    ],
)
def test_a_condition_that_means_nothing_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_values_of_other_kinds_are_unknown():
    for condition in (PRICE <= 50, PRICE == 50, PRICE != 50):
        for value in ("50", True, None, [50], {"x": 50}):
            assert truth(condition, {"price": value}) == truth(~condition, {"price": value}) == 0
    assert truth(np.float32(1.5) == PRICE, {"price": 1.5}) == 1
    assert truth(PRICE < 1e300, {"price": 10**400}) == -1
    assert truth(field("sale") == 1, {"sale": True}) == 0
    assert (field("sale") == 1) != (field("sale") == True)  # noqa: E712
    assert truth(field("tags").contains(1), {"tags": [True, "1"]}) == -1
