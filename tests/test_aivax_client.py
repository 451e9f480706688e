"""Completions through `core.aivax.client`: what is sent, what is retried, what is given up."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.aivax.stream.events import Finished, Text, Thinking, Usage
from core.aivax.transport import httpx
from core.domain import (
    AivaxError,
    AnswerCut,
    AnswerFailed,
    ContextTooLong,
    GatewayUnknown,
    KeyRefused,
    NoBalance,
    NotAllowed,
    RateLimited,
    RequestRefused,
    SettingRefused,
    ToolActivity,
    ToolState,
    Unavailable,
)
from tests.scripted_aivax import (
    HANG,
    KEY,
    QUESTION,
    UUID,
    Clockwork,
    Scripted,
    answer_of,
    client,
    delta,
    event,
    refusal,
    reply,
    said,
    text_of,
    tool,
)

BRIEF_S = 0.3
"""What a silent server is given in real time: what answers at once must do so within it on a busy machine, too."""


async def failure_of(server: Scripted, clock: Clockwork | None = None, **changes: Any) -> AivaxError:
    with pytest.raises(AivaxError) as caught:
        await answer_of(client(server, clock, **changes))
    return caught.value


async def test_an_answer_streams_as_it_comes() -> None:
    server = Scripted(reply(delta(content="Hel"), HANG))

    async with client(server) as aivax, aclosing(aivax.complete(QUESTION)) as events:
        first = await anext(events)

    assert first == Text("Hel")


async def test_the_question_goes_out_with_all_that_aivax_wants_to_know() -> None:
    server = Scripted(reply(*said("hi")))

    events = await answer_of(client(server, temperature=0.5, max_completion_tokens=9))

    assert events == [Text("hi"), Finished("stop")]
    assert server.urls == ["https://inference.aivax.net/v1/chat/completions"]
    assert server.bodies == [
        {
            "model": "name:50c3",
            "messages": [{"role": "user", "content": QUESTION.messages[0].content}],
            "stream": True,
            "temperature": 0.5,
            "max_completion_tokens": 9,
            "user": "person-1.p",
            "idempotency_key": "turn-7",
            "metadata": {"platform": "x"},
        }
    ]
    assert server.asked[0].headers["Authorization"] == f"Bearer {KEY}"
    assert server.asked[0].headers["User-Agent"].startswith("aivax-bots/")
    assert "Sse-Stream-Options" not in server.asked[0].headers


async def test_a_public_key_sends_only_what_it_may() -> None:
    server = Scripted(reply(*said("hi")))

    await answer_of(client(server, api_key="pk-aiv-abcdefgh", model=UUID, temperature=0.5))

    assert set(server.bodies[0]) == {"model", "messages", "stream", "temperature", "idempotency_key"}


async def test_the_credits_spent_are_told() -> None:
    server = Scripted(reply(*said("hi"), Consumed_Credits="0.5"))

    assert Usage(credits=0.5) in await answer_of(client(server))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, Unavailable),
        (400, RequestRefused),
        (401, KeyRefused),
        (402, NoBalance),
        (403, NotAllowed),
        (404, GatewayUnknown),
        (413, ContextTooLong),
        (422, RequestRefused),
        (524, Unavailable),
    ],
)
async def test_what_does_not_pass_is_never_retried(status: int, kind: type[AivaxError]) -> None:
    error = await failure_of(Scripted(refusal(status, "word", "the reason")), direct_url="")

    assert type(error) is kind
    assert (error.status, error.code, error.detail) == (status, "word", "the reason")


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 520])
async def test_what_passes_is_retried_with_growing_pauses(status: int) -> None:
    clock = Clockwork()
    server = Scripted(refusal(status), refusal(status), reply(*said("hi")))

    events = await answer_of(client(server, clock))

    assert text_of(events) == "hi"
    assert clock.slept == [0.5, 1.0]
    assert {body["idempotency_key"] for body in server.bodies} == {"turn-7"}


async def test_three_tries_are_all() -> None:
    error = await failure_of(Scripted(*(refusal(503) for _ in range(3))))

    assert isinstance(error, Unavailable)


async def test_pauses_grow_no_further_than_30_s_and_60_s_in_all() -> None:
    clock = Clockwork()

    await failure_of(Scripted(*(refusal(503) for _ in range(7))), clock, tries=10)

    assert clock.slept == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0]  # 30 s more would be over the budget


async def test_jitter_shortens_a_pause_by_half_at_most() -> None:
    clock = Clockwork()
    server = Scripted(refusal(503), reply(*said("hi")))
    aivax = client(server, clock)
    aivax._jitter = lambda: 0.0

    await answer_of(aivax)

    assert clock.slept == [0.25]


async def test_a_rate_limit_is_waited_for_as_told() -> None:
    clock = Clockwork()
    server = Scripted(refusal(429, Retry_After="7"), refusal(429), reply(*said("hi")))

    assert text_of(await answer_of(client(server, clock))) == "hi"
    assert clock.slept == [7.0, 2.0]


async def test_a_rate_limit_may_name_a_date() -> None:
    clock = Clockwork()
    server = Scripted(refusal(429, Retry_After="Thu, 01 Jan 1970 00:01:45 GMT"), reply(*said("hi")))

    await answer_of(client(server, clock, now=100.0))

    assert clock.slept == [5.0]


async def test_a_wait_beyond_the_budget_is_left_to_the_caller() -> None:
    clock = Clockwork()

    error = await failure_of(Scripted(refusal(429, Retry_After="61")), clock)

    assert isinstance(error, RateLimited)
    assert error.retry_after_s == 61.0
    assert clock.slept == []


async def test_no_connection_is_retried() -> None:
    server = Scripted(httpx.ConnectError("refused"), httpx.ReadError("reset"), reply(*said("hi")))

    assert text_of(await answer_of(client(server))) == "hi"


async def test_a_stream_that_breaks_before_its_first_text_is_retried() -> None:
    server = Scripted(
        reply(delta(reasoning="hm"), httpx.ReadError("reset")),
        reply(b"<html>", Content_Type="text/html"),
        reply(*said("hi")),
    )

    assert await answer_of(client(server)) == [Thinking("hm"), Text("hi"), Finished("stop")]


async def test_tools_of_a_try_that_failed_do_not_stay_open() -> None:
    server = Scripted(reply(tool(id="t", name="Code", state="Running")), reply(*said("hi")))

    events = await answer_of(client(server))

    assert events[:2] == [
        ToolActivity("t", "Code", ToolState.RUNNING),
        ToolActivity("t", "Code", ToolState.FAILED),
    ]
    assert text_of(events) == "hi"


async def test_an_error_in_the_stream_before_any_text_is_retried_as_its_status() -> None:
    server = Scripted(reply(event(error={"code": 503})), reply(event(error={"code": 402})))

    assert isinstance(await failure_of(server), NoBalance)


@pytest.mark.parametrize(
    ("rest", "kind"),
    [
        ([], AnswerCut),
        ([httpx.ReadError("reset")], AnswerCut),
        ([httpx.RemoteProtocolError("incomplete")], AnswerCut),
        ([HANG], AnswerCut),
        ([event(error={"code": 503})], AnswerFailed),
        ([b"data: {]\n\n"], AnswerFailed),
    ],
)
async def test_a_broken_answer_keeps_what_was_said(rest: list[object], kind: type[AivaxError]) -> None:
    server = Scripted(reply(delta(content="so"), *rest))

    async with client(server, idle_timeout_s=BRIEF_S) as aivax, aclosing(aivax.complete(QUESTION)) as answer:
        assert await anext(answer) == Text("so")
        with pytest.raises(kind):
            await anext(answer)


@pytest.mark.parametrize("rest", [httpx.ReadError("reset"), HANG])
async def test_an_answer_that_has_its_reason_needs_no_proper_end(rest: object) -> None:
    server = Scripted(reply(delta("stop", content="so"), rest))

    assert await answer_of(client(server, idle_timeout_s=BRIEF_S)) == [Text("so"), Finished("stop")]


async def test_a_server_that_never_answers_is_given_up_and_asked_again() -> None:
    server = Scripted(HANG, reply(HANG), reply(*said("hi")))

    assert text_of(await answer_of(client(server, first_event_timeout_s=BRIEF_S))) == "hi"


async def test_connecting_has_a_limit_of_its_own() -> None:
    server = Scripted(httpx.ConnectTimeout("slow"))

    error = await failure_of(server, connect_timeout_s=3, tries=1)

    assert (type(error), error.code) == (Unavailable, "connect_timeout")
    assert server.asked[0].extensions["timeout"]["connect"] == 3


async def test_pings_are_life_but_no_answer() -> None:
    server = Scripted(reply(b": ping\n\n", HANG))

    error = await failure_of(
        server, first_event_timeout_s=BRIEF_S, idle_timeout_s=30, answer_timeout_s=3 * BRIEF_S
    )

    assert error.code == "answer_timeout"


async def test_524_turns_to_the_direct_host_once() -> None:
    clock = Clockwork()
    server = Scripted(reply(b"<html>", status=524), reply(*said("hi")))

    assert text_of(await answer_of(client(server, clock))) == "hi"
    assert server.urls[1] == "https://direct.inference.aivax.net/v1/chat/completions"
    assert clock.slept == []


async def test_524_on_the_direct_host_ends_it() -> None:
    error = await failure_of(Scripted(refusal(524), refusal(524)))

    assert (type(error), error.status) == (Unavailable, 524)


async def test_another_server_s_key_never_goes_to_the_direct_host_of_aivax() -> None:
    server = Scripted(refusal(524))

    await failure_of(server, base_url="http://localhost:1/v1", api_key="other")

    assert len(server.asked) == 1


async def test_another_server_is_sent_standard_parameters_only() -> None:
    server = Scripted(reply(*said("hi")))

    await answer_of(client(server, base_url="http://localhost:1/v1/", api_key="", model="llama3"))

    assert server.urls == ["http://localhost:1/v1/chat/completions"]
    assert set(server.bodies[0]) == {"model", "messages", "stream", "stream_options", "user"}
    assert "Authorization" not in server.asked[0].headers


async def test_a_server_that_refuses_a_parameter_is_asked_without_it_from_then_on() -> None:
    told = b'{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"not permitted"}]}'
    server = Scripted(reply(told, status=422), reply(*said("a")), reply(*said("b")))

    with capture_logs() as logs:
        async with client(server, base_url="http://localhost:1/v1", api_key="k", temperature=1) as aivax:
            for _ in range(2):
                async with aclosing(aivax.complete(QUESTION)) as events:
                    assert [each async for each in events][-1] == Finished("stop")

    assert [set(body) for body in server.bodies[1:]] == [{"model", "messages", "stream"}] * 2
    assert [line["event"] for line in logs] == ["aivax.switched_off"]


async def test_a_request_refused_for_another_reason_is_not_asked_again() -> None:
    server = Scripted(refusal(400, "invalid", "messages must not be empty"))

    assert isinstance(await failure_of(server, base_url="http://localhost:1/v1", api_key="k"), RequestRefused)


async def test_a_redirect_is_not_followed() -> None:
    server = Scripted(reply(status=307, Location="https://elsewhere.example/v1/chat/completions"))

    assert isinstance(await failure_of(server), Unavailable)


async def test_every_retry_is_in_the_log() -> None:
    with capture_logs() as logs:
        await answer_of(client(Scripted(refusal(503, "busy"), reply(*said("hi")))))

    assert logs == [
        {
            "event": "aivax.retry",
            "log_level": "info",
            "key": "turn-7",
            "error": "Unavailable",
            "status": 503,
            "code": "busy",
            "delay_s": 0.5,
            "next_try": 2,
        }
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"api_key": "sk-aiv-acc two words"},
        {"api_key": "clé"},
        {"base_url": "http://user:hush@localhost/v1"},
        {"direct_url": "http://:80/v1"},
        {"base_url": "http://[x/v1"},
    ],
)
def test_what_can_t_be_sent_is_refused_at_once(changes: dict[str, Any]) -> None:
    with pytest.raises(SettingRefused) as caught:
        client(None, **changes)

    assert next(iter(changes)) in str(caught.value)
    assert "hush" not in str(caught.value)
    assert "clé" not in str(caught.value)
