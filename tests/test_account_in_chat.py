"""The account in chat: operators see what was spent and by whom, list gateways and models, and switch; others don't."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from core.domain import Author, Identity, SettingRefused
from core.i18n import Phrase
from sandbox.faults import Fault
from sandbox.server import GATEWAY_UUID, HOSTED, Sandbox, serve
from sandbox.shapes import Shapes
from tests.samples import BEN, CHANNEL, DIRECT, WallClock, said
from tests.stage import Stage, staged

ROOT = Author(Identity("discord", "W1", "7"), "Root `@all`")
OPERATORS = {"discord_users": ["7"]}
ON: Mapping[str, Any] = {"account": {"enabled": True}, "operators": OPERATORS}
SECRET = "sk-of-the-provider"


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
async def sandbox(clock: WallClock) -> AsyncIterator[Sandbox]:
    async with serve(plan="free", balance=5, clock=lambda: clock().timestamp()) as server:
        yield server


async def tell(stage: Stage, words: str, by: Author = ROOT) -> str:
    """Say something; all that stands in the place then, after what stood there."""
    before = len(stage.platform.visible(DIRECT.channel))
    await stage.hear(said(words, by=by))
    return "\n".join(stage.platform.visible(DIRECT.channel)[before:])


async def test_an_operator_sees_balance_spending_and_whose_it_was(
    migrated_url: str, clock: WallClock, sandbox: Sandbox
) -> None:
    async with staged(migrated_url, sandbox=sandbox, now=clock, **ON) as stage:
        await stage.hear(said("one", by=BEN, at=CHANNEL))
        await stage.change("UPDATE usage SET credits = 0.75")
        await stage.hear(said("two", by=ROOT))
        sandbox.state.account.charge(1_000_000, 0, HOSTED)
        clock.advance(minutes=1)

        shown = await tell(stage, "account")

        assert "Balance: $3.99. Spent in the last 24 hours: $1.00." in shown
        assert "Plan: `free`." in shown
        assert "Spent by the whole account in 14 days: $1.00." in shown
        assert f"- `{HOSTED}`: $1.00" in shown
        assert "- `Ben`: $0.75 (answers: 1)" in shown
        assert "- `Root '@all'`: " in shown
        assert "- `fake:W1:general`: $0.75 (answers: 1)" in shown
        assert "- `fake:W1`, direct messages: " in shown
        chart = "Spending by day, from 2026-08-19 to 2026-09-01; the highest bar is $1.00"
        assert "<spending.png: " in shown
        assert chart in shown


async def test_what_aivax_does_not_tell_now_is_said_and_the_rest_stands(
    migrated_url: str, clock: WallClock, sandbox: Sandbox
) -> None:
    async with staged(migrated_url, sandbox=sandbox, now=clock, **ON) as stage:
        await stage.hear(said("one", by=BEN, at=CHANNEL))
        for route in ("usage", "balance"):
            sandbox.state.faults.add(Fault(route, "status", status=400, times=10))  # type: ignore[arg-type]

        shown = await tell(stage, "account")

        assert Phrase.ACCOUNT_UNREADABLE in shown
        assert Phrase.ACCOUNT_USAGE_UNREADABLE in shown
        assert "- `Ben`: " in shown


async def test_a_limit_that_is_near_is_told(migrated_url: str, clock: WallClock, sandbox: Sandbox) -> None:
    async with staged(migrated_url, sandbox=sandbox, now=clock, **ON) as stage:
        sandbox.state.account.over_quota = True

        assert "Near a limit: the account's storage is 100 % full." in await tell(stage, "account")


async def test_at_a_cap_on_money_the_account_can_still_be_seen(
    migrated_url: str, clock: WallClock, sandbox: Sandbox
) -> None:
    limits = {"spend_daily_usd": 0.5}
    async with staged(migrated_url, sandbox=sandbox, now=clock, limits=limits, **ON) as stage:
        await stage.hear(said("one", by=BEN, at=CHANNEL))
        await stage.change("UPDATE usage SET credits = 0.5")

        assert "I've used up what I may spend" in await tell(stage, "hello")
        assert "Balance: " in await tell(stage, "account")


async def test_others_are_told_that_it_is_not_for_them_and_may_begin_a_sentence_so(
    migrated_url: str, clock: WallClock, sandbox: Sandbox
) -> None:
    async with staged(migrated_url, sandbox=sandbox, now=clock, **ON) as stage:
        for word in ("account", "gateways", "models"):
            assert await tell(stage, word, BEN) in (Phrase.OPERATORS_ONLY, "")
        assert "models of aircraft" in await tell(stage, "models of aircraft?", BEN)
        assert stage.times_asked == 1


async def test_gateways_are_listed_described_without_secrets_and_switched(
    migrated_url: str, clock: WallClock, sandbox: Sandbox
) -> None:
    parameters = {"baseAddress": "@integrated", "modelName": HOSTED, "apiKey": SECRET, "temperature": 0.5}
    async with staged(migrated_url, sandbox=sandbox, now=clock, **ON) as stage:
        made = await stage.core.admitting.aivax.admin.post(
            "ai-gateways", json={"name": "support", "parameters": parameters}
        )
        slug = f"support:{str(made.data)[-6:-2]}"

        listed = await tell(stage, "gateways")
        described = await tell(stage, "gateways support")
        unknown = await tell(stage, "gateways use `nothing`")
        switched = await tell(stage, f"gateways use {slug}")
        answered = await tell(stage, "hello")

        assert "Questions here are answered by `sandbox:50c3`." in listed
        assert f"- `{slug}` asks `{HOSTED}`" in listed
        assert "- `temperature`: `0.5`" in described
        assert SECRET not in listed + described
        assert "no AI gateway named `'nothing'`" in unknown
        assert switched == f"From now on, questions here are answered by `{slug}`."
        assert "hello" in answered
        assert stage.asked[-1]["model"] == slug


async def test_models_are_listed_with_context_and_price_and_filtered(
    migrated_url: str, clock: WallClock, sandbox: Sandbox
) -> None:
    sandbox.state.shapes = Shapes(models="detailed")
    async with staged(migrated_url, sandbox=sandbox, now=clock, **ON) as stage:
        listed = await tell(stage, "models")
        found = await tell(stage, "models ECHO")
        nothing = await tell(stage, "models of `none`")

        price = "`input` $1.00 / `1M tokens`, `output` $4.00 / `1M tokens`"
        assert f"- `{HOSTED}`: context of 1,000,000 tokens, {price}" in listed
        assert f"- `{GATEWAY_UUID}`: asks `{HOSTED}`" in listed
        assert found.count("\n- ") + found.startswith("- ") == 1
        assert nothing == "There is nothing to ask whose name holds `of 'none'`."


async def test_many_models_end_in_how_many_more_there_are(
    migrated_url: str, clock: WallClock, sandbox: Sandbox
) -> None:
    (first, *_) = sandbox.state.models
    names = (f"@vendor/model-{number}" for number in range(100))
    sandbox.state.models = (first, *(type(first)(name, "vendor") for name in names))
    async with staged(migrated_url, sandbox=sandbox, now=clock, **ON) as stage:
        listed = await tell(stage, "models vendor")

    assert listed.count("@vendor/") == 30
    assert "… and 70 more: write a part of the name" in listed


async def test_it_takes_a_private_key_of_aivax(migrated_url: str) -> None:
    public = {"api_key": "pk-aiv-sandbox", "model": GATEWAY_UUID}
    async with staged(migrated_url, aivax=public, **ON) as stage:
        with pytest.raises(SettingRefused, match=r"\[account\] enabled"):
            stage.core.check(stage.settings)
