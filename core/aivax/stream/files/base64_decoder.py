"""Base64, or escaped bytes, that come in pieces: decoded as they come, and never kept beyond a bound."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from binascii import Error, a2b_base64
from urllib.parse import unquote_to_bytes

_URL_SAFE = str.maketrans("-_", "+/", " \t\r\n")
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/=_-]+")
_HALF_ESCAPE = re.compile(r"%[0-9A-Fa-f]?\Z")


class Decoder(ABC):
    """Collects the bytes of a file."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._rest = ""
        self._data = bytearray()
        self.is_too_large = False
        """Whether there were more bytes than wanted: then none are kept."""

    def feed(self, text: str) -> None:
        """Take some more."""
        if not self.is_too_large:
            self._take(self._bytes_of(self._rest + text))

    def finish(self) -> bytes:
        """Return what came of it; nothing where it was too large."""
        if not self.is_too_large:
            self._take(self._last_bytes())
        data, self._data = bytes(self._data), bytearray()
        return data

    @abstractmethod
    def _bytes_of(self, text: str) -> bytes:
        """Decode what can be decoded by now; `_rest` is what can't."""

    @abstractmethod
    def _last_bytes(self) -> bytes:
        """Decode what is left at the end."""

    def _take(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > self._most_bytes:
            self.is_too_large = True
            self._data = bytearray()


class Base64Decoder(Decoder):
    """Reads either alphabet, with escapes as in addresses, with blanks and without padding.

    Pieces that are each encoded by themselves give the same bytes as one that was cut.
    """

    def _bytes_of(self, text: str) -> bytes:
        self._rest = ""
        if "%" in text:
            if half := _HALF_ESCAPE.search(text):
                text, self._rest = text[: half.start()], half[0]
            text = _NO_BASE64.sub("", unquote_to_bytes(text).decode("ascii", "ignore"))
        if any(sign in text for sign in "-_ \t\r\n"):  # translating takes longer than all the rest
            text = text.translate(_URL_SAFE)
        usable = len(text) & ~3
        self._rest = text[usable:] + self._rest
        return _decoded(text[:usable])

    def _last_bytes(self) -> bytes:
        rest, self._rest = self._rest.rstrip("=%"), ""
        return _decoded(rest + "=" * (-len(rest) % 4))


class EscapedDecoder(Decoder):
    """Reads bytes that are escaped as in addresses (`%3Csvg`)."""

    def _bytes_of(self, text: str) -> bytes:
        self._rest = ""
        if half := _HALF_ESCAPE.search(text):
            text, self._rest = text[: half.start()], half[0]
        return unquote_to_bytes(text)

    def _last_bytes(self) -> bytes:
        rest, self._rest = self._rest, ""
        return rest.encode()


def _decoded(text: str) -> bytes:
    try:
        return a2b_base64(text)
    except (Error, ValueError):  # what is no base64 gives no bytes
        return b""


def decoded(text: str, most_bytes: int) -> bytes:
    """Decode base64 that came in one piece; nothing where it is larger than wanted."""
    decoder = Base64Decoder(most_bytes)
    decoder.feed(text)
    return decoder.finish()
