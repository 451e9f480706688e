"""What AIVAX leaves unstated, in both shapes that the sandbox plays of it: nobody notices which one it was."""

from __future__ import annotations

from typing import Any

import pytest

from core.aivax.stream.events import Usage
from core.domain import (
    Command,
    Commanded,
    GatewayUnknown,
    KeyRefused,
    RateLimited,
    ToolActivity,
    ToolState,
    Unavailable,
)
from sandbox.faults import Fault
from sandbox.server import GATEWAY, GATEWAY_UUID, HOSTED, serve
from sandbox.shapes import CHOICES, Shapes
from tests.samples import ANA, DIRECT, said
from tests.sandbox_fixtures import opened
from tests.scripted_aivax import Clockwork, answer_of, text_of
from tests.stage import staged
from tests.test_aivax_against_sandbox import asking, failure_of, question

EACH = {name: pytest.mark.parametrize("shape", choices) for name, choices in CHOICES.items()}


def usage() -> Commanded:
    return Commanded(("usage",), ANA, DIRECT, Command.USAGE, address=f"{DIRECT.channel}/usage")


def of(**shape: Any) -> Shapes:
    return Shapes(**shape)


@EACH["tool_end"]
async def test_every_tool_ends_however_its_end_is_told(shape: str) -> None:
    async with serve(shapes=of(tool_end=shape)) as sandbox:
        events = await answer_of(asking(sandbox), question("tools"))

    last = {each.id: each.state for each in events if isinstance(each, ToolActivity)}
    assert last == {"tool_1": ToolState.COMPLETED, "tool_2": ToolState.COMPLETED}


@pytest.mark.parametrize("shape", ["state", "result"])
async def test_a_tool_that_fails_is_told_to_have_failed(shape: str) -> None:
    async with serve(shapes=of(tool_end=shape)) as sandbox:
        events = await answer_of(asking(sandbox), question("tools fail"))

    last = {each.id: each.state for each in events if isinstance(each, ToolActivity)}
    assert last == {"tool_1": ToolState.COMPLETED, "tool_2": ToolState.FAILED}


@pytest.mark.parametrize(("shape", "told"), [("chunk", True), ("header", True), ("none", False)])
async def test_the_price_is_what_aivax_tells_wherever_it_stands(shape: str, *, told: bool) -> None:
    async with serve(balance=5, shapes=of(stream_price=shape)) as sandbox:
        events = await answer_of(asking(sandbox), question("hello"))
        spent = 5 - sandbox.state.account.balance_usd

    (usage,) = (each for each in events if isinstance(each, Usage))
    assert usage.credits == (pytest.approx(spent) if told else None)
    assert usage.provider == "sandbox"


@pytest.mark.parametrize("shape", ["chunk", "header"])
async def test_the_price_that_is_told_is_stored_shown_and_counted_against_the_cap(
    migrated_url: str, shape: str
) -> None:
    own = {"spend_daily_usd": 0.000001, "usd_per_million_prompt_tokens": 0.0}
    async with (
        serve(plan="max", balance=5, shapes=of(stream_price=shape)) as sandbox,
        staged(migrated_url, sandbox=sandbox, limits=own) as stage,
    ):
        await stage.hear(said("hello"))
        spent = 5 - sandbox.state.account.balance_usd
        stored = await stage.rows("SELECT credits FROM usage"), await stage.rows("SELECT provider FROM usage")
        await stage.hear(said("hello again"), usage())
        _, refused, told = stage.platform.visible(DIRECT.channel)

    assert stored == ([pytest.approx(spent)], ["sandbox"])
    assert "on answers in a day" in refused
    assert "They cost $0.0" in told
    assert stage.times_asked == 1


@EACH["balance"]
async def test_the_balance_is_read_however_it_is_written(shape: str) -> None:
    async with serve(balance=3.5, plan="pro", shapes=of(balance=shape)) as sandbox, asking(sandbox) as aivax:
        balance = await aivax.account.balance()
        sandbox.state.account.over_quota = True
        full = await aivax.account.balance()

    assert balance is not None
    assert full is not None
    assert (balance.balance_usd, balance.usage_24h_usd, balance.plan) == (3.5, 0.0, "pro")
    assert (balance.storage_is_full, full.storage_is_full) == (False, True)


