"""An option that takes one value is given once; argparse alone takes the last without a word."""

import pytest

from fashionsdk._tools.options_once import CommandParser


def parser() -> CommandParser:
    result = CommandParser(prog="program")
    result.add_argument("--name", default="a")
    result.add_argument("-k", "--count", type=int, default=1)
    result.add_argument("--several", nargs="+")
    result.add_argument("--each", action="append")
    result.add_argument("--switch", action="store_true")
    commands = result.add_subparsers()
    command = commands.add_parser("run")
    command.add_argument("photos", nargs="+")
    command.add_argument_group("group").add_argument("--name", default="b")
    return result


def test_values_are_those_of_argparse():
    args = parser().parse_args(["--name", "x", "-k", "3", "--several", "1", "2", "--each", "p", "--each", "q"])
    assert (args.name, args.count, args.several, args.each, args.switch) == ("x", 3, ["1", "2"], ["p", "q"], False)
    args = parser().parse_args([])
    assert (args.name, args.count, args.several, args.each) == ("a", 1, None, None)
    args = parser().parse_args(["--switch", "--switch", "--name", "x", "run", "one", "two", "--name", "y"])
    assert (args.switch, args.photos, args.name) == (True, ["one", "two"], "y")  # each level's own option, once


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["--name", "x", "--name", "y"], "--name"),
        (["--name", "a", "--name", "a"], "--name"),
        (["--nam", "x", "--name=y"], "--name"),
        (["-k", "1", "--count", "2"], "-k/--count"),
        (["--several", "1", "--several", "2"], "--several"),
        (["run", "photo", "--name", "x", "--name", "y"], "--name"),
    ],
)
def test_an_option_given_twice_is_a_wrong_command_line(words, option, capsys):
    with pytest.raises(SystemExit) as caught:
        parser().parse_args(words)
    assert caught.value.code == 2
    assert f"error: argument {option}: given twice; expected it once" in capsys.readouterr().err


def test_a_parser_may_parse_again():
    one = parser()
    assert [one.parse_args(["--name", name]).name for name in "xyz"] == ["x", "y", "z"]
