"""What of a message reaches a bot for which message content is not switched on."""

from typing import Any

from . import mentions
from .model import DM, Message
from .world import World


def readable(world: World, message: Message) -> bool:
    """Says whether the bot may read a message without the switch: its own, DMs, and what is said to it."""
    if message.author is world.bot or message.channel.kind == DM or mentions.names_bot(world, message):
        return True
    if world.settings.role_ping_fills_content and message.channel.guild is not None:
        return message.channel.guild.bot_role in message.mention_roles
    return _pings_by_reply(world, message)


def redact(world: World, message: Message, payload: dict[str, Any], *, switched_on: bool) -> dict[str, Any]:
    """Empties what the bot may not read, in the message and in the one it replies to."""
    if switched_on:
        return payload
    if not readable(world, message):
        payload = _emptied(payload)
    inner = payload.get("referenced_message")
    if inner is not None:
        target = world.messages[int(inner["id"])]
        payload = payload | {"referenced_message": redact(world, target, inner, switched_on=False)}
    return payload


def _emptied(payload: dict[str, Any]) -> dict[str, Any]:
    nothing: dict[str, Any] = {"content": "", "embeds": [], "attachments": [], "components": []}
    if "message_snapshots" in payload:
        nothing["message_snapshots"] = [
            {"message": s["message"] | nothing} for s in payload["message_snapshots"]
        ]
    return {k: value for k, value in payload.items() if k != "poll"} | nothing


def _pings_by_reply(world: World, message: Message) -> bool:
    if not message.replied_user_pinged or message.reference is None:
        return False
    target = world.messages.get(message.reference.message_id or 0)
    return target is not None and target.author is world.bot and target.interaction is None
