"""How work reaches workers on PostgreSQL: the whole bot in several processes, by rows and by jobs of Procrastinate."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.row import Bench, Figure, Goal, Line, Measured, Row
from benchmarks.stage.contest import on_discord, ours
from benchmarks.stage.gateway import answer_of, script
from benchmarks.stage.platforms import Way, answered
from benchmarks.stage.programs import Gateway, gateway

CALLED = {"rows": "rows", "procrastinate": "jobs"}
"""The settings of `[storage] dispatch`, and what the lines call them."""
PIECES, PER_S = 4, 1
"""A light answer, for which a worker waits: four chunks in 4 s."""
WORKERS = 8
BACKLOG = {1: 100, WORKERS: 480}
"""How many questions wait by number of workers: five rounds of all places, and three."""
ARRIVING, ARRIVE_EVERY_S = 160, 0.06
"""Questions that come one after the other while eight workers have room for all."""
CLAIMS = "aivax_bots_claims"
ENDED = "SELECT count(*) FROM turns WHERE ended_at IS NOT NULL"


def more_of(dispatch: str, port: int) -> str:
    """The configuration of a process that tells at a port what it counts."""
    return f'dispatch = "{dispatch}"\n\n[web]\nenabled = true\nport = {port}\n'


def free_port() -> int:
    """A port of the loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def claims_of(port: int) -> dict[str, float]:
    """How many claims of a process found a turn, and how many found nothing."""
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        told = answer.read().decode()
    (family,) = (each for each in text_string_to_metric_families(told) if each.name == CLAIMS)
    return {each.labels["found"]: each.value for each in family.samples if each.name == f"{CLAIMS}_total"}


@asynccontextmanager
async def working(
    bench: Bench, way: Way, aivax: Gateway, url: str, dispatch: str, workers: int
) -> AsyncIterator[list[int]]:
    """So many workers, started one after the other; the ports at which they tell what they count."""
    async with AsyncExitStack() as stack:
        ports = []
        for each in range(workers):
            ports.append(free_port())
            more, folder = more_of(dispatch, ports[-1]), bench.folder / f"worker{each}"
            await stack.enter_async_context(
                ours(way, aivax, folder, "--role", "work", storage=url, more=more)
            )
        yield ports


async def answers_a_s(bench: Bench, aivax: Gateway, dispatch: str, workers: int) -> float:
    """Answers a second out of questions that wait, from the first claim to the last end."""
    url, count = await bench.databases.empty("postgresql"), BACKLOG[workers]
    async with on_discord(count) as way:
        more = f'dispatch = "{dispatch}"\n'
        async with ours(way, aivax, bench.folder / "listener", "--role", "listen", storage=url, more=more):
            for each in range(count):
                await way.ask(each, script(PIECES, PER_S))
            await bench.databases.holds(url, "SELECT count(*) FROM turns", count)
        with bench.databases.connect(url) as connection:
            connection.execute("UPDATE turns SET due_at = now() + interval '1 hour'")
            async with working(bench, way, aivax, url, dispatch, workers):
                connection.execute("UPDATE turns SET due_at = now()")  # for all workers at the same moment
                await answered(way, range(count), answer_of(PIECES))
                await bench.databases.holds(url, ENDED, count)
            query = "SELECT count(*) / extract(epoch FROM max(ended_at) - min(started_at)) FROM turns"
            row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return float(row[0])


async def in_vain(bench: Bench, aivax: Gateway, dispatch: str) -> float:
    """How many claims find nothing, for each question that comes while eight workers have room."""
    url = await bench.databases.empty("postgresql")
    async with on_discord(ARRIVING) as way, AsyncExitStack() as stack:
        more, folder = f'dispatch = "{dispatch}"\n', bench.folder / "listener"
        await stack.enter_async_context(ours(way, aivax, folder, "--role", "listen", storage=url, more=more))
        ports = await stack.enter_async_context(working(bench, way, aivax, url, dispatch, WORKERS))
        for each in range(ARRIVING):
            await way.ask(each, script(PIECES, PER_S))
            await asyncio.sleep(ARRIVE_EVERY_S)
        await answered(way, range(ARRIVING), answer_of(PIECES))
        await bench.databases.holds(url, ENDED, ARRIVING)
        told = [await asyncio.to_thread(claims_of, port) for port in ports]
    assert sum(each["turn"] for each in told) == ARRIVING, told
    return sum(each["nothing"] for each in told) / ARRIVING


async def measure(bench: Bench) -> Measured:
    """Both ways, by turns."""
    figures = {}
    async with gateway(bench.folder) as aivax:
        for dispatch, called in CALLED.items():
            one, many = [await answers_a_s(bench, aivax, dispatch, workers) for workers in BACKLOG]
            figures[f"Light answers of {WORKERS} workers, beside one: {called}"] = Figure(many, one)
            figures[f"Claims that find nothing, for each turn: {called}"] = Figure(
                await in_vain(bench, aivax, dispatch)
            )
            print(figures, flush=True)
    return Measured(figures)


ROW = Row(
    "dispatch",
    "Real processes on Discord and PostgreSQL by `[storage] dispatch`, answers of 4 chunks in 4 s. Workers: questions"
    f" that became due at the same moment, {BACKLOG[1]} for one worker and {BACKLOG[WORKERS]} for {WORKERS}, from the"
    f" first claim to the last end. Claims: {ARRIVING} questions, one every {ARRIVE_EVERY_S} s, as `/metrics`"
    f" of {WORKERS} workers counts them.",
    tuple(
        line
        for called in CALLED.values()
        for line in (
            Line(
                f"Light answers of {WORKERS} workers, beside one: {called}",
                "answers/s",
                Goal(3, sign=">="),
                "one worker",
            ),
            Line(f"Claims that find nothing, for each turn: {called}", "", Goal(0.2, "figure")),
        )
    ),
    measure,
)
