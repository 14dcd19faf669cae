"""Reading label tables and index files, good and bad."""

import json
import logging

import numpy as np
import pytest

from fashionsdk.attributes import Attribute
from fashionsdk.errors import LabelsError
from fashionsdk.evaluation._metrics import random_average_precision
from fashionsdk.labels import read_labels, read_retrieval

TABLE = """image,split,colour,sleeve
a.jpg,train,red,long
b.jpg,train,blue,
c.jpg,valid,red,short
d.jpg,valid,red,short
e.jpg,valid,green,
"""


def write(tmp_path, text, name="labels.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_table_labels_are_the_cells(tmp_path):
    labels = read_labels(write(tmp_path, TABLE), "train")
    assert labels.images == ("a.jpg", "b.jpg")
    assert labels.attributes == (Attribute("colour", ("blue", "green", "red")), Attribute("sleeve", ("long", "short")))
    assert labels.matrix().tolist() == [[2, 0], [0, -1]]
    assert labels.paths[0] == tmp_path / "a.jpg"


def test_a_folder_stands_for_its_table(tmp_path):
    write(tmp_path, TABLE)
    assert read_labels(tmp_path, "train").images == ("a.jpg", "b.jpg")


def test_a_byte_order_mark_spaces_and_case_of_fixed_columns_are_ignored(tmp_path):
    table = write(tmp_path, "\ufeffImage, Split ,colour\n a.jpg ,train, red \n")
    assert read_labels(table, "train").attributes == (Attribute("colour", ("red",)),)


def test_selecting_labels_keeps_photos_and_reorders_attributes(tmp_path):
    labels = read_labels(write(tmp_path, TABLE), "train")
    chosen = labels.select(["sleeve", "colour"])
    assert chosen.images == labels.images
    assert chosen.matrix().tolist() == labels.matrix()[:, ::-1].tolist()
    assert labels.select("sleeve").matrix().tolist() == labels.matrix()[:, 1:].tolist()
    with pytest.raises(ValueError, match="unknown attribute 'fit'"):
        labels.select("fit")


def test_every_fifth_photo_of_a_value_is_a_query_and_the_rest_candidates(tmp_path):
    rows = "".join(f"{i}.jpg,valid,red\n" for i in range(11))
    split = read_retrieval(write(tmp_path, "image,split,colour\n" + rows), "valid")
    assert split.queries[:, 0].tolist() == [0, 5, 10]
    assert split.candidates[:, 0].tolist() == [1, 2, 3, 4, 6, 7, 8, 9]


def test_a_value_with_one_photo_is_never_a_query_and_is_reported(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        split = read_retrieval(write(tmp_path, TABLE), "valid")
    assert split.queries.tolist() == [[0, 0, 2], [0, 1, 1]]
    assert 2 in split.candidates[:, 0]
    assert "1 values have one photo each" in caplog.text


def test_the_column_role_decides_where_there_is_one(tmp_path):
    table = "image,split,role,colour\na,valid,candidate,red\nb,valid,query,red\nc,valid,,red\n"
    split = read_retrieval(write(tmp_path, table), "valid")
    assert split.queries[:, 0].tolist() == [1]
    assert split.candidates[:, 0].tolist() == [0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column image and split"),
        ("image,colour\na,red\n", "no column split"),
        ("image;split;c\na;train;x\n", "separated by ';'; save it with commas"),
        ("image,split\na,train\n", "no attribute column"),
        ("image,split,c,c\na,train,x,y\n", "'c' is named twice"),
        ("image,Image,split,c\na,a,train,x\n", "'image' is named twice"),
        ("image,split,c\na,train\n", "line 2: 2 cells; expected 3"),
        ("image,split,\na,train,x\n", "column 3 has no name; got image, split, ; expected a name"),
        ('image,split,c\n\n"a\nb",train,x\nc,train\n', "line 5: 2 cells; expected 3"),
        ('image,split,c\na,train,x\nb,train,"x\n', "line 3: cannot be read as CSV"),
        ("image,split,c\n,train,x\n", "line 2: the image is blank"),
        ("image,split,c\na,train,x\na,train,y\n", "line 3: 'a' in split 'train' is on line 2 too; expected one row"),
        ("image,split,role,c\na,train,judge,x\n", "role 'judge'"),
        ("image,split,c\na,valid,x\n", "split 'train' is empty; the table has 'valid' (1)"),
    ],
)
def test_a_bad_table_is_an_error_that_says_what_is_wrong(tmp_path, text, message):
    with pytest.raises(LabelsError) as caught:
        read_labels(write(tmp_path, text), "train")
    assert message in str(caught.value)


def test_a_table_that_is_not_text_is_an_error(tmp_path):
    (tmp_path / "labels.csv").write_bytes(b"\xff\xfe\x00image")
    with pytest.raises(LabelsError, match="UTF-8"):
        read_labels(tmp_path, "train")


def test_a_split_without_questions_is_an_error(tmp_path):
    with pytest.raises(LabelsError, match="0 queries and 2 candidates"):
        read_retrieval(write(tmp_path, "image,split,c\na,valid,x\nb,valid,y\n"), "valid")


def index_files(folder, **files):
    meta = {"Shop": {"ATTRIBUTES": ["colour"], "ATTRIBUTES_NUM": {"colour": 2}}}
    default = {
        "meta.json": json.dumps(meta),
        "filenames_test.txt": "a.jpg\nb.jpg\nc.jpg\n",
        "query_test.txt": "0 0 1\n",
        "candidate_test.txt": "1 0 1\n2 0 0\n",
        "label_test.txt": "0 0 1\n1 0 1\n2 0 0\n",
    }
    for name, text in (default | files).items():
        (folder / name).write_text(text)
    return folder


def test_index_files_give_queries_candidates_and_labels(tmp_path):
    index_files(tmp_path)
    split = read_retrieval(tmp_path, "test")
    assert split.attributes == (Attribute("colour", ("0", "1")),)
    assert split.queries.tolist() == [[0, 0, 1]]
    assert split.candidates.tolist() == [[1, 0, 1], [2, 0, 0]]
    assert read_labels(tmp_path, "test").matrix().tolist() == [[1], [1], [0]]


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("query_test.txt", "3 0 1\n", "query_test.txt, line 1: image 3; the split lists 3"),
        ("query_test.txt", "0 1 1\n", "attribute 1; meta.json names 1"),
        ("query_test.txt", "0 0 1\n0 0 2\n", "line 2: unknown value 2 of colour"),
        ("query_test.txt", "0 0\n", "expected pairs"),
        ("query_test.txt", "0 0 1\n\n", "line 2: is blank"),
        ("query_test.txt", "0 x 1\n", "line 1"),
        ("query_test.txt", "", "is empty"),
        ("filenames_test.txt", "", "is empty"),
        ("meta.json", "{", "not a meta.json"),
        ("meta.json", '{"Shop": {"ATTRIBUTES": ["colour"]}}', "not a meta.json"),
    ],
)
def test_bad_index_files_are_an_error_that_names_file_and_line(tmp_path, file, text, message):
    index_files(tmp_path, **{file: text})
    with pytest.raises(LabelsError) as caught:
        read_retrieval(tmp_path, "test")
    assert message in str(caught.value)


