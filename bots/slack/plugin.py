"""The entry point of this frontend, which does not import its SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bots.frontends import Host, Plugin
from bots.slack.features.manifest import manifest
from bots.slack.ids import id_fix
from bots.slack.settings import SlackSettings
from core.domain.ports import Frontend


@asynccontextmanager
async def _open(settings: SlackSettings, host: Host) -> AsyncIterator[Frontend]:
    if settings.mode == "socket" and not settings.installable:
        from bots.slack.frontend import open_slack  # the SDK costs memory; only who uses it pays

        async with open_slack(settings, host.translators) as frontend:
            yield frontend
        return
    from bots.slack.open import open_hosted  # a web framework too

    async with open_hosted(settings, host) as frontend:
        yield frontend


plugin = Plugin(
    "slack",
    SlackSettings,
    _open,
    to_set="[slack] bot_token and app_token",
    id_fix=id_fix,
    prints={"manifest": manifest},
)
