"""Block Kit: what Slack refuses, what a person reads in it, and what can be pressed."""

import json
from collections.abc import Iterator
from typing import Any

from .refused import RefusedError

LAYOUT = frozenset(
    {
        "section",
        "divider",
        "image",
        "actions",
        "context",
        "context_actions",
        "input",
        "file",
        "call",
        "header",
    }
    | {
        "markdown",
        "video",
        "rich_text",
        "table",
        "task_card",
        "plan",
        "alert",
        "card",
        "container",
        "carousel",
    }
)
ELEMENTS_AT_MOST = {"context": 10, "actions": 25, "context_actions": 5}
MARKDOWN_AT_MOST = 12_000
INPUTS = frozenset({"plain_text_input", "number_input", "static_select", "datepicker"})

Block = dict[str, Any]


def check(blocks: Any, *, at_most: int = 50) -> list[Block]:
    """Returns the blocks (given as a list or as JSON) or refuses them as Slack would."""
    if isinstance(blocks, str):
        try:
            blocks = json.loads(blocks)
        except ValueError:
            raise RefusedError("invalid_blocks_format") from None
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise RefusedError("invalid_blocks_format")
    _require(len(blocks) <= at_most, f"no more than {at_most} items allowed [json-pointer:/blocks]")
    for block in blocks:
        _check_block(block)
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    _require(len(ids) == len(set(ids)), "block_id already exists")
    if sum(len(block.get("text", "")) for block in blocks if block["type"] == "markdown") > MARKDOWN_AT_MOST:
        raise RefusedError("msg_blocks_too_long")
    return blocks


def _check_block(block: Block) -> None:
    kind = block.get("type")
    _require(kind in LAYOUT, f"unsupported type: {kind}")
    _require(_text_up_to(block.get("block_id", "b"), 255), "block_id too long")
    if kind == "section":
        _check_section(block)
    elif kind == "header":
        _check_text(block.get("text"), 150, kinds=("plain_text",))
    elif kind == "markdown":
        _require(isinstance(block.get("text"), str) and block["text"] != "", "missing required field: text")
    elif kind == "image":
        _require(
            "alt_text" in block and ("image_url" in block or "slack_file" in block), "missing required field"
        )
    elif kind in ELEMENTS_AT_MOST:
        elements = block.get("elements")
        most = ELEMENTS_AT_MOST[kind]
        if not isinstance(elements, list):
            raise _invalid("missing required field: elements")
        _require(0 < len(elements) <= most, f"between 1 and {most} elements")
        for element in elements:
            _check_element(element)
        named = [element["action_id"] for element in elements if "action_id" in element]
        _require(len(named) == len(set(named)), "action_id already exists in the block")
    elif kind == "input":
        _check_input(block)


def _check_section(block: Block) -> None:
    _require("text" in block or "fields" in block, "a section needs text or fields")
    if "text" in block:
        _check_text(block["text"], 3_000)
    fields = block.get("fields", [])
    _require(isinstance(fields, list) and len(fields) <= 10, "no more than 10 fields")
    for each in fields:
        _check_text(each, 2_000)


def _check_input(block: Block) -> None:
    _check_text(block.get("label"), 2_000, kinds=("plain_text",))
    element = block.get("element")
    kind = element.get("type") if isinstance(element, dict) else None
    if not isinstance(element, dict) or kind not in INPUTS:
        raise _invalid("an input block needs an element that takes input")
    if kind == "static_select":
        options = element.get("options")
        _require(isinstance(options, list) and 0 < len(options) <= 100, "between 1 and 100 options")
        for each in options or ():
            _check_text(each.get("text"), 75, kinds=("plain_text",))
            _require(_text_up_to(each.get("value"), 150), "an option needs a value")
    elif kind == "number_input":
        _require(isinstance(element.get("is_decimal_allowed"), bool), "missing: is_decimal_allowed")
        for bound in ("min_value", "max_value"):
            _require(isinstance(element.get(bound, ""), str), f"{bound} must be a string")
    if kind != "plain_text_input":
        return
    most = element.get("max_length", 3_000)
    _require(0 < most <= 3_000, "max_length is at most 3000")
    _require(len(element.get("initial_value", "")) <= most, "initial_value is longer than max_length")


def _check_text(text: Any, at_most: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> None:
    _require(isinstance(text, dict) and text.get("type") in kinds, "a text object was expected")
    _require(_text_up_to(text.get("text"), at_most), f"must be between 1 and {at_most} characters")


def _check_element(element: Any) -> None:
    _require(isinstance(element, dict) and isinstance(element.get("type"), str), "an element needs a type")
    _require(_text_up_to(element.get("action_id", "a"), 255), "action_id too long")
    if element["type"] == "button":
        _check_text(element.get("text"), 75, kinds=("plain_text",))
        _require(_text_up_to(element.get("value", "v"), 2_000), "value too long")
    elif element["type"] == "feedback_buttons":
        for side in ("positive_button", "negative_button"):
            button = element.get(side)
            _require(isinstance(button, dict), f"missing required field: {side}")
            _check_text(button.get("text"), 75, kinds=("plain_text",))
            _require(_text_up_to(button.get("value"), 2_000), "value must be a string")


def _text_up_to(text: Any, at_most: int) -> bool:
    return isinstance(text, str) and 0 < len(text) <= at_most


def _require(holds: bool, why: str) -> None:
    if not holds:
        raise _invalid(why)


def _invalid(why: str) -> RefusedError:
    return RefusedError("invalid_blocks", response_metadata={"messages": [f"[ERROR] {why}"]})


def words(blocks: list[Block]) -> list[str]:
    """Lists, in order, the wire texts that the blocks show (not what stands on buttons)."""
    return [text for block in blocks for text in _words_of(block)]


def _words_of(block: Block) -> Iterator[str]:
    kind = block["type"]
    if kind == "markdown":
        yield block["text"]
    elif kind in ("section", "header"):
        yield from (part["text"] for part in (block.get("text"), *block.get("fields", [])) if part)
    elif kind == "context":
        yield from (part["text"] for part in block["elements"] if "text" in part)
    elif kind == "image":
        yield block["alt_text"]
    elif kind == "rich_text":
        yield "".join(_rich_words(block.get("elements", [])))
    elif kind in ("task_card", "alert", "card", "plan"):
        yield from (str(block[name]) for name in ("title", "text", "details", "output") if name in block)


def _rich_words(elements: list[dict[str, Any]]) -> Iterator[str]:
    for element in elements:
        kind = element.get("type")
        if kind == "text":
            yield element["text"].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        elif kind == "link":
            yield f"<{element['url']}|{element.get('text', element['url'])}>"
        elif kind in ("user", "channel", "usergroup"):
            sign = {"user": "@", "channel": "#", "usergroup": "!subteam^"}[kind]
            yield f"<{sign}{element[kind + '_id']}>"
        elif kind == "broadcast":
            yield f"<!{element['range']}>"
        else:
            yield from _rich_words(element.get("elements", []))


def pressable(blocks: list[Block]) -> Iterator[tuple[Block, dict[str, Any]]]:
    """Yields each interactive element with the block that holds it."""
    for block in blocks:
        for element in (*block.get("elements", []), block.get("accessory"), block.get("element")):
            if isinstance(element, dict) and "action_id" in element:
                yield block, element
