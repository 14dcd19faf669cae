"""The importer accepts files of the papers' programs only, checks every key, and runs no code in a file."""

import io
import os
import re
from typing import get_args

import numpy as np
import pytest
import torch

from fashionsdk.attributes import Attribute
from fashionsdk.photos._preprocessing import Preprocessing
from fashionsdk_training.config import Original
from fashionsdk_training.errors import CheckpointError
from fashionsdk_training.models import ASENPlusPlus
from fashionsdk_training.originals.convert import import_original
from fashionsdk_training.originals.resnet import name_resnet
from tests.golden import originals

BACKBONES = {
    "asen": "embeddingnet.backbonenet.",
    "asen_v2": "embeddingnet.backbonenet.",
    "csn": "embeddingnet.embeddingnet.",
    "ag_man": "embeddingnet.backbonenet.",
    "asen_pp": "choices.local.basenet.",
}


def assert_rejected(tmp_path, model, state, message):
    with pytest.raises(CheckpointError, match=message) as caught:
        import_original(originals.write(tmp_path / "bad.pth.tar", model, state), model)
    assert "bad.pth.tar" in str(caught.value)


def without_backbone(model, state):
    """The keys outside the backbones, and one of every backbone."""
    prefixes = {re.sub("local", branch, BACKBONES[model]) for branch in ("local", "global")}
    heads = [key for key in state if not key.startswith(tuple(f"{prefix}layer" for prefix in prefixes))]
    return [*heads, *(f"{prefix}layer3.1.bn2.running_var" for prefix in sorted(prefixes))]


