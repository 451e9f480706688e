"""What people have the bot do by its word: the same on every platform, in a turn like any other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.aivax.request import ChatMessage
from core.conversations.capabilities import CapabilityRun
from core.domain import Author, Command, Commanded, Edited, Identity, MadeFile, NoBalance
from core.i18n import Phrase, behind_word, spoken_capability
from tests.capability_doing import ALONE, ECHO, Doing, named
from tests.samples import BEN, DIRECT, PNG, WallClock, said
from tests.stage import FakePlatform, staged

ROOT = Author(Identity("discord", "W1", "7"), "Root")
EVE = Author(Identity("discord", "W1", "8"), "Eve")


@pytest.mark.parametrize(
    ("text", "found", "words"),
    [
        ("echo a b", "echo", "a b"),
        ("  /Echo:\n a\nb ", "echo", "a\nb"),
        ("pergunta a b", "echo", "a b"),
        ("echo", "echo", ""),
        ("echoes of a", "", ""),
        ("an echo", "", ""),
        ("", "", ""),
        ("alone", "alone", ""),
        ("alone at home", "", ""),
    ],
)
def test_a_message_asks_for_what_its_first_word_names(text: str, found: str, words: str) -> None:
    capability = spoken_capability([replace(ALONE, word=Phrase.FILE_NAME), ECHO], text)

    assert (capability.name if capability else "") == found
    assert capability is None or behind_word(capability, text) == words


@given(st.text(), st.text())
def test_no_word_behind_it_is_lost(blank: str, words: str) -> None:
    text = f"echo {blank.strip()} {words}"

    assert behind_word(ECHO, text).split() == text.split()[1:]


async def test_it_is_done_in_place_of_asking(migrated_url: str) -> None:
    async with staged(migrated_url, handlers=[Doing(ECHO)]) as stage:
        await stage.hear(said("echo what I say"), said("hello"))

        echo, answer = stage.platform.visible("D-ana")
        assert (echo, stage.times_asked) == ("echo: what I say", 1)
        assert "hello" in answer
        assert "echo what I say" in str(stage.asked[0]["messages"])


async def test_it_asks_the_model_what_stands_behind_the_word_as_it_likes(migrated_url: str) -> None:
    async def ask(run: CapabilityRun) -> None:
        said_unseen = await run.ask_quietly()
        await run.write(f"{len(said_unseen) > 0}\n\n")
        seen = await run.ask(
            lambda asked: replace(asked, messages=(*asked.messages, ChatMessage("user", "and in short")))
        )
        await run.write(f"\n\n{len(seen) > 0}")

    async with staged(migrated_url, handlers=[Doing(ECHO, ask)]) as stage:
        await stage.hear(said("echo why?"))

        (shown,) = stage.platform.visible("D-ana")
        quiet, loud = (body["messages"] for body in stage.asked)
        assert quiet[-1]["content"] == "why?"
        assert loud[-1]["content"] == "and in short"
        assert shown.startswith("True\n\n")
        assert "in short" in shown
        assert shown.endswith("\n\nTrue")


async def test_it_shows_files_counts_money_and_says_how_far_it_is(migrated_url: str) -> None:
    async def draw(run: CapabilityRun) -> None:
        await run.status("half done")
        await run.show(MadeFile("a.png", "image/png", "a cat", PNG))
        run.spent("pictures", 0.25)
        await run.write("Done.")

    async with staged(migrated_url, handlers=[Doing(ECHO, draw)]) as stage:
        await stage.hear(said("echo cats"))

        assert stage.platform.visible("D-ana") == ["Done.", f"<a.png: {len(PNG)} bytes, a cat>"]
        assert await stage.rows("SELECT other_usd FROM usage WHERE model = 'pictures'") == [0.25]


async def test_a_refusal_is_told_by_its_own_sentence_and_the_next_one_is_heard(migrated_url: str) -> None:
    async def fail(_: CapabilityRun) -> None:
        raise NoBalance(status=402)

    async with staged(migrated_url, handlers=[Doing(ECHO, fail)]) as stage:
        await stage.hear(said("echo a"), said("hello"))

        poor, answer = stage.platform.visible("D-ana")
        assert "too little credit" in poor
        assert "hello" in answer
        assert await stage.states() == ["failed", "answered"]


async def test_what_was_switched_off_meanwhile_says_so(migrated_url: str) -> None:
    async with staged(migrated_url, handlers=[Doing(ECHO)]) as stage:
        await stage.hear(said("echo a"))
        await stage.change("UPDATE turns SET state = 'queued', answer = NULL, ended_at = NULL")
        await stage.change("DELETE FROM messages WHERE role = 'assistant'")
    async with staged(migrated_url, platform=stage.platform, handlers=[]) as later:
        await later.core.pool.sweep()
        await later.rest()

        assert any("switched it off" in shown for shown in later.platform.visible("D-ana"))


async def test_one_person_s_share_of_a_day_is_theirs(migrated_url: str) -> None:
    clock = WallClock()
    echo = Doing(replace(ECHO, daily=2))
    async with staged(migrated_url, handlers=[echo], now=clock) as stage:
        await stage.hear(*(said(f"echo {at}") for at in range(4)), said("echo b", by=BEN, at=DIRECT))
        first_day = echo.did
        clock.advance(minutes=24 * 60 + 1)
        await stage.hear(said("echo later"))

        shown = "\n".join(stage.platform.visible("D-ana"))
        assert (first_day, echo.did) == (3, 4)
        assert "2 times a day" in shown
        assert "echo: b" in shown


async def test_what_operators_alone_may_do_nobody_else_gets_by_an_edit_either(migrated_url: str) -> None:
    secret = Doing(named("echo", operators_only=True))
    platform = FakePlatform()
    platform.platform = "discord"  # type: ignore[misc]
    there = replace(DIRECT, platform="discord")
    async with staged(
        migrated_url, platform=platform, handlers=[secret], operators={"discord_users": ["7"]}
    ) as stage:
        question = said("hello", by=EVE, at=there)
        await stage.hear(question, said("echo a", by=EVE, at=there))
        edit = Edited(("edit",), EVE, there, question.origin, "echo b")
        await stage.hear(edit)
        help_of = [Commanded((f"h{who.name}",), who, there, Command.HELP, "D-ana") for who in (EVE, ROOT)]
        await stage.hear(help_of[0])
        refused = secret.did
        told = stage.platform.visible("D-ana")[-1]
        await stage.hear(help_of[1], said("echo c", by=ROOT, at=there))

        assert (refused, secret.did) == (0, 1)
        shown = "\n".join(stage.platform.visible("D-ana"))
        assert "Only the people who run me" in shown
        assert "`question`" not in told
        assert shown.count("`question`") == 1


async def test_a_message_meanwhile_is_a_question_of_its_own(migrated_url: str) -> None:
    async with staged(migrated_url, handlers=[Doing(ECHO)], conversation={"when_busy": "merge"}) as stage:
        for event in (said("hello"), said("echo a"), said("and more")):
            await stage.core.intake.receive(event)
        await stage.rest()

        assert "echo: a" in stage.platform.visible("D-ana")
