"""Slack's text: what is escaped, which tokens are alive, and what a person sees of it."""

import re
from collections.abc import Callable, Iterator
from typing import Any

ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}
_TOKEN = r"<(?:[@#][A-Z0-9]+|![a-z]+(?:\^[^<>|]+)*|https?://[^\s<>|]+|mailto:[^\s<>|]+)(?:\|[^<>]*)?>"
_GREEDY_URL = r"https?://[^\s<>|]+"
"""What Slack makes a link of in an app's text: all that stands behind an address (PostHog/posthog#62848)."""
_URL = r"https?://[^\s<>|]*[^\s<>|.,;:!?()\[\]'\"*_~`]"
_ENTITY = re.compile(r"&(?:amp|lt|gt);")
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt);)")
_PIECES = re.compile(rf"(?P<token>{_TOKEN})|(?P<url>{_URL})|(?P<entity>&(?:amp|lt|gt);)|(?P<bare>[&<>])")
_POSTED = re.compile(
    rf"(?P<token>{_TOKEN})|(?P<url>{_GREEDY_URL})|(?P<entity>&(?:amp|lt|gt);)|(?P<bare>[&<>])"
)
_PING = re.compile(r"<(?:@[UWB][A-Z0-9]+|!channel|!here|!everyone|!group|!subteam\^[A-Z0-9]+)(?:\|[^<>]*)?>")
_BARE_PING = re.compile(r"(?<![\w.])@(?:channel|here|everyone)\b")
_LINK = re.compile(r"https?://[^\s<>|()\[\]\"'`]+")


def typed_to_wire(typed: str) -> str:
    """Escapes what a person typed, as Slack's composer does; tokens stay alive and addresses become links."""
    return _PIECES.sub(lambda piece: _escaped(piece, keep_entities=False), typed)


def posted_to_wire(text: str) -> str:
    """Gives the text of an app's post the form in which Slack stores it and hands it out again."""
    return _POSTED.sub(lambda piece: _escaped(piece, keep_entities=True), text)


def _escaped(piece: re.Match[str], *, keep_entities: bool) -> str:
    whole = piece.group()
    if piece.group("token"):
        return whole
    if piece.group("url"):
        return f"<{_BARE_AMPERSAND.sub('&amp;', whole)}>"
    if piece.group("entity"):
        return whole if keep_entities else f"&amp;{whole[1:]}"
    return {"&": "&amp;", "<": "&lt;", ">": "&gt;"}[whole]


def shown(wire: str, name_of: Callable[[str], str]) -> str:
    """Renders wire text as people see it. Entities are read once: `&amp;lt;` shows as `&lt;`."""

    def render(piece: re.Match[str]) -> str:
        if piece.group("token"):
            return _decoded(_shown_token(piece.group()[1:-1], name_of))
        return ENTITIES.get(piece.group(), piece.group())

    return _PIECES.sub(render, wire)


def _decoded(words: str) -> str:
    return _ENTITY.sub(lambda entity: ENTITIES[entity.group()], words)


def _shown_token(inside: str, name_of: Callable[[str], str]) -> str:
    target, _, label = inside.partition("|")
    if target[0] in "@#":
        return f"{target[0]}{label or name_of(target[1:])}"
    if target.startswith("!date^"):
        return label
    if target.startswith("!"):
        return label or "@" + target[1:].partition("^")[0]
    return label or target


def pings(wire: str, *, names_live: bool = False) -> list[str]:
    """Lists the tokens that would notify someone; `names_live` is `link_names` or `parse: "full"`."""
    found = _PING.findall(wire)
    return found + _BARE_PING.findall(wire) if names_live else found


def links(wire: str) -> list[str]:
    return _LINK.findall(wire)


def rich_text(wire: str) -> list[dict[str, Any]]:
    """Builds the `blocks` that ride on a person's message."""
    section = {"type": "rich_text_section", "elements": list(_elements(wire))}
    return [{"type": "rich_text", "block_id": "b1", "elements": [section]}]


def _elements(wire: str) -> Iterator[dict[str, Any]]:
    last = 0
    for token in re.finditer(_TOKEN, wire):
        if words := wire[last : token.start()]:
            yield {"type": "text", "text": shown(words, str)}
        yield _element(token.group()[1:-1])
        last = token.end()
    if words := wire[last:]:
        yield {"type": "text", "text": shown(words, str)}


def _element(inside: str) -> dict[str, Any]:
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        return {"type": "user", "user_id": target[1:]}
    if target.startswith("#"):
        return {"type": "channel", "channel_id": target[1:]}
    if target.startswith("!subteam^"):
        return {"type": "usergroup", "usergroup_id": target.partition("^")[2]}
    if target.startswith("!"):
        return {"type": "broadcast", "range": target[1:]}
    return {"type": "link", "url": target, **({"text": label} if label else {})}
