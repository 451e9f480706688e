"""Deletes at AIVAX what AIVAX keeps of people who ask to be forgotten, and tells them what came of it.

The request is a row: it survives a crash, and an outage of AIVAX, which is waited out with growing pauses. Whatever was
deleted already is not found again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from core.aivax.personal.owners import Source
from core.domain import AddressWrong, AivaxError, NotAllowed, ResourceUnknown, StorageError, Translator
from core.i18n import Phrase, Translators
from core.rights.possible import users_of
from core.storage.personal_data.remote_erasures import Deleted, RemoteErasure, RemoteErasureStore
from core.storage.turns.intake import IntakeStore
from core.util.log import log

Kind = Literal["memories", "records", "files"]
LOOK_EVERY_S = 30.0
"""How often rows are looked for that became due, or that another process left."""
FIRST_PAUSE_S = 30.0
LONGEST_PAUSE_S = 3_600.0
GIVE_UP_AFTER = timedelta(days=7)
_NO_SUCH_ROUTE = frozenset({403, 404, 405, 501})
LEFT = {
    "memories": Phrase.FORGET_LEFT_MEMORIES,
    "records": Phrase.FORGET_LEFT_RECORDS,
    "files": Phrase.FORGET_LEFT_FILES,
}
"""What people are told of what may be left of a kind."""
_LOG_S = {"free": 2 * 3_600.0, "pro": 2 * 86_400.0}
_LONGEST_LOG_S = 30 * 86_400.0
"""How long each plan's log keeps conversations (AIVAX documentation of July 2026)."""


@dataclass(frozen=True, slots=True)
class Logging:
    """What is known of AIVAX' log of conversations."""

    is_on: bool
    """Whether calls are logged, as far as the settings say."""
    plan: Callable[[], str] = field(default=lambda: "")
    """The account's plan, as it was last told; `""`: not known."""

    @property
    def period_s(self) -> float:
        """How long it keeps a conversation, at most."""
        return _LOG_S.get(self.plan().strip().lower(), _LONGEST_LOG_S)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request."""

    left: frozenset[Kind] = frozenset()
    """The kinds of which something may be left."""
    gave_up: bool = False


class RemoteDeletion:
    """Carries such requests out, beside everything else."""

    def __init__(
        self,
        sources: Mapping[Kind, Source],
        intake: IntakeStore,
        translators: Translators,
        notify: Callable[[int], None],
        logging: Logging,
    ) -> None:
        self._sources = sources
        self._intake = intake
        self._store = RemoteErasureStore(intake.database, intake.now)
        self._now: Callable[[], datetime] = intake.now
        self._translators = translators
        self._notify = notify
        self._logging = logging

    async def run(self) -> None:
        """Carry out what is due, until cancelled."""
        while True:
            try:
                await self.carry_on()
            except StorageError as error:
                log.warning("remote_deletion.interrupted", cause=str(error))
            except Exception:
                log.exception("remote_deletion.failed")
            await asyncio.sleep(LOOK_EVERY_S)

    async def carry_on(self) -> None:
        """Carry out what is due now; what AIVAX does not let be done is due again later."""
        while (erasure := await self._store.claim()) is not None:
            try:
                outcome = Outcome(await self._delete(erasure))
            except AivaxError as error:
                if self._now() - erasure.asked_at < GIVE_UP_AFTER:
                    await self._delay(erasure, error)
                    continue
                kind = type(error).__name__
                log.error("remote_deletion.given_up", error=kind, cause=str(error))  # noqa: TRY400  it says all
                outcome = Outcome(frozenset(self._sources), gave_up=True)
            await self._tell(erasure, outcome)

    async def _delete(self, erasure: RemoteErasure) -> frozenset[Kind]:
        """Delete all of it; the kinds of which something may be left, whatever is done."""
        left: set[Kind] = set()
        failure: AivaxError | None = None
        for kind, source in self._sources.items():
            try:
                for user in users_of(erasure.person_key):
                    if not await source.delete_of(user, partial(self._count, erasure, kind)):
                        log.warning("remote_deletion.unsure", what=kind)
                        left.add(kind)
            except AivaxError as error:
                if _is_impossible(error):
                    log.warning("remote_deletion.impossible", what=kind, cause=str(error))
                    left.add(kind)
                else:
                    failure = failure or error
        if failure is not None:
            raise failure
        return frozenset(left)

    async def _count(self, erasure: RemoteErasure, kind: Kind, gone: int) -> None:
        await self._store.add(erasure, Deleted(**{kind: gone}))

    async def _delay(self, erasure: RemoteErasure, error: AivaxError) -> None:
        pause_s = min(FIRST_PAUSE_S * 2.0 ** min(erasure.tries, 20), LONGEST_PAUSE_S)
        wait_s = max(pause_s, min(getattr(error, "retry_after_s", None) or 0.0, LONGEST_PAUSE_S))
        log.warning("remote_deletion.delayed", error=type(error).__name__, cause=str(error), wait_s=wait_s)
        await self._store.delay(erasure, wait_s)

    async def _tell(self, erasure: RemoteErasure, outcome: Outcome) -> None:
        deleted, here = await self._store.counted(erasure), erasure.conversation_id
        async with self._intake.transaction() as transaction:
            if not await transaction.remote_erasures.finish(erasure):
                return
            log.info("remote_deletion.done", left=sorted(outcome.left), **_figures(deleted))
            if not erasure.address:
                return
            locale = await transaction.locale_of(erasure.identity_id)
            told = self.sentences(self._translators.for_reader(locale, erasure.place), deleted, outcome)
            await transaction.add_turn(here, erasure.identity_id, erasure.address, notice=told)
            await transaction.announce(here, erasure.place.platform)
        self._notify(here)

    def sentences(self, translator: Translator, deleted: Deleted, outcome: Outcome) -> str:
        """What a person is told: what is gone, what may be left and why, and what nobody can delete sooner."""
        told = [translator.say(Phrase.FORGET_AT_AIVAX_DONE, **_figures(deleted))]
        if outcome.gave_up:
            tried_for = translator.duration(GIVE_UP_AFTER.total_seconds())
            told.append(translator.say(Phrase.FORGET_GAVE_UP, left=tried_for))
        period = translator.duration(self._logging.period_s)
        told += [translator.say(LEFT[kind], left=period) for kind in self._sources if kind in outcome.left]
        told.append(translator.say(Phrase.FORGET_KEPT_AT_AIVAX))
        if self._logging.is_on:
            told.append(translator.say(Phrase.FORGET_LOG_PERIOD, left=period))
        return " ".join(told)


def _figures(deleted: Deleted) -> dict[str, int]:
    return {"memories": deleted.memories, "records": deleted.records, "files": deleted.files}


def _is_impossible(error: AivaxError) -> bool:
    """Whether waiting changes nothing: this account, or this version of AIVAX, does not offer that."""
    return isinstance(error, NotAllowed | AddressWrong | ResourceUnknown) and error.status in _NO_SUCH_ROUTE
