"""The server of the sandbox: it listens before it says so, ends at once, and is steered from this machine only."""

import asyncio
import signal
import socket
import sys
from asyncio import subprocess
from typing import Any

import httpx
import pytest

from sandbox.app import create_app
from sandbox.calls import CALLS_KEPT, CallLog, CallRecord
from sandbox.faults import Fault
from sandbox.server import GATEWAY, PRIVATE_KEY, PUBLIC_KEY, serve
from sandbox.state import new_state
from tests.sandbox_fixtures import bearer, opened, said, until
from tests.waiting import waiting_for

RUN = """
import asyncio
from sandbox.server import run_forever
asyncio.run(run_forever(port=0, on_ready=lambda sandbox: print(sandbox.base_url, flush=True)))
"""


async def test_a_sandbox_listens_where_it_says_from_the_first_moment() -> None:
    async with serve() as sandbox:
        with socket.create_connection(("127.0.0.1", sandbox.port), timeout=1):
            pass

    assert sandbox.base_url == f"http://127.0.0.1:{sandbox.port}"


async def test_a_taken_port_is_an_error_that_names_it() -> None:
    async with serve() as first:
        with pytest.raises(OSError, match=f"127.0.0.1 port {first.port}: Address already in use"):
            async with serve(port=first.port):
                pass


async def test_a_port_is_free_again_after_the_end() -> None:
    async with opened() as desk:
        port = desk.sandbox.port
        await desk.ask()
    async with opened(port=port) as desk:
        answer = await desk.ask()

    assert said(answer)


async def test_many_sandboxes_run_side_by_side_without_sharing_anything() -> None:
    async with opened(balance=1.0) as one, opened(balance=0.0) as other:
        statuses = [(await one.ask()).status_code, (await other.ask()).status_code]

    assert statuses == [200, 402]


@pytest.mark.parametrize("after_chunks", [0, 2])
async def test_a_sandbox_ends_at_once_and_hangs_up_on_streams_that_never_would(after_chunks: int) -> None:
    fault = Fault("completions", "silence", after_chunks=after_chunks)
    body = {"model": GATEWAY, "prompt": "hello", "stream": True}
    async with httpx.AsyncClient(timeout=5) as http:
        async with asyncio.timeout(2), serve(faults=[fault]) as sandbox:
            url = f"{sandbox.base_url}/v1/chat/completions"
            hanging = asyncio.create_task(http.post(url, json=body, headers=bearer(PRIVATE_KEY)))
            await until(sandbox.state.calls.described)
        with pytest.raises(httpx.TransportError):
            await hanging


async def test_a_broken_or_abandoned_answer_leaves_no_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    body = {"model": GATEWAY, "prompt": "hello", "stream": True}
    faults = [Fault("completions", "cut"), Fault("completions", "silence"), Fault("completions", "silence")]
    async with (
        serve(faults=faults) as sandbox,
        httpx.AsyncClient(base_url=sandbox.base_url, timeout=0.1) as http,
    ):
        for _ in faults:
            with pytest.raises(httpx.TransportError):
                await http.post("/v1/chat/completions", json=body, headers=bearer(PRIVATE_KEY))

    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []


async def test_a_client_that_leaves_is_charged_for_what_was_sent_only() -> None:
    async with opened(balance=5.0, tokens_per_s=50) as desk:
        body = {"model": GATEWAY, "prompt": "long 40000", "stream": True}
        sent = desk.http.stream("POST", "/v1/chat/completions", json=body, headers=bearer(PRIVATE_KEY))
        async with sent as response:
            await anext(response.aiter_lines())
        account = desk.sandbox.state.account
        await until(lambda: account.balance_usd < 5.0)
        spent = 5.0 - account.balance_usd

    assert 0 < spent < 0.001


async def test_a_sandbox_of_its_own_process_ends_with_success_when_told_to() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", RUN, stdout=subprocess.PIPE)
    assert process.stdout is not None
    async with waiting_for("the program to begin and to end"):
        url = (await process.stdout.readline()).decode().strip()
        async with httpx.AsyncClient(base_url=url) as http:
            listed = await http.get("/v1/models", headers=bearer(PRIVATE_KEY))
        process.send_signal(signal.SIGTERM)
        rest = await process.stdout.read()
        status = await process.wait()

    assert listed.status_code == 200
    assert (status, rest) == (0, b"")


