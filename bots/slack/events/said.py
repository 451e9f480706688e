"""What people say, change and delete, as events of the core. Pure.

Shapes: docs.slack.dev, `message`, `app_mention`, `message_changed`, `message_deleted`, "Working with files".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bots.slack.events.address import PLATFORM, Address
from bots.slack.events.message_reader import files_of, words_of
from bots.slack.events.mrkdwn import begins_with_another, mentions
from bots.slack.events.names import NameBook
from bots.slack.events.payloads import Bot, IsJoined, part_of, text_of
from core.domain import Author, Commanded, Deleted, Edited, Identity, Place, Rewritten, Said
from core.i18n import spoken_command

_KINDS = frozenset({"channel", "group", "im", "mpim"})
"""Of another kind, such as `app_home`, or of none, a channel's id tells whether it is a direct message."""
_SUBTYPES_OF_PEOPLE = frozenset({"", "file_share", "thread_broadcast", "me_message"})


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
    """Its text as Slack has it, in which mentions are looked for."""


def said(
    wrapper: Mapping[str, Any], event: Mapping[str, Any], names: NameBook, is_joined: IsJoined | None
) -> Said | Commanded | None:
    """Read a `message` or an `app_mention`; None for what is not meant for us, our own and other bots' words too.

    Slack has been seen to send an `app_mention` of words that mention nobody, in threads with the bot.
    """
    parsed = read(wrapper, event, event, names.bot)
    return as_event(parsed, event, names) if parsed and is_for_us(parsed, names.bot, is_joined) else None


def changed(
    wrapper: Mapping[str, Any],
    event: Mapping[str, Any],
    names: NameBook,
    is_joined: IsJoined | None,
    *,
    anybodys: bool = False,
) -> Edited | Rewritten | Deleted | Said | Commanded | None:
    """Read a `message_changed`: a person's own edit, or what is left of a deleted message that has replies.

    `anybodys` as in `deleted`: of a message that was not for us only that it was changed.

    Slack also sends it for previews, for our own updates and for streams. Whoever adds the bot's mention by an edit
    speaks to it for the first time.
    """
    message, before, bot = part_of(event, "message"), part_of(event, "previous_message"), names.bot
    if text_of(message, "subtype") == "tombstone":
        return deleted(wrapper, event, text_of(message, "ts"), bot, is_joined, anybodys=anybodys)
    edited = text_of(message.get("edited"), "ts")
    if not edited or (before and _says_the_same(before, message, names)):
        return None
    now = read(wrapper, event, message, bot)
    if now is None:
        return _rewritten(wrapper, event, message, bot) if anybodys else None
    earlier = replace(now, mrkdwn=text_of(before, "text")) if before else now
    if is_for_us(earlier, bot, is_joined):
        keys, text = (f"{now.keys[0]}:edited:{edited}",), words_of(message, names)
        return Edited(keys, now.author, now.place, now.address.question, text)
    if mentions(now.mrkdwn, bot.user):
        return as_event(now, message, names)
    return _rewritten(wrapper, event, message, bot) if anybodys else None


def _rewritten(
    wrapper: Mapping[str, Any], event: Mapping[str, Any], message: Mapping[str, Any], bot: Bot
) -> Rewritten | None:
    """Read that somebody else's message, an app's included, was changed; not one of ours."""
    team, channel, ts = text_of(wrapper, "team_id"), text_of(event, "channel"), text_of(message, "ts")
    if not (team and channel and ts) or text_of(message, "user") == bot.user:
        return None
    key = f"slack:{team}:{channel}:{ts}:edited:{text_of(message.get('edited'), 'ts')}"
    return Rewritten((key,), PLATFORM, team, channel, ts)


def _says_the_same(before: Mapping[str, Any], now: Mapping[str, Any], names: NameBook) -> bool:
    """Whether the author's own words are the same: previews come and go without them."""
    if text_of(before, "text") != text_of(now, "text"):
        return False
    return words_of(before, names, own_only=True) == words_of(now, names, own_only=True)


def deleted(
    wrapper: Mapping[str, Any],
    event: Mapping[str, Any],
    ts: str,
    bot: Bot,
    is_joined: IsJoined | None,
    *,
    anybodys: bool = False,
) -> Deleted | None:
    """Read that the message `ts` is gone; None where it is known not to have been for us, as our own are not.

    `anybodys`: messages of others matter, too, since they may have been learnt.
    """
    team, channel = text_of(wrapper, "team_id"), text_of(event, "channel")
    before = part_of(event, "previous_message")
    if not (team and channel and ts):
        return None
    parsed = read(wrapper, event, before, bot)
    is_persons = text_of(before, "user") not in ("", bot.user)
    if anybodys and is_persons:
        return Deleted((f"slack:{team}:{channel}:{ts}:deleted",), PLATFORM, team, channel, (ts,))
    if text_of(before, "user") and not (parsed and is_for_us(parsed, bot, is_joined)):
        return None
    return Deleted((f"slack:{team}:{channel}:{ts}:deleted",), PLATFORM, team, channel, (ts,))


def as_event(parsed: ParsedMessage, event: Mapping[str, Any], names: NameBook) -> Said | Commanded:
    """A question, or one of the words that are commands when they stand alone."""
    there, address, text = parsed.address, str(parsed.address), words_of(event, names)
    # Slack Connect sends a file's id alone: the rest is asked for
    files = files_of(event, there.team, names.bot)
    command = spoken_command(text)
    if command is not None and not files:
        return Commanded(parsed.keys, parsed.author, parsed.place, command, address)
    return Said(parsed.keys, parsed.author, parsed.place, text, address, there.question, files)


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
    direct = channel.startswith("D") if kind not in _KINDS else kind == "im"
    user_team = text_of(message, "user_team") or text_of(message, "team") or team
    return ParsedMessage(
        keys=(f"slack:{team}:{channel}:{ts}", *([f"slack:{team}:msg:{sent}"] if sent else [])),
        author=Author(Identity(PLATFORM, team, user)),
        place=Place(PLATFORM, team, channel, thread or ("" if direct else ts), private=direct),
        address=Address(channel, team, thread or ts, ts, user, user_team, direct=direct),
        thread=thread,
        below_ours=text_of(message, "parent_user_id") == bot.user,
        mrkdwn=mrkdwn,
    )
