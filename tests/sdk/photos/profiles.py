"""ICC profiles, written byte by byte (ICC.1:2001-04)."""

import struct

import numpy as np

D65, D50 = np.array([0.9504, 1, 1.0889]), np.array([0.9642, 1, 0.8249])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
# x and y of red, green and blue, and the exponent; None for sRGB's curve.
SPACES: dict[str, tuple[list[tuple[float, float]], float | None]] = {
    "sRGB": ([(0.64, 0.33), (0.30, 0.60), (0.15, 0.06)], None),
    "Display P3": ([(0.680, 0.320), (0.265, 0.690), (0.150, 0.060)], None),
    "Adobe RGB": ([(0.64, 0.33), (0.21, 0.71), (0.15, 0.06)], 2.2),
    "ProPhoto": ([(0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001)], 1.8),
}


def matrix(space: str) -> np.ndarray:
    """Return what makes XYZ of a white D50 from linear red, green and blue."""
    colours = np.array([[x / y, 1, (1 - x - y) / y] for x, y in SPACES[space][0]]).T
    cones = BRADFORD @ np.column_stack([D65, D50])
    adapted = np.linalg.inv(BRADFORD) @ np.diag(cones[:, 1] / cones[:, 0]) @ BRADFORD
    return np.asarray(adapted @ colours * np.linalg.solve(colours, D65))


def rgb(space: str) -> bytes:
    exponent = SPACES[space][1]
    curve = _srgb_curve() if exponent is None else _curve(exponent)
    columns = {name: _xyz(*matrix(space)[:, i]) for i, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    return profile(b"RGB ", {**columns, b"rTRC": curve, b"gTRC": curve, b"bTRC": curve})


def grey(exponent: float) -> bytes:
    return profile(b"GRAY", {b"kTRC": _curve(exponent)})


def cmyk(lightness: list[float]) -> bytes:
    """A profile that makes a grey of black ink, of a CIE lightness for none and for all of it, whatever the others."""
    channels, grid, outputs = 4, 2, 3
    table = b""
    for index in range(grid**channels):
        black = index % grid  # the last channel changes fastest
        table += struct.pack(">3B", round(lightness[black] * 2.55), 128, 128)
    straight = bytes(range(256))
    lut = b"mft1\0\0\0\0" + bytes([channels, outputs, grid, 0]) + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    return profile(b"CMYK", {b"A2B0": lut + straight * channels + table + straight * outputs}, b"Lab ", b"prtr")


def profile(space: bytes, tags: dict[bytes, bytes], connection: bytes = b"XYZ ", device: bytes = b"mntr") -> bytes:
    tags = {b"desc": _description("test"), b"cprt": b"text\0\0\0\0none\0", b"wtpt": _xyz(*D50), **tags}
    start, table, data = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, body in tags.items():
        table += name + struct.pack(">2I", start + len(data), len(body))
        data += body + b"\0" * (-len(body) % 4)
    head = struct.pack(
        ">I4sI4s4s4s6H4s",
        start + len(data),
        b"test",
        0x02400000,
        device,
        space,
        connection,
        2026,
        1,
        1,
        0,
        0,
        0,
        b"acsp",
    )
    return (head + b"\0" * 28 + _fixed(*D50)).ljust(128, b"\0") + table + data


def _fixed(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(*values)


def _curve(exponent: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(exponent * 256)) + b"\0\0"


def _srgb_curve() -> bytes:
    return b"para\0\0\0\0" + struct.pack(">2H", 3, 0) + _fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def _description(text: str) -> bytes:
    body = text.encode() + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(body)) + body + b"\0" * 78
