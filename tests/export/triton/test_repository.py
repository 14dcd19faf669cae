"""Model repositories, read with Triton's own schema: inputs, outputs, batches, versions, files; all or nothing."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig, ModelInstanceGroup

from fashionsdk import Bundle, BundleError, Embedder, Preprocessing
from fashionsdk_export.errors import ExportError
from fashionsdk_export.triton import TRITON_BACKENDS, TritonConfig, write_repository
from tests.export.triton.conftest import LENGTHS, engine, graph_shapes, parsed, written

TYPES = {"photos": "TYPE_STRING", "images": "TYPE_UINT8"}  # all others are TYPE_FP32


def shapes(tensors):
    """Return the dims of inputs or outputs, after a look at their types."""
    for tensor in tensors:
        assert tensor.DESCRIPTOR.fields_by_name["data_type"].enum_type.values_by_number[
            tensor.data_type
        ].name == TYPES.get(tensor.name, "TYPE_FP32")
    return {tensor.name: tuple(tensor.dims) for tensor in tensors}


def parameters(config):
    return {key: value.string_value for key, value in config.parameters.items()}


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_every_backend_at_once_gives_these_models(with_engines, tmp_path):
    bundle = with_engines([engine()])
    configs = written(bundle, tmp_path / "models", backends=TRITON_BACKENDS, name="shop")
    computed = {name: config.backend or config.platform for name, config in configs.items()}
    assert computed == {
        "shop": "python",
        "shop_pixels": "python",
        "shop_read": "python",
        "shop_onnx": "onnxruntime_onnx",
        "shop_onnx_photos": "ensemble",
        "shop_tensorrt": "tensorrt_plan",
        "shop_tensorrt_photos": "ensemble",
    }
    for name, config in configs.items():
        assert config.name == name
        assert text_format.Parse(text_format.MessageToString(config), ModelConfig()) == config
        assert (tmp_path / "models" / name / "1").is_dir()


def test_python_models_have_an_output_for_each_attribute_of_its_own_length(compact, tmp_path):
    configs = written(compact, tmp_path / "models", backends=("python", "python-pixels"))
    assert set(configs) == {"fashionsdk", "fashionsdk_pixels"}
    assert shapes(configs["fashionsdk"].input) == {"photos": (1,)}
    assert shapes(configs["fashionsdk_pixels"].input) == {"images": compact.manifest.preprocessing.shape}
    expected = {name: (length,) for name, length in Embedder(compact).dimensions.items()}
    assert expected == {name: (length,) for name, length in LENGTHS.items()}
    for config in configs.values():
        assert shapes(config.output) == expected


def test_models_of_graphs_have_the_graphs_own_inputs_and_outputs(with_engines, tmp_path):
    bundle = with_engines([engine()])
    configs = written(bundle, tmp_path / "models", backends=("onnx", "tensorrt"))
    own = graph_shapes(bundle.graph_path())
    assert set(own) == {"images", "embeddings", "attention"}
    for name in ("fashionsdk_onnx", "fashionsdk_tensorrt"):
        assert shapes(configs[name].input) | shapes(configs[name].output) == own
        assert list(shapes(configs[name].input)) == ["images"]


def test_an_ensemble_reads_photos_and_gives_their_pixels_to_the_graph(bundle, tmp_path):
    configs = written(bundle, tmp_path / "models", backends=("onnx",), max_batch=8)
    ensemble = configs["fashionsdk_onnx_photos"]
    reader, graph = ensemble.ensemble_scheduling.step
    assert (reader.model_name, graph.model_name) == ("fashionsdk_read", "fashionsdk_onnx")
    assert (reader.model_version, graph.model_version) == (-1, -1)
    known = set(reader.input_map.values())
    for step in (reader, graph):  # each step has what it needs from those before it
        model = configs[step.model_name]
        assert set(step.input_map) == set(shapes(model.input))
        assert set(step.output_map) == set(shapes(model.output))
        assert set(step.input_map.values()) <= known
        known |= set(step.output_map.values())
        assert model.max_batch_size == ensemble.max_batch_size == 8
    assert set(shapes(ensemble.input)) == {"photos"}
    assert set(shapes(ensemble.output)) <= known
    assert not ensemble.instance_group  # the server rejects an ensemble with instances or batches of its own
    assert not ensemble.HasField("dynamic_batching")


def test_parameters_say_which_model_it_is_and_what_it_knows(compact, tmp_path):
    configs = written(compact, tmp_path / "models", backends=("python", "onnx"), runtime="onnxruntime", threads=2)
    manifest = compact.manifest
    for config in configs.values():
        said = {key.removeprefix("fashionsdk."): text for key, text in parameters(config).items()}
        assert said["model"] == manifest.model.digest
        assert said["graph_sha256"] == hashlib.sha256(compact.graph_path().read_bytes()).hexdigest()
        assert (said["precision"], said["codec"]) == ("fp32", "int8")
        assert json.loads(said["attributes"]) == [
            {"name": each.name, "values": list(each.values)} for each in manifest.attributes
        ]
        assert json.loads(said["dimensions"]) == LENGTHS
        assert Preprocessing(**json.loads(said["preprocessing"])) == manifest.preprocessing
    assert parameters(configs["fashionsdk"])["fashionsdk.runtime"] == "onnxruntime"
    assert parameters(configs["fashionsdk"])["fashionsdk.threads"] == "2"
    assert parameters(configs["fashionsdk_onnx"])["intra_op_thread_count"] == "2"
    assert "fashionsdk.threads" not in parameters(written(compact, tmp_path / "others")["fashionsdk"])


def test_batches_and_instances_are_as_asked_for(bundle, tmp_path):
    asked = {"max_batch": 16, "preferred_batches": (4, 8), "queue_delay": 2.5, "instances": 3, "device": "cuda"}
    config = written(bundle, tmp_path / "models", **asked)["fashionsdk"]
    assert config.max_batch_size == 16
    assert list(config.dynamic_batching.preferred_batch_size) == [4, 8]
    assert config.dynamic_batching.max_queue_delay_microseconds == 2500
    (group,) = config.instance_group
    assert (group.count, group.kind, list(group.gpus)) == (3, ModelInstanceGroup.KIND_GPU, [])


def test_batches_are_of_32_photos_at_most_that_wait_5_ms_unless_asked_otherwise(bundle, tmp_path):
    config = written(bundle, tmp_path / "models")["fashionsdk"]
    assert config.max_batch_size == 32
    assert config.HasField("dynamic_batching")
    assert list(config.dynamic_batching.preferred_batch_size) == []
    assert config.dynamic_batching.max_queue_delay_microseconds == 5000
    (group,) = config.instance_group
    assert (group.count, group.kind) == (1, ModelInstanceGroup.KIND_CPU)


def test_photos_are_read_on_the_cpu_wherever_the_graph_runs(bundle, tmp_path):
    configs = written(bundle, tmp_path / "models", backends=("onnx",), device="cuda")
    kinds = {name: [group.kind for group in config.instance_group] for name, config in configs.items()}
    assert kinds["fashionsdk_onnx"] == [ModelInstanceGroup.KIND_GPU]
    assert kinds["fashionsdk_read"] == [ModelInstanceGroup.KIND_CPU]


@pytest.mark.parametrize("policy", ["latest", "all", "specific"])
def test_a_version_is_written_with_its_policy(policy, bundle, tmp_path):
    config = written(bundle, tmp_path / "models", version=3, version_policy=policy)["fashionsdk"]
    assert config.version_policy.WhichOneof("policy_choice") == policy
    assert [path.name for path in (tmp_path / "models/fashionsdk").iterdir() if path.is_dir()] == ["3"]
    if policy == "specific":
        assert list(config.version_policy.specific.versions) == [3]


def test_a_python_model_has_a_bundle_of_the_one_graph_that_it_serves(write_bundle, manifest, graph_file, tmp_path):
    half = replace(manifest.graphs[0], file="model.fp16.onnx", precision="fp16")
    both = {"model.fp32.onnx": graph_file, "model.fp16.onnx": graph_file}
    bundle = write_bundle(manifest=replace(manifest, graphs=(*manifest.graphs, half)), graphs=both)
    written(bundle, tmp_path / "models", precision="fp16")
    folder = tmp_path / "models/fashionsdk"
    assert files(folder) == {
        "config.pbtxt",
        "1/model.py",
        *(f"1/bundle/{name}" for name in ("manifest.json", "model.fp16.onnx", "reference.npz")),
    }
    part = Bundle.open(folder / "1/bundle")
    assert part.manifest.model == bundle.manifest.model
    assert [graph.precision for graph in part.manifest.graphs] == ["fp16"]


def test_an_onnx_model_is_the_bundles_graph_with_the_files_that_its_weights_lie_in(
    write_bundle, manifest, graph_file, tmp_path
):
    source = tmp_path / "outside"
    source.mkdir()
    onnx.save(
        onnx.load(graph_file),
        source / "tiny.onnx",
        save_as_external_data=True,
        location="tiny.weights",
        size_threshold=1000,
    )
    graph = replace(manifest.graphs[0], file="graphs/tiny.onnx")
    bundle = write_bundle(
        manifest=replace(manifest, graphs=(graph,)),
        graphs={f"graphs/{name}": source / name for name in ("tiny.onnx", "tiny.weights")},
    )
    written(bundle, tmp_path / "models", backends=("onnx",))
    folder = tmp_path / "models/fashionsdk_onnx"
    assert files(folder) == {"config.pbtxt", "1/model.onnx", "1/tiny.weights"}
    onnx.checker.check_model(str(folder / "1/model.onnx"))  # finds the weights
    assert (folder / "1/model.onnx").read_bytes() == (source / "tiny.onnx").read_bytes()
    assert (folder / "1/tiny.weights").read_bytes() == (source / "tiny.weights").read_bytes()


def test_a_tensorrt_model_takes_the_engine_of_its_gpu_in_batches_that_engines_take(with_engines, tmp_path):
    engines = [engine("8.9", max_batch=24), engine("9.0", max_batch=16, opt_batch=4)]
    bundle = with_engines([*engines, engine("8.6", kind="tensorrt-rtx")])
    config = written(bundle, tmp_path / "models", backends=("tensorrt",))["fashionsdk_tensorrt"]
    folder = tmp_path / "models/fashionsdk_tensorrt/1"
    chosen = {capability: (folder / file).read_text() for capability, file in config.cc_model_filenames.items()}
    assert chosen == {each.compute_capability: each.file for each in engines}
    assert config.default_model_filename in config.cc_model_filenames.values()
    assert files(folder) == set(config.cc_model_filenames.values())
    assert config.max_batch_size == 16  # the smallest of the largest
    assert list(config.dynamic_batching.preferred_batch_size) == [engines[0].opt_batch]
    assert [group.kind for group in config.instance_group] == [ModelInstanceGroup.KIND_GPU]
    assert parameters(config)["fashionsdk.library"] == "tensorrt 10.7.0"


def test_of_engines_of_several_versions_one_is_chosen(with_engines, tmp_path):
    bundle = with_engines([engine(), engine(library="10.9.1")])
    with pytest.raises(ExportError, match=r"engines of TensorRT 10\.7\.0 and 10\.9\.1.* --tensorrt-version 10\.9\.1"):
        written(bundle, tmp_path / "models", backends=("tensorrt",))
    config = written(bundle, tmp_path / "models", backends=("tensorrt",), tensorrt_version="10.7.0")
    (file,) = config["fashionsdk_tensorrt"].cc_model_filenames.values()
    assert (tmp_path / "models/fashionsdk_tensorrt/1" / file).read_text() == engine().file


@pytest.mark.parametrize(
    ("engines", "settings", "kind", "message"),
    [
        (
            [],
            {},
            ExportError,
            r"has no engine; expected .* tensorrt fp32: .* add it with .* --engine tensorrt --precision fp32",
        ),
        (
            [engine(kind="tensorrt-rtx")],
            {},
            ExportError,
            "has tensorrt-rtx 10.7.0 fp32; expected one that Triton",
        ),
        ([engine()], {"tensorrt_version": "10.8"}, ExportError, r"has tensorrt 10\.7\.0 fp32; expected .* 10\.8 fp32"),
        ([engine(min_batch=2)], {}, ExportError, "takes batches of 2 photos or more.*--min-batch 1"),
        ([engine()], {"max_batch": 32}, ValueError, "batches of 32 were asked for, and an engine takes 16 at most"),
        ([engine()], {"preferred_batches": (20,)}, ValueError, "batches of 20 were asked for"),
    ],
)
def test_engines_that_cannot_be_served_are_an_error_and_nothing_is_written(
    engines, settings, kind, message, with_engines, tmp_path
):
    bundle = with_engines(engines)
    with pytest.raises(kind, match=message):
        written(bundle, tmp_path / "models", backends=("python", "tensorrt"), **settings)
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"runtime": "openvino", "device": "cuda"},
            "runtime is 'openvino', which does not compute fp32 on device 'cuda'",
        ),
        ({"runtime": "tensorrt"}, "runtime is 'tensorrt', which does not compute fp32 on device 'cpu'"),
    ],
)
def test_a_runtime_that_does_not_run_there_is_an_error(settings, message, bundle, tmp_path):
    with pytest.raises(ValueError, match=message):
        written(bundle, tmp_path / "models", **settings)


def test_int8_graphs_are_not_for_onnx_runtime_on_gpus(write_bundle, manifest, graph_file, tmp_path):
    graph = replace(manifest.graphs[0], file="model.int8.onnx", precision="int8")
    bundle = write_bundle(manifest=replace(manifest, graphs=(graph,)), graphs={graph.file: graph_file})
    with pytest.raises(ValueError, match="ONNX Runtime does not compute int8 on device 'cuda'"):
        written(bundle, tmp_path / "models", backends=("onnx",), device="cuda")
    assert written(bundle, tmp_path / "models", backends=("onnx",))


def test_a_precision_that_the_bundle_lacks_is_an_error(bundle, tmp_path):
    with pytest.raises(BundleError, match="has no fp16 graph; this bundle has fp32"):
        written(bundle, tmp_path / "models", precision="fp16")


@pytest.mark.parametrize("kind", ["repository", "file", "link"])
def test_what_exists_is_never_replaced(kind, bundle, tmp_path):
    out = tmp_path / "models"
    if kind == "repository":
        written(bundle, out)
    elif kind == "file":
        out.write_text("mine")
    else:
        out.symlink_to(tmp_path / "nowhere")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(ExportError, match=r"models exists, .* never replaced.*choose another folder"):
        written(bundle, out)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_an_empty_folder_is_filled(bundle, tmp_path):
    (tmp_path / "models").mkdir()
    assert written(bundle, tmp_path / "models")


def test_a_disk_that_fills_leaves_nothing(bundle, small_disk):
    (small_disk / "full").write_bytes(b"0" * (8 * 2**20 - 2**14))
    with pytest.raises(BundleError, match="No space left on device"):
        write_repository(bundle, small_disk / "models", TritonConfig())
    assert sorted(path.name for path in small_disk.iterdir() if path.name != ".models.saving") == ["full"]


def test_an_odd_graph_is_an_error(write_bundle, manifest, graph_file, tmp_path):
    graph = onnx.load(graph_file)
    graph.graph.output[0].type.tensor_type.shape.dim[1].dim_param = "A"
    onnx.save(graph, tmp_path / "odd.onnx")
    bundle = write_bundle(graphs={"model.fp32.onnx": tmp_path / "odd.onnx"})
    with pytest.raises(ExportError, match=r"embeddings is FLOAT \['B', 'A', 8\]; expected .* fixed lengths"):
        written(bundle, tmp_path / "models", backends=("onnx",))


def test_the_same_bundle_gives_the_same_bytes(bundle, tmp_path):
    for name in ("first", "second"):
        written(bundle, tmp_path / name, backends=("python", "onnx"))
    first, second = tmp_path / "first", tmp_path / "second"
    assert files(first) == files(second)
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in files(first))
    assert parsed(first / "fashionsdk/config.pbtxt").name == "fashionsdk"
