import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionsdk._tools import strict_json


@dataclass(frozen=True)
class Inner:
    name: str
    size: Literal["small", "large"]


@dataclass(frozen=True)
class Outer:
    flag: bool
    count: int
    ratio: float
    pair: tuple[int, str]
    inners: tuple[Inner, ...]
    table: Mapping[str, float]
    maybe: Inner | None
    anything: Any

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError("count is negative")


inners = st.builds(Inner, st.text(), st.sampled_from(["small", "large"]))
numbers = st.floats(allow_nan=False, allow_infinity=False)
outers = st.builds(
    Outer,
    flag=st.booleans(),
    count=st.integers(min_value=0),
    ratio=numbers,
    pair=st.tuples(st.integers(), st.text()),
    inners=st.lists(inners, max_size=3).map(tuple),
    table=st.dictionaries(st.text(), numbers, max_size=3),
    maybe=st.none() | inners,
    anything=st.none() | st.lists(st.text()) | st.integers(),
)
EXAMPLE = Outer(True, 1, 0.5, (1, "a"), (Inner("x", "small"),), {"k": 1.0}, None, [1])


@given(outers)
def test_dataclass_comes_back_from_its_own_json(outer: Outer):
    text = json.dumps(strict_json.encode(outer))
    assert strict_json.decode(Outer, strict_json.loads(text), "outer") == outer


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("flag", 1, "outer.flag is 1; expected bool"),
        ("count", True, "outer.count is True; expected int"),
        ("count", 1.0, "outer.count is 1.0; expected int"),
        ("count", -1, "outer: count is negative"),
        ("ratio", "1", "outer.ratio is '1'; expected float"),
        ("ratio", False, "outer.ratio is False; expected float"),
        ("ratio", float("nan"), "outer.ratio is nan; expected a finite number"),
        ("pair", [1], "outer.pair is [1]; expected 2 items"),
        ("pair", [1, 2], "outer.pair[1] is 2; expected str"),
        ("inners", {}, "outer.inners is {}; expected an array"),
        ("inners", [{"name": "x"}], "outer.inners[0] lacks the key 'size'"),
        ("inners", [{"name": "x", "size": "huge"}], "outer.inners[0].size is 'huge'; expected one of 'small', 'large'"),
        ("table", {"k": None}, "outer.table.k is None; expected float"),
        ("maybe", [], "outer.maybe is []; expected an object"),
        ("more", 1, "outer has the unknown key 'more'"),
    ],
)
def test_value_that_does_not_fit_is_named(key: str, value: object, message: str):
    with pytest.raises(ValueError) as caught:
        strict_json.decode(Outer, strict_json.encode(EXAMPLE) | {key: value}, "outer")
    assert message in str(caught.value)


def test_whole_numbers_are_read_where_floats_are_expected():
    ratio = strict_json.decode(Outer, strict_json.encode(EXAMPLE) | {"ratio": 0}, "outer").ratio
    assert (ratio, type(ratio)) == (0.0, float)


def test_long_value_is_cut_in_the_message():
    with pytest.raises(ValueError) as caught:
        strict_json.decode(Outer, strict_json.encode(EXAMPLE) | {"count": "x" * 10_000}, "outer")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "text",
    [
        b"\xff",
        "NaN",
        "[1, Infinity]",
        "[1e999]",
        "-1.5e400",
        '{"a": 1, "a": 1}',
        "[" * 100_000,
        "",
        "{",
        "\ufeff{}",
        "1" * 5000,
    ],
)
def test_text_that_is_not_plain_json_is_refused(text: str | bytes):
    with pytest.raises(ValueError):
        strict_json.loads(text)


def test_a_repeated_key_is_found_in_linear_time_wherever_it_is():
    for repeated in (0, 99_999):
        keys = ",".join(f'"{i}":0' for i in [*range(100_000), repeated])
        begin = time.process_time()
        with pytest.raises(ValueError, match=f"it has the key '{repeated}' twice"):
            strict_json.loads(f"[{{{keys}}}]")
        assert time.process_time() - begin < 2  # 0.1 s; comparing each key with each takes 20 minutes


def test_a_long_repeated_key_is_cut_in_the_message():
    with pytest.raises(ValueError) as caught:
        strict_json.loads(f'{{"{"x" * 10_000}": 1, "{"x" * 10_000}": 2}}')
    assert len(str(caught.value)) < 200


@dataclass(frozen=True)
class Grown:
    old: int
    new: str = field(default="as before", metadata=strict_json.OPTIONAL)
    other: str | None = field(default=None, metadata=strict_json.optional(missing="older"))


def test_optional_key_is_left_out_at_its_default_and_may_be_missing():
    assert strict_json.encode(Grown(1)) == {"old": 1}
    assert strict_json.encode(Grown(1, "other")) == {"old": 1, "new": "other"}
    for value in (Grown(1, other="x"), Grown(1, "other", "x")):
        assert strict_json.decode(Grown, strict_json.encode(value), "it") == value
    assert strict_json.decode(Grown, {"old": 1, "new": "as before"}, "it") == Grown(1, other="older")
    with pytest.raises(ValueError, match=r"it.new is 3; expected str"):
        strict_json.decode(Grown, {"old": 1, "new": 3}, "it")
    with pytest.raises(ValueError, match="lacks the key 'old'"):
        strict_json.decode(Grown, {"new": "other"}, "it")
