"""What a person takes back, changes, stops or asks again, and what they are shown of themselves; on both databases."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from core.domain import (
    Action,
    Author,
    Button,
    Command,
    Commanded,
    Deleted,
    Edited,
    Identity,
    Left,
    Place,
    Pressed,
    Said,
    Turn,
)
from core.storage.db import Database
from sandbox.server import Sandbox, serve
from tests.samples import ANA, BEN, CHANNEL, DIRECT, said
from tests.stage import Stage, staged
from tests.waiting import waiting_for

HERE = DIRECT.channel
LONG = "long 3000"
STOPPED = "Stopped here, as you asked."


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with serve(plan="max") as server:
        server.state.tokens_per_s = 60
        yield server


@pytest.fixture
async def stage(migrated_url: str, sandbox: Sandbox) -> AsyncIterator[Stage]:
    async with staged(migrated_url, sandbox=sandbox) as opened:
        yield opened


def edited(message: Said, text: str, *, by: Author | None = None) -> Edited:
    author = by or message.author
    return Edited((f"{message.origin}:{text}",), author, message.place, message.origin, text)


def deleted(*messages: Said, channel: str = "") -> Deleted:
    place, origins = messages[0].place, tuple(message.origin for message in messages)
    key = (f"deleted:{origins}",)
    return Deleted(key, place.platform, place.workspace, channel or place.channel, origins)


def commanded(command: Command, *, by: Author = ANA, at: Place = DIRECT, whole: bool = False) -> Commanded:
    key = f"{command}-{uuid.uuid4().hex}"
    return Commanded((key,), by, at, command, f"{at.channel}/{key}", whole_channel=whole)


def pressed(action: Action, turn: str, *, by: Author = ANA, text: str = "", at: Place = DIRECT) -> Pressed:
    return Pressed((f"{action}-{uuid.uuid4().hex}",), by, at, action, turn, f"whispers/{action}", text)


async def until(stage: Stage, seen: Callable[[list[str]], bool], place: str = HERE) -> None:
    """Wait until the place looks so."""
    changed = asyncio.Event()

    async def note(_step: str) -> None:
        changed.set()

    channel = stage.platform.place(place)
    channel.hook = note
    async with waiting_for("a change of what is visible"):
        while not seen(channel.visible):
            changed.clear()
            await changed.wait()


async def begin(stage: Stage, message: Said) -> None:
    """Ask, and wait until some of the answer shows."""
    await stage.core.intake.receive(message)
    await until(stage, lambda shown: any(len(text) > 40 for text in shown), message.place.channel)


def labels(buttons: list[Button]) -> list[Action]:
    return [button.action for button in buttons]


async def keys(stage: Stage) -> list[str]:
    return await stage.rows("SELECT key FROM turns ORDER BY id")


def contents(stage: Stage) -> list[str]:
    return [message["content"] for message in stage.asked[-1]["messages"]]


# Stopping


async def test_a_stop_ends_the_answer_and_keeps_what_was_said(stage: Stage, sandbox: Sandbox) -> None:
    await begin(stage, said(LONG))
    assert labels(stage.platform.place(HERE).buttons) == [Action.STOP]

    await stage.hear(pressed(Action.STOP, (await keys(stage))[0]))

    (shown,) = stage.platform.visible(HERE)
    assert shown.endswith(STOPPED)
    assert labels(stage.platform.place(HERE).buttons) == [Action.REGENERATE]
    assert await stage.states() == ["cancelled"]
    sandbox.state.tokens_per_s = 0
    await stage.hear(said("and now?"))
    past = contents(stage)
    assert past[0] == LONG
    assert shown.startswith(past[1].strip()[:30])
    assert past[2] == "and now?"


async def test_nobody_else_can_stop_an_answer(stage: Stage, sandbox: Sandbox) -> None:
    await begin(stage, said(LONG, at=CHANNEL))

    await stage.core.intake.receive(pressed(Action.STOP, (await keys(stage))[0], by=BEN, at=CHANNEL))
    sandbox.state.tokens_per_s = 0
    await stage.rest()

    assert STOPPED not in "".join(stage.platform.visible(CHANNEL.channel))
    assert stage.platform.visible("whispers") == ["Only the person who asked can decide that."]


async def test_a_platforms_own_stop_needs_no_key(stage: Stage) -> None:
    await begin(stage, said(LONG))

    await stage.hear(pressed(Action.STOP, ""))

    assert stage.platform.visible(HERE)[0].endswith(STOPPED)


async def test_the_command_stop_ends_what_runs_and_what_waits(stage: Stage) -> None:
    await begin(stage, said(LONG))
    await stage.core.intake.receive(said("a second one"))

    await stage.hear(commanded(Command.STOP))

    shown = stage.platform.visible(HERE)
    assert shown[0].endswith(STOPPED)
    assert shown[1:] == ["All right, I've stopped."]
    assert await stage.states() == ["cancelled", "cancelled", "answered"]


async def test_a_stop_for_the_whole_channel_reaches_its_threads(stage: Stage) -> None:
    await begin(stage, said(LONG, at=CHANNEL))

    await stage.hear(commanded(Command.STOP, at=replace(CHANNEL, thread=""), whole=True))

    assert STOPPED in "".join(stage.platform.visible(CHANNEL.channel))


async def test_a_stop_with_nothing_to_stop_says_so(stage: Stage) -> None:
    await stage.hear(commanded(Command.STOP))

    assert stage.platform.visible(HERE) == ["There is nothing of yours here that I'm answering."]


async def test_a_stop_reaches_the_process_that_writes_the_answer(postgres_url: str, sandbox: Sandbox) -> None:
    async with (
        staged(postgres_url, sandbox=sandbox) as writer,
        staged(postgres_url, sandbox=sandbox, platform=writer.platform) as other,
    ):
        await begin(writer, said(LONG))

        await other.core.intake.receive(pressed(Action.STOP, (await keys(writer))[0]))

        await until(writer, lambda shown: shown[0].endswith(STOPPED))


async def test_a_stop_holds_when_the_process_dies_before_it_is_heard(
    migrated_url: str, sandbox: Sandbox
) -> None:
    async with staged(migrated_url, sandbox=sandbox, limits={"shutdown_grace_s": 0}) as first:
        await begin(first, said(LONG))
    calls = len(first.asked)
    await first.change("UPDATE turns SET cancel_request = 'stop'")

    async with staged(migrated_url, sandbox=sandbox, platform=first.platform) as second:
        await second.rest()
        (shown,) = second.platform.visible(HERE)
        assert shown.endswith(STOPPED)
        assert len(second.asked) == calls


# Edits and deletions


async def test_an_edit_in_mid_answer_begins_another_answer_to_the_new_words(
    stage: Stage, sandbox: Sandbox
) -> None:
    question = said(LONG)
    await begin(stage, question)

    await stage.hear(edited(question, "something short"))

    old, new = stage.platform.visible(HERE)
    assert "because you changed your question" in old
    assert "something short" in new
    assert await stage.states() == ["superseded", "answered"]
    assert contents(stage) == ["something short"]


async def test_an_edit_of_a_question_that_waits_changes_what_is_asked(stage: Stage, sandbox: Sandbox) -> None:
    await begin(stage, said("long 100"))
    waiting = said("old words")
    await stage.core.intake.receive(waiting)
    await stage.core.intake.receive(edited(waiting, "new words"))
    sandbox.state.tokens_per_s = 0
    await stage.rest()

    assert contents(stage)[-1] == "new words"
    assert await stage.states() == ["answered", "answered"]


async def test_an_edit_of_what_was_answered_only_changes_what_is_remembered(
    stage: Stage, sandbox: Sandbox
) -> None:
    sandbox.state.tokens_per_s = 0
    question = said("my name is Ana")
    await stage.hear(question)
    calls = len(stage.asked)

    await stage.hear(edited(question, "my name is Eva"))

    assert len(stage.asked) == calls
    await stage.hear(said("what is my name?"))
    assert contents(stage)[0] == "my name is Eva"


async def test_nobody_else_can_edit_a_question(stage: Stage, sandbox: Sandbox) -> None:
    sandbox.state.tokens_per_s = 0
    question = said("mine", at=CHANNEL)
    await stage.hear(question)

    await stage.hear(edited(question, "theirs", by=BEN))

    assert await stage.rows("SELECT text FROM messages WHERE role = 'user'") == ["mine"]


async def test_deleting_a_question_in_mid_answer_ends_the_answer_and_empties_the_text(stage: Stage) -> None:
    question = said(LONG)
    await begin(stage, question)

    await stage.hear(deleted(question))

    (shown,) = stage.platform.visible(HERE)
    assert shown.endswith("Stopped here, because the question was deleted.")
    assert await stage.states() == ["cancelled"]
    assert await stage.rows("SELECT text FROM messages WHERE role = 'user'") == [""]


async def test_a_question_that_is_deleted_before_it_is_put_together_is_no_greeting(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    composer = stage.core.runner._generation._composer
    compose = composer.compose

    async def compose_late(turn: Turn, *rest: Any) -> Any:
        if turn.author == ANA:  # as another process does
            await stage.change("UPDATE messages SET text = '' WHERE text = 'secret'")
            await stage.change("UPDATE turns SET cancel_request = 'withdraw' WHERE address LIKE 'D-ana%'")
        return await compose(turn, *rest)

    monkeypatch.setattr(composer, "compose", compose_late)

    await stage.hear(said("secret"), said("hello", by=BEN, at=CHANNEL))

    assert stage.platform.visible("D-ana") == []
    assert "hello" in stage.platform.visible(CHANNEL.channel)[-1]
    assert sorted(await stage.states()) == ["answered", "cancelled"]


async def test_what_was_deleted_is_shown_to_the_model_no_more(stage: Stage, sandbox: Sandbox) -> None:
    sandbox.state.tokens_per_s = 0
    question = said("my secret", at=CHANNEL)
    await stage.hear(question)

    await stage.hear(deleted(question, channel=CHANNEL.thread))

    await stage.hear(said("what did I say?", at=CHANNEL))
    assert "my secret" not in contents(stage)
    assert "my secret" not in await stage.rows("SELECT text FROM messages")


async def test_a_deletion_of_what_nobody_knows_changes_nothing(stage: Stage, sandbox: Sandbox) -> None:
    sandbox.state.tokens_per_s = 0
    await stage.hear(said("kept"))

    await stage.hear(deleted(said("never heard")))

    assert "kept" in await stage.rows("SELECT text FROM messages")


async def test_being_removed_from_a_workspace_ends_what_waits_there_alone(stage: Stage) -> None:
    await begin(stage, said(LONG))
    elsewhere = replace(DIRECT, workspace="W2", channel="D-eva")
    eva = Author(Identity("fake", "W2", "eva"), "Eva")
    await stage.core.intake.receive(said("still here", by=eva, at=elsewhere))

    await stage.core.intake.receive(Left(("left",), "fake", "W1"))
    await until(stage, lambda shown: bool(shown), "D-eva")
    await stage.rest()

    assert await stage.states() == ["cancelled", "answered"]


# Once more, and what people think


async def test_an_answer_is_written_once_more_and_takes_the_olds_place_in_the_history(
    stage: Stage, sandbox: Sandbox
) -> None:
    sandbox.state.tokens_per_s = 0
    await stage.hear(said("tell me"))
    assert labels(stage.platform.place(HERE).buttons) == [Action.REGENERATE, Action.GOOD, Action.BAD]

    await stage.hear(pressed(Action.REGENERATE, (await keys(stage))[0]))

    assert len(stage.platform.visible(HERE)) == 2
    assert contents(stage) == ["tell me"]
    await stage.hear(said("and then?"))
    assert [text for text in contents(stage) if text == "tell me"] == ["tell me"]
    assert len(contents(stage)) == 3


async def test_only_the_author_can_have_it_written_once_more(stage: Stage, sandbox: Sandbox) -> None:
    sandbox.state.tokens_per_s = 0
    await stage.hear(said("tell me", at=CHANNEL))

    await stage.hear(pressed(Action.REGENERATE, (await keys(stage))[0], by=BEN, at=CHANNEL))

    assert len(stage.platform.visible(CHANNEL.channel)) == 1


async def test_what_is_no_longer_stored_cannot_be_answered_once_more(stage: Stage, sandbox: Sandbox) -> None:
    sandbox.state.tokens_per_s = 0
    question = said("tell me")
    await stage.hear(question)
    await stage.hear(deleted(question))

    await stage.hear(pressed(Action.REGENERATE, (await keys(stage))[0]))

    assert "no longer stored" in stage.platform.visible("whispers")[0]


async def test_who_is_asked_for_a_comment_is_thanked_when_it_is_there(stage: Stage, sandbox: Sandbox) -> None:
    sandbox.state.tokens_per_s = 0
    await stage.hear(said("tell me"))
    press = pressed(Action.BAD, (await keys(stage))[0])

    await stage.hear(replace(press, asked_for_more=True))

    assert stage.platform.visible("whispers") == []
    assert len(await stage.rows("SELECT id FROM feedback")) == 1


async def test_feedback_is_kept_with_the_turn_the_newest_of_each_person(
    stage: Stage, sandbox: Sandbox
) -> None:
    sandbox.state.tokens_per_s = 0
    await stage.hear(said("tell me", at=CHANNEL))
    turn = (await keys(stage))[0]

    await stage.hear(pressed(Action.GOOD, turn, by=BEN, at=CHANNEL))
    await stage.hear(pressed(Action.BAD, turn, at=CHANNEL))
    await stage.hear(pressed(Action.BAD, turn, at=CHANNEL, text="too long"))
    await stage.hear(pressed(Action.BAD, turn, at=CHANNEL))

    assert await stage.rows("SELECT comment FROM feedback ORDER BY id") == ["", "too long"]
    assert [bool(good) for good in await stage.rows("SELECT good FROM feedback ORDER BY id")] == [True, False]
    assert stage.platform.visible("whispers")[0].startswith("Thank you")


# While busy


async def test_merged_words_are_answered_together(migrated_url: str, sandbox: Sandbox) -> None:
    async with staged(migrated_url, sandbox=sandbox, conversation={"when_busy": "merge"}) as stage:
        await begin(stage, said(LONG))
        for text in ("first of all", "and also", "that's all"):
            await stage.core.intake.receive(said(text))
        sandbox.state.tokens_per_s = 0
        await stage.rest()

        assert contents(stage)[-1] == "first of all\n\nand also\n\nthat's all"


async def test_words_of_another_author_do_not_merge(migrated_url: str, sandbox: Sandbox) -> None:
    settings = {"conversation": {"when_busy": "merge", "scope": "thread"}}
    async with staged(migrated_url, sandbox=sandbox, **settings) as stage:
        await begin(stage, said(LONG, at=CHANNEL))
        await stage.core.intake.receive(said("mine", at=CHANNEL))
        await stage.core.intake.receive(said("yours", by=BEN, at=CHANNEL))

        assert len(await stage.states()) == 3
        await stage.hear(commanded(Command.STOP, at=CHANNEL))


async def test_newer_words_interrupt_the_answer_and_see_its_beginning(
    migrated_url: str, sandbox: Sandbox
) -> None:
    async with staged(migrated_url, sandbox=sandbox, conversation={"when_busy": "interrupt"}) as stage:
        await begin(stage, said(LONG))

        await stage.hear(said("no, wait"))

        first, second = stage.platform.visible(HERE)
        assert first.endswith("Stopped here, because you wrote something new.")
        assert "no, wait" in second
        past = contents(stage)
        assert (past[0], past[-1]) == (LONG, "no, wait")
        assert len(past) == 3
        assert await stage.states() == ["superseded", "answered"]


async def test_another_authors_words_interrupt_nothing(migrated_url: str, sandbox: Sandbox) -> None:
    settings = {"conversation": {"when_busy": "interrupt", "scope": "thread"}}
    async with staged(migrated_url, sandbox=sandbox, **settings) as stage:
        await begin(stage, said("long 100", at=CHANNEL))
        await stage.hear(said("me too", by=BEN, at=CHANNEL))

        assert await stage.states() == ["answered", "answered"]


async def test_an_answer_that_its_platform_announces_is_not_merged(
    migrated_url: str, sandbox: Sandbox
) -> None:
    async with staged(migrated_url, sandbox=sandbox, conversation={"when_busy": "merge"}) as stage:
        await begin(stage, said("long 100"))
        for awaited in (True, False, True):
            await stage.core.intake.receive(said("more", awaited=awaited))
        sandbox.state.tokens_per_s = 0
        await stage.rest()

        assert await stage.states() == ["answered"] * 4


async def test_a_sentence_to_somebody_waits_behind_no_answer(stage: Stage, sandbox: Sandbox) -> None:
    await begin(stage, said(LONG))

    await stage.core.intake.receive(commanded(Command.USAGE))
    await until(stage, lambda shown: "24 hours" in shown[-1])

    assert "running" in await stage.states()
    await stage.hear(pressed(Action.STOP, ""))


async def test_the_greeting_has_nothing_to_press(stage: Stage) -> None:
    await stage.hear(said(""))

    assert stage.platform.visible(HERE)[0].startswith("Hi!")
    assert stage.platform.place(HERE).buttons == []


# About oneself


async def test_help_lists_what_can_be_said(stage: Stage) -> None:
    await stage.hear(commanded(Command.HELP))

    (shown,) = stage.platform.visible(HERE)
    assert all(f"`{word}`" in shown for word in ("reset", "stop", "usage", "privacy", "help"))


async def test_privacy_tells_what_is_stored_and_deletes_it(stage: Stage, sandbox: Sandbox) -> None:
    sandbox.state.tokens_per_s = 0
    await stage.hear(said("my diary"))
    await stage.hear(said("by Ben", by=BEN, at=CHANNEL))
    await stage.hear(commanded(Command.PRIVACY))
    (forget,) = [each for each in stage.platform.place(HERE).buttons if each.action is Action.FORGET]

    await stage.hear(pressed(Action.FORGET, forget.turn))

    texts = "".join(await stage.rows("SELECT text FROM messages"))
    assert "my diary" not in texts
    assert "by Ben" in texts
    assert "my diary" not in "".join(await stage.rows("SELECT coalesce(answer, '') FROM turns"))
    assert "your questions (1)" in stage.platform.visible("whispers")[0]
    await stage.hear(said("hello again"))
    assert contents(stage) == ["hello again"]


async def test_privacy_deletes_comments_too(stage: Stage, sandbox: Sandbox) -> None:
    sandbox.state.tokens_per_s = 0
    await stage.hear(said("tell me"))
    await stage.hear(pressed(Action.BAD, (await keys(stage))[0], text="my comment"))
    await stage.hear(commanded(Command.PRIVACY))
    (forget,) = [each for each in stage.platform.place(HERE).buttons if each.action is Action.FORGET]

    await stage.hear(pressed(Action.FORGET, forget.turn))

    assert await stage.rows("SELECT comment FROM feedback") == [""]


async def test_a_chosen_language_is_spoken_from_then_on(stage: Stage) -> None:
    await stage.hear(commanded(Command.HOME))
    offered = [each for each in stage.platform.place(HERE).buttons if each.action is Action.LANGUAGE]
    assert [each.value for each in offered] == ["en", "es", "pt_BR", ""]

    await stage.hear(pressed(Action.LANGUAGE, offered[2].turn, text="pt_BR"))
    await stage.hear(commanded(Command.STOP, by=replace(ANA, locale="en-US")))

    assert stage.platform.visible("whispers")[0].startswith("Tudo bem, vou falar português com você.")
    assert stage.platform.visible(HERE)[-1] == "Não estou respondendo a nada seu aqui."


async def test_a_reset_for_the_whole_channel_reaches_its_threads(stage: Stage, sandbox: Sandbox) -> None:
    sandbox.state.tokens_per_s = 0
    await stage.hear(said("a secret", at=CHANNEL))

    await stage.hear(commanded(Command.RESET, at=replace(CHANNEL, thread=""), whole=True))

    await stage.hear(said("what did I say?", at=CHANNEL))
    assert contents(stage) == ["what did I say?"]


# The gateway of a channel


def choice(gateway: str, *, by: Author = ANA) -> Commanded:
    key = uuid.uuid4().hex
    return Commanded((key,), by, CHANNEL, Command.MODEL, f"whispers/{key}", argument=gateway)


async def test_an_operator_chooses_the_gateway_of_a_channel_and_goes_back(
    migrated_url: str, sandbox: Sandbox
) -> None:
    sandbox.state.tokens_per_s = 0
    eva = Author(Identity("discord", "W1", "eva"), roles=("chiefs",))
    async with staged(migrated_url, sandbox=sandbox, operators={"discord_roles": ["chiefs"]}) as stage:
        for asked in (choice(""), choice("@openai/gpt-5"), choice("@openai/gpt-5", by=eva)):
            await stage.hear(asked)
        await stage.hear(said("hello", at=CHANNEL))
        await stage.hear(choice("default", by=eva))
        await stage.hear(said("hello", at=CHANNEL))

        assert stage.platform.visible("whispers") == [
            "Questions here are answered by `sandbox:50c3`.",
            "Only the people who run me can do that.",
            "From now on, questions here are answered by `@openai/gpt-5`.",
            "Questions here are answered by `sandbox:50c3` again, as I'm configured.",
        ]
        assert [call["model"] for call in stage.asked] == ["@openai/gpt-5", "sandbox:50c3"]
        assert await stage.core.intake.models(ANA, CHANNEL) == ()
        assert list(await stage.core.intake.models(eva, CHANNEL))[:2] == ["default", "sandbox:50c3"]


async def test_a_frontend_learns_what_was_last_heard_and_where(stage: Stage, database: Database) -> None:
    assert await stage.core.intake.heard_until("fake") == {}

    await stage.core.intake.receive(commanded(Command.HELP))
    await stage.core.intake.receive(commanded(Command.HELP, at=CHANNEL))

    heard = await stage.core.intake.heard_until("fake")
    assert list(heard) == ["W1"]
    assert set(await stage.core.intake.places("fake", heard["W1"].replace(year=2020))) == {DIRECT, CHANNEL}
    assert await stage.core.intake.places("fake", heard["W1"].replace(year=2100)) == []
    await stage.rest()
