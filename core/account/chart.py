"""A small chart of spending by day, as a PNG that is written here: docs/decisions tells why no library draws it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

WIDTH, HEIGHT = 640, 200
_MARGIN = 10
_WHITE, _BAR, _LINE, _AXIS = range(4)
_PALETTE = bytes((255, 255, 255, 79, 110, 219, 224, 226, 232, 110, 114, 128))
"""Red, green and blue of each of these. The ground is painted: a dark theme would swallow a transparent one."""
_GRID_LINES = 4
_LEAST_BAR = 2
"""Points of a day on which anything was spent."""


def bars(amounts: Sequence[float]) -> bytes:
    """Draw a bar for each amount, none for 0 or less, with lines at each quarter of the largest."""
    top, bottom = _MARGIN, HEIGHT - _MARGIN
    highest = max([0.0, *amounts])
    heights = [_height(each, highest, bottom - top) for each in amounts]
    grid = {bottom - (bottom - top) * each // _GRID_LINES for each in range(1, _GRID_LINES + 1)}
    rows = []
    for y in range(HEIGHT):
        ground = _AXIS if y == bottom else _LINE if y in grid else _WHITE
        row = bytearray([_WHITE]) * WIDTH
        row[_MARGIN : WIDTH - _MARGIN] = bytes([ground]) * (WIDTH - 2 * _MARGIN)
        for at, height in enumerate(heights):
            if bottom - height <= y < bottom:
                left, right = _sides(at, len(heights))
                row[left:right] = bytes([_BAR]) * (right - left)
        rows.append(bytes(row))
    return _png(rows)


def _height(amount: float, highest: float, room: int) -> int:
    if amount <= 0 or not highest:
        return 0
    return max(_LEAST_BAR, round(amount / highest * room))


def _sides(at: int, of: int) -> tuple[int, int]:
    """Where a bar begins and ends; a quarter of its place parts it from the next."""
    room = WIDTH - 2 * _MARGIN
    left, right = _MARGIN + at * room // of, _MARGIN + (at + 1) * room // of
    return left, max(left + 1, right - (right - left) // 4)


def _png(rows: Sequence[bytes]) -> bytes:
    """Rows of one byte a point, each the number of a colour."""
    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 3, 0, 0, 0)
    points = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    chunks = ((b"IHDR", head), (b"PLTE", _PALETTE), (b"IDAT", points), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
