"""People, channels, guilds and messages as JSON, the way Discord writes them."""

from typing import Any

from . import files, permissions
from .clock import iso
from .model import (
    DM,
    FORUM,
    MEDIA,
    SUPPRESS_EMBEDS,
    VOICE_KINDS,
    Channel,
    Guild,
    Interaction,
    Message,
    Person,
    Role,
)
from .world import World

Json = dict[str, Any]


def user(person: Person) -> Json:
    data = {
        "id": str(person.id),
        "username": person.name,
        "discriminator": "0",
        "global_name": None if person.bot else person.name.title(),
        "avatar": None,
        "public_flags": 0,
    }
    return data | {"bot": True} if person.bot else data


def hook(person: Person) -> Json:
    """Writes who speaks through a webhook: an account that is none (recorded from public threads)."""
    data = {"id": str(person.id), "username": person.name, "discriminator": "0000", "global_name": None}
    return data | {"avatar": None, "public_flags": 0, "bot": True, "flags": 0}


def member(world: World, guild: Guild, person: Person) -> Json:
    held = [guild.bot_role] if person is world.bot else guild.held.get(person.id, [])
    roles = [str(each.id) for each in held]
    joined = iso(world.clock.now() - 86_400)
    return {
        "nick": person.nick,
        "avatar": None,
        "roles": roles,
        "joined_at": joined,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
    }


def role(item: Role) -> Json:
    data: Json = {
        "id": str(item.id),
        "name": item.name,
        "color": 0,
        "hoist": False,
        "position": 0,
        "permissions": str(int(item.permissions)),
        "managed": item.bot_id is not None,
        "mentionable": item.mentionable,
        "flags": 0,
    }
    return data | {"tags": {"bot_id": str(item.bot_id)}} if item.bot_id else data


def channel(world: World, item: Channel) -> Json:
    """Writes a channel, thread or DM."""
    if item.is_thread:
        return thread(world, item)
    last = max(item.messages, default=None)
    data: Json = {"id": str(item.id), "type": item.kind, "flags": 0}
    data["last_message_id"] = None if last is None else str(last)
    if item.kind == DM:
        recipients = [user(item.recipient)] if item.recipient else []
        return data | {"recipients": recipients}
    return data | _guild_channel(world, item)


def _guild_channel(world: World, item: Channel) -> Json:
    overwrites = [{"id": str(world.bot.id), "type": 1, "allow": "0", "deny": str(int(item.denied))}]
    overwrites = overwrites if item.denied else []
    overwrites += [
        {"id": str(person), "type": 1, "allow": str(int(may)), "deny": "0"}
        for person, may in item.allowed.items()
    ]
    data: Json = {
        "name": item.name,
        "position": 0,
        "guild_id": str(item.guild.id) if item.guild else None,
        "parent_id": str(item.category.id) if item.category else None,
        "permission_overwrites": overwrites,
        "topic": None,
        "nsfw": False,
        "rate_limit_per_user": 0,
    }
    if item.kind in VOICE_KINDS:
        data |= {"bitrate": 64_000, "user_limit": 0}
    if item.kind in (FORUM, MEDIA):
        data |= {"available_tags": [], "default_reaction_emoji": None}
    return data


def thread(world: World, item: Channel) -> Json:
    last = max(item.messages, default=None)
    data = {
        "id": str(item.id),
        "parent_id": str(item.parent.id) if item.parent else None,
        "guild_id": str(item.guild.id) if item.guild else None,
        "owner_id": str(item.owner_id),
        "type": item.kind,
        "name": item.name,
        "last_message_id": None if last is None else str(last),
        "message_count": len(item.messages),
        "member_count": 2 if item.joined else 1,
        "rate_limit_per_user": 0,
        "flags": 0,
        "thread_metadata": thread_metadata(item),
    }
    return data | {"member": thread_member(world, item)} if item.joined else data


def thread_metadata(item: Channel) -> Json:
    return {
        "archived": item.archived,
        "locked": item.locked,
        "auto_archive_duration": item.auto_archive_minutes,
        "archive_timestamp": iso(item.archive_changed_at),
    }


