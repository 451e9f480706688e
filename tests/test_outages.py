"""Outages and poisoned questions: who is tried, who waits, and what one person's harm costs the others."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from core.domain import Author, Breaker, Cause, Identity, Place, Said
from core.storage.db import Database, conversations, identities, persons, turns
from core.storage.turns.breakers import BreakerStore
from core.storage.turns.release import HeldTurnRelease
from tests.poisoned import POISONS, QUOTAS, Gateway, poisonable
from tests.samples import WallClock, said
from tests.stage import FakePlatform, Stage, staged

BREAKER = "outage:sandbox:50c3"
APOLOGY = "failed at this question again and again"
"""Six batches: that no statement grows with what is parked shows in how many are queued at a time."""


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with poisonable() as served:
        yield served


def at(gateway: Gateway) -> Mapping[str, Any]:
    return {"base_url": gateway.url, "direct_url": "", "api_key": "", "connect_timeout_s": 30}


@pytest.fixture
async def stage(migrated_url: str, clock: WallClock, gateway: Gateway) -> AsyncIterator[Stage]:
    async with staged(migrated_url, now=clock, aivax=at(gateway)) as opened:
        await opened.core.admitting.admission._liveness.look()
        yield opened


def asks(who: str, words: str, *, room: str = "") -> Said:
    place = Place("fake", "W1", f"D-{room or who}", private=True)
    return said(words, by=Author(Identity("fake", "W1", who), who), at=place)


async def later(stage: Stage, clock: WallClock, seconds: float) -> None:
    clock.advance(seconds=seconds)
    await stage.heal()
    await stage.heal()


@pytest.mark.parametrize("kind", POISONS)
async def test_a_question_that_always_fails_costs_its_author_an_apology_and_nobody_else_a_second(
    stage: Stage, clock: WallClock, gateway: Gateway, kind: str
) -> None:
    await stage.hear(asks("ben", "are you there?"))  # else a web page would tell of a wrong base address
    await stage.hear(asks("eve", f"poison {kind} 1", room="a"), asks("eve", f"poison {kind} 2", room="b"))
    await stage.hear(asks("ana", "hello"))
    assert "You said: hello" in stage.platform.visible("D-ana")[-1]
    assert await stage.rows("SELECT name FROM breakers") == []

    await later(stage, clock, 11)
    await later(stage, clock, 11)

    for room in ("D-a", "D-b"):
        (shown,) = stage.platform.visible(room)
        assert APOLOGY in shown
        assert "reference" in shown
    poisoned = {f"poison {kind} 1": 2, f"poison {kind} 2": 2}
    assert Counter(gateway.texts()) == {"are you there?": 1, "hello": 1, **poisoned}


async def test_poison_of_several_people_at_once_shuts_nobody_else_out(
    stage: Stage, clock: WallClock, gateway: Gateway
) -> None:
    poisoned = [asks(f"eve-{number}", f"poison 5xx {number}") for number in range(3)]
    await stage.hear(*poisoned, *(asks(f"p-{number}", f"question {number}") for number in range(8)))
    await stage.heal()

    for number in range(8):
        assert f"question {number}" in stage.platform.visible(f"D-p-{number}")[-1]
    for _ in range(8):
        await later(stage, clock, 11)
    for number in range(3):
        assert APOLOGY in stage.platform.visible(f"D-eve-{number}")[-1]
    assert sum("poison" in words for words in gateway.texts()) <= 9


async def test_the_same_failure_of_two_people_within_a_minute_is_an_outage_and_both_are_kept(
    stage: Stage, clock: WallClock, gateway: Gateway
) -> None:
    gateway.down = "completions"
    await stage.hear(asks("ana", "first"))
    assert await stage.rows("SELECT name FROM breakers") == []
    await stage.hear(asks("ben", "second"))
    assert await stage.rows("SELECT name FROM breakers") == [BREAKER]
    for _ in range(12):  # 2 minutes
        await later(stage, clock, 10)
    calls = len(gateway.asked)
    assert calls <= 2 + 6 + 1

    gateway.down = ""
    await later(stage, clock, 20)

    assert "You said: first" in stage.platform.visible("D-ana")[-1]
    assert "You said: second" in stage.platform.visible("D-ben")[-1]
    assert set(await stage.states()) == {"answered"}
    assert len(gateway.asked) == calls + 2


async def test_a_failure_that_was_contradicted_is_no_evidence_of_an_outage(
    stage: Stage, clock: WallClock, gateway: Gateway
) -> None:
    await stage.hear(asks("eve", "poison 5xx 1"))
    await stage.hear(asks("ana", "hello"))
    await stage.hear(asks("ida", "poison 5xx 2"))

    assert await stage.rows("SELECT name FROM breakers") == []


async def test_a_service_that_is_not_reached_is_out_at_once_and_seen_to_return(
    stage: Stage, clock: WallClock, gateway: Gateway
) -> None:
    gateway.down = "503"
    clock.advance(seconds=5)
    await stage.hear(asks("ana", "hello"))
    assert await stage.rows("SELECT name FROM breakers") == [BREAKER]
    for _ in range(20):  # 12 minutes
        await later(stage, clock, 36)
        await stage.core.admitting.prober.heed_signs()
    assert len(gateway.asked) <= 1 + 3 * 12

    await later(stage, clock, 20)
    gateway.down = ""
    clock.advance(seconds=4)
    await stage.core.admitting.prober.heed_signs()
    await stage.heal()

    assert "You said: hello" in stage.platform.visible("D-ana")[-1]


async def signs(stage: Stage, clock: WallClock, seconds: float) -> None:
    """Let time pass, looking for signs of recovery and at the breakers as the process does."""
    for _ in range(round(seconds / 4)):
        clock.advance(seconds=4)
        await stage.core.admitting.prober.heed_signs()
        await stage.heal()


async def test_where_completions_alone_fail_their_return_is_seen_without_a_question(
    stage: Stage, clock: WallClock, gateway: Gateway
) -> None:
    gateway.down = "completions"
    await stage.hear(asks("ana", "first"), asks("ben", "second"))
    calls = len(gateway.asked)
    await signs(stage, clock, 300)
    assert len(gateway.asked) - calls <= 15
    assert gateway.signs

    await later(stage, clock, 20.1)  # a probe has just failed
    gateway.down = ""
    await signs(stage, clock, 8)

    assert "You said: first" in stage.platform.visible("D-ana")[-1]
    assert "You said: second" in stage.platform.visible("D-ben")[-1]


async def test_a_route_that_refuses_what_is_no_question_is_hardly_asked_and_hints_at_nothing(
    stage: Stage, clock: WallClock, gateway: Gateway
) -> None:
    gateway.down = "models"
    await stage.hear(asks("ana", "first"), asks("ben", "second"))
    calls = len(gateway.asked)
    await signs(stage, clock, 300)

    assert 5 <= len(gateway.signs) <= 6
    assert len(gateway.asked) - calls <= 15

    gateway.down = ""
    await signs(stage, clock, 20)
    assert set(await stage.states()) == {"answered"}


async def test_an_outage_that_comes_and_goes_costs_three_calls_a_minute(
    stage: Stage, clock: WallClock, gateway: Gateway
) -> None:
    """Its signs are right and its probes are late: each sign only takes the place of the next probe."""
    gateway.down = "503"
    clock.advance(seconds=5)
    await stage.hear(asks("ana", "first"), asks("ben", "second"))
    calls = len(gateway.asked)
    for _ in range(50):  # 10 minutes
        for gateway.down, seconds in (("503", 8), ("models", 4)):
            clock.advance(seconds=seconds)
            await stage.core.admitting.prober.heed_signs()
        await stage.heal()

    assert len(gateway.asked) - calls <= 31


async def test_a_hanging_probe_does_not_hide_that_the_service_is_back(
    migrated_url: str, clock: WallClock, gateway: Gateway
) -> None:
    async with staged(migrated_url, now=clock, aivax=at(gateway)) as stage:
        gateway.down = "completions"
        await stage.hear(asks("ana", "first"), asks("ben", "second"))
        await stage.core.admitting.prober.heed_signs()
        asked = len(gateway.asked)
        gateway.hanging = asyncio.Event()
        clock.advance(seconds=10.1)
        await stage.core.admitting.prober.look()
        await stage.core.pool.sweep()
        await _until(lambda: len(gateway.asked) > asked)

        hung, gateway.hanging, gateway.down = gateway.hanging, None, ""
        clock.advance(seconds=7)  # the last sign may have been asked for just now
        await stage.core.admitting.prober.heed_signs()
        await stage.core.pool.sweep()
        await _until(
            lambda: any(
                "You said" in said for who in ("ana", "ben") for said in stage.platform.visible(f"D-{who}")
            )
        )
        hung.set()
        await stage.rest()

        assert set(await stage.states()) == {"answered"}


async def test_a_probe_that_its_author_withdraws_costs_no_further_call(
    stage: Stage, clock: WallClock, gateway: Gateway
) -> None:
    gateway.down = "completions"
    await stage.hear(*(asks(f"p-{number}", f"question {number}") for number in range(6)))
    store = stage.core.admitting.admission._store
    (tripped,) = await store.tripped()
    turn_id = (await stage.rows("SELECT id FROM turns ORDER BY id DESC"))[0]
    admission = stage.core.admitting.admission

    for _ in range(20):
        clock.advance(seconds=21)
        async with admission.entering(turn_id, tripped.breaker.model) as passage:
            if passage.is_probe:  # else the core itself has just sent another one
                break
    assert passage.is_probe
    await admission.let_go(turn_id)

    (tripped,) = await store.tripped()
    assert tripped.retry_at > clock() + timedelta(seconds=19)
    assert not tripped.is_tried


async def test_a_clock_that_is_set_back_does_not_put_recovery_off(
    stage: Stage, clock: WallClock, gateway: Gateway
) -> None:
    gateway.down = "503"
    clock.advance(seconds=5)
    await stage.hear(asks("ana", "hello"))
    await later(stage, clock, 60)
    gateway.down = ""

    await later(stage, clock, -3_600)

    assert "You said: hello" in stage.platform.visible("D-ana")[-1]


async def test_who_waits_in_an_outage_is_taken_up_to_be_told_and_not_with_every_probe(
    stage: Stage, clock: WallClock, gateway: Gateway
) -> None:
    gateway.down = "completions"
    await stage.hear(*(asks(f"p-{number}", f"question {number}") for number in range(24)))
    for _ in range(20):  # 100 s
        await later(stage, clock, 5)

    attempts = await stage.rows("SELECT attempt FROM turns")
    probes = len(gateway.asked)
    assert sum(attempts) <= 2 * 24 + 2 * probes


async def test_only_the_probes_own_failure_lengthens_the_pause(
    stage: Stage, clock: WallClock, gateway: Gateway
) -> None:
    gateway.down = "completions"
    await stage.hear(*(asks(f"p-{number}", f"question {number}") for number in range(12)))
    assert len(gateway.asked) <= 2 + 2 + 2

    gateway.down = ""
    await later(stage, clock, 10.1)

    for number in range(12):
        (answer,) = stage.platform.visible(f"D-p-{number}")
        assert f"question {number}" in answer


async def test_a_probe_is_never_the_question_that_failed_the_last_one_while_anybody_else_waits(
    stage: Stage, clock: WallClock, gateway: Gateway
) -> None:
    gateway.down = "completions"
    await stage.hear(*(asks(f"p-{number}", f"question {number}") for number in range(6)))
    before = len(gateway.asked)
    for _ in range(8):
        await later(stage, clock, 20.1)

    probes = gateway.texts()[before:]
    assert len(probes) >= 6
    assert all(one != other for one, other in itertools.pairwise(probes))
    assert len(set(probes)) >= 4


@pytest.mark.parametrize("status", QUOTAS)
async def test_a_question_that_looks_like_an_empty_account_does_not_keep_the_others_waiting(
    stage: Stage, clock: WallClock, gateway: Gateway, status: str
) -> None:
    await stage.hear(asks("eve", f"poison {status}"))
    await stage.hear(asks("ana", "first"))
    await later(stage, clock, 12)
    assert "You said: first" in stage.platform.visible("D-ana")[-1]
    for number in range(10):  # 10 minutes: the question is given up after 5 tries
        await later(stage, clock, 60)
        await stage.hear(asks("ana", f"question {number}"))
        if f"You said: question {number}" not in stage.platform.visible("D-ana")[-1]:
            await later(stage, clock, 12)  # a try of the other question fell between
        assert f"You said: question {number}" in stage.platform.visible("D-ana")[-1]

    assert APOLOGY in stage.platform.visible("D-eve")[-1]
    assert await stage.rows("SELECT name FROM breakers") == []


async def test_what_was_counted_against_a_question_outlives_the_process(
    migrated_url: str, clock: WallClock, gateway: Gateway
) -> None:
    platform = FakePlatform()
    for _ in range(2):
        async with staged(migrated_url, now=clock, aivax=at(gateway), platform=platform) as stage:
            if not gateway.asked:
                await stage.hear(asks("eve", "poison cut"))
            else:
                await later(stage, clock, 11)

    assert APOLOGY in platform.visible("D-eve")[-1]
    assert len(gateway.asked) == 2


class _Watched(FakePlatform):
    """Counts what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()

    def reply_to(self, address: str, ledger: Any) -> Any:
        self.calls["reply_to"] += 1
        return super().reply_to(address, ledger)

    async def surroundings(self, address: str, most: int) -> Any:
        self.calls["surroundings"] += 1
        return await super().surroundings(address, most)


