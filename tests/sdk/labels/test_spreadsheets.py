"""What spreadsheets and pandas add to a label table: it is found, and said with line numbers and what to do."""

import logging
from collections import Counter
from unicodedata import normalize

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fashionsdk.errors import LabelsError
from fashionsdk.labels import LabelSource, named_columns, read_csv, read_labels, read_table
from fashionsdk.labels._columns import why_no_attribute
from fashionsdk.labels.text import clean, word_of

NFC, NFD = "caf\u00e9", "cafe\u0301"


def write(tmp_path, text, name="labels.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def table_of(tmp_path, header, cells, **arguments):
    """Return the table of photos with these cells, one photo a row."""
    rows = [f"{n}.jpg,train,{cell}" for n, cell in enumerate(cells)]
    return read_table(write(tmp_path, "\n".join([f"image,split,{header}", *rows]) + "\n"), **arguments)


def test_one_word_in_several_spellings_is_named_with_its_lines_and_how_to_merge_it(tmp_path):
    table = table_of(tmp_path, "colour", ["Red", "red", NFC, NFD, "red\u200b", "1", "1.0"])
    assert [attribute.values for attribute in table.attributes()] == [("1", "1.0", "Red", NFC, "red")]
    assert table.notes == (
        f"column 'colour': '{NFC}' (line 4), 'cafe\\u0301' (line 5) look the same and are read as one value, '{NFC}'; "
        "write one of them everywhere to end this note",
        "column 'colour': 'red' (line 3), 'red\\u200b' (line 6) look the same and are read as one value, 'red'; "
        "write one of them everywhere to end this note",
        "column 'colour': 'Red' (line 2), 'red' (lines 3, 6) are different values, but seem to be one word; to merge "
        "them, write 'red' in line 2",
        "column 'colour': '1' (line 7), '1.0' (line 8) are different values, but seem to be one word; to merge them, "
        "write '1' in line 8",
    )


def test_values_in_capitals_are_said_and_stay_apart(tmp_path):
    table = table_of(tmp_path, "type", ["T-SHIRT ", "T-Shirt", "Pants\u00a0", "PANTS", "Pants", "t shirt"])
    assert table.attributes()[0].values == ("PANTS", "Pants", "T-SHIRT", "T-Shirt", "t shirt")
    assert [note.partition(";")[0] for note in table.notes] == [
        "column 'type': 'T-SHIRT' (line 2), 'T-Shirt' (line 3), 't shirt' (line 7) are different values, but seem to "
        "be one word",
        "column 'type': 'Pants' (lines 4, 6), 'PANTS' (line 5) are different values, but seem to be one word",
    ]


def test_long_lists_of_lines_and_words_are_cut_and_counted(tmp_path):
    table = table_of(tmp_path, "colour", ["red"] * 9 + ["Red"] * 8)
    assert "'red' (lines 2, 3, 4, 5, 6 and 4 more), 'Red' (lines 11, 12, 13, 14, 15 and 3 more)" in table.notes[0]
    words = [spelling for letter in "abcdefgh" for spelling in (letter * 4, letter.upper() * 4)] * 2
    notes = table_of(tmp_path, "colour", words).notes
    assert len(notes) == 6
    assert notes[-1] == "column 'colour': 3 more words have several spellings"


@pytest.mark.parametrize("name", ["Unnamed: 0", "", "Unnamed: 0.1"])
def test_the_index_that_pandas_writes_is_left_out_and_said(tmp_path, name):
    text = f"{name},image,split,colour\n0,a.jpg,train,red\n1,b.jpg,train,blue\n2,c.jpg,train,red\n"
    table = read_table(write(tmp_path, text))
    assert table.attribute_columns == ("colour",)
    assert table.notes == (f"column 1 ({name or 'without a name'}) is left out: it counts rows, as pandas writes them",)


def test_empty_columns_without_a_name_are_left_out_and_said_and_full_ones_are_an_error(tmp_path):
    table = read_table(write(tmp_path, "image,split,colour,,\na.jpg,train,red,,\nb.jpg,train,blue, ,\n"))
    assert table.attribute_columns == ("colour",)
    assert table.notes == tuple(f"column {n} (without a name) is left out: it is empty" for n in (4, 5))
    with pytest.raises(LabelsError, match="column 4 has no name"):
        read_table(write(tmp_path, "image,split,colour,,\na.jpg,train,red,x,\n"))


def test_columns_that_are_no_attributes_are_left_out_and_said(tmp_path):
    cells = [f"{'long' if n % 2 else 'short'},{1000 + n},{9 + n}.99,2026-01-{1 + n:02}" for n in range(27)]
    table = table_of(tmp_path, "sleeve,product_id,price,day", cells)
    assert table.attribute_columns == ("sleeve",)
    assert table.notes == tuple(
        f"column '{name}' is left out, it seems to be no attribute: 27 values in 27 photos: they hardly ever repeat; "
        "to use it, name the attributes to use with --attribute, once for each"
        for name in ("product_id", "price", "day")
    )


def test_a_chosen_attribute_is_one_whatever_its_values_and_notes_are_about_it_alone(tmp_path):
    cells = [f"{('long', 'short', 'Short')[n % 3]},{1000 + n}" for n in range(27)]
    table = table_of(tmp_path, "sleeve,product_id", cells, attributes=["product_id"])
    assert (table.attribute_columns, table.notes) == (("sleeve", "product_id"), ())
    labels = read_labels(tmp_path / "labels.csv", "train", "product_id").select("product_id")
    assert labels.matrix()[:, 0].tolist() == list(range(27))


def test_a_table_without_any_attribute_is_an_error_that_says_how_to_choose(tmp_path):
    with pytest.raises(LabelsError, match=r"no column seems to be an attribute; column 'sku' is left out.*--attribute"):
        table_of(tmp_path, "sku", [f"A-{n}" for n in range(20)])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({f"{n}.99": 40 for n in range(21)}, "all of them numbers"),  # prices of a large shop
        ({f"{n}": 40 for n in range(1990, 9990, 100)}, "all of them numbers"),  # the same in whole units
        ({f"2026-03-{n:02}": 40 for n in range(1, 32)}, "all of them numbers"),
        ({f"SKU-{n}": 3 for n in range(200)}, "hardly ever repeat"),  # some photos of each product
        ({f"{1000 + n}": 3 for n in range(12)}, "all of them numbers"),
        ({f"brand {n}": 5 for n in range(200)}, None),
        ({f"{n}": 5 for n in range(56)}, None),  # codes of named values
        ({f"{n}": 200 for n in range(34, 48)}, None),  # sizes
        ({f"word {n}": 1 for n in range(9)}, None),  # too few to judge
    ],
)
def test_a_column_is_judged_by_how_often_its_values_repeat_and_whether_they_are_numbers(values, expected):
    reason = why_no_attribute(Counter(values))
    assert reason is None if expected is None else expected in str(reason)


