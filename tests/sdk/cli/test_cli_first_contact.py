"""What newcomers type: no command, the module, an option twice, a wrong --out, a photo that is in the gallery."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fashionsdk import cli


def test_without_a_command_all_are_listed(run, capsys):
    status, out, err = run()
    assert (status, out) == (2, "")
    assert err.startswith("usage: fashionsdk")
    for command in ("embed", "index", "search", "check", "report"):
        assert f"\n    {command} " in err
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    assert err == capsys.readouterr().out


def test_python_m_runs_the_command(bundle):
    command = [sys.executable, "-m", "fashionsdk"]
    done = subprocess.run([*command, "check", str(bundle.path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout[:3]) == (0, "ok:")
    done = subprocess.run([*command, "chek"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: fashionsdk ")


@pytest.mark.parametrize(
    ("argv", "option"),
    [
        (["search", "b", "g", "p", "--attribute", "neckline", "--attribute", "colour"], "--attribute"),
        (["search", "b", "g", "p", "-k", "5", "-k", "10"], "-k"),
        (["embed", "b", "p", "--out", "x.npz", "--out", "y.npz"], "--out"),
        (["evaluate", "b", "--data", "x", "--data", "y"], "--data"),
        (["check", "b", "--device", "cpu", "--device", "cuda"], "--device"),
    ],
)
def test_an_option_given_twice_is_refused(argv, option, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(argv)
    assert caught.value.code == 2
    assert f"argument {option}: given twice; expected it once" in capsys.readouterr().err


def test_options_that_collect_may_be_repeated(run, bundle, shop):
    both = ("--attribute", "colour", "--attribute", "neckline")
    status, out, _ = run("evaluate", bundle.path, "--data", "shop", *both, "--json")
    assert (status, [line["attribute"] for line in json.loads(out)["attributes"]]) == (0, ["colour", "neckline"])


@pytest.mark.parametrize(
    "argv",
    [
        ("report", "BUNDLE", "--data", "shop", "--out", "none/x.html"),
        ("map", "BUNDLE", "--data", "shop", "--out", "none/x.html"),
        ("attention", "BUNDLE", "shop", "--out", "none/x.html"),
        ("embed", "BUNDLE", "shop", "--out", "none/x.npz"),
        ("index", "BUNDLE", "shop", "--out", "none/x.gallery"),
    ],
    ids=lambda argv: argv[0],
)
def test_a_wrong_out_is_noticed_before_anything_slow_is_imported(bundle, shop, argv):
    program = "import sys; from fashionsdk.cli import main; status = main(); print(status, *sys.modules)"
    words = [str(bundle.path) if word == "BUNDLE" else word for word in argv]
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
    status, *modules = done.stdout.split()
    assert status == "1"
    assert done.stderr == f"fashionsdk: error: cannot write {argv[-1]}: there is no folder none; make it first\n"
    assert not {"PIL", "sklearn", "onnxruntime", "openvino", "tqdm"} & set(modules)


def test_a_photo_of_the_gallery_may_leave_itself_out(run, bundle, gallery):
    argv = ("search", bundle.path, gallery, "./shop/4.png", "--attribute", "sleeve", "-k", 3, "--json")
    _, out, err = run(*argv)
    with_itself = [match["key"] for match in json.loads(out)["matches"]]
    assert with_itself[0] == "shop/4.png"
    assert err.splitlines()[-1] == "the photo is in the gallery and finds itself; --exclude-self leaves it out"
    _, out, err = run(*argv, "--exclude-self")
    without = [match["key"] for match in json.loads(out)["matches"]]
    assert (len(without), without[:2], "shop/4.png" in without) == (3, with_itself[1:], False)
    assert "itself" not in err


def test_a_photo_that_is_not_in_the_gallery_is_not_left_out_in_silence(run, bundle, gallery):
    Path("query.png").write_bytes(Path("shop/4.png").read_bytes())
    status, out, err = run("search", bundle.path, gallery, "query.png", "--attribute", "sleeve", "--exclude-self")
    assert status == 0
    assert "shop/4.png" in out
    assert "the gallery has no item query.png to leave out; expected PHOTO as it was given to 'fashionsdk index'" in err


def test_a_report_may_leave_the_maps_out(run, bundle, shop, monkeypatch):
    argv = ("report", bundle.path, "--data", "shop", "--out", "report.html")
    monkeypatch.setitem(sys.modules, "sklearn", None)  # which only the maps need
    assert run(*argv)[0] == 1
    assert run(*argv, "--no-maps")[0] == 0
    page = Path("report.html").read_text()
    assert '<section id="matches"' in page
    assert '<section id="maps"' not in page


def test_more_threads_than_any_machine_has_are_refused(run, bundle, shop):
    status, _, err = run("embed", bundle.path, "shop", "--out", "x.npz", "--threads", 1000000)
    assert (status, not Path("x.npz").exists()) == (2, True)
    assert "threads is 1000000; expected 1 to 1024" in err
