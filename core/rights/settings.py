"""The sections of the configuration."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.section import Section


class MemorySettings(Section):
    """`[memory]`: people see what AIVAX' tool `Remember` keeps of them, and have single entries forgotten."""

    enabled: bool = False
    daily: int = Field(50, ge=0)
    """How often one person may ask in 24 hours: each look costs a search. 0: as often as they may ask anything."""


class PeopleSettings(Section):
    """`[people]`: whether people may link their accounts on several platforms, and how they do."""

    linking: bool = False
    code_chars: int = Field(8, ge=6, le=16)
    """Characters of a code by which two accounts are linked, of 28 that are easily told apart."""
    code_minutes: int = Field(10, ge=1, le=15)
    """How long a code is good, and both accounts may agree. Discord lets nobody be told in private after 15 minutes."""
    code_tries: int = Field(5, ge=1, le=20)
    """How many codes of one account are looked at within an hour, whether they are good or not.

    As many again are looked for in what it says without the word `link`.
    """
    most_accounts: int = Field(5, ge=2, le=20)
    """How many accounts one person may link."""


class PrivacySettings(Section):
    """`[privacy]`: what people may do about their own data, and how they are told of it."""

    consent: Literal["off", "notice", "agree"] = "off"
    """What people meet when they first ask: nothing, a sentence about what is stored, or the question whether they
    agree to it; until they do, what they ask is kept, and answered then."""
    export_every_h: float = Field(1.0, ge=0, le=168)
    """One person is sent their data once in so many hours. 0: whenever they ask."""
