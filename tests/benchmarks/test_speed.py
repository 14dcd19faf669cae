"""The parts of the speed benchmarks, and a short run of two of them on a tiny network."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from fashionsdk.bundle import Bundle
from fashionsdk.photos import Preprocessing
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.config import ModelConfig
from fashionsdk_training.models import PosteriorModel, build_model
from fashionsdk_training.recipes import cam_cpu
from tests.benchmarks import settled
from tests.benchmarks.conftest import FOLDER, TINY, Load

ORIGINAL_ATOL = 1e-5  # the original program only orders float32 sums differently; 1e-6 measured


def settled_at_once(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody call, or wait, until times are steady: not here, and not in other processes."""
    for name, value in {"BURST": 1, "TURN": 0, "PAUSE": 0}.items():
        monkeypatch.setattr(load("harness.measure"), name, value)
    monkeypatch.setattr(load("harness.bursts"), "SETTLE", 0)
    remote = load("harness.separate_process").RemoteObject
    for user in ("peak", "methods.embedding_methods", "methods.concurrent_callers"):
        monkeypatch.setattr(
            load(user), "RemoteObject", lambda make: remote(partial(settled.make, make), [FOLDER.parent])
        )


def test_percentiles_are_those_of_a_sorted_list(load: Load):
    times = load("harness.measure").latency([float(value) for value in range(101)])
    assert (times.p50, times.p95, times.p99, times.calls) == (50.0, 95.0, 99.0, 101)


def test_a_slow_function_is_called_less_often_but_all_along(load: Load, monkeypatch: pytest.MonkeyPatch):
    measure = load("harness.measure")
    order: list[tuple[str, str]] = []
    settled_at_once(load, monkeypatch)

    def spin(name: str, seconds: float) -> str:
        end = measure.time.perf_counter() + seconds
        while measure.time.perf_counter() < end:
            pass
        return name

    functions = {"slow": lambda: spin("slow", 0.01), "fast": lambda: spin("fast", 0.001)}
    bursts = {
        name: partial(measure.burst, function, check=lambda answer, name=name: order.append((name, answer)))
        for name, function in functions.items()
    }
    times = measure.measure_for(bursts, 0.1)
    assert times["fast"].calls > 3 * times["slow"].calls >= 3 * measure.LEAST_CALLS
    assert all(name == answer for name, answer in order)
    half = [name for name, _ in order[: len(order) // 2]]
    assert abs(2 * half.count("slow") - order.count(("slow", "slow"))) <= 6  # a burst of one, and one before it


def test_what_was_measured_before_an_interrupt_is_told(load: Load, monkeypatch: pytest.MonkeyPatch):
    settled_at_once(load, monkeypatch)
    told: dict[str, int] = {}
    calls = iter(range(40))

    def one(count: int) -> list[float]:
        if next(calls) == 30:
            raise KeyboardInterrupt
        return [1.0] * count

    with pytest.raises(KeyboardInterrupt):
        load("harness.measure").measure_for(
            {"one": one, "other": one}, 1.0, lambda name, times: told.update({name: times.calls})
        )
    assert told.keys() == {"one", "other"}
    assert 20 <= sum(told.values()) <= 30


@pytest.mark.long
@pytest.mark.usefixtures("plain_signals")
@pytest.mark.parametrize(
    ("script", "options"),
    [
        ("latency", ["--devices", "cpu", "--batch-sizes", *map(str, range(1, 9))]),
        ("throughput", ["--callers", "1", "--batch-sizes", "1", "--rounds", "1000"]),
    ],
)
def test_an_interrupted_run_has_shown_what_it_had(bundle: Bundle, script: str, options: list[str]):
    command = [sys.executable, str(FOLDER / f"{script}.py"), str(bundle.path), *options, "--seconds", "0.2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        rows: list[dict[str, object]] = []
        while not rows or "unit" not in rows[-1]:
            rows.append(json.loads(process.stdout.readline()))
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in errors
    rows += [json.loads(line) for line in said.splitlines()]  # no table: it had not come to that
    assert {row["unit"] for row in rows if "unit" in row} == {"ms" if script == "latency" else "photos/s"}


def test_a_table_with_a_row_too_short_is_refused(load: Load):
    markdown = load("harness.tables")
    assert markdown.table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
    with pytest.raises(ValueError, match="a row has 1 cells"):
        markdown.table(("a", "b"), [("1",)])


def test_operations_are_counted_as_nested_loops_would(load: Load, tmp_path: Path):
    weight, matrix = np.zeros((4, 1, 3, 2), np.float32), np.zeros((5, 7), np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["y"], group=2, strides=[2, 1]),
        helper.make_node("MatMul", ["y", "m"], ["z"]),
    ]
    graph = helper.make_graph(
        nodes,
        "loops",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["B", 2, 9, 6])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["B", 4, 4, 7])],
        [onnx.numpy_helper.from_array(weight, "w"), onnx.numpy_helper.from_array(matrix, "m")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "loops.onnx")
    convolution = sum(
        1
        for _batch, _out, top, left in product(range(3), range(4), range(0, 9, 2), range(6))
        if top + 3 <= 9 and left + 2 <= 6
        for _row, _column in product(range(3), range(2))
    )
    matmul = sum(1 for _ in product(range(3), range(4), range(4), range(7), range(5)))
    counts = load("methods.graph_flops").count_flops(tmp_path / "loops.onnx", 3)
    assert counts == {"Conv": 2 * convolution, "MatMul": 2 * matmul}


