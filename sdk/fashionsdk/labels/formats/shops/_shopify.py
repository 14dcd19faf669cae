"""Reads Shopify's product export, of the columns it has had until 2025 and of those since.

A product has several rows, which its handle holds together: one for each variant, and one for each photo. What is true
of the product stands in the first. A category metafield is a column such as ``Neckline
(product.metafields.shopify.neckline)``; what stands in brackets is the same in every language.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fashionsdk.labels._columns import RESERVED
from fashionsdk.labels._csv_reader import CsvTable
from fashionsdk.labels.formats._table_rows import TableRows
from fashionsdk.labels.formats.shops._photo_rows import ShopPhoto, photo_rows

HANDLE, PHOTO, VARIANT_PHOTO = (
    ("handle", "url handle"),
    ("image src", "product image url"),
    ("variant image", "variant image url"),
)
KINDS: Mapping[str, str] = {"type": "Type", "vendor": "Vendor", "product category": "Product category"}
SEVERAL = "; "  # between the values of a metafield that has several
_METAFIELD = re.compile(r"\(\s*product\.metafields\.([^.()\s]+)\.([^()\s]+?)\s*\)$")
_UNSEEN = re.compile(r"(.*-)?size|age-group|target-gender|care-instructions|condition")  # no photo shows them


def is_shopify_export(columns: Sequence[str]) -> bool:
    """Tell whether a table's columns are those of a Shopify export."""
    lowered = {name.lower() for name in columns}
    return not lowered.isdisjoint(HANDLE) and not lowered.isdisjoint(PHOTO)


def shopify_rows(text: CsvTable, folder: Path) -> TableRows:
    """Return the photos of an export that are in a folder, with their products and attributes.

    Attributes are the category metafields that a photo can show, by their key, or else the product's type. Others may
    be chosen: ``custom.KEY``, ``option.NAME`` (of the variants that have the photo), ``Type``, ``Vendor``.

    Raises:
        LabelsError: a column or a handle is missing, or no photo is in the folder.
    """
    export = _Export(text)
    photos = list(export.photos())
    metafields = [name for name in export.fields.values() if "." not in name and name not in KINDS.values()]
    chosen = [name for name in metafields if not _UNSEEN.fullmatch(name)] or ["Type"]
    rows = photo_rows(text.path, "a Shopify export", photos, folder, export.columns(photos), chosen)
    return TableRows(rows.text, rows.root, rows.chosen, (*rows.notes, *export.notes(chosen)))


class _Export:
    """The rows of an export.

    Attributes:
        fields: place of a column -> name of the attribute that it can be.
    """

    def __init__(self, text: CsvTable) -> None:
        self._text = text
        self._places = places = {name.lower(): n for n, name in reversed([*enumerate(text.columns)])}
        self._handle, self._photo = self._place(HANDLE), self._place(PHOTO)
        self._variant_photo = next((places[name] for name in VARIANT_PHOTO if name in places), None)
        self._options = [
            (places[f"option{n} name"], places[f"option{n} value"])
            for n in (1, 2, 3)
            if f"option{n} name" in places and f"option{n} value" in places
        ]
        self.fields = {n: name for n, column in enumerate(text.columns) if (name := _field(column))}
        self._several = Counter[str]()

    def _place(self, names: Sequence[str]) -> int:
        found = next((self._places[name] for name in names if name in self._places), None)
        if found is None:
            raise self._text.column_error(
                f"no column {names[0]!r}", f"a Shopify product export, with {' or '.join(names)}"
            )
        return found

    def photos(self) -> Iterator[ShopPhoto]:
        """Yield a photo for each address in a row, with what is known of its product and variant."""
        products = self._products()
        names: dict[str, list[str]] = {}  # the options' names stand in the product's first row only
        for line, cells in self._text.rows:
            handle = cells[self._handle].strip()
            options = names.setdefault(handle, [cells[name].strip() for name, _ in self._options])
            if address := cells[self._photo].strip():
                yield ShopPhoto(line, address, handle, products[handle])
            if self._variant_photo is not None and (address := cells[self._variant_photo].strip()):
                variant = {
                    f"option.{name}": cells[value].strip()
                    for name, (_, value) in zip(options, self._options, strict=True)
                    if name and cells[value].strip() != "Default Title"
                }
                yield ShopPhoto(line, address, handle, {**products[handle], **variant})

    def _products(self) -> dict[str, dict[str, str]]:
        """Return each product's values by its handle: the first cell of a column that is not blank."""
        products: dict[str, dict[str, str]] = {}
        for line, cells in self._text.rows:
            if not (handle := cells[self._handle].strip()):
                raise self._text.line_error(line, "the handle is blank; expected the product's, in each of its rows")
            product = products.setdefault(handle, {})
            for place, name in self.fields.items():
                if name not in product and (cell := cells[place].strip()):
                    product[name] = self._single(name, cell)
        return products

    def _single(self, name: str, cell: str) -> str:
        """Return a cell's value, "" if it names several: nobody knows which of them a photo shows."""
        if SEVERAL.strip() not in cell or name in KINDS.values():
            return cell
        self._several[name] += 1
        return ""

    def columns(self, photos: Sequence[ShopPhoto]) -> list[str]:
        """Return the names of all columns that may be attributes."""
        options = dict.fromkeys(name for photo in photos for name in photo.cells if name.startswith("option."))
        return [*dict.fromkeys(self.fields.values()), *options]

    def notes(self, chosen: Sequence[str]) -> list[str]:
        """Return a sentence for each attribute of which some products have several values."""
        return [
            f"column {name!r}: {count} products have several values, which count as blank"
            for name, count in sorted(self._several.items())
            if name in chosen
        ]


def _field(column: str) -> str | None:
    """Return the name of the attribute that a column can be, None if it can be none."""
    if found := _METAFIELD.search(column):
        space, key = found.groups()
        return key if space == "shopify" and key not in RESERVED and "." not in key else f"{space}.{key}"
    return KINDS.get(column.lower())
