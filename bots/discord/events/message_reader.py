"""What a Discord message says, as a person reads it: words, forwards, cards, components, polls, stickers.

One reader for questions, what stands around them, quotes, edits and what is found after the bot was away.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from bots.discord.events.attachments import attachments_in
from bots.discord.events.blocks import blocks_in
from bots.discord.events.cards import cards_in, quoted_lines
from bots.discord.events.names import MOST_FORWARDS, NOBODY, Names, names_for
from bots.discord.events.notices import notice_of
from bots.discord.events.payloads import id_of, line_of, number_of, part_of, parts_of, text_of
from bots.discord.events.sdk_message import Json, WholeMessage
from bots.discord.events.tokens import as_read, without_mentions
from core.domain import Attachment
from core.util.text import shorten, unmarked

LONGEST = 20_000
"""How many characters of one message are read: Discord's limits for all its parts together are less."""
LISTEN = 3
PARTY_OF_SPOTIFY = "spotify:"


@dataclass(frozen=True, slots=True)
class QuotedMessage:
    """A message that somebody asks about: its files, and its words under its author's name, as Discord quotes."""

    text: str
    files: tuple[Attachment, ...] = ()


def quoted(message: WholeMessage, channel: int, names: Names = NOBODY, *, own: bool = False) -> QuotedMessage:
    """Quote a message that stands in `channel`, to be put before the question."""
    text = f"**{message.author.display_name}**:\n{words_of(message, names, own=own)}"
    return QuotedMessage(quoted_lines(text), attachments_in(message.raw, channel, message.id))


def files_of(message: WholeMessage) -> tuple[Attachment, ...]:
    """List a message's files, and those of what it forwards."""
    return attachments_in(message.raw, id_of(message.raw, "channel_id"), message.id)


def words_of(
    message: WholeMessage, names: Names = NOBODY, *, mentions: Collection[str] = (), own: bool = False
) -> str:
    """Read a message's whole text, without the `mentions` (of the bot) around it.

    `own`: the bot wrote it. Previews that came to it are none of its words.
    """
    raw, known = message.raw, names_for(message, names)
    content = notice_of(raw) or unmarked(without_mentions(text_of(raw, "content"), mentions))
    parts = [
        content,
        *_forwards(raw),
        *_beside(raw, content, by_app=message.by_app or message.is_system(), own=own),
        _invitation(raw),
    ]
    read = (as_read(part, known.people, known.roles, known.channels) for part in _first(parts))
    return shorten("\n".join(read), LONGEST)


def plain_words(text: str, names: Names) -> str:
    """Read words that are no message: what was typed into a command or a form."""
    return as_read(unmarked(text), names.people, names.roles, names.channels)


def _first(parts: Iterable[str]) -> Iterator[str]:
    """Take as many parts as may be read, and cut the last one of them."""
    left = LONGEST + 1
    for part in filter(None, parts):
        if left <= 0:
            return
        yield part[:left]
        left -= len(part)


def _forwards(raw: Json) -> Iterator[str]:
    for each in parts_of(raw, "message_snapshots")[:MOST_FORWARDS]:
        if message := part_of(each, "message"):
            content = unmarked(text_of(message, "content").strip())
            parts = [content, *_beside(message, content, by_app=True)]
            text = "\n".join(part for part in parts if part)
            yield f"[forwarded message]\n{quoted_lines(text)}" if text else "[forwarded message]"


def _beside(raw: Json, content: str, *, by_app: bool, own: bool = False) -> Iterator[str]:
    """Read what stands below a message's content; of who wrote a forward Discord tells nothing."""
    yield from cards_in(raw, by_app=by_app, own=own, said=content)
    yield from blocks_in(raw)
    for file in parts_of(raw, "attachments"):
        yield f"[image: {told}]" if (told := line_of(file, "description")) else ""
    for sticker in parts_of(raw, "sticker_items") or parts_of(raw, "stickers"):  # forwards had the old field
        yield f"[sticker: {name}]" if (name := line_of(sticker, "name")) else ""
    yield _poll(part_of(raw, "poll"))


def _poll(poll: Json) -> str:
    question = line_of(part_of(poll, "question"), "text")
    answers = [_answer(part_of(each, "poll_media")) for each in parts_of(poll, "answers")]
    asked = [part for part in (question, " / ".join(filter(None, answers))) if part]
    return f"[poll: {': '.join(asked)}]" if asked else ""


def _answer(media: Any) -> str:
    return line_of(media, "text") or line_of(part_of(media, "emoji"), "name")


def _invitation(raw: Json) -> str:
    """Read an invitation to a game, or to listen along: there are no other words in it."""
    activity = part_of(raw, "activity")
    if not activity:
        return ""
    name = line_of(part_of(raw, "application"), "name")
    if not name and number_of(activity, "type") == LISTEN:
        name = "Spotify" if text_of(activity, "party_id").startswith(PARTY_OF_SPOTIFY) else ""
    return f"[invitation: {name}]" if name else "[invitation]"
