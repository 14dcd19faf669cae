"""A new attribute on a trained network: what it learns, and that nothing old changes by a bit."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from fashionsdk import Embedder
from fashionsdk.attributes import Attribute
from fashionsdk.labels import read_retrieval
from fashionsdk.photos._preprocessing import Preprocessing
from fashionsdk_export.pipeline import build_bundle
from fashionsdk_training.adding.attribute_photos import LabelledPhotos
from fashionsdk_training.adding.fit_classifier import PENALTY, encode_bands, fit_added
from fashionsdk_training.adding.new_attribute import add_attribute, extend
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.cli.add_attribute_command import main
from fashionsdk_training.config import ModelConfig
from fashionsdk_training.data.photo_cache import cache_photos
from fashionsdk_training.errors import DataError
from fashionsdk_training.loop.validation import evaluate_checkpoint, evaluate_model
from fashionsdk_training.models.extended import BANDS, MOST_VALUES, SHARPNESS, AddedAttribute, pool_bands
from tests.training.conftest import SIDE, SYSTEMS, TINY, draw, trained_like

COLOURS = ("green", "red")
SOLVER_ATOL = 1e-3  # two solvers of one convex problem stop at other points near the optimum; 1e-4 measured
SUM_ATOL = 1e-5  # the same sums in another order


def checkpoint_of(config: ModelConfig, attributes: int = 1) -> Checkpoint:
    names = [Attribute("colour", COLOURS), *(Attribute(f"old {a}", COLOURS) for a in range(1, attributes))]
    return Checkpoint(config, Preprocessing(SIDE), tuple(names), trained_like(config, attributes).state_dict())


def images(count: int = 6) -> torch.Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.randint(0, 256, (count, SIDE, SIDE, 3), dtype=torch.uint8, generator=generator)


@torch.inference_mode()
def with_random_attribute(checkpoint: Checkpoint, name: str = "new") -> Checkpoint:
    """Fit random labels: whatever it learns, the old must stay."""
    model = checkpoint.build()
    bands = encode_bands(model, images(12).numpy())
    with torch.inference_mode(mode=False):
        added = fit_added(bands.clone(), np.arange(12) % 3, model.dimension)
    return extend(checkpoint, Attribute(name, ("a", "b", "c")), added)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A table whose stripes have nothing to do with their colours: 30 training photos a value, 36 to judge by."""
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
    """A checkpoint that knows colours."""
    path = tmp_path_factory.mktemp("known") / "best"
    checkpoint_of(TINY).save(path)
    return path


def command(known, shop, out, *options):
    return main([str(known), "--data", str(shop), "--attribute", "stripes", "--out", str(out), *options])


def map_by(checkpoint, shop, name):
    """Return the MAP of questions about stripes that another attribute's embeddings answer."""
    questions = read_retrieval(shop, "valid").select(["stripes"])
    photos = cache_photos(questions.paths, checkpoint.preprocessing, shop.parent / "photos")
    renamed = {name: "stripes", "stripes": name}
    names = [renamed.get(attribute.name, attribute.name) for attribute in checkpoint.attributes]
    return evaluate_model(checkpoint.build(), names, questions, photos).overall.map


def test_twenty_photos_a_value_teach_what_the_old_attribute_does_not_tell(known, shop, tmp_path, capsys):
    assert command(known, shop, tmp_path / "more", "--photos-per-value", "20") == 0
    assert "stripes: 60 photos" in capsys.readouterr().out
    extended = Checkpoint.load(tmp_path / "more")
    assert [attribute.name for attribute in extended.attributes] == ["colour", "stripes"]
    assert extended.attributes[1].values == ("horizontal", "plain", "vertical")
    score = evaluate_checkpoint(tmp_path / "more", shop, "valid", attributes=["stripes"]).overall
    assert extended.metrics["map/stripes"] == score.map
    assert score.map > score.random_map + 40
    assert score.map > map_by(extended, shop, "colour") + 30
    (step,) = extended.recipe["added"]
    assert step["photos"] == {"horizontal": 20, "plain": 20, "vertical": 20}
    assert (step["attribute"], step["split"], step["seed"]) == ("stripes", "train", 0)


@torch.inference_mode()
@pytest.mark.parametrize("system", [*SYSTEMS, "posteriors"])
def test_old_embeddings_and_attention_stay_the_same_to_the_bit(system):
    config = SYSTEMS.get(system, replace(TINY, values=(2, 2)))
    checkpoint = checkpoint_of(config, 2)
    extended = with_random_attribute(with_random_attribute(checkpoint), "newer")
    old, new = checkpoint.build()(images()), extended.build()(images())
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


