"""Permission bits, and what the bot may do in a channel."""

from enum import IntFlag

from .errors import missing_access, missing_permissions
from .model import PRIVATE_THREAD, VOICE_KINDS, Channel, Guild


class Permission(IntFlag):
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    CONNECT = 1 << 20
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    SEND_MESSAGES_IN_THREADS = 1 << 38


# What @everyone has in a new server, as far as it matters to a chat bot: pinging everyone is part of it.
EVERYONE = (
    Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.MENTION_EVERYONE
    | Permission.CONNECT
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
)


def of_bot(channel: Channel) -> Permission:
    """Sums up the bot's permissions in a channel; a thread inherits from its parent, a DM has all."""
    if channel.guild is None:
        return ~Permission(0)
    home = channel.parent or channel
    granted = Permission(base(channel.guild)) & ~Permission(home.denied)
    return granted if Permission.VIEW_CHANNEL in granted else Permission(0)


def base(guild: Guild) -> int:
    """Sums up the bot's roles in a guild."""
    return guild.everyone.permissions | guild.bot_role.permissions


def of_person(channel: Channel, person: int) -> Permission:
    """Sums up what somebody may do in a channel of a guild: their roles, then what the channel allows them."""
    assert channel.guild is not None
    granted = Permission(channel.guild.everyone.permissions)
    for role in channel.guild.held.get(person, ()):
        granted |= Permission(role.permissions)
    if Permission.ADMINISTRATOR in granted:
        return Permission((1 << 50) - 1)
    return granted | Permission((channel.parent or channel).allowed.get(person, 0))


def sees(channel: Channel) -> bool:
    """Says whether the bot gets a channel's events and may read it."""
    if channel.guild is not None and not channel.guild.bot_present:
        return False
    if channel.kind == PRIVATE_THREAD and not channel.joined:
        return False
    return Permission.VIEW_CHANNEL in of_bot(channel)


def require_view(channel: Channel) -> None:
    """Raises 50001 where the bot can't look; text in a voice channel also takes CONNECT."""
    if not sees(channel):
        raise missing_access()
    if channel.kind in VOICE_KINDS and Permission.CONNECT not in of_bot(channel):
        raise missing_access()


def require(channel: Channel, *needed: Permission) -> None:
    """Raises 50013 unless the bot has every permission."""
    require_view(channel)
    if any(bit not in of_bot(channel) for bit in needed):
        raise missing_permissions()


def to_send(channel: Channel) -> Permission:
    """Names the permission that posting takes here: threads have one of their own."""
    return Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
