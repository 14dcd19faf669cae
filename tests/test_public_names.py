"""What ``from fashionsdk import ...`` offers."""

import subprocess
import sys
from importlib.metadata import version

import pytest

import fashionsdk


def test_public_names_are_sorted_and_load():
    assert sorted(fashionsdk.__all__) == fashionsdk.__all__ == dir(fashionsdk)
    assert all(hasattr(fashionsdk, name) for name in fashionsdk.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Embeder'"):
        fashionsdk.Embeder  # noqa: B018 (the access is what is tested)


@pytest.mark.parametrize("order", [("check", "Embedder"), ("Embedder", "check")])
def test_a_name_means_the_same_whatever_was_loaded_before(order):
    program = f"import fashionsdk; from fashionsdk import {', '.join(order)}; print(callable(fashionsdk.check))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_the_version_is_the_installed_one():
    assert fashionsdk.__version__ == version("fashionsdk")
