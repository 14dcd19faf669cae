"""Questions about a label table, and the file that decisions are in."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fashionsdk.errors import LabelsError
from fashionsdk.labels import Correction, LabelSource, read_corrections, write_corrections
from fashionsdk.service.labelling import ChangedSince, LabelSheet
from tests.sdk.service.conftest import COUNT, photo_name

BLANK = [i for i in range(COUNT) if i % 3 == 2]


def test_suspects_are_asked_in_their_files_order_and_then_blank_cells(files):
    asked = LabelSheet(files).questions.all
    assert [each.number for each in asked] == list(range(2 + len(BLANK)))
    assert [(each.image[-6:], each.label, each.suggestion) for each in asked[:2]] == [
        ("03.png", "round", "v"),
        ("00.png", "round", "v"),
    ]
    assert [each.photo for each in asked[2:]] == BLANK
    assert {(each.kind, each.attribute, each.label) for each in asked[2:]} == {("unlabelled", "neckline", "")}


def rows_of(table, **options):
    source = LabelSource.open(table, **options)
    assert source.table is not None
    return source.table.rows


def test_what_was_decided_is_a_table_that_training_takes(files):
    sheet = LabelSheet(files)
    tag = sheet.decisions().tag
    first = sheet.decide(tag, {0: "v", 2: "round"})
    sheet.decide(first.tag, {1: ""})
    before, after = (rows_of(files.table, corrections=file) for file in (None, files.corrections))
    changed = {i: (a["neckline"], b["neckline"]) for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b}
    assert changed == {3: ("round", "v"), 0: ("round", ""), 2: ("", "round")}


def test_a_decision_is_taken_back(files):
    sheet = LabelSheet(files)
    done = sheet.decide(sheet.decisions().tag, {0: "v", 2: "round"})
    back = sheet.decide(done.tag, {0: None, 2: None})
    assert sheet.answers(back) == {}
    assert [row.correct for row in read_corrections(files.corrections).rows] == [None, None]  # suspects stay


def test_who_decides_by_an_old_state_is_told_and_nothing_is_written(files):
    one, other = LabelSheet(files), LabelSheet(files)
    tag = one.decisions().tag
    one.decide(tag, {0: "v"})
    with pytest.raises(ChangedSince):
        other.decide(tag, {0: "round"})
    assert other.answers(other.decisions()) == {0: "v"}


def test_rows_of_others_in_the_file_stay(files, images):
    foreign = Correction(str(images / photo_name(1)), "fabric", "silk", "wool")
    write_corrections(files.corrections, [foreign])
    sheet = LabelSheet(files)
    sheet.decide(sheet.decisions().tag, {0: "v"})
    rows = {(row.image, row.attribute): row.correct for row in read_corrections(files.corrections).rows}
    assert rows[foreign.image, "fabric"] == "silk"
    assert len(rows) == 3


def test_the_suspects_own_file_can_be_written_to(files):
    sheet = LabelSheet(replace(files, corrections=files.suspects))
    sheet.decide(sheet.decisions().tag, {1: "v"})
    assert [row.correct for row in read_corrections(files.suspects).rows] == [None, "v"]
    with pytest.raises(
        LabelsError, match=r"has 1 decisions already, which .*decided.csv lacks; copy it there, or leave"
    ):
        LabelSheet(files)


def test_what_is_no_question_or_no_value_is_refused_before_anything_is_written(files):
    sheet = LabelSheet(files)
    tag = sheet.decisions().tag
    with pytest.raises(ValueError, match="there is no question 99; expected 0 to 5"):
        sheet.decide(tag, {0: "v", 99: "v"})
    with pytest.raises(ValueError, match="'silk' is no value of neckline"):
        sheet.decide(tag, {0: "silk"})
    assert not files.corrections.exists()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (Correction("none.jpg", "neckline"), r"suspects.csv, line 2: no photo 'none.jpg'"),
        (Correction("PHOTO", "hem"), r"line 2: unknown attribute 'hem'; the table has neckline, fabric"),
    ],
)
def test_suspects_of_another_table_are_refused_with_their_line(files, images, row, message):
    write_corrections(files.suspects, [replace(row, image=row.image.replace("PHOTO", str(images / photo_name(0))))])
    with pytest.raises(LabelsError, match=message):
        LabelSheet(files)


def test_a_file_for_decisions_needs_a_folder(files, tmp_path):
    with pytest.raises(LabelsError, match="its folder is not there"):
        LabelSheet(replace(files, corrections=tmp_path / "none" / "decided.csv"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(st.dictionaries(st.integers(0, 5), st.sampled_from(["v", "round", "", None]), min_size=1), max_size=5))
def test_the_file_says_what_a_dictionary_would(files, steps):
    files.corrections.unlink(missing_ok=True)
    sheet, expected = LabelSheet(files), dict[int, str | None]()
    for step in steps:
        sheet.decide(sheet.decisions().tag, step)
        expected |= step
    again = LabelSheet(files)
    kept = {number: value for number, value in expected.items() if value is not None}
    assert again.answers(again.decisions()) == kept
    assert again.counts(kept)["suspect"] == (2, sum(number < 2 for number in kept))