async def test_who_waits_while_a_probe_hangs_makes_no_platform_call_and_comes_back_when_it_ends(
    migrated_url: str, clock: WallClock, gateway: Gateway
) -> None:
    platform = _Watched()
    async with staged(migrated_url, now=clock, aivax=at(gateway), platform=platform) as stage:
        gateway.down = "completions"
        await stage.hear(*(asks(f"p-{number}", f"question {number}") for number in range(6)))
        gateway.down, gateway.hanging = "", asyncio.Event()
        asked = len(gateway.asked)
        clock.advance(seconds=10.1)
        await stage.core.admitting.prober.look()
        stage.core.pool.sweep_soon()
        await _until(lambda: len(gateway.asked) > asked)
        before = Counter(platform.calls)
        for _ in range(10):
            clock.advance(seconds=0.5)
            await stage.core.admitting.prober.look()
            await stage.core.pool.sweep()
            await asyncio.sleep(0.02)
        assert platform.calls == before
        assert len(gateway.asked) == asked + 1

        gateway.hanging.set()
        gateway.hanging = None
        await _until(lambda: len(gateway.asked) == asked + 6)
        await stage.rest()

        assert set(await stage.states()) == {"answered"}


@pytest.mark.parametrize("held", [3_000, pytest.param(100_000, marks=pytest.mark.soak)])
async def test_thousands_of_parked_turns_wake_in_batches(
    database: Database, clock: WallClock, held: int
) -> None:
    release = HeldTurnRelease(database, clock, most=500)
    store = BreakerStore(database, clock, release)
    breaker = Breaker(Cause.BALANCE)
    await _hold(database, clock, breaker.name, held)
    await store.trip(breaker, lambda _probes: clock(), 0.0)

    await store.reset(breaker)
    assert await _queued(database) == 500
    await release.go_on()
    assert await _queued(database) == 500
    async with database.write() as connection:
        await connection.execute(text("UPDATE turns SET state = 'answered' WHERE state = 'queued'"))
    assert await release.go_on()

    assert await _queued(database) == 500
    async with database.read() as connection:
        oldest = select(turns.c.id).where(turns.c.state == "queued").order_by(turns.c.id).limit(1)
        assert (await connection.execute(oldest)).scalar_one() == 501


