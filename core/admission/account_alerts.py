"""What operators hear of AIVAX: gates that close, a balance that falls, a key or a model that is refused.

Read from what is stored and told, not from the moment in which it happens: so no crash between a change and its
notice leaves operators with half a story.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from core.admission.account import AccountWatch
from core.admission.operator_alerts import Notices
from core.aivax.account import Balance
from core.delivery.error_messages import SPREAD_S
from core.domain.breakers import Cause, Closed, Gate
from core.domain.errors import AivaxError, GatewayUnknown, KeyRefused, NotAllowed
from core.domain.translator import Translator
from core.i18n.catalog import Phrase
from core.i18n.figures import above as figures_above
from core.i18n.figures import below as figures_below
from core.i18n.figures import figures
from core.storage.turns.breakers import GateStore

LASTING = timedelta(seconds=30)
"""Rate limits and outages that are over sooner heal in silence."""
RISEN = 1.1
"""A threshold counts as passed upwards a tenth above it: a balance that is shown late may hover around it."""
WAITING_INTERVAL = timedelta(seconds=15)
GATE, BALANCE, MODEL, KEY = "gate:", "balance:", "model:", "key"
EMPTY = f"{GATE}{Cause.BALANCE}"
CLOSED_AND_OPEN = {
    Cause.BALANCE: (Phrase.NOTICE_BALANCE_CLOSED, Phrase.NOTICE_BALANCE_OPEN),
    Cause.MEDIA: (Phrase.NOTICE_MEDIA_CLOSED, Phrase.NOTICE_MEDIA_OPEN),
    Cause.STORAGE: (Phrase.NOTICE_STORAGE_CLOSED, Phrase.NOTICE_STORAGE_OPEN),
    Cause.RATE: (Phrase.NOTICE_RATE_CLOSED, Phrase.NOTICE_RATE_OPEN),
    Cause.OUTAGE: (Phrase.NOTICE_OUTAGE_CLOSED, Phrase.NOTICE_OUTAGE_OPEN),
}


class News:
    """Compares what is with what was told, and tells the difference."""

    def __init__(
        self,
        notices: Notices,
        gates: GateStore,
        account: AccountWatch,
        now: Callable[[], datetime],
        *,
        thresholds: Sequence[float],
        balance_interval_s: float,
        models: Collection[str],
        watching: bool = True,
    ) -> None:
        """`models` are those that can be asked; without `watching`, the balance is not read for its own sake."""
        self._notices = notices
        self._gates = gates
        self._account = account
        self._now = now
        self._thresholds = sorted(thresholds)
        self._interval = timedelta(seconds=balance_interval_s)
        self._models = frozenset(models)
        self._watching = watching
        self._read_at: datetime | None = None
        self._looking = asyncio.Lock()

    async def begin(self) -> None:
        """Forget what was told of models that are no longer asked: nothing else would ever heal it."""
        for cause in await self._notices.told():
            if cause.startswith(MODEL) and cause.removeprefix(MODEL) not in self._models:
                await self._notices.heal(cause, None)

    async def refused(self, model: str, error: AivaxError) -> None:
        """A call met an error that no waiting mends; operators hear of those that only they can mend."""
        match error:
            case KeyRefused():
                await self._notices.tell(KEY, Phrase.NOTICE_KEY_REFUSED, setting="[aivax] api_key")
            case NotAllowed():
                phrase = Phrase.NOTICE_MODEL_FORBIDDEN
                await self._notices.tell(f"{MODEL}{model}", phrase, model=model, setting="[aivax] api_key")
            case GatewayUnknown():
                await self._notices.tell(f"{MODEL}{model}", Phrase.NOTICE_MODEL_UNKNOWN, model=model)

    async def found(self, error: AivaxError) -> None:
        """What asking ahead of the first question has shown; a model that is not listed is named by the detail."""
        if isinstance(error, KeyRefused) or error.code == "not_listed":
            await self.refused(error.detail, error)

    async def taken(self, model: str) -> None:
        """A call got through: the key is good, and the model there."""
        told = await self._notices.told((KEY, f"{MODEL}{model}"))
        if KEY in told:
            await self._notices.heal(KEY, Phrase.NOTICE_KEY_TAKEN)
        if f"{MODEL}{model}" in told:
            await self._notices.heal(f"{MODEL}{model}", Phrase.NOTICE_MODEL_ANSWERS, model=model)

    async def look(self) -> None:
        """Tell of gates that closed or opened, and, at its interval, of the balance."""
        async with self._looking:
            await self._look(await self._gates.closed())

    async def _look(self, closed: Sequence[Closed]) -> None:
        told = await self._notices.told()
        names = {f"{GATE}{gate.gate.name}" for gate in closed}
        for gate in closed:
            if f"{GATE}{gate.gate.name}" not in told and self._is_news(gate):
                await self._tell_closed(gate)
        for cause in sorted(told - names):
            if cause.startswith(GATE) and cause != EMPTY:
                await self._tell_open(_gate(cause))
        if self._is_due(told):
            self._read_at = self._now()
            if (balance := await self._account.read()) is not None:
                await self._tell_balance(balance, told)
        if EMPTY in told - names and not self._is_empty():
            risen = [_below(threshold) for threshold in self._risen(self._account.balance_usd, told)]
            await self._notices.heal(EMPTY, Phrase.NOTICE_BALANCE_OPEN, implied=risen)

    def _is_due(self, told: Collection[str]) -> bool:
        """Whether to read the balance: at its interval, and more often while operators wait for the good news."""
        if EMPTY not in told and not self._watching:
            return False
        interval = min(self._interval, WAITING_INTERVAL) if EMPTY in told else self._interval
        return self._read_at is None or self._now() - self._read_at >= interval

    def _is_news(self, closed: Closed) -> bool:
        if closed.gate.cause is Cause.OUTAGE:
            return self._now() - closed.since >= LASTING
        if closed.gate.cause is not Cause.RATE:
            return True
        return max(closed.retry_at, self._now()) - closed.since >= LASTING

    async def _tell_closed(self, closed: Closed) -> None:
        gate, translator = closed.gate, self._notices.translator
        account = await self._account.read() if gate.cause in (Cause.BALANCE, Cause.MEDIA) else None
        wait = translator.duration((closed.retry_at - self._now()).total_seconds() - SPREAD_S)
        known = _figures(account, translator)
        phrase, _ = CLOSED_AND_OPEN[gate.cause]
        await self._notices.tell(f"{GATE}{gate.name}", phrase, model=gate.model, wait=wait, figures=known)

    async def _tell_open(self, gate: Gate) -> None:
        _, phrase = CLOSED_AND_OPEN[gate.cause]
        await self._notices.heal(f"{GATE}{gate.name}", phrase, model=gate.model)

    def _is_empty(self) -> bool:
        """Whether the balance last read would be refused; one that is not known is believed to be there."""
        known = self._account.balance_usd
        return known is not None and known <= 0

    async def _tell_balance(self, balance: Balance, told: Collection[str]) -> None:
        usd = balance.balance_usd
        if usd is None:
            return
        known = _figures(balance, self._notices.translator)
        below = [threshold for threshold in self._thresholds if usd < threshold]
        if balance.empty:
            implied = [_below(threshold) for threshold in below]
            await self._notices.tell(EMPTY, Phrase.NOTICE_BALANCE_CLOSED, implied=implied, figures=known)
        elif below:
            await self._tell_threshold(below, known)
        risen = self._risen(usd, told)
        if risen and EMPTY not in told:
            await self._tell_risen(risen, known)

    def _risen(self, usd: float | None, told: Collection[str]) -> Sequence[float]:
        """The thresholds that operators were told of and that the balance is above again."""
        if usd is None:
            return []
        return [each for each in self._thresholds if usd >= each * RISEN and _below(each) in told]

    async def _tell_threshold(self, below: Sequence[float], known: str) -> None:
        """Tell of the lowest; those above it go without saying."""
        lowest, *others = below
        shown = figures_below(lowest, self._notices.translator)
        implied = [_below(threshold) for threshold in others]
        phrase = Phrase.NOTICE_BALANCE_LOW
        await self._notices.tell(_below(lowest), phrase, implied=implied, threshold=shown, figures=known)

    async def _tell_risen(self, risen: Sequence[float], known: str) -> None:
        *others, highest = risen
        shown = figures_above(highest, self._notices.translator)
        implied = [_below(threshold) for threshold in others]
        phrase = Phrase.NOTICE_BALANCE_RISEN
        await self._notices.heal(_below(highest), phrase, implied=implied, threshold=shown, figures=known)


def _figures(told: Balance | None, translator: Translator) -> str:
    return figures(told.balance_usd, told.usage_24h_usd, translator) if told else ""


def _below(threshold: float) -> str:
    return f"{BALANCE}{threshold:g}"


def _gate(cause: str) -> Gate:
    name, _, model = cause.removeprefix(GATE).partition(":")
    return Gate(Cause(name), model)
