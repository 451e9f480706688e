"""Whatever a service and the proxies before it can do wrong, the sandbox does on request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.completions.stream import DONE, Frame
from sandbox.faults import Act, Fault, FaultQueues, spoiled
from sandbox.server import GATEWAY, PRIVATE_KEY
from tests.sandbox_fixtures import Desk, bearer, deltas, events, opened, said

BALANCE = "/api/v1/information/balance"
DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


@asynccontextmanager
async def streaming(desk: Desk, text: str = "hello") -> AsyncIterator[httpx.Response]:
    body = {"model": GATEWAY, "messages": [{"role": "user", "content": text}], "stream": True}
    async with desk.http.stream(
        "POST", "/v1/chat/completions", json=body, headers=bearer(PRIVATE_KEY)
    ) as response:
        yield response


async def read_into(parts: list[bytes], response: httpx.Response) -> None:
    """Reads a stream to its end; if it breaks, what came before stays in `parts`."""
    async for part in response.aiter_raw():
        parts.append(part)  # noqa: PERF401 - a comprehension would lose what came before the break


async def until_broken(response: httpx.Response) -> bytes:
    """Reads a stream that must break."""
    parts: list[bytes] = []
    with pytest.raises(httpx.RemoteProtocolError):
        await read_into(parts, response)
    return b"".join(parts)


async def test_a_status_comes_as_often_as_was_asked_and_in_the_shape_of_the_route() -> None:
    async with opened() as desk:
        await desk.fault(route="completions", kind="status", status=429, retry_after=2, times=2)
        await desk.fault(route="balance", kind="status", status=503, retry_after=DATE)
        refused = [await desk.ask(), await desk.ask(stream=True)]
        served = await desk.ask()
        balance = await desk.get(BALANCE)

    assert [(r.status_code, r.headers["retry-after"]) for r in refused] == [(429, "2")] * 2
    assert refused[0].json()["error"]["code"] == "rate_limit_exceeded"
    assert served.status_code == 200
    assert (balance.status_code, balance.headers["retry-after"]) == (503, DATE)
    assert balance.json()["details"] is None


async def test_faults_of_a_route_come_in_their_order_and_leave_other_routes_alone() -> None:
    faults = [
        Fault("completions", "status", status=status, times=times) for status, times in ((500, 1), (503, 2))
    ]
    async with opened(faults=[*faults, Fault("models", "status")]) as desk:
        balance = (await desk.get(BALANCE)).status_code
        models = (await desk.get("/v1/models")).status_code
        completions = [(await desk.ask()).status_code for _ in range(4)]

    assert (balance, models, completions) == (200, 500, [500, 503, 503, 200])


@pytest.mark.parametrize(("fields", "status"), [({}, 502), ({"status": 524}, 524)])
async def test_a_proxy_answers_with_a_page(fields: dict[str, int], status: int) -> None:
    async with opened() as desk:
        await desk.fault(route="completions", kind="html", **fields)
        await desk.fault(route="models", kind="html", **fields)
        answers = [await desk.ask(), await desk.get("/v1/models")]

    assert [answer.status_code for answer in answers] == [status] * 2
    assert all(answer.headers["content-type"].startswith("text/html") for answer in answers)
    assert all(answer.text.startswith("<!DOCTYPE html>") for answer in answers)


@pytest.mark.parametrize("after_chunks", [0, 1, 5, 10_000])
async def test_a_cut_stream_has_so_many_events_and_neither_reason_nor_end(after_chunks: int) -> None:
    async with opened() as desk:
        await desk.fault(route="completions", kind="cut", after_chunks=after_chunks)
        async with streaming(desk) as response:
            stream = await until_broken(response)
        whole = (await desk.ask(stream=True)).text

    told = [event for event in events(whole) if event["choices"] and not event["choices"][0]["finish_reason"]]
    assert len(events(stream.decode())) == min(after_chunks, len(told))
    assert DONE not in stream
    assert b'"finish_reason":"stop"' not in stream


async def test_a_stream_can_fail_with_an_error_of_its_own() -> None:
    async with opened() as desk:
        await desk.fault(route="completions", kind="stream-error", after_chunks=4, status=503)
        stream = (await desk.ask(stream=True)).text

    *told, failed = events(stream)
    assert len(told) == 4
    assert failed["choices"][0]["finish_reason"] == "error"
    assert failed["error"]["code"] == 503
    assert failed["error"]["message"]
    assert stream.encode().endswith(DONE)


async def test_an_answer_in_one_piece_fails_at_once_when_a_stream_would_fail_later() -> None:
    async with opened() as desk:
        await desk.fault(route="completions", kind="stream-error")
        response = await desk.ask()

    assert (response.status_code, response.json()["error"]["type"]) == (500, "server_error")


async def test_a_silent_service_does_not_even_send_headers() -> None:
    body = {"model": GATEWAY, "prompt": "hello", "stream": True}
    async with opened() as desk:
        await desk.ask()
        await desk.fault(route="completions", kind="silence")
        with pytest.raises(httpx.ReadTimeout):
            await desk.http.post("/v1/chat/completions", json=body, headers=bearer(PRIVATE_KEY), timeout=0.1)
        calls = (await desk.http.get("/sandbox/calls")).json()

    assert [call["status"] for call in calls] == [200, None]


async def test_a_stream_can_fall_silent_without_so_much_as_a_ping() -> None:
    parts: list[bytes] = []
    async with opened(ping_interval_s=0.01) as desk:
        await desk.fault(route="completions", kind="silence", after_chunks=2)
        async with streaming(desk) as response:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(read_into(parts, response), timeout=0.15)

    assert len(events(b"".join(parts).decode())) == 2
    assert b"ping" not in b"".join(parts)


async def test_a_stream_can_drip() -> None:
    async with opened() as desk:
        whole = deltas((await desk.ask("naïve 日本語", stream=True)).text)
        await desk.fault(route="completions", kind="drip")
        async with streaming(desk, "naïve 日本語") as response:
            parts = [part async for part in response.aiter_raw()]

    assert deltas(b"".join(parts).decode()) == whole
    assert sum(part.endswith(b"\n\n") for part in parts) < len(parts) / 4


async def test_garbage_can_lie_in_the_middle_of_a_stream() -> None:
    async with opened() as desk:
        await desk.fault(route="completions", kind="garbage", after_chunks=2)
        async with streaming(desk) as response:
            stream = b"".join([part async for part in response.aiter_raw()])

    with pytest.raises(UnicodeDecodeError):
        stream.decode()
    assert b'data: {"id": "chatcmpl-\n\n' in stream
    assert stream.endswith(DONE)


@pytest.mark.parametrize("path", ["/v1/models", BALANCE])
async def test_routes_that_do_not_stream_break_in_the_middle_of_their_body(path: str) -> None:
    route = "models" if path == "/v1/models" else "balance"
    async with opened() as desk:
        whole = (await desk.get(path)).content
        await desk.fault(route=route, kind="cut")
        async with desk.http.stream("GET", path, headers=bearer(PRIVATE_KEY)) as response:
            cut = await until_broken(response)
        await desk.fault(route=route, kind="drip")
        dripped = (await desk.get(path)).content
        await desk.fault(route=route, kind="garbage")
        garbage = (await desk.get(path)).content
        await desk.fault(route=route, kind="silence", after_chunks=1)
        with pytest.raises(httpx.ReadTimeout):
            await desk.http.get(path, headers=bearer(PRIVATE_KEY), timeout=0.1)

    assert cut
    assert cut != whole
    assert whole.startswith(cut)
    assert dripped == whole
    assert b"garbage" in garbage
    assert garbage != whole


async def test_faults_that_are_to_come_can_be_seen_and_forgotten() -> None:
    async with opened() as desk:
        await desk.fault(route="completions", kind="status", status=500, times=3)
        await desk.ask()
        pending = (await desk.http.get("/sandbox/faults")).json()
        dropped = (await desk.http.delete("/sandbox/faults")).json()
        served = await desk.ask()

    assert [(fault["kind"], fault["times"]) for fault in pending] == [("status", 2)]
    assert dropped == {"dropped": 2}
    assert said(served)


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ({}, "'route' is missing"),
        ({"route": "completions"}, "'kind' is missing"),
        ({"route": "elsewhere", "kind": "cut"}, "'route' must be one of completions, balance, models"),
        ({"route": "models", "kind": "fire"}, "'kind' must be one of status, html"),
        ({"route": "models", "kind": "status", "status": 200}, "'status' must be from 400 to 599"),
        ({"route": "models", "kind": "status", "status": 0}, "'status' must be from 400 to 599"),
        ({"route": "models", "kind": "status", "status": True}, "'status' must be a whole number"),
        ({"route": "models", "kind": "status", "retry_after": "soon"}, "'retry_after' must be seconds or"),
        (
            {"route": "models", "kind": "status", "retry_after": "Wed, 99 Oct 2026 07:28:00 GMT"},
            "'retry_after' must be",
        ),
        ({"route": "models", "kind": "status", "retry_after": -1}, "'retry_after' must be seconds or"),
        ({"route": "models", "kind": "cut", "times": 0}, "'times' must be from 1"),
        ({"route": "models", "kind": "cut", "after_chunks": -1}, "'after_chunks' must be a whole number"),
        ({"route": "models", "kind": "cut", "after": 3}, "'after' is not known here"),
        ([], "must be a JSON object"),
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused_with_the_reason(fault: Any, named: str) -> None:
    async with opened() as desk:
        response = await desk.http.post("/sandbox/faults", json=fault)
        pending = (await desk.http.get("/sandbox/faults")).json()

    assert response.status_code == 400
    assert named in response.json()["error"]
    assert pending == []


def test_a_queue_gives_each_fault_its_times() -> None:
    queues = FaultQueues((Fault("models", "cut", times=2), Fault("models", "drip")))
    kinds = [fault.kind for fault in iter(lambda: queues.take("models"), None) if fault]

    assert kinds == ["cut", "cut", "drip"]


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=40), max_size=20), st.integers(0, 25))
def test_a_fault_never_changes_what_comes_before_it(parts: list[bytes], after: int) -> None:
    def frames() -> list[Frame]:
        return [*(Frame(part) for part in parts), Frame(b"finish", final=True), Frame(DONE, final=True)]

    def done(fault: Fault) -> list[Any]:
        return list(spoiled(iter(frames()), fault, lambda _code, _message: b"error"))

    before = [Frame(part) for part in parts[:after]]
    cut = done(Fault("completions", "cut", after_chunks=after))
    silence = done(Fault("completions", "silence", after_chunks=after))
    dripped = done(Fault("completions", "drip"))
    garbage = done(Fault("completions", "garbage", after_chunks=after))
    assert cut == [*before, Act.DROP]
    assert silence == [*before, Act.HANG]
    assert b"".join(frame.data for frame in dripped) == b"".join(frame.data for frame in frames())
    assert garbage[: len(before)] == before
    assert [frame for frame in garbage if frame in frames()] == frames()