@pytest.mark.parametrize("word", ["nan", "NaN", "None", "NULL", "N/A", "NA", "<NA>"])
def test_the_words_of_programs_for_nothing_are_blank_and_said(tmp_path, word):
    table = table_of(tmp_path, "collar", ["polo", word, "none", word])
    assert table.attributes()[0].values == ("none", "polo")
    assert table.notes == (
        f"column 'collar': '{word}' (lines 3, 5) count as blank; for a value, write another word, such as 'without'",
    )


def test_attributes_whose_names_are_one_word_are_said(tmp_path):
    assert table_of(tmp_path, "Colour,colour", ["red,blue"]).notes == (
        "columns 'Colour' and 'colour' are two attributes; if they are one, join them",
    )


def test_notes_are_logged_once_for_all_splits_of_a_table(tmp_path, caplog):
    path = write(tmp_path, "Unnamed: 0,image,split,colour\n0,a,train,red\n1,b,valid,red\n2,c,valid,red\n3,d,,red\n")
    with caplog.at_level(logging.WARNING):
        source = LabelSource.open(path)
        source.labels("train"), source.retrieval("valid")
    assert [record.message for record in caplog.records] == [
        f"{path}: column 1 (Unnamed: 0) is left out: it counts rows, as pandas writes them"
    ]
    assert source.other_splits("train", "valid") == {"": 1}


def test_a_clean_table_has_no_notes(shared):
    for name in ("clothing", "myntra"):
        assert read_table(shared / "data" / name / "labels.csv").notes == ()


def test_backslashes_are_read_as_slashes_where_the_photo_is_there(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "p00.jpg").touch()
    table = read_table(write(tmp_path, "image,split,c\nphotos\\p00.jpg,train,x\nphotos\\p01.jpg,train,y\n"))
    assert [row["image"] for row in table.rows] == ["photos/p00.jpg", "photos\\p01.jpg"]
    assert table.notes == (
        "1 paths have '\\' between folders, read as '/': line 2",
        "1 paths have '\\', and there is no such photo: line 3; expected '/' between folders, and paths relative to "
        "the table",
    )


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_photo_is_found_whichever_unicode_form_its_name_has(tmp_path, form):
    name, other = (
        normalize(form, "robe-\u00e9t\u00e9.jpg"),
        normalize("NFD" if form == "NFC" else "NFC", "robe-\u00e9t\u00e9.jpg"),
    )
    (tmp_path / name).touch()
    assert read_labels(write(tmp_path, f"image,split,c\n{other},train,x\n"), "train").images == (name,)


