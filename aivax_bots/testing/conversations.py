"""What people see of whole conversations: the frontend, the core and a database, with the sandbox in AIVAX's place."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import pytest_asyncio

from aivax_bots import Frontend
from aivax_bots.testing.adapter import ANA, BEN, Ability, Adapter
from aivax_bots.testing.clock import WallClock
from aivax_bots.testing.process import config_for, kill, serving
from aivax_bots.testing.stage import Stage, database_in, listening_to, staged
from aivax_bots.testing.suite import Suite, needs, shown
from aivax_bots.testing.waiting import until
from sandbox.faults import Fault
from sandbox.server import Sandbox, serve

INSIDES = re.compile(r"\b(?:[45]\d\d|Traceback|\w+Error|\w+Exception|sk-aiv\S*)\b")
"""What nobody may be shown: a status, the name of an exception, a key."""


@dataclass(frozen=True, slots=True)
class Talk:
    """A bot that runs at the platform."""

    venue: Adapter
    stage: Stage[Frontend]
    clock: WallClock
    """The core's; the platform has its own time."""

    async def sees(self, words: str, *, to: str = ANA) -> None:
        """Wait until somebody sees these words of the bot's, and all is at rest."""
        await until(f"{to} to see {words!r}", lambda: words in shown(self.venue, to))
        await self.stage.rest()

    async def asked(self, times: int) -> None:
        """Wait until the gateway was asked so often."""
        await until(f"question {times}", lambda: self.stage.times_asked >= times)

    def fails(self, **how: object) -> None:
        """Have the gateway fail: see `sandbox.faults.Fault`."""
        self.stage.sandbox.state.faults.add(Fault("completions", **how))  # type: ignore[arg-type]

    async def later(self, seconds: float) -> None:
        """Let the core's time pass, and have it look at what waits."""
        self.clock.advance(seconds=seconds)
        await self.stage.heal()


class ConversationContract(Suite):
    """What is asked is answered once, or its author is told why not."""

    @pytest.fixture
    def database_url(self, tmp_path: Path) -> str:
        """The address of an empty database."""
        return database_in(tmp_path)

    @pytest_asyncio.fixture
    async def sandbox(self) -> AsyncIterator[Sandbox]:
        """The scripted gateway."""
        async with serve(plan="max") as sandbox:
            yield sandbox

    @pytest_asyncio.fixture
    async def talk(self, venue: Adapter, sandbox: Sandbox, database_url: str) -> AsyncIterator[Talk]:
        """A bot that runs at the platform."""
        clock = WallClock()
        async with (
            venue.open() as frontend,
            staged(database_url, frontend, sandbox=sandbox, now=clock) as stage,
            listening_to(frontend, stage.core.intake),
        ):
            yield Talk(venue, stage, clock)

    async def test_a_question_is_answered_once(self, talk: Talk) -> None:
        await talk.venue.say("say only pigeons")
        await talk.sees("pigeons")

        assert shown(talk.venue).count("pigeons") == 1
        assert talk.stage.times_asked == 1

    async def test_the_second_question_is_answered_with_the_first_in_mind(self, talk: Talk) -> None:
        await talk.venue.say("say only pigeons")
        await talk.sees("pigeons")
        await talk.venue.say("say only doves")
        await talk.sees("doves")

        _, second = talk.stage.asked
        assert [each["role"] for each in second["messages"] if each["role"] != "system"][-1] == "user"

    @needs(Ability.PEOPLE)
    async def test_two_people_at_once_each_get_their_own_answer(self, talk: Talk) -> None:
        await asyncio.gather(
            talk.venue.say("say only finches", by=ANA), talk.venue.say("say only ravens", by=BEN)
        )
        await talk.sees("finches", to=ANA)
        await talk.sees("ravens", to=BEN)

        assert shown(talk.venue, ANA).count("finches") == 1
        assert shown(talk.venue, BEN).count("ravens") == 1
        if talk.venue.private:
            assert "ravens" not in shown(talk.venue, ANA)

    async def test_without_balance_the_question_is_kept_and_answered_when_there_is_some(
        self, talk: Talk
    ) -> None:
        talk.stage.sandbox.state.account.set_balance(0)
        await talk.venue.say("say only pigeons")
        await until("a sentence", lambda: shown(talk.venue))
        await talk.stage.rest()
        sorry = shown(talk.venue)
        talk.stage.sandbox.state.account.set_balance(5)
        await talk.later(3_600)
        await talk.sees("pigeons")

        assert "pigeons" not in sorry
        assert not INSIDES.search(sorry)
        assert shown(talk.venue).count("pigeons") == 1

    async def test_a_rate_limit_is_waited_for_and_nobody_reads_of_a_status(self, talk: Talk) -> None:
        talk.fails(kind="status", status=429, retry_after=7200)
        await talk.venue.say("say only pigeons")
        await talk.asked(1)
        await talk.stage.rest()
        meanwhile = shown(talk.venue)
        await talk.later(7_300)
        await talk.sees("pigeons")

        assert "pigeons" not in meanwhile
        assert not INSIDES.search(meanwhile)
        assert shown(talk.venue).count("pigeons") == 1

    async def test_a_gateway_that_refuses_becomes_one_friendly_sentence(self, talk: Talk) -> None:
        talk.fails(kind="status", status=400)
        await talk.venue.say("say only pigeons")
        await until("a sentence", lambda: shown(talk.venue))
        await talk.stage.rest()

        assert not INSIDES.search(shown(talk.venue))
        assert "pigeons" not in shown(talk.venue)

    @needs(Ability.EDITS)
    async def test_a_question_that_is_edited_while_it_is_answered_is_answered_anew(self, talk: Talk) -> None:
        talk.fails(kind="silence", after_chunks=2)
        message = await talk.venue.say("tell me of finches")
        await talk.asked(1)
        await talk.venue.edit(message, "say only ravens")
        await talk.sees("ravens")

        assert "finches" not in shown(talk.venue)

    @needs(Ability.DELETIONS)
    async def test_a_question_that_is_deleted_is_answered_no_further(self, talk: Talk) -> None:
        talk.fails(kind="silence", after_chunks=2)
        message = await talk.venue.say("tell me of finches")
        await talk.asked(1)
        await talk.venue.delete(message)
        await talk.stage.rest()
        await talk.venue.say("say only ravens")
        await talk.sees("ravens")

        assert talk.stage.times_asked == 2

    @needs(Ability.PROCESS)
    async def test_a_process_killed_in_mid_answer_answers_once_when_it_is_back(
        self, venue: Adapter, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        name = EntryPoint("", venue.plugin, "").load().name
        config = config_for(sandbox, name, venue.settings())
        sandbox.state.faults.add(Fault("completions", "silence", after_chunks=3))
        async with serving(tmp_path, config, venue.plugin) as process:
            await venue.say("tell me of pigeons")
            await until("the question", lambda: any("/chat/" in each for each in sandbox.state.calls.paths()))
            if self.has(Ability.GROWING):
                await until("the first words", lambda: shown(venue))
            await kill(process)
        async with serving(tmp_path, config, venue.plugin):
            await until("the answer", lambda: "tell me of pigeons" in shown(venue))
            await venue.say("say only doves")
            await until("the next answer", lambda: "doves" in shown(venue))

        assert shown(venue).count("tell me of pigeons") == 1
