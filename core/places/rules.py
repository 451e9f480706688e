"""What admins of a server or channel set about questions there: whether any is taken, and how many."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain import (
    Action,
    Command,
    Commanded,
    Edited,
    Place,
    PlaceSetting,
    Pressed,
    Said,
    Sentence,
    Unreadable,
)
from core.i18n import PlacesPhrase
from core.places.choices import PlaceChoices, PlaceLimit
from core.storage.turns.intake import IntakeTransaction

HEARD_WHERE_OFF = frozenset({Command.STOP, Command.DELETE})
"""What ends something, or takes it away, is heard where the bot was turned off meanwhile."""
_DAY = timedelta(days=1)
_TOLD = {
    PlaceSetting.PERSON_HOURLY: (PlacesPhrase.PLACE_PERSON_HOURLY, timedelta(hours=1)),
    PlaceSetting.PERSON_DAILY: (PlacesPhrase.PLACE_PERSON_DAILY, _DAY),
    PlaceSetting.PLACE_DAILY: (PlacesPhrase.PLACE_DAILY, _DAY),
}


@dataclass(frozen=True, slots=True)
class Reached:
    """A limit of a place that lets no question through."""

    phrase: Sentence
    most: int
    at: datetime
    """When the question was asked that used it up: it counts for `span`."""
    span: timedelta


class PlaceRules:
    """Judges by what is set, beside access lists and limits of the operators."""

    def __init__(self, choices: PlaceChoices | None = None) -> None:
        """No `choices`: admins can set nothing."""
        self._choices = choices

    def off(self, event: Said | Edited | Commanded | Pressed | Unreadable) -> Sentence | None:
        """What its author is told where the bot is turned off; None where it answers."""
        if self._choices is None or self._choices.answers(event.place):
            return None
        if isinstance(event, Commanded) and event.command in HEARD_WHERE_OFF:
            return None
        if isinstance(event, Pressed) and event.action is not Action.REGENERATE:
            return None
        return PlacesPhrase.PLACE_OFF

    def counts_person(self, place: Place) -> bool:
        """Whether one person's questions are counted there."""
        return any(each.setting is not PlaceSetting.PLACE_DAILY for each in self._limits(place))

    def counts_all(self, place: Place) -> bool:
        """Whether all people's are."""
        return any(each.setting is PlaceSetting.PLACE_DAILY for each in self._limits(place))

    async def reached(
        self, transaction: IntakeTransaction, place: Place, identity_id: int | None
    ) -> Reached | None:
        """The limit that keeps a question from being taken there; None where one is. No identity: nobody known yet."""
        for limit in self._limits(place):
            of_all = limit.setting is PlaceSetting.PLACE_DAILY
            if identity_id is None and not of_all:
                continue
            phrase, span = _TOLD[limit.setting]
            since, asker = transaction.now - span, None if of_all else identity_id
            at = await transaction.consumption.nth_in(limit.scope, limit.most, since, asker)
            if at is not None:
                return Reached(phrase, limit.most, at, span)
        return None

    def _limits(self, place: Place) -> tuple[PlaceLimit, ...]:
        return tuple(self._choices.limits(place)) if self._choices is not None else ()
