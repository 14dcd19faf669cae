"""Rows of a table, range by range, against Python's own reader."""

import csv
import io
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fashionsdk.catalogue import _table_rows, make_plan
from fashionsdk.catalogue._table_rows import rows
from fashionsdk.errors import FashionSDKError, LabelsError

CELLS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=5) | st.sampled_from(
    ["a\nb", 'say "v"', ",", "12", "3.50"]
)


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    cells=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=30),
    shards=st.integers(1, 5),
    block=st.integers(2000, 4000),
)
def test_shards_cut_a_table_without_a_gap(tmp_path, monkeypatch, cells, shards, block):
    monkeypatch.setattr(_table_rows, "BLOCK_BYTES", block)
    table, text = tmp_path / "t.csv", io.StringIO()
    written = [(f"{index}.jpg", *each) for index, each in enumerate(cells)]
    csv.writer(text).writerows([("photo", "one", "other"), *written])
    table.write_bytes(text.getvalue().encode())
    (tmp_path / "plan").mkdir(exist_ok=True)
    for old in (tmp_path / "plan").iterdir():
        old.unlink()
    plan = make_plan(table, tmp_path / "plan", shards)
    assert plan.rows == len(written)
    found = [row for shard in range(1, shards + 1) for row in rows(table, *plan.range(shard), ())]
    assert [row.path for row in found] == [name for name, *_ in written]
    for row, (_, one, other) in zip(found, written, strict=True):
        assert dict(row.metadata) == {k: v for k, v in (("one", one), ("other", other)) if v}


def test_columns_of_numbers_are_known_over_all_of_a_table(tmp_path, monkeypatch):
    monkeypatch.setattr(_table_rows, "BLOCK_BYTES", 400)
    lines = ["photo,price,size,code,late"]
    lines += [f"{n}.jpg,{n}.50,{n},{n:03},{n if n < 90 else 'x'}" for n in range(100)]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    plan = make_plan(tmp_path / "t.csv", tmp_path / "out", 3)
    assert plan.numbers == ("price", "size")
    first = next(rows(tmp_path / "t.csv", 7, 8, plan.numbers))
    assert first.metadata == {"price": 7.5, "size": 7, "code": "007", "late": "7"}


def test_parquet_keeps_its_types_and_skips_to_a_row(tmp_path):
    columns: dict[str, list[Any]] = {
        "image": [f"{n}.jpg" for n in range(100)],
        "key": [f"p{n}" for n in range(100)],
        "price": [n / 2 for n in range(100)],
        "tags": [["new", str(n)] for n in range(100)],
        "gone": [None] * 100,
    }
    pq.write_table(pa.table(columns), tmp_path / "t.parquet", row_group_size=30)
    for start, stop in ((0, 100), (29, 31), (45, 46), (99, 100)):
        found = list(rows(tmp_path / "t.parquet", start, stop, ()))
        assert [row.key for row in found] == columns["key"][start:stop]
        assert found[0].path == f"{start}.jpg"
        assert found[0].metadata == {"price": start / 2, "tags": ["new", str(start)]}


def test_what_is_no_table_is_named(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(LabelsError, match="no column 'photo' or 'image' or 'file_name'; got a, b"):
        make_plan(tmp_path / "t.csv", tmp_path / "one")
    with pytest.raises(LabelsError, match=r"nothing\.csv: cannot be read"):
        make_plan(tmp_path / "nothing.csv", tmp_path / "two")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1" + bytes(100))
    with pytest.raises(LabelsError, match="cannot be read as a table"):
        make_plan(tmp_path / "bad.parquet", tmp_path / "three")
    (tmp_path / "hole.csv").write_text("photo,b\n,2\n")
    with pytest.raises(LabelsError, match=r"row 1: photo is ''; expected a photo's path"):
        list(rows(tmp_path / "hole.csv", 0, 1, ()))
    (tmp_path / "four").mkdir()
    (tmp_path / "four" / "plan.json").write_text("{}")
    (tmp_path / "good.csv").write_text("photo\na.jpg\n")
    with pytest.raises(FashionSDKError, match=r"plan\.json cannot be read"):
        make_plan(tmp_path / "good.csv", tmp_path / "four")
