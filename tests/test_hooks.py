"""Hooks of the operator's own around a turn: what they may change, and that no failure of theirs hurts it."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.domain import Action, Place, Pressed, SettingRefused
from core.domain.hooks import Question
from sandbox.faults import Fault
from sandbox.server import serve
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.samples import ANA, BEN, CHANNEL, said
from tests.stage import Stage, staged
from tests.tool_house import written
from tests.town import Town, running
from tests.waiting import until

SOURCE = """
    import os, time, threading
    from dataclasses import replace
    from bots.hooks import *

"""
SLOW = {"timeout_s": 60.0}
"""No hook of a busy machine is ended for being slow, where none is meant to be."""


def hooks_in(folder: Path, source: str, **more: Any) -> dict[str, Any]:
    """The section of the configuration for a file with these hooks."""
    from textwrap import dedent

    return {"files": (written(folder, dedent(SOURCE) + dedent(source), "hooks.py"),), **SLOW, **more}


def words_to_model(stage: Stage, at: int = -1) -> str:
    return json.dumps(stage.asked[at]["messages"])


async def test_a_question_is_rewritten_told_more_and_sent_to_another_gateway(
    tmp_path: Path, migrated_url: str
) -> None:
    hooks = hooks_in(
        tmp_path,
        """
        @before_question
        def reword(question: Question):
            text = question.text.replace("teh", "the")
            return replace(question, text=text, context="The office is closed.", model="other:1")
        @before_question
        async def see(question: Question):
            return replace(question, text=f"{question.text} [{question.author.name}, {question.model}]")
        """,
    )
    routes = ({"platform": "fake", "channel": "elsewhere", "model": "other:1"},)
    async with staged(migrated_url, hooks=hooks, routes=routes) as stage:  # type: ignore[arg-type]
        await stage.hear(said("where is teh key"))
        stored = await stage.rows("SELECT text FROM messages WHERE role = 'user'")

    assert f"where is the key [{ANA.name}, other:1]" in words_to_model(stage)
    assert "The office is closed." in words_to_model(stage)
    assert stage.asked[0]["model"] == "other:1"
    assert stored == ["where is teh key"]


async def test_a_gateway_that_the_configuration_does_not_name_is_not_asked(
    tmp_path: Path, migrated_url: str
) -> None:
    hooks = hooks_in(
        tmp_path,
        """
        @before_question
        def elsewhere(question):
            return replace(question, model="evil:1")
        """,
    )
    with capture_logs() as log:
        async with staged(migrated_url, hooks=hooks) as stage:
            await stage.hear(said("hello"))

    assert [each["model"] for each in stage.asked] == ["sandbox:50c3"]
    assert [each["model"] for each in log if each["event"] == "hook.model_refused"] == ["evil:1"]


async def test_a_refusal_is_the_answer_and_the_gateway_is_not_asked(
    tmp_path: Path, migrated_url: str
) -> None:
    hooks = hooks_in(
        tmp_path,
        """
        @before_question
        def no_payroll(question):
            return Refuse("Ask the payroll office.") if "payroll" in question.text else None
        """,
    )
    async with staged(migrated_url, hooks=hooks) as stage:
        await stage.hear(said("my payroll"))
        refused = stage.platform.visible("D-ana")
        await stage.hear(said("hello"))

    assert refused == ["Ask the payroll office."]
    assert stage.times_asked == 1
    assert await _all(stage, "answered")


async def test_what_a_call_says_is_masked_in_history_and_question_alike(
    tmp_path: Path, migrated_url: str
) -> None:
    hooks = hooks_in(
        tmp_path,
        """
        @before_call(on_failure="refuse")
        def mask(call: Call):
            return replace(call, messages=tuple(
                replace(each, texts=tuple(text.replace("hunter2", "(gone)") for text in each.texts))
                for each in call.messages))
        """,
    )
    async with staged(migrated_url, hooks=hooks) as stage:
        await stage.hear(said("my password is hunter2"))
        await stage.hear(said("what was hunter2?"))

    assert "hunter2" not in json.dumps(stage.asked)
    assert words_to_model(stage).count("(gone)") >= 2


async def test_an_answer_is_held_back_until_it_was_changed(tmp_path: Path, migrated_url: str) -> None:
    hooks = hooks_in(
        tmp_path,
        """
        @after_answer(changes=True, on_failure="refuse")
        def shout(answered: Answered):
            assert answered.question == "hello"
            return replace(answered, text=answered.text.upper(), note="Checked.")
        """,
    )
    async with staged(migrated_url, hooks=hooks) as stage:
        place = stage.platform.place("D-ana")
        await stage.hear(said("hello"))
        shown = "\n".join(place.visible)
        stored = await stage.rows("SELECT text FROM messages WHERE role = 'assistant'")

    assert shown.startswith(stored[0])
    assert stored[0] == stored[0].upper()
    assert "Checked." in shown
    assert all(text == text.upper() or text == shown for texts in place.seen for text in texts)


async def test_a_held_back_answer_that_breaks_off_is_neither_shown_nor_stored(
    tmp_path: Path, migrated_url: str
) -> None:
    hooks = hooks_in(
        tmp_path,
        """
        @after_answer(changes=True)
        def see(answered): return None
        """,
    )
    async with staged(migrated_url, hooks=hooks) as stage:
        stage.sandbox.state.faults.add(Fault("completions", "cut"))
        await stage.hear(said("tell me of the sea"))
        shown = stage.platform.visible("D-ana")
        stored = await stage.rows("SELECT text FROM messages WHERE role = 'assistant'")

    assert len(shown) == 1
    assert "cut short" in shown[0]
    assert "".join(stored) == ""


async def test_an_observer_changes_nothing_of_an_answer_but_may_add_a_note(
    tmp_path: Path, migrated_url: str
) -> None:
    hooks = hooks_in(
        tmp_path,
        """
        @after_answer
        def meddle(answered): return replace(answered, text="mine")
        @after_answer
        def note(answered): return replace(answered, note="Not legal advice.")
        """,
    )
    with capture_logs() as log:
        async with staged(migrated_url, hooks=hooks) as stage:
            await stage.hear(said("hello"))
            shown = "\n".join(stage.platform.visible("D-ana"))

    assert "mine" not in shown
    assert "Not legal advice." in shown
    assert [each["hook"] for each in log if each["event"] == "hook.failed"] == ["meddle"]


async def test_an_error_is_worded_by_a_hook_and_keeps_its_reference(
    tmp_path: Path, migrated_url: str
) -> None:
    hooks = hooks_in(
        tmp_path,
        """
        @on_error
        def word(failed: Failed):
            return replace(failed, sentence=f"Call 555 and say {failed.reference} ({failed.error}).")
        """,
    )
    async with staged(migrated_url, hooks=hooks) as stage:
        stage.sandbox.state.faults.add(Fault("completions", "status", status=400))
        await stage.hear(said("hello"))
        shown = stage.platform.visible("D-ana")
        reference = await stage.rows("SELECT reference FROM turns")

    assert shown == [f"Call 555 and say {reference[0]} (RequestRefused)."]


async def test_feedback_comes_to_a_hook_with_question_and_answer(tmp_path: Path, migrated_url: str) -> None:
    told = tmp_path / "told.json"
    hooks = hooks_in(
        tmp_path,
        f"""
        import json
        from pathlib import Path
        @on_feedback
        def keep(feedback: Feedback):
            words = [feedback.good, feedback.comment, feedback.question, feedback.answer]
            Path({str(told)!r} + "~").write_text(json.dumps(words))
            os.replace({str(told)!r} + "~", {str(told)!r})
        """,
    )
    async with staged(migrated_url, hooks=hooks) as stage:
        await stage.hear(said("hello"))
        key, answer = (await stage.rows("SELECT key FROM turns"))[0], stage.platform.visible("D-ana")[0]
        author = said("hello")
        pressed = Pressed(
            ("press-1",), author.author, author.place, Action.BAD, key, author.address, text="too short"
        )
        await stage.hear(pressed)
        await until("the hook to be told", told.exists)

    good, comment, question, heard = json.loads(told.read_text())
    assert (good, comment, question) == (False, "too short", "hello")
    assert heard
    assert heard.strip() in answer


BAD = {
    "throws": "raise RuntimeError('hunter2')",
    "hangs": "time.sleep(1_000)",
    "spins": "exec('while True: pass')",
    "eats": "return replace(question, text='x' * 10**10)",
    "exits": "os._exit(3)",
    "floods": "print('x' * 10**8)",
    "answers_nonsense": "return 17",
    "answers_too_much": "return replace(question, text='x' * 2_000_000)",
    "answers_no_text": "return replace(question, text=17)",
}


@pytest.mark.parametrize("policy", ["skip", "refuse"])
@pytest.mark.parametrize("bad", BAD)
async def test_a_hook_that_fails_is_skipped_or_refuses_and_no_turn_is_lost(
    bad: str, policy: str, tmp_path: Path, url: str
) -> None:
    hooks = hooks_in(
        tmp_path,
        f"""
        @before_question(on_failure={policy!r})
        def guard(question):
            if "bad" in question.text:
                {BAD[bad]}
        """,
        timeout_s=1.0 if bad in ("hangs", "spins") else 60.0,
    )
    async with staged(url, hooks=hooks) as stage:
        await stage.hear(said("bad"))
        shown = stage.platform.visible("D-ana")
        asked = stage.times_asked
        states = await stage.states()

    assert states == ["answered"]
    assert asked == (1 if policy == "skip" else 0)
    assert ("A check that comes before" in shown[0]) == (policy == "refuse")


async def test_a_hook_that_keeps_failing_is_off_operators_hear_it_once_and_it_comes_back(
    tmp_path: Path, migrated_url: str
) -> None:
    ran, mended = tmp_path / "ran", tmp_path / "mended"
    hooks = hooks_in(
        tmp_path,
        f"""
        from pathlib import Path
        @before_question
        def flaky(question):
            with open({str(ran)!r}, "a") as file: file.write("x")
            if not Path({str(mended)!r}).exists(): raise RuntimeError
        """,
        failures_until_off=2,
        off_s=3_600,
    )
    async with staged(migrated_url, hooks=hooks, operators={"channel": "fake:ops"}) as stage:
        for _ in range(4):
            await stage.hear(said("hello"))
        times, told = len(ran.read_text()), stage.platform.visible("ops")
        mended.touch()
        _wake(stage)
        await stage.hear(said("hello"), said("again"))
        healed = stage.platform.visible("ops")

    assert times == 2
    assert len(told) == 1
    assert "`flaky` failed 2 times in a row" in told[0]
    assert len(ran.read_text()) == 4
    assert healed[1:] == ["The hook `flaky` works again."]


async def test_a_guard_that_is_switched_off_goes_on_refusing_without_being_run(
    tmp_path: Path, migrated_url: str
) -> None:
    ran = tmp_path / "ran"
    hooks = hooks_in(
        tmp_path,
        f"""
        @before_call
        def guard(call):
            with open({str(ran)!r}, "a") as file: file.write("x")
            raise RuntimeError
        """,
        failures_until_off=1,
        on_failure={"guard": "refuse"},
    )
    async with staged(migrated_url, hooks=hooks) as stage:
        for _ in range(3):
            await stage.hear(said("hello"))

    assert stage.times_asked == 0
    assert ran.read_text() == "x"


async def test_files_that_do_not_load_keep_the_bot_from_starting(tmp_path: Path, migrated_url: str) -> None:
    with pytest.raises(SettingRefused, match="line 6: no such thing"):
        async with staged(migrated_url, hooks=hooks_in(tmp_path, "raise RuntimeError('no such thing')")):
            pass


@pytest.mark.parametrize(
    ("named", "fix"),
    [({"gard": "refuse"}, "there is no such hook; known: see"), ({"see": "refuse"}, "it can refuse nothing")],
)
async def test_a_policy_for_no_hook_or_for_one_that_can_refuse_nothing_is_refused(
    named: dict[str, str], fix: str, tmp_path: Path, migrated_url: str
) -> None:
    hooks = hooks_in(tmp_path, "@on_error\ndef see(failed): return None", on_failure=named)
    with pytest.raises(SettingRefused, match=fix):
        async with staged(migrated_url, hooks=hooks):
            pass


async def test_a_changed_file_is_loaded_and_one_that_fails_leaves_the_guard_of_before(
    tmp_path: Path, migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.tools.catalogue.LOOK_EVERY_S", 0.05)
    guard = '@before_question\ndef guard(question): return Refuse("{}")'
    hooks = hooks_in(tmp_path, guard.format("first"))
    async with staged(migrated_url, hooks=hooks, operators={"channel": "fake:ops"}) as stage:
        await stage.hear(said("hello"))
        hooks_in(tmp_path, "this is no Python")
        await until("operators to be told", lambda: stage.platform.visible("ops"))
        await stage.hear(said("hello"))
        hooks_in(tmp_path, guard.format("second"))
        await until("operators to be told", lambda: len(stage.platform.visible("ops")) == 2)
        await stage.hear(said("hello"))
        shown = stage.platform.visible("D-ana")

    assert shown == ["first", "first", "second"]


async def test_people_ask_at_once_while_one_question_hangs_the_hook(
    tmp_path: Path, migrated_url: str
) -> None:
    hooks = hooks_in(
        tmp_path,
        """
        @before_question
        def sleepy(question):
            if "hang" in question.text: time.sleep(1_000)
        """,
        timeout_s=3.0,
    )
    async with staged(migrated_url, hooks=hooks) as stage:
        await asyncio.gather(
            stage.core.intake.receive(said("hang")),
            *(stage.core.intake.receive(said(f"n{n}", by=BEN, at=CHANNEL)) for n in range(5)),
        )
        await stage.rest()

    assert await _all(stage, "answered")
    assert stage.times_asked == 6


async def test_a_hook_that_found_no_free_process_is_not_blamed_for_it(tmp_path: Path, url: str) -> None:
    started = tmp_path / "started"
    hooks = hooks_in(
        tmp_path,
        f"""
        @before_question
        def slow(question):
            if "slow" in question.text:
                open({str(started)!r}, "w").close()
                time.sleep(1_000)
        """,
        timeout_s=3.0,
        at_once=1,
        failures_until_off=2,
    )
    with capture_logs() as log:
        async with staged(url, hooks=hooks) as stage:
            await stage.core.intake.receive(said("slow"))
            await until("the hook to run", started.exists)
            service = _hooks_of(stage)
            question = Question(BEN, CHANNEL, "quick", "m")
            told = await asyncio.gather(*(service.before_question(question) for _ in range(3)))
            await stage.rest()
            is_on = service._switches.is_on("slow", service._catalogue.edition)

    assert all(each == question for each in told)
    assert is_on
    assert len([each for each in log if each["event"] == "hook.failed"]) <= 1


async def test_the_example_of_the_page_refuses_and_sends_on_as_it_says(tmp_path: Path, url: str) -> None:
    page = (Path(__file__).parents[1] / "docs" / "hooks.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert found
    hooks = {"files": (written(tmp_path, found[1], "rules.py"),), **SLOW}
    routes = ({"platform": "fake", "channel": "elsewhere", "model": "legal:50c3"},)
    legal = Place("fake", "W1", "C0LEGAL", "t")
    async with staged(url, hooks=hooks, routes=routes) as stage:  # type: ignore[arg-type]
        await stage.hear(said("my payroll", at=CHANNEL), said("what does the law say", at=legal))
        refused, asked = stage.platform.visible("general"), stage.asked

    assert refused == ["Please ask me about payroll in a direct message."]
    assert [each["model"] for each in asked] == ["legal:50c3"]
    assert "Name the law that you rely on." in json.dumps(asked)


async def test_hooks_and_guard_work_on_both_platforms(tmp_path: Path, url: str) -> None:
    """`aivax-bots run` with both, through unmodified SDKs."""
    source = """
        @before_question
        def no_payroll(question):
            return Refuse("Ask the payroll office.") if "payroll" in question.text else None
        """
    files = hooks_in(tmp_path, source)["files"]
    async with FakeSlack() as slack, FakeDiscord() as discord, serve(plan="max") as sandbox:
        town = Town(slack, discord, sandbox, url)
        config = f"""{town.config()}
