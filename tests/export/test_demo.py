"""The demo, small: every step of it runs and leaves what it promises."""

import pytest

from fashionsdk import Embedder, Matcher
from fashionsdk_export import demo


@pytest.mark.long
def test_the_demo_ends_with_a_report_and_what_to_try_next(tmp_path, capsys):
    report = demo.run(tmp_path / "demo", train=32, valid=24, epochs=1)
    printed = capsys.readouterr().out
    assert report.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert f"The report: {report}" in printed
    assert printed.count("rank   score  key") == len(demo.QUERIES)
    gallery = Matcher.load(tmp_path / "demo" / "garments.gallery")
    assert len(gallery) == 24
    assert {item.metadata["season"] for item in gallery.items()} == set(demo.SEASONS)
    prices = [item.metadata["price"] for item in gallery.items()]
    assert all(isinstance(price, int) and 10 <= price <= 150 for price in prices)
    assert demo.main(["--out", str(tmp_path / "demo"), "--train", "33", "--valid", "24"]) == 1
    assert "has 32 and 24 pictures, not 33 and 24; remove the demo's folder" in capsys.readouterr().err
    for command in ("train.py", "index", "search", "predict"):
        assert command in printed.split("Four things to try next")[1]
    with Embedder(tmp_path / "demo" / "bundle") as embedder:
        predicted = embedder.predict(tmp_path / "demo" / "garments" / "images" / "valid-00000.jpg")[0]
        assert set(predicted) == {attribute.name for attribute in embedder.attributes}
        temperatures = [each.temperature for each in embedder.bundle.manifest.model.posteriors.values()]
    assert any(temperature != 1 for temperature in temperatures)  # fitted where enough photos are labelled