async def test_a_turn_that_parks_when_its_gate_has_just_opened_is_not_left_behind(
    stage: Stage, clock: WallClock, gateway: Gateway
) -> None:
    await stage.hear(asks("ana", "hello"))
    await stage.change("UPDATE turns SET state = 'queued', answer = NULL, due_at = '2100-01-01 00:00:00'")
    turn_ids = await stage.rows("SELECT conversation_id FROM turns")
    clock.advance(days=40_000)
    turn = await stage.core.runner._store.claim(turn_ids[0])
    assert turn is not None

    assert not await stage.core.runner._store.hold(turn, BREAKER)

    assert await stage.states() == ["queued"]


@pytest.mark.parametrize("cause", [Cause.BALANCE, Cause.RATE])
async def test_a_turn_whose_gate_opens_while_its_author_is_told_is_answered_at_once(
    stage: Stage, clock: WallClock, monkeypatch: pytest.MonkeyPatch, cause: Cause
) -> None:
    breakers = stage.core.admitting.admission._store
    model = "sandbox:50c3" if cause is Cause.RATE else ""
    breaker, store = Breaker(cause, model), stage.core.runner._store
    told_before = store.told_before

    async def reset_meanwhile(*asked: Any) -> set[int]:
        await breakers.reset(breaker)
        return await told_before(*asked)

    monkeypatch.setattr(store, "told_before", reset_meanwhile)
    await breakers.trip(breaker, lambda _probes: clock() + timedelta(seconds=10), 0.0)

    await stage.hear(asks("ana", "hello"))

    assert await stage.states() == ["answered"]
    assert "You said: hello" in stage.platform.visible("D-ana")[-1]