def thread_member(world: World, item: Channel) -> Json:
    return {
        "id": str(item.id),
        "user_id": str(world.bot.id),
        "join_timestamp": iso(item.archive_changed_at),
        "flags": 0,
    }


def guild(world: World, item: Guild) -> Json:
    """Writes what GUILD_CREATE carries, with the bot as the one listed member."""
    channels = [channel(world, c) for c in world.channels_of(item)]
    for data in channels:
        del data["guild_id"]
    threads = [c for c in world.threads_of(item) if permissions.sees(c) and not c.archived]
    return guild_basics(item) | {
        "unavailable": False,
        "large": False,
        "member_count": len(world.people),
        "joined_at": iso(world.clock.now() - 86_400),
        "members": [member(world, item, world.bot) | {"user": user(world.bot)}],
        "channels": channels,
        "threads": [thread(world, c) for c in threads],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
    }


def guild_basics(item: Guild) -> Json:
    return {
        "id": str(item.id),
        "name": item.name,
        "icon": None,
        "owner_id": "1",
        "preferred_locale": item.locale,
        "features": [],
        "emojis": [],
        "stickers": [],
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "system_channel_flags": 0,
        "roles": [role(r) for r in item.roles],
    }


def message(world: World, item: Message, *, with_nonce: bool = False, nested: bool = False) -> Json:
    """Writes a message in full, as one who may read all of it gets it."""
    data = _said(world, item) | _named(item)
    if item.nonce is not None and with_nonce:
        data["nonce"] = item.nonce
    if item.webhook_id is not None:
        data["webhook_id"] = str(item.webhook_id)
    if item.application_id is not None:
        data["application_id"] = str(item.application_id)
    if item.interaction is not None:
        data |= {
            "application_id": str(world.bot.id),
            "interaction_metadata": interaction_metadata(item.interaction),
        }
    if item.snapshots:
        data["message_snapshots"] = [{"message": dict(s)} for s in item.snapshots]
    if item.thread is not None:
        data["thread"] = thread(world, item.thread)
    if item.reactions:
        data["reactions"] = [_reaction(world, e, who) for e, who in item.reactions.items()]
    return data | item.further | _reference(world, item, nested)


def _said(world: World, item: Message) -> Json:
    shown = [] if item.flags & SUPPRESS_EMBEDS else item.embeds + item.previews
    return {
        "id": str(item.id),
        "channel_id": str(item.channel.id),
        "type": item.kind,
        "content": item.content,
        "author": hook(item.author) if item.webhook_id and item.interaction is None else user(item.author),
        "timestamp": iso(world.created_at(item)),
        "edited_timestamp": None if item.edited_at is None else iso(item.edited_at),
        "tts": False,
        "pinned": item.pinned,
        "flags": item.flags,
        "embeds": list(shown),
        "attachments": [files.payload(world, a) for a in item.attachments],
        "components": item.components,
    }


def _named(item: Message) -> Json:
    return {
        "mention_everyone": item.mention_everyone,
        "mentions": [user(p) for p in item.mentions],
        "mention_roles": [str(r.id) for r in item.mention_roles],
    }


def _reaction(world: World, emoji: str, who: list[Person]) -> Json:
    return {
        "emoji": {"id": None, "name": emoji},
        "count": len(who),
        "count_details": {"burst": 0, "normal": len(who)},
        "me": world.bot in who,
        "me_burst": False,
        "burst_colors": [],
    }


def _reference(world: World, item: Message, nested: bool) -> Json:
    if item.reference is None:
        return {}
    target = {"type": item.reference.kind, "channel_id": str(item.reference.channel_id)}
    if item.reference.message_id is not None:
        target["message_id"] = str(item.reference.message_id)
    if item.channel.guild is not None:
        target["guild_id"] = str(item.channel.guild.id)
    data: Json = {"message_reference": target}
    if item.kind not in (19, 21) or nested:
        return data
    found = world.messages.get(item.reference.message_id or 0)
    if found is None:
        return data
    return data | {"referenced_message": None if found.deleted else message(world, found, nested=True)}


def interaction_metadata(made_by: Interaction) -> Json:
    return {
        "id": str(made_by.id),
        "type": made_by.kind,
        "user": user(made_by.person),
        "authorizing_integration_owners": {},
    }