def test_bundles_give_the_old_embeddings_to_the_bit(tmp_path):
    checkpoint = checkpoint_of(TINY)
    parts = {"old": checkpoint, "new": with_random_attribute(checkpoint)}
    old, new = (
        Embedder(build_bundle(part, tmp_path / name).bundle.path).embed(images().numpy(), attention=True)
        for name, part in parts.items()
    )
    np.testing.assert_array_equal(new.vectors[:, :1], old.vectors)
    np.testing.assert_array_equal(new.attention[:, :1], old.attention)


def test_the_embedding_is_the_root_of_sharpened_probabilities_of_a_penalised_logistic_regression():
    rng = np.random.default_rng(0)
    values = np.repeat([0, 2, 3], 12)  # nobody has value 1
    bands = torch.from_numpy(rng.normal(values[:, None, None] % 3, 2, (36, BANDS, 4)).astype(np.float32))
    features = bands.flatten(1).numpy()
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    penalty = PENALTY * features.shape[1] * len(features)
    expected = (
        LogisticRegression(C=1 / penalty, max_iter=5000, tol=1e-8).fit(features, values).decision_function(features)
    )
    powers = np.exp(SHARPNESS * (expected - expected.max(axis=1, keepdims=True)))
    added = fit_added(bands, values, 32)
    with torch.inference_mode():
        got = added.embed(bands).numpy()
    np.testing.assert_allclose(
        got[:, [0, 2, 3]] ** 2, powers / powers.sum(axis=1, keepdims=True), rtol=0, atol=SOLVER_ATOL
    )
    assert not got[:, [1, *range(4, 32)]].any()


def test_a_feature_that_few_photos_hardly_show_does_not_decide():
    values = np.arange(8) % 2
    bands = torch.zeros(8, BANDS, 3)
    bands[:, :, 0] = torch.from_numpy(values).float()[:, None]
    bands[:, :, 1] = torch.linspace(-1, 1, 8)[:, None]
    bands[0, :, 2] = 1e-7
    added = fit_added(bands, values, 8)
    changed = bands.clone()
    changed[:, :, 2] = 0.01
    with torch.inference_mode():
        torch.testing.assert_close(added.embed(changed), added.embed(bands), rtol=0, atol=1e-2)


@pytest.mark.parametrize("height", [1, 3, 5, 7, 14])
def test_bands_are_means_over_equal_heights(height):
    features = torch.rand(2, 3, height, 4)
    fine = features.repeat_interleave(BANDS, dim=2)  # h*R rows, so every band is h of them
    expected = torch.stack([band.mean(dim=(2, 3)) for band in fine.split(height, dim=2)], dim=1)
    torch.testing.assert_close(pool_bands(features), expected)


@torch.inference_mode()
@pytest.mark.parametrize("height", [3, 5, 7])
def test_evidence_averages_to_the_logits_and_attention_is_its_softmax(height):
    torch.manual_seed(0)
    added, features = AddedAttribute(3, 6), torch.rand(2, 3, height, 4)
    torch.nn.init.normal_(added.mean)
    torch.nn.init.uniform_(added.deviation, 0.5, 2)
    vectors, attention = added(features)
    probabilities = vectors[:, 0].square()
    evidence = added.evidence(features, probabilities)
    standardised = (pool_bands(features) - added.mean) / added.deviation
    logits = standardised.flatten(1) @ added.classify.weight.T
    torch.testing.assert_close(evidence.mean(dim=(1, 2)), (probabilities * logits).sum(dim=1), rtol=0, atol=SUM_ATOL)
    weights = evidence.flatten(1).exp()
    torch.testing.assert_close(attention.flatten(1), weights / weights.sum(dim=1, keepdim=True), rtol=0, atol=SUM_ATOL)


def test_mirrored_photos_are_those_seen_from_the_right(known):
    model = Checkpoint.load(known).build()
    flipped = np.ascontiguousarray(images().numpy()[:, :, ::-1])
    assert torch.equal(encode_bands(model, images().numpy(), mirrored=True), encode_bands(model, flipped))


