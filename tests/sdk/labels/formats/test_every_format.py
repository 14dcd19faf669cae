"""A table says the same whatever its format, and what is no table is an error that says so."""

import logging

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fashionsdk.cli._table_format import TABLE_FORMATS
from fashionsdk.errors import LabelsError
from fashionsdk.labels import FORMATS, LabelSource, read_labels, read_retrieval, table_path
from tests.sdk.labels.formats.tables import COLUMNS, ROWS, write


def said(source: LabelSource):
    """Return everything that a table says."""
    splits = [source.labels("train"), source.labels("valid")]
    questions = source.retrieval("valid")
    told = [(each.images, each.attributes, each.products, each.rows.tolist()) for each in splits]
    return *told, questions.queries.tolist(), questions.candidates.tolist(), source.other_splits("train")


@pytest.mark.parametrize("ending", ["tsv", "jsonl", "parquet"])
@pytest.mark.parametrize("image", ["image", "file_name", "photo", "File_Name"])
def test_a_table_says_the_same_in_every_format(tmp_path, ending, image):
    expected = said(LabelSource.open(write(tmp_path / "labels.csv")))
    path = write(tmp_path / f"other.{ending}", (image, *COLUMNS[1:]))
    assert said(LabelSource.open(path)) == expected


def test_a_frame_says_the_same_as_its_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected = said(LabelSource.open(write(tmp_path / "labels.csv")))
    frame = pd.DataFrame(ROWS, columns=COLUMNS).replace({"": None}).set_index(pd.Index(range(7, 13)))
    assert said(LabelSource.from_frame(frame)) == expected
    frame["colour"] = frame["colour"].astype("category")
    source = LabelSource.from_frame(frame, photos=tmp_path / "photos")
    assert said(source) == expected
    assert source.labels("train").paths[0] == tmp_path / "photos" / "a.jpg"


@pytest.mark.parametrize("name", ["labels.csv", "labels.jsonl", "labels.parquet"])
def test_a_folder_stands_for_its_table_of_any_format(tmp_path, name):
    path = write(tmp_path / name)
    assert table_path(tmp_path) == path
    assert read_labels(tmp_path, "train").images == ("a.jpg", "b.jpg", "c.jpg")


def test_a_named_format_is_read_whatever_the_file_is_called(tmp_path):
    write(tmp_path / "x.jsonl").rename(tmp_path / "table")
    with pytest.raises(LabelsError):
        LabelSource.open(tmp_path / "table")
    assert LabelSource.open(tmp_path / "table", format="jsonl").labels("train").images == ("a.jpg", "b.jpg", "c.jpg")
    with pytest.raises(ValueError, match="unknown format 'xls'; expected one of csv, jsonl"):
        LabelSource.open(tmp_path / "table", format="xls")


def test_what_was_read_once_stands_for_its_path(tmp_path):
    path = write(tmp_path / "labels.jsonl")
    source = LabelSource.open(path)
    path.unlink()
    assert read_labels(source, "train").images == ("a.jpg", "b.jpg", "c.jpg")
    assert (
        read_retrieval(source, "valid").queries.tolist() == LabelSource.of(source).retrieval("valid").queries.tolist()
    )


def test_the_command_knows_every_format():
    assert TABLE_FORMATS == FORMATS


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_table_without_splits_says_how_to_make_them(tmp_path, ending):
    columns, rows = ("image", "colour"), [(row[0], row[3]) for row in ROWS]
    path = write(tmp_path / f"t.{ending}", columns, rows)
    with pytest.raises(LabelsError, match=r"no column split.*training/prepare\.py"):
        LabelSource.open(path)
    table = LabelSource.open(path, splits=False).table
    assert table is not None
    assert [row["image"] for row in table.rows] == [row[0] for row in ROWS]


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
@pytest.mark.parametrize(
    ("columns", "rows", "message"),
    [
        (("image", "Image", "split", "c"), [("a", "a", "train", "x")], "'image' is named twice"),
        (("title", "split", "c"), [("a", "train", "x")], "no column image"),
        (("image", "split"), [("a", "train")], "no attribute column"),
        (("image", "split", "c"), [("a", "train", "x"), ("", "train", "x")], "line 2: the image is blank"),
        (
            ("image", "split", "c"),
            [("a", "train", "x"), ("a", "train", "y")],
            "line 2: 'a' in split 'train' is on line 1",
        ),
        (("image", "split", "role", "c"), [("a", "train", "judge", "x")], "role 'judge'"),
        (("image", "split", "c"), [("a", "valid", "x")], "split 'train' is empty; the table has 'valid' (1)"),
    ],
)
def test_errors_are_those_of_csv(tmp_path, ending, columns, rows, message):
    with pytest.raises(LabelsError) as caught:
        read_labels(write(tmp_path / f"t.{ending}", columns, rows), "train")
    assert message in str(caught.value)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_notes_are_those_of_csv(tmp_path, ending, caplog):
    rows = [(f"{n}.jpg", "train", ("red", "Red", "N/A")[n % 3], str(1000 + n)) for n in range(24)]
    with caplog.at_level(logging.WARNING):
        LabelSource.open(write(tmp_path / f"t.{ending}", ("image", "split", "colour", "sku"), rows))
    assert "column 'sku' is left out, it seems to be no attribute" in caplog.text
    assert "'N/A'" in caplog.text
    assert "seem to be one word" in caplog.text


def test_a_folder_without_any_table_is_an_error_as_before(tmp_path):
    with pytest.raises(LabelsError, match=r"no meta\.json here"):
        read_labels(tmp_path, "train")
    (tmp_path / "notes.txt").touch()
    with pytest.raises(LabelsError, match=r"no meta\.json here"):
        read_labels(tmp_path, "train")


@pytest.mark.parametrize("start", [b"<?xml version='1.0'?>", b"\xef\xbb\xbf<rss>", b"\n<feed>"])
def test_xml_is_refused_before_it_is_parsed(tmp_path, start):
    (tmp_path / "feed.xml").write_bytes(start + b"<!DOCTYPE lolz [<!ENTITY a 'aaaa'>]>" * 3)
    with pytest.raises(LabelsError, match="is XML, which is not read; save it as CSV"):
        LabelSource.open(tmp_path / "feed.xml")


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.binary(max_size=80),
    st.sampled_from([b"", b"PAR1", b'{"image": "a", "split": "train", "c": "x"}\n', b"id\timage_link\tcolor\n"]),
)
def test_any_bytes_are_a_table_or_a_labels_error(tmp_path, content, start):
    for kind in ("csv", "jsonl", "parquet", "shopify", "google", None):
        (tmp_path / "table").write_bytes(start + content)
        try:
            LabelSource.open(tmp_path / "table", format=kind).labels("train")
        except LabelsError:
            continue