@pytest.mark.parametrize(("spatial", "channel"), [(True, True), (False, True), (True, False)])
def test_the_original_program_gives_the_networks_embeddings(load: Load, spatial: bool, channel: bool):
    config = replace(
        TINY, architecture="asen", embedding_dimension=20, spatial_attention=spatial, channel_attention=channel
    )
    check_original(load, Checkpoint(config, Preprocessing(64), (), build_model(config, 4).state_dict()), 4)


def test_the_original_program_of_asenet_v2_with_posteriors_gives_its_embeddings(load: Load, checkpoint: Checkpoint):
    check_original(load, checkpoint, 10)


def check_original(load: Load, checkpoint: Checkpoint, attributes: int) -> None:
    model = build_model(checkpoint.model, attributes)
    model.load_state_dict(dict(checkpoint.weights))
    program = load("methods.original_programs").original_program(model.eval())
    images = torch.randint(0, 256, (3, 64, 64, 3), dtype=torch.uint8)
    with torch.inference_mode():
        expected = model(images).embeddings
        for a in range(attributes):
            found = program(model.normalise(images), torch.full((3,), a))
            torch.testing.assert_close(found, expected[:, a], rtol=0, atol=ORIGINAL_ATOL)


def test_the_original_program_of_another_network_is_refused(load: Load):
    with pytest.raises(ValueError, match="not for CSN"):
        load("methods.original_programs").original_program(build_model(replace(TINY, architecture="csn"), 2))


def test_a_wrong_answer_gets_no_figure(load: Load, bundle: Bundle):
    methods, answers = load("methods.embedding_methods"), load("harness.answers")
    batch = answers.ReferenceBatch(bundle.reference(), 2)
    wrong = methods.Method("wrong", "cpu", "int8", lambda: lambda images: lambda: -batch.expected)
    with pytest.raises(answers.WrongAnswer, match="wrong answer"):
        methods.LoadedMethod(wrong).start(batch)


