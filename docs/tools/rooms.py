"""Draw the rooms of the three packages from the code's own imports, and print how large the house is.

python docs/tools/rooms.py --svg docs/pictures/rooms.svg
"""

import argparse
import ast
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

PACKAGES = {
    "fashionsdk_export": "export/fashionsdk_export",
    "fashionsdk_training": "training/fashionsdk_training",
    "fashionsdk": "sdk/fashionsdk",
}
FOLDERS = ("sdk", "training", "export", "benchmarks", "tests")
COLOURS = {"fashionsdk_export": "#E69F00", "fashionsdk_training": "#009E73", "fashionsdk": "#0072B2"}
NOT_COUNTED = {"__init__.py", "__main__.py", "conftest.py"}  # their names mean the same wherever they stand

SHELF = (
    "_tools",
    "errors",
    "attributes",
    "values",
    "embeddings",
)  # what every room may use: drawn below, without arrows

MARGIN, BAND_WIDTH, ROOM_HEIGHT, ROW_GAP, ROOM_GAP, ROOM_WIDTH, LANE = 20, 760, 54, 32, 20, 160, 24
BAND_GAP = 36


@dataclass
class Room:
    """A folder or a single file directly under a package."""

    name: str
    files: int = 0
    lines: int = 0
    uses: set[str] = field(default_factory=set)


def read_rooms(package: str, folder: Path) -> dict[str, Room]:
    """Return a package's rooms, with what each imports of the others."""
    rooms: dict[str, Room] = {}
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder).parts[0].removesuffix(".py")
        if name == "__init__":
            continue
        room = rooms.setdefault(name, Room(name))
        text = path.read_text(encoding="utf-8")
        room.files += path.name != "__init__.py"
        room.lines += text.count("\n")
        room.uses |= {used for used in imports(text, package) if used != name}
    for room in rooms.values():
        room.uses &= rooms.keys()
    return rooms


def imports(text: str, package: str) -> set[str]:
    """Return the rooms of ``package`` that a file imports."""
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom) and node.module]
    parts = [(node.module or "").split(".") for node in nodes]
    rooms = {inner[0] for top, *inner in parts if top == package and inner}
    return rooms | {alias.name for node in nodes if node.module == package for alias in node.names}


def floors(rooms: dict[str, Room]) -> list[list[Room]]:
    """Return the rooms floor by floor, the ground first: a room stands above all that it uses."""
    levels: dict[str, int] = {}

    def level(name: str) -> int:
        if name not in levels:
            levels[name] = 0
            levels[name] = 1 + max((level(used) for used in rooms[name].uses), default=-1)
        return levels[name]

    by_level = defaultdict(list)
    for name, room in rooms.items():
        by_level[level(name)].append(room)
    return [sorted(by_level[key], key=lambda room: room.name) for key in sorted(by_level)]


def arrows(rooms: dict[str, Room]) -> list[tuple[str, str]]:
    """Return who uses whom, without what follows from the other arrows."""

    def reached(name: str, without: str) -> set[str]:
        found: set[str] = set()
        for used in rooms[name].uses - {without}:
            found |= {used} | reached(used, "")
        return found

    return [
        (name, used) for name, room in rooms.items() for used in sorted(room.uses) if used not in reached(name, used)
    ]


Point = tuple[float, float]
Stop = tuple[str, ...]  # a room, or the place between two rooms where an arrow passes a floor


def route(rows: list[list[Room]], pairs: list[tuple[str, str]]) -> tuple[list[list[Stop]], list[list[Stop]]]:
    """Return the rows with a lane for each arrow that passes them, and each arrow's stops from top to bottom."""
    row_of = {room.name: row for row, members in enumerate(rows) for room in members}
    stops: list[list[Stop]] = [[(room.name,) for room in members] for members in rows]
    routes = []
    for user, used in pairs:
        lanes: list[Stop] = [(user, used, str(row)) for row in range(row_of[user] + 1, row_of[used])]
        for row, lane in enumerate(lanes, row_of[user] + 1):
            stops[row].append(lane)
        routes.append([(user,), *lanes, (used,)])
    return stops, routes


def order(stops: list[list[Stop]], routes: list[list[Stop]]) -> None:
    """Sort each row by where its neighbours in the rows beside it stand, so that few arrows cross."""
    links = defaultdict(set)
    for way in routes:
        for above, below in pairwise(way):
            links[above].add(below)
            links[below].add(above)
    for sweep in range(8):
        places = {stop: index / max(1, len(row) - 1) for row in stops for index, stop in enumerate(row)}
        for row in stops if sweep % 2 else stops[::-1]:
            row.sort(key=lambda stop: sum(places[n] for n in links[stop]) / len(links[stop]) if links[stop] else 0.5)
            places |= {stop: index / max(1, len(row) - 1) for index, stop in enumerate(row)}


def place(stops: list[list[Stop]], top: float) -> dict[Stop, Point]:
    """Return the middle of each stop's upper edge."""
    places = {}
    for row, members in enumerate(stops):
        widths = [ROOM_WIDTH if len(stop) == 1 else LANE for stop in members]
        left = MARGIN + (BAND_WIDTH - sum(widths) - ROOM_GAP * (len(widths) - 1)) / 2
        for stop, width in zip(members, widths, strict=True):
            places[stop] = (left + width / 2, top + row * (ROOM_HEIGHT + ROW_GAP))
            left += width + ROOM_GAP
    return places


