"""What AIVAX and the proxies in front of it answer when they refuse, as our errors."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.aivax.error_mapping import of_response
from core.aivax.error_text import sample_of, scrub
from core.aivax.refusals import waits
from core.aivax.transport import httpx, of_transport
from core.domain import (
    AddressWrong,
    AivaxError,
    ContextTooLong,
    GatewayUnknown,
    KeyRefused,
    NoBalance,
    NotAllowed,
    RateLimited,
    RequestRefused,
    Unavailable,
)


def read(status: int, body: object, retry_after: str | None = None) -> AivaxError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {} if retry_after is None else {"retry-after": retry_after}
    return of_response(status, headers, raw, now=1_000.0, clean=scrub)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RequestRefused),
        (401, KeyRefused),
        (402, NoBalance),
        (403, NotAllowed),
        (404, GatewayUnknown),
        (405, AddressWrong),
        (408, Unavailable),
        (413, ContextTooLong),
        (422, RequestRefused),
        (429, RateLimited),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (504, Unavailable),
        (524, Unavailable),
        (301, Unavailable),
    ],
)
def test_every_status_is_its_own_error(status: int, kind: type[AivaxError]) -> None:
    error = read(status, {})

    assert type(error) is kind
    assert error.status == status


def test_the_completion_routes_shape_is_read() -> None:
    error = read(429, {"error": {"message": "slow down", "type": "rate", "param": None, "code": None}}, "3")

    assert (error.code, error.detail, error.retry_after_s) == ("rate", "slow down", 3.0)


def test_the_administrative_shape_is_read() -> None:
    error = read(402, {"error": "storage quota exceeded", "details": None})

    assert (error.code, error.detail) == ("", "storage quota exceeded")


def test_a_proxy_s_page_is_told_by_its_title() -> None:
    error = read(502, b"<html><head><title>502 Bad\n Gateway</title></head><body>...</body></html>")

    assert error.detail == "502 Bad Gateway"


@pytest.mark.parametrize(
    "body", [b"", b"<p>no</p>", b"\xff\xfe", {"error": None}, {"error": []}, [], 3, {"error": 5}]
)
def test_any_body_will_do(body: object) -> None:
    assert type(read(401, body)) is KeyRefused


@pytest.mark.parametrize(
    "error",
    [
        {"code": "context_length_exceeded", "message": "x"},
        {"code": None, "message": "This model's maximum context length is 8192 tokens"},
        {"type": "exceed_context_size_error", "message": "x"},
    ],
)
def test_too_long_a_context_is_told_apart(error: object) -> None:
    assert type(read(400, {"error": error})) is ContextTooLong


def test_an_unknown_model_may_come_as_400() -> None:
    assert type(read(400, {"error": {"code": "model_not_found", "param": "model"}})) is GatewayUnknown


def test_openai_s_429_for_an_empty_account_is_no_rate_limit() -> None:
    assert type(read(429, {"error": {"code": "insufficient_quota"}})) is NoBalance


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2", 2.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        ("-4", 0.0),
        ("Thu, 01 Jan 1970 00:17:40 GMT", 60.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("1e300", 31 * 86_400.0),
        ("inf", None),
        ("nan", None),
        ("soon", None),
        ("Thu, 99 Foo 1970 00:00:00 GMT", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    headers = {} if value is None else {"Retry-After": value}

    assert waits.of_headers(headers, now=1_000.0) == seconds


@given(st.text())
def test_no_retry_after_raises(value: str) -> None:
    waited = waits.seconds(value, now=0.0)

    assert waited is None or waited >= 0


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (httpx.ConnectTimeout("slow"), "connect_timeout"),
        (httpx.ConnectError("refused"), "no_connection"),
        (httpx.ReadError("reset"), "connection_lost"),
        (httpx.RemoteProtocolError("bad"), "connection_lost"),
        (httpx.DecodingError("gzip"), "connection_lost"),
        (OSError("odd"), "no_connection"),
    ],
)
def test_what_httpx_raises_is_an_unavailable_service(raised: httpx.HTTPError | OSError, code: str) -> None:
    assert of_transport(raised, clean=scrub).code == code


@given(st.integers(300, 599), st.binary(), st.none() | st.text())
def test_no_refusal_raises_anything(status: int, body: bytes, retry_after: str | None) -> None:
    headers = {} if retry_after is None else {"Retry-After": retry_after}

    assert isinstance(of_response(status, headers, body, now=0.0, clean=scrub), AivaxError)


@pytest.mark.parametrize(
    "secret",
    ["sk-aiv-acc-abcdef", "pk-aiv-123456", "oky_123456789", "Bearer abc.def-123", "?api-key=abcdefgh"],
)
def test_what_looks_like_a_key_is_masked(secret: str) -> None:
    assert secret not in scrub(f"the key {secret} is wrong")


def test_another_key_that_begins_like_ours_is_masked_whole() -> None:
    told = scrub("not sk-aiv-acc-9876543210, but another", keys=("sk-aiv-acc-0123456789",))

    assert told == "not ***, but another"


def test_echoes_of_the_prompt_are_masked_even_in_parts() -> None:
    prompt = 'Line one of the plan\nand "line two" of it'

    told = scrub(f"bad content: {json.dumps(prompt)[:30]}… at 3", said=sample_of((prompt,)))

    assert "one of the plan" not in told
    assert told.startswith("bad content: ")


def test_details_are_short_and_on_one_line() -> None:
    told = scrub("a\n\tb\x1b[31m" + "c" * 9000)

    assert len(told) == 300
    assert told.isprintable()
