"""JSON lines, Parquet and frames: cells that have a type, and files made to do harm."""

import datetime
import decimal
import json
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fashionsdk.errors import LabelsError
from fashionsdk.labels import LabelSource, read_labels
from fashionsdk.labels.formats import _json_lines, _parquet
from fashionsdk.labels.formats._typed_cells import cell_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("red", "red"),
        (None, ""),
        (float("nan"), ""),
        (True, "true"),
        (np.bool_(False), "false"),
        (7, "7"),
        (np.int64(7), "7"),
        (0.1, "0.1"),
        (decimal.Decimal("1.10"), "1.10"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        ([1], None),
        ({"a": 1}, None),
        (b"x", None),
    ],
)
def test_a_cell_s_text_is_that_of_its_value(value, text):
    assert cell_text(value) == text


def json_lines(tmp_path, *lines):
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines))
    return path


GOOD = {"image": "a.jpg", "split": "train", "colour": "red"}


def test_json_lines_may_lack_keys_begin_with_a_mark_and_be_blank(tmp_path):
    mark = b"\xef\xbb\xbf" + json.dumps(GOOD).encode()
    labels = read_labels(json_lines(tmp_path, mark, b"", {"image": "b.jpg", "split": "train", "size": 3}), "train")
    assert [attribute.name for attribute in labels.attributes] == ["colour", "size"]
    assert labels.matrix().tolist() == [[0, -1], [-1, 0]]
    assert labels.lines == (1, 3)


def test_columns_of_lists_and_objects_are_left_out_and_said(tmp_path):
    path = json_lines(tmp_path, {**GOOD, "objects": {"bbox": [1]}}, {**GOOD, "image": "b.jpg", "objects": None})
    table = LabelSource.open(path).table
    assert table is not None
    assert table.attribute_columns == ("colour",)
    assert table.notes == (
        "column 'objects' is left out: it holds lists, objects or bytes, which are no attribute's values (line 1)",
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([b'{"image": "a"'], "line 1: is no JSON"),
        ([GOOD, b"[1]"], "line 2: is a list; expected an object"),
        ([b"["], "line 1: is no JSON"),
        ([b'{"image": "a", "image": "b"}'], "line 1: is no JSON"),
        ([b'{"image": NaN}'], "line 1: is no JSON"),
        ([b'{"a":' * 10_000], "nested too deeply"),
        (["\ufeffx".encode("utf-16")], "line 1: is no JSON"),
        ([{**GOOD, "colour": "\ud83d"}], "line 1: colour is '\\ud83d'; expected text"),
        ([b'{"n": ' + b"9" * 5000 + b"}"], "line 1: is no JSON"),
        ([{"image": ["a.jpg"], "split": "train", "c": "x"}], "no column image"),
        ([], "no column image and split"),
    ],
)
def test_damaged_lines_are_an_error_with_their_number(tmp_path, lines, message):
    with pytest.raises(LabelsError) as caught:
        read_labels(json_lines(tmp_path, *lines), "train")
    assert message in str(caught.value)


def test_a_line_without_end_is_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(_json_lines, "MOST_BYTES", 100)
    path = json_lines(tmp_path, GOOD, b'{"image": "' + b"x" * 200)
    with pytest.raises(LabelsError, match="line 2: over 100 bytes"):
        read_labels(path, "train")


def test_objects_of_other_keys_each_are_no_table(tmp_path):
    path = json_lines(tmp_path, *({f"key {n}": 1} for n in range(_json_lines.MOST_COLUMNS + 5)))
    with pytest.raises(LabelsError, match="line 1001: over 1000 different keys"):
        read_labels(path, "train")


def parquet(tmp_path, **columns):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def test_parquet_columns_have_their_values_whatever_their_type(tmp_path):
    path = parquet(
        tmp_path,
        image=["a.jpg", "b.jpg"],
        split=pa.array(["train", "train"]).dictionary_encode(),
        size=pa.array([3, None], pa.int8()),
        sale=[True, False],
        photo=pa.array([b"x", b"y"]),
        boxes=[[1.0], [2.0]],
    )
    source = LabelSource.open(path)
    labels = source.labels("train")
    assert {attribute.name: attribute.values for attribute in labels.attributes} == {
        "sale": ("false", "true"),
        "size": ("3",),
    }
    assert source.table is not None
    left_out = "is left out: it holds lists, objects or bytes, which are no attribute's values"
    assert source.table.notes == (f"column 'photo' {left_out}", f"column 'boxes' {left_out}")


def test_without_pyarrow_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    path = parquet(tmp_path, image=["a"], split=["train"], c=["x"])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(LabelsError, match=r"Parquet tables need pyarrow: pip install 'fashionsdk\[catalogue\]'"):
        read_labels(path, "train")


def test_a_claim_of_too_many_rows_is_refused_before_they_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(_parquet, "MOST_ROWS", 2)
    with pytest.raises(LabelsError, match="3 rows; expected at most 2"):
        read_labels(parquet(tmp_path, image=list("abc"), split=["train"] * 3, c=["x"] * 3), "train")


def test_a_word_that_is_too_long_is_refused_and_one_that_repeats_is_held_once(tmp_path):
    word = "x" * 100_000
    path = parquet(tmp_path, image=list("ab"), split=["train"] * 2, c=[word, word])
    values = _parquet._columns(path)[0]["c"]
    assert values == [word, word]
    assert values[0] is values[1]
    with pytest.raises(LabelsError, match="c has a cell of 200,000 characters; expected at most 131,072"):
        read_labels(parquet(tmp_path, image=list("ab"), split=["train"] * 2, c=[word * 2, ""]), "train")


@pytest.mark.parametrize("cut", [4, 100, -1])
def test_a_damaged_parquet_file_is_an_error(tmp_path, cut):
    path = parquet(tmp_path, image=["a"], split=["train"], c=["x"])
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(LabelsError, match="cannot be read as a Parquet table"):
        read_labels(path, "train")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=5))
def test_whatever_bytes_of_a_parquet_file_are_damaged_it_is_a_table_or_a_labels_error(tmp_path, damage):
    path = parquet(tmp_path, image=[f"{n}.jpg" for n in range(50)], split=["train"] * 50, c=["x", "y"] * 25)
    content = bytearray(path.read_bytes())
    for place, byte in damage:
        content[int(place * len(content))] = byte
    path.write_bytes(content)
    try:
        read_labels(path, "train")
    except LabelsError:
        return


def test_a_frame_with_a_column_twice_or_no_frame_is_an_error():
    frame = pd.DataFrame([["a", "train", "x", "y"]], columns=["image", "split", "c", "c"])
    with pytest.raises(LabelsError, match="<frame>: column 'c' is named twice"):
        LabelSource.from_frame(frame)
    with pytest.raises(TypeError, match=r"frame is dict; expected a pandas\.DataFrame"):
        LabelSource.from_frame({"image": ["a"]})


def test_missing_values_of_a_frame_are_blank_without_a_note():
    frame = pd.DataFrame(
        {"image": ["a", "b", "c"], "split": "train", "colour": ["red", None, pd.NA], "size": [1.0, np.nan, 2.0]}
    )
    source = LabelSource.from_frame(frame)
    assert source.labels("train").matrix().tolist() == [[0, 0], [-1, -1], [-1, 1]]
    assert source.table is not None
    assert source.table.notes == ()
