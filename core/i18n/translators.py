"""Which language a person is spoken to in: their own, else their workspace's, else the operator's default."""

from __future__ import annotations

from collections.abc import Callable

from core.domain.messages import Place
from core.i18n.languages import ENGLISH, Known, nearest, sentences
from core.i18n.overrides import overridden
from core.i18n.translator import Voice
from core.settings import RepliesSettings


def _nowhere(_place: Place) -> str:
    return ""


class Voices:
    """A `Voice` for every reader, with the operator's own wording in it."""

    def __init__(self, settings: RepliesSettings, locale_of: Callable[[Place], str] = _nowhere) -> None:
        """`locale_of` tells the locale that a place was given, `""` where it was given none."""
        self._settings = settings
        self._locale_of = locale_of
        self._voices: dict[Known, Voice] = {}

    def for_reader(self, locale: str, place: Place) -> Voice:
        """The voice for somebody with this locale, as their platform told it (`""`: it did not), in that place."""
        return self.of(locale if nearest(locale) else self._locale_of(place))

    def of(self, locale: str) -> Voice:
        """The voice of the nearest known language, or of the default when there is none."""
        known = nearest(locale) or nearest(self._settings.locale) or Known(ENGLISH, ENGLISH)
        if known not in self._voices:
            own = overridden(self._settings.sentences, known.language)
            self._voices[known] = Voice(known.form, {**sentences(known.language), **own})
        return self._voices[known]
