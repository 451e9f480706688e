"""Learns a file or a thread from end to end: fetched, read, split, checked against limits, sent."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace

from core.aivax.knowledge.client import NewDocument
from core.domain import (
    Attachment,
    FileGone,
    FileTooLarge,
    Frontend,
    PlaceClosed,
    PlatformError,
    Turn,
)
from core.knowledge.learning.documents import code_of, documents_of, opaque, where
from core.knowledge.learning.extraction import Extraction, NotLearnt, Text, Unlearnable
from core.knowledge.learning.lesson import Lessons, Outcome, SourceGone, Told
from core.knowledge.learning.pages import pages_in
from core.knowledge.learning.settings import LearningSettings
from core.knowledge.learning.splitting import split
from core.knowledge.learning.threads import Thread
from core.storage.learnt.store import Learnt, LearntStore, Source


class OverDaily(Exception):
    """A person has no room for so many new pieces left today."""

    def __init__(self, count: int, rest: int) -> None:
        super().__init__()
        self.count = count
        self.rest = rest


@dataclass(frozen=True, slots=True)
class Hearing:
    """Who hears how far it is: how much is read, or sent, of how much."""

    read: Told
    sent: Told


class Teacher:
    """Learns sources, one at a time: a file's bytes and text are in memory meanwhile."""

    def __init__(
        self, store: LearntStore, lessons: Lessons, extraction: Extraction, settings: LearningSettings
    ) -> None:
        self.lessons = lessons
        self._store = store
        self._extraction = extraction
        self._settings = settings
        self._alone = asyncio.Lock()

    async def learn_file(
        self, source: Source, file: Attachment, frontend: Frontend, turn: Turn, hearing: Hearing
    ) -> tuple[Text, Outcome]:
        """Learn a file for who asks.

        Raises:
            NotLearnt: nothing can be learnt of it.
            OverDaily: it is more than they may have learnt today.
            AivaxError: AIVAX did not answer; what was sent by then stays.
        """
        async with self._alone:
            text = await self._read(file, frontend, hearing.read)
            return text, await self._learn(source, text, turn, hearing.sent)

    async def learn_text(self, source: Source, text: str, turn: Turn, hearing: Hearing) -> Outcome:
        """Learn a text for who asks. Raises like `learn_file`."""
        async with self._alone:
            pages = await asyncio.to_thread(pages_in, text)
            return await self._learn(source, Text(pages), turn, hearing.sent)

    async def renew_file(self, learnt: Learnt, file: Attachment, frontend: Frontend) -> Outcome:
        """Learn a file anew. Raises like `learn_file`, but knows no limit of a day."""
        async with self._alone:
            text = await self._read(file, frontend, _nobody)
            return await self._renew(learnt, text, learnt.source)

    async def renew_thread(self, learnt: Learnt, thread: Thread) -> Outcome:
        """Learn a thread anew, as `renew_file`. It is called after its first message as that is now."""
        name = learnt.source.name if learnt.source.named else thread.title
        async with self._alone:
            pages = await asyncio.to_thread(pages_in, thread.text)
            source = replace(learnt.source, name=name, origins=thread.origins)
            return await self._renew(learnt, Text(pages), source)

    async def _read(self, file: Attachment, frontend: Frontend, told: Told) -> Text:
        most = self._settings.learn_bytes
        if file.size_bytes > most:
            raise NotLearnt(Unlearnable.TOO_LARGE, most=most)
        try:
            blob = await frontend.fetch(file.ref, most)
        except FileTooLarge:
            raise NotLearnt(Unlearnable.TOO_LARGE, most=most) from None
        except (FileGone, PlaceClosed) as error:
            raise NotLearnt(Unlearnable.GONE, detail=str(error)) from None
        except PlatformError as error:
            raise NotLearnt(Unlearnable.NOT_FETCHED, detail=str(error)) from None
        kind = blob.media_type or file.media_type
        return await self._extraction.read(blob.data, file.name, kind, told)

    async def _learn(self, source: Source, text: Text, turn: Turn, told: Told) -> Outcome:
        documents = await _documents(source, text, opaque(turn.person_key))
        await self._check_daily(source, documents, turn)
        while True:
            id_ = await self._store.begin(source, turn, pages=text.page_count)
            with suppress(SourceGone):  # forgotten in between: begun anew
                return await self._taught(id_, source.collection, documents, text, told)

    async def _renew(self, learnt: Learnt, text: Text, source: Source) -> Outcome:
        documents = await _documents(source, text, opaque(learnt.person_key))
        await self._store.renew(learnt.id, source, pages=text.page_count)
        return await self._taught(learnt.id, source.collection, documents, text, _nobody)

    async def _taught(
        self, id_: int, collection: str, documents: list[NewDocument], text: Text, told: Told
    ) -> Outcome:
        outcome = await self.lessons.teach(id_, collection, documents, told)
        return replace(outcome, spent_usd=outcome.spent_usd + text.spent_usd)

    async def _check_daily(self, source: Source, documents: list[NewDocument], turn: Turn) -> None:
        most = self._settings.learn_pieces_daily
        if not most:
            return
        known = await self._store.known(source.collection, source.key)
        count = sum(code_of(each.name) not in known for each in documents)
        rest = max(0, most - await self._store.sent_today(turn))
        if count > rest:
            raise OverDaily(count, rest)


async def _documents(source: Source, text: Text, by: str) -> list[NewDocument]:
    told = {"learnt_by": by, **where(source.place)}

    def made() -> list[NewDocument]:
        return list(documents_of(source.key, source.name, split(text.pages), told))

    return await asyncio.to_thread(made)


async def _nobody(_done: int, _of: int) -> None:
    """Nobody waits for what is learnt anew."""
