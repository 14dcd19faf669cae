"""The commands of a shop as one writes them: the same on a file, a folder and databases."""

import json
from pathlib import Path

import numpy as np
import pytest

from fashionsdk import Embedder
from tests.sdk.search.stores.milvus_server import MilvusServer
from tests.sdk.search.stores.postgres_server import PostgresServer

KEYS = [f"shop/{index}.png" for index in range(0, 8, 2)] + [f"shop/deep/{index}.png" for index in range(1, 8, 2)]
PHOTO, GONE = "shop/4.png", "shop/deep/3.png"
PRICES = {key: 10 * number for number, key in enumerate(KEYS)}
SERVERS = {"postgresql": PostgresServer, "milvus": MilvusServer}
SCORE_ATOL = 1e-6  # float32 sums in another order


@pytest.fixture(params=["shop.gallery", "folder/", *SERVERS])
def store(request):
    """Where the gallery is; on a server of its own if it is in a database."""
    if request.param not in SERVERS:
        yield request.param
        return
    server = SERVERS[request.param]()
    yield server.address("shop")
    server.stop()


def scores(bundle: Path, weights: dict[str, float]) -> dict[str, float]:
    """Return key -> the weighted sum of its cosines with the photo's, by numpy, of what was not removed."""
    left = [key for key in KEYS if key != GONE]
    with Embedder(bundle) as embedder:
        vectors = embedder.embed(left)
    sums = sum(weight * vectors[name] @ vectors[name][left.index(PHOTO)] for name, weight in weights.items())
    return dict(zip(left, np.asarray(sums).tolist(), strict=True))


def best(found: dict[str, float]) -> list[str]:
    return sorted(found, key=lambda key: -found[key])[:5]


@pytest.mark.long
def test_what_a_shop_does_works_as_written(telling, shop, run, store):
    def answer(*argv: object):
        status, out, err = run(*argv, "--json")
        assert status == 0, err
        return json.loads(out)

    def search(*more: object) -> dict[str, float]:
        by = ("--by", "neckline=0.7", "--by", "sleeve=0.3", "-k", 5)
        matches = answer("search", telling, store, PHOTO, *by, *more)["matches"]
        for match in matches:
            assert set(match) == {"key", "score", "scores", "metadata"}
            assert set(match["scores"]) == {"neckline", "sleeve"}
            assert match["metadata"] == {"price": PRICES[match["key"]]}
        return {match["key"]: match["score"] for match in matches}

    Path("prices.csv").write_text("photo,price\n" + "".join(f"{key},{price}\n" for key, price in PRICES.items()))
    added = answer("gallery", "add", store, "--bundle", telling, "shop", "--metadata", "prices.csv")
    assert (added["photos"], added["items"]) == (8, 8)
    assert answer("gallery", "remove", store, GONE)["items"] == 7
    info = answer("gallery", "info", store)
    assert (info["items"], list(info["attributes"])) == (7, ["neckline", "sleeve", "colour"])

    expected = scores(telling, {"neckline": 0.7, "sleeve": 0.3})
    found = search()
    assert list(found) == best(expected)
    assert found == pytest.approx({key: expected[key] for key in found}, abs=SCORE_ATOL)
    assert list(search("--exclude-self")) == best({key: expected[key] for key in expected if key != PHOTO})
    cheap = {key: score for key, score in expected.items() if PRICES[key] <= 50}
    assert list(search("--where", "price <= 50")) == best(cheap)

    # A changed value counts as much as all other attributes together: here as the sleeve's whole weight.
    with Embedder(telling) as embedder:
        shows = {key: float(embedder.embed([key])["neckline"][0, 1]) for key in expected}
    sleeve = scores(telling, {"sleeve": 1.0})
    changed = answer("search", telling, store, PHOTO, "--by", "sleeve", "--change", "neckline=v", "-k", 5)["matches"]
    assert [match["key"] for match in changed] == best({key: sleeve[key] + shows[key] for key in shows})

    (row,) = answer("predict", telling, PHOTO)["predictions"]
    assert set(row["values"]) == {"neckline", "sleeve"}
