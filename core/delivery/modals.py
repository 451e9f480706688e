"""The two modals that platforms open, by their sentences; each platform draws them in its own way."""

from __future__ import annotations

from dataclasses import dataclass

from core.i18n.catalog import Phrase


@dataclass(frozen=True, slots=True)
class Modal:
    """A window with one field for words."""

    title: Phrase
    label: Phrase
    initial: Phrase | None = None
    """What stands in the field at first."""


FEEDBACK = Modal(Phrase.FEEDBACK_TITLE, Phrase.FEEDBACK_LABEL)
"""What was wrong with an answer?"""
QUESTION = Modal(Phrase.ASK_ABOUT, Phrase.ASK_QUESTION, Phrase.ASK_ABOUT_DEFAULT)
"""What does somebody want to know of a message?"""
