"""The account of the sandbox: money, plans, rates and quotas, on a clock that the test holds."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.account import Account
from sandbox.keys import Caller
from sandbox.plans import GATEWAY_UUID, Model, PlanName, Window
from sandbox.refusals import Refusal
from sandbox.server import PUBLIC_KEY
from tests.sandbox_fixtures import Desk, SetClock, opened

COMMON = Model("m", "test")


def account(plan: PlanName, clock: SetClock) -> Account:
    return Account(balance_usd=5.0, plan=plan, clock=clock)


def passed(account: Account, clock: SetClock, *, times: int, step_s: float = 0.0, **admission: Any) -> int:
    """Counts how many of so many requests pass before the first is refused."""
    asked = {"caller": Caller("private", "127.0.0.1"), "model": COMMON, "prompt_tokens": 1, **admission}
    for number in range(times):
        try:
            account.admit(**asked)
        except Refusal:
            return number
        clock.now += step_s
    return times


async def test_a_request_over_the_rate_of_the_plan_is_told_when_to_come_back() -> None:
    clock = SetClock()
    async with opened(plan="free", clock=clock) as desk:
        served = [(await desk.ask()).status_code for _ in range(20)]
        clock.now += 12.5
        refused = await desk.ask()
        clock.now += float(refused.headers["retry-after"])
        again = await desk.ask()

    assert served == [200] * 20
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "48")
    assert refused.json()["error"]["type"] == "rate_limit_error"
    assert again.status_code == 200


def test_each_plan_has_its_own_rate() -> None:
    clock = SetClock()

    assert passed(account("free", clock), clock, times=2_000) == 20
    assert passed(account("pro", clock), clock, times=2_000) == 200
    assert passed(account("max", clock), clock, times=2_000) == 2_000


def test_the_free_plan_ends_after_500_requests_of_a_day() -> None:
    clock = SetClock()
    free = account("free", clock)

    assert passed(free, clock, times=1_000, step_s=4) == 500
    clock.now += 86_400
    assert passed(free, clock, times=1, step_s=4) == 1


def test_the_group_of_a_model_scales_the_rate() -> None:
    clock = SetClock()

    assert passed(account("free", clock), clock, times=100, model=Model("m", "test", group=0.5)) == 10
    assert passed(account("free", clock), clock, times=100, model=Model("m", "test", group=0.1)) == 2


def test_input_tokens_have_a_rate_too() -> None:
    clock = SetClock()

    assert passed(account("free", clock), clock, times=20, prompt_tokens=60_000) == 16
    assert passed(account("max", clock), clock, times=20, prompt_tokens=60_000_000) == 20


def test_public_keys_are_limited_for_each_address_and_for_all_of_them() -> None:
    clock = SetClock()
    busy = account("max", clock)
    served = [passed(busy, clock, times=5, caller=Caller("public", f"10.0.0.{n}")) for n in range(5)]

    assert served == [3, 3, 3, 1, 0]


async def test_a_public_key_is_limited_over_http_as_well() -> None:
    async with opened(plan="max", clock=SetClock()) as desk:
        statuses = [(await desk.ask(key=PUBLIC_KEY, model=GATEWAY_UUID)).status_code for _ in range(4)]

    assert statuses == [200, 200, 200, 429]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 30), st.integers(1, 4)), max_size=60),
    st.integers(1, 10),
    st.floats(1, 60),
)
def test_a_window_never_lets_more_through_than_its_limit(
    arrivals: list[tuple[float, int]], limit: int, span_s: float
) -> None:
    window, now = Window(limit, span_s), 0.0
    taken: list[tuple[float, int]] = []
    for gap, amount in arrivals:
        now += gap
        wait_s = window.wait_s(now, amount)
        assert (wait_s > 0) == (sum(a for at, a in taken if at + span_s > now) + amount > limit)
        assert wait_s <= span_s + 1e-6
        if wait_s == 0:
            window.add(now, amount)
            taken.append((now, amount))


async def put(desk: Desk, what: str, **fields: Any) -> None:
    (await desk.http.put(f"/sandbox/{what}", json=fields)).raise_for_status()


async def test_the_balance_falls_with_use_and_an_empty_one_is_refused() -> None:
    async with opened(balance=0.0001) as desk:
        before = (await desk.balance())["balance"]
        first = await desk.ask()
        after = await desk.balance()
        refused = await desk.ask()

    assert before == 0.0001
    assert first.status_code == 200
    assert after["balance"] < 0 < after["usage24h"]
    assert (refused.status_code, refused.json()["error"]["code"]) == (402, "insufficient_balance")


@pytest.mark.parametrize("balance", [0, -1.5])
async def test_a_balance_of_zero_or_less_is_empty(balance: float) -> None:
    async with opened() as desk:
        await put(desk, "balance", balance=balance)
        response = await desk.ask(stream=True)

    assert response.status_code == 402


async def test_a_stream_costs_what_an_answer_in_one_piece_costs() -> None:
    async with opened(balance=1.0) as desk:
        await desk.ask()
        whole = 1.0 - (await desk.balance())["balance"]
        await desk.ask(stream=True)
        both = 1.0 - (await desk.balance())["balance"]

    assert both == pytest.approx(2 * whole)


async def test_spend_shows_with_the_lag_that_was_set() -> None:
    clock = SetClock()
    async with opened(balance=1.0, clock=clock) as desk:
        await put(desk, "balance", lag_s=120)
        await desk.ask()
        clock.now += 119
        early = await desk.balance()
        clock.now += 1
        late = await desk.balance()

    assert (early["balance"], early["usage24h"]) == (1.0, 0)
    assert late["balance"] == pytest.approx(1.0 - late["usage24h"])
    assert late["usage24h"] > 0


async def test_fields_of_the_balance_can_be_missing() -> None:
    async with opened() as desk:
        whole = await desk.balance()
        await put(desk, "balance", omit=["usage24h", "plan"])
        partial = await desk.balance()

    assert set(whole) - set(partial) == {"usage24h", "plan"}
    assert whole["plan"] == "free"
    assert whole["planLimits"]["requestsPerMinute"] == 20


async def test_usage_adds_up_a_period() -> None:
    clock = SetClock()
    async with opened(clock=clock) as desk:
        await desk.ask()
        clock.now += 3600
        await desk.ask("hello again")
        day = (
            await desk.get("/api/v1/information/usage?timeEnd=2027-02-01T00:00:00Z&timeStart=2027-01-01")
        ).json()
        nothing = (await desk.get("/api/v1/information/usage?timeEnd=2020-01-01T00:00:00Z")).json()
        wrong = await desk.get("/api/v1/information/usage?timeStart=yesterday")

    (model,) = day["data"]["usageDetails"]["modelUsageDiscriminations"]
    (kind,) = day["data"]["usageDetails"]["categoryDiscriminations"]
    assert (model["requests"], model["cost"]) == (2, kind["cost"])
    assert nothing["data"]["usageDetails"]["dayListings"] == []
    assert (wrong.status_code, wrong.json()["details"]) == (400, None)


async def test_a_full_storage_is_refused_and_shown() -> None:
    async with opened() as desk:
        await put(desk, "storage", over_quota=True)
        refused = await desk.ask()
        storage = (await desk.balance())["storageUsage"]
        await put(desk, "storage", over_quota=False)
        again = await desk.ask()

    assert (refused.status_code, refused.json()["error"]["code"]) == (402, "storage_quota_exceeded")
    assert storage["usedBytes"] > storage["limitBytes"]
    assert again.status_code == 200


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGVsbG8="}}
AUDIO = {"type": "input_audio", "input_audio": {"data": "aGVsbG8=", "format": "wav"}}
VIDEO = {"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}}
FILE = {"type": "file", "file": {"filename": "a.txt", "file_data": "aGVsbG8="}}


@pytest.mark.parametrize(("part", "minimum"), [(IMAGE, 0.10), (AUDIO, 0.10), (VIDEO, 0.50), (FILE, 0.50)])
async def test_media_needs_a_minimum_balance(part: dict[str, Any], minimum: float) -> None:
    messages = [{"role": "user", "content": [part]}]
    async with opened() as desk:
        await put(desk, "balance", balance=minimum - 0.01)
        refused = await desk.ask(messages=messages)
        text = await desk.ask()
        await put(desk, "balance", balance=minimum)
        served = await desk.ask(messages=messages)

    assert (refused.status_code, text.status_code, served.status_code) == (402, 200, 200)
    assert f"${minimum:.2f}" in refused.json()["error"]["message"]
