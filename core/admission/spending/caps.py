"""Caps on what answers may cost: for one person, one channel, one workspace and all of them, in a day and in a month.

A day is the last 24 hours, a month one of the calendar. What an answer cost is known once it is there; until then a
question counts as `[limits] question_usd`, so that two asked at once can't both have the last cent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf

from core.admission.spending.month import MonthSum
from core.domain import Place, Translator
from core.i18n import Phrase
from core.settings import LimitsSettings
from core.storage.spending import EVERYBODY, Price, Spender, Spending, Spent
from core.util.log import log

DAY = timedelta(days=1)
LOOK_AGAIN_S = 3600.0
"""What is told where nobody knows when less will have been spent."""


@dataclass(frozen=True, slots=True)
class Closed:
    """A cap that lets no question through."""

    phrase: Phrase
    most_usd: float
    wait_s: float | None
    """Seconds until less will have been spent; None: it is only that the answers under way may use up the rest."""

    def sentence(self, translator: Translator) -> str:
        """What who asks is told."""
        wait = translator.duration(self.wait_s or 0.0)
        return translator.say(self.phrase, most=translator.money(self.most_usd, "down"), wait=wait)


@dataclass(frozen=True, slots=True)
class _Cap:
    setting: str
    most_usd: float
    spender: Spender
    phrase: Phrase


class SpendCaps:
    """The caps of `[limits]`, judged where a question is taken in, and again before its call is made."""

    def __init__(
        self, settings: LimitsSettings, usage_24h_usd: Callable[[], float | None] = lambda: None
    ) -> None:
        """`usage_24h_usd` tells what the account spent in 24 hours, for where nothing is told of single answers."""
        self._settings = settings
        self._usage_24h_usd = usage_24h_usd
        self._month = MonthSum(settings.month_time_zone)
        self.price = price_of(settings)

    @property
    def are_set(self) -> bool:
        """Whether there is any."""
        caps = ("person_daily_usd", "place_daily_usd", "workspace_daily_usd", "spend_daily_usd")
        return any(getattr(self._settings, name) for name in (*caps, "spend_monthly_usd"))

    @property
    def fall_back(self) -> bool:
        """Whether a fallback model answers where one of them is closed."""
        return self._settings.fallback_at_cap

    async def lock(self, spending: Spending, place: Place) -> None:
        """Let nobody else be judged by the same caps until the transaction ends; people are locked by who calls."""
        if self._settings.workspace_daily_usd:
            await spending.lock((place.platform, place.workspace))
        if self._settings.place_daily_usd:
            await spending.lock((place.platform, place.workspace, place.channel))
        if self._settings.spend_daily_usd or self._settings.spend_monthly_usd:
            await spending.lock(())

    async def closed(
        self,
        spending: Spending,
        now: datetime,
        identity_id: int | None,
        place: Place,
        *,
        falls_back: bool = False,
    ) -> Closed | None:
        """The cap that keeps a question from being taken in; of several, the one that opens last.

        No identity: somebody who never asked anything. `falls_back`: another model may answer, up to a bound.
        """
        each_usd, times = self._settings.question_usd, self._times(falls_back)
        return await self._closed(spending, now, identity_id, place, None, each_usd, times)

    async def closed_to_call(
        self,
        spending: Spending,
        now: datetime,
        identity_id: int,
        place: Place,
        turn_id: int,
        *,
        falls_back: bool,
        to_other: bool = False,
    ) -> Closed | None:
        """The cap that keeps the call of a question from being made that was taken in.

        Where another model answers then (`falls_back`), what else is being answered counts, as it was not counted
        before. `to_other`: it is that model that is to be called.
        """
        each_usd = self._settings.question_usd if falls_back and not to_other else 0.0
        return await self._closed(spending, now, identity_id, place, turn_id, each_usd, self._times(to_other))

    async def left_of_person(self, spending: Spending, now: datetime, identity_id: int) -> float | None:
        """What the answers to a person may still cost, in USD; None where there is no cap."""
        most = self._settings.person_daily_usd
        if not most:
            return None
        spent = await spending.spent(Spender(identity_id), now - DAY)
        return max(0.0, most - (spent.usd or 0.0))

    async def left(
        self, spending: Spending, now: datetime, identity_id: int, place: Place, *, row_usd: float = 0.0
    ) -> float | None:
        """What answers may still cost there, in USD, by the cap that has least left; None where there is no cap.

        `row_usd` is what a row of a batch is taken for, where those under way count, too.
        """
        found, each_usd = [], self._settings.question_usd
        for cap in self._daily(identity_id, place, 1.0):
            spent = await spending.spent(cap.spender, now - DAY)
            under_way_usd = spent.unanswered * each_usd + await _rows_usd(spending, cap.spender, row_usd)
            found.append(cap.most_usd - self._known(cap, spent) - under_way_usd)
        if self._settings.spend_monthly_usd:
            usd, _ = await self._month.at(spending, now)
            unanswered = (await spending.spent(EVERYBODY, now)).unanswered
            under_way_usd = unanswered * each_usd + await _rows_usd(spending, EVERYBODY, row_usd)
            found.append(self._settings.spend_monthly_usd - usd - under_way_usd)
        return max(0.0, min(found)) if found else None

    async def _closed(
        self,
        spending: Spending,
        now: datetime,
        identity_id: int | None,
        place: Place,
        turn_id: int | None,
        each_usd: float,
        times: float,
    ) -> Closed | None:
        found = []
        for cap in self._daily(identity_id, place, times):
            spent = await spending.spent(cap.spender, now - DAY, beside=turn_id)
            usd = self._known(cap, spent)
            if usd >= cap.most_usd:
                at = await spending.spent_before(cap.spender, now - DAY, usd - cap.most_usd)
                wait_s = LOOK_AGAIN_S if at is None else (at + DAY - now).total_seconds()
                found.append(self._close(cap, usd, wait_s))
            elif usd + spent.unanswered * each_usd >= cap.most_usd:
                found.append(self._close(cap, usd, None))
        found += await self._of_month(spending, now, turn_id, each_usd, times)
        return max(found, key=lambda each: each.wait_s or 0.0, default=None)

    def _times(self, falls_back: bool) -> float:
        """How many times a cap may be spent."""
        return (self._settings.fallback_cap_factor or inf) if falls_back else 1.0

    def _daily(self, identity_id: int | None, place: Place, times: float) -> list[_Cap]:
        limits, workspace = self._settings, (place.platform, place.workspace)
        here, there = Spender(place=(*workspace, place.channel)), Spender(place=workspace)
        caps = [
            _Cap("place_daily_usd", limits.place_daily_usd, here, Phrase.SPEND_PLACE),
            _Cap("workspace_daily_usd", limits.workspace_daily_usd, there, Phrase.SPEND_WORKSPACE),
            _Cap("spend_daily_usd", limits.spend_daily_usd, EVERYBODY, Phrase.SPEND_REACHED),
        ]
        if identity_id is not None:
            theirs = Spender(identity_id)
            caps.append(_Cap("person_daily_usd", limits.person_daily_usd, theirs, Phrase.SPEND_PERSON))
        return [
            replace(each, most_usd=each.most_usd * times) for each in caps if each.most_usd and times < inf
        ]

    def _known(self, cap: _Cap, spent: Spent) -> float:
        account_usd = self._usage_24h_usd() if cap.spender == EVERYBODY else None
        return (spent.usd if spent.usd is not None else account_usd) or 0.0

    async def _of_month(
        self, spending: Spending, now: datetime, turn_id: int | None, each_usd: float, times: float
    ) -> list[Closed]:
        if not self._settings.spend_monthly_usd or times == inf:
            return []
        most = self._settings.spend_monthly_usd * times
        cap = _Cap("spend_monthly_usd", most, EVERYBODY, Phrase.SPEND_MONTH)
        usd, ends_at = await self._month.at(spending, now)
        if usd >= most:
            return [self._close(cap, usd, (ends_at - now).total_seconds())]
        unanswered = (await spending.spent(EVERYBODY, now, beside=turn_id)).unanswered
        return [self._close(cap, usd, None)] if usd + unanswered * each_usd >= most else []

    def _close(self, cap: _Cap, usd: float, wait_s: float | None) -> Closed:
        log.warning("spend_cap.closed", spent_usd=round(usd, 4), setting=f"[limits] {cap.setting}")
        return Closed(Phrase.SPEND_UNDER_WAY if wait_s is None else cap.phrase, cap.most_usd, wait_s)


async def _rows_usd(spending: Spending, spender: Spender, row_usd: float) -> float:
    return await spending.rows_under_way(spender) * row_usd if row_usd else 0.0


def price_of(settings: LimitsSettings) -> Price:
    """The operator's prices, for where AIVAX does not tell what an answer cost."""
    return Price(
        settings.usd_per_million_prompt_tokens,
        settings.usd_per_million_completion_tokens,
        stopped_usd=settings.question_usd,
    )
