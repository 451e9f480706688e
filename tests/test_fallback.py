"""Another model answers while the usual one can't: who says so, what does not count, and that questions go back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.domain import Place, SettingRefused
from core.settings import LimitsSettings
from sandbox.faults import Fault
from sandbox.plans import GATEWAY_UUID
from sandbox.server import Sandbox, serve
from tests.samples import BEN, CHANNEL, DIRECT, WallClock, said
from tests.stage import Stage, staged

USUAL, OTHER = "sandbox:50c3", "@sandbox/echo"
AIVAX = {"fallback_model": OTHER}
ANSWERED_BY = f"Answered by {OTHER}"


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with serve(plan="max", balance=50) as server:
        yield server


def out(sandbox: Sandbox, model: str = USUAL, times: int = 100) -> None:
    """Have a model answer 503."""
    sandbox.state.faults.add(Fault("completions", "status", status=503, times=times, model=model))


def capped(sandbox: Sandbox) -> None:
    """Have a model meet a ceiling of its use, as AIVAX tells it."""
    told = {"code": "INFERENCE_CAP_ERROR", "message": "weekly inference cap", "model": USUAL}
    sandbox.state.faults.add(Fault("completions", "stream-error", after_chunks=0, times=100, **told))


def shown(stage: Stage, place: Place = DIRECT) -> str:
    return stage.platform.visible(place.channel)[-1]


async def both_ask(stage: Stage) -> None:
    """Two people ask, Ann first: the failure of one alone is no outage yet, and hers is tried again later."""
    await stage.hear(said("one"))
    await stage.hear(said("two", by=BEN, at=CHANNEL))


async def test_another_model_answers_while_the_usual_one_is_out_and_says_so(
    migrated_url: str, clock: WallClock, sandbox: Sandbox
) -> None:
    async with staged(migrated_url, sandbox=sandbox, now=clock, aivax=AIVAX) as stage:
        out(sandbox)
        await both_ask(stage)
        await stage.hear(said("three", by=BEN, at=CHANNEL))

        assert "three" in shown(stage, CHANNEL)
        assert f"{ANSWERED_BY}, as the model that answers here otherwise is out of reach." in shown(
            stage, CHANNEL
        )
        assert stage.asked[-1]["model"] == OTHER
        assert await stage.rows("SELECT name FROM breakers") == [f"outage:{USUAL}"]


async def test_questions_go_back_to_the_usual_model_with_its_next_probe(
    migrated_url: str, clock: WallClock, sandbox: Sandbox
) -> None:
    async with staged(migrated_url, sandbox=sandbox, now=clock, aivax=AIVAX) as stage:
        out(sandbox)
        await both_ask(stage)
        sandbox.state.faults.clear()
        clock.advance(seconds=40)

        await stage.hear(said("four"))
        probe = shown(stage)
        await stage.hear(said("five", by=BEN, at=CHANNEL))

        assert ANSWERED_BY not in probe + shown(stage, CHANNEL)
        assert await stage.rows("SELECT name FROM breakers") == []


async def test_a_cap_of_aivax_on_the_usual_model_has_another_one_answer(
    migrated_url: str, clock: WallClock, sandbox: Sandbox
) -> None:
    async with staged(migrated_url, sandbox=sandbox, now=clock, aivax=AIVAX) as stage:
        capped(sandbox)
        await stage.hear(said("one"))

        assert f"{ANSWERED_BY}, as the model that answers here otherwise is out of reach." in shown(stage)


@pytest.mark.parametrize("cause", ["balance", "rate"])
async def test_what_is_the_accounts_own_has_no_other_model_asked(
    migrated_url: str, clock: WallClock, sandbox: Sandbox, cause: str
) -> None:
    async with staged(migrated_url, sandbox=sandbox, now=clock, aivax=AIVAX) as stage:
        if cause == "balance":
            sandbox.state.account.set_balance(0)
        else:
            sandbox.state.faults.add(Fault("completions", "status", status=429, retry_after=600))
        await stage.hear(said("one"))

        assert {each["model"] for each in stage.asked} <= {USUAL}
        assert await stage.states() == ["parked"]


async def test_where_the_other_model_is_out_too_questions_are_kept_as_ever(
    migrated_url: str, clock: WallClock, sandbox: Sandbox
) -> None:
    async with staged(migrated_url, sandbox=sandbox, now=clock, aivax=AIVAX) as stage:
        out(sandbox)
        out(sandbox, OTHER)
        await both_ask(stage)
        for _ in range(6):
            clock.advance(seconds=11)
            await stage.heal()
        await stage.hear(said("three"))

        assert ANSWERED_BY not in "".join(stage.platform.visible(DIRECT.channel))
        assert not await stage.are({"failed"})
        sandbox.state.faults.clear()
        for _ in range(6):
            clock.advance(seconds=40)
            await stage.heal()
        assert await stage.are({"answered"})


async def test_one_person_alone_gets_an_answer_of_the_other_model_in_place_of_an_error(
    migrated_url: str, clock: WallClock, sandbox: Sandbox
) -> None:
    async with staged(migrated_url, sandbox=sandbox, now=clock, aivax=AIVAX) as stage:
        await stage.core.admitting.admission._liveness.look()
        out(sandbox)
        await stage.hear(said("one"))
        for _ in range(3):
            clock.advance(seconds=11)
            await stage.heal()

        assert ANSWERED_BY in shown(stage)


async def test_at_a_cap_on_money_another_model_answers_where_that_is_wanted(
    migrated_url: str, clock: WallClock, sandbox: Sandbox
) -> None:
    limits = {"person_daily_usd": 0.5, "fallback_at_cap": True}
    async with staged(migrated_url, sandbox=sandbox, now=clock, aivax=AIVAX, limits=limits) as stage:
        await stage.hear(said("one"))
        await stage.change("UPDATE usage SET credits = 0.5")

        await stage.hear(said("two"), said("three", by=BEN, at=CHANNEL))

        note = f"{ANSWERED_BY}, as what the model that answers here otherwise may cost is used up."
        assert "two" in shown(stage)
        assert note in shown(stage)
        assert note not in shown(stage, CHANNEL)
        clock.advance(hours=24)
        await stage.hear(said("four"))
        assert note not in shown(stage)


@pytest.mark.parametrize(("factor", "is_bound"), [(2.0, True), (0.0, False)])
async def test_what_the_other_model_may_cost_has_a_bound(
    migrated_url: str, clock: WallClock, sandbox: Sandbox, factor: float, is_bound: bool
) -> None:
    limits = {"person_daily_usd": 0.5, "fallback_at_cap": True, "fallback_cap_factor": factor}
    async with staged(migrated_url, sandbox=sandbox, now=clock, aivax=AIVAX, limits=limits) as stage:
        await stage.hear(said("one"), said("from ben", by=BEN, at=CHANNEL))
        await stage.change("UPDATE usage SET credits = 0.6")
        await stage.hear(said("two"))
        assert ANSWERED_BY in shown(stage)

        await stage.change("UPDATE usage SET credits = 0.5")  # one dollar in two answers
        asked = stage.times_asked
        await stage.hear(said("three"), said("three", by=BEN, at=CHANNEL))

        if is_bound:
            assert shown(stage).startswith("My answers to you may cost $1.00 a day, and that is used up.")
            assert stage.times_asked == asked + 1
        else:
            assert "three" in shown(stage)
            assert ANSWERED_BY in shown(stage)
        assert "three" in shown(stage, CHANNEL)


async def test_questions_that_wait_are_put_to_no_model_beyond_that_bound(
    migrated_url: str, clock: WallClock, sandbox: Sandbox
) -> None:
    limits = {"person_daily_usd": 0.5, "fallback_at_cap": True, "question_usd": 0.0}
    async with staged(migrated_url, sandbox=sandbox, now=clock, aivax=AIVAX, limits=limits) as stage:
        await stage.hear(said("one"))
        sandbox.state.account.set_balance(0)
        await stage.hear(said("two"))
        await stage.change("UPDATE usage SET credits = 1.0")
        sandbox.state.account.set_balance(5)
        clock.advance(seconds=61)
        await stage.heal()

        assert shown(stage).startswith("My answers to you may cost $1.00 a day, and that is used up.")
        assert ANSWERED_BY not in shown(stage)


@pytest.mark.parametrize("factor", [0.5, 1.0, -1.0, float("inf"), float("nan")])
def test_a_part_of_a_cap_is_no_bound(factor: float) -> None:
    with pytest.raises(ValueError, match="more than 1, or 0 for no bound"):
        LimitsSettings(fallback_cap_factor=factor)


async def test_without_that_wish_a_cap_refuses(migrated_url: str, clock: WallClock, sandbox: Sandbox) -> None:
    limits = {"person_daily_usd": 0.5}
    async with staged(migrated_url, sandbox=sandbox, now=clock, aivax=AIVAX, limits=limits) as stage:
        await stage.hear(said("one"))
        await stage.change("UPDATE usage SET credits = 0.5")
        await stage.hear(said("two"))

        assert shown(stage).startswith("My answers to you may cost $0.50 a day, and that is used up.")


async def test_a_place_has_a_fallback_of_its_own(
    migrated_url: str, clock: WallClock, sandbox: Sandbox
) -> None:
    route = {"platform": "fake", "channel": CHANNEL.channel, "fallback_model": GATEWAY_UUID}
    async with staged(migrated_url, sandbox=sandbox, now=clock, aivax=AIVAX, routes=[route]) as stage:
        out(sandbox)
        await both_ask(stage)
        await stage.hear(said("three", at=CHANNEL))

        assert f"Answered by {GATEWAY_UUID}" in shown(stage, CHANNEL)


async def test_settings_without_a_model_to_fall_back_to_are_refused(migrated_url: str) -> None:
    async with staged(migrated_url, limits={"fallback_at_cap": True}) as stage:
        with pytest.raises(SettingRefused, match=r"\[limits\] fallback_at_cap"):
            stage.core.check(stage.settings)


async def test_a_public_key_reaches_no_fallback_by_its_slug(migrated_url: str) -> None:
    aivax = {"api_key": "pk-aiv-sandbox", "model": GATEWAY_UUID, "fallback_model": "small:7a10"}
    async with staged(migrated_url, aivax=aivax) as stage:
        with pytest.raises(SettingRefused, match=r"\[aivax\] fallback_model"):
            stage.core.check(stage.settings)


async def test_operators_are_told_that_another_model_answers_and_that_none_does(
    migrated_url: str, clock: WallClock, sandbox: Sandbox
) -> None:
    operators = {"channel": "fake:ops"}
    async with staged(migrated_url, sandbox=sandbox, now=clock, aivax=AIVAX, operators=operators) as stage:
        out(sandbox)
        await both_ask(stage)
        clock.advance(seconds=31)
        await stage.heal()
        instead = stage.platform.visible("ops")
        out(sandbox, OTHER)
        await both_ask(stage)
        clock.advance(seconds=31)
        await stage.heal()
        neither = stage.platform.visible("ops")

    assert f"`{OTHER}` answers in its place where it is set up to" in instead[-1]
    assert "Questions are kept" not in instead[-1]
    assert f"AIVAX doesn't answer calls to `{OTHER}`. Questions are kept; I keep trying." in neither[-1]
