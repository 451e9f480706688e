"""The AIVAX client against our stand-in for the service, which was built from the same page and shares no code."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from core.aivax.client import AivaxClient
from core.aivax.options import RequestOptions
from core.aivax.request import ChatMessage, CompletionRequest, ImagePart, TextPart, data_url
from core.aivax.stream.events import Finished, Text, Thinking, TimelineEvent, Usage
from core.domain import (
    AivaxError,
    AnswerBroken,
    AnswerCut,
    AnswerFailed,
    ContextTooLong,
    GatewayUnknown,
    KeyRefused,
    NoBalance,
    RateLimited,
    ToolActivity,
    ToolState,
    Unavailable,
)
from sandbox.faults import Fault
from sandbox.server import GATEWAY, GATEWAY_UUID, HOSTED, PRIVATE_KEY, PUBLIC_KEY, Sandbox, serve
from tests.scripted_aivax import Clockwork, answer_of, client, text_of


def asking(sandbox: Sandbox, clock: Clockwork | None = None, **changes: Any) -> AivaxClient:
    given = {"base_url": f"{sandbox.base_url}/v1", "api_key": PRIVATE_KEY, "model": GATEWAY, "direct_url": ""}
    return client(None, clock, **{**given, **changes})


def question(text: str) -> CompletionRequest:
    return CompletionRequest(
        (ChatMessage("user", text),), user="person-1", idempotency_key="turn-1", metadata={"platform": "test"}
    )


async def failure_of(sandbox: Sandbox, text: str = "hello", **changes: Any) -> AivaxError:
    with pytest.raises(AivaxError) as caught:
        await answer_of(asking(sandbox, **changes), question(text))
    return caught.value


async def test_an_answer_holds_the_question_and_tells_its_cost() -> None:
    async with serve() as sandbox:
        events = await answer_of(asking(sandbox), question("Grüße an 👩‍💻"))

    assert "Grüße an 👩‍💻" in text_of(events)
    assert isinstance(events[-2], Usage)
    assert events[-2].completion_tokens > 0
    assert events[-1] == Finished("stop")


@pytest.mark.parametrize("model", [GATEWAY_UUID, HOSTED])
async def test_gateways_and_hosted_models_answer(model: str) -> None:
    async with serve() as sandbox:
        assert "hello" in text_of(await answer_of(asking(sandbox, model=model), question("hello")))


async def test_a_public_key_gets_an_answer_from_a_uuid() -> None:
    async with serve() as sandbox:
        aivax = asking(sandbox, api_key=PUBLIC_KEY, model=GATEWAY_UUID, temperature=0.1)
        async with aivax:
            assert await aivax.account.preflight() == ()
            async with aclosing(aivax.complete(question("hello"))) as events:
                assert "hello" in text_of([each async for each in events])


async def test_thinking_and_tools_come_beside_the_text() -> None:
    async with serve() as sandbox:
        events = await answer_of(
            asking(sandbox),
            replace(question("think and use tools"), options=RequestOptions(explain_tools=True)),
        )

    tools = [each for each in events if isinstance(each, ToolActivity)]
    assert any(isinstance(each, Thinking) for each in events)
    assert tools[0].explanation
    assert {each.id for each in tools if each.state is ToolState.COMPLETED} == {each.id for each in tools}


async def test_a_tool_may_fail() -> None:
    async with serve() as sandbox:
        events = await answer_of(asking(sandbox), question("tools fail"))

    assert ToolState.FAILED in {each.state for each in events if isinstance(each, ToolActivity)}


@pytest.mark.parametrize(("word", "reason"), [("length", "length"), ("STOP", "stop")])
async def test_the_reason_of_the_end_is_told(word: str, reason: str) -> None:
    async with serve() as sandbox:
        assert (await answer_of(asking(sandbox), question(f"finish {word}")))[-1] == Finished(reason)


@pytest.mark.parametrize("ping", ["comment", "empty"])
async def test_pings_keep_a_silent_answer_alive(ping: Any) -> None:
    async with serve(ping=ping, ping_interval_s=0.02) as sandbox:
        slow = asking(sandbox, first_event_timeout_s=5, idle_timeout_s=0.6)
        assert "wait 1.2" in text_of(await answer_of(slow, question("wait 1.2")))


async def test_models_and_balance_are_read() -> None:
    async with serve(balance=3.5) as sandbox, asking(sandbox) as aivax:
        assert await aivax.account.preflight(HOSTED) == ()
        assert {GATEWAY, GATEWAY_UUID, HOSTED} <= set(await aivax.account.models())
        balance = await aivax.account.balance()

    assert balance is not None
    assert balance.balance_usd == 3.5
    assert "free" in balance.plan.lower()


async def test_a_balance_may_leave_out_fields() -> None:
    async with serve() as sandbox, asking(sandbox) as aivax:
        sandbox.state.account.omit = frozenset({"balance", "plan", "usage24h"})
        balance = await aivax.account.balance()

    assert balance is not None
    assert (balance.balance_usd, balance.empty) == (None, False)


async def test_refusals_are_told_apart() -> None:
    async with serve(balance=0) as empty:
        assert isinstance(await failure_of(empty), NoBalance)
    async with serve() as sandbox:
        assert isinstance(await failure_of(sandbox, api_key="sk-aiv-acc-wrong"), KeyRefused)
        assert isinstance(await failure_of(sandbox, model="nobody:0000"), GatewayUnknown)
        assert isinstance(await failure_of(sandbox, text="word " * 80_000), ContextTooLong)


async def test_media_need_a_minimum_balance() -> None:
    picture = ImagePart(data_url(b"\x89PNG", "image/png"))
    message = ChatMessage("user", (TextPart("look"), picture))

    async with serve(balance=0.05) as sandbox:
        with pytest.raises(NoBalance):
            await answer_of(asking(sandbox), CompletionRequest((message,)))


async def test_the_plan_s_rate_limit_says_when_to_come_back() -> None:
    async with serve(clock=lambda: 0.0) as sandbox, asking(sandbox, tries=1) as aivax:
        with pytest.raises(RateLimited) as caught:
            await _ask_on(aivax)

    assert caught.value.retry_after_s == 60


async def _ask_on(aivax: AivaxClient) -> None:
    for _ in range(30):
        async with aclosing(aivax.complete(question("hi"))) as events:
            assert [each async for each in events]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("completions", "status", status=503),
        Fault("completions", "status", status=429, retry_after=2),
        Fault("completions", "html"),
        Fault("completions", "cut", after_chunks=0),
        Fault("completions", "cut", after_chunks=1),
        Fault("completions", "stream-error", after_chunks=0),
        Fault("completions", "garbage", after_chunks=0),
        Fault("completions", "silence"),
    ],
)
async def test_what_passes_before_the_first_text_is_not_noticed(fault: Fault) -> None:
    async with serve(faults=[fault]) as sandbox:
        aivax = asking(sandbox, first_event_timeout_s=0.5)
        events = await answer_of(aivax, question("hello"))
        keys = {call["body"]["idempotency_key"] for call in sandbox.state.calls.described()}

    assert "hello" in text_of(events)
    assert keys == {"turn-1"}


async def test_a_drip_gives_the_same_answer() -> None:
    async with serve() as sandbox:
        plain = await answer_of(asking(sandbox), question("markdown"))
    async with serve(faults=[Fault("completions", "drip")]) as sandbox:
        assert text_of(await answer_of(asking(sandbox), question("markdown"))) == text_of(plain)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("cut", AnswerCut), ("silence", AnswerCut), ("stream-error", AnswerFailed), ("garbage", AnswerFailed)],
)
async def test_a_fault_in_the_middle_keeps_what_was_said(kind: Any, expected: type[AnswerBroken]) -> None:
    events: list[TimelineEvent] = []

    async with serve(faults=[Fault("completions", kind, after_chunks=5)]) as sandbox:
        aivax = asking(sandbox, idle_timeout_s=0.5)
        async with aivax, aclosing(aivax.complete(question("hello"))) as answer:
            with pytest.raises(expected):
                await _collect(answer, events)

    assert text_of(events).startswith("Hello")


async def _collect(answer: Any, events: list[TimelineEvent]) -> None:
    async for each in answer:
        assert isinstance(each, Text)
        events.append(each)


async def test_524_is_asked_again_on_the_direct_host() -> None:
    async with serve(faults=[Fault("completions", "html", status=524)]) as sandbox, serve() as direct:
        aivax = asking(sandbox, direct_url=f"{direct.base_url}/v1")
        assert "hello" in text_of(await answer_of(aivax, question("hello")))


async def test_a_failing_account_route_is_told() -> None:
    faults = [Fault("balance", "status", status=500), Fault("models", "html")]
    async with serve(faults=faults) as sandbox, asking(sandbox) as aivax:
        with pytest.raises(Unavailable):
            await aivax.account.balance()
        assert [type(each) for each in await aivax.account.preflight()] == [Unavailable]
        assert await aivax.account.preflight() == ()


async def test_a_ceiling_of_the_model_is_no_outage_and_not_tried_again() -> None:
    fault = Fault("completions", "stream-error", after_chunks=0, code="INFERENCE_CAP_ERROR")
    async with serve(faults=[fault]) as sandbox:
        error = await failure_of(sandbox)

        assert len(sandbox.state.calls.paths()) == 1
    assert isinstance(error, RateLimited)
    assert error.retry_after_s == 600


async def test_thinking_in_tags_is_told_apart() -> None:
    async with serve() as sandbox:
        events = await answer_of(asking(sandbox), question("think in tags, finish max_tokens"))

    assert any(isinstance(each, Thinking) for each in events)
    assert text_of(events).startswith("Hello!")
    assert events[-1] == Finished("length")
