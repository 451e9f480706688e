"""The entry point: what is known of the frontend before anything of it is imported."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from aivax_bots import CheckContext, Host, IdKind, Plugin
from aivax_bots_matrix import NAME

if TYPE_CHECKING:
    from aivax_bots import Check, Frontend, PlatformSetup
    from aivax_bots_matrix.settings import MatrixSettings

_USER = re.compile(r"@[^\s:]+:\S+")
_ROOM = re.compile(r"!\S+")


def _settings() -> type[MatrixSettings]:
    from aivax_bots_matrix.settings import MatrixSettings  # only who reads a configuration pays

    return MatrixSettings


def _open(settings: MatrixSettings, host: Host) -> AbstractAsyncContextManager[Frontend]:
    from aivax_bots_matrix.frontend import open_matrix  # the client costs memory; only who uses it pays

    return open_matrix(settings, host.first_words_after_s)


def _setup() -> PlatformSetup:
    from aivax_bots_matrix.setup import MatrixSetup  # only `init` asks

    return MatrixSetup()


def id_fix(kind: IdKind, given: str) -> str:
    """What mends an entry of [access] or [operators]; empty where its form is right."""
    if kind == "user":
        return "" if _USER.fullmatch(given) else "write a whole Matrix id, such as @ana:example.org"
    if kind == "channel":
        return (
            "" if _ROOM.fullmatch(given) else "write a room's id, such as !abc:example.org (not its #alias)"
        )
    return "Matrix has rooms and users alone: name those"


def checks(settings: MatrixSettings, context: CheckContext) -> Sequence[Check]:
    """What `doctor` asks of the homeserver."""
    from aivax_bots_matrix.checks import MatrixCheck

    return [MatrixCheck(settings, context.channels)] if settings.wanted else []


plugin = Plugin(
    NAME,
    _settings,
    _open,
    to_set="[matrix] homeserver and access_token",
    id_fix=id_fix,
    channel_example="matrix:!abc:example.org",
    checks=checks,
    setup=_setup,
)
