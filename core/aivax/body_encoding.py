"""The bytes of a request: files become base64 piece by piece while they are sent, so they are held once."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from core.aivax.request import Inline

_PIECE_BYTES = 3 * 64 * 1024
"""What is encoded and sent in one go: a multiple of 3, so that the pieces of base64 join."""


class Body:
    """A JSON document whose `Inline` values are written while it is sent; can be sent again."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        inline: list[Inline] = []
        mark = secrets.token_hex(16)  # nothing that was said can hold it
        frame = msgspec.json.encode(_marked(document, mark, inline)).split(mark.encode())
        self._pieces: list[bytes | Inline] = [frame[0]]
        for value, rest in zip(inline, frame[1:], strict=True):
            self._pieces += [value, rest]

    @property
    def length(self) -> int:
        """How many bytes will be sent."""
        return sum(map(_length, self._pieces))

    async def sent(self) -> AsyncIterator[bytes]:
        """The bytes, in pieces; others' turn comes between two of them."""
        for piece in self._pieces:
            if not isinstance(piece, Inline):
                yield piece
                continue
            yield piece.prefix.encode()
            for at in range(0, len(piece.data), _PIECE_BYTES):
                yield base64.b64encode(memoryview(piece.data)[at : at + _PIECE_BYTES])
                await asyncio.sleep(0)


def _marked(value: object, mark: str, found: list[Inline]) -> object:
    """Put a mark where a file is to stand, and collect the files in that order."""
    if isinstance(value, Inline):
        found.append(value)
        return mark
    if isinstance(value, dict):
        return {
            key: each if isinstance(each, str) else _marked(each, mark, found) for key, each in value.items()
        }
    return [_marked(each, mark, found) for each in value] if isinstance(value, list) else value


def _length(piece: bytes | Inline) -> int:
    if isinstance(piece, bytes):
        return len(piece)
    return len(piece.prefix.encode()) + (len(piece.data) + 2) // 3 * 4
