"""Whole turns on each platform, beside the bare bot of its vendor's quick start."""

from __future__ import annotations

import asyncio
from functools import partial

from benchmarks.row import Bench, Figure, Goal, Line, Measured, Row
from benchmarks.stage.contest import Open, contest, on_discord, on_slack
from benchmarks.stage.programs import gateway, median

AT_ONCE, ROUNDS = 20, 3
IN_A_ROW, ROUNDS_IN_A_ROW = 5, 2
BASELINES = {"Discord": "discord.py + openai", "Slack mention": "Bolt + openai", "Slack DM": "Bolt + openai"}
WAYS: dict[str, Open] = {
    "Discord": on_discord,
    "Slack mention": partial(on_slack, direct=False),
    "Slack DM": partial(on_slack, direct=True),
}


async def turn_ms(bench: Bench, way: str, *, at_once: bool) -> tuple[float, float]:
    """The medians of both bots in milliseconds of CPU a turn; ours first.

    On Slack each round has bots that have just begun: a workspace may be called so often a minute, and the next round
    would wait for that, or show its answers in another way.
    """
    places, rounds = (AT_ONCE, ROUNDS) if at_once else (IN_A_ROW, ROUNDS_IN_A_ROW)
    lives = 1 if way == "Discord" else rounds
    found: tuple[list[float], list[float]] = ([], [])
    for life in range(lives):
        folder = bench.folder / f"{way}-{at_once}-{life}"
        folder.mkdir()
        async with gateway(folder) as aivax, contest(WAYS[way], aivax, folder, places=places) as sides:
            for _ in range(rounds // lives):
                for side, into in zip(sides, found, strict=True):
                    into.append(await side.turns_ms(range(places), at_once=at_once))
    return median(found[0]), median(found[1])


async def measure(bench: Bench) -> Measured:
    """All ways, at once and one after the other."""
    figures = {AT_ONCE_NAME.format(way): Figure(*await turn_ms(bench, way, at_once=True)) for way in WAYS}
    async with (
        asyncio.TaskGroup() as group
    ):  # one after the other a bot is mostly idle: there is room for all three
        found = {way: group.create_task(turn_ms(bench, way, at_once=False)) for way in WAYS}
    figures |= {IN_A_ROW_NAME.format(way): Figure(*task.result()) for way, task in found.items()}
    return Measured(figures)


AT_ONCE_NAME, IN_A_ROW_NAME = "Whole turn, 20 at once: {}", "Whole turn, one after the other: {}"
ROW = Row(
    "turns",
    "CPU of the bot's process from a question to when it rests again, an answer of 200 chunks in a second, one event a"
    " write; its text is compared to the letter on the fake platform. Both bots by turns, medians.",
    tuple(
        Line(name.format(way), "ms", Goal(bound), BASELINES[way])
        for name, bound in ((AT_ONCE_NAME, 1.2), (IN_A_ROW_NAME, 1.4))
        for way in WAYS
    ),
    measure,
)
