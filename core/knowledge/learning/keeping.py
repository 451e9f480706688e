"""Keeps what was learnt as its messages are: learns anew what was changed, forgets what was deleted.

What is to be done stands in rows (`core.storage.learnt.follow_ups`), so that neither a crash nor an outage loses it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from core.domain import AivaxError, Frontend, StorageError
from core.knowledge.learning.documents import key_of_channel
from core.knowledge.learning.extraction import NotLearnt, Unlearnable
from core.knowledge.learning.lesson import LessonTaken, Outcome, SourceGone
from core.knowledge.learning.settings import LearningSettings
from core.knowledge.learning.teacher import Teacher
from core.knowledge.learning.threads import thread_of
from core.storage.learnt.follow_ups import FollowUp, FollowUps, Wanted
from core.storage.learnt.store import Learnt, LearntStore
from core.util.clock import Sleep
from core.util.log import log

LOOK_EVERY_S = 30.0


class _Later(Exception):
    """It can't be done now."""


class Keeper:
    """Carries out, one by one, what events left to be done."""

    def __init__(
        self,
        store: LearntStore,
        follow_ups: FollowUps,
        teacher: Teacher,
        frontends: Mapping[str, Frontend],
        settings: LearningSettings,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._store = store
        self._follow_ups = follow_ups
        self._teacher = teacher
        self._frontends = frontends
        self._settings = settings
        self._sleep = sleep

    async def run(self) -> None:
        """Carry out what is there, and look again every now and then, until cancelled."""
        while True:
            try:
                await self.carry_on()
            except StorageError as error:
                log.warning("knowledge.keeping_interrupted", cause=str(error))
            except Exception:
                log.exception("knowledge.keeping_failed")
            await self._sleep(LOOK_EVERY_S)

    async def carry_on(self) -> None:
        """Carry out all that is due."""
        for id_ in await self._follow_ups.abandoned():
            await self._follow_ups.want(id_, Wanted.FORGET)
        while (follow_up := await self._follow_ups.take()) is not None:
            try:
                await self._carry_out(follow_up)
            except SourceGone:
                await self._follow_ups.done(follow_up)
            except (AivaxError, LessonTaken, _Later) as error:
                due_at = await self._follow_ups.postpone(follow_up)
                log.warning("knowledge.postponed", cause=str(error), wanted=follow_up.wanted, due_at=due_at)
            else:
                await self._follow_ups.done(follow_up)

    async def _carry_out(self, follow_up: FollowUp) -> None:
        learnt = await self._store.find(follow_up.id)
        if learnt is None:
            return
        if follow_up.wanted is Wanted.FORGET or not await self._renewed(learnt):
            pieces = await self._teacher.lessons.forget(learnt, _nobody)
            log.info("knowledge.forgotten", pieces=pieces)

    async def _renewed(self, learnt: Learnt) -> bool:
        """Learn a source anew; False where it is no more."""
        frontend = self._frontends.get(learnt.source.place.platform)
        if frontend is None:
            raise _Later(f"{learnt.source.place.platform} is not switched on")
        if learnt.source.file is None:
            return await self._renew_thread(learnt, frontend)
        try:
            _check(await self._teacher.renew_file(learnt, learnt.source.file, frontend))
        except NotLearnt as problem:
            if problem.why is Unlearnable.NOT_FETCHED:
                raise _Later(problem.detail) from None
            return problem.why is not Unlearnable.GONE
        return True

    async def _renew_thread(self, learnt: Learnt, frontend: Frontend) -> bool:
        """Nothing to read may mean that nothing can be read now: it is gone once all its messages were deleted."""
        if not learnt.source.origins:
            return False
        source = learnt.source
        if source.key == key_of_channel(source.place):
            # as much of it as was learnt, so that no newer message pushes an older one out
            quotes = await frontend.history(source.address, len(source.origins), _nobody_counts)
        else:
            quotes = await frontend.surroundings(source.address, self._settings.learn_messages)
        thread = thread_of([each for each in quotes if source.place.thread or each.origin in source.origins])
        if thread is None:
            raise _Later("the thread can't be read")
        _check(await self._teacher.renew_thread(learnt, thread))
        return True


def _check(outcome: Outcome) -> None:
    if outcome.stopped_by is not None:
        raise outcome.stopped_by


async def _nobody_counts(_done: int) -> None:
    """Nobody waits for it."""


async def _nobody(_done: int, _of: int) -> None:
    """Nobody waits for it."""