@pytest.mark.parametrize("name", ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"])
def test_a_resnet_is_recognised_by_its_parameters_names(name):
    prefix = BACKBONES["csn"]
    keys = {key.removeprefix(prefix) for key in originals.shapes("csn", 1, name, "") if key.startswith(prefix)}
    assert name_resnet(keys) == name


def test_a_backbone_of_another_kind_is_an_error():
    with pytest.raises(CheckpointError, match=r"\(2, 2, 0\) blocks of two .*expected resnet18"):
        name_resnet({f"layer{stage}.{block}.conv1.weight" for stage in (1, 2) for block in (0, 1)})


@pytest.mark.parametrize("model", originals.PROGRAMS)
def test_a_missing_parameter_is_an_error(model, states, files, tmp_path):
    left_out = set(import_original(files[model], model).left_out)
    needed = [key for key in without_backbone(model, states[model]) if key not in left_out]
    for missing in needed[:: max(1, len(needed) // 6)]:
        assert_rejected(
            tmp_path, model, {key: value for key, value in states[model].items() if key != missing}, "missing"
        )


@pytest.mark.parametrize("model", originals.PROGRAMS)
@pytest.mark.parametrize(
    "unknown", ["surprise", "embeddingnet.wombat", "module.embeddingnet.w", "{}layer1.9.conv1.bias"]
)
def test_an_unknown_parameter_is_an_error(model, unknown, states, tmp_path):
    key = unknown.format(BACKBONES[model])
    assert_rejected(
        tmp_path, model, states[model] | {key: torch.zeros(1)}, r"not a parameter|unknown|expected resnet18"
    )


@pytest.mark.parametrize("model", originals.PROGRAMS)
def test_a_parameter_of_another_shape_is_an_error(model, states, files, tmp_path):
    left_out = set(import_original(files[model], model).left_out)
    shaped = [key for key in without_backbone(model, states[model]) if key not in left_out and "num_batches" not in key]
    for key in shaped[:: max(1, len(shaped) // 4)]:
        longer = torch.zeros(*states[model][key].shape, 2)
        assert_rejected(tmp_path, model, states[model] | {key: longer}, "has shape|not a matrix")


@pytest.mark.parametrize("model", originals.PROGRAMS)
def test_the_file_of_another_program_is_an_error(model, files):
    for other in get_args(Original):
        if other != model:
            with pytest.raises(CheckpointError, match=rf"{model}\.pth\.tar as {other}: "):
                import_original(files[model], other)


@pytest.mark.parametrize("model", originals.PROGRAMS)
def test_parameters_that_the_network_never_reads_are_left_out_with_a_reason(model, states, files, tmp_path):
    given = {f"{BACKBONES[model]}fc.weight": "fc_embed" if model == "ag_man" else "after layer3"}
    if model != "ag_man":
        given |= {
            f"{BACKBONES[model]}{name}": "after layer3" for name in ("layer4.0.conv1.weight", "layer4.0.bn1.bias")
        }
    if model == "asen_pp":
        given |= {"choices.global.attrnet.attr_embedding.weight": "share one table"}
    extra = {key: torch.zeros(4) for key in given if key not in states[model]}
    imported = import_original(originals.write(tmp_path / "a.pth.tar", model, states[model] | extra), model)
    given |= {
        key: "after layer3" for key in states[model] if key.startswith(f"{BACKBONES[model]}fc.") and model != "ag_man"
    }
    assert imported.left_out.keys() == given.keys()
    for key, reason in imported.left_out.items():
        assert given[key] in reason
        assert reason in imported.summary()
    plain = import_original(files[model], model).checkpoint.weights
    assert all(torch.equal(value, plain[key]) for key, value in imported.checkpoint.weights.items())


def test_asen_pps_table_is_the_one_that_the_original_loads_last(states, tmp_path):
    tables = {
        "choices.global.attrnet.attr_embedding.weight": torch.ones(2, 512),
        "choices.local.attrnet.attr_embedding.weight": torch.rand(2, 512),
    }
    path = originals.write(tmp_path / "a.pth.tar", "asen_pp", states["asen_pp"] | tables)
    weights = import_original(path, "asen_pp").checkpoint.weights
    assert torch.equal(weights["attribute_embedding.weight"], tables["choices.local.attrnet.attr_embedding.weight"])


class Harmful:
    """Creates a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_code_in_a_file_is_not_run(states, tmp_path):
    mark, path = tmp_path / "ran", tmp_path / "a.pth.tar"
    torch.save({"epoch": Harmful(mark), "state_dict": states["csn"]}, path)
    with pytest.raises(CheckpointError, match=r"a\.pth\.tar: not a checkpoint .* safely: .*unsupported GLOBAL .*mkdir"):
        import_original(path, "csn")
    assert not mark.exists()
    torch.load(path, weights_only=False)  # it would have run
    assert mark.is_dir()


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.999])
def test_a_truncated_file_is_an_error(share, files, tmp_path):
    content = files["csn"].read_bytes()
    (tmp_path / "a.pth.tar").write_bytes(content[: int(share * len(content))])
    with pytest.raises(CheckpointError, match=r"a\.pth\.tar: not a checkpoint"):
        import_original(tmp_path / "a.pth.tar", "csn")


@pytest.mark.parametrize("content", [b"abc", b"not a checkpoint\n", b"\x80\x02]q.", b"PK\x03\x04" + bytes(99)])
def test_a_file_of_something_else_is_an_error(content, tmp_path):
    (tmp_path / "a.pth.tar").write_bytes(content)
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        import_original(tmp_path / "a.pth.tar", "asen")


@pytest.mark.parametrize("path", ["nowhere.pth.tar", "."])
def test_no_file_is_an_error(path, tmp_path):
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        import_original(tmp_path / path, "asen")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([torch.zeros(1)], "holds a list; expected a dictionary"),
        ({"epoch": 3}, "holds epoch; expected one of 'state_dict' and 'model'"),
        ({}, "holds nothing"),
        ({"state_dict": {}, "model": {}}, "expected one of"),
        ({"state_dict": {"a": 1.5}}, "'a' is a float; expected a tensor"),
        ({"state_dict": {7: torch.zeros(1)}}, "7 is a Tensor"),
        ({"state_dict": {}}, r"blocks of two convolutions"),
    ],
)
def test_a_file_without_the_parameters_says_what_it_holds(content, message, tmp_path):
    torch.save(content, tmp_path / "a.pth.tar")
    with pytest.raises(CheckpointError, match=message):
        import_original(tmp_path / "a.pth.tar", "asen")


@pytest.mark.parametrize("score", [0.5, 3, np.float64(0.5), np.float32(0.5), torch.tensor(0.5)])
def test_the_score_beside_the_parameters_may_be_any_number(score, states, tmp_path):
    torch.save({"epoch": 3, "prec": score, "state_dict": states["csn"]}, tmp_path / "a.pth.tar")
    assert import_original(tmp_path / "a.pth.tar", "csn").checkpoint.model.architecture == "csn"


def test_files_of_old_torch_and_numpy_are_read(states, tmp_path):
    """The originals' own files: torch wrote no zip archives then, and NumPy kept its scalars in another module."""
    content = io.BytesIO()
    torch.save(
        {"epoch": 3, "prec": np.float64(51.2), "state_dict": states["csn"]},
        content,
        _use_new_zipfile_serialization=False,
    )
    old = re.sub(rb"cnumpy\._?core\.multiarray\nscalar", b"cnumpy.core.multiarray\nscalar", content.getvalue())
    assert b"cnumpy.core.multiarray\nscalar" in old
    (tmp_path / "a.pth.tar").write_bytes(old)
    assert import_original(tmp_path / "a.pth.tar", "csn").checkpoint.model.architecture == "csn"


@pytest.mark.parametrize("count", [1, 3])
def test_another_number_of_attributes_is_an_error(count, files):
    names = [Attribute(f"attribute {i}", ()) for i in range(count)]
    with pytest.raises(ValueError, match=rf"{count} attributes given .*the file holds 2"):
        import_original(files["csn"], "csn", attributes=names)


def test_settings_of_the_import_are_the_checkpoints(files):
    attributes = (Attribute("neckline", ("v", "round")), Attribute("sleeve", ()))
    checkpoint = import_original(
        files["asen_pp"], "asen_pp", attributes=attributes, side=256, threshold=0.3, beta=0.5
    ).checkpoint
    assert checkpoint.attributes == attributes
    assert checkpoint.preprocessing == Preprocessing(256, reducing_gap=None)  # the programs decode every pixel
    local, model = checkpoint.model.local, checkpoint.build()
    assert local is not None
    assert (local.threshold, local.beta) == (0.3, 0.5)
    assert isinstance(model, ASENPlusPlus)
    assert model.attribute_embedding.num_embeddings == 2
