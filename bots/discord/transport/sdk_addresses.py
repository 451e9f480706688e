"""Where discord.py sends its traffic.

The SDK keeps both addresses as class attributes, so they hold for the whole process: one process talks to one
Discord. This is the only place that sets them.
"""

from __future__ import annotations

import logging

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route


def move_rest(api_url: str) -> None:
    """Send every REST call to `api_url`, which comes without a slash at its end."""
    Route.BASE = api_url


def move_gateway(url: str) -> None:
    """Make the address that the API answered the one for every connect and reconnect.

    Without this, an identify after a refused resume goes to a hard-coded address.
    """
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url)


def gateway() -> yarl.URL:
    """Tell where the gateway is, as the API answered it last."""
    return DiscordWebSocket.DEFAULT_GATEWAY


def quiet() -> None:
    """Keep the SDK from logging secrets (its DEBUG lines hold tokens), and from what operators need not read.

    That is voice, and a traceback at each of its reconnects: our own watchdog says in a sentence what is wrong.
    """
    logger = logging.getLogger("discord")
    if logger.getEffectiveLevel() < logging.INFO:
        logger.setLevel(logging.INFO)
    logging.getLogger("discord.shard").addFilter(_without_traceback)
    discord.VoiceClient.warn_nacl = False
    discord.VoiceClient.warn_dave = False


def _without_traceback(record: logging.LogRecord) -> bool:
    record.exc_info = None
    return True
