"""The address with which people of a server invite the bot: with the permissions that the settings need."""

from __future__ import annotations

import base64
import binascii
import re
from enum import IntFlag
from urllib.parse import urlencode

from bots.discord.settings import DiscordSettings
from core.domain.errors import SettingRefused
from core.domain.translator import Translator

AUTHORIZE = "https://discord.com/oauth2/authorize"
SCOPES = "bot applications.commands"
PORTAL = "copy Application ID from the Developer Portal, your application, General Information"


class Permission(IntFlag):
    """Discord's permission bits, as far as the bot needs them (discord.com/developers/docs/topics/permissions)."""

    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    CONNECT = 1 << 20
    CREATE_PUBLIC_THREADS = 1 << 35
    SEND_MESSAGES_IN_THREADS = 1 << 38


USUAL = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.READ_MESSAGE_HISTORY  # replies, the thread around a question, what was missed
    | Permission.ADD_REACTIONS  # the hourglass on a question that waits
    | Permission.CONNECT  # without it the text of voice channels is closed
)


def invite(settings: DiscordSettings, _translator: Translator) -> str:
    """Print the address with which people of a server invite the bot, with just the permissions that it needs."""
    query = {
        "client_id": application_id(settings),
        "scope": SCOPES,
        "permissions": int(permissions_for(settings)),
    }
    return f"{AUTHORIZE}?{urlencode(query)}"


def permissions_for(settings: DiscordSettings) -> Permission:
    """Sum up what the bot must be allowed in a server, to do what it is set to."""
    needed = USUAL
    if settings.thread_per_question:
        needed |= Permission.CREATE_PUBLIC_THREADS
    if settings.code_as_file_chars:
        needed |= Permission.ATTACH_FILES
    return needed


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
