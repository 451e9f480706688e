"""Brings one source into a collection, so that it holds the source's pieces as they are now and no older ones.

Each step is written down before it is taken, and bears repetition: begun anew after a crash it comes to the same. What
the collection has already AIVAX itself passes over, so that nothing is indexed, or paid, twice.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from core.aivax.knowledge.client import Imported, KnowledgeClient, NewDocument
from core.domain import (
    AivaxError,
    BotError,
    NoBalance,
    NotAllowed,
    RateLimited,
    RequestRefused,
    ResourceUnknown,
)
from core.knowledge.learning.documents import code_of
from core.storage.learnt.store import Held, Learnt, LearntStore
from core.util.clock import Sleep
from core.util.log import log

BATCH = 250
"""Documents of one request. Free takes 999; fewer leave more behind where a limit is met in the middle."""
POLL_S = 3.0
LEASE_S = 60.0
"""How long a process may be silent before another takes over the source that it works on."""
Keep = Callable[[], Awaitable[None]]


class SourceGone(BotError):
    """A source was forgotten before it could be learnt anew."""


class LessonTaken(BotError):
    """Another process works on the source: this one changes nothing more of it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a source."""

    of: int
    """How many pieces it makes."""
    sent: int = 0
    """How many of them are at AIVAX now."""
    new: int = 0
    skipped: int = 0
    gone: int = 0
    """How many older ones were deleted."""
    spent_usd: float = 0.0
    stopped_by: AivaxError | None = None
    """What ended it before all was done."""

    @property
    def is_limit(self) -> bool:
        """Whether it ended since AIVAX takes no more documents for now."""
        return self.stopped_by is not None and is_limit(self.stopped_by)

    def plus(self, imported: Imported, count: int) -> Outcome:
        """With so many more documents sent."""
        return replace(
            self,
            sent=self.sent + count,
            new=self.new + imported.enqueued,
            skipped=self.skipped + imported.skipped,
            spent_usd=self.spent_usd + imported.spent_usd,
        )


Told = Callable[[int, int], Awaitable[object]]
"""Hears how many are done, of how many."""


class Lessons:
    """Teaches collections, one source at a time."""

    def __init__(self, library: KnowledgeClient, store: LearntStore, sleep: Sleep = asyncio.sleep) -> None:
        self._library = library
        self._store = store
        self._sleep = sleep

    async def teach(self, id_: int, collection: str, documents: Sequence[NewDocument], told: Told) -> Outcome:
        """Send a source's documents, then delete those of before that are none of them.

        Where AIVAX does not answer, or takes no more, what was sent by then stays, and is written down.
        """
        async with self._alone(id_) as keep:
            return await self._teach(id_, collection, documents, told, keep)

    async def _teach(
        self, id_: int, collection: str, documents: Sequence[NewDocument], told: Told, keep: Keep
    ) -> Outcome:
        before = await self._store.pieces_of(id_)
        await self._store.note_pieces(id_, len(documents))
        outcome = Outcome(of=len(documents))
        try:
            for begin in range(0, len(documents), BATCH):
                await told(begin, len(documents))
                await keep()
                batch = documents[begin : begin + BATCH]
                outcome = outcome.plus(await self._send(id_, collection, batch), len(batch))
            await told(len(documents), len(documents))
            now = {code_of(each.name) for each in documents}
            gone = [code for code in before if code not in now]
            await self._delete(id_, collection, gone, keep)
        except AivaxError as error:
            log.warning("knowledge.interrupted", cause=str(error), sent=outcome.sent, of=outcome.of)
            return replace(outcome, stopped_by=error)
        await self._store.finish(id_)
        return replace(outcome, gone=len(gone))

    async def _send(self, id_: int, collection: str, batch: Sequence[NewDocument]) -> Imported:
        codes = [code_of(each.name) for each in batch]
        await self._store.intend(id_, codes)
        taken = await self._library.load(collection, batch)
        await self._store.sent(id_, codes)
        return taken

    async def forget(self, learnt: Learnt, told: Told) -> int:
        """Delete all that may be at AIVAX of a source, then here; how many pieces that were."""
        try:
            async with self._alone(learnt.id) as keep:
                codes = list(await self._store.pieces_of(learnt.id))
                await self._delete(learnt.id, learnt.source.collection, codes, keep, told)
                await self._store.remove(learnt.id)
                return len(codes)
        except SourceGone:  # another process was faster
            return 0

    @asynccontextmanager
    async def _alone(self, id_: int) -> AsyncIterator[Keep]:
        """Have a source's pieces to oneself: whoever else learns or forgets it, in any process, waits.

        What it yields is awaited before each step, which no other may take meanwhile.

        Raises:
            SourceGone: it was forgotten while this one waited.
            LessonTaken: this process was away for so long that another took over.
        """
        owner = uuid.uuid4().hex
        while (held := await self._store.hold(id_, owner, LEASE_S)) is Held.BY_ANOTHER:
            await self._sleep(POLL_S)
        if held is Held.GONE:
            raise SourceGone

        async def keep() -> None:
            if await self._store.hold(id_, owner, LEASE_S) is not Held.YES:
                raise LessonTaken

        beating = asyncio.create_task(_every(LEASE_S / 4, keep))
        try:
            yield keep
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            await self._store.let_go(id_, owner)

    async def _delete(
        self, id_: int, collection: str, codes: Sequence[str], keep: Keep, told: Told | None = None
    ) -> None:
        """One by one, by the ids that AIVAX gives for them: an import tells none."""
        for number, code in enumerate(codes):
            await keep()
            if told is not None:
                await told(number, len(codes))
            for document_id in await self._called(collection, code):
                await self._library.delete(collection, document_id)
            await self._store.drop(id_, code)

    async def _called(self, collection: str, code: str) -> Sequence[str]:
        """The ids of the documents whose name ends with a code: AIVAX finds names by any part of theirs."""
        try:
            found = await self._library.documents(collection, filter_text=f'-n "{code}"')
        except ResourceUnknown:  # the collection itself is gone
            return ()
        return [each.id for each in found if code_of(each.name) == code]

    async def indexed(self, collection: str, most_s: float, told: Callable[[int], Awaitable[object]]) -> bool:
        """Wait, so long at most, until nothing waits to be indexed in a collection; whether that is so now."""
        waited_s = 0.0
        while True:
            try:
                queued = (await self._library.progress(collection)).queued
            except AivaxError as error:  # all is sent: not to know how far it is harms nothing
                log.info("knowledge.state_unknown", cause=str(error))
                return False
            if not queued:
                return queued is not None
            await told(queued)
            if waited_s >= most_s:
                return False
            await self._sleep(POLL_S)
            waited_s += POLL_S


async def _every(seconds: float, do: Keep) -> None:
    """A failure ends it: the next step of the lesson meets it, too."""
    while True:
        await asyncio.sleep(seconds)
        await do()


def is_limit(error: AivaxError) -> bool:
    """Whether AIVAX takes no more documents for now: by the plan's limit of insertions or of storage, or for want of
    balance. How it says so of insertions is not documented."""
    if isinstance(error, NoBalance | RateLimited):
        return True
    says = f"{error.code} {error.detail}".lower()
    return isinstance(error, RequestRefused | NotAllowed) and any(each in says for each in _LIMIT_WORDS)


_LIMIT_WORDS = ("limit", "quota", "exceed", "plan")
