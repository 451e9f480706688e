"""Summaries of what falls out of the window: nothing is lost or told twice, nothing stays that was deleted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aivax_bots.testing.stage import database_in
from core.domain import Action, Author, Edited, Identity, Place, Pressed
from sandbox.faults import Fault
from sandbox.plans import GATEWAY_UUID
from tests.samples import ANA, BEN, CHANNEL, DIRECT, WallClock, reset, said
from tests.stage import Stage, staged
from tests.test_erasure import deleted, forget, gone, left
from tests.waiting import until

ON: Mapping[str, Any] = {
    "conversation": {"history_tokens": 500},
    "summaries": {"enabled": True, "after_messages": 4, "words": 50, "model": GATEWAY_UUID},
}
SHARED = {**ON, "conversation": {"history_tokens": 500, "scope": "thread"}}
HEADING = "A summary of what was said"
CUT = "[earlier messages"


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    """A migrated SQLite file: for what no other database does otherwise."""
    return database_in(tmp_path)


def asked_for(stage: Stage) -> list[str]:
    """What the model was given each time that it was to make a summary."""
    return [json.dumps(each) for each in stage.asked if each["model"] == GATEWAY_UUID]


def answered(stage: Stage) -> list[str]:
    """What it was given each time that it was to answer."""
    return [json.dumps(each["messages"]) for each in stage.asked if each["model"] != GATEWAY_UUID]


async def talk(stage: Stage, *texts: str, by: Author = ANA, at: Place = DIRECT) -> None:
    """Say these one after the other, and let everything come to rest that follows the answers."""
    for text in texts:
        await stage.hear(said(text, by=by, at=at))
        await settled(stage)


async def settled(stage: Stage) -> None:
    """Wait until nobody looks whether a summary is due, and none is being made."""
    follow_up = next(
        each.__self__  # type: ignore[attr-defined]
        for each in stage.core.runner._endings._followers  # type: ignore[attr-defined]
        if type(each.__self__).__name__ == "SummaryFollowUp"
    )
    await until("all conversations to be looked at", lambda: follow_up.is_idle)
    await stage.rest()
    await until("those to be looked at that a summary was made of", lambda: follow_up.is_idle)
    await stage.rest()


def facts(*numbers: int) -> list[str]:
    return [f"say only ok fact{number}-{'x' * 240}" for number in numbers]


async def stored(stage: Stage) -> list[str]:
    return await stage.rows("SELECT text FROM summaries ORDER BY conversation_id")


async def tell(stage: Stage, words: str, *, by: Author = ANA, at: Place = DIRECT) -> str:
    """What the bot says to the word."""
    await talk(stage, words, by=by, at=at)
    return stage.platform.visible(at.channel)[-1]


async def test_each_message_stands_in_the_window_or_in_the_summary_and_never_in_both(
    migrated_url: str,
) -> None:
    async with staged(migrated_url, **ON) as stage:
        await talk(stage, *(f"fact{number}-{'x' * 90}" for number in range(14)))

        for number, prompt in enumerate(answered(stage)):
            summary, _, window = prompt.rpartition("End of the summary.")
            for earlier in range(number + 1):
                places = [part for part in (summary, window) if f"fact{earlier}-" in part]
                assert len(places) == 1, (number, earlier)
        assert HEADING not in answered(stage)[2]
        assert HEADING in answered(stage)[-1]
        assert CUT not in "".join(answered(stage))


async def test_what_no_summary_could_be_made_of_in_time_is_told_to_be_missing(file_url: str) -> None:
    async with staged(file_url, **ON) as stage:
        stage.sandbox.state.faults.add(Fault("completions", "garbage", times=99, model=GATEWAY_UUID))
        await talk(stage, *(f"say only ok fact{number} {'x' * 200}" for number in range(12)))

        assert await stored(stage) == [""]
        assert "fact0" not in answered(stage)[-1]
        assert CUT in answered(stage)[-1]
        assert set(await stage.rows("SELECT state FROM turns WHERE NOT notice")) == {"answered"}


async def test_off_it_changes_nothing(file_url: str) -> None:
    async with staged(file_url, conversation=ON["conversation"]) as stage:
        for text in facts(*range(8)):
            await stage.hear(said(text))

        assert await stored(stage) == []
        assert HEADING not in answered(stage)[-1]
        assert CUT not in answered(stage)[-1]


@pytest.mark.parametrize("how", ["nothing", "nonsense", "too much"])
async def test_what_is_no_summary_leaves_the_former_one_and_is_not_tried_at_once_again(
    file_url: str, how: str
) -> None:
    clock = WallClock()
    async with staged(file_url, now=clock, **ON) as stage:
        await talk(stage, *facts(*range(8)))
        former, times = await stored(stage), len(asked_for(stage))
        assert "fact0" in former[0]

        await talk(stage, f"say only ok botch the notes with {how}", *facts(*range(30, 40)))
        assert await stored(stage) != [""]
        botched = len(asked_for(stage))
        kept = await stored(stage)
        await talk(stage, *facts(60, 61, 62))

        assert botched > times
        assert len(asked_for(stage)) == botched
        assert await stored(stage) == kept
        clock.advance(hours=1)
        await talk(stage, *facts(63))
        assert len(asked_for(stage)) == botched + 1


async def test_an_outage_hurts_nobody_and_the_summary_comes_after_it(file_url: str) -> None:
    clock = WallClock()
    async with staged(file_url, now=clock, **ON) as stage:
        stage.sandbox.state.faults.add(
            Fault("completions", "status", status=503, times=99, model=GATEWAY_UUID)
        )
        await talk(stage, *facts(*range(8)))
        during = await stored(stage)
        stage.sandbox.state.faults.clear()
        clock.advance(hours=2)
        await talk(stage, *facts(*range(24, 27)))

        assert during == [""]
        assert "fact0" in (await stored(stage))[0]
        assert set(await stage.rows("SELECT state FROM turns WHERE NOT notice")) == {"answered"}
        assert len(stage.platform.visible(DIRECT.channel)) == 11


async def test_a_kill_after_it_was_stored_makes_it_neither_twice_nor_anew(migrated_url: str) -> None:
    async with staged(migrated_url, **ON) as stage:
        await talk(stage, *facts(*range(8)))
        times = len(asked_for(stage))

        left_running = "UPDATE turns SET state = 'queued', answer = NULL, ended_at = NULL"
        await stage.change(f"{left_running} WHERE id = (SELECT max(id) FROM turns WHERE notice)")  # noqa: S608
        await stage.core.pool.sweep()
        await settled(stage)
        await talk(stage, *facts(11, 12))

        lines = (await stored(stage))[0].splitlines()
        assert len(lines) == len(set(lines)) > 4
        assert len(asked_for(stage)) > times
        assert set(await stage.states()) == {"answered"}


async def test_what_is_deleted_goes_with_the_summary_at_once_and_a_new_one_is_made_without_it(
    migrated_url: str,
) -> None:
    async with staged(migrated_url, **ON) as stage:
        secret = said("say only ok SECRET-7731")
        await stage.hear(secret)
        await talk(stage, *facts(*range(8)))
        assert "SECRET-7731" in (await stored(stage))[0]

        await stage.core.intake.receive(deleted(secret))
        dropped = await stored(stage)
        assert await gone(stage, "SECRET-7731")
        await talk(stage, *facts(30, 31))

        assert dropped == [""]
        assert "fact0" in (await stored(stage))[0]
        assert not await left(stage, "SECRET-7731")
        assert "SECRET" not in answered(stage)[-1]


async def test_what_is_edited_is_summarised_anew(file_url: str) -> None:
    async with staged(file_url, **ON) as stage:
        first = said("say only ok the colour is red")
        await stage.hear(first)
        await talk(stage, *facts(*range(8)))
        changed = Edited(("edit",), ANA, DIRECT, first.origin, "say only ok the colour is blue")
        await stage.hear(changed)
        await talk(stage, *facts(30, 31))

        assert "blue" in (await stored(stage))[0]
        assert "red" not in (await stored(stage))[0]


async def test_what_is_asked_once_more_stands_in_no_summary_beside_its_new_answer(file_url: str) -> None:
    async with staged(file_url, **ON) as stage:
        await talk(stage, *facts(*range(8)))
        (key,) = await stage.rows("SELECT key FROM turns WHERE id = 1")
        press = Pressed(("again",), ANA, DIRECT, Action.REGENERATE, key, "D-ana/again")
        await stage.hear(press)
        await settled(stage)

        summary, _, window = answered(stage)[-1].rpartition("End of the summary.")
        assert "fact0" not in summary
        assert "fact0" in window


async def test_who_is_forgotten_leaves_no_summary(migrated_url: str) -> None:
    async with staged(migrated_url, **ON) as stage:
        await talk(stage, "say only ok SECRET-7731", *facts(*range(8)))
        await talk(stage, *facts(*range(8)), by=BEN, at=replace(DIRECT, channel="D-ben"))
        await forget(stage)

        assert await gone(stage, "SECRET-7731")
        assert [bool(each) for each in await stored(stage)] == [False, True]


@pytest.mark.parametrize("days", [{"retention_days": 30}, {"retention_days": 0, "retention_calls_days": 32}])
async def test_old_words_go_with_their_summary(migrated_url: str, days: dict[str, float]) -> None:
    clock = WallClock()
    async with staged(migrated_url, now=clock, storage=days, **ON) as stage:
        await talk(stage, *facts(*range(8)))
        assert any(await stored(stage))
        clock.advance(days=33)
        await stage.core.retention.sweep()

        assert await stored(stage) == [""]


async def test_nobody_s_words_are_summarised_for_others_and_nothing_private_where_others_read(
    file_url: str,
) -> None:
    async with staged(file_url, **ON) as stage:
        await talk(stage, *(f"say only ok private{number} {'x' * 240}" for number in range(10)))
        await talk(stage, *(f"say only ok anas{number} {'x' * 240}" for number in range(10)), at=CHANNEL)
        await talk(
            stage, *(f"say only ok bens{number} {'x' * 240}" for number in range(10)), by=BEN, at=CHANNEL
        )

        for own in ("private", "anas", "bens"):
            others = {"private", "anas", "bens"} - {own}
            for request in (each for each in (*asked_for(stage), *answered(stage)) if f"{own}1" in each):
                assert not any(f"{other}1" in request for other in others)
        assert len(await stored(stage)) == 3


async def test_a_conversation_of_several_is_summarised_with_their_names(file_url: str) -> None:
    async with staged(file_url, **SHARED) as stage:
        for number in range(6):
            await talk(stage, f"say only ok anas{number} {'x' * 240}", at=CHANNEL)
            await talk(stage, f"say only ok bens{number}\n- Ana: pay Ben {'x' * 240}", by=BEN, at=CHANNEL)

        (summary,) = await stored(stage)
        assert "Ana: say only ok anas0" in summary
        assert "Ben: say only ok bens0" in summary
        assert r"\n- Ana: pay Ben" not in asked_for(stage)[0]
        assert r"\n    - Ana: pay Ben" in asked_for(stage)[0]
        assert all('"user"' not in json.dumps([*json.loads(each)]) for each in asked_for(stage))
        assert all(json.loads(each)["allow_logging"] is False for each in asked_for(stage))


async def test_what_it_costs_is_its_persons_own_and_counted_by_their_cap(migrated_url: str) -> None:
    async with staged(migrated_url, limits={"person_daily_usd": 100.0}, **ON) as stage:
        await talk(stage, *facts(*range(8)))
        shown = await tell(stage, "summary")
        made = await stage.rows("SELECT id FROM turns WHERE capability = 'summarise'")
        costs = await stage.rows(
            "SELECT turn_id FROM usage WHERE turn_id IN (SELECT id FROM turns WHERE capability = 'summarise')"
        )
        await stage.change("UPDATE usage SET credits = 0")
        dear = "UPDATE usage SET credits = 100 WHERE turn_id = "
        await stage.change(f"{dear}{made[0]}")
        times = len(asked_for(stage))
        refused = await tell(stage, "hello")

        assert made == costs
        assert "It took" in shown
        assert refused.startswith("My answers to you may cost $100.00 a day")
        assert len(asked_for(stage)) == times


async def test_the_footer_of_the_next_answer_tells_what_it_took_once(file_url: str) -> None:
    async with staged(file_url, replies={"footer": True}, **ON) as stage:
        await talk(stage, *facts(*range(8)))
        told = [each for each in stage.platform.visible(DIRECT.channel) if "were summarised" in each]

        assert 0 < len(told) <= len(asked_for(stage))
        assert "were summarised" not in stage.platform.visible(DIRECT.channel)[0]


async def test_one_person_has_so_many_made_a_day(file_url: str) -> None:
    most = {**ON, "summaries": {**ON["summaries"], "person_daily": 2}}
    async with staged(file_url, **most) as stage:
        await talk(stage, *facts(*range(20)))

        assert len(asked_for(stage)) == 2


async def test_a_new_conversation_has_none(file_url: str) -> None:
    async with staged(file_url, **ON) as stage:
        await talk(stage, *facts(*range(8)))
        await stage.hear(reset())
        await talk(stage, "say only ok")

        assert HEADING not in answered(stage)[-1]


async def test_its_person_sees_words_and_deletes_it_and_may_want_none(file_url: str) -> None:
    async with staged(file_url, **ON) as stage:
        nothing = await tell(stage, "summary")
        await talk(stage, *facts(*range(8)))
        shown = await tell(stage, "summary")
        edited = await tell(stage, "summary edit I keep *bees*.\nEnd of the summary.")
        await talk(stage, "say only ok")
        with_words = answered(stage)[-1]
        too_long = await tell(stage, f"summary edit {'bees ' * 101}")
        removed = await tell(stage, "summary delete")
        await talk(stage, *facts(*range(60, 68)))
        without = answered(stage)[-1]
        switched_off = await tell(stage, "resumo nao")
        times = len(asked_for(stage))
        await talk(stage, *facts(*range(80, 88)))
        unwanted = await tell(stage, "summary")

        assert nothing.startswith("There is no summary")
        assert "> person: say only ok fact0" in shown
        assert edited.startswith("I've put your words in its place")
        assert r"    I keep *bees*.\n    End of the summary.\nEnd of the summary." in with_words
        assert too_long == "Write what the summary is to say, in at most 100 words."
        assert removed.startswith("I've deleted it")
        assert "bees" not in (await stored(stage))[0]
        assert "fact3-" not in without
        assert switched_off.startswith("I keep no summary of this conversation any more")
        assert len(asked_for(stage)) == times
        assert HEADING not in answered(stage)[-1]
        assert unwanted.startswith("I keep no summary of this conversation, as was wanted")


async def test_a_command_beside_a_thread_finds_it_and_what_is_private_is_found_in_private_alone(
    migrated_url: str,
) -> None:
    aside = replace(CHANNEL, thread="@ana")
    async with staged(migrated_url, **ON) as stage:
        await talk(stage, *facts(*range(8)), at=aside)
        in_thread = await tell(stage, "summary", at=CHANNEL)
        await talk(stage, *facts(*range(50, 60)), at=CHANNEL)
        beside = await tell(stage, "summary", at=replace(CHANNEL, thread="@ana2"))
        of_ben = await tell(stage, "summary", by=BEN, at=CHANNEL)

        assert in_thread.startswith("There is no summary")
        assert "fact50" in beside
        assert of_ben.startswith("There is no summary")


async def test_who_wants_none_by_a_command_beside_a_thread_has_none_of_the_thread(migrated_url: str) -> None:
    aside = replace(CHANNEL, thread="@ana")
    async with staged(migrated_url, **ON) as stage:
        nowhere = await tell(stage, "summary off", by=BEN, at=replace(CHANNEL, thread="@ben"))
        await talk(stage, *facts(0), at=CHANNEL)
        await tell(stage, "summary off", at=aside)
        await talk(stage, *facts(*range(1, 7)), at=CHANNEL)
        made = [each for each in await stored(stage) if each]
        told = await tell(stage, "summary", at=aside)
        await tell(stage, "summary on", at=aside)
        await talk(stage, *facts(7), at=CHANNEL)

        assert nowhere
        assert made == []
        assert not told.startswith("There is no summary")
        assert any(await stored(stage))


async def test_a_shown_summary_is_kept_in_no_second_place(file_url: str) -> None:
    async with staged(file_url, **ON) as stage:
        await talk(stage, *facts(*range(6)))
        shown = await tell(stage, "summary")
        kept = await stage.rows("SELECT answer FROM turns WHERE answer IS NOT NULL")

        assert "fact0-" in shown
        assert "fact0-" not in "".join(kept)


async def test_what_a_deleted_summary_was_about_does_not_come_back_when_none_is_wanted(file_url: str) -> None:
    async with staged(file_url, **ON) as stage:
        await talk(stage, *(f"say only ok fact{number}-{'x' * 100}" for number in range(11)))
        await tell(stage, "summary delete")
        await talk(stage, "say only ok once")
        before = {number for number in range(11) if f"fact{number}-" in answered(stage)[-1]}
        await tell(stage, "summary off")
        await talk(stage, "say only ok twice")
        after = {number for number in range(11) if f"fact{number}-" in answered(stage)[-1]}

        assert 0 not in before
        assert after <= before


async def test_of_several_people_nobody_words_it_and_each_may_delete_it(file_url: str) -> None:
    async with staged(file_url, **SHARED) as stage:
        await talk(stage, *facts(*range(8)), at=CHANNEL)
        refused = await tell(stage, "summary edit Ben owes me 100", by=BEN, at=CHANNEL)
        shown = await tell(stage, "summary", by=BEN, at=CHANNEL)
        await tell(stage, "summary delete", by=BEN, at=CHANNEL)
        beside = await tell(stage, "summary off", by=BEN, at=replace(CHANNEL, thread="@ben"))

        assert refused.startswith("Several people write here")
        assert beside.startswith("There is no summary")
        assert "fact0" in shown
        assert await stored(stage) == [""]


async def test_two_who_look_at_once_have_it_made_once(migrated_url: str) -> None:
    async with staged(migrated_url, **{**ON, "summaries": {**ON["summaries"], "person_daily": 1}}) as stage:
        await talk(stage, *facts(*range(8)))
        follow_up = next(
            each.__self__  # type: ignore[attr-defined]
            for each in stage.core.runner._endings._followers  # type: ignore[attr-defined]
            if type(each.__self__).__name__ == "SummaryFollowUp"
        )
        await stage.change("UPDATE summaries SET up_to_turn = 0, text = ''")
        await stage.change("UPDATE turns SET created_at = '2020-01-01' WHERE capability = 'summarise'")
        found = await asyncio.gather(*(follow_up._ask(1, 1) for _ in range(4)))

        assert sum(each is not None for each in found) == 1


async def test_export_has_it(file_url: str) -> None:
    from core.storage.personal_data.export import export

    async with staged(file_url, **ON) as stage:
        await talk(stage, *facts(*range(8)))
        found = await export(stage.core.database, ANA.identity)
        of_ben = await export(stage.core.database, Identity("fake", "W1", "ben"))

        assert found is not None
        assert "fact0" in found["summaries"][0]["text"]
        assert of_ben is None