def draw_band(package: str, rooms: dict[str, Room], top: float) -> tuple[list[str], float]:
    """Return one package's boxes and arrows as SVG, and the height that they take."""
    shelf = [rooms[name] for name in SHELF if name in rooms]
    upper = {name: room for name, room in rooms.items() if name not in SHELF}
    for room in upper.values():
        room.uses -= set(SHELF)
    stops, routes = route(floors(upper)[::-1], arrows(upper))
    order(stops, routes)
    places = place(stops, top + 40)
    height = 40 + len(stops) * (ROOM_HEIGHT + ROW_GAP) + 26
    colour = COLOURS[package]
    texts = "   ".join(f"{room.name} ({room.lines})" for room in shelf)
    shapes = [
        f'<rect x="{MARGIN}" y="{top}" width="{BAND_WIDTH}" height="{height}" rx="10" fill="{colour}" '
        f'fill-opacity="0.07" stroke="{colour}"/>',
        f'<text x="{MARGIN + 14}" y="{top + 26}" class="package" fill="{colour}">{package}</text>',
        f'<text x="{MARGIN + BAND_WIDTH / 2}" y="{top + height - 14}" class="size">for every room: {texts}</text>',
        *(draw_arrow([places[stop] for stop in way]) for way in routes),
    ]
    shapes += [draw_room(rooms[stop[0]], *point, colour) for stop, point in places.items() if len(stop) == 1]
    return shapes, height


def draw_room(room: Room, middle: float, top: float, colour: str) -> str:
    """Return one room's box: its name and its size."""
    size = f"{room.files} files, {room.lines:,} lines" if room.files > 1 else f"1 file, {room.lines} lines"
    return (
        f'<rect x="{middle - ROOM_WIDTH / 2:.0f}" y="{top:.0f}" width="{ROOM_WIDTH}" height="{ROOM_HEIGHT}" rx="6" '
        f'class="room" stroke="{colour}"/><text x="{middle:.0f}" y="{top + 24:.0f}" class="name">{room.name}</text>'
        f'<text x="{middle:.0f}" y="{top + 42:.0f}" class="size">{size}</text>'
    )


def draw_arrow(way: list[Point]) -> str:
    """Return a curve from a room's lower edge through its lanes to the upper edge of a room that it uses."""
    x, y = way[0][0], way[0][1] + ROOM_HEIGHT
    curve = f"M{x:.0f},{y:.0f}"
    for index, (next_x, next_y) in enumerate(way[1:], 1):
        last = index == len(way) - 1
        end, middle = next_y - 3 * last, (y + next_y) / 2
        curve += f" C{x:.0f},{middle:.0f} {next_x:.0f},{middle:.0f} {next_x:.0f},{end:.0f}"
        x, y = next_x, next_y + ROOM_HEIGHT
        curve += "" if last else f" L{x:.0f},{y:.0f}"
    return f'<path d="{curve}" class="arrow" marker-end="url(#head)"/>'


def draw(root: Path) -> str:
    """Return the whole picture as SVG."""
    shapes: list[str] = []
    top = float(MARGIN)
    for package, folder in PACKAGES.items():
        band, height = draw_band(package, read_rooms(package, root / folder), top)
        shapes += band
        top += height + BAND_GAP
        x, y = MARGIN + BAND_WIDTH / 2, top - BAND_GAP
        shapes.append(f'<path d="M{x},{y} L{x},{top - 3}" class="arrow" marker-end="url(#head)"/>')
    shapes.pop()  # nothing lies below the SDK
    width = BAND_WIDTH + 2 * MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top:.0f}" width="{width}" '
            f'height="{top:.0f}" font-family="sans-serif">',
            "<style>.package{font-size:17px;font-weight:bold}.room{fill:white;stroke-width:1.5}"
            ".name{font-size:15px;text-anchor:middle;fill:#222}.size{font-size:11px;text-anchor:middle;fill:#666}"
            ".arrow{fill:none;stroke:#888;stroke-width:1.2}</style>",
            '<defs><marker id="head" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" '
            'orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#888"/></marker></defs>',
            f'<rect width="{width}" height="{top:.0f}" fill="white"/>',
            *shapes,
            "</svg>\n",
        ]
    )


def figures(root: Path) -> str:
    """Return the size of the house in words."""
    paths = [path for folder in FOLDERS for path in (root / folder).rglob("*.py") if "__pycache__" not in path.parts]
    lines = {path: path.read_text(encoding="utf-8").count("\n") for path in paths}
    counted = [path for path in paths if path.name not in NOT_COUNTED]
    rooms = Counter(str(path.parent.relative_to(root)) for path in counted)
    names = Counter(path.name for path in counted)
    twice = sorted(name for name, count in names.items() if count > 1)
    longest = sorted(paths, key=lambda path: -lines[path])
    code = [path for path in longest if path.relative_to(root).parts[0] != "tests"]
    return "\n".join(
        [
            f"{len(paths)} files in {len(rooms)} rooms",
            "largest rooms: " + ", ".join(f"{name} {count}" for name, count in rooms.most_common(5)),
            *(f"longest file: {path.relative_to(root)}, {lines[path]} lines" for path in (code[0], longest[0])),
            f"file names that occur twice or more: {len(twice)} ({', '.join(twice)})",
        ]
    )


def main() -> None:
    """Print the figures; write the picture where it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[2], help="checkout (default: this one)")
    parser.add_argument("--svg", type=Path, help="file to write the picture to")
    args = parser.parse_args()
    print(figures(args.root))
    if args.svg:
        args.svg.write_text(draw(args.root), encoding="utf-8")


if __name__ == "__main__":
    main()
