"""What a person's client sends along with a command: options, resolved files and members."""

from collections.abc import Mapping
from typing import Any

from . import files, payloads, permissions
from .model import Channel, Guild, Message, Person, Role, Upload
from .payloads import Json
from .world import World

STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, NUMBER, ATTACHMENT = 3, 4, 5, 6, 7, 8, 10, 11
SUBCOMMANDS = frozenset({1, 2})


def find(world: World, guild: Guild | None, name: str, kind: int) -> Json:
    """Finds a registered command, as the person's client lists it; raises LookupError."""
    places = [guild.id, None] if guild is not None else [None]
    for place in places:
        for command in world.commands.get(place, []):
            if command["name"] == name and command["type"] == kind:
                return command
    listed = {p: [c["name"] for c in world.commands.get(p, [])] for p in places}
    raise LookupError(f"nobody is offered the command {name!r} of type {kind}; registered: {listed}")


def require_offered(world: World, person: Person, channel: Channel, line: str) -> None:
    """Raises LookupError for a command that Discord hides from this person, or in direct messages."""
    command = find(world, channel.guild, line.split()[0], 1)
    where = command.get("contexts") or [0, 1]
    needed = int(command.get("default_member_permissions") or 0)
    is_hidden = (0 if channel.guild else 1) not in where
    if channel.guild is not None:
        is_hidden |= needed & int(permissions.of_person(channel, person.id)) != needed
    if is_hidden:
        raise LookupError(f"{person.name} is not offered {line!r} in {channel.name}")


def slash_data(
    world: World,
    channel: Channel,
    line: str,
    options: Mapping[str, Any],
    focused: str | None = None,
) -> Json:
    """Builds the data of a slash command; `line` is its name, with subcommands after spaces."""
    name, *path = line.split()
    command = find(world, channel.guild, name, 1)
    data: Json = {"id": command["id"], "name": name, "type": 1}
    if command.get("guild_id"):
        data["guild_id"] = command["guild_id"]
    resolved: Json = {}
    level, place = command, data
    for part in path:
        level = next(o for o in level["options"] if o["name"] == part)
        inner: Json = {"name": part, "type": level["type"]}
        place["options"] = [inner]
        place = inner
    known = {o["name"]: o for o in level.get("options") or []}
    _check_offered(line, known, options, complete=focused is None)
    given = [_option(world, channel, known[k], v, resolved, focused) for k, v in options.items()]
    place["options"] = given
    return data | ({"resolved": resolved} if resolved else {})


def message_data(world: World, target: Message, name: str) -> Json:
    """Builds the data of a message command; its target is told in full, whatever the intents."""
    command = find(world, target.channel.guild, name, 3)
    full = payloads.message(world, target)
    resolved = {"messages": {str(target.id): full}}
    return {"id": command["id"], "name": name, "type": 3, "target_id": str(target.id), "resolved": resolved}


def user_data(world: World, channel: Channel, target: Person, name: str) -> Json:
    command = find(world, channel.guild, name, 2)
    resolved: Json = {}
    _resolve_person(world, channel, target, resolved)
    return {"id": command["id"], "name": name, "type": 2, "target_id": str(target.id), "resolved": resolved}


def modal_data(modal: Json, values: Mapping[str, str]) -> Json:
    """Fills a modal in; fields without a value are sent with what stood in them."""
    parts = [_filled(part, values) for part in modal["components"]]
    return {"custom_id": modal["custom_id"], "components": parts}


def _filled(part: Json, values: Mapping[str, str]) -> Json:
    if "component" in part:
        return {
            "type": part["type"],
            "id": part.get("id", 1),
            "component": _filled(part["component"], values),
        }
    if "components" in part:
        return {
            "type": part["type"],
            "id": part.get("id", 1),
            "components": [_filled(c, values) for c in part["components"]],
        }
    if part["type"] == 10:
        return {"type": 10, "id": part.get("id", 1)}
    custom_id = part["custom_id"]
    told: Json = {"type": part["type"], "id": part.get("id", 1), "custom_id": custom_id}
    if part["type"] == 4:
        return told | {"value": values.get(custom_id, part.get("value") or "")}
    return told | {"values": [values[custom_id]] if custom_id in values else []}


def _check_offered(line: str, known: Json, options: Mapping[str, Any], *, complete: bool) -> None:
    if unknown := set(options) - set(known):
        raise LookupError(f"/{line} has no options {sorted(unknown)}; it has {sorted(known)}")
    missing = {k for k, o in known.items() if o.get("required")} - set(options)
    if complete and missing:
        raise LookupError(f"the client does not send /{line} without {sorted(missing)}")


def _option(
    world: World, channel: Channel, known: Json, value: Any, resolved: Json, focused: str | None
) -> Json:
    option = {"name": known["name"], "type": known["type"], "value": value}
    if known["name"] == focused:
        return option | {"value": str(value), "focused": True}
    if isinstance(value, Upload):
        attachment = world.attach(channel, value)
        resolved.setdefault("attachments", {})[str(attachment.id)] = files.payload(world, attachment)
        return option | {"value": str(attachment.id)}
    if isinstance(value, Person):
        _resolve_person(world, channel, value, resolved)
    if isinstance(value, Role):
        resolved.setdefault("roles", {})[str(value.id)] = payloads.role(value)
    if isinstance(value, Channel):
        resolved.setdefault("channels", {})[str(value.id)] = payloads.channel(world, value) | {
            "permissions": "0"
        }
    return option | ({"value": str(value.id)} if isinstance(value, Person | Role | Channel) else {})


def _resolve_person(world: World, channel: Channel, person: Person, resolved: Json) -> None:
    resolved.setdefault("users", {})[str(person.id)] = payloads.user(person)
    if channel.guild is not None:
        member = payloads.member(world, channel.guild, person) | {"permissions": "0"}
        resolved.setdefault("members", {})[str(person.id)] = member
