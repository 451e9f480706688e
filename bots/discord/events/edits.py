"""What became of messages, and of servers, as events of the core: pure functions."""

from __future__ import annotations

import discord

from bots.discord.events.address import PLATFORM
from bots.discord.events.markup_in import text_of
from bots.discord.events.translate import Me, author_of, mentions_of_bot, not_from_person, place_of, within_of
from core.domain.messages import Deleted, Edited, Left

Removal = discord.RawMessageDeleteEvent | discord.RawBulkMessageDeleteEvent


def edited(payload: discord.RawMessageUpdateEvent, me: Me, parent: int = 0) -> Edited | None:
    """Make an event of a message that its author changed; None of previews, pins and threads that came to it.

    Discord sends the same update for all of them; only a person's edit moves `edited_timestamp`, and one that has
    not moved gives the same key again (https://github.com/discord/discord-api-docs/issues/273).
    """
    message = payload.message
    moved = payload.data.get("edited_timestamp")
    if not moved or not_from_person(message, me):
        return None
    text = text_of(message, mentions_of_bot(message, me))
    if not text and not me.reads_content:
        return None  # the mention was taken out, and with it went our right to read the rest
    key = f"{PLATFORM}:{message.id}:edit:{moved}"
    within = within_of(message.channel, message.guild, parent)
    return Edited((key,), author_of(message), place_of(message, parent), str(message.id), text, within)


def deleted(payload: Removal) -> Deleted:
    """Make an event of messages that are gone, whoever wrote them: Discord tells no more than their ids."""
    ids = sorted(
        payload.message_ids
        if isinstance(payload, discord.RawBulkMessageDeleteEvent)
        else [payload.message_id]
    )
    return Deleted(
        keys=tuple(f"{PLATFORM}:{id_}:deleted" for id_ in ids[:1]),
        platform=PLATFORM,
        workspace=str(payload.guild_id or ""),
        channel=str(payload.channel_id),
        origins=tuple(str(id_) for id_ in ids),
    )


def left(guild: discord.Guild, me: Me) -> Left:
    """Make an event of our removal from a server; a second one, after an invitation, is another."""
    myself = guild.get_member(me.id)
    stay = myself.joined_at.isoformat() if myself is not None and myself.joined_at else ""
    return Left((f"{PLATFORM}:{guild.id}:left:{stay}",), PLATFORM, str(guild.id))
