"""``fashionsdk predict``, and searches by value, on a bundle whose vectors hold probabilities."""

import csv
import json

import numpy as np
import pytest

from fashionsdk import Embedder


def expected(bundle, photo):
    """Return neckline's probabilities, from the embedding itself."""
    with Embedder(bundle) as embedder:
        squares = np.square(embedder.embed(str(photo))["neckline"][0, :2].astype(float))
    return squares / squares.sum()


def test_a_table_names_values_and_json_all_probabilities(telling, shop, run):
    photo = "shop/0.png"
    status, out, _ = run("predict", telling, photo)
    first, second = expected(telling, photo)
    value, probability = max((first, "round"), (second, "v"))[::-1]
    assert status == 0
    lines = out.splitlines()
    assert lines[0] == photo
    assert lines[1].split() == ["neckline", f"{probability:.2f}", value]
    assert len(lines) == 3
    answer = json.loads(run("predict", telling, photo, "--attribute", "neckline", "--json")[1])
    (row,) = answer["predictions"]
    assert row["photo"] == photo
    assert list(row["values"]) == ["neckline"]
    assert row["values"]["neckline"]["probabilities"]["v"] == pytest.approx(second, abs=1e-6)


def test_a_catalogue_becomes_a_table_and_what_is_improbable_is_blank(telling, shop, run, tmp_path):
    status, out, err = run("predict", telling, "shop", "--out", "values.csv", "--unknown-below", "1")
    assert (status, out) == (0, "")
    assert "wrote 8 photos to values.csv" in err
    rows = list(csv.reader((tmp_path / "values.csv").read_text().splitlines()))
    assert rows[0] == ["photo", "neckline", "neckline probability", "sleeve", "sleeve probability"]
    assert len(rows) == 9
    assert {row[1] for row in rows[1:]} == {""}
    assert run("predict", telling, "shop", "--out", "values.csv")[0] == 0  # its own table is replaced
    (tmp_path / "values.csv").write_text("photo,price\n")
    status, _, err = run("predict", telling, "shop", "--out", "values.csv")
    assert status == 1
    assert "is not a CSV table of predictions that this program wrote" in err


def test_a_bundle_that_tells_no_values_apart_says_so(written, shop, run):
    status, _, err = run("predict", written, "shop/0.png")
    assert status == 2
    assert "hold no probabilities of values" in err


def test_searches_by_value_and_change_need_no_more_than_they_say(telling, shop, run):
    assert run("index", telling, "shop", "--out", "shop.gallery")[0] == 0
    status, out, _ = run("search", telling, "shop.gallery", "--value", "neckline=v", "-k", "8", "--json")
    assert status == 0
    answer = json.loads(out)
    assert answer["photo"] is None
    with Embedder(telling) as embedder:
        places = {f"shop/{path}": embedder.embed(f"shop/{path}")["neckline"][0, 1] for path in photo_names()}
    assert [match["key"] for match in answer["matches"]] == sorted(places, key=lambda key: -places[key])
    status, out, _ = run("search", telling, "shop.gallery", "shop/0.png", "--change", "neckline=v", "--json")
    assert status == 0
    assert set(json.loads(out)["matches"][0]["scores"]) == {"neckline", "sleeve", "colour"}


def photo_names() -> list[str]:
    return [f"{'deep/' if index % 2 else ''}{index}.png" for index in range(8)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["shop/0.png", "--value", "neckline=v"], "PHOTO and --value are both given"),
        ([], "neither PHOTO nor --value is given"),
        (["--value", "neckline=v", "--value", "neckline=round"], "--value names 'neckline' twice"),
        (["--value", "neckline=boat"], "neckline has no value 'boat'; expected one of round, v"),
        (["shop/0.png", "--change", "colour=red"], "unknown attribute 'colour'; expected neckline, sleeve"),
    ],
)
def test_a_wrong_question_by_value_is_named(telling, shop, run, options, message):
    assert run("index", telling, "shop", "--out", "shop.gallery")[0] == 0
    status, _, err = run("search", telling, "shop.gallery", *options)
    assert status == 2
    assert message in err


@pytest.mark.parametrize("text", ["neckline", "=v", "neckline="])
def test_what_names_no_value_is_a_wrong_command_line(text, shop, run, capsys):
    with pytest.raises(SystemExit):
        run("search", "bundle", "shop.gallery", "--value", text)
    assert "expected an attribute and its value, such as neckline=v" in capsys.readouterr().err
