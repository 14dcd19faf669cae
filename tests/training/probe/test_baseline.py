"""The baseline of a run: frozen features as computed one by one, and what is kept of them."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import load, load_file, save_file

from fashionsdk.evaluation import evaluate
from fashionsdk.photos import Preprocessing
from fashionsdk_training.data import PhotoCache
from fashionsdk_training.errors import WeightsError
from fashionsdk_training.probe import FrozenNetwork, fit_probe, measure_baseline
from fashionsdk_training.probe.baseline import FEATURES_FILE, PROBE_FILE
from tests.training.conftest import SIDE, TINY, photos

CPU = torch.device("cpu")
BATCH_ATOL = 1e-5  # of features of about 1: other batch sizes add float32 in another order


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """Weights of the whole tiny network, without its classifier."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "test_resnet.safetensors"
    save_file(timm.create_model("test_resnet", num_classes=0).state_dict(), path)
    return path


@pytest.fixture(scope="module")
def network(weights) -> FrozenNetwork:
    return FrozenNetwork.load(TINY, weights, CPU)


def test_features_are_the_whole_networks_of_each_photo_alone(network, weights):
    pixels = photos(40, 36).numpy()
    got = network.features(PhotoCache(pixels, {}), Preprocessing(SIDE), np.arange(3, 40))
    model = timm.create_model("test_resnet", num_classes=0)
    model.load_state_dict(load_file(weights))
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (TINY.mean, TINY.std))
    with torch.inference_mode():
        for row, photo in zip(got, pixels[3:], strict=True):
            resized = np.asarray(Image.fromarray(photo).resize((SIDE, SIDE), Image.Resampling.BILINEAR))
            image = torch.from_numpy(resized.copy()).permute(2, 0, 1) / 255
            np.testing.assert_allclose(row, model.eval()(((image - mean) / std)[None])[0], rtol=0, atol=BATCH_ATOL)


def test_padded_photos_give_the_features_of_the_photos_without_their_padding_laid_anew(network):
    pixels, pad = photos(6, 48).numpy(), Preprocessing((48, 32), fit="pad")
    visible = np.array([(0, 5, 48, 40), (7, 0, 30, 48), (0, 0, 48, 48), (0, 20, 48, 21), (3, 4, 5, 6), (0, 0, 9, 48)])
    laid = [
        pad.read(photo[top:bottom, left:right].copy())
        for photo, (left, top, right, bottom) in zip(pixels, visible, strict=True)
    ]
    expected = network.features(PhotoCache(np.stack(laid), {}), pad)
    np.testing.assert_array_equal(network.features(PhotoCache(pixels, {}, visible), pad), expected)


def test_the_files_name_may_stand_for_the_backbones(weights):
    network = FrozenNetwork.load(TINY, weights.with_name("{backbone}.safetensors"), CPU)
    assert network.digest() == FrozenNetwork.load(TINY, weights, CPU).digest()
    with pytest.raises(WeightsError, match="not a readable safetensors file"):
        FrozenNetwork.load(TINY, weights.with_name("none-{backbone}.safetensors"), CPU)


def test_other_weights_or_another_normalisation_have_another_digest(network, weights):
    torch.manual_seed(1)
    other = FrozenNetwork(timm.create_model("test_resnet", num_classes=0), network.mean, network.std, CPU)
    brighter = FrozenNetwork.load(replace(TINY, mean=(0.4, 0.5, 0.5)), weights, CPU)
    assert len({each.digest() for each in (network, other, brighter)}) == 3


def test_the_baseline_is_the_probe_of_the_labelled_photos_on_the_validation_split(network, data, tmp_path):
    values, readable = data.values.copy(), data.retrieval_photos
    values[[4, 9]] = -1
    part = replace(data, values=values, retrieval_photos=replace(readable, unreadable={2: "missing"}))
    baseline = measure_baseline(network, part, tmp_path)
    labelled = np.delete(np.arange(len(values)), [4, 9])
    train = network.features(data.photos, Preprocessing(SIDE), labelled)
    probe = fit_probe(train, values[labelled], data.labels.attributes)
    vectors = probe.embeddings(network.features(readable, Preprocessing(SIDE)))
    batches = [(np.array([i]), vectors[i : i + 1]) for i in range(len(vectors)) if i != 2]
    expected = evaluate(data.retrieval, batches, [attribute.name for attribute in data.labels.attributes])
    assert baseline.evaluation == expected
    assert baseline.evaluation.without_embedding == 1
    each = {f"linear_map/{score.attribute}": score.map for score in expected.attributes}
    assert baseline.metrics() == {"linear_map": expected.overall.map, **each}


@pytest.fixture(scope="module")
def measured(network, data, tmp_path_factory):
    """A baseline and the folder that keeps it."""
    folder = tmp_path_factory.mktemp("runs") / "baseline"
    return measure_baseline(network, data, folder), folder


def test_a_baseline_is_computed_once(network, data, measured, monkeypatch):
    first, folder = measured
    monkeypatch.setattr(FrozenNetwork, "features", lambda *_, **__: pytest.fail("features are computed again"))
    monkeypatch.setattr("fashionsdk_training.probe.baseline.fit_probe", lambda *_, **__: pytest.fail("fitted again"))
    again = measure_baseline(network, data, folder)
    assert again.evaluation == first.evaluation
    assert again.probe.attributes == first.probe.attributes
    for name, tensor in first.probe.tensors().items():
        assert torch.equal(again.probe.tensors()[name], tensor)


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "no digest"])
def test_damaged_features_are_computed_again_with_a_word(network, data, measured, tmp_path, caplog, damage):
    check_damage(network, data, measured, tmp_path / FEATURES_FILE, caplog, damage)


def test_a_damaged_probe_is_fitted_again_with_a_word(network, data, measured, tmp_path, caplog):
    check_damage(network, data, measured, tmp_path / PROBE_FILE, caplog, "flip")


def check_damage(network, data, measured, file, caplog, damage):
    first, folder = measured
    shutil.copytree(folder, file.parent, dirs_exist_ok=True)
    content = file.read_bytes()
    tensors = load(content)
    if damage == "no digest":
        save_file(tensors, file)
    else:
        flipped = content[:-5] + bytes([content[-5] ^ 1]) + content[-4:]
        file.write_bytes({"flip": flipped, "cut": content[:-9], "empty": b""}[damage])
    again = measure_baseline(network, data, file.parent)
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{file} is computed again: it is damaged, or of another version:")
    assert again.evaluation == first.evaluation
    for key, tensor in load_file(file).items():
        assert torch.equal(tensor, tensors[key])


@pytest.mark.parametrize("change", ["labels", "size"])
def test_the_baseline_of_other_labels_or_another_size_is_computed_again(
    network, data, measured, tmp_path, caplog, change
):
    caplog.set_level("INFO")
    first, folder = measured
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    values, side = data.values.copy(), SIDE
    if change == "labels":
        values[0] = -1
    else:
        side = 36
    other = replace(data, values=values, preprocessing=Preprocessing(side))
    got = measure_baseline(network, other, tmp_path)
    reasons = [record.getMessage().split(": ")[-1] for record in caplog.records]
    assert reasons == ["it is of other photos, labels or settings"] * 2
    assert not torch.equal(got.probe.weight, first.probe.weight)
