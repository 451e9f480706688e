"""reactions.add and reactions.remove."""

import re
from typing import Any

from ..refused import RefusedError
from ..state import Message
from .registry import Asked, method


@method("reactions.add", scope="reactions:write", tier=3)
def add(asked: Asked) -> dict[str, Any]:
    message, name = _message(asked), _name(asked)
    users = message.reactions.setdefault(name, [])
    if asked.workspace.bot.id in users:
        raise RefusedError("already_reacted")
    users.append(asked.workspace.bot.id)
    asked.world.changed()
    return {}


@method("reactions.remove", scope="reactions:write", tier=2)
def remove(asked: Asked) -> dict[str, Any]:
    message, name = _message(asked), _name(asked)
    users = message.reactions.get(name, [])
    if asked.workspace.bot.id not in users:
        raise RefusedError("no_reaction")
    users.remove(asked.workspace.bot.id)
    if not users:
        del message.reactions[name]
    asked.world.changed()
    return {}


def _message(asked: Asked) -> Message:
    channel = asked.world.place(asked.workspace, asked.args.text("channel"))
    message = channel.messages.get(asked.args.text("timestamp"))
    if message is None or message.hidden or message.only_to:
        raise RefusedError("message_not_found")
    return message


def _name(asked: Asked) -> str:
    name = asked.args.text("name")
    if not re.fullmatch(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?", name):
        raise RefusedError("invalid_name")
    return name
