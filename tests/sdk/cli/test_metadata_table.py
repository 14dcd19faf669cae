"""Metadata from a CSV table: numbers stay numbers, codes stay text, and keys are found however they are spelled."""

import csv
import json
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionsdk.cli._metadata_table import read_metadata
from fashionsdk.errors import LabelsError
from fashionsdk.labels import column_values


def write(tmp_path, text):
    path = tmp_path / "products.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["12", "-3", ""], [12, -3, ""]),
        (["3.5", "12"], [3.5, 12]),
        (["9.99", "12.50", "20.00"], [9.99, 12.5, 20.0]),  # two decimals each: written back as they stand
        (["007"], ["007"]),
        (["1e5"], ["1e5"]),
        (["12", "M"], ["12", "M"]),
        (["1.1", "1.10"], ["1.1", "1.10"]),  # versions, perhaps
        (["nan", "inf", "1_000", "+1", "-0"], ["nan", "inf", "1_000", "+1", "-0"]),
        ([" 12"], [" 12"]),
        (["9007199254740992"], [2**53]),
        (["9007199254740993"], ["9007199254740993"]),
        (["4006381333931"], [4006381333931]),
        (["\u0661\u0662"], ["\u0661\u0662"]),
        (["0.1234567890123456789"], ["0.1234567890123456789"]),
        (["9" * 5000], ["9" * 5000]),
        ([], []),
    ],
)
def test_a_column_of_numbers_gives_numbers(cells, expected):
    got = column_values(cells)
    assert list(got) == expected
    assert [type(value) for value in got] == [type(value) for value in expected]


@given(st.lists(st.one_of(st.integers().map(str), st.floats().map(repr), st.decimals().map(str), st.text(max_size=4))))
def test_no_two_cells_become_equal_and_json_keeps_every_value(cells):
    values = column_values(cells)
    assert json.loads(json.dumps(list(values), allow_nan=False)) == list(values)
    assert (
        len(set(values)) == len(set(cells))
        or {"0.0", "-0.0"} <= set(cells)
        or any(v == int(v) for v in values if isinstance(v, float))
    )
    for cell, value in zip(cells, values, strict=True):
        assert value == cell if isinstance(value, str) else float(cell) == value


def test_keys_are_found_with_backslashes_and_in_another_unicode_form(tmp_path):
    photos = ["shop/a.jpg", normalize("NFD", "shop/\u00e9t\u00e9.jpg")]
    table = write(tmp_path, "photo,price\n.\\shop\\a.jpg,1\nshop/\u00e9t\u00e9.jpg,2\n")
    assert read_metadata(table, photos) == {photos[0]: {"price": 1}, photos[1]: {"price": 2}}


def test_the_index_that_pandas_writes_is_no_metadata(tmp_path, capsys):
    table = write(tmp_path, "Unnamed: 0,photo,price\n0,a.jpg,1\n1,b.jpg,2\n")
    assert read_metadata(table, ["a.jpg", "b.jpg"]) == {"a.jpg": {"price": 1}, "b.jpg": {"price": 2}}
    assert "column 1 (Unnamed: 0) is left out" in capsys.readouterr().err


def test_a_table_with_semicolons_says_so(tmp_path):
    rows = [["photo", "price", "title"], ["a.jpg", "86.26", "Article n\u00b012"], ["b.jpg", "12.78", "B"]]
    with (tmp_path / "products.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    with pytest.raises(LabelsError, match="its cells are separated by ';'; save it with commas"):
        read_metadata(str(tmp_path / "products.csv"), ["a.jpg"])


def test_a_column_without_a_name_is_an_error(tmp_path):
    with pytest.raises(LabelsError, match="column 2 has no name"):
        read_metadata(write(tmp_path, "photo,\na.jpg,1\n"), ["a.jpg"])
