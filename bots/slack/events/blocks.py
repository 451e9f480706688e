"""The words of Block Kit blocks, of every kind that Slack documents, and of those that come after us.

docs.slack.dev, "Blocks", "Rich text block": buttons and menus are no words, but where a button opens a page it is a
link. A kind that is unknown here is searched for words in the fields that hold them in the known ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bots.slack.events.mrkdwn import from_mrkdwn, linked
from bots.slack.events.names import NameBook
from bots.slack.events.payloads import list_of, part_of, parts_of, text_of, written
from bots.slack.events.rich_text import rich_lines, rich_pieces

MOST_DEPTH = 8
"""Blocks in blocks: Slack allows a container's children, and cards in a carousel."""
_IN_ORDER = (
    *(
        "author_name",
        "rich_text_title",
        "heading",
        "title",
        "subtitle",
        "name",
        "label",
        "text",
        "body",
        "caption",
    ),
    *(
        "description",
        "details",
        "output",
        "hint",
        "fields",
        "items",
        "entries",
        "elements",
        "child_blocks",
        "tasks",
    ),
    *("blocks", "rows", "sources", "actions", "accessory"),
)
"""The fields that hold words, in the order in which they are shown."""
_HOLDS_PICTURES = ("elements", "accessory", "child_blocks", "hero_image", "icon")
_CONTROLS = frozenset(
    (
        "button",
        "icon_button",
        "workflow_button",
        "feedback_buttons",
        "checkboxes",
        "radio_buttons",
        "overflow",
        "divider",
    )
)
_INPUTS = ("_select", "_input", "picker")


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that are shown together."""

    text: str
    rich: bool = False
    """Whether it is of a rich text: what people and Slack itself say there stands in the message's `text` too."""
    whole: bool = False
    """Whether it is left out whole or not at all, as a table is."""
    heading: bool = False
    """Whether what follows repeats it at times, as texts do with titles."""


def pieces(blocks: Iterable[Any], names: NameBook, depth: int = MOST_DEPTH) -> Iterator[Piece]:
    """Read blocks in their order."""
    for block in blocks:
        if isinstance(block, Mapping) and depth > 0:
            yield from (each for each in _pieces(block, names, depth) if each.text.strip())


def pictures(blocks: Iterable[Any], depth: int = MOST_DEPTH) -> Iterator[Mapping[str, Any]]:
    """The files in Slack that blocks show as pictures; of those that stand elsewhere only the words are read."""
    for block in blocks if depth > 0 else ():
        if isinstance(block, Mapping):
            if text_of(file := part_of(block, "slack_file"), "id"):
                yield {"name": text_of(block, "alt_text"), **file}
            for name in _HOLDS_PICTURES:
                inner = block.get(name)
                yield from pictures(inner if isinstance(inner, list) else [inner], depth - 1)


def _pieces(block: Mapping[str, Any], names: NameBook, depth: int) -> Iterator[Piece]:
    match text_of(block, "type"):
        case "rich_text":
            yield from (Piece(text, rich=True) for text in rich_pieces(block, names))
        case "table" | "data_table":
            yield Piece(_object(block.get("caption"), names))
            yield Piece("\n".join(_row(row, names) for row in list_of(block, "rows")), whole=True)
        case "context":
            yield Piece(" ".join(filter(None, (_object(each, names) for each in list_of(block, "elements")))))
        case "image":
            yield from map(Piece, (_object(block.get("title"), names), _image(block)))
        case "video":
            title = linked(text_of(block, "title_url"), _object(block.get("title"), names))
            yield from map(
                Piece, (text_of(block, "author_name"), title, _object(block.get("description"), names))
            )
        case "file":
            file = part_of(block, "file")
            yield Piece(
                f"[file: {text_of(file, 'title') or text_of(file, 'name') or text_of(block, 'external_id')}]"
            )
        case "call":
            call = part_of(part_of(block, "call"), "v1")
            yield Piece(linked(text_of(call, "join_url"), text_of(call, "name")))
        case "data_visualization":
            yield Piece(_object(block.get("title"), names))
            yield from map(Piece, _chart(part_of(block, "chart")))
        case kind if kind in _CONTROLS or kind.endswith(_INPUTS):
            url, label = text_of(block, "url"), _object(block.get("text"), names)
            yield Piece(linked(url, label) if url else "")
        case _:
            yield from _known_fields(block, names, depth)


def _known_fields(block: Mapping[str, Any], names: NameBook, depth: int) -> Iterator[Piece]:
    """Read a block by the fields that hold words, whatever it is called."""
    picture = block.get("hero_image")
    if isinstance(picture, Mapping):
        yield Piece(_image(picture))
    for name in (each for each in _IN_ORDER if each in block):
        value = block[name]
        if name == "title" and block.get("rich_text_title"):
            continue  # the one that is shown was read
        if name == "fields":
            yield from (Piece(_field(each, names)) for each in list_of(block, name))
        elif isinstance(value, list):
            yield from pieces(value, names, depth - 1)
            yield from (Piece(from_mrkdwn(each, names)) for each in value if isinstance(each, str))
        elif isinstance(value, Mapping) and not isinstance(value.get("text"), str):
            yield from pieces([value], names, depth - 1)
        else:
            yield Piece(linked(text_of(block, "url"), text) if (text := _object(value, names)) else "")


def _object(value: Any, names: NameBook) -> str:
    """A text object, a text that stands for itself, or a picture beside texts."""
    if not isinstance(value, Mapping):
        return from_mrkdwn(written(value), names)
    if text_of(value, "type") == "rich_text":
        return "\n".join(rich_pieces(value, names))
    return from_mrkdwn(written(value.get("text")), names) or _image(value)


def _image(image: Mapping[str, Any]) -> str:
    alt = text_of(image, "alt_text").strip()
    return f"[image: {alt}]" if alt else ""


def _field(field: Any, names: NameBook) -> str:
    """`*Severity*` above `SEV-1` is shown as `Severity: SEV-1`."""
    text = _object(field, names).strip()
    name, _, value = text.partition("\n")
    name = name.strip()
    is_titled = len(name) > 2 and name[0] == "*" and name.rstrip(":")[-1:] == "*"
    return f"{name.strip('*: ')}: {value.strip()}" if is_titled and value.strip() else text


def _row(row: Any, names: NameBook) -> str:
    return " | ".join(_cell(cell, names) for cell in row) if isinstance(row, list) else ""


def _cell(cell: Any, names: NameBook) -> str:
    """A cell's words in one line. Of a number, how it is to be shown goes before what it is."""
    if not isinstance(cell, Mapping):
        return written(cell)
    rich = text_of(cell, "type") == "rich_text"
    text = (
        " ".join(rich_lines(cell, names))
        if rich
        else _object(cell.get("text"), names) or written(cell.get("value"))
    )
    return " ".join(text.split())


def _chart(chart: Mapping[str, Any]) -> Iterator[str]:
    for point in parts_of(chart, "segments"):
        yield f"{text_of(point, 'label')}: {written(point.get('value'))}"
    for series in parts_of(chart, "series"):
        yield text_of(series, "name")
        for point in parts_of(series, "data"):
            yield f"{text_of(point, 'label')}: {written(point.get('value'))}"
