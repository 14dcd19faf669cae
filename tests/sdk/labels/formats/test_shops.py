"""Exports of Shopify and feeds of Google Merchant: photos are found by name, and nothing else is believed."""

import pytest

from fashionsdk.errors import LabelsError
from fashionsdk.labels import LabelSource
from fashionsdk.labels.formats.shops._named_photos import photo_name
from tests.sdk.labels.formats.tables import csv_text, photo

NECKLINE = "Neckline (product.metafields.shopify.neckline)"
COLOUR = "Farbe (product.metafields.shopify.color-pattern)"
SIZE = "Size (product.metafields.shopify.size)"
WORK = "Work (product.metafields.custom.work)"
OLD = (
    "Handle",
    "Title",
    "Type",
    "Option1 Name",
    "Option1 Value",
    "Image Src",
    NECKLINE,
    COLOUR,
    SIZE,
    WORK,
    "Variant Image",
)
NEW = (
    "Title",
    "URL handle",
    "Type",
    "Option1 name",
    "Option1 value",
    "Product image URL",
    NECKLINE,
    COLOUR,
    SIZE,
    WORK,
)
ADDRESS = "https://cdn.example.com/s/files/1/{}?v=1771660804"


def address(name):
    return ADDRESS.format(name) if name else ""


def export(tmp_path, *rows, columns=OLD):
    path = tmp_path / "products_export.csv"
    path.write_text(csv_text(columns, rows), encoding="utf-8")
    return path


def dress(**cells):
    """Return an export's row of the product ``dress``."""
    row = {"Handle": "dress", **cells}
    return tuple(address(row.get(name, "")) if "Image" in name else row.get(name, "") for name in OLD)


def table(path, attributes=None, **options):
    found = LabelSource.open(path, attributes, splits=False, **options).table
    assert found is not None
    return found


def test_a_product_s_rows_become_a_row_a_photo(tmp_path):
    for name in ("photos/d1.jpg", "photos/deep/d 2.jpg", "photos/t1.jpg"):
        photo(tmp_path / name)
    first = {"Type": "Dress", "Option1 Name": "Colour", "Option1 Value": "red", NECKLINE: "v-neck", COLOUR: "red; blue"}
    path = export(
        tmp_path,
        dress(**first, **{"Image Src": "d1.jpg", "Variant Image": "d1.jpg", SIZE: "s; m", WORK: "lace"}),
        dress(**{"Image Src": "d%202.jpg", "Option1 Value": "blue", "Variant Image": "d%202.jpg"}),
        dress(**{"Option1 Value": "green", "Image Src": "lost.jpg"}),
        ("top", "Top", "Top", "Title", "Default Title", address("t1.jpg"), "crew", "blue", "m", "", ""),
    )
    found = table(path, photos=tmp_path / "photos")
    assert found.attribute_columns == ("neckline", "color-pattern")
    assert found.root == tmp_path / "photos"
    assert [(row["image"], row["product"], row["neckline"], row["color-pattern"]) for row in found.rows] == [
        ("d1.jpg", "dress", "v-neck", ""),
        ("deep/d 2.jpg", "dress", "v-neck", ""),
        ("t1.jpg", "top", "crew", "blue"),
    ]
    assert [row["option.Colour"] for row in found.rows] == ["red", "blue", ""]
    assert found.notes == (
        "read as a Shopify export; attributes: neckline, color-pattern; to use others, name all that you want with "
        "--attribute: Type, size, custom.work, option.Colour",
        f"1 photos are not in the folder {tmp_path / 'photos'} and are left out, such as lost.jpg (line 4)",
        "column 'color-pattern': 1 products have several values, which count as blank",
    )
    chosen = LabelSource.open(path, ["Type", "option.Colour"], photos=tmp_path / "photos", splits=False).table
    assert chosen is not None
    assert {"Type", "option.Colour", "neckline"} <= set(chosen.attribute_columns)


def test_the_columns_of_newer_exports_are_read(tmp_path):
    photo(tmp_path / "a.jpg")
    row = ("Top", "top", "Top", "", "", address("a.jpg"), "crew", "blue", "", "")
    assert [(each["product"], each["neckline"]) for each in table(export(tmp_path, row, columns=NEW)).rows] == [
        ("top", "crew")
    ]


def test_an_export_without_metafields_has_the_product_s_type(tmp_path):
    photo(tmp_path / "a.jpg")
    path = export(tmp_path, ("top", "Shirt", address("a.jpg")), columns=("Handle", "Type", "Image Src"))
    assert table(path).attribute_columns == ("Type",)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://x/files/a%20b.jpg?v=2#top", "a b.jpg"),
        ("a.jpg", "a.jpg"),
        ("https://x/..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("https://x/..%5C..%5Ca.jpg", "a.jpg"),
        ("file:///etc/passwd", "passwd"),
        ("http://[broken/a.jpg", "a.jpg"),
        ("https://x/", ""),
        ("", ""),
    ],
)
def test_only_the_name_of_an_address_counts(address, name):
    assert photo_name(address) == name


