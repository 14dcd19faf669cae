"""The list of benchmarks, and their help."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fashionsdk import Bundle, Embedder
from tests.benchmarks.conftest import FOLDER, Load

SCRIPTS = {
    ".".join(path.relative_to(FOLDER).with_suffix("").parts): path
    for path in sorted(FOLDER.rglob("*.py"))
    if 'if __name__ == "__main__":\n    main()' in path.read_text()
}


def test_every_script_is_listed_with_its_question():
    done = subprocess.run([sys.executable, str(FOLDER)], capture_output=True, text=True, check=True)
    listed = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")}
    assert listed == {path.stem for path in SCRIPTS.values()}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_shows_its_help_and_its_command(
    name: str, load: Load, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    stem = SCRIPTS[name].stem
    monkeypatch.setattr(sys, "argv", [stem, "--help"])
    with pytest.raises(SystemExit) as done:
        load(name).main()
    assert done.value.code == 0
    command = f"python benchmarks/{stem}.py" if name == stem else f"python benchmarks {stem}"
    assert command in capsys.readouterr().out


def test_an_unknown_name_is_an_error():
    done = subprocess.run([sys.executable, str(FOLDER), "speed"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no benchmark is called 'speed'" in done.stderr


def test_checkouts_are_compared_by_round_and_to_the_bit(load: Load):
    task = load("studies.two_checkouts").Task()
    task.times["before"] += [10.0, 20.0, 30.0]
    task.times["after"] += [11.0, 20.0, 60.0]
    task.answers["before"].append(np.array([1.0, 2.0]))
    task.answers["after"].append(np.array([1.0, 2.0]))
    assert task.cells("embed") == ["embed", "20.00", "20.00", "1.100", "1.050 to 1.550", "equal to the bit"]
    task.answers["after"].append(np.array([1.0, 2.5]))
    assert task.same() == "differ by 5.0e-01"


@pytest.mark.long
def test_the_tasks_of_a_checkout_give_the_sdks_answers(
    load: Load, bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    tasks = load("methods.checkout_tasks")
    monkeypatch.setattr(load("harness.bursts"), "SETTLE", 0)
    monkeypatch.setattr(tasks, "ITEMS", 50)
    jpeg, photos = load("harness.drawn_jpegs").drawn_jpeg, []
    for index in range(tasks.FILES + 1):
        photos.append(str(tmp_path / f"{index}.jpg"))
        Path(photos[-1]).write_bytes(jpeg(index, 80))
    checkout = tasks.CheckoutTasks(str(bundle.path), {"device": "cpu"}, photos)
    one_by_one = np.concatenate([Embedder(bundle, device="cpu").embed(path).vectors for path in photos])
    for name, count in zip(tasks.CALLS, (1, 8, tasks.FILES, len(photos)), strict=False):
        times, answer = checkout.run(name)
        assert len(times) == tasks.CALLS[name]
        np.testing.assert_allclose(answer, one_by_one[:count], rtol=0, atol=1e-6)
    keys, scores = checkout.run("search")[1]
    assert keys.shape == scores.shape == (1, 10)
