"""What is known of this frontend before its SDK is imported."""

from __future__ import annotations

import re
from contextlib import AbstractAsyncContextManager

from bots.discord.features.invite import invite
from bots.discord.settings import DiscordSettings
from bots.frontends import Host, Plugin
from bots.id_checks import IdKind
from core.domain.ports import Frontend


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


plugin = Plugin(
    "discord", DiscordSettings, _open, to_set="[discord] token", id_fix=id_fix, prints={"invite": invite}
)
