"""The entry point: what is known of the frontend before its library is imported."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from aivax_bots import Host, IdKind, Plugin
from aivax_bots_telegram import NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aivax_bots import Check, CheckContext, Frontend, PlatformSetup
    from aivax_bots_telegram.settings import TelegramSettings


def _settings() -> type[TelegramSettings]:
    from aivax_bots_telegram.settings import TelegramSettings  # only who reads a configuration pays

    return TelegramSettings


def _open(settings: TelegramSettings, host: Host) -> AbstractAsyncContextManager[Frontend]:
    from aivax_bots_telegram.frontend import open_telegram  # the library costs memory; only who uses it pays

    return open_telegram(settings, host)


def _checks(settings: TelegramSettings, context: CheckContext) -> Sequence[Check]:
    from aivax_bots_telegram.checks import TelegramCheck

    return [TelegramCheck(settings, context.channels)] if settings.wanted else []


def _setup() -> PlatformSetup:
    from aivax_bots_telegram.setup import TelegramSetup  # only `init` asks

    return TelegramSetup()


def id_fix(kind: IdKind, given: str) -> str:
    """What mends an id in [access] or [operators]: whole numbers, those of groups with a minus."""
    digits = given.removeprefix("-") if kind != "user" else given
    if digits.isascii() and digits.isdigit() and len(digits) <= 20:
        return ""
    if kind == "user":
        return "write a person's number, such as 123456789, not their @name"
    return "write a group's number, such as -1001234567890"


plugin = Plugin(
    NAME,
    _settings,
    _open,
    to_set="[telegram] token",
    id_fix=id_fix,
    channel_example="telegram:-1001234567890",
    checks=_checks,
    setup=_setup,
)
