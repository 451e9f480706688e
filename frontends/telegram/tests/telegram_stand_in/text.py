"""What Telegram makes of a text and its entities: it counts in UTF-16, strips, refuses, and finds names by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Entity = Mapping[str, Any]
MAX_SIZE = 4096
MOST_ENTITIES = 100
KINDS = {
    *("bold", "italic", "underline", "strikethrough", "spoiler", "blockquote", "expandable_blockquote"),
    *("code", "pre", "text_link", "text_mention"),
}
MENTION = re.compile(r"(?<![\w@])@([A-Za-z0-9_]{3,32})\b")
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028-\u202e]")
MARKS = {"bold": "**", "italic": "_", "strikethrough": "~~", "code": "`"}


class RefusedTextError(Exception):
    """400, with what Telegram says."""


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def cut(text: str, at: int, length: int) -> str:
    return text.encode("utf-16-le")[2 * at : 2 * (at + length)].decode("utf-16-le")


def taken(text: str, entities: Sequence[Entity], most: int = MAX_SIZE) -> tuple[str, list[Entity]]:
    """The text as it will stand there. Raises `RefusedTextError`."""
    if UNSEEN.search(text):
        raise RefusedTextError("the stand-in shows what Telegram would strip: send it without")
    stripped = text.strip()
    before = units(text[: len(text) - len(text.lstrip())])
    if not stripped:
        raise RefusedTextError("message text is empty")
    if units(stripped) > most:
        raise RefusedTextError("message is too long")
    ended: list[tuple[int, int, str]] = []
    for each in entities:
        at, length, kind = each["offset"] - before, each["length"], each["type"]
        if kind not in KINDS or at < 0 or length <= 0 or at + length > units(stripped):
            raise RefusedTextError("can't parse entities: ENTITY_BOUNDS_INVALID")
        try:
            cut(stripped, at, length)
        except UnicodeDecodeError:
            raise RefusedTextError("can't parse entities: half a character") from None
        for other_at, end, other in ended:
            crosses = other_at < at < end < at + length or at < other_at < at + length < end
            inside = at < end and other_at < at + length
            if crosses or (inside and {kind, other} & {"code", "pre"} and "blockquote" not in (kind, other)):
                raise RefusedTextError(f"can't parse entities: {kind} in {other}")
        ended.append((at, at + length, kind))
    return stripped, [dict(each, offset=each["offset"] - before) for each in entities][:MOST_ENTITIES]


def names_in(text: str, entities: Sequence[Entity]) -> list[str]:
    """Whom a text notifies: names that Telegram finds outside of code, and people that entities name."""
    found = [
        str(each) for each in entities if each["type"] == "text_mention" or "tg://" in str(each.get("url"))
    ]
    code = [(e["offset"], e["offset"] + e["length"]) for e in entities if e["type"] in ("code", "pre")]
    for match in MENTION.finditer(text):
        at = units(text[: match.start()])
        if not any(start <= at < end for start, end in code):
            found.append(match[1])
    return found


def as_markdown(text: str, entities: Sequence[Entity]) -> str:
    """The text with its look in signs, for a test to read."""
    inserts: list[tuple[int, int, str]] = []
    for each in entities:
        if mark := MARKS.get(each["type"]):
            start, end = each["offset"], each["offset"] + each["length"]
            inserts += [(start, -each["length"], mark), (end, each["length"], mark)]
    raw = text.encode("utf-16-le")
    for at, _, mark in sorted(inserts, key=lambda each: (each[0], each[1]), reverse=True):
        raw = raw[: 2 * at] + mark.encode("utf-16-le") + raw[2 * at :]
    return raw.decode("utf-16-le")
