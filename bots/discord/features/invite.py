"""The address with which people of a server invite the bot: with the permissions that the settings need."""

from __future__ import annotations

import base64
import binascii
import re

from bots.discord.settings import DiscordSettings
from core.domain.errors import SettingRefused
from core.domain.translator import Translator

PORTAL = "copy Application ID from the Developer Portal, your application, General Information"


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
    except (binascii.Error, ValueError):
        written = ""
    if re.fullmatch(r"\d{15,20}", written) is None:
        raise SettingRefused("[discord] application_id", fix=f"{PORTAL}, or set [discord] token")
    return written