async def test_calls_are_recorded_with_masked_keys_and_without_the_admins_own() -> None:
    async with opened(clock=lambda: 1_800_000_000.0) as desk:
        await desk.ask("hello", user="someone")
        await desk.http.get(f"/v1/models?api-key={PUBLIC_KEY}")
        await desk.http.post("/v1/chat/completions", content=b"\xffno json", headers=bearer("a-secret"))
        await desk.http.get("/v1/nowhere")
        listing = await desk.http.get("/sandbox/calls")

    calls = listing.json()
    assert [(call["method"], call["path"], call["status"], call["key"]) for call in calls] == [
        ("POST", "/v1/chat/completions", 200, "sk-aiv-acc-***"),
        ("GET", "/v1/models", 403, "pk-aiv-***"),
        ("POST", "/v1/chat/completions", 401, "***"),
        ("GET", "/v1/nowhere", 404, None),
    ]
    assert calls[0]["body"]["user"] == "someone"
    assert (calls[1]["body"], calls[2]["body"]) == (None, "\ufffdno json")
    assert {call["at"] for call in calls} == {1_800_000_000.0}
    assert not any(key in listing.text for key in (PRIVATE_KEY, PUBLIC_KEY, "a-secret"))


async def test_calls_can_be_forgotten() -> None:
    async with opened() as desk:
        await desk.ask()
        dropped = (await desk.http.delete("/sandbox/calls")).json()
        calls = (await desk.http.get("/sandbox/calls")).json()

    assert (dropped, calls) == ({"dropped": 1}, [])


def test_the_record_of_calls_is_bounded_in_number_and_in_size() -> None:
    log = CallLog()
    for number in range(CALLS_KEPT + 5):
        log.add(CallRecord(float(number), "POST", "/", None, b'"' + b"x" * 10_000 + b'"'))

    calls = log.described()
    assert [calls[0]["at"], calls[-1]["at"], len(calls)] == [5.0, CALLS_KEPT + 4.0, CALLS_KEPT]
    assert calls[0]["body"] is None
    assert sum(len(call["body"] or "") for call in calls) < 64 * 1024 * 1024
    assert calls[-1]["body"] == "x" * 10_000


@pytest.mark.parametrize(
    ("method", "path", "body", "named"),
    [
        ("PUT", "balance", {"balance": "much"}, "'balance' must be a number"),
        ("PUT", "balance", {"omit": ["everything"]}, "'omit' must be a list out of balance, usage24h"),
        ("PUT", "balance", {"lag_s": -1}, "'lag_s' must be a number of 0 or more"),
        ("PUT", "balance", {"amount": 1}, "'amount' is not known here. Known: balance, lag_s, omit"),
        ("PUT", "storage", {}, "'over_quota' is missing"),
        ("PUT", "storage", {"over_quota": 1}, "'over_quota' must be true or false"),
        ("PUT", "pace", {"tokens_per_s": -1}, "'tokens_per_s' must be a number of 0 or more"),
        ("PUT", "pace", [], "must be a JSON object"),
    ],
)
async def test_wrong_orders_of_an_admin_are_refused_with_the_reason(
    method: str, path: str, body: Any, named: str
) -> None:
    async with opened() as desk:
        response = await desk.http.request(method, f"/sandbox/{path}", json=body)
        broken = await desk.http.request(method, f"/sandbox/{path}", content=b'{"balance": 1e999, ')

    assert (response.status_code, broken.status_code) == (400, 400)
    assert named in response.json()["error"]


async def test_the_pace_can_be_set_while_it_runs() -> None:
    async with opened(tokens_per_s=0.001) as desk:
        await desk.http.put("/sandbox/pace", json={"tokens_per_s": 0})
        answer = await desk.ask()

    assert said(answer)


@pytest.mark.parametrize(
    ("client", "headers", "status"),
    [
        (("127.0.0.1", 1), {}, 200),
        (("::1", 1), {}, 200),
        (("::ffff:127.0.0.1", 1), {}, 200),
        (("192.0.2.7", 1), {}, 403),
        (("127.0.0.1", 1), {"x-forwarded-for": "192.0.2.7"}, 403),
    ],
)
async def test_only_callers_on_this_machine_may_steer_it(
    client: tuple[str, int], headers: dict[str, str], status: int
) -> None:
    transport = httpx.ASGITransport(create_app(new_state()), client=client)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        steered = await http.get("/sandbox/calls", headers=headers)
        used = await http.get("/v1/models", headers={**headers, **bearer(PRIVATE_KEY)})

    assert (steered.status_code, used.status_code) == (status, 200)
