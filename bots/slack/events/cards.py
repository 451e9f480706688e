"""What Slack calls attachments: forwarded messages, previews of links, tables that people paste, cards of apps.

docs.slack.dev, "Secondary message attachments". What Slack's own client puts there is documented nowhere: the SDKs'
types know `is_share`, `is_msg_unfurl` and `message_blocks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bots.slack.events.blocks import Piece, pieces
from bots.slack.events.mrkdwn import from_mrkdwn, linked, unescaped
from bots.slack.events.names import NameBook
from bots.slack.events.payloads import Bot, part_of, parts_of, text_of, written
from bots.slack.events.rich_text import quoted
from bots.slack.events.said_once import SaidOnce, is_stand_in, joined
from core.util.text import unmarked

MOST_CARDS = 100
"""docs.slack.dev, "chat.postMessage": no more than 100 attachments."""
MOST_FORWARDS = 3
"""Forwards in forwards that are opened."""
_OF_MESSAGES = ("is_share", "is_msg_unfurl", "is_reply_unfurl", "is_thread_root_unfurl")
_ADDRESSES = ("from_url", "original_url", "app_unfurl_url")

Card = Mapping[str, Any]
Message = Mapping[str, Any]


def own_cards(message: Message) -> list[Card]:
    """The cards that are part of the message itself: an app's own, and tables that people paste."""
    return [card for card in _cards(message) if not _is_of_message(card) and not _url(card)]


def shown_cards(message: Message, bot: Bot) -> list[Card]:
    """The messages that it forwards and the previews of its links; without previews of our own answers."""
    return [
        card
        for card in _cards(message)
        if _is_forward(card, message)
        or (_is_of_message(card) and not _is_ours(card, bot))
        or (_url(card) and not _is_of_message(card))
    ]


def say_card(card: Card, said: SaidOnce, names: NameBook, depth: int = MOST_FORWARDS) -> None:
    """Add what a card shows to what was said."""
    shown = SaidOnce(said.known)
    _say(card, shown, names, depth, author=text_of(card, "author_name"), footer=text_of(card, "footer"))
    said.lines += shown.lines


def framed(card: Card, message: Message, names: NameBook, depth: int = MOST_FORWARDS) -> str:
    """A forwarded message or a preview, marked as what it is; `""` where it shows nothing."""
    is_forward, is_of_message, said = _is_forward(card, message), _is_of_message(card), SaidOnce()
    by = (
        text_of(card, "author_name")
        or text_of(card, "author_subname")
        or names.person(text_of(card, "author_id"))
    )
    footer = "" if is_of_message else text_of(card, "footer")
    _say(card, said, names, depth, author="" if is_forward else by, footer=footer)
    if not said.lines or (len(said.lines) == 1 and not is_forward and by == said.lines[0]):
        return ""
    named = f"forwarded from {' '.join(from_mrkdwn(by).split())}" if by else "forwarded message"
    return f"[{named if is_forward else f'preview of {_url(card)}'}]\n{quoted(str(said))}"


def sources(message: Message, bot: Bot, depth: int = MOST_FORWARDS) -> Iterator[Message]:
    """Everything that can hold the files of a message: itself, its cards, and what it forwards or shows."""
    yield message
    if depth > 0:
        for card in (*own_cards(message), *shown_cards(message, bot)):
            yield from sources(card, bot, depth - 1)
            for inner in _messages_in(card):
                yield from sources(inner, bot, depth - 1)


def _say(card: Card, said: SaidOnce, names: NameBook, depth: int, *, author: str, footer: str) -> None:
    before = len(said.lines)
    for piece in _pieces(card, names, depth, author):
        text = piece.text if piece.whole else unmarked(piece.text)  # whole are the frames that are made here
        said.say(text, whole=piece.whole, remember=piece.heading)
    fallback = from_mrkdwn(text_of(card, "fallback"), names)
    if len(said.lines) == before + bool(author) and not is_stand_in(fallback):
        said.say(fallback)
    for line in (from_mrkdwn(footer, names), *_links(card)):
        said.say(line)


def _pieces(card: Card, names: NameBook, depth: int, author: str) -> Iterator[Piece]:
    for heading in (
        from_mrkdwn(text_of(card, "pretext"), names),
        from_mrkdwn(author, names),
        _title(card, names),
    ):
        yield Piece(heading, heading=True)
    yield Piece(_body(card, names), heading=True)
    for field in parts_of(card, "fields"):
        name, value = (from_mrkdwn(written(field.get(part)), names).strip() for part in ("title", "value"))
        yield Piece(f"{name}: {value}" if name and value else name or value)
    if depth > 0:
        for message in (card, *_messages_in(card)):
            for inner in shown_cards(message, names.bot):
                yield Piece(framed(inner, message, names, depth - 1), whole=True)
            for inner in own_cards(message):
                said = SaidOnce()
                say_card(inner, said, names, depth - 1)
                yield Piece(str(said), whole=True)


def _body(card: Card, names: NameBook) -> str:
    """The text and the blocks of a card, or of the message that it shows."""
    inner = _messages_in(card)
    text = text_of(card, "text") or "\n".join(text_of(each, "text") for each in inner)
    blocks = [block for each in (card, *inner) for block in parts_of(each, "blocks")]
    return str(joined(from_mrkdwn(text, names), pieces(blocks, names), by_app=not _is_of_message(card)))


def _title(card: Card, names: NameBook) -> str:
    title, page = from_mrkdwn(text_of(card, "title"), names), unescaped(text_of(card, "title_link"))
    return title if not title or page == _url(card) else linked(page, title)


def _links(card: Card) -> Iterator[str]:
    """The buttons that open a page."""
    for button in parts_of(card, "actions"):
        if url := unescaped(text_of(button, "url")):
            yield linked(url, unescaped(text_of(button, "text")))


def _cards(message: Message) -> list[Card]:
    return parts_of(message, "attachments")[:MOST_CARDS]


def _messages_in(card: Card) -> list[Message]:
    """The messages that a forward or a preview carries in whole."""
    return [part_of(each, "message") for each in parts_of(card, "message_blocks")[:MOST_CARDS]]


def _is_of_message(card: Card) -> bool:
    """Whether it shows a message of Slack's."""
    return any(card.get(name) for name in _OF_MESSAGES)


def _is_forward(card: Card, message: Message) -> bool:
    """Whether somebody forwarded it, instead of writing its address."""
    if card.get("is_share"):
        return True
    url = _url(card).partition("?")[0]
    return _is_of_message(card) and not (url and url in unescaped(text_of(message, "text")))


def _is_ours(card: Card, bot: Bot) -> bool:
    ids = {text_of(card, "author_id"), text_of(card, "bot_id")} - {""}
    return bool(ids & {bot.user, bot.bot})


def _url(card: Card) -> str:
    return unescaped(next(filter(None, (text_of(card, name) for name in _ADDRESSES)), ""))
