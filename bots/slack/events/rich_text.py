"""Rich text as a person reads it: paragraphs, lists, quotes and code, with names in place of ids.

docs.slack.dev, "Rich text block". Its texts are not escaped, those of mrkdwn are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bots.slack.events.mrkdwn import linked, mentioned, moment
from bots.slack.events.names import NameBook
from bots.slack.events.payloads import list_of, part_of, parts_of, text_of, written

_MOST_DEPTH = 6
_MOST_INDENT = 8
"""Slack's client knows nine steps of lists in lists."""


def rich_pieces(block: Mapping[str, Any], names: NameBook) -> Iterator[str]:
    """Read each part of a rich text block: a paragraph, a list, a quote, code. Lists that follow on are one."""
    items: list[str] = []
    for element in parts_of(block, "elements"):
        if text_of(element, "type") == "rich_text_list":
            items.extend(_items(element, names))
            continue
        if items:
            yield "\n".join(items)
            items = []
        yield _part(element, names)
    if items:
        yield "\n".join(items)


def rich_lines(block: Mapping[str, Any], names: NameBook) -> list[str]:
    return [line for text in rich_pieces(block, names) for line in text.split("\n")]


def _part(element: Mapping[str, Any], names: NameBook) -> str:
    text = _inline(element, names).strip("\n")
    match text_of(element, "type"):
        case "rich_text_quote":
            return quoted(text)
        case "rich_text_preformatted":
            return f"```\n{text}\n```"
    return text


def quoted(text: str) -> str:
    """Mark each line as somebody else's."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _items(element: Mapping[str, Any], names: NameBook) -> Iterator[str]:
    """The items of a list; `offset` is how many went before the first."""
    indent = min(max(_whole(element, "indent"), 0), _MOST_INDENT)
    number = max(_whole(element, "offset"), 0)
    for item in list_of(element, "elements"):
        number += 1
        sign = f"{number}." if text_of(element, "style") == "ordered" else "-"
        yield f"{'  ' * indent}{sign} {_inline(item, names).strip()}"


def _whole(element: Mapping[str, Any], name: str) -> int:
    value = element.get(name)
    return value if isinstance(value, int) else 0


def _inline(element: Any, names: NameBook, depth: int = _MOST_DEPTH) -> str:
    """The words of an element and of all that is in it."""
    if not isinstance(element, Mapping) or depth == 0:
        return ""
    kind = text_of(element, "type")
    match kind:
        case "text":
            text = text_of(element, "text")
            return f"`{text}`" if part_of(element, "style").get("code") is True and "\n" not in text else text
        case "user" | "channel" | "usergroup":
            return mentioned(kind, text_of(element, f"{kind}_id"), names)
        case "link":
            return linked(text_of(element, "url"), text_of(element, "text"))
        case "broadcast":
            return f"@{text_of(element, 'range')}"
        case "emoji":
            return f":{text_of(element, 'name')}:"
        case "date":
            return text_of(element, "fallback") or moment(written(element.get("timestamp")))
    if "elements" in element:
        return "".join(_inline(each, names, depth - 1) for each in list_of(element, "elements"))
    return _unknown(element)


def _unknown(element: Mapping[str, Any]) -> str:
    """An element of another kind: by what it is called, and the page that it opens."""
    known = (
        written(element.get(name))
        for name in ("text", "title", "name", "label", "value", "fallback", "team_id")
    )
    return linked(text_of(element, "url"), next(filter(None, known), ""))