[hooks]
files = ["{files[0]}"]
timeout_s = 60

[guard]
mask = ["email"]
"""
        async with running(tmp_path, config) as bot:
            assert await bot.line() == "ready: discord, slack\n"
            on_slack, on_discord = await asyncio.gather(
                town.ask_on_slack("say ana@example.com"), town.ask_on_discord("say ben@example.com")
            )
            await discord.say(town.ben, town.lobby, f"<@{discord.bot.id}> my payroll")
            refused = "Ask the payroll office."
            await discord.until(lambda: refused in [each.content for each in discord.answers(town.lobby)])
        sent = json.dumps([each["body"] for each in sandbox.state.calls.described()])

    assert "ana@example.com" in on_slack
    assert "ben@example.com" in on_discord
    assert "[EMAIL_1]" in sent
    assert "@example.com" not in sent
    assert "payroll" not in sent


async def _all(stage: Stage, state: str) -> bool:
    return set(await stage.states()) == {state}


def _wake(stage: Stage) -> None:
    """The pause of every hook that is switched off is over."""
    for state in _hooks_of(stage)._switches._states.values():
        state.off_until = 0.0


def _hooks_of(stage: Stage) -> Any:
    return getattr(stage.core.runner, "_runner", stage.core.runner)._endings._hooks._hooks  # type: ignore[attr-defined]
