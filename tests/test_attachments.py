"""Files of a question: bounded in number, bytes and characters, and sharing one memory fairly."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.aivax.requests import TextPart
from core.conversations.attachments import Why, choose, fetch_parts
from core.conversations.shelf import Shelf
from core.messages import Attachment, Blob
from core.settings import LimitsSettings
from sandbox.server import serve
from tests.samples import ANA, BEN, said
from tests.stage import FakePlatform, staged

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


@given(st.lists(st.text(max_size=50), min_size=1, max_size=4), st.integers(0, 100))
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

    def __init__(self, shelf: Shelf, name: str) -> None:
        self._shelf = shelf
        self._name = name

    def ask(self, turn: int, size_bytes: int) -> bool:
        return self._shelf.take(turn, self._name, size_bytes) is None


def test_one_person_with_many_files_leaves_room_for_others() -> None:
    shelf = Shelf(100 * MB, 0.5, now=lambda: 0.0)
    ana, ben = Person(shelf, "ana"), Person(shelf, "ben")

    assert [ana.ask(turn, 50 * MB) for turn in range(20)] == [True] + [False] * 19
    assert ben.ask(100, 10 * MB)


def test_who_waits_for_much_room_is_not_passed_by_all_others() -> None:
    shelf = Shelf(100, 0.5, now=lambda: 0.0)
    people = [Person(shelf, str(number)) for number in range(9)]
    assert [people[number].ask(number, 30) for number in range(3)] == [True] * 3
    assert not people[3].ask(3, 50)

    assert not people[4].ask(4, 10)
    shelf.give_back(0)
    shelf.give_back(1)
    assert not people[4].ask(4, 30)
    assert people[3].ask(3, 50)


def test_a_turn_that_never_comes_back_keeps_nobody_waiting() -> None:
    clock = [0.0]
    shelf = Shelf(100, 0.6, now=lambda: clock[0])
    first, second, third = (Person(shelf, name) for name in "abc")
    assert first.ask(1, 60)
    assert not second.ask(2, 60)

    clock[0] = 60.0
    assert third.ask(3, 40)


def test_those_who_wait_ask_the_seldomer_the_more_of_their_own_wait_before_them() -> None:
    shelf = Shelf(100, 0.5, now=lambda: 0.0)
    shelf.take(0, "ana", 50)

    waits = [shelf.take(turn, "ana", 50) for turn in range(1, 101)]

    assert waits[:3] == [1.0, 2.0, 3.0]
    assert max(wait for wait in waits if wait) == 60.0


@given(st.lists(st.tuples(st.integers(0, 8), st.sampled_from("abc"), st.integers(0, 50)), max_size=60))
def test_no_more_is_given_than_there_is_and_nobody_gets_more_than_a_part(
    asked: list[tuple[int, str, int]],
) -> None:
    shelf = Shelf(100, 0.5, now=lambda: 0.0)
    taken: dict[int, tuple[str, int]] = {}
    for turn, person, size in asked:
        if turn in taken:
            shelf.give_back(turn)
            del taken[turn]
        elif shelf.take(turn, person, size) is None:
            taken[turn] = (person, size)

        assert sum(size for _, size in taken.values()) <= 100
        assert all(sum(size for who, size in taken.values() if who == each) <= 50 for each in "abc")


async def test_questions_whose_files_have_no_room_are_answered_later_and_others_at_once(
    migrated_url: str,
) -> None:
    platform = FakePlatform()
    platform.files = {"p": Blob(b"\x89" * 50, "image/png")}
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
                await stage.core.queue.sweep()

    assert len(stage.asked) == 5


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
