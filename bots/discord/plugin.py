"""What is known of this frontend before its SDK is imported."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from bots.discord.features.invite import invite
from bots.discord.ids import id_fix
from bots.discord.settings import DiscordSettings
from bots.frontends import Host, Plugin
from core.domain.ports import Frontend


def _open(settings: DiscordSettings, host: Host) -> AbstractAsyncContextManager[Frontend]:
    from bots.discord.frontend import open_discord  # the SDK costs memory; only who uses it pays

    return open_discord(settings, translators=host.translators)


plugin = Plugin(
    "discord", DiscordSettings, _open, to_set="[discord] token", id_fix=id_fix, prints={"invite": invite}
)
