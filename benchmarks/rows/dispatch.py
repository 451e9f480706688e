"""How work reaches workers on PostgreSQL: the whole bot in several processes, by rows and by jobs of Procrastinate."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from contextlib import ExitStack
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.row import Bench, Figure, Goal, Line, Measured, Row
from benchmarks.stage.gateway import answer_of, script
from benchmarks.stage.platforms import answered
from benchmarks.stage.programs import Gateway, gateway
from benchmarks.stage.workers import ENDED, JOBS, Answered, Backlog, backlog

CALLED = {"rows": "rows", JOBS: "jobs"}
"""The settings of `[storage] dispatch`, and what the lines call them."""
PIECES, AFTER_S = 4, 4
LIGHT, ANSWER = script(PIECES, 0, after_s=AFTER_S), answer_of(PIECES)
"""A worker waits for the gateway, and has next to nothing to show."""
WORKERS = 8
PLACES, ROUNDS = 20, 3
"""What `[limits] running_turns` is by default, and how often each worker fills all of them."""
SETTINGS = "\n[limits]\nslow_start_interval_s = 0\n"
"""Otherwise a worker that has just started begins calls one after the other until the gateway says the first word."""
ARRIVING, ARRIVE_EVERY_S = 160, 0.06
"""Questions that come one after the other while eight workers have room for all."""
WEB = "\n[web]\nenabled = true\nport = {port}\n"
CLAIMS = "aivax_bots_claims"
RATE, IN_VAIN = (
    f"Light answers of {WORKERS} workers, beside one: {{}}",
    "Claims that find nothing, for each turn: {}",
)


def free_ports(count: int) -> tuple[int, ...]:
    """Ports of the loopback that nobody listens at."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return tuple(probe.getsockname()[1] for probe in probes)


def claims_of(port: int) -> Counter[str]:
    """How many claims of a process found a turn so far, and how many found nothing."""
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        told = answer.read().decode()
    (family,) = (each for each in text_string_to_metric_families(told) if each.name == CLAIMS)
    counted = (each for each in family.samples if each.name == f"{CLAIMS}_total")
    return Counter({each.labels["found"]: int(each.value) for each in counted})


async def claims(ports: tuple[int, ...]) -> Counter[str]:
    """The same of some processes together."""
    told = await asyncio.gather(*(asyncio.to_thread(claims_of, port) for port in ports))
    return sum(told, Counter())


async def in_vain(waiting: Backlog, ports: tuple[int, ...]) -> float:
    """How many claims find nothing, for each question that comes while the workers have room."""
    before, arriving = await claims(ports), range(waiting.count, waiting.count + ARRIVING)
    async with waiting.listener():
        for each in arriving:
            await waiting.way.ask(each, LIGHT)
            await asyncio.sleep(ARRIVE_EVERY_S)
        await answered(waiting.way, arriving, ANSWER)
        await waiting.bench.databases.holds(waiting.url, ENDED, waiting.count + ARRIVING)
        found = await claims(ports) - before
    assert found["turn"] == ARRIVING, found
    return found["nothing"] / ARRIVING


async def of_one(bench: Bench, aivax: Gateway, dispatch: str) -> Answered:
    """What one worker does with as many questions that wait as each of eight has."""
    async with (
        backlog(bench, aivax, PLACES * ROUNDS, LIGHT, dispatch=dispatch) as waiting,
        waiting.workers(SETTINGS),
    ):
        return await waiting.answered(ANSWER)


async def of_many(bench: Bench, aivax: Gateway, dispatch: str) -> tuple[Answered, float]:
    """What eight workers do with questions that wait, and with some that come."""
    ports, count = free_ports(WORKERS), WORKERS * PLACES * ROUNDS
    async with (
        backlog(bench, aivax, count, LIGHT, dispatch=dispatch, room=count + ARRIVING) as waiting,
        waiting.workers(*(SETTINGS + WEB.format(port=port) for port in ports)),
    ):
        return await waiting.answered(ANSWER), await in_vain(waiting, ports)


def note_of(found: Answered, called: str) -> str:
    """What an answer costs Discord; what fewer than one in a hundred does is only in the sum."""
    routes = ((route, calls / found.count) for route, calls in found.calls.most_common())
    each = ", ".join(f"{calls:.2f} {route}" for route, calls in routes if calls >= 0.01)
    return f"Calls to Discord for an answer, by {called}: {found.calls.total() / found.count:.2f} ({each})."


async def measure(bench: Bench) -> Measured:
    """Both ways, one after the other."""
    figures = {}
    async with gateway(bench.folder) as aivax:
        for dispatch, called in CALLED.items():
            one = await of_one(bench, aivax, dispatch)
            many, vain = await of_many(bench, aivax, dispatch)
            note = note_of(many, called)
            figures[RATE.format(called)] = Figure(many.a_second, one.a_second, note)
            figures[IN_VAIN.format(called)] = Figure(vain)
    return Measured(figures)


ROW = Row(
    "dispatch",
    "Real processes on Discord and PostgreSQL by `[storage] dispatch`; light answers: the gateway thinks for"
    f" {AFTER_S} s and then gives all at once (`slow_start_interval_s = 0`). Workers: questions that became due at the"
    f" same moment, told of as when they are stored, {PLACES * ROUNDS} for each worker, which is {ROUNDS} rounds of all"
    " its places, from the first claim to the last end; all processes together book 40 calls to Discord a second."
    f" Claims: {ARRIVING} questions, one every {ARRIVE_EVERY_S} s, as `/metrics` of {WORKERS} workers counts them.",
    tuple(
        line
        for called in CALLED.values()
        for line in (
            Line(RATE.format(called), "answers/s", Goal(3, sign=">="), "one worker"),
            Line(IN_VAIN.format(called), "", Goal(0.2, "figure")),
        )
    ),
    measure,
    further=True,
)