def test_a_missing_table_or_folder_is_an_error(tmp_path):
    with pytest.raises(LabelsError, match="cannot be read"):
        read_labels(tmp_path / "nowhere.csv", "train")
    with pytest.raises(LabelsError, match=r"no meta\.json"):
        read_retrieval(tmp_path, "train")


@pytest.mark.parametrize(
    ("dataset", "per_attribute", "overall"),
    [
        ("FashionAI", "17.20 12.50 13.35 17.45 22.36 21.62 11.09 21.20", 15.79),
        ("DeepFashion", "6.69 2.69 3.23 2.55 1.97", 3.38),
        ("DARN", "5.48 23.46 10.55 29.91 43.27 38.76 15.22 62.02 54.54", 31.26),
    ],
)
def test_the_papers_splits_give_the_random_map_that_follows_from_their_counts(shared, dataset, per_attribute, overall):
    split = read_retrieval(shared / "splits" / dataset, "test")
    means, counts = [], []
    for a in range(len(split.attributes)):
        queries = split.queries[split.queries[:, 1] == a, 2]
        candidates = split.candidates[split.candidates[:, 1] == a, 2]
        relevant, times = np.unique(np.bincount(candidates, minlength=10_000)[queries], return_counts=True)
        expected = [random_average_precision(int(n), len(candidates)) for n in relevant]
        means.append(100 * np.average(expected, weights=times))
        counts.append(len(queries))
    assert [f"{mean:.2f}" for mean in means] == per_attribute.split()
    assert round(float(np.average(means, weights=counts)), 2) == overall


def test_the_shops_photos_read_the_same_from_table_and_index_files(shared):
    folder = shared / "data" / "myntra"
    split = read_retrieval(folder, "valid")
    assert (len(split.images), len(split.queries), len(split.candidates)) == (952, 640, 2450)
    table = read_labels(folder / "labels.csv", "valid")
    named = {
        (table.images[n], table.attributes[a].name, table.attributes[a].values[v]) for n, a, v in table.rows.tolist()
    }
    rows = np.concatenate([split.queries, split.candidates]).tolist()
    assert {(split.images[n], split.attributes[a].name, split.attributes[a].values[v]) for n, a, v in rows} <= named


def test_selecting_attributes_keeps_their_questions_and_photos_only(tmp_path):
    rows = "".join(f"{i}.jpg,valid,{'rb'[i % 2]},{'ls'[i % 3 > 0] if i > 4 else ''}\n" for i in range(16))
    split = read_retrieval(write(tmp_path, "image,split,colour,sleeve\n" + rows), "valid")
    chosen = split.select("sleeve")
    assert chosen.images == tuple(f"{i}.jpg" for i in range(5, 16))
    for part in ("queries", "candidates"):
        expected = [(split.images[image], a, value) for image, a, value in getattr(split, part).tolist() if a == 1]
        assert [(chosen.images[i], a, value) for i, a, value in getattr(chosen, part).tolist()] == expected
    assert len(split.select(None).images) == len(split.images)
    with pytest.raises(ValueError, match="unknown attribute 'fit'"):
        split.select("fit")
