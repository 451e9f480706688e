"""Buttons on Discord: how they are drawn, and what a press of one tells.

Nothing of them is kept in memory: all that a press needs stands in its custom id, so that buttons work after a
restart and in every process.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import discord
import structlog

from bots.discord.api import FAILURES
from bots.discord.places import PLATFORM, Address
from bots.discord.translate import parent_of
from core.messages import Action, Author, Button, Identity, Place, Pressed

log = structlog.get_logger(__name__)

LABEL_CHARS = 80
STYLES = {Action.KEEP: discord.ButtonStyle.primary, Action.DROP: discord.ButtonStyle.secondary}

_OURS = re.compile(r"aivax:([a-z]{1,16}):([a-z0-9]{1,32})")


def view_of(buttons: Sequence[Button]) -> discord.ui.View | None:
    """Draw buttons; None where there are none, which takes earlier ones away."""
    if not buttons:
        return None
    view = discord.ui.View(timeout=None)
    for button in buttons:
        item: discord.ui.Button[discord.ui.View] = discord.ui.Button(
            label=button.label[:LABEL_CHARS],
            custom_id=f"aivax:{button.action}:{button.turn}",
            style=STYLES[button.action],
        )
        view.add_item(item)
    view.stop()  # else discord.py would keep it for ever, to dispatch presses that never reach this client
    return view


def pressed_in(interaction: discord.Interaction) -> Pressed | None:
    """Read a press of one of our buttons; None of anything else. A reply to it is whispered to who pressed."""
    data: Mapping[str, Any] = interaction.data or {}
    custom_id = data.get("custom_id")
    found = _OURS.fullmatch(custom_id) if isinstance(custom_id, str) else None
    user, channel = getattr(interaction, "user", None), interaction.channel_id
    if found is None or found[1] not in set(Action) or not user or channel is None:
        return None
    guild = str(interaction.guild_id or "")
    author = Author(Identity(PLATFORM, guild, str(user.id)), user.display_name, _locale_of(interaction))
    parent = parent_of(interaction.channel) or 0
    here = Address(
        channel=channel,
        guild=interaction.guild_id or 0,
        parent=parent,
        private=not guild,
        app=interaction.application_id,
        token=interaction.token,
    )
    return Pressed(
        keys=(f"{PLATFORM}:interaction:{interaction.id}",),
        author=author,
        place=Place(
            PLATFORM, guild, str(parent or channel), str(channel) if parent else "", private=not guild
        ),
        action=Action(found[1]),
        turn=found[2],
        address=str(here),
    )


async def acknowledge(interaction: discord.Interaction) -> None:
    """Tell Discord within its 3 s that a press was heard; nothing changes in sight. Without, an error is shown."""
    if interaction.type is not discord.InteractionType.component or interaction.response.is_done():
        return
    try:
        await interaction.response.defer()
    except FAILURES as exc:
        log.info("discord.press_not_acknowledged", error=type(exc).__name__, detail=str(exc)[:200])


def _locale_of(interaction: discord.Interaction) -> str:
    locale = getattr(interaction, "locale", "")
    return str(locale.value if isinstance(locale, discord.Locale) else locale or "")
