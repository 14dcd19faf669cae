"""Where a gallery is kept, as text, and what is checked when one is opened."""

import json

import pytest

from fashionsdk.errors import GalleryError
from fashionsdk.search import Contract, Matcher
from tests.sdk.search.stores.local_galleries import CONTRACT


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (Contract("e" * 64, CONTRACT.dimensions), "has the model e.*expected d.*embed both with the same bundle"),
        (Contract("d" * 64, {"neckline": 4}), "attributes and dimensions neckline 4, expected neckline 4, sleeve 16"),
        (CONTRACT.with_codec("int8"), "the codec int8, expected float32: leave the codec out"),
        (Contract("d" * 64, CONTRACT.dimensions, precision="int8"), "the precision int8, expected fp32"),
        (Contract("d" * 64, CONTRACT.dimensions, preprocessing="{}"), "the preprocessing {}, expected"),
    ],
)
def test_the_contract_is_checked_at_the_door(tmp_path, other, message):
    whole = Contract("d" * 64, CONTRACT.dimensions, precision="fp32", preprocessing=json.dumps({"side": 160}))
    Matcher.open(tmp_path / "shop/", contract=whole, create=True).close()
    with Matcher.open(f"{tmp_path}/shop/") as matcher:
        assert matcher.contract == whole
    Matcher.open(tmp_path / "shop", contract=CONTRACT).close()  # what is not known is not compared
    with pytest.raises(GalleryError, match=message):
        Matcher.open(tmp_path / "shop", contract=other)
    with pytest.raises(GalleryError, match=r"was made by model d.*expected f"):
        Matcher.open(tmp_path / "shop", model="f" * 64)


@pytest.mark.parametrize(
    ("address", "error", "message"),
    [
        ("redis://host/shop", ValueError, "no store is called 'redis'; expected 'memory:'"),
        ("http://x", ValueError, "no store is called 'http'"),
        ("memory:", ValueError, "no contract for a new gallery at memory:"),
        ("nowhere/", GalleryError, "no gallery in nowhere"),
        ("nowhere.gallery", GalleryError, "no gallery at nowhere.gallery"),
        (5, TypeError, "address is 5; expected 'memory:'"),
    ],
)
def test_an_address_that_leads_nowhere_says_so(tmp_path, monkeypatch, address, error, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        Matcher.open(address)
    assert not list(tmp_path.iterdir())