async def _queued(database: Database) -> int:
    async with database.read() as connection:
        rows = await connection.execute(text("SELECT count(*) FROM turns WHERE state = 'queued'"))
        return int(rows.scalar_one())


async def _hold(database: Database, clock: WallClock, breaker: str, held: int) -> None:
    now = clock()
    async with database.write() as connection:
        await connection.execute(insert(persons).values(id=1, key="p", created_at=now))
        who = {"platform": "fake", "workspace": "W1", "user": "ana", "name": "", "locale": ""}
        await connection.execute(insert(identities).values(id=1, person_id=1, created_at=now, **who))
        place = {"platform": "fake", "workspace": "W1", "channel": "c", "thread": "", "private": False}
        times = {"opened_at": now, "active_at": now}
        await connection.execute(insert(conversations).values(id=1, owner_id=1, **place, **times))
        for start in range(0, held, 500):
            rows = [_held_turn(number, breaker, clock) for number in range(start, start + 500)]
            await connection.execute(insert(turns), rows)


def _held_turn(number: int, breaker: str, clock: WallClock) -> dict[str, object]:
    times = {"held_at": clock(), "due_at": clock(), "created_at": clock()}
    about = {"conversation_id": 1, "identity_id": 1, "address": "", "notice": False}
    return {
        "id": number + 1,
        "key": f"{number:032d}",
        "state": "parked",
        "held_by": breaker,
        **about,
        **times,
    }


async def _until(condition: Any) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  the gateway's calls tell nobody
            await asyncio.sleep(0.01)
