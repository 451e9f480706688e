"""What is known of this frontend before its SDK is imported."""

from __future__ import annotations

import base64
import re
from contextlib import AbstractAsyncContextManager

from bots.discord.settings import DiscordSettings
from bots.frontends import Host, Plugin
from bots.id_checks import IdKind
from core.domain import Frontend, SettingRefused, Translator

PORTAL = "copy Application ID from the Developer Portal, your application, General Information"


def _open(settings: DiscordSettings, host: Host) -> AbstractAsyncContextManager[Frontend]:
    from bots.discord.frontend import open_discord  # the SDK costs memory; only who uses it pays

    return open_discord(settings, translators=host.translators)


def id_fix(kind: IdKind, given: str) -> str:
    """See `bots.id_checks.IdFix`. Ids are whole numbers (discord.com/developers/docs/reference, "Snowflakes")."""
    if re.fullmatch(r"[0-9]{1,20}", given):
        return ""
    what = "server" if kind == "workspace" else kind
    return (
        f"write the id of a {what}, a number such as 123456789012345678 (Copy ID in Discord's developer mode)"
    )


def invite(settings: DiscordSettings, _translator: Translator) -> str:
    """Print the address with which people of a server invite the bot, with just the permissions that it needs."""
    import discord  # the SDK costs memory; only the command that prints the address pays

    permissions = discord.Permissions(
        view_channel=True,
        send_messages=True,
        send_messages_in_threads=True,
        read_message_history=True,  # replies, the thread around a question, what was missed
        add_reactions=True,  # the hourglass on a question that waits
        connect=True,  # without it the text of voice channels is closed
        create_public_threads=settings.thread_per_question,
        attach_files=bool(settings.code_as_file_chars),
    )
    return discord.utils.oauth_url(
        application_id(settings), permissions=permissions, scopes=("bot", "applications.commands")
    )


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
        raise SettingRefused("[discord] application_id", fix=f"{PORTAL}, or set [discord] token")
    return written


plugin = Plugin(
    "discord",
    DiscordSettings,
    _open,
    to_set="[discord] token",
    id_fix=id_fix,
    operator_kinds=("user", "role"),
    channel_example="discord:123456",
    prints={"invite": invite},
)
