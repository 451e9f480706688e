"""Bytes become payloads: server-sent events (WHATWG HTML, "Server-sent events"), or bare JSON.

Three courtesies beyond the standard, all for input that it would throw away. None can be met in a stream that keeps
to it, since no JSON goes on with `{` or `[DONE]` in the line behind one that ends with a bracket:
events that are parted by a single line end are taken one by one; lines of JSON without a field are payloads, too, be
it one document or one chunk a line; and a field `error` is an event of that name (llama.cpp).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

MAX_EVENT_BYTES = 8 * 1024 * 1024
"""The longest line and the largest event accepted; an answer with an inline picture has megabytes."""

_MOST_LINES = 50_000
_AT_ONCE_BYTES = 64 * 1024
_PLAIN_BYTES = 400
_LINE_END = re.compile(rb"\r\n|\r|\n")
_EVENT_END = b"\n\n"
_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_FIELD = re.compile(rb"(?:data|event|id|retry|error)?:|(?:data|event|id|retry)$")
_BODY = re.compile(rb'[ \t]*(?:\{[ \t]*(?:["}]|$)|\[[ \t]*(?:[\[{\]]|$))')
_WITHIN_JSON = re.compile(rb'[ \t]*(?:["{}\[\],:\d-]|true\b|false\b|null\b)')
_PREFIXES = re.compile(rb" ?(?:data:[ \t]*)*")
_DONE = b"[DONE]"
_ERROR_NAME = re.compile(rb"(?i)error|exception|^fail")
_PING_NAMES = frozenset({b"ping", b"pong", b"heartbeat", b"keepalive", b"keep-alive", b"keep_alive"})


class EventTooLarge(Exception):  # never leaves this package
    """A line or an event is longer than the limit."""


class Kind(Enum):
    """What a payload came as."""

    EVENT = "event"
    ERROR = "error"
    """An event whose name says that it is an error."""
    BODY = "body"
    """Bare JSON: a document, or a line of one chunk."""


class Payload(NamedTuple):
    """The data of one event, or one bare JSON value."""

    data: bytes
    kind: Kind = Kind.EVENT


class Payloads:
    """Cuts bytes into payloads; the same ones however the bytes were cut.

    Comments, blank events, pings and fields that nobody knows give nothing.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max = max_event_bytes
        self._head: bytes | None = b""
        self._partial = bytearray()
        self._after_cr = False
        self._name = b""
        self._next_name = b""
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._body = bytearray()
        self.plain = b""
        """The beginning of what was neither events nor JSON."""
        self._is_closed = False
        """Whether the last line, of the event or of the bare JSON, may be its end."""

    def feed(self, data: bytes) -> Iterator[Payload]:
        """Take bytes as they were read; yield the payloads that they complete.

        Raises:
            EventTooLarge: after the payloads before it were yielded.
        """
        if self._head is not None:
            data = self._begin(self._head + data)
        for line in self._lines(data):
            yield from self._take(line)

    def whole_events(self, data: bytes) -> tuple[bytes, bytes]:
        """Look at bytes before they are fed: the whole events that there will be then, and what comes behind them.

        Nothing, and all, where an event was begun in a line before, or where it is a lot. Line ends are `\\n`.
        """
        size = len(self._partial) + len(data)
        if self._head or self._data or self._body or self._name or self._after_cr or size > _AT_ONCE_BYTES:
            return b"", data
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        end = data.rfind(_EVENT_END) + len(_EVENT_END)
        if end < len(_EVENT_END) or size > self._max:
            return b"", data
        return bytes(self._partial) + data[:end], data[end:]

    def skip(self) -> None:
        """Go on behind whole events that somebody else has read."""
        self._head = None
        self._partial = bytearray()

    def close(self) -> Iterator[Payload]:
        """Yield the payloads that were not yet ended when the connection was; the last may be half of one."""
        line, self._partial = bytes(self._partial), bytearray()
        if line:
            yield from self._take(line)
        yield from self._end_body()
        yield from self._end_event()

    def _begin(self, head: bytes) -> bytes:
        """Pass over blanks and a byte order mark."""
        head = head.lstrip(_BLANK)
        rest = head.removeprefix(_BOM).lstrip(_BLANK)
        if not rest or _BOM.startswith(head):
            self._head = head.rstrip(_BLANK)
            return b""
        self._head = None
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

    def _take(self, line: bytes) -> Iterator[Payload]:
        """Take a line; yield what it ends."""
        if line[:1] in (b" ", b"\t") and _FIELD.match(line.lstrip(b" \t")):
            line = line.lstrip(b" \t")
        is_field = _FIELD.match(line) is not None
        if self._body:
            if not is_field and not (self._is_closed and _is_bare(line)):
                self._add_to_body(line)
                return
            yield from self._end_body()
        if not line:
            yield from self._end_event()
        elif is_field:
            yield from self._take_field(line)
        elif self._data and self._goes_on(line):
            self._add_data(line)  # JSON over several lines, and only its first one marked
        elif not _is_bare(line):
            self._note_plain(line)
        else:
            yield from self._end_event()
            self._add_to_body(line)
            if line.strip() == _DONE:
                yield from self._end_body()

    def _take_field(self, line: bytes) -> Iterator[Payload]:
        field, _, value = line.partition(b":")
        if field == b"data":
            value = value[_PREFIXES.match(value).end() :]  # type: ignore[union-attr]  # it matches nothing, too
            if self._is_closed and value.lstrip().startswith((b"{", _DONE)):
                next_name, self._next_name = self._next_name, b""
                yield from self._end_event()
                self._name = next_name
            self._add_data(value)
            if value.strip() == _DONE:
                yield from self._end_event()  # nothing else can follow, not even a blank line
        elif field == b"event" and self._data:
            self._next_name = value.strip()
        elif field == b"event":
            self._name = value.strip()
        elif field == b"error" and value.lstrip().startswith(b"{"):
            yield from self._end_event()
            yield Payload(value, Kind.ERROR)
        elif field == b"error":
            self._note_plain(line)

    def _goes_on(self, line: bytes) -> bool:
        """Whether a line without a field goes on with the JSON that the last one left open, or seemed to close."""
        is_json = self._data[0].startswith((b"{", b"[")) and _WITHIN_JSON.match(line) is not None
        return is_json and not (self._is_closed and _is_bare(line))

    def _note_plain(self, line: bytes) -> None:
        self.plain += line[: max(_PLAIN_BYTES - len(self.plain), 0)]

    def _add_data(self, value: bytes) -> None:
        self._data.append(value)
        self._data_bytes += len(value) + 1
        self._is_closed = value.rstrip().endswith((b"}", b"]"))
        self._check(self._data_bytes)
        if len(self._data) > _MOST_LINES:
            raise EventTooLarge

    def _add_to_body(self, line: bytes) -> None:
        if line.strip():
            self._body += line + b"\n"
            self._is_closed = line.rstrip().endswith((b"}", b"]"))
            self._check(len(self._body))

    def _end_event(self) -> Iterator[Payload]:
        data, self._data, self._data_bytes = self._data, [], 0
        name, self._name, self._next_name = self._next_name or self._name, b"", b""
        self._is_closed = False
        payload = b"\n".join(data)
        if payload and name.lower() not in _PING_NAMES:
            yield Payload(payload, Kind.ERROR if _ERROR_NAME.search(name) else Kind.EVENT)

    def _end_body(self) -> Iterator[Payload]:
        body, self._body = bytes(self._body), bytearray()
        self._is_closed = False
        if body:
            yield Payload(body, Kind.BODY)

    def _check(self, size: int) -> None:
        if size > self._max:
            raise EventTooLarge


def _is_bare(line: bytes) -> bool:
    """Whether a line begins JSON, or is the mark of the end, without a field."""
    return _BODY.match(line) is not None or line.strip() == _DONE
