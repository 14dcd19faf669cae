"""A report shows no neighbour of the query's own product."""

import numpy as np
from PIL import Image

from fashionsdk.embedding._embedder import Embedder
from fashionsdk.labels import read_retrieval
from fashionsdk.report import gather
from fashionsdk.report._pictures import picture


def test_neighbours_are_the_nearest_of_other_products(tmp_path, bundle):
    rng, lines = np.random.default_rng(1), ["image,split,product,colour"]
    for n in range(24):
        Image.fromarray(rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)).save(tmp_path / f"{n:02}.png")
        lines.append(f"{n:02}.png,valid,{'' if n == 23 else f'p{n % 4}'},{('red', 'blue')[n // 4 % 2]}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    embedder, split = Embedder(bundle.path, device="cpu"), read_retrieval(tmp_path, "valid")
    vectors = embedder.embed(split.paths)["colour"]
    embedded = ((index, embedder.embed([path])) for index, path in enumerate(split.paths))
    report = gather(embedder, split, embedded, facts={}, attention=False, maps=False)
    position = {picture(embedder.preprocessing(Image.open(path))): n for n, path in enumerate(split.paths)}
    candidates = split.candidates[:, 0].tolist()
    (colour,) = report.attributes
    for query in colour.queries:
        asked = position[query.picture]
        others = [n for n in candidates if not split.products[asked] or split.products[n] != split.products[asked]]
        expected = sorted(others, key=lambda n: -float(vectors[n] @ vectors[asked]))[:6]
        assert [position[neighbour.picture] for neighbour in query.neighbours] == expected
