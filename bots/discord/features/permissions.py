"""The permissions that the bot asks for, and what it may do in a channel.

discord.com/developers/docs/topics/permissions. Not from the SDK: its import takes ten times as long as all else that
prints an address or looks at a channel.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bots.discord.settings import DiscordSettings

ALWAYS: Mapping[int, str] = {
    10: "View Channel",
    11: "Send Messages",
    38: "Send Messages in Threads",
    16: "Read Message History",  # replies, the thread around a question, what was missed
    6: "Add Reactions",  # the hourglass on a question that waits
    20: "Connect",  # without it the text of voice channels is closed
}
"""The bits of what the bot always needs, with Discord's names."""
ATTACH_FILES, CREATE_PUBLIC_THREADS = 15, 35
_ADMINISTRATOR, _VIEW, _CONNECT = 3, 10, 20
_EVERYTHING = (1 << 53) - 1
_ROLE, _MEMBER = 0, 1
_VOICE_KINDS = (2, 13)


def wanted(settings: DiscordSettings) -> Mapping[int, str]:
    """The bits that these settings need, with their names."""
    return {
        **ALWAYS,
        **({CREATE_PUBLIC_THREADS: "Create Public Threads"} if settings.thread_per_question else {}),
        **({ATTACH_FILES: "Attach Files"} if settings.code_as_file_chars else {}),
    }


def missing_in(
    channel: Mapping[str, Any],
    roles: Iterable[Mapping[str, Any]],
    member: Mapping[str, Any],
    bits: Mapping[int, str],
) -> list[str]:
    """The names of the bits that the bot lacks in a channel of a server; Connect counts where there is a voice.

    `roles` are all of the server, `member` is the bot there, with its `user`.
    """
    allowed = _allowed(
        channel, {str(each.get("id")): _number(each.get("permissions")) for each in roles}, member
    )
    is_voice = channel.get("type") in _VOICE_KINDS
    return [name for bit, name in bits.items() if not allowed >> bit & 1 and (bit != _CONNECT or is_voice)]


def _allowed(channel: Mapping[str, Any], roles: Mapping[str, int], member: Mapping[str, Any]) -> int:
    """Roles first, then what the channel denies and allows: to everyone, to roles together, to the member."""
    everyone, own = str(channel.get("guild_id")), [str(each) for each in _list(member.get("roles"))]
    base = roles.get(everyone, 0)
    for each in own:
        base |= roles.get(each, 0)
    if base >> _ADMINISTRATOR & 1:
        return _EVERYTHING
    user = member.get("user")
    id_ = str(user.get("id")) if isinstance(user, Mapping) else ""
    overwrites = [each for each in _list(channel.get("permission_overwrites")) if isinstance(each, Mapping)]
    steps = (
        [each for each in overwrites if str(each.get("id")) == everyone],
        [each for each in overwrites if each.get("type") == _ROLE and str(each.get("id")) in own],
        [each for each in overwrites if each.get("type") == _MEMBER and str(each.get("id")) == id_],
    )
    for step in steps:
        denied, granted = 0, 0
        for overwrite in step:
            denied |= _number(overwrite.get("deny"))
            granted |= _number(overwrite.get("allow"))
        base = base & ~denied | granted
    return base if base >> _VIEW & 1 else 0


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | str) and str(value).isdecimal() else 0