@pytest.mark.parametrize("second", ["./a.jpg", "x/../a.jpg", "x//..//a.jpg"])
def test_one_photo_twice_in_a_split_is_an_error_however_its_path_is_spelled(tmp_path, second):
    (tmp_path / "x").mkdir()
    with pytest.raises(LabelsError, match=r"line 3: 'a\.jpg' in split 'train' is on line 2 too"):
        read_table(write(tmp_path, f"image,split,c\na.jpg,train,x\n{second},train,y\n"))


def test_a_folder_that_is_a_link_leads_elsewhere(tmp_path):
    (tmp_path / "other" / "deep").mkdir(parents=True)
    (tmp_path / "x").symlink_to(tmp_path / "other" / "deep")
    table = read_table(write(tmp_path, "image,split,c\na.jpg,train,x\nx/../a.jpg,train,y\n"))
    assert len(table.rows) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04" + b"\0" * 40, "is an Excel workbook (or another zip file), not CSV; save it as CSV UTF-8"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 40, "is an old Excel workbook (.xls), not CSV; save it as CSV UTF-8"),
        ("\ufeffimage,split,c\n".encode("utf-16-le"), "is UTF-16 text, not UTF-8; save it as CSV UTF-8"),
        ("\ufeffimage,split,c\n".encode("utf-16-be"), "is UTF-16 text, not UTF-8; save it as CSV UTF-8"),
        ("image,split,c\n".encode("utf-16-le"), "is not text, or UTF-16 text; save it as CSV UTF-8"),
        (b"\x1f\x8b\x08", "is compressed (gzip), not CSV"),
        (b"PAR1\x15", "is a Parquet file, not CSV"),
        ("photo;price;title\na.jpg;86,26;n\u00b012\n", "its cells are separated by ';'; save it with commas"),
        ("photo;price, EUR;title\na.jpg;86,26;T\n", "its cells are separated by ';'; save it with commas"),
        ("image\tsplit\tc\n", "its cells are separated by '\\t'; save it with commas"),
    ],
)
def test_other_files_are_an_error_that_says_what_they_are(tmp_path, content, message):
    with pytest.raises(LabelsError) as caught:
        read_csv(write(tmp_path, content))
    assert message in str(caught.value)


def test_a_semicolon_in_a_name_does_no_harm(tmp_path):
    assert read_csv(write(tmp_path, "image,split,size;eu\na,train,4\n")).columns == ("image", "split", "size;eu")


def test_named_columns_leaves_a_good_table_as_it_is(tmp_path):
    table = read_csv(write(tmp_path, "photo,price\na,1\n"))
    assert named_columns(table) == (table, [])


@given(st.text())
def test_cleaning_twice_is_cleaning_once_and_the_word_stays(cell):
    assert clean(clean(cell)) == clean(cell)
    assert clean(cell) == clean(normalize("NFD", cell)) == clean(f" {cell}\u200b")
    assert word_of(clean(cell)) == word_of(clean(cell).casefold()) or not clean(cell).isascii()


@pytest.mark.parametrize(
    ("values", "one"),
    [
        (("V-neck", "v neck", "V_NECK", "vneck", "\uff36neck"), True),
        (("1", "1.0", "01", "+1", "1.00"), True),
        (("\ufb01t", "FIT", "f\u200dit"), True),
        (("STRASSE", "stra\u00dfe"), True),
        (("1-2", "12"), False),
        (("10", "1"), False),
        (("-1", "1"), False),
        (("0.10", "0.01"), False),
        (("90071992547409931", "90071992547409932"), False),
    ],
)
def test_spellings_of_a_word(values, one):
    assert (len(set(map(word_of, values))) == 1) == one


CELLS = st.sampled_from(
    ["red", "Red", "red\u200b", NFC, NFD, "", "nan", "1", "1.0", "a\nb", '"', "x,y", "\0", "..", "a\\b"]
)
ROWS = st.lists(st.lists(CELLS | st.text(max_size=3), min_size=2, max_size=5), max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, st.sampled_from(["image,split,c", "Unnamed: 0,image,split,c", ",image,split,c,", "c"]), st.booleans())
def test_any_table_is_read_or_is_a_labels_error(tmp_path, rows, header, quoted):
    """Every label is a cell of the file, cleaned; every line number is that of its row."""
    lines = [",".join('"' + cell.replace('"', '""') + '"' if quoted else cell for cell in row) for row in rows]
    path = write(tmp_path, "\n".join([header, *lines]).encode("utf-8", "surrogatepass"))
    try:
        table = read_table(path)
    except LabelsError:
        return
    texts = {clean(cell) for row in rows for cell in row} if quoted else None
    for row, line in zip(table.rows, table.lines, strict=True):
        assert 1 < line <= 1 + path.read_text(encoding="utf-8", errors="replace").count("\n")
        for name in table.attribute_columns:
            assert texts is None or row[name] in texts | {""}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_are_a_labels_error(tmp_path, content):
    for start in (b"", b"image,split,c\n"):
        try:
            read_labels(write(tmp_path, start + content), "train")
        except LabelsError:
            continue
