"""What people say, change and delete, as events of the core. Pure.

Shapes: docs.slack.dev, `message`, `app_mention`, `message_changed`, `message_deleted`, "Working with files".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bots.slack.events.address import PLATFORM, Address, FileRef
from bots.slack.events.mrkdwn import begins_with_another, from_mrkdwn, mentions, without_mention
from bots.slack.events.payloads import Bot, IsJoined, part_of, parts_of, text_of
from core.domain import Attachment, Author, Commanded, Deleted, Edited, Identity, Place, Said
from core.i18n import spoken_command

_SUBTYPES_OF_PEOPLE = frozenset({"", "file_share", "thread_broadcast"})
_NOT_IN_SLACK = frozenset({"external", "tombstone", "hidden_by_limit"})


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """The fields of a message that the bot uses, checked."""

    keys: tuple[str, ...]
    """A mention comes as two events with one ts; one sentence can come with two ts and one client_msg_id."""
    author: Author
    place: Place
    """In a channel each question has a thread of its own; a direct message goes on below the last one."""
    address: Address
    thread: str
    """The root of the thread that it is a reply in; `""` for a message that begins one."""
    below_ours: bool
    """Whether the bot began that thread."""
    mrkdwn: str
    text: str


def said(
    wrapper: Mapping[str, Any], event: Mapping[str, Any], bot: Bot, is_joined: IsJoined | None
) -> Said | Commanded | None:
    """Read a `message` or an `app_mention`; None for what is not meant for us, our own and other bots' words too."""
    parsed = read(wrapper, event, event, bot)
    is_mention = event.get("type") == "app_mention"
    return as_event(parsed, event) if parsed and (is_mention or is_for_us(parsed, bot, is_joined)) else None


def changed(
    wrapper: Mapping[str, Any], event: Mapping[str, Any], bot: Bot, is_joined: IsJoined | None
) -> Edited | Deleted | Said | Commanded | None:
    """Read a `message_changed`: a person's own edit, or what is left of a deleted message that has replies.

    Slack also sends it for previews, for our own updates and for streams. Whoever adds the bot's mention by an edit
    speaks to it for the first time.
    """
    message, before = part_of(event, "message"), part_of(event, "previous_message")
    if text_of(message, "subtype") == "tombstone":
        return deleted(wrapper, event, text_of(message, "ts"), bot, is_joined)
    edited = text_of(message.get("edited"), "ts")
    now = read(wrapper, event, message, bot) if edited else None
    if now is None or (before and text_of(before, "text") == now.mrkdwn):
        return None
    earlier = replace(now, mrkdwn=text_of(before, "text")) if before else now
    if is_for_us(earlier, bot, is_joined):
        return Edited(
            (f"{now.keys[0]}:edited:{edited}",), now.author, now.place, now.address.question, now.text
        )
    return as_event(now, message) if mentions(now.mrkdwn, bot.user) else None


def deleted(
    wrapper: Mapping[str, Any], event: Mapping[str, Any], ts: str, bot: Bot, is_joined: IsJoined | None
) -> Deleted | None:
    """Read that the message `ts` is gone; None where it is known not to have been for us, as our own are not."""
    team, channel = text_of(wrapper, "team_id"), text_of(event, "channel")
    before = part_of(event, "previous_message")
    if not (team and channel and ts):
        return None
    parsed = read(wrapper, event, before, bot)
    if text_of(before, "user") and not (parsed and is_for_us(parsed, bot, is_joined)):
        return None
    return Deleted((f"slack:{team}:{channel}:{ts}:deleted",), PLATFORM, team, channel, (ts,))


def as_event(parsed: ParsedMessage, event: Mapping[str, Any]) -> Said | Commanded:
    """A question, or one of the words that are commands when they stand alone."""
    there, address = parsed.address, str(parsed.address)
    # Slack Connect sends a file's id alone: the rest is asked for
    files = tuple(attachment_of(file, there.team) for file in parts_of(event, "files") if text_of(file, "id"))
    command = spoken_command(parsed.text)
    if command is not None and not files:
        return Commanded(parsed.keys, parsed.author, parsed.place, command, address)
    return Said(parsed.keys, parsed.author, parsed.place, parsed.text, address, there.question, files)


def is_person(event: Mapping[str, Any], bot: Bot) -> bool:
    """Any `bot_id` means a bot, ours too; hidden messages and most subtypes are notices, edits and deletions."""
    user, subtype = text_of(event, "user"), event.get("subtype") or ""
    if not user or user in (bot.user, "USLACKBOT") or event.get("bot_id") or event.get("bot_profile"):
        return False
    return not event.get("hidden") and isinstance(subtype, str) and subtype in _SUBTYPES_OF_PEOPLE


def is_for_us(parsed: ParsedMessage, bot: Bot, is_joined: IsJoined | None) -> bool:
    """Whether words are meant for the bot: said to it alone, with its mention, or in a thread that it takes part in.

    Without `is_joined`, threads need the mention too.
    """
    there = parsed.address
    if there.direct or mentions(parsed.mrkdwn, bot.user):
        return True
    return (
        is_joined is not None
        and parsed.thread != ""
        and not begins_with_another(parsed.mrkdwn, bot.user)
        and (parsed.below_ours or is_joined(there.team, there.channel, parsed.thread))
    )


def read(
    wrapper: Mapping[str, Any], event: Mapping[str, Any], message: Mapping[str, Any], bot: Bot
) -> ParsedMessage | None:
    """Read a message, which is the event itself or a part of it; None unless a person's, and it tells where it is."""
    team, channel = text_of(wrapper, "team_id"), text_of(event, "channel")
    kind, user = text_of(event, "channel_type"), text_of(message, "user")
    ts, root, mrkdwn, sent = (text_of(message, name) for name in ("ts", "thread_ts", "text", "client_msg_id"))
    if not (team and channel and ts and is_person(message, bot)):
        return None
    thread = "" if root == ts else root
    direct = kind == "im" or (not kind and channel.startswith("D"))
    user_team = text_of(message, "user_team") or text_of(message, "team") or team
    return ParsedMessage(
        keys=(f"slack:{team}:{channel}:{ts}", *([f"slack:{team}:msg:{sent}"] if sent else [])),
        author=Author(Identity(PLATFORM, team, user)),
        place=Place(PLATFORM, team, channel, thread or ("" if direct else ts), private=direct),
        address=Address(channel, team, thread or ts, ts, user, user_team, direct=direct),
        thread=thread,
        below_ours=text_of(message, "parent_user_id") == bot.user,
        mrkdwn=mrkdwn,
        text=from_mrkdwn(without_mention(mrkdwn, bot.user)),
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
