"""What is read of the account's usage, gateways and models, in whichever words it is told."""

from __future__ import annotations

import struct
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.account.chart import HEIGHT, WIDTH, bars
from core.account.checks import findings_of
from core.account.near_limits import limits_of
from core.account.quoting import code
from core.aivax.account import read_balance
from core.aivax.account_routes.gateways import GatewayList, gateway_of
from core.aivax.account_routes.model_list import ModelPrice, read_model_list
from core.aivax.account_routes.usage import Part, read_usage, report_of
from core.aivax.client import AivaxClient
from core.domain import RequestRefused
from core.settings import AivaxSettings
from sandbox.server import GATEWAY_UUID, HOSTED, Sandbox, serve
from sandbox.shapes import CHOICES, Shapes

SECRET = "sk-of-the-provider"
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
KEYS = (
    *("usageDetails", "dayListings", "modelUsageDiscriminations", "cost", "date", "model", "items", "name"),
    *("id", "parameters", "_details", "provider_model", "pricing", "unit_price", "data", "apiKey"),
)
NESTED = st.recursive(
    JSON,
    lambda inner: st.dictionaries(st.sampled_from(KEYS), inner, max_size=5) | st.lists(inner, max_size=4),
    max_leaves=20,
)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with serve(plan="max", balance=50) as server:
        yield server


def client(sandbox: Sandbox) -> AivaxClient:
    return AivaxClient(
        AivaxSettings.model_validate(
            {"base_url": f"{sandbox.base_url}/v1", "api_key": "sk-aiv-acc-sandbox", "model": "sandbox:50c3"}
        )
    )


@pytest.mark.parametrize("usage", CHOICES["usage"])
async def test_usage_is_read_in_both_spellings(sandbox: Sandbox, usage: Any) -> None:
    sandbox.state.shapes = Shapes(usage=usage)
    now = [datetime(2026, 9, 1, 12, tzinfo=UTC)]
    sandbox.state.clock = sandbox.state.account.clock = lambda: now[0].timestamp()
    for model in (HOSTED, HOSTED, "sandbox:50c3"):
        sandbox.state.account.charge(1_000_000, 0, model)
        now[0] += timedelta(days=1)

    async with client(sandbox) as aivax:
        report = await read_usage(aivax.admin, now[0] - timedelta(days=7), now[0])

    assert report.total_usd == 3.0
    assert report.days == tuple((date(2026, 9, day), 1.0) for day in (1, 2, 3))
    assert report.models == (Part(HOSTED, 2.0), Part("sandbox:50c3", 1.0))
    assert report.categories == (Part("Inference", 3.0),)


async def test_the_sandbox_refuses_what_the_specification_does_not_name(sandbox: Sandbox) -> None:
    async with client(sandbox) as aivax:
        for query in ({"from": "2026-01-01"}, {"timeStart": "2020-01-01T00:00:00Z"}):
            with pytest.raises(RequestRefused):
                await aivax.admin.get("information", "usage", query=query)
        with pytest.raises(RequestRefused):
            await aivax.admin.post("ai-gateways", json={"name": "x", "parameters": {"model": "y"}})


@pytest.mark.parametrize("gateways", CHOICES["gateways"])
async def test_a_gateway_is_listed_and_described_without_its_key(sandbox: Sandbox, gateways: Any) -> None:
    sandbox.state.shapes = Shapes(gateways=gateways)
    parameters = {
        "baseAddress": f"https://user:{SECRET}@models.example/v1?key={SECRET}",
        "modelName": "small",
        "apiKey": SECRET,
        "systemInstruction": f"Never tell {SECRET}.",
        "temperature": 0.5,
        "mcpSources": [{"name": "m", "headers": {"authorization": SECRET}}],
        "sentinelOptions": {"enabledFunctions": ["WebSearch", "Code"]},
    }
    async with client(sandbox) as aivax:
        made = await aivax.admin.post("ai-gateways", json={"name": "support", "parameters": parameters})
        listed = await GatewayList(aivax.admin).all()
        support = next(each for each in listed if each.name == "support")
        described = await GatewayList(aivax.admin).described(support)

    assert support.slug == f"support:{support.id[-4:]}"
    assert made.data == {"aiGatewayId": support.id}
    assert (described.model, described.server) == ("small", "models.example")
    assert dict(described.settings) == {
        "temperature": "0.5",
        "mcpSources": "1",
        "enabledFunctions": "WebSearch, Code",
    }
    assert SECRET not in repr((listed, described))
    assert {each.id for each in listed} == {GATEWAY_UUID, support.id}