@settings(max_examples=50)
@given(st.lists(st.integers(0, 4), max_size=40), st.integers(1, 12), st.integers(0, 9))
def test_a_draw_has_as_many_photos_of_each_value_as_asked_or_all_and_fewer_are_among_more(values, count, seed):
    names = tuple(f"{i}.png" for i in range(len(values)))
    labelled = LabelledPhotos(Attribute("a", tuple("vwxyz")), names, (), np.array(values, np.int64))
    rows, more = labelled.draw(count, seed), labelled.draw(count + 1, seed)
    for value in range(5):
        assert (labelled.values[rows] == value).sum() == min(count, values.count(value))
    assert set(rows.tolist()) <= set(more.tolist())
    assert rows.tolist() == sorted(set(rows.tolist())) == labelled.draw(count, seed).tolist()
    assert labelled.draw(None, seed).tolist() == list(range(len(values)))


def test_another_seed_draws_other_photos():
    labelled = LabelledPhotos(Attribute("a", ("v",)), tuple(map(str, range(50))), (), np.zeros(50, np.int64))
    draws = {tuple(labelled.draw(10, seed).tolist()) for seed in range(5)}
    assert len(draws) == 5


def test_the_same_command_writes_the_same_bytes_and_a_failing_one_leaves_them(known, shop, tmp_path, capsys):
    out, before = tmp_path / "more", {file.name: file.read_bytes() for file in known.iterdir()}
    contents = []
    for _ in range(2):
        assert command(known, shop, out, "--photos-per-value", "5", "--seed", "4") == 0
        contents.append({file.name: file.read_bytes() for file in out.iterdir()})
    assert command(known, shop.with_name("none.csv"), out) == 1
    assert contents[0] == contents[1] == {file.name: file.read_bytes() for file in out.iterdir()}
    assert before == {file.name: file.read_bytes() for file in known.iterdir()}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["more"]
    assert "cannot be read" in capsys.readouterr().err


def test_what_is_asked_for_and_not_there_is_used_as_far_as_it_goes_and_said(known, shop, tmp_path, caplog):
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
    assert "stripes is not judged" in caplog.text
    assert extended.metrics == {}


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--attribute", "colour"], 2, "knows 'colour' already; expected another than colour"),
        (["--attribute", "stripe"], 2, "unknown attribute 'stripe'; expected colour, stripes"),
        (["--split", "test"], 1, "split 'test' is empty"),
        (["--photos-per-value", "0"], 2, "0 photos a value; expected 1 or more"),
        (["--seed", "-1"], 2, "seed is -1"),
        (["--valid", "train"], 1, "would both teach and judge"),
        (["--data", "nowhere.csv"], 1, "cannot be read"),
    ],
)
def test_what_is_wrong_is_one_line_and_an_exit_code(known, shop, tmp_path, capsys, options, status, message):
    assert command(known, shop, tmp_path / "more", *options) == status
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("add_attribute.py: error:")
    assert message in error
    assert not (tmp_path / "more").exists()


def test_the_checkpoint_is_never_its_own_output(known, shop, capsys):
    assert command(known, shop, known.parent / "." / "best") == 2
    assert "--out is the checkpoint itself" in capsys.readouterr().err


@pytest.mark.parametrize("values", [["plain"] * 4, ["", "", "", ""], ["plain", "vertical", "plain", "plain"]])
def test_one_value_is_nothing_to_tell_apart(known, tmp_path, values):
    rows = [f"{i}.png,train,{value}" for i, value in enumerate(values)]
    (tmp_path / "labels.csv").write_text("\n".join(["image,split,stripes", *rows]) + "\n")
    for i in (0, 2, 3):  # the third case's one vertical photo is missing
        draw("red", "plain", np.random.default_rng(i)).save(tmp_path / f"{i}.png")
    with pytest.raises(DataError, match="at least two values"):
        add_attribute(Checkpoint.load(known), tmp_path / "labels.csv", "stripes")


def test_an_embedding_has_room_for_so_many_values():
    bands = torch.rand(4, BANDS, 2)
    assert fit_added(bands, np.array([0, 5, 5, 0]), 6).embed(bands).shape == (4, 6)
    with pytest.raises(ValueError, match="value index 6 of an added attribute; expected at most 6 values"):
        fit_added(bands, np.array([0, 6, 6, 0]), 6)
    with pytest.raises(ValueError, match=f"at most {MOST_VALUES} values"):
        fit_added(bands, np.array([0, MOST_VALUES, 1, 0]), 2 * MOST_VALUES)


def test_the_config_of_an_extended_checkpoint_is_plain_json(known, shop, tmp_path):
    assert command(known, shop, tmp_path / "more", "--photos-per-value", "3") == 0
    config = json.loads((tmp_path / "more" / "config.json").read_text())
    assert config["model"]["added"] == 1
    assert config["recipe"]["added"][0]["photos_per_value"] == 3
    assert len(config["recipe"]["added"][0]["data_digest"]) == 64
