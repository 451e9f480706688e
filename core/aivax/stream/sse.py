"""Bytes become payloads: server-sent events (WHATWG HTML, "Server-sent events"), or one plain JSON body."""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_EVENT_BYTES = 8 * 1024 * 1024
"""The longest line and the largest event accepted; an answer with an inline picture has megabytes."""

_MOST_LINES = 50_000
_LINE_END = re.compile(rb"\r\n|\r|\n")
_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"


class EventTooLarge(Exception):  # never leaves this package
    """A line or an event is longer than the limit."""


class Payloads:
    """Cuts bytes into the data of events; the same payloads however the bytes were cut.

    A body that begins with `{` is no event stream but one JSON document: it is the only payload, at `close`.
    Comments, blank events and fields other than `data` give nothing.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max = max_event_bytes
        self._head: bytes | None = b""
        self._json: bytearray | None = None
        self._partial = bytearray()
        self._after_cr = False
        self._data: list[bytes] = []
        self._data_bytes = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take bytes as they were read; yield the payloads that they complete.

        Raises:
            EventTooLarge: after the payloads before it were yielded.
        """
        if self._head is not None:
            data = self._begin(self._head + data)
        if self._json is not None:
            self._json += data
            self._check(len(self._json))
            return
        yield from filter(None, map(self._take, self._lines(data)))

    def close(self) -> Iterator[bytes]:
        """Yield the payload that was not yet ended when the connection was; it may be half of one."""
        if self._json is not None:
            yield bytes(self._json)
            return
        line, self._partial = bytes(self._partial), bytearray()
        yield from filter(None, map(self._take, (line, b"") if line else (b"",)))

    def _begin(self, head: bytes) -> bytes:
        """Decide by the first byte that is neither blank nor a byte order mark what kind of body this is."""
        head = head.lstrip(_BLANK)
        rest = head.removeprefix(_BOM).lstrip(_BLANK)
        if not rest or _BOM.startswith(head):
            self._head = head.rstrip(_BLANK)
            return b""
        self._head = None
        if rest.startswith(b"{"):
            self._json = bytearray()
        return rest

    def _lines(self, data: bytes) -> Iterator[bytes]:
        if not data:
            return
        if self._after_cr:
            data = data.removeprefix(b"\n")  # the second half of a CRLF that was cut in two
        self._after_cr = data.endswith(b"\r")
        ending, *begun = _LINE_END.split(data)
        self._partial += ending
        self._check(len(self._partial))
        for line in begun:
            yield bytes(self._partial)
            self._partial = bytearray(line)
            self._check(len(line))

    def _take(self, line: bytes) -> bytes:
        """Take a line; the payload that it ends, empty for most."""
        if not line:
            data, self._data, self._data_bytes = self._data, [], 0
            return b"\n".join(data)
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
            self._data_bytes += len(value) + 1
            self._check(self._data_bytes)
            if len(self._data) > _MOST_LINES:
                raise EventTooLarge
        return b""

    def _check(self, size: int) -> None:
        if size > self._max:
            raise EventTooLarge
