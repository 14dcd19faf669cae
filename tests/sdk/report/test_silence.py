"""Library code prints nothing unless it is asked for progress."""

import numpy as np
import pytest
from PIL import Image

from fashionsdk.embedding._embedder import Embedder
from fashionsdk.evaluation import evaluate, evaluate_triplets, pointing
from fashionsdk.labels import read_boxes, read_labels, read_retrieval, read_triplets
from fashionsdk.report import draw_maps, gather, overlay_attention, render, render_attention, render_maps, sample_labels
from tests.sdk.labels.triplet_folders import random_rows, write_triplets


@pytest.fixture
def shop(tmp_path):
    """Twelve photos in two colours, with a label table, boxes and triplets."""
    random, rows, boxes = np.random.default_rng(3), ["image,split,colour"], ["image,attribute,left,top,right,bottom"]
    for index in range(12):
        Image.fromarray(random.integers(0, 256, (20, 20, 3), dtype=np.uint8)).save(tmp_path / f"{index}.png")
        rows.append(f"{index}.png,valid,{('red', 'blue')[index % 2]}")
        boxes.append(f"{index}.png,colour,0,0,0.5,0.5")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    (tmp_path / "boxes.csv").write_text("\n".join(boxes))
    write_triplets(tmp_path, [f"{index}.png" for index in range(12)], {})
    lines = "".join(f"{a} {far} {close}\n" for a, far, close in random_rows(12, 9, seed=0))
    (tmp_path / "tripletlists" / "colour_tripletlist_val.txt").write_text(lines)
    return tmp_path


@pytest.fixture(autouse=True)
def bars_at_once(monkeypatch):
    """Show a progress bar, where there is one, from its first moment."""
    monkeypatch.setattr("fashionsdk._tools.progress.SHOWN_AFTER", 0)


def embedded(embedder, paths, **options):
    """Yield each photo's index and embeddings."""
    for item in embedder.embed_many(paths, **options):
        yield item.index, item.embeddings


def batches(embedder, paths):
    return ((np.array([index]), embeddings.vectors) for index, embeddings in embedded(embedder, paths))


def use_everything(folder, bundle, **options):
    """Evaluate, point, gather a report and draw maps, with ``options`` for what can show progress."""
    embedder, split, labels = Embedder(bundle.path), read_retrieval(folder, "valid"), read_labels(folder, "valid")
    names = [attribute.name for attribute in embedder.attributes]
    evaluate(split, batches(embedder, split.paths), names)
    triplets = read_triplets(folder, "val", ["colour"])
    evaluate_triplets(triplets, batches(embedder, triplets.paths), names)
    attention = [embeddings.attention[0] for _, embeddings in embedded(embedder, labels.paths, attention=True)]
    boxes = read_boxes(folder / "boxes.csv", labels)
    pointing(
        boxes,
        [(index, maps, embedder.preprocessing.placement((20, 20))) for index, maps in enumerate(attention)],
        names,
    )
    pixels = embedder.preprocessing.read(labels.paths[0])
    render_attention([overlay_attention(pixels, attention[0], names, [None] * len(names))], {})
    render(gather(embedder, split, embedded(embedder, split.paths), facts={}, **options))
    render_maps(draw_maps(sample_labels(labels), embedded(embedder, labels.paths), **options), {}, 0)


def test_nothing_is_printed_unasked(shop, bundle, capfd):
    use_everything(shop, bundle)
    assert capfd.readouterr() == ("", "")


def test_progress_that_is_asked_for_is_on_stderr(shop, bundle, capfd):
    use_everything(shop, bundle, progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "report: 100%" in err
    assert "maps: 100%" in err
