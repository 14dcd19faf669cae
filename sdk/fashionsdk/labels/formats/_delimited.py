"""Reads text tables, whose cells are separated by commas or tabs; their columns tell which format they have."""

from pathlib import Path

from fashionsdk.labels._csv_reader import CsvTable, read_csv
from fashionsdk.labels.formats._table_rows import TableRows, house_rows
from fashionsdk.labels.formats.shops import is_merchant_feed, is_shopify_export, merchant_rows, shopify_rows


def read_delimited(path: Path, photos: Path | None, kind: str | None = None) -> TableRows:
    """Read a label table, a Shopify export or a Google Merchant feed.

    Args:
        path: the file.
        photos: the folder of the photos; the table's without it.
        kind: ``csv``, ``shopify`` or ``google``; None if the columns decide.

    Raises:
        LabelsError: as `read_csv`, a column that the format needs is missing, or no photo of a shop's table is there.
    """
    text = read_csv(path, tabs=True)
    kind = kind or _kind(text)
    if kind == "shopify":
        return shopify_rows(text, photos or path.parent)
    if kind == "google":
        return merchant_rows(text, photos or path.parent)
    return house_rows(text, photos)


def _kind(text: CsvTable) -> str:
    if is_shopify_export(text.columns):
        return "shopify"
    return "google" if is_merchant_feed(text.columns) else "csv"
