"""What is deleted here: a message that was deleted on its platform, and all of a person who asks to be forgotten."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from contextlib import suppress

from core.conversations.directory import Directory
from core.domain import Command, Commanded, Deleted, Pressed, Receipt, StorageError
from core.i18n import Phrase, Translators
from core.ingest.commands import OFFERS, Commands
from core.ingest.take_backs import TakeBacks
from core.storage.personal_data.deletion import Erasure, ErasureStore
from core.storage.personal_data.quotes import answers_quoting
from core.storage.personal_data.sqlite_scrub import Scrubber
from core.storage.turns.intake import IntakeStore, IntakeTransaction
from core.util.log import log

STEPS_AT_ONCE = 10
"""How much is erased before the press's platform is told that it arrived (Slack and Discord wait for 3 s): the texts of
some hundred questions, in well under a second."""
LOOK_EVERY_S = 30.0
"""How often requests to be forgotten are looked for that another process took in, or left."""
REST_S = 0.01


class Deletion:
    """Empties deleted messages at once; forgets a person beside everything else, and tells them when it is done."""

    def __init__(
        self,
        store: IntakeStore,
        directory: Directory,
        commands: Commands,
        translators: Translators,
        notify: Callable[[int], None],
        scrubber: Scrubber,
        take_backs: TakeBacks,
    ) -> None:
        self.take_backs = take_backs
        self._transactions = store
        self._erasures = ErasureStore(store.database, store.now)
        self._directory = directory
        self._commands = commands
        self._translators = translators
        self._notify = notify
        self._scrubber = scrubber
        self._working = asyncio.Lock()
        self._asked = asyncio.Event()

    async def ask(
        self, transaction: IntakeTransaction, asked: Pressed | Commanded, identity_id: int, *, page: bool
    ) -> Sequence[int]:
        """Write the request down; the conversations that have work now, or something to look at."""
        await transaction.erasures.hold(identity_id, asked.place)
        here = await self._directory.find_for_notices(transaction, asked.place, identity_id)
        return await transaction.erasures.ask(identity_id, here, asked.address, as_page=page)

    async def redact(self, deleted: Deleted) -> Receipt:
        """Empty what was deleted. Twice is once; most is what nobody asked, and would fill the table of seen events."""
        quoting = await answers_quoting(self._transactions.database, deleted)
        async with self._transactions.transaction() as transaction:
            redacted = await transaction.changes.redact(deleted, quoting)
            await transaction.touched.deleted(deleted)
            dropped = await transaction.consents.drop(deleted)
            for conversation_id in redacted.running_in:
                await transaction.announce(conversation_id, deleted.platform)
        for conversation_id in redacted.running_in:
            self._notify(conversation_id)
        if redacted.messages or dropped:
            await self.scrub()
        return Receipt.ACCEPTED

    async def scrub(self) -> None:
        """Leave no copy of what was deleted in the database's file."""
        try:
            await self._scrubber.scrub()
        except StorageError as error:  # the deletion itself is stored
            log.warning("database.not_scrubbed", cause=str(error))

    async def begin(self) -> None:
        """Carry out as much as is done in a moment: all of an ordinary past. The rest is left to `run`."""
        try:
            if await self.carry_on(most_steps=STEPS_AT_ONCE):
                return
        except StorageError as error:
            log.warning("deletion.interrupted", cause=str(error))
        log.info("deletion.resumed")
        self._asked.set()

    async def carry_on(self, *, most_steps: float = math.inf) -> bool:
        """Carry out the requests that are there, in so many steps at most; whether that was all."""
        if self._working.locked() and most_steps < math.inf:
            return False
        async with self._working:
            while (erasure := await self._erasures.next()) is not None:
                while await self._erasures.step(erasure):
                    most_steps -= 1
                    if most_steps <= 0:
                        return False
                    await asyncio.sleep(REST_S)
                await self._scrubber.scrub()
                await self._tell(erasure)
            return True

    async def run(self) -> None:
        """Carry out what is left of such requests, until cancelled."""
        while True:
            self._asked.clear()
            try:
                await self.carry_on()
            except StorageError as error:
                log.warning("deletion.interrupted", cause=str(error))
            except Exception:
                log.exception("deletion.failed")
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._asked.wait()

    async def _tell(self, erasure: Erasure) -> None:
        identity_id, here = erasure.identity_id, erasure.conversation_id
        async with self._transactions.transaction() as transaction:
            count = await transaction.erasures.finish(erasure)
            if count is None:
                return
            why_not = self._commands.why_not_remotely
            if why_not is None:
                await transaction.remote_erasures.ask(erasure)
            log.info("deletion.done", messages=count)
            if not erasure.address:
                return
            locale = await transaction.locale_of(identity_id)
            translator = self._translators.for_reader(locale, erasure.place)
            done = translator.say(Phrase.FORGET_DONE, count=count)
            told = f"{done} {translator.say(why_not or Phrase.FORGET_AT_AIVAX)}"
            if erasure.as_page:
                told = await self._commands.home(transaction, identity_id, translator, first=told)
            offers = OFFERS[Command.HOME] if erasure.as_page else ()
            await transaction.add_turn(here, identity_id, erasure.address, notice=told, offers=offers)
            await transaction.announce(here, erasure.place.platform)
        self._notify(here)