def test_what_cannot_run_keeps_its_reason(load: Load, bundle: Bundle, monkeypatch: pytest.MonkeyPatch):
    settled_at_once(load, monkeypatch)
    methods, latency = load("methods.embedding_methods"), load("latency")
    loaded = [methods.RemoteMethod(one.method(bundle, 1, 2)) for one in methods.sdk_methods("cpu")]
    batch = load("harness.answers").ReferenceBatch(bundle.reference(), 2)
    rows = latency.measure_batch(loaded, batch, 0.02)
    reasons = {row.method.label: row.reason for row in rows}
    assert reasons["fashionsdk, onnxruntime, cpu, fp32"] == ""
    assert "has no int8 graph" in reasons["fashionsdk, onnxruntime, cpu, int8"]
    assert "has no int8 graph" in latency.report(rows)


def test_the_default_recipes_network_with_random_weights_gives_unit_vectors(load: Load):
    """Parts of it that are zero when training starts would shorten them."""
    small = ModelConfig("cam", "test_resnet", stage=3, embedding_dimension=8, colour_tones=2)
    made = load("inputs.make_bundle").random_checkpoint(replace(cam_cpu(), model=small), attributes=2, side=64)
    images = torch.randint(256, (2, 64, 64, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        lengths = made.build().eval()(images).embeddings.norm(dim=-1)
    torch.testing.assert_close(lengths, torch.ones_like(lengths))


def test_fewer_attributes_are_the_first_of_many(load: Load, checkpoint: Checkpoint):
    few = load("attributes").first_attributes(checkpoint, 3)
    images = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    with torch.inference_mode():
        every, first = (one.build()(images).embeddings for one in (checkpoint, few))
    model, values = checkpoint.build(), max(few.model.values)
    assert isinstance(model, PosteriorModel)
    d = model.base.dimension
    torch.testing.assert_close(first, every[:, :3, : d + values], rtol=0, atol=ORIGINAL_ATOL)


def test_a_product_that_no_library_computes_keeps_its_reason(load: Load, monkeypatch: pytest.MonkeyPatch):
    peak = load("peak")
    monkeypatch.setitem(peak.LIBRARIES, "cpu", ("no library",))
    works, (row,) = peak.product_works("cpu", "fp32", [8], 1)
    assert works == []
    assert "no library" in row.reason
    assert row.to_json()["reason"] == row.cells()[-1] == row.reason


def test_without_a_peak_the_benchmark_says_so(
    load: Load, bundle: Bundle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    peak, plot = load("peak"), tmp_path / "plot.png"
    monkeypatch.setitem(peak.LIBRARIES, "cpu", ("no library",))
    options = ["--devices", "cpu", "--sizes", "8", "--plot", str(plot)]
    monkeypatch.setattr(sys, "argv", ["peak.py", str(bundle.path), *options])
    with pytest.raises(SystemExit, match="no library computes a matrix product"):
        peak.main()
    assert "no library, 8 x 8" in capsys.readouterr().out
    assert not plot.exists()


def test_a_chart_without_bars_is_an_error(load: Load, tmp_path: Path):
    with pytest.raises(ValueError, match=r"no bar for .*plot\.png"):
        load("harness.plots").bars(tmp_path / "plot.png", "nothing", {}, "ms")


@pytest.mark.parametrize(
    ("script", "options"),
    [
        pytest.param("peak", ["--devices", "cpu", "--sizes", "64", "--batch-sizes", "2"], marks=pytest.mark.long),
        ("throughput", ["--callers", "2", "--batch-sizes", "1", "--rounds", "1"]),
    ],
)
def test_a_script_prints_a_table_json_lines_and_a_chart(
    script: str,
    options: list[str],
    load: Load,
    bundle: Bundle,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
):
    plot = tmp_path / "plot.png"
    settled_at_once(load, monkeypatch)
    monkeypatch.setattr(load("throughput"), "PHOTO_SIDE", 100)
    monkeypatch.setattr(sys, "argv", [script, str(bundle.path), *options, "--seconds", "0.05", "--plot", str(plot)])
    load(script).main()
    said = capsys.readouterr().out
    records = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert "| " in {line[:2] for line in said.splitlines()}
    assert "processor" in records[-1]
    assert plot.read_bytes().startswith(b"\x89PNG")
