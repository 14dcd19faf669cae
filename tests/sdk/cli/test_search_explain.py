"""``fashionsdk search --explain``: the page and the sheet of a search, and what is refused before the work."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionsdk import Embedder, Matcher, explain
from fashionsdk.report import is_sheet
from fashionsdk.values import Posterior
from tests.sdk.report.test_attention_page import Figures

BY = ("--by", "neckline=0.7", "--by", "sleeve=-0.3", "-k", 5)


def test_the_page_holds_the_query_and_its_answers(run, bundle, gallery):
    argv = ("search", bundle.path, gallery, "shop/4.png", *BY, "--explain", "why.html")
    status, out, err = run(*argv, "--json")
    found = json.loads(out)
    assert status == 0, err
    assert "wrote why.html" in err
    page = Path("why.html").read_text()
    assert len(Figures(page).figures) == 3 * 6
    keys = [match["key"] for match in found["matches"]]
    assert re.findall(r"<h3>\d+\. (.*?)</h3>", page) == keys
    embedder = Embedder(bundle.path)
    with Matcher.open(gallery) as matcher:
        matches = matcher.search(embedder.embed("shop/4.png"), by={"neckline": 0.7, "sleeve": -0.3}, k=5)
    expected = [dict(each.contributions) for each in explain(embedder, matches, ".")]
    assert found["explanation"] == {"out": "why.html", "contributions": expected, "skipped": []}
    for match, added in zip(found["matches"], expected, strict=True):
        assert sum(added.values()) == pytest.approx(match["score"], abs=1e-6)
    assert run(*argv)[0] == 0  # its own page is replaced
    assert "<dd>neckline x 0.7, sleeve x -0.3</dd>" in page


def test_a_name_in_png_gives_a_sheet_which_it_replaces(run, bundle, gallery):
    argv = ("search", bundle.path, gallery, "shop/4.png", *BY, "--explain", "why.png")
    for _ in range(2):
        assert run(*argv)[0] == 0
    data = Path("why.png").read_bytes()
    assert is_sheet(io.BytesIO(data))
    assert Image.open(io.BytesIO(data)).format == "PNG"
    assert run(*argv[:-1], "why.html")[0] == 0


def test_without_photo_the_answers_alone_are_drawn(run, write_bundle, manifest, shop):
    telling = replace(manifest, model=replace(manifest.model, posteriors={"neckline": Posterior(0, 1.0)}))
    bundle = write_bundle(manifest=telling).path
    assert run("index", bundle, "shop", "--out", "x.gallery")[0] == 0
    argv = ("search", bundle, "x.gallery", "--value", "neckline=v", "-k", 2, "--explain", "why.html")
    assert run(*argv, "--where", "not (price exists)")[0] == 0
    page = Path("why.html").read_text()
    captions = [caption for _, caption in Figures(page).figures]
    assert len(captions) == 4
    assert re.fullmatch(r"neckline: (v|round) \(\d+%\)", captions[1])
    assert "<dd>neckline, neckline = v, not price exists</dd>" in page.replace("(", "").replace(")", "")


def test_photos_are_found_in_a_folder_or_by_metadata(run, bundle, gallery, shop, tmp_path):
    shop.rename(tmp_path / "moved")
    (tmp_path / "moved" / "4.png").rename(tmp_path / "query.png")
    argv = ("search", bundle.path, gallery, "query.png", "--by", "colour", "-k", 8, "--explain", "why.html", "--json")
    status, out, err = run(*argv)
    assert (status, len(json.loads(out)["explanation"]["skipped"])) == (0, 8)
    assert "skipped 8 of 8 answers' pictures" in err
    (tmp_path / "shop").symlink_to(tmp_path / "moved")
    status, out, err = run(*argv)
    assert [each["key"] for each in json.loads(out)["explanation"]["skipped"]] == ["shop/4.png"]
    assert "no picture of shop/4.png: no such file or directory" in err
    (tmp_path / "paths.csv").write_text("key,file\nshop/0.png,0.png\nshop/deep/1.png,../query.png\n")
    assert run("gallery", "update", gallery, "--metadata", "paths.csv")[0] == 0
    status, out, err = run(*argv, "--root", "moved", "--photo-field", "file", "--where", "file exists")
    (left,) = json.loads(out)["explanation"]["skipped"]
    assert (status, left["key"]) == (0, "shop/deep/1.png")
    assert left["reason"].startswith(f"leads out of the folder {tmp_path / 'moved'}; expected a path in it")


@pytest.mark.parametrize(
    ("options", "code", "reason"),
    [
        (("--root", "."), 2, "--root and --photo-field say where --explain finds photos; give that too"),
        (("--photo-field", "file"), 2, "--root and --photo-field say where --explain finds photos"),
        (("--explain", "why.html", "-k", 101), 2, "-k is 101; expected at most 100 answers with --explain"),
        (("--explain", "why.jpg"), 1, "no .jpg file; choose a name that ends in .html or .htm or .png"),
        (("--explain", "none/why.html"), 1, "there is no folder none; make it first"),
        (("--explain", "shop/4.png"), 1, "the command reads this file; choose another name"),
        (("--explain", "shop/2.png"), 1, "it exists and is not an HTML page or a PNG image that this program wrote"),
        (("--explain", "shop.gallery"), 1, "the command reads this file; choose another name"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_the_bundle_is_opened(run, gallery, tmp_path, options, code, reason):
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    status, out, err = run("search", "no-bundle", gallery, "shop/4.png", "--by", "colour", *options)
    assert (status, out) == (code, "")
    assert reason in err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_model_without_attention_is_rejected(run, write_bundle, manifest, reference, shop):
    blind = write_bundle(manifest=replace(manifest, attention_shape=None), reference=replace(reference, attention=None))
    assert run("index", blind.path, "shop", "--out", "x.gallery")[0] == 0
    argv = ("search", blind.path, "x.gallery", "shop/4.png", "--by", "colour", "--explain", "why.html")
    status, out, err = run(*argv)
    assert (status, out, Path("why.html").exists()) == (1, "", False)
    assert "has no attention maps; expected one with spatial attention" in err.splitlines()[-1]


def test_hostile_keys_and_metadata_stay_text(run, bundle, shop, tmp_path):
    embedder = Embedder(bundle.path)
    key = "<script>alert(1)</script>\x1b[2J"
    random = np.random.default_rng(5).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Matcher([key], embedder.embed(random), [{"<img src=x>": "<script>"}]).save(tmp_path / "x.gallery")
    for name in ("why.html", "why.png"):
        argv = ("search", bundle.path, "x.gallery", "shop/4.png", "--by", "colour", "--explain", name)
        status, out, err = run(*argv)
        assert status == 0
        assert "\x1b" not in out + err
    page = Path("why.html").read_text()
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in page
