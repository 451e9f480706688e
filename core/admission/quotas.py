"""The operator's own limits: what is not taken is answered at once with a sentence that says when it will be.

Messages are counted in the database over the last hour and the last 24 hours; money in `core.admission.spending`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.admission.access import Access
from core.admission.spending.caps import SpendCaps
from core.domain import (
    PERHAPS,
    Administers,
    Author,
    Capability,
    Commanded,
    Edited,
    Place,
    Pressed,
    Said,
    Sentence,
    Translator,
    Unreadable,
)
from core.i18n import Phrase, RightsPhrase, behind_word, may_be_prose, spoken_capability
from core.places.rules import PlaceRules
from core.settings import AccessSettings, LimitsSettings
from core.storage.spending import Spending
from core.storage.turns.intake import IntakeTransaction
from core.util.log import log

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Barred:
    """Somebody whom an access list keeps out."""

    phrase: Sentence | None
    """What they are told; None when they were told it today."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a question is not taken in."""

    phrase: Sentence
    """Which kind of refusal it is."""
    sentence: str
    """What its author is told, in their language."""


class Limits:
    """`[limits]` and `[access]`, judged inside the transaction that takes the message in."""

    def __init__(
        self,
        settings: LimitsSettings,
        access: AccessSettings | None = None,
        caps: SpendCaps | None = None,
        has_fallback: Callable[[Place], bool] = lambda _place: False,
        capabilities: Collection[Capability] = (),
        is_operator: Callable[[Author], bool] = lambda _: False,
        places: PlaceRules | None = None,
    ) -> None:
        """`has_fallback` tells whether another model may answer in a place where `caps` would refuse.

        `capabilities` are those that are switched on; `is_operator` tells who may use all of them. `places` judges by
        what admins of servers and channels set.
        """
        self.capabilities = tuple(capabilities)
        self.is_operator = is_operator
        self._settings = settings
        self._places = places or PlaceRules()
        self._access = Access(access or AccessSettings())
        self._caps = caps or SpendCaps(settings)
        self._has_fallback = has_fallback

    @property
    def actions_a_minute(self) -> int:
        """How many commands, presses and edits of one person are heard in a minute."""
        return self._settings.person_actions

    @property
    def questions_of_person(self) -> int:
        """How many questions of one person may wait."""
        return self._settings.person_waiting

    @property
    def signs_a_minute(self) -> int:
        """How many signs one person gets in a minute, on questions that are refused without a word."""
        return self._settings.person_signs

    def capability_of(self, said: Said) -> str:
        """The name of the capability that a message asks for; `""`: it is a question for the model.

        Behind `PERHAPS` where the message may be a sentence that only begins with its word.
        """
        found = self._capability(said)
        if found is None:
            return ""
        return f"{PERHAPS}{found.name}" if not said.awaited and may_be_prose(found, said.text) else found.name

    def administers(self, said: Said) -> Administers:
        """What its author may set there, as far as the event tells."""
        return Administers.ALL if self.is_operator(said.author) else said.administers

    def _capability(self, said: Said) -> Capability | None:
        found = spoken_capability(self.capabilities, said.text, has_files=bool(said.attachments))
        if found is None or not found.begins_sentences or self.is_operator(said.author):
            return found
        return None if behind_word(found, said.text) else found

    async def barred(
        self, transaction: IntakeTransaction, event: Said | Commanded | Edited | Pressed | Unreadable
    ) -> Barred | None:
        """Whether the author gets no answer there: they are told once a day, or always where they would wait for it.

        Words that were changed have no place of their own to be told in.
        """
        phrase: Sentence | None = self._access.refusal(event.author, event.place, event.within)
        if phrase is None and (off := self._places.off(event)) and not self._is_for_admins(event):
            phrase = off
        if phrase is None:
            return None
        who, where = event.author.identity, "" if phrase is Phrase.NOT_FOR_YOU else event.place.channel
        if isinstance(event, Edited):
            return Barred(None)
        key = f"barred:{who.platform}:{who.workspace}:{who.user}:{where}"
        first = await transaction.first_within(key, DAY)
        awaited = isinstance(event, Said | Commanded) and event.awaited
        return Barred(phrase if first or awaited else None)

    async def hold(self, transaction: IntakeTransaction, identity_id: int, place: Place) -> None:
        """Let nobody else be counted for this person and workspace until the transaction ends.

        To be done before any conversation is locked; see `core.storage.db.row_locks`.
        """
        counts_person = (
            self._settings.person_hourly or self._settings.person_daily or self._settings.person_daily_usd
        )
        if (
            counts_person
            or self._places.counts_person(place)
            or any(each.daily for each in self.capabilities)
        ):
            await transaction.consumption.lock_person(identity_id)
        if self._settings.workspace_daily or self._places.counts_all(place):
            await transaction.consumption.lock_workspace(place.platform, place.workspace)
        if self._caps.are_set:
            await self._caps.lock(self._spending(transaction), place)

    async def tells(self, transaction: IntakeTransaction, refusal: Refusal, said: Said) -> bool:
        """Whether a refusal is said: once an hour for each kind, person and channel, or where they would wait for it.

        One person's flood would otherwise come back as a flood of sentences, for all in the channel to read.
        """
        who = said.author.identity
        key = f"refused:{refusal.phrase.key}:{who.platform}:{who.workspace}:{who.user}:{said.place.channel}"
        return await transaction.first_within(key, HOUR) or said.awaited

    async def refusal(
        self, transaction: IntakeTransaction, said: Said, identity_id: int | None, translator: Translator
    ) -> Refusal | None:
        """Why a message is not taken, or None. No identity: nobody known until now."""
        most = self._settings.message_chars
        if len(said.text) > most:
            return _refusal(translator, Phrase.MESSAGE_TOO_LONG, most=most, length=len(said.text))
        return (
            await self._of_capability(transaction, said, identity_id, translator)
            or await self._of_line(transaction, identity_id, translator)
            or await self._of_person(transaction, identity_id, translator)
            or await self._of_workspace(transaction, said, translator)
            or await self._of_place(transaction, said, identity_id, translator)
            or await self._of_spend(transaction, said, identity_id, translator)
        )

    async def usage(self, transaction: IntakeTransaction, identity_id: int, translator: Translator) -> str:
        """What a person used in 24 hours, and what their limits are."""
        counts, now = transaction.consumption, transaction.now
        used = await counts.used_by(identity_id, now - DAY, self._caps.price)
        lines = [translator.say(Phrase.USAGE_DAY, count=used.messages, tokens=used.tokens)]
        if used.summary_tokens:
            lines.append(translator.say(RightsPhrase.USAGE_SUMMARIES, tokens=used.summary_tokens))
        if used.usd is not None:
            lines.append(translator.say(Phrase.USAGE_COST, cost=translator.money(used.usd)))
        limits = [
            (Phrase.USAGE_PER_HOUR, self._settings.person_hourly, HOUR),
            (Phrase.USAGE_PER_DAY, self._settings.person_daily, DAY),
        ]
        for phrase, most, span in limits:
            if most:
                sent = await counts.messages_of(identity_id, now - span)
                lines.append(translator.say(phrase, most=most, rest=max(0, most - len(sent))))
                if sent:
                    wait = _wait(sent[max(0, len(sent) - most)], span, now, translator)
                    lines.append(translator.say(Phrase.USAGE_RENEWS, wait=wait))
        if not self._settings.person_hourly and not self._settings.person_daily:
            lines.append(translator.say(Phrase.USAGE_NO_LIMIT))
        left = await self._caps.left_of_person(self._spending(transaction), now, identity_id)
        if left is not None:
            cap = translator.money(self._settings.person_daily_usd, "down")
            told = translator.say(Phrase.USAGE_USD_PER_DAY, most=cap, rest=translator.money(left, "down"))
            lines.append(told)
        return "\n".join(lines)

    async def _of_capability(
        self, transaction: IntakeTransaction, said: Said, identity_id: int | None, translator: Translator
    ) -> Refusal | None:
        """Some capabilities are the operators'; of others a person has so many a day."""
        wanted = self._capability(said)
        if wanted is None:
            return None
        if wanted.operators_only and not self.is_operator(said.author):
            return _refusal(translator, Phrase.OPERATORS_ONLY)
        if not wanted.daily or identity_id is None:
            return None
        counts, since = transaction.consumption, transaction.now - DAY
        at = await counts.nth_of_capability(identity_id, wanted.name, wanted.daily, since)
        if at is None:
            return None
        wait = _wait(at, DAY, transaction.now, translator)
        word = translator.say(wanted.word)
        return _refusal(translator, Phrase.CAPABILITY_DAILY, word=word, most=wanted.daily, wait=wait)

    async def _of_line(
        self, transaction: IntakeTransaction, identity_id: int | None, translator: Translator
    ) -> Refusal | None:
        """A person has a part of the line of those who wait: the rest is there when others come."""
        in_all = self._settings.waiting_turns
        part = min(self._settings.person_waiting, max(1, in_all // 2))
        theirs, waiting = 0, 0
        if identity_id is None:
            waiting = await transaction.waiting_turns(in_all)
        else:
            theirs, waiting = await transaction.line_of(identity_id, part, in_all)
        if theirs >= part:
            return _refusal(translator, Phrase.PERSON_WAITING, most=part)
        if waiting < in_all:
            return None
        log.warning("intake.full", waiting=in_all, setting="[limits] waiting_turns")
        return _refusal(translator, Phrase.BUSY)

    async def _of_person(
        self, transaction: IntakeTransaction, identity_id: int | None, translator: Translator
    ) -> Refusal | None:
        if identity_id is None:
            return None
        limits = [
            (Phrase.PERSON_HOURLY, self._settings.person_hourly, HOUR),
            (Phrase.PERSON_DAILY, self._settings.person_daily, DAY),
        ]
        for phrase, most, span in reversed(limits):
            since = transaction.now - span
            if most and (at := await transaction.consumption.nth_of_person(identity_id, most, since)):
                return _refusal(
                    translator, phrase, most=most, wait=_wait(at, span, transaction.now, translator)
                )
        return None

    async def _of_workspace(
        self, transaction: IntakeTransaction, said: Said, translator: Translator
    ) -> Refusal | None:
        most, place = self._settings.workspace_daily, said.place
        if not most:
            return None
        counts, since = transaction.consumption, transaction.now - DAY
        at = await counts.nth_of_workspace(place.platform, place.workspace, most, since)
        if at is None:
            return None
        wait = _wait(at, DAY, transaction.now, translator)
        return _refusal(translator, Phrase.WORKSPACE_DAILY, most=most, wait=wait)

    async def _of_place(
        self, transaction: IntakeTransaction, said: Said, identity_id: int | None, translator: Translator
    ) -> Refusal | None:
        """What its own admins set; that they can always change."""
        if self._is_for_admins(said):
            return None
        reached = await self._places.reached(transaction, said.place, identity_id)
        if reached is None:
            return None
        wait = _wait(reached.at, reached.span, transaction.now, translator)
        return _refusal(translator, reached.phrase, most=reached.most, wait=wait)

    def _is_for_admins(self, event: Said | Commanded | Edited | Pressed | Unreadable) -> bool:
        if not isinstance(event, Said | Edited):
            return False
        wanted = spoken_capability(self.capabilities, event.text)
        return wanted is not None and wanted.admins_only

    async def _of_spend(
        self, transaction: IntakeTransaction, said: Said, identity_id: int | None, translator: Translator
    ) -> Refusal | None:
        """A question that another model may answer is taken in: which one does is seen when it is its turn."""
        wanted = self._capability(said)
        if not self._caps.are_set or (wanted is not None and wanted.free):
            return None
        spending, now = self._spending(transaction), transaction.now
        falls_back = wanted is None and self._has_fallback(said.place)
        closed = await self._caps.closed(spending, now, identity_id, said.place, falls_back=falls_back)
        return None if closed is None else Refusal(closed.phrase, closed.sentence(translator))

    def _spending(self, transaction: IntakeTransaction) -> Spending:
        return transaction.consumption.spending(self._caps.price)


def _refusal(translator: Translator, phrase: Sentence, **values: object) -> Refusal:
    return Refusal(phrase, translator.say(phrase, **values))


def _wait(at: datetime, span: timedelta, now: datetime, translator: Translator) -> str:
    return translator.duration((at + span - now).total_seconds())
