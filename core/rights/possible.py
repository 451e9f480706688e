"""Whether the bot can delete at AIVAX what AIVAX keeps of people, and why not where it can't."""

from __future__ import annotations

from collections.abc import Sequence

from core.aivax.keys import KeyKind, kind_of, require_private_key, speaks_aivax
from core.domain import SettingRefused
from core.i18n import Phrase
from core.rights.settings import MemorySettings
from core.settings import AivaxSettings, Route

REMEMBER = "Remember"
"""AIVAX' tool that saves and finds memories."""


def why_not(settings: AivaxSettings) -> Phrase | None:
    """The sentence that tells people why nothing is deleted there; None where it is."""
    kind = kind_of(settings.api_key)
    if not speaks_aivax(kind, settings.base_url):
        return Phrase.FORGET_OTHER_SERVER
    if kind is KeyKind.PUBLIC:
        return Phrase.FORGET_PUBLIC_KEY
    return None if settings.forget_remotely else Phrase.FORGET_LOCAL_ONLY


def users_of(person_key: str) -> tuple[str, str]:
    """The ids that AIVAX knows a person by: in private, and where others read along."""
    return person_key, f"{person_key}.p"


def check_memory(memory: MemorySettings, settings: AivaxSettings, routes: Sequence[Route]) -> None:
    """Refuse `memory` where nothing could be shown, ever.

    Which tools a gateway has is not known here: where the settings name none, it may remember.

    Raises:
        SettingRefused: the key, the server or the tools.
    """
    if not memory.enabled:
        return
    require_private_key(settings, "[memory] enabled")
    named = [
        settings.builtin_tools,
        *(each.builtin_tools for each in routes if each.builtin_tools is not None),
    ]
    if all(tools and REMEMBER not in tools for tools in named):
        fix = f"no model may remember: add {REMEMBER} to [aivax] builtin_tools, or delete the line"
        raise SettingRefused("[memory] enabled", value="true", fix=fix)
