"""Why a job paused, as AIVAX tells it in words of which none is stated."""

from __future__ import annotations

import re

from core.aivax.services.batch import Progress
from core.i18n import Phrase

_CAUSES: tuple[tuple[str, str, Phrase], ...] = (
    ("balance", r"balance|credit|fund|money", Phrase.BATCH_PAUSED_BALANCE),
    ("plan", r"plan|daily|limit|quota", Phrase.BATCH_PAUSED_PLAN),
    ("provider", r"provider|unavailable|outage|service", Phrase.BATCH_PAUSED_PROVIDER),
    ("errors", r"error|fail", Phrase.BATCH_PAUSED_ERRORS),
    ("hand", r"hand|user|manual", Phrase.BATCH_PAUSED_BY_HAND),
)


def cause_of(progress: Progress) -> tuple[str, Phrase | None]:
    """The name of the cause and the sentence for it; `""` and None where the job has not paused."""
    if progress.state != "paused":
        return "", None
    found = (
        (name, phrase) for name, words, phrase in _CAUSES if re.search(words, progress.reason, re.IGNORECASE)
    )
    return next(found, ("unknown", Phrase.BATCH_PAUSED))
