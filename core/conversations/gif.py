"""A GIF's first frame: servers read still pictures, and some refuse an animation (OpenAI: "non-animated GIF")."""

from __future__ import annotations

MOST_BLOCKS = 100_000
"""Pieces of a picture that are looked at, of at most 255 bytes each: some milliseconds."""
_HEADER_BYTES, _IMAGE_BYTES = 13, 10
_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B


def first_frame(data: bytes) -> bytes:
    """Cut a GIF off behind its first frame; what is no whole GIF stays as it is.

    Blocks: https://www.w3.org/Graphics/GIF/spec-gif89a.txt.
    """
    try:
        end = _behind_first_frame(data)
    except (IndexError, ValueError):
        return data
    return data if data[end] == _TRAILER else data[:end] + bytes([_TRAILER])


def _behind_first_frame(data: bytes) -> int:
    at = _HEADER_BYTES + _colours(data[10])
    while data[at] == _EXTENSION:
        at = _behind_pieces(data, at + 2)
    if data[at] != _IMAGE:
        raise ValueError("no picture")
    at += _IMAGE_BYTES + _colours(data[at + _IMAGE_BYTES - 1])
    return _behind_pieces(data, at + 1)


def _colours(flags: int) -> int:
    """The bytes of a table of colours, where the flags say that there is one."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _behind_pieces(data: bytes, at: int) -> int:
    for _ in range(MOST_BLOCKS):
        size = data[at]
        at += size + 1
        if size == 0:
            return at
    raise ValueError("too many pieces")