def test_no_address_leads_out_of_the_folder(tmp_path):
    photo(tmp_path / "secret.jpg")
    photo(tmp_path / "photos/a.jpg")
    rows = [dress(**{"Image Src": name, NECKLINE: "v"}) for name in ("../secret.jpg", "a.jpg", "..%2Fsecret.jpg")]
    found = table(export(tmp_path, *rows), photos=tmp_path / "photos")
    assert [row["image"] for row in found.rows] == ["a.jpg"]


def test_a_name_that_several_files_have_is_left_out_unless_one_is_in_the_product_s_folder(tmp_path):
    for name in ("dress/1.jpg", "other/1.jpg", "x/2.jpg", "y/2.jpg", "3.jpg"):
        photo(tmp_path / name)
    rows = [dress(**{"Image Src": f"{n}.jpg", NECKLINE: "v"}) for n in (1, 2, 3)]
    found = table(export(tmp_path, *rows))
    assert [row["image"] for row in found.rows] == ["dress/1.jpg", "3.jpg"]
    assert (
        f"1 photos are left out, for several files in {tmp_path} have their name, such as 2.jpg (line 3)" in found.notes
    )


def test_a_photo_of_two_products_counts_for_the_first_and_is_said(tmp_path):
    photo(tmp_path / "a.jpg"), photo(tmp_path / "b.jpg")
    rows = [("dress", "a.jpg", "v"), ("top", "a.jpg", "crew"), ("top", "b.jpg", "crew")]
    path = export(tmp_path, *(dress(**{"Handle": h, "Image Src": name, NECKLINE: n}) for h, name, n in rows))
    assert [(row["product"], row["neckline"]) for row in table(path).rows] == [("dress", ""), ("top", "crew")]
    assert "1 photos belong to several products; the first row's counts, such as a.jpg (line 3)" in table(path).notes
    assert "column 'neckline': the rows of 1 photos name different values, which count as blank" in table(path).notes


def test_an_export_without_its_photos_says_where_to_put_them(tmp_path):
    path = export(tmp_path, dress(**{"Image Src": "a.jpg", NECKLINE: "v"}))
    with pytest.raises(
        LabelsError, match=r"none of its 1 photos is in the folder .*, such as a\.jpg \(line 2\); .*--photos"
    ):
        table(path)


def test_a_row_without_a_handle_or_an_export_without_the_column_is_an_error(tmp_path):
    photo(tmp_path / "a.jpg")
    with pytest.raises(LabelsError, match="line 2: the handle is blank"):
        table(export(tmp_path, dress(**{"Handle": "", "Image Src": "a.jpg"})))
    with pytest.raises(LabelsError, match="no column 'handle'"):
        table(export(tmp_path, ("a.jpg",), columns=("Image Src",)), format="shopify")


FEED = ("id", "title", "image link", "additional_image_link", "item group id", "g:color", "pattern", "size", "brand")


def feed(tmp_path, *rows, columns=FEED, separator="\t"):
    path = tmp_path / "feed.txt"
    path.write_text(csv_text(columns, rows, separator), encoding="utf-8-sig")
    return path


@pytest.mark.parametrize("separator", ["\t", ","])
def test_a_feed_s_items_become_a_row_a_photo(tmp_path, separator):
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        photo(tmp_path / name)
    path = feed(
        tmp_path,
        (
            "1",
            "Shirt, long",
            address("a.jpg"),
            f"{address('b.jpg')}, {address('gone.jpg')}",
            "g1",
            "Red/White",
            "striped",
            "S",
            "B",
        ),
        ("2", "Shirt, long", address("a.jpg"), "", "g1", "Red/White", "plain", "M", "B"),
        ("3", "Skirt", address("c.jpg"), "", "", "Blue", "", "S", "B"),
        separator=separator,
    )
    found = table(path)
    assert found.attribute_columns == ("color", "pattern")
    assert [(row["image"], row["product"], row["color"], row["pattern"]) for row in found.rows] == [
        ("a.jpg", "g1", "Red", ""),
        ("b.jpg", "g1", "Red", "striped"),
        ("c.jpg", "3", "Blue", ""),
    ]
    assert found.notes == (
        "read as a Google Merchant feed; attributes: color, pattern; to use others, name all that you want with "
        "--attribute: size, brand",
        f"1 photos are not in the folder {tmp_path} and are left out, such as gone.jpg (line 2)",
        "column 'pattern': the rows of 1 photos name different values, which count as blank",
        "column 'color': 2 items have several values, of which the first, the main one, counts",
    )


def test_a_feed_without_ids_is_an_error(tmp_path):
    photo(tmp_path / "a.jpg")
    with pytest.raises(LabelsError, match="line 2: the id is blank"):
        table(feed(tmp_path, ("", "a.jpg", "red"), columns=("id", "image_link", "color")))
    with pytest.raises(LabelsError, match="no column id"):
        table(feed(tmp_path, ("a.jpg", "red"), columns=("image_link", "color")), format="google")
    with pytest.raises(LabelsError, match="'image_link' is named twice"):
        table(feed(tmp_path, ("1", "a.jpg", "b.jpg"), columns=("id", "image_link", "image_link")))
