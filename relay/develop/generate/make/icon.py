"""`connectors/make/icon.png`: 512 by 512, white on transparent as Make wants it.

Made by `python -m relay.develop.generate.make.icon`

A dot that is heard, and three arcs that pass it on.
"""

import math
import struct
import zlib
from pathlib import Path

SIZE = 512
_SMOOTH = 3
_CENTRE = (150.0, 362.0)
_DOT = 52.0
_ARCS = ((120.0, 160.0), (208.0, 248.0), (296.0, 336.0))


def png() -> bytes:
    rows = b"".join(b"\0" + b"".join(_pixel(x, y) for x in range(SIZE)) for y in range(SIZE))
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")
    )


def _pixel(x: int, y: int) -> bytes:
    """White, and as opaque as the share of the pixel that is drawn."""
    points = [((x + (i + 0.5) / _SMOOTH), (y + (j + 0.5) / _SMOOTH)) for i in range(_SMOOTH) for j in range(_SMOOTH)]
    drawn = sum(_is_drawn(*point) for point in points)
    return bytes((255, 255, 255, 255 * drawn // len(points)))


def _is_drawn(x: float, y: float) -> bool:
    across, up = x - _CENTRE[0], _CENTRE[1] - y
    away = math.hypot(across, up)
    return away <= _DOT or (across >= 0 and up >= 0 and any(inner <= away <= outer for inner, outer in _ARCS))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


if __name__ == "__main__":
    (Path(__file__).parents[4] / "connectors/make/icon.png").write_bytes(png())
