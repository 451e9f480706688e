"""What every interaction tells, a press as well as a command: who, where, and where to answer."""

from __future__ import annotations

import discord

from bots.discord.events.address import PLATFORM, Address
from bots.discord.events.translate import parent_of, within_of
from core.domain.messages import Author, Identity, Place


def key_of(interaction: discord.Interaction) -> str:
    return f"{PLATFORM}:interaction:{interaction.id}"


def author_of(interaction: discord.Interaction) -> Author | None:
    """Tell who did it, in their language; None where Discord did not tell."""
    user = getattr(interaction, "user", None)
    if not user:
        return None
    guild = interaction.guild_id
    roles = tuple(str(role.id) for role in getattr(user, "roles", ()) if role.id != guild)
    identity = Identity(PLATFORM, str(guild or ""), str(user.id))
    return Author(identity, user.display_name, locale_of(interaction), roles)


def place_of(interaction: discord.Interaction) -> Place | None:
    """Tell where it was done, as for a message there; None where Discord did not tell."""
    here = interaction.channel_id
    if here is None:
        return None
    guild, parent = str(interaction.guild_id or ""), parent_of(interaction.channel) or 0
    return Place(
        PLATFORM, guild, str(parent or here), str(here) if parent else "", private=not interaction.guild_id
    )


def standing_of(interaction: discord.Interaction) -> tuple[str, ...]:
    """Tell by which ids the lists of channels may name where it was done."""
    return within_of(interaction.channel, interaction.guild, parent_of(interaction.channel) or 0)


def address_of(interaction: discord.Interaction) -> Address:
    """Tell where a reply goes that only who did it reads."""
    return Address(
        channel=interaction.channel_id or 0,
        guild=interaction.guild_id or 0,
        parent=parent_of(interaction.channel) or 0,
        private=not interaction.guild_id,
        app=interaction.application_id,
        token=interaction.token,
    )


def locale_of(interaction: discord.Interaction) -> str:
    locale = getattr(interaction, "locale", "")
    return str(locale.value if isinstance(locale, discord.Locale) else locale or "")
