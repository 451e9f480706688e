"""Who a message names and who hears a ping: the text, `allowed_mentions`, and the right to ping all."""

import re
from dataclasses import dataclass, replace
from typing import Any

from . import permissions
from .errors import invalid_form
from .model import Message, Person, Role
from .permissions import Permission
from .world import World, as_id

_CODE = re.compile(r"```.*?```|``.*?``|`[^`]*`", re.DOTALL)
_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_ALL = re.compile(r"@(everyone|here)\b")
_QUIET_LINK = re.compile(r"<https?://[^>\s]+>")
_LINK = re.compile(r"https?://[^\s<>)]+")


@dataclass(frozen=True)
class Allowed:
    """What may ping. A create or edit without `allowed_mentions` lets everything; an interaction users only."""

    parse: frozenset[str]
    users: frozenset[int] = frozenset()
    roles: frozenset[int] = frozenset()
    replied_user: bool = True


EVERYTHING = Allowed(frozenset({"users", "roles", "everyone"}))
USERS = Allowed(frozenset({"users"}))


def read_allowed(body: dict[str, Any], default: Allowed) -> Allowed:
    """Reads `allowed_mentions` from a request; raises 50035 where it contradicts itself."""
    given = body.get("allowed_mentions")
    if given is None:
        return default
    parse = frozenset(given.get("parse", ()))
    for kind in ("users", "roles"):
        if kind in parse and given.get(kind):
            raise invalid_form(f"allowed_mentions.parse.{kind}", f"Mutually exclusive with {kind}.")
        if len(given.get(kind) or ()) > 100:
            raise invalid_form(f"allowed_mentions.{kind}", "Must be 100 or fewer in length.")
    if parse - EVERYTHING.parse:
        raise invalid_form("allowed_mentions.parse", "Value must be one of ('users', 'roles', 'everyone').")
    users = frozenset(as_id(i) for i in given.get("users") or ())
    roles = frozenset(as_id(i) for i in given.get("roles") or ())
    return Allowed(parse, users, roles, bool(given.get("replied_user", False)))


def apply(world: World, message: Message, allowed: Allowed) -> None:
    """Fills in who a message mentions and adds to `pings` whoever hears it."""
    text = _CODE.sub("", message.content)
    message.mentions = [p for p in _named_people(world, text) if _may(allowed, "users", p.id)]
    message.mention_roles = [r for r in _named_roles(message, text) if _may_role(message, allowed, r)]
    everyone = _ALL.findall(text) if "everyone" in allowed.parse and _may_ping_all(world, message) else []
    message.mention_everyone = bool(everyone)
    message.replied_user_pinged = False
    _mention_replied(world, message, allowed)
    message.pings |= {f"@{p.name}" for p in message.mentions} | {f"@{r.name}" for r in message.mention_roles}
    message.pings |= {f"@{word}" for word in everyone}


def names_bot(world: World, message: Message) -> bool:
    """Says whether the text itself @mentions the bot."""
    return str(world.bot.id) in _USER.findall(message.content) and world.bot in message.mentions


def links_previewed(content: str) -> list[str]:
    """Lists the addresses that a client would fetch and preview: bare or masked, not in `<>` or code."""
    return _LINK.findall(_QUIET_LINK.sub("", _CODE.sub("", content)))


def without_reply_ping(allowed: Allowed) -> Allowed:
    return replace(allowed, replied_user=False)


def _named_people(world: World, text: str) -> list[Person]:
    ids = dict.fromkeys(int(i) for i in _USER.findall(text))
    return [world.people[i] for i in ids if i in world.people]


def _named_roles(message: Message, text: str) -> list[Role]:
    if message.channel.guild is None:
        return []
    ids = {int(i) for i in _ROLE.findall(text)}
    return [r for r in message.channel.guild.roles if r.id in ids]


def _may(allowed: Allowed, kind: str, id_: int) -> bool:
    return kind in allowed.parse or id_ in getattr(allowed, kind)


def _may_role(message: Message, allowed: Allowed, role: Role) -> bool:
    if not message.author.bot:
        return True
    pingable = role.mentionable or Permission.MENTION_EVERYONE in permissions.of_bot(message.channel)
    return pingable and _may(allowed, "roles", role.id)


def _may_ping_all(world: World, message: Message) -> bool:
    if message.author is world.bot:
        return Permission.MENTION_EVERYONE in permissions.of_bot(message.channel)
    return message.author.may_ping_everyone


def _mention_replied(world: World, message: Message, allowed: Allowed) -> None:
    if message.kind != 19 or message.reference is None or not allowed.replied_user:
        return
    target = world.messages.get(message.reference.message_id or 0)
    if target is None or target.author is message.author:
        return
    message.replied_user_pinged = True
    if target.author not in message.mentions:
        message.mentions.append(target.author)
