"""Reads Google Merchant product feeds, as text with tabs or commas. A feed in XML is refused by the reader of text."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from fashionsdk.labels._columns import RESERVED
from fashionsdk.labels._csv_reader import CsvTable
from fashionsdk.labels.formats._table_rows import TableRows
from fashionsdk.labels.formats.shops._photo_rows import ShopPhoto, photo_rows

ATTRIBUTES = ("color", "colour", "pattern", "material")
PRIMARY = ("color", "colour", "material")  # several values stand with a slash between them, the first is the main one
PHOTO, MORE_PHOTOS, LIFESTYLE, GROUP = "image_link", "additional_image_link", "lifestyle_image_link", "item_group_id"
_NONE = frozenset(  # columns that say nothing of what a photo shows
    (
        *("id", "title", "description", "link", "mobile_link", "availability", "price", "sale_price", "gtin", "mpn"),
        *("shipping", "tax", PHOTO, MORE_PHOTOS, LIFESTYLE, GROUP, *RESERVED),
    )
)


def is_merchant_feed(columns: Sequence[str]) -> bool:
    """Tell whether a table's columns are those of a Google Merchant feed."""
    return {"id", PHOTO} <= {_name(column) for column in columns}


def merchant_rows(text: CsvTable, folder: Path) -> TableRows:
    """Return the photos of a feed that are in a folder, with their products and attributes.

    An item is a variant. Items of one ``item_group_id`` are one product. Attributes are colour, pattern and material;
    the feed's other columns may be chosen.

    Raises:
        LabelsError: a column or an id is missing, or no photo is in the folder.
    """
    feed = _Feed(text)
    photos = list(feed.photos())
    columns = list(feed.attributes.values())
    chosen = [name for name in columns if name in ATTRIBUTES]
    rows = photo_rows(text.path, "a Google Merchant feed", photos, folder, columns, chosen)
    return TableRows(rows.text, rows.root, rows.chosen, (*rows.notes, *feed.notes()))


class _Feed:
    """The rows of a feed.

    Attributes:
        attributes: place of a column -> name of the attribute that it can be.
    """

    def __init__(self, text: CsvTable) -> None:
        self._text, names = text, [_name(column) for column in text.columns]
        if missing := [name for name in ("id", PHOTO) if name not in names]:
            raise text.column_error(f"no column {' and '.join(missing)}", "a Google Merchant feed")
        self._places = {name: n for n, name in reversed([*enumerate(names)])}
        self.attributes = {n: name for name, n in self._places.items() if name and name not in _NONE}
        self.attributes = dict(sorted(self.attributes.items()))
        self._several = Counter[str]()

    def photos(self) -> Iterator[ShopPhoto]:
        """Yield a photo for each address of each item."""
        for line, cells in self._text.rows:
            product = self._cell(cells, GROUP) or self._cell(cells, "id")
            if not product:
                raise self._text.line_error(line, "the id is blank; expected the item's")
            values = {name: self._main(name, cells[place].strip()) for place, name in self.attributes.items()}
            addresses = [self._cell(cells, PHOTO)]
            for more in (MORE_PHOTOS, LIFESTYLE):
                addresses += self._cell(cells, more).split(",")
            for address in filter(None, map(str.strip, addresses)):
                yield ShopPhoto(line, address, product, values)

    def _cell(self, cells: Sequence[str], name: str) -> str:
        return cells[self._places[name]].strip() if name in self._places else ""

    def _main(self, name: str, cell: str) -> str:
        main, slash, _ = cell.partition("/")
        if name not in PRIMARY or not slash:
            return cell
        self._several[name] += 1
        return main.strip()

    def notes(self) -> list[str]:
        """Return a sentence for each attribute of which some items have several values."""
        return [
            f"column {name!r}: {count} items have several values, of which the first, the main one, counts"
            for name, count in sorted(self._several.items())
        ]


def _name(column: str) -> str:
    """Return a column's name as Google's documentation has it: feeds write ``Image link`` and ``g:image_link`` too."""
    return column.strip().lower().removeprefix("g:").replace(" ", "_").replace("-", "_")
