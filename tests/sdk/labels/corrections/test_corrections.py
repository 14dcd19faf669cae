"""Labels that a person corrected: the file, the table that follows from it, and what is refused."""

import csv
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashionsdk.errors import LabelsError
from fashionsdk.labels import Correction, LabelSource, read_corrections, read_retrieval, write_corrections
from fashionsdk.labels.text import clean, is_formula

TABLE = """image,split,colour,neckline
a.jpg,train,red,round
b.jpg,train,blue,
c.jpg,valid,red,v
d.jpg,valid,blue,v
"""
HEADER = "image,attribute,label,suggestion,doubt,correct\n"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text(TABLE)
    return path


def corrected(table, *rows, header=HEADER):
    path = table.parent / "suspects.csv"
    path.write_text(header + "".join(f"{row}\n" for row in rows))
    return LabelSource.open(table, corrections=path)


def cells(source, column):
    return [row[column] for row in source.table.rows]


def test_decided_rows_change_fill_and_blank_labels_and_the_others_do_nothing(table, caplog):
    source = corrected(
        table,
        "a.jpg,colour,red,blue,0.99,blue",
        "b.jpg,neckline,,v,0.5,v",
        "c.jpg,neckline,v,round,0.4,-",
        "d.jpg,colour,blue,red,0.3,blue",
        "d.jpg,neckline,v,round,0.2,",
    )
    assert cells(source, "colour") == ["blue", "blue", "red", "blue"]
    assert cells(source, "neckline") == ["round", "v", "", "v"]
    said = "1 changed, 1 filled in, 1 blanked, 1 as they were, 1 rows not decided"
    assert said in caplog.text


def test_labels_and_questions_of_a_corrected_table_are_the_corrected_ones(table):
    table.write_text(TABLE + "e.jpg,valid,blue,\n")
    source = corrected(table, "a.jpg,colour,red,blue,0.99,blue", "c.jpg,colour,red,,0.4,blue", "d.jpg,neckline,v,,0,-")
    labels = source.labels("train").select("colour")
    assert [labels.attributes[0].values[value] for value in labels.matrix()[:, 0]] == ["blue", "blue"]
    questions = source.retrieval("valid")
    assert questions.select("colour").queries[:, 0].tolist() == [0]
    assert questions.select("colour").candidates[:, 0].tolist() == [1, 2]
    assert questions.candidates[questions.candidates[:, 1] == 1, 0].tolist() == [0]


def test_a_file_may_be_applied_again(table):
    row = "a.jpg,colour,red,blue,0.99,blue"
    table.write_text(TABLE.replace("a.jpg,train,red", "a.jpg,train,blue"))
    assert cells(corrected(table, row), "colour")[0] == "blue"


def test_a_photo_in_several_splits_is_corrected_in_each_under_any_spelling_of_its_path(table):
    table.write_text(TABLE + "./a.jpg,test,red,round\n")
    source = corrected(table, "x/../a.jpg,colour,red,blue,1,blue")
    assert [row["colour"] for row in source.table.rows if "a.jpg" in row["image"]] == ["blue", "blue"]


