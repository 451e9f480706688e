"""How long the sudden end of any one process delays a turn, with the leases that the bot comes with."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import text

from core.storage.db import Database
from tests.soak.cradle import Child
from tests.soak.crowd import places
from tests.soak.databases import own_postgres
from tests.soak.ground import Ground, amount, open_ground, say
from tests.soak.talk import Conversation, Question
from tests.waiting import until

LEASE_S = 30
"""The default of `[storage] worker_lost_after_s`."""
MOST_S = 35.0
LISTENERS, WORKERS = 2, 3
QUESTIONS, EVERY_S = 24, 0.25
GIVEN_UP_S = 150.0
"""A turn that is delayed by so long fails the run without a figure."""
WISHES = (("long 1500", 3), ("", 2))
BEGAN = """
SELECT messages.text, extract(epoch FROM turns.started_at)::float8 AS began, turns.attempt,
    coalesce(extract(epoch FROM lag(turns.ended_at) OVER (PARTITION BY turns.conversation_id ORDER BY turns.id)), 0)
    ::float8 AS free_at
FROM turns JOIN messages ON messages.turn_id = turns.id AND messages.role = 'user' WHERE turns.ended_at IS NOT NULL
"""
"""Of each answered question: when the attempt that answered it began, and when the one before it was done with."""
STRIKES = (
    ("listener", signal.SIGKILL),
    ("worker", signal.SIGKILL),
    ("listener", signal.SIGSTOP),
    ("worker", signal.SIGSTOP),
)


class Bots:
    """Listeners and workers, of which one is struck in each round and then replaced."""

    def __init__(self, ground: Ground, database: Database) -> None:
        self._ground = ground
        self._database = database
        self._chance = ground.chance
        self._running: dict[str, list[Child]] = {"listener": [], "worker": []}
        self._asked_at: dict[Question, float] = {}
        self._struck: Child | None = None
        self._struck_at = 0.0

    async def start(self) -> None:
        for role, count in (("listener", LISTENERS), ("worker", WORKERS)):
            for number in range(count):
                self._running[role].append(await self._begin(role, number))
        await self._ground.town.slack.connected(LISTENERS, 60)
        discord = self._ground.town.discord
        await discord.until(lambda: sum(session.live for session in discord.sessions) >= LISTENERS, 60)

    async def be_known(self, conversations: Sequence[Conversation]) -> None:
        """Have something asked everywhere: Discord lists no direct messages, so a lost first one is never found."""
        for conversation in conversations:
            self._asked_at[await self._ground.crowd.ask(conversation, "")] = time.time()
        await self._worst()

    async def _begin(self, role: str, number: int) -> Child:
        return await self._ground.start(
            f"{role}{number}", "--role", "listen" if role == "listener" else "work"
        )

    async def round(self, role: str, how: signal.Signals) -> float:
        """Strike one while people ask; the longest that the attempt which answered was waited for from then on."""
        await self._replace()
        self._asked_at.clear()
        at = self._chance.uniform(0.2, 0.8) * QUESTIONS * EVERY_S
        number = self._chance.randrange(len(self._running[role]))
        struck = self._struck = self._running[role][number]
        striking = asyncio.create_task(self._strike(struck, how, at))
        for _ in range(QUESTIONS):
            await self._ground.crowd.ask_something(at_once=True)
            self._asked_at[self._ground.crowd.asked[-1]] = time.time()
            await asyncio.sleep(EVERY_S)
        await striking
        worst = await self._worst()
        if how is signal.SIGSTOP:
            struck.send(signal.SIGCONT)
            assert await struck.stop() == 0
        return worst

    async def _replace(self) -> None:
        """Begin those anew that were struck; not at the end, where one that just begins would only be stopped."""
        for role, children in self._running.items():
            for number, child in enumerate(children):
                if not child.runs:
                    children[number] = await self._begin(role, number)

    async def _strike(self, child: Child, how: signal.Signals, at: float) -> None:
        await asyncio.sleep(at)
        child.send(how)
        self._struck_at = time.time()

    async def _worst(self) -> float:
        began: dict[str, tuple[float, float]] = {}
        anew = 0

        async def is_answered() -> bool:
            nonlocal anew
            async with self._database.read() as connection:
                rows = (await connection.execute(text(BEGAN))).all()
            began.update({row.text.split()[0]: (row.began, row.free_at) for row in rows})
            anew = sum(row.attempt > 1 for row in rows)
            await self._ground.unheard()  # what Slack has not been told of yet is delivered again
            return all(question.word in began for question in self._asked_at)

        try:
            await until("all to be answered", is_answered, GIVEN_UP_S, every_s=0.2)
        except AssertionError:
            say(f"  not answered: {[self._ground.told_of(q) for q in self._asked_at if q.word not in began]}")
            raise
        waits = {}
        for question, at in self._asked_at.items():
            begun, free_at = began[question.word]
            waits[question] = begun - max(at, self._struck_at, free_at)
        late = max(waits, key=lambda question: waits[question])
        say(
            f"  the latest: {late.conversation}, {waits[late]:.1f} s; turns that were begun anew so far: {anew}"
        )
        return waits[late]

    async def stop(self) -> None:
        for child in (*self._running["worker"], *self._running["listener"]):
            if child is not self._struck:
                assert await child.stop() == 0


def rounds(count: int) -> Sequence[tuple[str, signal.Signals]]:
    return STRIKES * count


@pytest.mark.soak
@pytest.mark.parametrize("dispatch", ["rows", "procrastinate"])
async def test_the_end_of_one_process_delays_no_turn_for_long(tmp_path: Path, dispatch: str) -> None:
    worst: dict[str, float] = {}
    with own_postgres() as postgres:
        async with (
            open_ground(tmp_path, postgres.url, tokens_per_s=100, shards=LISTENERS) as ground,
            Database(postgres.url) as database,
        ):
            ground.configure(lease_s=LEASE_S, dispatch=dispatch)
            conversations = places(ground.town, each=4)
            ground.invite(conversations, WISHES)
            bots = Bots(ground, database)
            await bots.start()
            await bots.be_known(conversations)
            for role, how in rounds(amount("SOAK_ROUNDS", 1)):
                found = await bots.round(role, how)
                kind = f"{role} {'killed' if how is signal.SIGKILL else 'frozen'}"
                worst[kind] = max(found, worst.get(kind, 0.0))
                say(f"{dispatch}, {kind}: {found:.1f} s")
            await bots.stop()
            verdict = await ground.verdict()
            await ground.report(verdict, f"{dispatch}, worst delays: {worst}")

    assert verdict.faults == []
    assert max(worst.values()) <= MOST_S, worst
