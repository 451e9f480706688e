"""A whole channel is learnt; two that learn the same at once; a day that can't be had twice; links back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from core.aivax.knowledge.client import Imported, KnowledgeClient, NewDocument
from core.domain import Edited, Quote, Receipt, Rewritten
from core.i18n import Translators
from core.knowledge.learning import lesson
from core.knowledge.learning.documents import code_of
from core.knowledge.learning.lesson import Lessons, SourceGone
from core.knowledge.learning.threads import read_channel_words
from core.storage.db import Database
from core.storage.learnt.store import Held, LearntStore
from core.util.clock import utc_now
from tests.test_learn import EVE, THREAD, handbook, school
from tests.waiting import soon

FILLER = "and so it goes on and on until there are words enough to make a piece of its own of them all"


def spoken(count: int) -> list[Quote]:
    return [
        Quote(f"m{n}", "Ana", f"locker {n} has the code c{n}x, {FILLER}", author="ana") for n in range(count)
    ]


async def test_the_newest_messages_of_a_channel_are_learnt_under_a_name_with_a_link_back(
    sqlite_url: str,
) -> None:
    async with school(sqlite_url, learn_channel_messages=30) as it:
        it.platform.channels["general"] = spoken(40)
        told = await it.say("learn channel 20 Locker talk")
        few = " ".join(it.documents.values())
        await it.say("learn channel 99 Locker talk")
        many = " ".join(it.documents.values())
        listed = await it.say("learnt")

    assert "`Locker talk`" in told
    assert "c20x" in few
    assert "c19x" not in few
    assert "c10x" in many
    assert "c9x" not in many
    assert "[Locker talk](https://chat.example/general/m10)" in listed
    assert listed.count("Locker talk") == 1


async def test_an_edit_in_a_channel_that_was_learnt_is_learnt_anew(sqlite_url: str) -> None:
    async with school(sqlite_url) as it:
        it.platform.channels["general"] = spoken(5)
        await it.say("learn channel")
        it.platform.channels["general"] = [
            replace(each, text=f"locker 4 has the code new4x, {FILLER}") if each.origin == "m4" else each
            for each in spoken(6)
        ]
        await it.stage.hear(Edited(("e",), EVE, replace(THREAD, thread=""), "m4", "new"))
        await it.keep()
        text = " ".join(it.documents.values())

    assert "new4x" in text
    assert "c4x" not in text


async def test_somebody_else_s_edit_in_a_channel_that_was_learnt_is_learnt_anew_once(sqlite_url: str) -> None:
    changed = Rewritten(("m4:edited:1",), THREAD.platform, THREAD.workspace, THREAD.channel, "m4")
    async with school(sqlite_url) as it:
        it.platform.channels["general"] = spoken(5)
        await it.say("learn channel 5 Lockers")
        it.platform.channels["general"] = [
            replace(each, text=f"locker 4 has the code new4x, {FILLER}") if each.origin == "m4" else each
            for each in spoken(6)
        ]
        elsewhere = replace(changed, keys=("m99",), origin="m99")
        receipts = [await it.stage.core.intake.receive(each) for each in (elsewhere, changed, changed)]
        await it.keep()
        text, listed = " ".join(it.documents.values()), await it.say("learnt")

    assert "`Lockers`" in listed or "[Lockers]" in listed
    assert receipts == [Receipt.ACCEPTED, Receipt.ACCEPTED, Receipt.DUPLICATE]
    assert "new4x" in text
    assert "c4x" not in text


async def test_what_was_unlearnt_counts_for_the_day_all_the_same(sqlite_url: str) -> None:
    async with school(sqlite_url, learn_pieces_daily=5) as it:
        await it.learn(("handbook.pdf", handbook(4)))
        await it.say("unlearn handbook.pdf")
        await it.learn(("handbook.pdf", handbook(4)))

        assert "there is room for 1 today" in it.shown
        assert it.documents == {}
        it.clock.advance(seconds=86_401)
        await it.learn(("handbook.pdf", handbook(4)))
        assert len(it.documents) == 4


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("channel", (0, "")),
        ("canal 20", (20, "")),
        ("Channel 20 our talk", (20, "our talk")),
        ("channel our talk", (0, "our talk")),
        ("channels", None),
        ("", None),
    ],
)
def test_a_channel_is_asked_for_by_its_word(words: str, found: tuple[int, str] | None) -> None:
    assert read_channel_words(words, Translators().of("es")) == found


class Shelf(KnowledgeClient):
    """A collection in memory, whose first import waits until it is let on."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}
        self.may_go_on = asyncio.Event()
        self.loads = 0

    async def load(self, collection: str, documents: Iterable[NewDocument]) -> Imported:
        self.loads += 1
        if self.loads == 1:
            await self.may_go_on.wait()  # no deadline: the test opens it
        found = list(documents)
        self.held |= {each.name: each.name for each in found}
        return Imported(len(found), 0, 0.0)

    async def documents(self, collection: str, **asked: Any) -> Any:
        code = asked["filter_text"].split('"')[1]
        return [_Entry(name) for name in self.held if code_of(name) == code]

    async def delete(self, collection: str, document: str) -> bool:
        return self.held.pop(document, None) is not None


