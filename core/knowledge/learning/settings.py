"""What of `[knowledge]` is about learning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import Field, StringConstraints

from core.aivax.keys import KeyKind, kind_of, speaks_aivax
from core.domain import Place, SettingRefused
from core.section import Section
from core.settings import AivaxSettings

SETTING = "[knowledge] learn_into"
Into = Callable[[Place], str]
"""The id of the collection that things are learnt into in a place; `""`: nothing is."""


class LearningSettings(Section):
    """The keys of `[knowledge]` that begin with `learn_`."""

    learn_into: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] = ""
    """The id of the collection that operators have things learnt into. Empty: only where a place names one."""
    learn_bytes: int = Field(25_000_000, ge=1)
    """The largest file. What AIVAX has to read, such as Office files and scans, may have 10 MB anyway."""
    learn_pages: int = Field(1_000, ge=1)
    """The longest PDF."""
    learn_pieces_daily: int = Field(5_000, ge=0)
    """New pieces that one person may have learnt in 24 hours; a page makes one or two. 0: no limit."""
    learn_messages: int = Field(500, ge=1, le=1_000)
    """How much of a thread is learnt: its newest messages."""
    learn_channel_messages: int = Field(1_000, ge=1, le=10_000)
    """How much of a whole channel is learnt: its newest messages."""
    learn_wait_s: float = Field(120.0, ge=0)
    """How long AIVAX is waited for while it indexes; it goes on after that."""


def check(learns: bool, aivax: AivaxSettings) -> None:
    """Refuse, before the start, what could never work.

    Raises:
        SettingRefused: nothing can be learnt with this key, or at this server.
    """
    if not learns:
        return
    kind = kind_of(aivax.api_key)
    if not speaks_aivax(kind, aivax.base_url):
        reason = "only AIVAX has collections: delete the line, or set [aivax] base_url to AIVAX"
    elif kind is KeyKind.PUBLIC:
        reason = "a public key (pk-aiv-) may not write to collections: use a private key (sk-aiv-acc)"
    else:
        return
    raise SettingRefused(SETTING, fix=reason)
