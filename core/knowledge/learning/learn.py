"""`learn`: operators have the files of a message, or the words of a thread, learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.conversations.capabilities import CapabilityRun
from core.domain import AivaxError, Attachment, Capability
from core.i18n import Phrase
from core.knowledge.learning.documents import (
    key_of_channel,
    key_of_file,
    key_of_message,
    key_of_thread,
    name_of,
)
from core.knowledge.learning.extraction import NotLearnt
from core.knowledge.learning.lesson import Outcome
from core.knowledge.learning.settings import SETTING, Into, LearningSettings
from core.knowledge.learning.teacher import Hearing, OverDaily, Teacher
from core.knowledge.learning.telling import bar, quoted, what_came, why_not
from core.knowledge.learning.threads import Thread, read_channel_words, thread_of
from core.storage.learnt.store import LearntStore, Source
from core.util.log import log

USAGE = "web/fetch, collections"
"""What the money is told for, in the usage."""


class Learn:
    """Carries `learn` out. What it writes comes at its end: until then there is a line that tells how far it is."""

    capability = Capability(
        "learn",
        Phrase.LEARN_WORD,
        Phrase.LEARN_DESCRIPTION,
        takes="files",
        menu=Phrase.LEARN_THIS,
        operators_only=True,
        begins_sentences=True,
    )

    def __init__(self, teacher: Teacher, store: LearntStore, settings: LearningSettings, into: Into) -> None:
        """`into` tells the collection of a place, `""` where there is none."""
        self.teacher = teacher
        """Shared with what keeps current what was learnt: one source at a time."""
        self._store = store
        self._settings = settings
        self._into = into

    async def run(self, run: CapabilityRun) -> None:
        collection = self._into(run.turn.place)
        if not collection:
            return await run.write(run.translator.say(Phrase.LEARN_NOWHERE, setting=SETTING))
        lesson = _Lesson(run, self.teacher, self._settings, collection)
        origins = tuple(await self._store.origins_of(run.turn))
        try:
            if run.attachments:
                await lesson.learn_files(run.attachments, origins)
            else:
                await self._learn_thread(run, lesson)
            await lesson.wait_until_indexed()
        except AivaxError:  # what was learnt before stands above the sentence for it
            await lesson.tell()
            raise
        return await lesson.tell()

    async def _learn_thread(self, run: CapabilityRun, lesson: _Lesson) -> None:
        place, say = run.turn.place, run.translator.say
        wanted = read_channel_words(run.words, run.translator)
        if wanted is not None and not place.private:
            await self._learn_channel(run, lesson, *wanted)
            return
        quotes = await run.frontend.surroundings(run.turn.address, self._settings.learn_messages)
        if not place.thread:  # what a message of a channel replies to is no thread: that one alone
            quotes = [each for each in quotes if each.replied_to]
        thread = thread_of(quotes)
        if thread is None or place.private:
            lesson.say(say(Phrase.LEARN_USE, word=say(Phrase.LEARN_WORD), channel=say(Phrase.LEARN_CHANNEL)))
            return
        key = key_of_thread(place) if place.thread else key_of_message(place, thread.origins[0])
        await lesson.learn_thread(thread, key, run.words)

    async def _learn_channel(self, run: CapabilityRun, lesson: _Lesson, count: int, name: str) -> None:
        most = self._settings.learn_channel_messages
        count = min(count or most, most)

        async def told(done: int) -> None:
            values = {"bar": bar(done, count), "done": done, "total": count}
            await run.status(run.translator.say(Phrase.LEARN_CHANNEL_READING, **values))

        thread = thread_of(await run.frontend.history(run.turn.address, count, told))
        if thread is None:
            lesson.say(run.translator.say(Phrase.LEARN_CHANNEL_EMPTY))
            return
        await lesson.learn_thread(thread, key_of_channel(run.turn.place), name)


class _Lesson:
    """One message's files, or thread, and what came of each."""

    def __init__(
        self, run: CapabilityRun, teacher: Teacher, settings: LearningSettings, collection: str
    ) -> None:
        self._run = run
        self._collection = collection
        self._teacher = teacher
        self._settings = settings
        self._told: list[str] = []
        self._spent_usd = 0.0
        self._new = 0

    def say(self, sentence: str) -> None:
        """Have a sentence told at the end."""
        self._told.append(sentence)

    async def learn_files(self, files: Sequence[Attachment], origins: tuple[str, ...]) -> None:
        """Learn files one by one; one that can't be learnt keeps none of the others back."""
        place = self._run.turn.place
        link = await self._run.frontend.link(self._run.turn.address, next(iter(origins), ""))
        for file in files:
            source = self._source(key_of_file(place, file), name_of(file.name), file, origins, link)
            try:
                text, outcome = await self._teacher.learn_file(
                    source, file, self._run.frontend, self._run.turn, self._hearing(source.name)
                )
            except NotLearnt as problem:
                log.info("knowledge.left_out", why=problem.why.value, detail=problem.detail)
                self._leave_out(source.name, why_not(problem, self._run.translator))
            except OverDaily as over:
                self._leave_out(source.name, self._why_over(over))
            else:
                self._count(source.name, text.page_count, outcome)

    async def learn_thread(self, thread: Thread, key: str, name: str) -> None:
        """Learn the words of a thread, a message or a channel, under a name where it is given one."""
        link = await self._run.frontend.link(self._run.turn.address, thread.origins[0])
        given = name_of(name)
        source = self._source(key, given or thread.title, None, thread.origins, link)
        source = replace(source, named=bool(given))
        try:
            outcome = await self._teacher.learn_text(
                source, thread.text, self._run.turn, self._hearing(source.name)
            )
        except OverDaily as over:
            return self._leave_out(source.name, self._why_over(over))
        self._count(source.name, 0, outcome)
        if thread.has_files:
            word = self._run.translator.say(Phrase.LEARN_WORD)
            self.say(self._run.translator.say(Phrase.LEARN_FILES_APART, word=word))
        return None

    async def wait_until_indexed(self) -> None:
        """Wait until what is new can be found, up to a bound; AIVAX goes on by itself after that."""
        if not self._new:
            return
        translator = self._run.translator

        async def told(queued: int) -> None:
            done = max(0, self._new - queued)
            drawn = bar(done, self._new)
            await self._run.status(translator.say(Phrase.LEARN_INDEXING, bar=drawn, rest=queued))

        is_done = await self._teacher.lessons.indexed(self._collection, self._settings.learn_wait_s, told)
        if not is_done:
            self.say(translator.say(Phrase.LEARN_STILL_INDEXING))

    async def tell(self) -> None:
        """Write what came of it all, and what it cost."""
        if self._spent_usd:
            self._run.spent(USAGE, self._spent_usd)
            cost = self._run.translator.money(self._spent_usd, "up")
            self.say(self._run.translator.say(Phrase.LEARN_COST, cost=cost))
        if self._told:
            await self._run.write("\n\n".join(self._told))

    def _source(
        self, key: str, name: str, file: Attachment | None, origins: tuple[str, ...], link: str
    ) -> Source:
        turn = self._run.turn
        return Source(self._collection, key, name, file, turn.place, turn.address, origins, link)

    def _hearing(self, name: str) -> Hearing:
        async def tell(phrase: Phrase, done: int, total: int) -> None:
            drawn = bar(done, total)
            values = {"name": quoted(name), "bar": drawn, "done": done, "total": total}
            await self._run.status(self._run.translator.say(phrase, **values))

        async def read(done: int, total: int) -> None:
            if done == total or done % max(1, total // 20) == 0:  # more often nobody could read it
                await tell(Phrase.LEARN_READING, done, total)

        async def sent(done: int, total: int) -> None:
            await tell(Phrase.LEARN_SENDING, done, total)

        return Hearing(read, sent)

    def _count(self, name: str, pages: int, outcome: Outcome) -> None:
        self._spent_usd += outcome.spent_usd
        self._new += outcome.new
        self.say(what_came(name, pages, outcome, self._run.translator))
        if outcome.stopped_by is not None and not outcome.is_limit:
            raise outcome.stopped_by

    def _leave_out(self, name: str, why: str) -> None:
        self.say(self._run.translator.say(Phrase.LEARN_LEFT_OUT, name=quoted(name), why=why))

    def _why_over(self, over: OverDaily) -> str:
        most = self._settings.learn_pieces_daily
        return self._run.translator.say(Phrase.LEARN_OVER_DAILY, count=over.count, most=most, rest=over.rest)
