"""Has each digest made once when it is due, a missed one too unless it is too old, and lets go of what they said."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from core.admission.operator_alerts import OperatorAlerts
from core.domain import StorageError, TurnState
from core.i18n import ScheduledPhrase, Translators
from core.scheduled.digests.handler import DIGEST
from core.scheduled.settings import DigestSettings
from core.storage.scheduled.digests import DigestStore, RunEnded, Target
from core.util.log import log
from core.util.time_zones import known_zone

LOOK_EVERY_S = 60.0
"""How often it is looked whether one is due, at least: clocks are moved. It asks nothing of the database."""
LATE = timedelta(minutes=2)
"""A process that is only busy is no downtime: what is so late is no missed one."""


class Leading(Protocol):
    """Whether this process does what is done once for all."""

    @property
    def leads(self) -> bool: ...

    async def until_leading(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Planned:
    """A digest, and where it is posted."""

    settings: DigestSettings
    target: Target


@dataclass(frozen=True, slots=True)
class Telling:
    """How others hear of what came of digests."""

    notify: Callable[[int], None]
    """Is told of a conversation that has work."""
    give_up: Callable[[int, str], Awaitable[None]]
    """Has a turn that waits end with a sentence."""
    alerts: OperatorAlerts


class DigestRuns:
    """Goes on beside the answers. Right in every process; one of them does it, to ask less of the database."""

    def __init__(
        self,
        planned: Sequence[Planned],
        store: DigestStore,
        translators: Translators,
        now: Callable[[], datetime],
        leading: Leading,
        telling: Telling,
    ) -> None:
        self._planned = planned
        self._store = store
        self._translators = translators
        self._now = now
        self._leading = leading
        self._telling = telling
        self._dealt_with: dict[str, datetime] = {}
        self._may_be_open = True

    async def run(self, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Look whenever one may be due, until cancelled."""
        while True:
            await self._leading.until_leading()
            wait_s = LOOK_EVERY_S
            try:
                await self.look()
                wait_s = self._wait_s()
            except StorageError as error:
                log.warning("digest.delayed", cause=str(error))
            except Exception:  # a bug costs a look, not the process
                log.exception("digest.fault")
            await sleep(wait_s)

    def _wait_s(self) -> float:
        now = self._now()
        soonest = min(each.settings.schedule.after(now) for each in self._planned)
        return min(LOOK_EVERY_S, max(1.0, (soonest - now).total_seconds()))

    async def look(self) -> None:
        """Have made what is due, and let go of what has ended."""
        for each in self._planned:
            await self._apart(each.settings.name, self._look_at(each))
        if self._may_be_open:
            self._may_be_open = await self._store.are_open()
            if ended := await self._store.ended():
                await self._let_go(ended)
            for each in self._planned if self._may_be_open else ():
                await self._apart(each.settings.name, self._give_up(each))

    async def _apart(self, name: str, step: Awaitable[None]) -> None:
        """Take a step for one digest; a bug that it meets keeps no other one waiting."""
        try:
            await step
        except StorageError:
            raise
        except Exception:
            log.exception("digest.fault", digest=name)

    async def _look_at(self, planned: Planned) -> None:
        name, due = planned.settings.name, planned.settings.schedule.latest(self._now())
        if self._dealt_with.get(name) != due:
            await self._deal_with(planned, due)
            self._dealt_with[name] = due

    async def _deal_with(self, planned: Planned, due: datetime) -> None:
        settings, target = planned.settings, planned.target
        last = await self._store.last_due(settings.name)
        if last is None:
            await self._store.begin(settings.name, due)
            log.info("digest.new", digest=settings.name, first=settings.schedule.after(due).isoformat())
            return
        if due <= last:  # done, or the clock was put back
            return
        late = self._now() - due
        if late > LATE + timedelta(hours=settings.catch_up_h):
            log.warning(
                "digest.skipped", digest=settings.name, due=due.isoformat(), late_s=late.total_seconds()
            )
            said = self._missed(planned, due)
            conversation = await self._store.skip(settings.name, due, said, target)
        else:
            span = (settings.schedule.before(due), due)
            log.info("digest.due", digest=settings.name, due=due.isoformat())
            conversation = await self._store.queue(settings.name, span, target, DIGEST)
        if conversation is not None:
            self._may_be_open = True
            self._telling.notify(conversation)

    async def _give_up(self, planned: Planned) -> None:
        """End what still waits for AIVAX when it is too old to be told."""
        settings = planned.settings
        before = self._now() - LATE - timedelta(hours=settings.catch_up_h)
        for run in await self._store.held(settings.name, before):
            log.warning("digest.given_up", digest=settings.name, due=run.due_at.isoformat())
            await self._telling.give_up(run.turn_id, self._missed(planned, run.due_at))
            await self._store.skipped(run.id)
            self._telling.notify(run.conversation_id)

    def _missed(self, planned: Planned, due: datetime) -> str:
        until, translator = (
            _clock(due, planned.settings.time_zone),
            self._translators.of(planned.target.language),
        )
        return translator.say(ScheduledPhrase.DIGEST_MISSED, until=until)

    async def _let_go(self, ended: Sequence[RunEnded]) -> None:
        for run in ended:
            await self._apart(run.name, self._tell(run))
        await self._store.let_go(ended)

    async def _tell(self, run: RunEnded) -> None:
        """Tell operators of one that could not be made, and of the next one that could."""
        cause = f"digest {run.name}"
        if run.state == TurnState.FAILED:
            log.error("digest.failed", digest=run.name, failure=run.failure)
            what = run.failure or "unknown"
            await self._telling.alerts.tell(cause, ScheduledPhrase.DIGEST_ALERT, name=run.name, failure=what)
        elif run.state == TurnState.ANSWERED:
            await self._telling.alerts.heal(cause, ScheduledPhrase.DIGEST_HEALED, name=run.name)


def _clock(at: datetime, zone: str) -> str:
    return f"{at.astimezone(known_zone(zone)):%Y-%m-%d %H:%M}"
