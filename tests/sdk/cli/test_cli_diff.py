"""``fashionsdk diff``: which bundles and galleries fit together."""

import json
from dataclasses import replace

import pytest

from fashionsdk.bundle import Bundle


@pytest.fixture
def galleries(written, shop, run):
    """The tiny bundle's photos in a file and in a folder."""
    assert run("index", written, "shop", "--out", "shop.gallery")[0] == 0
    assert run("gallery", "add", "stock/", "--bundle", written, "shop", "--codec", "int8")[0] == 0
    return written


def test_a_bundle_and_its_galleries_compare(galleries, run):
    for pair in ((galleries, "shop.gallery"), ("stock/", galleries), ("shop.gallery", "stock/")):
        status, out, _ = run("diff", *pair)
        assert (status, out.splitlines()[-1]) == (0, "they compare")
    lines = {line.split()[0]: line.split()[1] for line in run("diff", "stock/", galleries)[1].splitlines()[:-1]}
    assert lines == {
        **dict.fromkeys(("digest", "dimensions", "precision", "preprocessing"), "same"),
        "codec": "differs",
    }


def test_another_model_and_another_preprocessing_are_named_with_the_reason(galleries, run, write_bundle, manifest):
    other = replace(manifest, model=replace(manifest.model, digest="f" * 64))
    bundle = write_bundle(manifest=other, out=galleries.parent / "other")
    status, out, _ = run("diff", bundle.path, "stock/")
    assert status == 1
    assert "they do not compare: stock/ has the model" in out.splitlines()[-1]
    padded = replace(manifest, preprocessing=replace(manifest.preprocessing, fit="pad"))
    bundle = write_bundle(manifest=padded, out=galleries.parent / "padded")
    answer = json.loads(run("diff", bundle.path, "stock/", "--json")[1])
    assert answer["compare"] is False
    assert "preprocessing" in answer["reason"]
    assert [name for name, part in answer["parts"].items() if not part["same"]] == ["codec", "preprocessing"]
    status, out, _ = run("diff", bundle.path, "shop.gallery")
    assert (status, "preprocessing" in out.splitlines()[-1]) == (1, True)


def test_what_is_neither_is_an_error(galleries, run):
    status, _, err = run("diff", galleries, "nothing.gallery")
    assert status == 1
    assert "nothing.gallery" in err
    (Bundle.open(galleries).path / "manifest.json").write_text("{}")
    assert run("diff", galleries, "shop.gallery")[0] == 1
