"""The column ``product``: which photos show one product."""

import pytest

from fashionsdk.errors import LabelsError
from fashionsdk.labels import LabelSource, read_labels, read_retrieval


def write(tmp_path, *rows, header="image,split,product,colour"):
    path = tmp_path / "labels.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_products_are_no_attribute_and_programs_words_for_nothing_are_none(tmp_path):
    path = write(
        tmp_path,
        "a,train,p 1,red",
        "b,train, p  1,red",
        "c,train,,red",
        "d,train,nan,blue",
        header="image,split,PRODUCT,colour",
    )
    labels = read_labels(path, "train")
    assert labels.products == ("p 1", "p 1", "", "")
    assert [attribute.name for attribute in labels.attributes] == ["colour"]
    table = LabelSource.open(path).table
    assert table is not None
    assert any(note.startswith("column 'product': 'nan' (line 5) count as blank") for note in table.notes)


def test_a_split_without_any_product_has_none(tmp_path):
    assert read_labels(write(tmp_path, "a,train,,red"), "train").products == ()


def test_selecting_questions_keeps_their_photos_products(tmp_path):
    path = write(
        tmp_path,
        *("a,valid,p1,red,", "b,valid,p2,,long", "c,valid,p3,red,long", "d,valid,p4,blue,"),
        header="image,split,product,colour,sleeve",
    )
    chosen = read_retrieval(path, "valid").select("sleeve")
    assert (chosen.images, chosen.products) == (("b", "c"), ("p2", "p3"))


def test_products_of_several_splits_are_found_and_rows_without_a_split_are_in_none(tmp_path):
    path = write(
        tmp_path, "a,train,p1,red", "b,valid,p1,red", "c,train,p2,red", "d,,p2,red", "e,test,,red", "f,train,,red"
    )
    table = LabelSource.open(path).table
    assert table is not None
    assert table.spread_products() == {"p1": ["train", "valid"]}


def test_queries_that_find_their_value_in_their_own_product_only_are_left_out_and_counted(tmp_path, caplog):
    rows = [
        "a,valid,p1,red",
        "b,valid,p1,red",
        "c,valid,p2,blue",
        "d,valid,p3,blue",
        "e,valid,,green",
        "f,valid,,green",
    ]
    split = read_retrieval(write(tmp_path, *rows), "valid")
    assert split.queries[:, 0].tolist() == [2, 4]
    assert "1 queries of split 'valid' find their value in their own product only: left out" in caplog.text
    with pytest.raises(LabelsError, match="no query whose value another product has"):
        read_retrieval(write(tmp_path, *rows[:2]), "valid")
