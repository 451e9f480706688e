"""The address with which people of a server invite the bot."""

from __future__ import annotations

import base64
import re
from urllib.parse import urlencode

from bots.discord.features.permissions import wanted
from bots.discord.settings import DiscordSettings
from core.domain import SettingRefused, Translator

AUTHORIZE = "https://discord.com/oauth2/authorize"
PORTAL = "copy Application ID from the Developer Portal, your application, General Information"


def invite(settings: DiscordSettings, _translator: Translator) -> str:
    """Print the address with which people of a server invite the bot, with just the permissions that it needs."""
    asked = {
        "client_id": application_id(settings),
        "scope": "bot applications.commands",
        "permissions": sum(1 << bit for bit in wanted(settings)),
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
        raise SettingRefused("[discord] application_id", fix=f"{PORTAL}, or set [discord] token")
    return written
