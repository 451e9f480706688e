"""Outages and poisoned questions in real time: when who is answered, and how many calls it costs."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from core.domain import PROBE_S, Author, Identity, Place, Said
from tests.poisoned import Gateway, poisonable
from tests.samples import said
from tests.stage import FakePlatform, Stage, staged

pytestmark = pytest.mark.soak
SHORT_S, LONG_S = 9.0, 300.0
PATIENCE_S = 15.0
BETWEEN_PROBES_S = PROBE_S + 3.0
"""Where only what a model is to answer fails, only such a call tells of the end: of three a minute, one each 20 s."""
GIVEN_UP_S = 8.0
"""After so long a call that gets no answer counts as failed: with the default, 120 s, only a long outage is known."""
POISONS = ("5xx", "too_large", "html")


class Timed(FakePlatform):
    """Notes when each answer is first shown, in monotonic seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.answered: dict[str, float] = {}

    async def watch(self) -> None:
        while True:  # no deadline: until it is cancelled
            for name, place in list(self.places.items()):
                if name not in self.answered and any("You said" in each for each in place.visible):
                    self.answered[name] = time.monotonic()
            await asyncio.sleep(0.02)


@asynccontextmanager
async def processes(url: str, gateway: Gateway, count: int) -> AsyncIterator[tuple[Sequence[Stage], Timed]]:
    platform = Timed()
    limits = {"tries": 3, "first_event_timeout_s": GIVEN_UP_S}
    aivax = {"base_url": gateway.url, "direct_url": "", "api_key": "", **limits}
    async with AsyncExitStack() as opened:
        stages = [
            await opened.enter_async_context(staged(url, platform=platform, aivax=aivax))
            for _ in range(count)
        ]
        watching = asyncio.create_task(platform.watch())
        try:
            yield stages, platform
        finally:
            watching.cancel()


def asks(who: str, words: str) -> Said:
    place = Place("fake", "W1", f"D-{who}", private=True)
    return said(words, by=Author(Identity("fake", "W1", who), who), at=place)


async def _outage(
    url: str,
    gateway: Gateway,
    *,
    count: int,
    questions: int,
    lasts_s: float,
    patience_s: float = PATIENCE_S,
) -> str:
    """Let everybody ask at its beginning; what was seen, once it is checked."""
    async with processes(url, gateway, count) as (stages, platform):
        began = time.monotonic()
        for number in range(questions):
            await stages[number % count].core.intake.receive(asks(str(number), f"question {number}"))
        await asyncio.sleep(max(0.0, began + lasts_s - time.monotonic()))
        known_s = 10 + (
            4 * GIVEN_UP_S if gateway.down == "hangs" else 0
        )  # two people's tries have to fail first
        known, recovered = began + known_s, time.monotonic()
        during = [at for at, _ in gateway.asked if at >= known]
        down, gateway.down = gateway.down, ""
        async with asyncio.timeout(120):
            while len(platform.answered) < questions:  # noqa: ASYNC110  the screen tells nobody
                await asyncio.sleep(0.1)
        first, last = min(platform.answered.values()) - recovered, max(platform.answered.values()) - recovered
        seen = f"first answer after {first:.1f} s, last after {last:.1f} s, {len(during)} calls once it was known"
        seen += f", {len(gateway.signs)} signs looked for"
        print(f"\n  {questions} questions, {count} process(es), out for {lasts_s:g} s: {seen}")  # noqa: T201
        assert first <= patience_s
        for number in range(questions):
            assert sum("You said" in each for each in platform.visible(f"D-{number}")) == 1
        if lasts_s > 60:
            growing = 1 if down == "429" else 0  # a rate limit's first tries come faster
            assert len(during) <= 3 * (lasts_s / 60) + growing
            assert len(gateway.signs) <= 20 * (lasts_s / 60) + 1
        return seen


@pytest.mark.parametrize("failing_s", [0.0, 2.0], ids=["at_once", "after_2_s"])
@pytest.mark.parametrize("questions", [1, 12, 40, 200])
async def test_all_are_answered_within_15_s_after_a_short_outage(
    migrated_url: str, questions: int, failing_s: float
) -> None:
    for count in (1,) if "sqlite" in migrated_url else (1, 2):
        async with poisonable() as gateway:
            gateway.down, gateway.delay_s = "completions", failing_s
            await _outage(migrated_url, gateway, count=count, questions=questions, lasts_s=SHORT_S)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("down", ["503", "completions", "after_2_s", "closed", "hangs", "models", "429"])
async def test_after_five_minutes_the_first_answer_comes_within_15_s(
    migrated_url: str, down: str, count: int
) -> None:
    if count == 2 and "sqlite" in migrated_url:
        pytest.skip("a file of SQLite is one process's")
    patience_s = BETWEEN_PROBES_S if down in ("models", "429") else PATIENCE_S
    lasts_s = float(os.environ.get("SOAK_OUTAGE_S", str(LONG_S)))
    async with poisonable() as gateway:
        gateway.down, gateway.delay_s = ("completions", 2.0) if down == "after_2_s" else (down, 0.0)
        print(f"\n  {down}:", end="")  # noqa: T201
        await _outage(
            migrated_url, gateway, count=count, questions=40, lasts_s=lasts_s, patience_s=patience_s
        )


async def _ask_all(url: str, poisoned: int) -> list[float]:
    async with poisonable() as gateway, processes(url, gateway, 1) as (stages, platform):
        words = [f"question {number}" for number in range(20)]
        for at in range(poisoned):
            words.insert(5 * at, f"poison {POISONS[at]}")
        began: dict[str, float] = {}
        for number, each in enumerate(words):
            who = f"{number}-of-{len(words)}"
            began[f"D-{who}"] = time.monotonic()
            await stages[0].core.intake.receive(asks(who, each))
            await asyncio.sleep(0.5)
        async with asyncio.timeout(60):
            while len(platform.answered) < 20:  # noqa: ASYNC110  likewise
                await asyncio.sleep(0.1)
        return [at - began[name] for name, at in platform.answered.items()]


async def test_three_poisoned_questions_cost_twenty_others_nothing(migrated_url: str) -> None:
    without, beside = await _ask_all(migrated_url, 0), await _ask_all(migrated_url, 3)

    median = statistics.median(beside) / statistics.median(without)
    print(  # noqa: T201
        f"\n  median {statistics.median(without):.3f} s without, {statistics.median(beside):.3f} s beside poison: "
        f"ratio {median:.2f}; slowest {max(without):.3f} s and {max(beside):.3f} s"
    )
    assert median <= 1.2
