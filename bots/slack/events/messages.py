"""What people say, as events of the core. Pure.

Shapes: docs.slack.dev, `message`, `app_mention`, "Working with files".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bots.slack.events.address import PLATFORM, Address, FileRef
from bots.slack.events.markup_in import begins_with_another, from_mrkdwn, mentions, without_mention
from bots.slack.events.payloads import Bot, FollowUps, parts_of, text_of
from core.domain.messages import Attachment, Author, Commanded, Identity, Place, Said
from core.i18n.commands import spoken_command

_SUBTYPES_OF_PEOPLE = frozenset({"", "file_share", "thread_broadcast"})
_NOT_IN_SLACK = frozenset({"external", "tombstone", "hidden_by_limit"})


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """The fields of a message that the bot uses, checked."""

    team: str
    channel: str
    ts: str
    thread: str
    """The root of the thread that it is a reply in; `""` for a message that begins one."""
    user: str
    user_team: str
    direct: bool
    mrkdwn: str
    text: str
    client_msg_id: str

    @property
    def key(self) -> str:
        return f"slack:{self.team}:{self.channel}:{self.ts}"

    @property
    def keys(self) -> tuple[str, ...]:
        """A mention comes as two events with one ts; one sentence can come with two ts and one client_msg_id."""
        return (
            (self.key, f"slack:{self.team}:msg:{self.client_msg_id}") if self.client_msg_id else (self.key,)
        )

    @property
    def author(self) -> Author:
        return Author(Identity(PLATFORM, self.team, self.user))

    @property
    def place(self) -> Place:
        """In a channel each question has a thread of its own; a direct message goes on below the last one."""
        thread = self.thread if self.direct else self.thread or self.ts
        return Place(PLATFORM, self.team, self.channel, thread, private=self.direct)

    @property
    def address(self) -> Address:
        return Address(
            channel=self.channel,
            team=self.team,
            thread=self.thread or self.ts,
            question=self.ts,
            user=self.user,
            user_team=self.user_team,
            direct=self.direct,
        )


def said(
    wrapper: Mapping[str, Any], event: Mapping[str, Any], bot: Bot, follow_ups: FollowUps
) -> Said | Commanded | None:
    """Read a `message` or an `app_mention`; None for what is not meant for us, our own and other bots' words too."""
    if not is_person(event, bot):
        return None
    parsed = read(wrapper, event, bot)
    if not (parsed.team and parsed.channel and parsed.ts):
        return None
    if event.get("type") != "app_mention" and not is_for_us(parsed, event, bot, follow_ups):
        return None
    return as_event(parsed, event)


def as_event(parsed: ParsedMessage, event: Mapping[str, Any]) -> Said | Commanded:
    """A question, or one of the words that are commands when they stand alone."""
    address = str(parsed.address)
    # Slack Connect sends a file's id alone: the rest is asked for
    files = tuple(
        attachment_of(file, parsed.team) for file in parts_of(event, "files") if text_of(file, "id")
    )
    command = spoken_command(parsed.text)
    if command is not None and not files:
        return Commanded(parsed.keys, parsed.author, parsed.place, command, address)
    return Said(parsed.keys, parsed.author, parsed.place, parsed.text, address, parsed.ts, files)


def is_person(event: Mapping[str, Any], bot: Bot) -> bool:
    """Any `bot_id` means a bot, ours too; hidden messages and most subtypes are notices, edits and deletions."""
    user = text_of(event, "user")
    if not user or user in (bot.user, "USLACKBOT") or event.get("bot_id") or event.get("bot_profile"):
        return False
    subtype = event.get("subtype") or ""
    return not event.get("hidden") and isinstance(subtype, str) and subtype in _SUBTYPES_OF_PEOPLE


def is_for_us(parsed: ParsedMessage, event: Mapping[str, Any], bot: Bot, follow_ups: FollowUps) -> bool:
    """Whether words are meant for the bot: said to it alone, with its mention, or in a thread that it takes part in."""
    if parsed.direct or mentions(parsed.mrkdwn, bot.user):
        return True
    if not follow_ups.enabled or not parsed.thread or begins_with_another(parsed.mrkdwn, bot.user):
        return False
    began_it = text_of(event, "parent_user_id") == bot.user
    return began_it or follow_ups.is_joined(parsed.team, parsed.channel, parsed.thread)


def read(
    wrapper: Mapping[str, Any], event: Mapping[str, Any], bot: Bot, channel: str = "", kind: str = ""
) -> ParsedMessage:
    """Read a message; where it is a part of an event, `channel` and its kind are given from there."""
    team, ts = text_of(wrapper, "team_id"), text_of(event, "ts")
    channel, kind = channel or text_of(event, "channel"), kind or text_of(event, "channel_type")
    thread, mrkdwn = text_of(event, "thread_ts"), text_of(event, "text")
    return ParsedMessage(
        team=team,
        channel=channel,
        ts=ts,
        thread="" if thread == ts else thread,
        user=text_of(event, "user"),
        user_team=text_of(event, "user_team") or text_of(event, "team") or team,
        direct=kind == "im" or (not kind and channel.startswith("D")),
        mrkdwn=mrkdwn,
        text=from_mrkdwn(without_mention(mrkdwn, bot.user)),
        client_msg_id=text_of(event, "client_msg_id"),
    )


def attachment_of(file: Mapping[str, Any], team: str) -> Attachment:
    """Read a file object of Slack's. One without its bytes is kept, with a media type that is never read."""
    gone = text_of(file, "mode") in _NOT_IN_SLACK
    size = file.get("size")
    url = "" if gone else text_of(file, "url_private_download") or text_of(file, "url_private")
    ref = FileRef(text_of(file, "id"), url, team, gone)
    return Attachment(
        ref=str(ref),
        name=text_of(file, "name") or text_of(file, "title") or text_of(file, "id"),
        media_type=("" if gone else text_of(file, "mimetype")) or "application/octet-stream",
        size_bytes=size if isinstance(size, int) and size > 0 else 0,
    )