def test_one_garment_of_a_photo_is_corrected_by_its_box(table):
    table.write_text("image,split,box,colour\na.jpg,train,0 0 4 4,red\na.jpg,train,4 4 8 8,red\nb.jpg,train,,blue\n")
    header = "image,box,attribute,correct\n"
    assert cells(corrected(table, "a.jpg,4 4.0 8 8,colour,blue", header=header), "colour") == ["red", "blue", "blue"]
    with pytest.raises(LabelsError, match=r"line 2: a\.jpg has 2 garments"):
        corrected(table, "a.jpg,,colour,blue", header=header)
    with pytest.raises(LabelsError, match=r"line 2: no box '1 1 2 2' of a\.jpg"):
        corrected(table, "a.jpg,1 1 2 2,colour,blue", header=header)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("x.jpg,colour,red,blue,1,blue", "no photo 'x.jpg'"),
        ("a.jpg,collar,red,blue,1,blue", "unknown attribute 'collar'; the table has colour, neckline"),
        ("a.jpg,colour,red,blue,1,green", "unknown value 'green' of colour; expected one of blue, red"),
        ("a.jpg,colour,green,blue,1,blue", "was 'green' when this was decided and is 'red' now"),
        (",colour,red,blue,1,blue", "the image is blank"),
        ("a.jpg,,red,blue,1,blue", "the attribute is blank"),
        ("a.jpg,colour,red,blue,7,blue", "doubt '7'; expected a number from 0 to 1"),
        ("a.jpg,colour,red,blue,nan,", "doubt 'nan'"),
        ("a.jpg,colour,red,blue", "4 cells; expected 6"),
        ("d.jpg,colour,blue,red,1,red", "'colour' of 'd.jpg' is on line 2 too"),
    ],
)
def test_what_does_not_fit_the_table_is_refused_with_its_line(table, row, problem):
    with pytest.raises(LabelsError, match=r"suspects\.csv, line 3: ") as error:
        corrected(table, "d.jpg,colour,blue,red,1,blue", row)
    assert problem in str(error.value)


def test_a_file_without_the_column_for_the_person_is_refused(table):
    with pytest.raises(LabelsError, match="no column correct; got image, attribute"):
        corrected(table, header="image,attribute\n")


def test_index_files_beside_a_table_are_corrected_with_it(table):
    folder = table.parent
    (folder / "meta.json").write_text(
        '{"x": {"ATTRIBUTES": ["colour"], "ATTRIBUTES_NUM": {"colour": 2}, "VALUES": {"colour": ["red", "blue"]}}}'
    )
    (folder / "filenames_valid.txt").write_text("c.jpg\nd.jpg\n")
    (folder / "query_valid.txt").write_text("0 0 0\n")
    (folder / "candidate_valid.txt").write_text("0 0 0\n1 0 1\n")
    assert read_retrieval(folder, "valid").candidates.tolist() == [[0, 0, 0], [1, 0, 1]]
    split = corrected(table, "c.jpg,colour,red,blue,1,blue", "d.jpg,colour,,,1,-", "a.jpg,neckline,,,1,v").retrieval(
        "valid"
    )
    assert split.queries.tolist() == [[0, 0, 1]]
    assert split.candidates.tolist() == [[0, 0, 1]]
    with pytest.raises(LabelsError, match=r"line 2: neckline 'v' is not in meta\.json"):
        corrected(table, "d.jpg,neckline,,,1,v").retrieval("valid")


def test_index_files_without_a_table_have_no_corrections(table):
    table.unlink()
    suspects = table.parent / "suspects.csv"
    suspects.write_text(HEADER)
    (table.parent / "meta.json").write_text("{}")
    with pytest.raises(LabelsError, match="corrections of index files are not read"):
        LabelSource.open(table.parent, corrections=suspects)


names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).map(clean).filter(bool)
rows = st.builds(
    Correction,
    image=names,
    attribute=names,
    correct=st.none() | st.just("") | names | st.sampled_from(["-", "=1+1", "'-", "''a"]),
    label=st.just("") | names,
    suggestion=st.just("") | names,
    doubt=st.none() | st.integers(0, 10_000).map(lambda part: part / 10_000),
    box=st.sampled_from(["", "0 0 4 4"]),
)


@settings(max_examples=200)
@given(st.lists(rows, max_size=5, unique_by=lambda row: (row.image, row.attribute, row.box)))
def test_what_is_written_is_read_again_and_holds_no_formula(tmp_path_factory, written):
    path = tmp_path_factory.mktemp("rows") / "suspects.csv"
    write_corrections(path, written)
    read = [replace(row, image=row.image.removeprefix("./"), line=0) for row in read_corrections(path).rows]
    assert read == [replace(row, image=row.image.removeprefix("./")) for row in written]
    with path.open(newline="") as file:
        cells = [cell for row in csv.DictReader(file) for cell in row.values()]
    assert not [cell for cell in cells if is_formula(cell) and cell != "-"]