async def test_the_plan_is_known_from_the_header_where_the_balance_does_not_tell_it() -> None:
    async with serve(plan="pro") as sandbox, asking(sandbox) as aivax:
        sandbox.state.account.omit = frozenset({"plan", "planLimits"})
        balance = await aivax.account.balance()

    assert balance is not None
    assert balance.plan == "Pro"


@EACH["models"]
async def test_the_list_of_models_is_read_however_much_it_says(shape: str) -> None:
    async with serve(shapes=of(models=shape)) as sandbox, asking(sandbox) as aivax:
        assert {GATEWAY, GATEWAY_UUID, HOSTED} == set(await aivax.account.models())


@EACH["unknown_model"]
async def test_an_unknown_model_is_known_by_its_words_whatever_its_status(shape: str) -> None:
    async with serve(shapes=of(unknown_model=shape)) as sandbox:
        error = await failure_of(sandbox, model="nobody:1234")

    assert isinstance(error, GatewayUnknown)
    assert error.status == int(shape)


@pytest.mark.parametrize(("shape", "waits"), [("told", True), ("untold", False)])
async def test_a_rate_is_one_with_and_without_a_time_to_come_back(shape: str, *, waits: bool) -> None:
    async with serve(plan="free", clock=lambda: 1e9, shapes=of(rate_wait=shape)) as sandbox:
        for _ in range(20):
            await answer_of(asking(sandbox), question("hello"))
        error = await failure_of(sandbox, tries=1)

    assert isinstance(error, RateLimited)
    assert (error.retry_after_s is not None) is waits


@EACH["refusal"]
async def test_an_administrative_refusal_is_read_in_each_of_its_forms(shape: str) -> None:
    async with serve(shapes=of(refusal=shape)) as sandbox:
        sandbox.state.faults.add(Fault("balance", "status", status=401))
        sandbox.state.faults.add(Fault("balance", "status", status=500))
        async with asking(sandbox) as aivax:
            with pytest.raises(KeyRefused) as key:
                await aivax.account.balance()
            with pytest.raises(Unavailable) as outage:
                await aivax.account.balance()

    assert "401" in key.value.detail
    assert "500" in outage.value.detail


async def test_a_provider_that_is_down_is_waited_for_as_it_says() -> None:
    clock = Clockwork()
    async with serve() as sandbox:
        sandbox.state.faults.add(Fault("completions", "status", status=503, retry_after=7))
        events = await answer_of(asking(sandbox, clock), question("hello"))
        sandbox.state.faults.add(Fault("completions", "status", status=503, retry_after=600))
        error = await failure_of(sandbox)

    assert "hello" in text_of(events)
    assert clock.slept == [7.0]
    assert isinstance(error, Unavailable)
    assert (error.code, error.retry_after_s) == ("service_unavailable", 600.0)


@pytest.mark.parametrize(("status", "code"), [(400, "invalid_request_error"), (500, "server_error")])
async def test_the_codes_of_october_are_told_on(status: int, code: str) -> None:
    async with serve() as sandbox:
        sandbox.state.faults.add(Fault("completions", "status", status=status))
        assert (await failure_of(sandbox, tries=1)).code == code


async def test_a_shape_is_chosen_while_the_sandbox_runs_and_a_wrong_one_refused() -> None:
    async with opened() as desk:
        chosen = await desk.http.put("/sandbox/shapes", json={"tool_end": "silent"})
        wrong = await desk.http.put("/sandbox/shapes", json={"tool_end": "loud"})

        assert chosen.json()["tool_end"] == desk.sandbox.state.shapes.tool_end == "silent"
        assert (wrong.status_code, "state, result, silent" in wrong.json()["error"]) == (400, True)
    with pytest.raises(ValueError, match="tool_end"):
        of(tool_end="loud")
