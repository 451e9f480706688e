"""What is known of this frontend before its SDK is imported."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from bots.frontends import Host, Plugin
from bots.setting_rules.ids import IdKind

if TYPE_CHECKING:
    from bots.discord.settings import DiscordSettings
    from core.domain import Frontend, Translator
    from core.domain.checks import Check

AUTHORIZE = "https://discord.com/oauth2/authorize"
PORTAL = "copy Application ID from the Developer Portal, your application, General Information"


def _settings() -> type[DiscordSettings]:
    from bots.discord.settings import DiscordSettings  # only who reads a configuration pays

    return DiscordSettings


def _open(settings: DiscordSettings, host: Host) -> AbstractAsyncContextManager[Frontend]:
    from bots.discord.frontend import open_discord  # the SDK costs memory; only who uses it pays
    from bots.discord.transport.timing import Timing

    timing = Timing(first_words_after_s=host.first_words_after_s)
    return open_discord(settings, timing, host.translators)


PERMISSIONS = (
    10,  # view channels
    11,  # send messages
    38,  # send messages in threads
    16,  # read message history: replies, the thread around a question, what was missed
    6,  # add reactions: the hourglass on a question that waits
    20,  # connect: without it the text of voice channels is closed
)
"""The bits of what the bot always needs (discord.com/developers/docs/topics/permissions). Not from the SDK: its import
takes ten times as long as all else that prints the address."""
ATTACH_FILES, CREATE_PUBLIC_THREADS = 15, 35


def id_fix(kind: IdKind, given: str) -> str:
    """See `bots.setting_rules.ids.IdFix`. Whole numbers (discord.com/developers/docs/reference, "Snowflakes")."""
    if re.fullmatch(r"[0-9]{1,20}", given):
        return ""
    what = "server" if kind == "workspace" else kind
    return (
        f"write the id of a {what}, a number such as 123456789012345678 (Copy ID in Discord's developer mode)"
    )


def invite(settings: DiscordSettings, _translator: Translator) -> str:
    """Print the address with which people of a server invite the bot, with just the permissions that it needs."""
    wanted = [*PERMISSIONS]
    wanted += [CREATE_PUBLIC_THREADS] if settings.thread_per_question else []
    wanted += [ATTACH_FILES] if settings.code_as_file_chars else []
    asked = {
        "client_id": application_id(settings),
        "scope": "bot applications.commands",
        "permissions": sum(1 << bit for bit in wanted),
    }
    return f"{AUTHORIZE}?{urlencode(asked)}"


def application_id(settings: DiscordSettings) -> str:
    """Take the application's id from its setting, or from the token: the first of its parts is the id, in Base64.

    Raises:
        SettingRefused: neither has it.
    """
    if settings.application_id:
        return settings.application_id
    first = settings.token.get_secret_value().strip().removeprefix("Bot ").strip().partition(".")[0]
    try:
        written = base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)).decode("ascii")
    except ValueError:
        written = ""
    if re.fullmatch(r"\d{15,20}", written) is None:
        from core.domain import SettingRefused

        raise SettingRefused("[discord] application_id", fix=f"{PORTAL}, or set [discord] token")
    return written


def checks(settings: DiscordSettings, channels: Sequence[str]) -> Sequence[Check]:
    """See `bots.frontends.Plugin.checks`."""
    from bots.discord.features.checks import DiscordCheck

    return [DiscordCheck(settings, channels)] if settings.wanted else []


plugin = Plugin(
    "discord",
    _settings,
    _open,
    to_set="[discord] token",
    id_fix=id_fix,
    operator_kinds=("user", "role"),
    channel_example="discord:123456",
    checks=checks,
    prints={"invite": invite},
)
