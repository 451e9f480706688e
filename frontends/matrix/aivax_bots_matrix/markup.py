"""The model's Markdown as Matrix shows it: plain words, and HTML made from them, in which none is the model's own.

spec.matrix.org, client-server API: "m.room.message msgtypes", `org.matrix.custom.html`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of all that follows."""
_ROOM = re.compile(r"(?<![\w/])@(?=room\b)", re.IGNORECASE)
_JOINER = "\u2060"
MOST_BYTES = 60_000
"""Of the 65,536 that an event may have; the homeserver adds hashes and signatures."""


def safe(text: str) -> str:
    """The words, harmless: `@room` calls nobody, and nothing is obeyed in place of being shown."""
    return _ROOM.sub(f"@{_JOINER}", _UNSEEN.sub("", text))


def size(text: str) -> int:
    """How many bytes a text takes in an event. It never shrinks as the text grows."""
    return bytes_of(safe(text)) - 2


def bytes_of(content: Any) -> int:
    """How many bytes a value takes as it is sent."""
    return len(
        json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    )


def content_of(text: str, kind: str) -> dict[str, Any]:
    """What a message says: as words and, where they have any form, as HTML. It calls nobody."""
    words = safe(text)
    content: dict[str, Any] = {"msgtype": kind, "body": words, "m.mentions": {}}
    html = _markdown.render(words).strip()
    if html != f"<p>{words}</p>":
        content |= {"format": "org.matrix.custom.html", "formatted_body": html}
    return content


def replacement(message_id: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """The event that gives a message this content; too large, it goes without HTML."""
    event = {
        "msgtype": content["msgtype"],
        "body": f"* {content['body']}",
        "m.mentions": {},
        "m.new_content": dict(content),
        "m.relates_to": {"rel_type": "m.replace", "event_id": message_id},
    }
    if bytes_of(event) > MOST_BYTES:
        event["m.new_content"] = without_html(content)
    return event


def without_html(content: Mapping[str, Any]) -> dict[str, Any]:
    """The words alone."""
    return {key: value for key, value in content.items() if key not in ("format", "formatted_body")}


def fitting(content: dict[str, Any]) -> dict[str, Any]:
    """The content, without its HTML where an event has no room for that."""
    return content if bytes_of(content) <= MOST_BYTES else without_html(content)


def _link_to_picture(
    _self: RendererHTML, tokens: Sequence[Token], at: int, _options: OptionsDict, _env: EnvType
) -> str:
    """A picture elsewhere, as a link: clients show none that the homeserver does not keep."""
    from html import escape

    token = tokens[at]
    source = escape(str(token.attrs.get("src", "")), quote=True)
    return f'<a href="{source}">{escape(token.content or str(token.attrs.get("src", "")))}</a>'


def _made() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    markdown.add_render_rule("image", _link_to_picture)
    return markdown


_markdown = _made()
