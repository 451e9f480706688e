"""What people change, delete and stop, as events of the core. Pure.

Shapes: docs.slack.dev, `message_changed`, `message_deleted`, `agent_session_stopped`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bots.slack.events.address import PLATFORM, Address
from bots.slack.events.markup_in import mentions
from bots.slack.events.messages import as_event, is_for_us, read
from bots.slack.events.payloads import Bot, IsJoined, part_of, text_of
from core.domain.messages import Action, Author, Commanded, Deleted, Edited, Identity, Place, Pressed, Said


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
        keys = (f"{now.keys[0]}:edited:{edited}",)
        return Edited(keys, now.author, now.place, now.address.question, now.text)
    return as_event(now, message) if mentions(now.mrkdwn, bot.user) else None


def deleted(
    wrapper: Mapping[str, Any], event: Mapping[str, Any], ts: str, bot: Bot, is_joined: IsJoined | None
) -> Deleted | None:
    """Read that the message `ts` is gone; None where it is known not to have been for us, as our own are not."""
    team, channel = text_of(wrapper, "team_id"), text_of(event, "channel")
    before = part_of(event, "previous_message")
    if not (team and channel and ts):
        return None
    if text_of(before, "user"):
        parsed = read(wrapper, event, before, bot)
        if parsed is None or not is_for_us(parsed, bot, is_joined):
            return None
    return Deleted((f"slack:{team}:{channel}:{ts}:deleted",), PLATFORM, team, channel, (ts,))


def stopped(wrapper: Mapping[str, Any], event: Mapping[str, Any]) -> tuple[Pressed, ...]:
    """Read an `agent_session_stopped`, Slack's own stop button.

    In a direct message the thread that it names is a place of its own, or stands below a message that began none:
    which one is answered there is not told, so both are stopped.
    """
    team, user, channel = text_of(wrapper, "team_id"), text_of(event, "user"), text_of(event, "channel")
    thread, moment = text_of(event, "thread_ts"), text_of(wrapper, "event_id")
    if not (team and user and channel and thread and moment):
        return ()
    direct = channel.startswith("D")
    here = Address(channel, team, thread, thread, user, team, direct=direct, ephemeral=not direct)
    return tuple(
        Pressed(
            keys=(f"slack:{team}:stopped:{moment}:{place}",),
            author=Author(Identity(PLATFORM, team, user)),
            place=Place(PLATFORM, team, channel, place, private=direct),
            action=Action.STOP,
            turn="",
            address=str(here),
        )
        for place in ((thread, "") if direct else (thread,))
    )
