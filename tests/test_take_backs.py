"""Who asked can take an answer away again: all of it, on the screen and in what is stored."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Sequence
from dataclasses import replace

import pytest

from core.domain import Action, Author, Command, Commanded, Identity, Place, PlaceClosed
from core.i18n import Phrase
from tests.samples import ANA, BEN, CHANNEL, DIRECT, said
from tests.stage import FakePlatform, Stage, staged
from tests.test_edits import pressed
from tests.waiting import until

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR").decode()
OPERATOR = Author(Identity("slack", "W1", "U0000OLGA"), "Olga")
RUN_BY = {"operators": {"slack_users": ["U0000OLGA"]}}


def away(
    *about: str, by: Author = ANA, at: Place = DIRECT, manages: bool = False, whole: bool = False
) -> Commanded:
    key = f"away-{uuid.uuid4().hex}"
    return Commanded(
        (key,), by, at, Command.DELETE, f"told/{key}", whole_channel=whole, about=about, manages=manages
    )


def told(stage: Stage) -> str:
    return stage.platform.visible("told")[-1]


async def stored(stage: Stage) -> list[str]:
    texts = await stage.rows("SELECT text FROM messages WHERE role = 'assistant'")
    texts += await stage.rows("SELECT answer FROM turns WHERE NOT notice AND answer IS NOT NULL")
    return [*texts, *await stage.rows("SELECT alt FROM made_files")]


async def ids(stage: Stage) -> list[str]:
    return await stage.rows("SELECT message_id FROM deliveries WHERE NOT gone ORDER BY id")


async def test_every_part_of_the_answer_goes_from_the_screen_and_from_what_is_stored(
    migrated_url: str,
) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(said(f"long 5000 ![a cat](data:image/png;base64,{PNG})"))
        assert len(stage.platform.visible(DIRECT.channel)) > 2

        await stage.hear(away())

        assert stage.platform.visible(DIRECT.channel) == []
        assert told(stage) == Phrase.DELETE_DONE.value
        assert await stored(stage) == []


@pytest.mark.parametrize("part", [0, 1, -1], ids=["its first message", "its second", "its picture"])
async def test_any_message_of_the_answer_names_it(sqlite_url: str, part: int) -> None:
    async with staged(sqlite_url) as stage:
        await stage.hear(said(f"long 5000 ![a cat](data:image/png;base64,{PNG})"))
        await stage.hear(said("and this?"))
        chosen = (await stage.rows("SELECT message_id FROM deliveries WHERE turn_id = 1 ORDER BY part"))[part]

        await stage.hear(away("no such message", chosen))

        (left,) = stage.platform.visible(DIRECT.channel)
        assert "and this?" in left


async def test_a_later_answer_knows_neither_the_answer_nor_that_it_was_asked_for(sqlite_url: str) -> None:
    async with staged(sqlite_url) as stage:
        await stage.hear(said("tell me of herons"))
        await stage.hear(away())

        await stage.hear(said("and now?"))

        asked = stage.asked[-1]["messages"]
        assert "herons" not in str(asked)


async def test_a_later_answer_that_quotes_it_loses_its_words_too(sqlite_url: str) -> None:
    async with staged(sqlite_url) as stage:
        await stage.hear(said("the heron stands still in shallow water"))
        (first,) = await stage.rows("SELECT text FROM messages WHERE role = 'assistant'")
        await stage.hear(said(f"say again: {first}"))
        await stage.hear(said("something else"))

        await stage.hear(away(*await stage.rows("SELECT message_id FROM deliveries WHERE turn_id = 1")))

        assert not any("heron" in each for each in await stored(stage))


@pytest.mark.parametrize(
    ("who", "manages", "goes"),
    [(BEN, False, False), (BEN, True, True), (OPERATOR, False, True), (ANA, False, True)],
    ids=["somebody else", "who manages messages", "an operator", "who asked"],
)
async def test_who_may_take_an_answer_away(sqlite_url: str, who: Author, manages: bool, goes: bool) -> None:
    async with staged(sqlite_url, **RUN_BY) as stage:
        await stage.hear(said("hello", at=CHANNEL))

        await stage.hear(away(*await ids(stage), by=who, at=CHANNEL, manages=manages))

        assert (stage.platform.visible(CHANNEL.channel) == []) is goes
        assert told(stage) == (Phrase.DELETE_DONE if goes else Phrase.DELETE_NOT_YOURS).value


async def test_the_newest_answer_is_meant_that_still_stands_and_of_ones_own(sqlite_url: str) -> None:
    async with staged(sqlite_url) as stage:
        for text in ("first", "second"):
            await stage.hear(said(text, at=CHANNEL))
        await stage.hear(said("by Ben", by=BEN, at=CHANNEL))

        await stage.hear(away(at=CHANNEL))
        assert ["second" in each for each in stage.platform.visible(CHANNEL.channel)] == [False, False]
        await stage.hear(away(at=replace(CHANNEL, thread="another")))

        (left,) = stage.platform.visible(CHANNEL.channel)
        assert "by Ben" in left
        await stage.hear(away(at=CHANNEL))
        assert told(stage) == Phrase.DELETE_NOTHING.value


async def test_an_answer_that_is_being_written_ends_first(sqlite_url: str) -> None:
    async with staged(sqlite_url) as stage:
        await stage.core.intake.receive(said("wait 30 long 9000"))
        await until("AIVAX to be asked", lambda: stage.times_asked == 1)

        await stage.core.intake.receive(away())

        await until("it to be told", lambda: stage.platform.visible("told"))
        assert told(stage) == Phrase.DELETE_DONE.value
        assert stage.platform.visible(DIRECT.channel) == []
        assert await stored(stage) == []
        assert (await stage.states())[0] == "cancelled"


class Stuck(FakePlatform):
    """A platform on which nothing can be removed."""

    async def remove(self, address: str, message_ids: Sequence[str]) -> None:
        raise PlaceClosed("fake", code="50013")


async def test_what_cant_be_removed_is_forgotten_and_told_so(sqlite_url: str) -> None:
    async with staged(sqlite_url, platform=Stuck()) as stage:
        await stage.hear(said("hello"))

        await stage.hear(away())

        assert told(stage) == Phrase.DELETE_FORGOTTEN.value
        assert await stored(stage) == []


async def test_it_is_removed_by_the_next_process_where_this_one_ends_before(sqlite_url: str) -> None:
    platform = FakePlatform()
    async with staged(sqlite_url, platform=platform) as stage:
        await stage.hear(said("hello"))
    async with staged(sqlite_url, platform=platform) as stage:
        await stage.core.intake.receive(away())
        # nothing is awaited: the process ends with the turn in its hands, or before it was claimed

    async with staged(sqlite_url, platform=platform) as stage:
        await stage.rest()

        assert stage.platform.visible(DIRECT.channel) == []


async def test_a_promise_to_answer_goes_with_its_question(sqlite_url: str) -> None:
    async with staged(sqlite_url) as stage:
        await stage.hear(said("hello"))
        key = (await stage.rows("SELECT key FROM turns"))[0]
        await stage.hear(pressed(Action.GOOD, key), away())

        await stage.hear(away(*await ids(stage)))

        assert stage.platform.visible(DIRECT.channel) == []
