"""What operators hear of AIVAX: breakers that trip, a balance that falls, a key or a model that is refused.

Read from what is stored and told, not from the moment in which it happens: so no crash between a change and its
alert leaves operators with half a story.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from core.admission.account import AccountWatch
from core.admission.operator_alerts import OperatorAlerts
from core.aivax.account import Balance
from core.delivery.error_messages import SPREAD_S
from core.domain import (
    AddressWrong,
    AivaxError,
    Cause,
    GatewayUnknown,
    KeyRefused,
    NotAllowed,
    Translator,
    Tripped,
)
from core.i18n import Phrase, figures
from core.i18n import above as figures_above
from core.i18n import below as figures_below
from core.storage.turns.breakers import BreakerStore

LASTING = timedelta(seconds=30)
"""Rate limits and outages that are over sooner are not told."""
RISEN = 1.1
"""A threshold counts as passed upwards a tenth above it: a balance that is shown late may hover around it."""
WAITING_INTERVAL = timedelta(seconds=15)
BREAKER, BALANCE, MODEL, KEY, ADDRESS = "breaker:", "balance:", "model:", "key", "address"
EMPTY = f"{BREAKER}{Cause.BALANCE}"
TRIPPED_AND_RESET = {
    Cause.PAUSE: (Phrase.NOTICE_PAUSED, Phrase.NOTICE_RESUMED),
    Cause.BALANCE: (Phrase.NOTICE_BALANCE_CLOSED, Phrase.NOTICE_BALANCE_OPEN),
    Cause.MEDIA: (Phrase.NOTICE_MEDIA_CLOSED, Phrase.NOTICE_MEDIA_OPEN),
    Cause.STORAGE: (Phrase.NOTICE_STORAGE_CLOSED, Phrase.NOTICE_STORAGE_OPEN),
    Cause.RATE: (Phrase.NOTICE_RATE_CLOSED, Phrase.NOTICE_RATE_OPEN),
    Cause.OUTAGE: (Phrase.NOTICE_OUTAGE_CLOSED, Phrase.NOTICE_OUTAGE_OPEN),
}


WITH_OTHER = {
    Phrase.NOTICE_OUTAGE_CLOSED: Phrase.NOTICE_OUTAGE_OTHER,
    Phrase.NOTICE_CAP_CLOSED: Phrase.NOTICE_CAP_OTHER,
}
"""What is told where another model answers meanwhile."""


class AccountAlerts:
    """Compares what is with what was told, and tells the difference."""

    def __init__(
        self,
        alerts: OperatorAlerts,
        breakers: BreakerStore,
        account: AccountWatch,
        now: Callable[[], datetime],
        *,
        thresholds: Sequence[float],
        balance_interval_s: float | None,
        models: Mapping[str, Collection[str]],
    ) -> None:
        """`models` are those that can be asked, each with those that answer in its place.

        Without an interval, the balance is not read for its own sake.
        """
        self._alerts = alerts
        self._breakers = breakers
        self._account = account
        self._now = now
        self._thresholds = sorted(thresholds)
        self._interval = None if balance_interval_s is None else timedelta(seconds=balance_interval_s)
        self._models = models
        self._read_at: datetime | None = None
        self.awaits_credit = False
        """Whether operators were told that the account is empty, and not yet that it has credit again."""
        self._looking = asyncio.Lock()

    async def begin(self) -> None:
        """Forget what was told of models that are no longer asked: nothing else would ever heal it."""
        for cause in await self._alerts.told():
            if cause.startswith(MODEL) and cause.removeprefix(MODEL) not in self._models:
                await self._alerts.heal(cause, None)

    async def refused(self, model: str, error: AivaxError) -> None:
        """A call met an error that no waiting mends; operators hear of those that only they can mend."""
        match error:
            case KeyRefused():
                await self._alerts.tell(KEY, Phrase.NOTICE_KEY_REFUSED, setting="[aivax] api_key")
            case NotAllowed():
                phrase = Phrase.NOTICE_MODEL_FORBIDDEN
                await self._alerts.tell(f"{MODEL}{model}", phrase, model=model, setting="[aivax] api_key")
            case AddressWrong():
                phrase = (
                    Phrase.NOTICE_ADDRESS_PAGE if error.code == "web_page" else Phrase.NOTICE_ADDRESS_ROUTE
                )
                await self._alerts.tell(ADDRESS, phrase, setting="[aivax] base_url")
            case GatewayUnknown():
                await self._alerts.tell(f"{MODEL}{model}", Phrase.NOTICE_MODEL_UNKNOWN, model=model)

    async def found(self, error: AivaxError) -> None:
        """What asking ahead of the first question has shown; a model that is not listed is named by the detail."""
        if isinstance(error, KeyRefused | AddressWrong) or error.code == "not_listed":
            await self.refused(error.detail, error)

    async def taken(self, model: str) -> None:
        """A call got through: the key is good, and the model there."""
        told = await self._alerts.told((KEY, ADDRESS, f"{MODEL}{model}"))
        if KEY in told:
            await self._alerts.heal(KEY, Phrase.NOTICE_KEY_TAKEN)
        if ADDRESS in told:
            await self._alerts.heal(ADDRESS, Phrase.NOTICE_ADDRESS_TAKEN, setting="[aivax] base_url")
        if f"{MODEL}{model}" in told:
            await self._alerts.heal(f"{MODEL}{model}", Phrase.NOTICE_MODEL_ANSWERS, model=model)

    async def look(self, *, at_rest: bool = False) -> None:
        """Tell of breakers that tripped or were reset, and, at its interval, of the balance.

        `at_rest`: none is tripped, and nothing was told, as somebody has just read.
        """
        async with self._looking:
            if at_rest:
                await self._look((), set())
            else:
                await self._look(await self._breakers.tripped(), await self._alerts.told())

    async def _look(self, tripped: Sequence[Tripped], told: set[str]) -> None:
        names = {f"{BREAKER}{each.breaker.name}" for each in tripped}
        for each in tripped:
            if f"{BREAKER}{each.breaker.name}" not in told and self._is_worth_telling(each):
                await self._tell_tripped(each, names)
        for cause in sorted(told - names):
            if cause.startswith(BREAKER) and cause != EMPTY:
                await self._tell_reset(cause)
        if self._is_due(told):
            self._read_at = self._now()
            if (balance := await self._account.read()) is not None:
                await self._tell_balance(balance, told)
        usd = self._account.balance_usd  # one that is not known is believed to be there
        self.awaits_credit = EMPTY in told
        if EMPTY in told - names and (usd is None or usd > 0):
            risen = [_below(threshold) for threshold in self._risen(usd, told)]
            await self._alerts.heal(EMPTY, Phrase.NOTICE_BALANCE_OPEN, implied=risen)

    def _is_due(self, told: Collection[str]) -> bool:
        """Whether to read the balance: at its interval, and more often while operators wait for the good news."""
        interval = self._interval
        if EMPTY in told:
            interval = min(interval or WAITING_INTERVAL, WAITING_INTERVAL)
        if interval is None:
            return False
        return self._read_at is None or self._now() - self._read_at >= interval

    def _is_worth_telling(self, tripped: Tripped) -> bool:
        if tripped.breaker.cause is Cause.OUTAGE:
            return self._now() - tripped.since >= LASTING
        if tripped.breaker.cause is not Cause.RATE:
            return True
        until = self._now() if tripped.is_tried else max(tripped.retry_at, self._now())
        return until - tripped.since >= LASTING

    async def _tell_tripped(self, tripped: Tripped, names: Collection[str]) -> None:
        """`names` are those of all breakers that are tripped: who answers in another's place may be out, too."""
        breaker, translator = tripped.breaker, self._alerts.translator
        account = await self._account.read() if breaker.cause in (Cause.BALANCE, Cause.MEDIA) else None
        wait = translator.duration((tripped.retry_at - self._now()).total_seconds() - SPREAD_S)
        known = _figures(account, translator)
        phrase = Phrase.NOTICE_CAP_CLOSED if tripped.told else TRIPPED_AND_RESET[breaker.cause][0]
        other = self._answers_instead(breaker.model, names) if phrase in WITH_OTHER else ""
        phrase = WITH_OTHER[phrase] if other else phrase
        values = {
            "model": breaker.model,
            "wait": wait,
            "figures": known,
            "told": tripped.told,
            "other": other,
        }
        await self._alerts.tell(f"{BREAKER}{breaker.name}", phrase, **values)

    def _answers_instead(self, model: str, names: Collection[str]) -> str:
        """A model that answers while this one can't; `""` where there is none, or it can't either."""
        causes = (Cause.OUTAGE, Cause.RATE)
        return next(
            (
                other
                for other in sorted(self._models.get(model, ()))
                if not any(f"{BREAKER}{cause}:{other}" in names for cause in causes)
            ),
            "",
        )

    async def _tell_reset(self, cause: str) -> None:
        name, _, model = cause.removeprefix(BREAKER).partition(":")
        _, phrase = TRIPPED_AND_RESET[Cause(name)]
        await self._alerts.heal(cause, phrase, model=model)

    async def _tell_balance(self, balance: Balance, told: Collection[str]) -> None:
        """Tell that it is empty, or of the lowest threshold that it fell below, or the highest that it rose above."""
        if (usd := balance.balance_usd) is None:
            return
        below = [threshold for threshold in self._thresholds if usd < threshold]
        causes = [_below(threshold) for threshold in below]
        risen = self._risen(usd, told)
        if not (balance.empty or below or risen):
            return
        translator = self._alerts.translator
        known = _figures(balance, translator)
        if balance.empty:
            await self._alerts.tell(EMPTY, Phrase.NOTICE_BALANCE_CLOSED, implied=causes, figures=known)
        elif below:  # those above the lowest go without saying
            phrase, shown = Phrase.NOTICE_BALANCE_LOW, figures_below(below[0], translator)
            await self._alerts.tell(causes[0], phrase, implied=causes[1:], threshold=shown, figures=known)
        if risen and EMPTY not in told:  # those below the highest go without saying
            *implied, cause = [_below(threshold) for threshold in risen]
            phrase, shown = Phrase.NOTICE_BALANCE_RISEN, figures_above(risen[-1], translator)
            await self._alerts.heal(cause, phrase, implied=implied, threshold=shown, figures=known)

    def _risen(self, usd: float | None, told: Collection[str]) -> Sequence[float]:
        """The thresholds that operators were told of and that the balance is above again."""
        if usd is None:
            return []
        return [each for each in self._thresholds if usd >= each * RISEN and _below(each) in told]


def _figures(told: Balance | None, translator: Translator) -> str:
    return figures(told.balance_usd, told.usage_24h_usd, translator) if told else ""


def _below(threshold: float) -> str:
    return f"{BALANCE}{threshold:g}"
