"""Adding an attribute to a trained network: what it learns, and that other embeddings stay equal to the bit."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from fashionsdk import Embedder
from fashionsdk.attributes import Attribute
from fashionsdk.evaluation import Score
from fashionsdk.labels import read_retrieval
from fashionsdk.photos._preprocessing import Preprocessing
from fashionsdk_export.pipeline import build_bundle
from fashionsdk_training.adding.fit_classifier import encode_bands, fit_added
from fashionsdk_training.adding.new_attribute import add_attribute, extend
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.cli.add_attribute_command import main
from fashionsdk_training.config import ModelConfig
from fashionsdk_training.data.photo_cache import cache_photos
from fashionsdk_training.errors import DataError
from fashionsdk_training.loop.validation import evaluate_checkpoint, evaluate_model
from tests.training.conftest import SIDE, SYSTEMS, TINY, draw, photos, trained_like, with_values

COLOURS = ("green", "red")


def checkpoint_of(config: ModelConfig, attributes: int = 1) -> Checkpoint:
    names = [Attribute("colour", COLOURS), *(Attribute(f"old {a}", COLOURS) for a in range(1, attributes))]
    return Checkpoint(config, Preprocessing(SIDE), tuple(names), trained_like(config, attributes).state_dict())


@torch.inference_mode()
def with_random_attribute(checkpoint: Checkpoint, name: str = "new") -> Checkpoint:
    """Add an attribute with random labels."""
    model = checkpoint.build()
    bands = encode_bands(model, photos(12, SIDE, seed=5).numpy())
    with torch.inference_mode(mode=False):
        added = fit_added(bands.clone(), np.arange(12) % 3, model.dimension)
    return extend(checkpoint, Attribute(name, ("a", "b", "c")), added)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A table whose stripes are independent of the colours: 30 training photos a value, 36 for validation."""
    folder, rng = tmp_path_factory.mktemp("stripes"), np.random.default_rng(1)
    lines = ["image,split,colour,stripes"]
    for i in range(126):
        colour, stripes = COLOURS[i % 2], ("horizontal", "vertical", "plain")[i // 2 % 3]
        draw(colour, stripes, rng).save(folder / f"{i}.png")
        lines.append(f"{i}.png,{'train' if i < 90 else 'valid'},{colour},{stripes}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder / "labels.csv"


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """A checkpoint with the attribute colour."""
    path = tmp_path_factory.mktemp("known") / "best"
    checkpoint_of(TINY).save(path)
    return path


def test_a_checkpoint_that_pads_reads_the_new_attributes_photos_whole_and_stays_one(shop, tmp_path, monkeypatch):
    seen, read, pad = set(), Preprocessing.read_placed, Preprocessing(SIDE, fit="pad")

    def noted(preprocessing, path):
        seen.add(preprocessing)
        return read(preprocessing, path)

    replace(checkpoint_of(TINY), preprocessing=pad).save(tmp_path / "known")
    monkeypatch.setattr(Preprocessing, "read_placed", noted)
    assert command(tmp_path / "known", shop, tmp_path / "out") == 0
    assert seen == {pad}
    assert Checkpoint.load(tmp_path / "out").preprocessing == pad


def command(known, shop, out, *options):
    given = {"--data": str(shop), "--attribute": "stripes", "--out": str(out)}
    flags = [option for option in options if option == "--overwrite"]
    valued = [option for option in options if option not in flags]
    given |= dict(zip(valued[::2], valued[1::2], strict=True))
    return main([str(known), *flags, *(word for option in given.items() for word in option)])


def map_by(checkpoint, shop, name):
    """Return the MAP of queries for stripes, answered by another attribute's embeddings."""
    queries = read_retrieval(shop, "valid").select(["stripes"])
    pictures = cache_photos(queries.paths, checkpoint.preprocessing, shop.parent / "photos")
    renamed = {name: "stripes", "stripes": name}
    attributes = [replace(each, name=renamed.get(each.name, each.name)) for each in checkpoint.attributes]
    return evaluate_model(checkpoint.build(), attributes, queries, pictures).overall.map


def test_twenty_photos_of_each_value_are_enough_to_learn_a_new_attribute(known, shop, tmp_path, capsys):
    assert command(known, shop, tmp_path / "more", "--photos-per-value", "20") == 0
    assert "stripes: 60 photos" in capsys.readouterr().out
    extended = Checkpoint.load(tmp_path / "more")
    assert [attribute.name for attribute in extended.attributes] == ["colour", "stripes"]
    assert extended.attributes[1].values == ("horizontal", "plain", "vertical")
    score = evaluate_checkpoint(tmp_path / "more", shop, "valid", attributes=["stripes"]).overall
    assert isinstance(score, Score)
    assert extended.metrics["map/stripes"] == score.map
    assert score.map > score.random_map + 40
    assert score.map > map_by(extended, shop, "colour") + 30
    (step,) = extended.recipe["added"]
    assert step["photos"] == {"horizontal": 20, "plain": 20, "vertical": 20}
    assert (step["attribute"], step["split"], step["seed"]) == ("stripes", "train", 0)


@torch.inference_mode()
@pytest.mark.parametrize("system", [*SYSTEMS, "posteriors"])
def test_old_embeddings_and_attention_stay_the_same_to_the_bit(system):
    config = with_values(SYSTEMS.get(system, replace(TINY, values=(2, 2))), 2)
    checkpoint = checkpoint_of(config, 2)
    extended = with_random_attribute(with_random_attribute(checkpoint), "newer")
    old, new = checkpoint.build()(photos(6, SIDE, seed=5)), extended.build()(photos(6, SIDE, seed=5))
    assert new.embeddings.shape == (6, 4, old.embeddings.shape[2])
    assert torch.equal(new.embeddings[:, :2], old.embeddings)
    if old.attention is not None:
        assert torch.equal(new.attention[:, :2], old.attention)
    torch.testing.assert_close(new.embeddings.norm(dim=-1), torch.ones(6, 4))


def test_a_second_attribute_leaves_the_first_as_it_was():
    once = with_random_attribute(checkpoint_of(TINY))
    twice = with_random_attribute(once, "newer")
    assert set(once.weights) < set(twice.weights)
    assert all(torch.equal(value, twice.weights[key]) for key, value in once.weights.items())
    assert twice.model.added == 2
    assert [step["attribute"] for step in twice.recipe["added"]] == ["new", "newer"]


@pytest.mark.usefixtures("one_export_table")
@pytest.mark.long
def test_bundles_give_the_old_embeddings_to_the_bit(tmp_path, monkeypatch):
    monkeypatch.setattr("fashionsdk_export.graph.reference_answers.REFERENCE_IMAGES", 2)
    checkpoint = checkpoint_of(TINY)
    parts = {"old": checkpoint, "new": with_random_attribute(checkpoint)}
    old, new = (
        Embedder(build_bundle(part, tmp_path / name).bundle.path).embed(photos(6, SIDE, seed=5).numpy(), attention=True)
        for name, part in parts.items()
    )
    np.testing.assert_array_equal(new.vectors[:, :1], old.vectors)
    assert new.attention is not None
    assert old.attention is not None
    np.testing.assert_array_equal(new.attention[:, :1], old.attention)


def test_the_same_command_writes_the_same_bytes_and_a_failing_one_leaves_them(known, shop, tmp_path, capsys):
    out, before = tmp_path / "more", {file.name: file.read_bytes() for file in known.iterdir()}
    contents = []
    for _ in range(2):
        assert command(known, shop, out, "--photos-per-value", "5", "--seed", "4", "--overwrite") == 0
        contents.append({file.name: file.read_bytes() for file in out.iterdir()})
    assert command(known, shop.with_name("none.csv"), out, "--overwrite") == 1
    assert command(known, shop, out) == 1
    assert "holds a checkpoint; replace it with --overwrite" in capsys.readouterr().err.splitlines()[-1]
    assert command(known, shop.with_name("none.csv"), out, "--overwrite") == 1
    assert contents[0] == contents[1] == {file.name: file.read_bytes() for file in out.iterdir()}
    assert before == {file.name: file.read_bytes() for file in known.iterdir()}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["more"]
    assert "cannot be read" in capsys.readouterr().err


def test_missing_photos_and_queries_are_logged(known, shop, tmp_path, caplog):
    text = shop.read_text()
    (tmp_path / "labels.csv").write_text(text.replace(",valid,", ",test,").replace("0.png,", "gone/0.png,", 1))
    for photo in shop.parent.glob("*.png"):
        (tmp_path / photo.name).symlink_to(photo)
    (tmp_path / "5.png").unlink()
    (tmp_path / "5.png").write_bytes(b"no photo")
    extended = add_attribute(Checkpoint.load(known), tmp_path / "labels.csv", "stripes", photos_per_value=30)
    assert extended.recipe["added"][0]["photos"] == {"horizontal": 29, "plain": 29, "vertical": 30}
    assert "2 of 90 photos cannot be read" in caplog.text
    assert "2 values have fewer than 30 photos: horizontal (29), plain (29)" in caplog.text
    assert "stripes is not evaluated" in caplog.text
    assert extended.metrics == {}


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--attribute", "colour"], 2, "knows 'colour' already; expected another than colour"),
        (["--attribute", "stripe"], 2, "unknown attribute 'stripe'; expected colour, stripes"),
        (["--split", "test"], 1, "split 'test' is empty"),
        (["--photos-per-value", "0"], 2, "0 photos a value; expected 1 or more"),
        (["--seed", "-1"], 2, "seed is -1"),
        (["--valid", "train"], 1, "photos are in both 'train' and 'train'"),
        (["--data", "nowhere.csv"], 1, "cannot be read"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(known, shop, tmp_path, capsys, options, status, message):
    assert command(known, shop, tmp_path / "more", *options) == status
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("add_attribute.py: error:")
    assert message in error
    assert not (tmp_path / "more").exists()


def test_the_checkpoint_is_never_its_own_output(known, shop, capsys):
    assert command(known, shop, known.parent / "." / "best") == 2
    assert "--out is the checkpoint itself" in capsys.readouterr().err


def test_a_product_in_two_splits_is_an_error(known, tmp_path):
    rows = [f"{i}.png,{'train' if i < 4 else 'valid'},p{i % 5},{('plain', 'vertical')[i % 2]}" for i in range(8)]
    (tmp_path / "labels.csv").write_text("\n".join(["image,split,product,stripes", *rows]) + "\n")
    with pytest.raises(DataError, match=r"3 products have photos in several splits: 'p0' in 'train' and 'valid'"):
        add_attribute(Checkpoint.load(known), tmp_path / "labels.csv", "stripes")


@pytest.mark.parametrize("values", [["plain"] * 4, ["", "", "", ""], ["plain", "vertical", "plain", "plain"]])
def test_one_value_is_not_enough(known, tmp_path, values):
    rows = [f"{i}.png,train,{value}" for i, value in enumerate(values)]
    (tmp_path / "labels.csv").write_text("\n".join(["image,split,stripes", *rows]) + "\n")
    for i in (0, 2, 3):  # the third case's one vertical photo is missing
        draw("red", "plain", np.random.default_rng(i)).save(tmp_path / f"{i}.png")
    with pytest.raises(DataError, match="at least two values"):
        add_attribute(Checkpoint.load(known), tmp_path / "labels.csv", "stripes")


def test_the_config_of_an_extended_checkpoint_is_plain_json(known, shop, tmp_path):
    assert command(known, shop, tmp_path / "more", "--photos-per-value", "3") == 0
    config = json.loads((tmp_path / "more" / "config.json").read_text())
    assert config["model"]["added"] == 1
    assert config["recipe"]["added"][0]["photos_per_value"] == 3
    assert len(config["recipe"]["added"][0]["data_digest"]) == 64
