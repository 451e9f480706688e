"""Says each reminder when its time comes, once: whichever process looks, and wherever one is killed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cachetools import TTLCache

from core.admission.access import Access
from core.domain import Author, StorageError
from core.i18n import ScheduledPhrase, Translators
from core.markdown.literal import literal
from core.scheduled.schedule import Schedule
from core.storage.scheduled.reminders import Reminder, ReminderStore
from core.util.log import log
from core.util.time_zones import known_zone, knows_zone

LOOK_EVERY_S = 20.0
"""How often it is looked for those that another process took in."""
AT_ONCE = 50
ASIDE_S = 600.0
"""So long one is left alone that a bug kept from being said."""
MOST_ASIDE = 500
LATE = timedelta(minutes=10)
"""From so late on it is said when it was due."""


class ReminderRuns:
    """Goes on beside the answers, in every process: a reminder that two look at is said by one."""

    def __init__(
        self, store: ReminderStore, translators: Translators, now: Callable[[], datetime], access: Access
    ) -> None:
        """`access` is asked with what is known beside a message: a person's id and the place, no roles of theirs."""
        self._access = access
        self._store = store
        self._translators = translators
        self._now = now
        self._aside: TTLCache[int, None] = TTLCache(MOST_ASIDE, ASIDE_S)
        """Those that met a bug lately: due first, they would be all that is looked at."""
        self._soon = asyncio.Event()
        self._notify: Callable[[int], None] = lambda _conversation: None

    def look_soon(self) -> None:
        """Have it looked for the next one at once."""
        self._soon.set()

    async def run(self, notify: Callable[[int], None]) -> None:
        """Look whenever one may be due, until cancelled. `notify` is told of conversations that have work."""
        self._notify = notify
        while True:
            self._soon.clear()
            wait_s = LOOK_EVERY_S
            try:
                while await self.look():
                    pass
                wait_s = await self._wait_s()
            except StorageError as error:
                log.warning("reminder.delayed", cause=str(error))
            except Exception:  # a bug costs a look, not the process
                log.exception("reminder.fault")
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._soon.wait()

    async def look(self) -> bool:
        """Say those that are due; whether there may be more."""
        due = await self._store.due(AT_ONCE, but=[*self._aside])
        forgotten = [each for each in due if not (each.text and each.address)]
        if forgotten:
            await self._store.drop_forgotten([each.id for each in forgotten])
        said = [await self._say_one(each) for each in due if each not in forgotten]
        return len(due) == AT_ONCE and (bool(forgotten) or any(said))

    async def _say_one(self, reminder: Reminder) -> bool:
        """The same as `_say`; a bug that one reminder meets keeps no other one waiting, as it is put aside."""
        try:
            return await self._say(reminder)
        except StorageError:
            raise
        except Exception:
            log.exception("reminder.fault", reminder=reminder.id)
            self._aside[reminder.id] = None
            return True

    async def _say(self, reminder: Reminder) -> bool:
        """Say one, unless another process did; of a recurring one that was missed several times, once.

        Who gets no answers any more is not reminded either: it passes them over.
        """
        again_at = self._again_at(reminder)
        if reminder.is_blocked or self._may_not_ask(reminder):
            passed = await self._store.pass_over(reminder, again_at)
            if passed:
                log.info("reminder.passed_over", reminder=reminder.id, place=reminder.place.platform)
            return passed
        conversation = await self._store.say(reminder, self._sentence(reminder), again_at)
        if conversation is not None:
            log.info("reminder.said", reminder=reminder.id, place=reminder.place.platform)
            self._notify(conversation)
        return conversation is not None

    def _again_at(self, reminder: Reminder) -> datetime | None:
        """When a recurring one is due next. Where this machine does not know its zone any more, by the time in UTC."""
        if not reminder.every:
            return None
        schedule = Schedule.parse(reminder.every)
        if not knows_zone(schedule.zone):
            log.warning(
                "reminder.zone_unknown", reminder=reminder.id, zone=schedule.zone, fix="install tzdata"
            )
            schedule = replace(schedule, at=reminder.due_at.astimezone(UTC).time(), zone="")
        return schedule.after(self._now())

    def _may_not_ask(self, reminder: Reminder) -> bool:
        return self._access.refusal(Author(reminder.asker), reminder.place) is not None

    def _sentence(self, reminder: Reminder) -> str:
        translator, text = (
            self._translators.for_reader(reminder.locale, reminder.place),
            literal(reminder.text),
        )
        if self._now() - reminder.due_at < LATE:
            return translator.say(ScheduledPhrase.REMIND_NOW, text=text)
        zone = known_zone(reminder.zone) if knows_zone(reminder.zone) else UTC
        when = f"{reminder.due_at.astimezone(zone):%Y-%m-%d %H:%M}"
        return translator.say(ScheduledPhrase.REMIND_LATE, when=when, zone=reminder.zone or "UTC", text=text)

    async def _wait_s(self) -> float:
        due = await self._store.next_due(but=[*self._aside])
        left_s = (due - self._now()).total_seconds() if due is not None else LOOK_EVERY_S
        return min(LOOK_EVERY_S, max(0.5, left_s))