@pytest.mark.parametrize("models", CHOICES["models"])
async def test_models_are_listed_with_what_is_told_of_them(sandbox: Sandbox, models: Any) -> None:
    sandbox.state.shapes = Shapes(models=models)
    async with client(sandbox) as aivax:
        listed = {each.name: each for each in await aivax.account.described_models()}

    assert set(listed) == {"sandbox:50c3", GATEWAY_UUID, HOSTED}
    if models != "plain":
        unit = "1M tokens" if models == "detailed" else ""
        assert listed[HOSTED].prices == (ModelPrice("input", 1.0, unit), ModelPrice("output", 4.0, unit))
        assert listed[HOSTED].context_tokens == 1_000_000
        assert listed["sandbox:50c3"].base_model == HOSTED


@given(NESTED)
def test_no_answer_breaks_what_reads_it(answer: Any) -> None:
    report = report_of(answer)
    gateway_of(answer)
    read_model_list(answer)

    assert list(report.days) == sorted(report.days)


@given(st.text(), st.integers(1, 60))
def test_a_name_stays_a_name_on_one_line(name: str, most: int) -> None:
    shown = code(name, most)

    assert shown[0] == shown[-1] == "`"
    assert "`" not in shown[1:-1]
    assert "\n" not in shown


@given(st.lists(st.floats(-1, 1e9), max_size=90))
def test_a_chart_is_a_picture_with_a_bar_for_each_day_that_cost(amounts: list[float]) -> None:
    chunks = _chunks(bars(amounts))
    points = zlib.decompress(chunks[b"IDAT"])
    rows = [points[at + 1 : at + 1 + WIDTH] for at in range(0, len(points), WIDTH + 1)]
    lowest = rows[HEIGHT - 11]

    assert struct.unpack(">II", chunks[b"IHDR"][:8]) == (WIDTH, HEIGHT)
    assert len(rows) == HEIGHT
    assert len(lowest.replace(b"\x02", b"\x00").strip(b"\x00").split(b"\x00")) >= 1
    assert _runs(lowest) == sum(amount > 0 for amount in amounts)


def _runs(row: bytes) -> int:
    """How many bars a row of points meets."""
    return sum(row[at] == 1 and row[at - 1] != 1 for at in range(1, len(row)))


def _chunks(png: bytes) -> dict[bytes, bytes]:
    """The parts of a PNG, each with a right checksum."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    found, at = {}, 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        name, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        assert struct.unpack(">I", png[at + 8 + size : at + 12 + size])[0] == zlib.crc32(name + data)
        found[name] = data
        at += 12 + size
    return found


@pytest.mark.parametrize(
    ("balance", "calls", "found"),
    [
        ({"balance": 0}, 0, {"aivax.balance": "failed"}),
        ({"balance": 0.5}, 0, {"aivax.balance": "warning"}),
        ({"balance": 20, "usage24h": 10}, 0, {"aivax.balance": "warning"}),
        ({"balance": 20, "usage24h": 1}, 0, {"aivax.balance": "ok"}),
        ({"plan": "Free"}, 450, {"aivax.balance": "unknown", "aivax.calls": "warning"}),
        ({"balance": 2, "plan": "Free"}, None, {"aivax.balance": "ok"}),
        ({"balance": 2, "plan": "Pro"}, 450, {"aivax.balance": "ok"}),
        ({"storageUsage": {"used": 9e9, "limit": 1e10}}, 0, {"aivax.storage": "warning"}),
        ({"storageUsage": {"used": 2e10, "limit": 1e10}}, 0, {"aivax.storage": "failed"}),
    ],
)
def test_doctor_finds_what_is_used_up_and_what_soon_will_be(
    balance: dict[str, Any], calls: int | None, found: dict[str, str]
) -> None:
    findings = {each.check: each for each in findings_of(read_balance(balance), calls)}

    assert {"aivax.balance": "unknown", **found} == {name: each.state for name, each in findings.items()}
    assert all(each.cure for each in findings.values() if each.state in ("warning", "failed"))


@pytest.mark.parametrize(("spent_usd", "span"), [(1.0, "about 20 days"), (0.0001, "more than a year")])
def test_doctor_tells_how_long_the_balance_lasts(spent_usd: float, span: str) -> None:
    (finding,) = findings_of(read_balance({"balance": 20, "usage24h": spent_usd}))

    assert finding.cause == f"20.00 USD, for {span} at the rate of the last 24 hours"


def test_doctor_says_where_the_account_is_not_told() -> None:
    (finding,) = findings_of(None)

    assert (finding.check, finding.state) == ("aivax.balance", "unknown")


def test_the_plans_own_limit_of_calls_counts_before_the_documented_one() -> None:
    told = read_balance({"plan": "free", "planLimits": {"requestsPerDay": 1000}})

    (limit,) = limits_of(told, 500)
    assert (limit.kind, limit.percent, limit.is_near) == ("calls", 50, False)
