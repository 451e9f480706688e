"""Which language a person is spoken to in: their own, else their workspace's, else the operator's default."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.domain.messages import Place
from core.domain.translator import Translator
from core.i18n.languages import ENGLISH, Known, nearest, sentences
from core.i18n.overrides import overridden
from core.i18n.translator import LocaleTranslator


class Translators:
    """A `Translator` for every reader, with the operator's own wording in it."""

    def __init__(
        self,
        locale: str = ENGLISH,
        wording: Mapping[str, str | dict[str, str]] | None = None,
        locale_of: Callable[[Place], str] = lambda _place: "",
    ) -> None:
        """`locale` is the operator's default, `wording` what stands in `[replies.sentences]`.

        `locale_of` tells the locale that a place was given, `""` where it was given none.
        """
        self._locale = locale
        self._wording = wording or {}
        self._locale_of = locale_of
        self._translators: dict[Known, Translator] = {}

    def for_reader(self, locale: str, place: Place) -> Translator:
        """The one for somebody with this locale, as their platform told it (`""`: it did not), in that place."""
        return self.of(locale if nearest(locale) else self._locale_of(place))

    def of(self, locale: str) -> Translator:
        """The one for the nearest known language, or for the default when there is none."""
        known = nearest(locale) or nearest(self._locale) or Known(ENGLISH, ENGLISH)
        if known not in self._translators:
            own = overridden(self._wording, known.language)
            self._translators[known] = LocaleTranslator(known.form, {**sentences(known.language), **own})
        return self._translators[known]
