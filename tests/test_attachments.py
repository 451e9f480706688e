"""Files of a question: bounded in number, bytes and characters, and sharing one memory fairly."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.aivax.request import TextPart
from core.conversations.attachments import choose, fetch_parts
from core.conversations.file_memory import FileMemory
from core.conversations.left_out import Why
from core.conversations.request_files import Earlier
from core.domain import Attachment, Blob, Command, Place
from core.settings import LimitsSettings
from sandbox.faults import Fault
from sandbox.server import serve
from tests.samples import ANA, BEN, PNG, WallClock, said
from tests.stage import FakePlatform, Stage, staged
from tests.test_edits import commanded
from tests.waiting import until

MB = 1_000_000


def picture(name: str, size_bytes: int) -> Attachment:
    return Attachment(name, name, "image/png", size_bytes)


attachments = st.lists(
    st.builds(
        Attachment,
        ref=st.just("r"),
        name=st.text(max_size=5),
        media_type=st.sampled_from(["image/png", "text/plain", "application/x-msdownload", "audio/ogg"]),
        size_bytes=st.integers(-5, 200),
    ),
    max_size=12,
)


@given(attachments, st.integers(0, 5), st.integers(0, 150), st.integers(0, 300), st.integers(0, 300))
def test_what_is_fetched_keeps_to_every_limit_and_the_rest_is_named(
    given_files: Sequence[Attachment], count: int, one: int, together: int, part: int
) -> None:
    limits = LimitsSettings(attachments=count, attachment_bytes=one, attachment_total_bytes=together)

    wanted = choose(given_files, limits, most_in_all=part)

    assert len(wanted.files) <= count
    assert all(0 <= most <= one for _, most in wanted.files)
    assert wanted.size_bytes <= min(together, part)
    named = [attachment.name for attachment, _ in wanted.files] + [each.name for each in wanted.left_out]
    assert sorted(named) == sorted(each.name for each in given_files)


@given(
    attachments, attachments, st.integers(0, 5), st.integers(0, 150), st.integers(0, 300), st.integers(0, 4)
)
def test_files_of_before_take_only_what_the_question_s_own_leave(
    own: Sequence[Attachment], before: Sequence[Attachment], count: int, one: int, together: int, most: int
) -> None:
    limits = LimitsSettings(attachments=count, attachment_bytes=one, attachment_total_bytes=together)
    own = [replace(file, ref=f"own-{at}") for at, file in enumerate(own)]
    earlier = [Earlier(replace(file, ref=f"before-{at % 4}"), "m") for at, file in enumerate(before)]

    alone = choose(own, limits, most_in_all=300)
    wanted = choose(own, limits, most_in_all=300, earlier=earlier, most_earlier=most)

    assert (wanted.files, wanted.left_out) == (alone.files, alone.left_out)
    assert len(wanted.earlier) <= min(most, count - len(wanted.files))
    assert len({each.file.ref for each, _ in wanted.earlier}) == len(wanted.earlier)
    assert wanted.size_bytes <= together
    assert all(size <= one for _, size in wanted.earlier)


@pytest.mark.parametrize(
    ("limits", "files", "why"),
    [
        ({"attachments": 1}, (picture("a", 1), picture("b", 1)), [Why.TOO_MANY]),
        ({"attachment_bytes": 5}, (picture("a", 6),), [Why.TOO_LARGE]),
        ({"attachment_total_bytes": 5}, (picture("a", 3), picture("b", 3)), [Why.TOO_LARGE_TOGETHER]),
        ({}, (Attachment("a", "a.exe", "application/x-msdownload", 1),), [Why.KIND]),
    ],
)
def test_each_reason_is_told_apart(
    limits: dict[str, int], files: Sequence[Attachment], why: Sequence[Why]
) -> None:
    wanted = choose(files, LimitsSettings.model_validate(limits), most_in_all=100 * MB)

    assert [each.why for each in wanted.left_out] == why


WORDS = st.text(st.characters(exclude_categories=["C", "Z"], max_codepoint=0x24F), min_size=1, max_size=50)


@given(st.lists(WORDS, min_size=1, max_size=4), st.integers(0, 100))
async def test_texts_together_have_one_budget_of_characters(texts: list[str], chars: int) -> None:
    platform = FakePlatform()
    platform.files = {str(at): Blob(text.encode(), "text/plain") for at, text in enumerate(texts)}
    files = [Attachment(str(at), f"{at}.txt", "text/plain", 500) for at in range(len(texts))]

    fetched = await fetch_parts(platform, choose(files, LimitsSettings(), most_in_all=MB), text_chars=chars)

    shown = [part.text.partition("\n")[2] for part in fetched.parts if isinstance(part, TextPart)]
    shown = [text.removesuffix("\n[the rest of this file is left out]") for text in shown]
    assert "".join(shown) == "".join(texts)[: len("".join(shown))]
    assert len("".join(shown)) == min(len("".join(texts)), chars)
    assert bool(fetched.left_out) == (len("".join(texts)) > chars)


class Person:
    """Somebody whose turns ask for room again and again."""

    def __init__(self, file_memory: FileMemory, name: str) -> None:
        self._file_memory = file_memory
        self._name = name

    def ask(self, turn: int, size_bytes: int) -> bool:
        return self._file_memory.take(turn, self._name, size_bytes)


def test_one_person_with_many_files_leaves_room_for_others() -> None:
    file_memory = FileMemory(100 * MB, 0.5, now=lambda: 0.0)
    ana, ben = Person(file_memory, "ana"), Person(file_memory, "ben")

    assert [ana.ask(turn, 50 * MB) for turn in range(20)] == [True] + [False] * 19
    assert ben.ask(100, 10 * MB)


def test_who_waits_for_much_room_is_not_passed_by_all_others() -> None:
    file_memory = FileMemory(100, 0.5, now=lambda: 0.0)
    people = [Person(file_memory, str(number)) for number in range(9)]
    assert [people[number].ask(number, 30) for number in range(3)] == [True] * 3
    assert not people[3].ask(3, 50)

    assert not people[4].ask(4, 10)
    file_memory.give_back(0)
    file_memory.give_back(1)
    assert not people[4].ask(4, 30)
    assert people[3].ask(3, 50)


def test_a_turn_that_never_comes_back_keeps_nobody_waiting() -> None:
    clock = [0.0]
    file_memory = FileMemory(100, 0.6, now=lambda: clock[0])
    first, second, third = (Person(file_memory, name) for name in "abc")
    assert first.ask(1, 60)
    assert not second.ask(2, 60)

    clock[0] = 60.0
    assert third.ask(3, 40)


def test_who_waits_for_room_is_let_in_when_there_is_and_keeps_their_place_until_then() -> None:
    clock = [0.0]
    file_memory = FileMemory(100, 0.5, now=lambda: clock[0])
    ana, ben = Person(file_memory, "ana"), Person(file_memory, "ben")
    assert ana.ask(0, 50)
    assert [ana.ask(turn, 50) for turn in (1, 2)] == [False, False]
    for _ in range(10):
        clock[0] += 10.0
        assert file_memory.roomless() == {1, 2}
    assert ben.ask(3, 50)

    file_memory.give_back(0)

    assert file_memory.roomless() == {2}


@given(st.lists(st.tuples(st.integers(0, 8), st.sampled_from("abc"), st.integers(0, 50)), max_size=60))
def test_no_more_is_given_than_there_is_and_nobody_gets_more_than_a_part(
    asked: list[tuple[int, str, int]],
) -> None:
    file_memory = FileMemory(100, 0.5, now=lambda: 0.0)
    taken: dict[int, tuple[str, int]] = {}
    for turn, person, size in asked:
        if turn in taken:
            file_memory.give_back(turn)
            del taken[turn]
        elif file_memory.take(turn, person, size):
            taken[turn] = (person, size)

        assert sum(size for _, size in taken.values()) <= 100
        assert all(sum(size for who, size in taken.values() if who == each) <= 50 for each in "abc")


async def test_questions_whose_files_have_no_room_are_answered_later_and_others_at_once(
    migrated_url: str,
) -> None:
    platform = FakePlatform()
    platform.files = {"p": Blob(PNG[:50], "image/png")}
    limits = {"attachment_memory_bytes": 100, "running_turns": 3}
    async with (
        serve(plan="max") as sandbox,
        staged(migrated_url, sandbox=sandbox, platform=platform, limits=limits) as stage,
    ):
        for number in range(4):
            at = said("look", by=ANA, attachments=(picture("p", 50),)).place
            place = type(at)(at.platform, at.workspace, f"room-{number}", "", private=False)
            await stage.core.intake.receive(said("look", by=ANA, at=place, attachments=(picture("p", 50),)))
        await stage.core.intake.receive(said("hello", by=BEN))
        async with asyncio.timeout(30):
            while set(await stage.states()) != {"answered"}:
                await stage.rest()
                await stage.core.pool.sweep()

    assert len(stage.asked) == 5


async def test_a_question_without_room_for_its_files_costs_no_call_and_comes_when_room_is_given_back(
    migrated_url: str,
) -> None:
    platform, clock = FakePlatform(), WallClock()
    platform.files = {"p": Blob(PNG[:50], "image/png")}
    limits = {"attachment_memory_bytes": 100, "requests_per_minute": 4, "shutdown_grace_s": 0.0}
    holding, waiting = (Place("fake", "W1", f"room-{each}", private=True) for each in range(2))
    async with (
        serve(plan="max") as sandbox,
        staged(migrated_url, sandbox=sandbox, platform=platform, now=clock, limits=limits) as stage,
    ):
        sandbox.state.faults.add(Fault("completions", "silence", after_chunks=0))
        await stage.core.intake.receive(said("look", at=holding, attachments=(picture("p", 50),)))
        await until("the first question to be asked", lambda: _were_asked(stage, 1))
        await stage.core.intake.receive(said("and this", at=waiting, attachments=(picture("p", 50),)))
        await until("the second to wait", lambda: _is_tried(stage))
        for number in range(5):
            clock.advance(seconds=2)
            await stage.core.pool.sweep()
            await stage.core.intake.receive(said(f"hello {number}", by=BEN)) if number < 2 else None
        await until("Ben's answers", lambda: _were_asked(stage, 3))
        tries = await stage.rows("SELECT attempt FROM turns ORDER BY id")
        spent = await stage.rows("SELECT turn_id FROM calls WHERE sent ORDER BY turn_id")
        await stage.core.intake.receive(commanded(Command.STOP, at=holding))
        await until("the rest", lambda: stage.are({"answered", "cancelled"}))

    assert (tries[1], spent) == (1, [1, 3, 4])
    assert len(stage.asked) == 4


async def _were_asked(stage: Stage, times: int) -> bool:
    return stage.times_asked >= times


async def _is_tried(stage: Stage) -> bool:
    rows = await stage.rows("SELECT state FROM turns WHERE attempt > 0 ORDER BY id")
    return rows == ["running", "queued"]


async def test_each_file_that_is_left_out_is_named_with_its_reason(migrated_url: str) -> None:
    platform = FakePlatform()
    platform.files = {"notes.txt": Blob(b"word " * 100, "text/plain")}
    files = (
        Attachment("notes.txt", "notes.txt", "text/plain", 500),
        picture("huge.png", 20 * MB),
        Attachment("app.exe", "app.exe", "application/x-msdownload", 7),
    )
    async with staged(migrated_url, platform=platform, limits={"attachment_text_chars": 50}) as stage:
        await stage.hear(said("look", attachments=files))

    shown = "\n".join(platform.visible("D-ana"))
    assert "I read files of up to 10 MB, so this answer goes without huge.png." in shown
    assert "I can't read files of that kind, so this answer goes without app.exe." in shown
    assert "so this answer goes without the rest of notes.txt." in shown
