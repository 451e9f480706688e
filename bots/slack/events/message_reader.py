"""What a Slack message says and carries, as a person sees it: the one reader for questions, quotes, edits and all else.

Apps, and Slack's own client, put words outside of `text`: in blocks, in attachments and on files. See `blocks.py`,
`cards.py`. Pure: names are looked up before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bots.slack.events.address import FileRef
from bots.slack.events.blocks import pictures, pieces
from bots.slack.events.cards import framed, own_cards, say_card, shown_cards, sources
from bots.slack.events.mrkdwn import from_mrkdwn, without_mention
from bots.slack.events.names import NameBook
from bots.slack.events.payloads import Bot, bounded, part_of, parts_of, text_of
from bots.slack.events.rich_text import quoted
from bots.slack.events.said_once import is_stand_in, joined
from core.domain import Attachment
from core.util.text import shorten, sound, unmarked

MOST_CHARS = 40_000
"""docs.slack.dev, "chat.postMessage": a text holds no more; what hangs below it is cut with it."""
MOST_FILES = 50
_NOT_IN_SLACK = frozenset({"external", "tombstone", "hidden_by_limit"})
_CLIPS = {"slack_audio": "audio", "slack_video": "video"}

Message = Mapping[str, Any]


def words_of(message: Message, names: NameBook, *, own_only: bool = False) -> str:
    """Read a message's whole text; with `own_only`, without what it forwards and the previews of its links."""
    message = bounded(message)
    text = from_mrkdwn(without_mention(text_of(message, "text"), names.bot.user), names)
    if is_ours(message, names.bot) and text and not is_stand_in(text):
        return text
    by_app = bool(message.get("bot_id"))
    # of people's words, what stands in rich text stands in the text
    is_told = not by_app and text_of(message, "text").strip() != ""
    shown = [each for each in pieces(parts_of(message, "blocks"), names) if not (is_told and each.rich)]
    said = joined(text, shown, by_app=by_app)
    for card in own_cards(message):
        say_card(card, said, names)
    parts = [unmarked(str(said))]
    if not own_only:
        parts += [framed(card, message, names) for card in shown_cards(message, names.bot)]
        parts += _on_files(message)
    return shorten(sound("\n".join(filter(None, parts))), MOST_CHARS)


def files_of(message: Message, team: str, bot: Bot) -> tuple[Attachment, ...]:
    """The files of a message, and of what it forwards."""
    found: dict[str, Attachment] = {}
    for source in sources(bounded(message), bot):
        for file in (*parts_of(source, "files"), *pictures(parts_of(source, "blocks"))):
            if (id_ := text_of(file, "id")) and len(found) < MOST_FILES:
                found.setdefault(id_, attachment_of(file, team))
    return tuple(found.values())


def is_ours(message: Message, bot: Bot) -> bool:
    return text_of(message, "user") == bot.user or bool(bot.bot and text_of(message, "bot_id") == bot.bot)


def attachment_of(file: Mapping[str, Any], team: str) -> Attachment:
    """Read a file object of Slack's. One without its bytes is kept, with a media type that is never read."""
    gone = text_of(file, "mode") in _NOT_IN_SLACK
    size = file.get("size")
    url = "" if gone else text_of(file, "url_private_download") or text_of(file, "url_private")
    ref = FileRef(text_of(file, "id"), url, team, gone)
    return Attachment(
        ref=str(ref),
        name=text_of(file, "name") or text_of(file, "title") or text_of(file, "id"),
        media_type=("" if gone else _media_type(file)) or "application/octet-stream",
        size_bytes=size if isinstance(size, int) and size > 0 else 0,
    )


def _media_type(file: Mapping[str, Any]) -> str:
    """Slack calls voice clips `video/mp4`, or names no type: their `subtype` tells what they are."""
    told = text_of(file, "mimetype")
    clip = _CLIPS.get(text_of(file, "subtype"))
    if clip is None or told.startswith(f"{clip}/"):
        return told
    kind, _, form = told.partition("/")
    known = form if kind in ("audio", "video") else text_of(file, "filetype")
    return f"{clip}/{known or 'mp4'}"


def _on_files(message: Message) -> Iterator[str]:
    """Words that ride on files: e-mails that were sent into Slack, and what was said in a clip."""
    for file in parts_of(message, "files"):
        transcript = text_of(part_of(part_of(file, "transcription"), "preview"), "content").strip()
        if transcript:
            yield f"[transcript: {transcript}]"
        if text_of(file, "mode") == "email" and (text := text_of(file, "plain_text").strip()):
            sender = next(
                (text_of(each, "name") or text_of(each, "address") for each in parts_of(file, "from")), ""
            )
            yield f"[e-mail from {sender}: {text_of(file, 'subject')}]\n{quoted(text)}"
