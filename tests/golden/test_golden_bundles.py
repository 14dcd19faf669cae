"""Every golden array of a network through its exported bundle, in ONNX Runtime."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from fashionsdk import Embedder, check
from fashionsdk_export.pipeline import graph_file
from fashionsdk_training.config import IMAGENET_MEAN, IMAGENET_STD
from tests.golden import originals, recipe, reference
from tests.golden.test_golden import ATTRIBUTES, BRANCHES, ONE_BRANCH, PICTURES, SEED, stacked
from tests.long_ones import long_but

TOLERANCE = 1e-4  # of an array's largest value; 2e-6 measured
STEPS_COSINE = 0.9999  # of one step and the originals' two, which round pixels on the way; 0.999996 measured


def assert_close(got, expected):
    np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE * np.abs(expected).max())


def session_from(bundle, weights):
    """Open the bundle's graph with the inputs of the convolutions that use ``weights`` turned into inputs."""
    model = onnx.load(bundle.path / graph_file("fp32"))
    names = [node.input[0] for weight in weights for node in model.graph.node if weight in node.input]
    assert len(names) == len(weights)
    for node in [node for node in model.graph.node if set(node.output) & set(names)]:
        model.graph.node.remove(node)
    shape = ("n", 3, "side", "side")
    for name in names:
        model.graph.input.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]), names


@pytest.mark.parametrize("model", long_but({"ag_man"}, ONE_BRANCH))
def test_a_bundle_computes_what_the_original_does(model, bundles, golden):
    bundle, name = bundles(model), originals.PROGRAMS[model]
    session, (pixels,) = session_from(bundle, ["model.backbone.net.conv1.weight"])
    outputs = ["embeddings"] if model == "csn" else ["embeddings", "attention"]
    unused = np.zeros((2, 224, 224, 3), np.uint8)  # the graph reads the batch size from it
    answers = session.run(outputs, {"images": unused, pixels: recipe.images(SEED)})
    for output, array in zip(outputs, answers, strict=True):
        assert_close(array, golden[f"{name}.{output}"])


@pytest.mark.long
def test_a_bundle_of_asen_pp_computes_what_the_original_does(bundles, golden):
    weights = [f"model.{name}_branch.backbone.net.conv1.weight" for name in BRANCHES]
    session, names = session_from(bundles("asen_pp"), weights)
    whole, part = (images for _, images in BRANCHES.values())
    given = {names[0]: whole, names[1]: part.repeat(ATTRIBUTES, axis=0)}  # one local picture an attribute
    unused = np.zeros((2, 448, 448, 3), np.uint8)
    embeddings, attention = session.run(["embeddings", "attention"], {"images": unused, **given})
    halves = (golden[f"ASENpp.{name}.embeddings"].astype(np.float64) for name in BRANCHES)
    expected = [
        np.sqrt(share) * half / np.linalg.norm(half, axis=-1, keepdims=True)
        for share, half in zip((0.6, 0.4), halves, strict=True)
    ]
    assert_close(embeddings, np.concatenate(expected, axis=-1))
    assert_close(attention, golden["ASENpp.global.attention"])


def test_a_bundle_embeds_photos_as_the_reference_does(bundles):
    images = np.random.default_rng(1).integers(0, 256, (2, 224, 224, 3), np.uint8)
    pixels = ((images / 255 - IMAGENET_MEAN) / IMAGENET_STD).astype(np.float32).transpose(0, 3, 1, 2)
    state = originals.formula_state("asen")
    answers = reference.answers("asen", state, "resnet50", torch.from_numpy(pixels), ATTRIBUTES)
    got = Embedder(bundles("asen").path, device="cpu").embed(images, attention=True)
    assert_close(got.vectors, stacked(answers, "embedding"))
    assert_close(got.attention, stacked(answers, "attention"))


@pytest.mark.slow
@pytest.mark.long
def test_one_step_of_asen_pp_embeds_pictures_as_the_originals_two(bundles, golden):
    embedder = Embedder(bundles("asen_pp").path, device="cpu")
    got = embedder.embed([np.asarray(picture) for picture in PICTURES]).vectors
    cosines = (got * golden["ASENpp.end_to_end.embeddings"]).sum(axis=-1)
    assert cosines.min() > STEPS_COSINE


@pytest.mark.parametrize("model", long_but(set(ONE_BRANCH), originals.PROGRAMS))
def test_a_bundle_checks_itself(model, bundles):
    assert check(bundles(model), device="cpu").ok