class _Entry:
    def __init__(self, name: str) -> None:
        self.id = self.name = name


def version(number: int) -> list[NewDocument]:
    return [NewDocument(f"page {n} #v{number}p{n}", "text", reference="k", metadata={}) for n in range(3)]


async def nobody(*_: object) -> None:
    pass


async def briefly(_seconds: float) -> None:
    await asyncio.sleep(0.01)


async def learnt_id(url: str) -> int:
    """A source that was begun, as a learn that crashed leaves it."""
    async with school(url) as it:
        await it.learn(("handbook.pdf", handbook(1)))
        (id_,) = await it.stage.rows("SELECT id FROM learnt")
        await it.stage.change("DELETE FROM learnt_pieces")
    return int(id_)


async def test_two_that_learn_the_same_at_once_come_one_after_the_other(migrated_url: str) -> None:
    id_, shelf, waits = await learnt_id(migrated_url), Shelf(), asyncio.Event()

    async def waiting(seconds: float) -> None:
        waits.set()
        await briefly(seconds)

    async with Database(migrated_url) as database:
        store = LearntStore(database, utc_now)
        one, other = Lessons(shelf, store, briefly), Lessons(shelf, store, waiting)
        first = asyncio.create_task(one.teach(id_, "c", version(1), nobody))
        await soon("the first to send", _until(lambda: shelf.loads == 1))
        second = asyncio.create_task(other.teach(id_, "c", version(2), nobody))
        await soon("the second to wait, or to end", _until(lambda: waits.is_set() or second.done()))
        shelf.may_go_on.set()
        done = await soon("both to end", asyncio.gather(first, second))
        pieces = await store.pieces_of(id_)

    assert [each.stopped_by for each in done] == [None, None]
    assert sorted(shelf.held) == [each.name for each in version(2)]
    assert sorted(pieces) == [code_of(each.name) for each in version(2)]


async def test_what_is_forgotten_while_another_waits_is_not_learnt_into_nothing(migrated_url: str) -> None:
    id_, shelf = await learnt_id(migrated_url), Shelf()
    async with Database(migrated_url) as database:
        store = LearntStore(database, utc_now)
        await store.hold(id_, "somebody", 60.0)
        waits = asyncio.create_task(Lessons(shelf, store, briefly).teach(id_, "c", version(1), nobody))
        await store.remove(id_)

        with pytest.raises(SourceGone):
            await soon("the learning to end", waits)


async def test_who_died_over_a_source_keeps_it_for_a_minute_at_most(migrated_url: str) -> None:
    id_ = await learnt_id(migrated_url)
    async with Database(migrated_url) as database:
        store = LearntStore(database, utc_now)
        await store.hold(id_, "dead", -1.0)

        assert await store.hold(id_, "living", lesson.LEASE_S) is Held.YES
    assert lesson.LEASE_S <= 60.0


async def _until(holds: Any) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110  the made-up shelf tells nobody
            await asyncio.sleep(0.01)
