"""What is known of this frontend before its SDK is imported."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bots.frontends import CheckContext, Host, PlatformSignIn, Plugin
from bots.setting_rules.ids import IdKind

if TYPE_CHECKING:
    from bots.discord.settings import DiscordSettings
    from bots.setup.ports import PlatformSetup
    from core.domain import Frontend, Translator
    from core.domain.checks import Check

EPOCH_MS = 1_420_070_400_000


def _settings() -> type[DiscordSettings]:
    from bots.discord.settings import DiscordSettings  # only who reads a configuration pays

    return DiscordSettings


def _open(settings: DiscordSettings, host: Host) -> AbstractAsyncContextManager[Frontend]:
    from bots.discord.frontend import open_discord  # the SDK costs memory; only who uses it pays
    from bots.discord.transport.timing import Timing

    timing = Timing(
        first_words_after_s=host.first_words_after_s, wall=lambda: host.database.now().timestamp()
    )
    return open_discord(settings, timing, host.translators, host.database.meter, host.cluster)


def id_fix(kind: IdKind, given: str) -> str:
    """See `bots.setting_rules.ids.IdFix`. Whole numbers (discord.com/developers/docs/reference, "Snowflakes")."""
    if re.fullmatch(r"[0-9]{1,20}", given):
        return ""
    what = "server" if kind == "workspace" else kind
    return (
        f"write the id of a {what}, a number such as 123456789012345678 (Copy ID in Discord's developer mode)"
    )


def invite(settings: DiscordSettings, translator: Translator) -> str:
    """Print the address with which people of a server invite the bot, with just the permissions that it needs."""
    from bots.discord.features.invitation import invite as address

    return address(settings, translator)


def _setup() -> PlatformSetup:
    from bots.discord.features.setup import DiscordSetup  # only `init` asks

    return DiscordSetup()


def said_at(origin: str) -> datetime | None:
    """When a message was sent: its id holds the milliseconds since 2015 (discord.com/developers, "Snowflakes")."""
    if not re.fullmatch(r"[0-9]{15,20}", origin):
        return None
    return datetime.fromtimestamp(((int(origin) >> 22) + EPOCH_MS) / 1000, UTC)


def checks(settings: DiscordSettings, context: CheckContext) -> Sequence[Check]:
    """See `bots.frontends.Plugin.checks`."""
    from bots.discord.features.checks import DiscordCheck

    return [DiscordCheck(settings, context.channels)] if settings.wanted else []


SIGN_IN = PlatformSignIn(
    "Discord",
    "https://discord.com",
    "id",
    ("identify",),
    authorize_url="https://discord.com/oauth2/authorize",
    token_url="https://discord.com/api/oauth2/token",  # noqa: S106  an address
    account_url="https://discord.com/api/v10/users/@me",
)
"""discord.com/developers/docs/topics/oauth2."""

plugin = Plugin(
    "discord",
    _settings,
    _open,
    to_set="[discord] token",
    id_fix=id_fix,
    operator_kinds=("user", "role"),
    channel_example="discord:123456",
    checks=checks,
    prints={"invite": invite},
    said_at=said_at,
    setup=_setup,
    sign_in=SIGN_IN,
)
