"""What people change, delete and stop, as events of the core. Pure.

Shapes: docs.slack.dev, `message_changed`, `message_deleted`, `agent_session_stopped`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bots.slack.events.address import PLATFORM, Address
from bots.slack.events.markup_in import mentions
from bots.slack.events.messages import as_event, is_for_us, is_person, read
from bots.slack.events.payloads import Bot, FollowUps, part_of, text_of
from core.domain.messages import Action, Author, Commanded, Deleted, Edited, Identity, Place, Pressed, Said


def changed(
    wrapper: Mapping[str, Any], event: Mapping[str, Any], bot: Bot, follow_ups: FollowUps
) -> Edited | Deleted | Said | Commanded | None:
    """Read a `message_changed`: a person's own edit, or what is left of a deleted message that has replies.

    Slack also sends it for previews, for our own updates and for streams. Whoever adds the bot's mention by an edit
    speaks to it for the first time.
    """
    message, before = part_of(event, "message"), part_of(event, "previous_message")
    if text_of(message, "subtype") == "tombstone":
        return deleted(wrapper, event, text_of(message, "ts"), bot, follow_ups)
    edited = text_of(message.get("edited"), "ts")
    now = read(wrapper, message, bot, text_of(event, "channel"), text_of(event, "channel_type"))
    if not (edited and now.team and now.channel and now.ts) or not is_person(message, bot):
        return None
    if before and text_of(before, "text") == now.mrkdwn:
        return None
    earlier = replace(now, mrkdwn=text_of(before, "text")) if before else now
    if is_for_us(earlier, message, bot, follow_ups):
        return Edited((f"{now.key}:edited:{edited}",), now.author, now.place, now.ts, now.text)
    return as_event(now, message) if mentions(now.mrkdwn, bot.user) else None


def deleted(
    wrapper: Mapping[str, Any], event: Mapping[str, Any], ts: str, bot: Bot, follow_ups: FollowUps
) -> Deleted | None:
    """Read that the message `ts` is gone; None where it is known not to have been for us, as our own are not."""
    team, channel, before = (
        text_of(wrapper, "team_id"),
        text_of(event, "channel"),
        event.get("previous_message"),
    )
    if not (team and channel and ts):
        return None
    if isinstance(before, Mapping) and text_of(before, "user"):
        parsed = read(wrapper, before, bot, channel, text_of(event, "channel_type"))
        if not is_person(before, bot) or not is_for_us(parsed, before, bot, follow_ups):
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
