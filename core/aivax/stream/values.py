"""The JSON objects in a payload, and what stands there in place of JSON."""

from __future__ import annotations

from collections.abc import Iterator

from core.aivax.stream.chunks import Json, NotJson, decode_any, is_intricate
from core.aivax.stream.sse import EventTooLarge, Kind, Payload

_PINGS = frozenset({b"ping", b"pong", b"heartbeat", b"keepalive", b"keep-alive", b"keep_alive", b"ok"})
_SAID_BYTES = 16_000
_DONE_BYTES = 80


def is_done(payload: Payload) -> bool:
    """Whether this is the mark of the end: `[DONE]`."""
    return payload.data[:_DONE_BYTES].strip(b' \t\r\n"').upper().startswith(b"[DONE]")


def objects_in(payload: Payload) -> Iterator[Json]:
    """Yield the objects of a payload: one, or those of a list.

    Raises:
        EventTooLarge: it holds more than can be read without holding up everybody else.
        NotJson: it is neither JSON nor a ping.
    """
    data = payload.data.strip()
    if not data:
        return
    if is_intricate(data):
        raise EventTooLarge
    value = _decoded(data, payload.kind)
    yield from (each for each in (value if isinstance(value, list) else (value,)) if isinstance(each, dict))


def _decoded(data: bytes, kind: Kind) -> object:
    try:
        value = decode_any(data)
    except NotJson:
        if kind is Kind.ERROR:
            return {"message": data[:_SAID_BYTES].decode("utf-8", "replace")}
        if kind is Kind.BODY or data.strip(b"[]").lower() in _PINGS:
            return None  # half a document, a line of no meaning, a ping
        raise
    if not isinstance(value, str):
        return value
    if value.startswith("{"):  # some relays write JSON twice
        return _decoded(value.encode("utf-8", "replace"), Kind.BODY)
    return {"message": value} if kind is Kind.ERROR else None
