"""Model list, balance and the check at start."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from core.admission.rate_windows import windows_of
from core.aivax.account import Balance, balance_url, is_listed, read_balance, read_models
from core.aivax.transport import httpx
from core.domain import GatewayUnknown, KeyRefused, NoBalance, RateLimited, SettingRefused, Unavailable
from tests.scripted_aivax import HANG, QUESTION, UUID, Scripted, client, document, refusal, reply, said

MODELS = {"object": "list", "data": [{"id": "name:50c3", "owned_by": "me"}, {"id": "@vendor/name"}, {"x": 1}]}
BALANCE = {
    "message": None,
    "data": {"balance": 4.5, "usage24h": 0.25, "plan": ["Free", "Pro"], "storageUsage": {"used": 3}},
}
ELSEWHERE: dict[str, Any] = {"base_url": "http://localhost:1/v1", "api_key": "other"}


async def test_models_and_gateways_are_listed() -> None:
    async with client(Scripted(document(MODELS))) as aivax:
        assert await aivax.account.models() == ("name:50c3", "@vendor/name")


async def test_the_balance_is_read() -> None:
    server = Scripted(document(BALANCE))

    async with client(server) as aivax:
        assert await aivax.account.balance() == Balance(4.5, 0.25, "Free, Pro", {"used": 3})
    assert server.urls == ["https://inference.aivax.net/api/v1/information/balance"]


@pytest.mark.parametrize(
    "odd", [None, [], {}, {"data": None}, {"data": {"balance": True, "plan": 3}}, {"data": "x"}]
)
def test_a_balance_may_tell_nothing(odd: object) -> None:
    assert read_balance(odd).balance_usd is None
    assert not read_balance(odd).empty


def test_a_balance_of_nothing_is_empty() -> None:
    assert read_balance({"data": {"balance": 0}}).empty


@pytest.mark.parametrize("odd", [None, {}, {"data": None}, {"data": [None, 3, {"id": None}]}])
def test_a_model_list_may_be_empty(odd: object) -> None:
    assert read_models(odd) == ()


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://inference.aivax.net/v1", "https://inference.aivax.net/api/v1/information/balance"),
        ("https://inference.aivax.net/api/v1/", "https://inference.aivax.net/api/v1/information/balance"),
        ("http://proxy:8080/aivax/v1", "http://proxy:8080/aivax/api/v1/information/balance"),
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787/api/v1/information/balance"),
    ],
)
def test_the_balance_route_lies_beside_the_base(base: str, url: str) -> None:
    assert balance_url(base) == url


async def test_what_another_server_lacks_is_switched_off_with_one_log_line_each() -> None:
    server = Scripted(refusal(404))

    with capture_logs() as logs:
        async with client(server, **ELSEWHERE) as aivax:
            assert [await aivax.account.models(), await aivax.account.models()] == [(), ()]
            assert [await aivax.account.balance(), await aivax.account.balance()] == [None, None]

    assert [(line["event"], line["what"]) for line in logs] == [
        ("aivax.switched_off", "model list"),
        ("aivax.switched_off", "balance"),
    ]


async def test_a_public_key_asks_for_neither() -> None:
    async with client(Scripted(), api_key="pk-aiv-abcdefgh", model=UUID) as aivax:
        assert await aivax.account.models() == ()
        assert await aivax.account.balance() is None
        assert await aivax.account.preflight() == ()


async def test_other_failures_are_told() -> None:
    server = Scripted(refusal(401), refusal(429, Retry_After="9"), reply(b"<html>"), httpx.ReadError("x"))

    async with client(server) as aivax:
        with pytest.raises(KeyRefused):
            await aivax.account.balance()
        with pytest.raises(RateLimited):
            await aivax.account.balance()
        with pytest.raises(Unavailable):
            await aivax.account.balance()
        with pytest.raises(Unavailable):
            await aivax.account.models()


@pytest.mark.parametrize("answer", [HANG, reply(HANG)])
async def test_a_silent_account_route_is_given_up(answer: object) -> None:
    async with client(Scripted(answer), first_event_timeout_s=0.01) as aivax:
        with pytest.raises(Unavailable):
            await aivax.account.balance()


async def test_a_good_start_finds_nothing() -> None:
    async with client(Scripted(document(MODELS), document(BALANCE))) as aivax:
        assert await aivax.account.preflight("@vendor/name", UUID) == ()


async def test_an_unknown_gateway_and_an_empty_balance_are_found() -> None:
    server = Scripted(document(MODELS), document({"data": {"balance": -0.5}}))

    async with client(server, model="nome:50c3") as aivax:
        gateway, balance = await aivax.account.preflight("name:50c3")

    assert isinstance(gateway, GatewayUnknown)
    assert gateway.detail == "nome:50c3"
    assert isinstance(balance, NoBalance)


async def test_a_refused_key_is_found() -> None:
    async with client(Scripted(refusal(401))) as aivax:
        assert [type(each) for each in await aivax.account.preflight()] == [KeyRefused]


async def test_an_unreachable_service_is_a_finding_and_no_failure() -> None:
    async with client(Scripted(httpx.ConnectError("refused"))) as aivax:
        assert [type(each) for each in await aivax.account.preflight()] == [Unavailable]


async def test_a_slug_without_its_end_is_no_gateway_of_aivax() -> None:
    async with client(Scripted(document(MODELS), document(BALANCE)), model="name") as aivax:
        assert [type(each) for each in await aivax.account.preflight()] == [GatewayUnknown]


async def test_a_local_model_goes_by_its_plain_name() -> None:
    server = Scripted(document({"data": [{"id": "llama3:8b"}]}))

    async with client(server, model="llama3", **ELSEWHERE) as aivax:
        assert await aivax.account.preflight() == ()


@pytest.mark.parametrize("models", [{"model": "name:50c3"}, {"model": "@vendor/name"}, {"model": ""}])
async def test_a_slug_with_a_public_key_is_refused_at_start(models: dict[str, Any]) -> None:
    async with client(Scripted(), api_key="pk-aiv-abcdefgh", **models) as aivax:
        with pytest.raises(SettingRefused, match="model"):
            await aivax.account.preflight()


async def test_a_route_s_slug_with_a_public_key_is_refused_at_start() -> None:
    async with client(Scripted(), api_key="pk-aiv-abcdefgh", model=UUID) as aivax:
        with pytest.raises(SettingRefused, match="routes"):
            await aivax.account.preflight("name:50c3")


async def test_an_older_key_is_warned_about() -> None:
    with capture_logs() as logs:
        async with client(Scripted(document(MODELS), document(BALANCE)), api_key="oky_abcdefgh") as aivax:
            assert await aivax.account.preflight() == ()

    assert [line["event"] for line in logs] == ["aivax.legacy_key"]


@pytest.mark.parametrize(
    ("data", "usd", "plan"),
    [
        ({"balance": 3.5, "usage_24h": 1, "plan": ["Pro"]}, 3.5, "Pro"),
        ({"Balance": "3.5", "plan": {"name": "Max"}}, 3.5, "Max"),
        ({"current_balance": {"amount": 3.5, "currency": "USD"}}, 3.5, "Pro"),
        ({"currentBalance": 3.5, "plan": None}, 3.5, "Pro"),
    ],
)
def test_a_balance_is_read_however_its_fields_are_written(data: object, usd: float, plan: str) -> None:
    balance = read_balance({"message": "ok", "data": data}, plan="Pro")

    assert (balance.balance_usd, balance.plan) == (usd, plan)


@pytest.mark.parametrize(
    ("plan", "calls"),
    [("Free", [20]), ("Pro", [200]), (["Pro", "Custom"], [200]), ("Max", []), ("Custom", None), ("", None)],
)
def test_a_plan_of_another_name_sets_no_limit(plan: object, calls: list[int] | None) -> None:
    windows = windows_of(read_balance({"data": {"plan": plan}}))

    assert (None if windows is None else [window.calls for window in windows]) == calls


@pytest.mark.parametrize(
    ("data", "is_full"),
    [
        ({"storageUsage": {"amount": 40_000_000}, "plan": "Free"}, True),
        ({"storage_usage": {"total": 20_000_000}, "plan": "free"}, False),
        ({"storageUsage": {"used": 9, "total": 5}}, True),
        ({"storageUsage": 3_000_000_000, "planLimits": {"includedStorage": 2_147_483_648}}, True),
        ({"storageUsage": 3_000_000_000, "plan": "Max", "planLimits": {"includedStorage": 20}}, False),
        ({"storageUsage": {"bytes": 5}}, None),
    ],
)
def test_the_storage_is_judged_however_it_is_told(data: object, is_full: bool | None) -> None:
    assert read_balance({"data": data}).storage_is_full is is_full


@pytest.mark.parametrize(
    ("model", "listed"),
    [
        ("m", "models/m"),
        ("models/m", "m"),
        ("m", "vendor/m"),
        ("vendor/m", "m"),
        ("m", "accounts/x/models/m"),
        ("M", "m:latest"),
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("claude-x", "claude-x-20250929"),
        ("mistral-large", "mistral-large-latest"),
    ],
)
def test_an_entry_of_another_server_s_list_means_a_model_by_its_own_name(model: str, listed: str) -> None:
    assert is_listed(model, (listed, "other"), exact=False)
    assert not is_listed(model, (listed, "other"), exact=True)


@pytest.mark.parametrize(
    ("model", "listed"), [("m", "m2"), ("a/m", "b/m"), ("gpt-4o", "gpt-4o-mini"), ("m", "m/x"), ("", "m")]
)
def test_another_model_is_not_meant(model: str, listed: str) -> None:
    assert not is_listed(model, (listed,), exact=False)


def test_models_are_listed_in_several_shapes() -> None:
    assert read_models({"models": [{"name": "models/m"}]}) == ("models/m",)
    assert read_models(["a", "b"]) == ("a", "b")
    assert read_models({"data": [{"id": "m-2", "aliases": ["m-latest"]}]}) == ("m-2", "m-latest")


async def test_the_plan_is_known_from_any_answer_s_header() -> None:
    server = Scripted(
        reply(*said("hi"), X_Authenticated_Account_Plan="Pro"), document({"data": {"balance": 1}})
    )

    async with client(server) as aivax:
        async for _ in aivax.complete(QUESTION):
            pass
        balance = await aivax.account.balance()

    assert balance is not None
    assert balance.plan == "Pro"
