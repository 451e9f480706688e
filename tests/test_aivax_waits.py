"""How long to wait, in whichever way a server says it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.aivax.error_mapping import of_event, of_response
from core.aivax.error_text import scrub
from core.aivax.refusals import waits

NOW = 1_764_000_000.0  # 2025-11-24T16:00:00Z


def told(body: object = None, status: int = 429, **headers: str) -> float | None:
    """The wait of a refusal with these headers and this body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return of_response(status, named, json.dumps(body or {}).encode(), now=NOW, clean=scrub).retry_after_s


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("6m0s", 360.0),
        ("2m59.56s", 179.56),
        ("12ms", 0.012),
        ("1d2h", 93_600.0),
        ("00:07:12", 432.0),
        ("1 hour, 5 minutes and 3 seconds", 3_903.0),
        ("2025-11-24T16:10:00Z", 600.0),
        ("2025-11-24 16:10:00 UTC", 600.0),
        ("Mon, 24 Nov 2025 16:10:00 GMT", 600.0),
        ("1764000600", 600.0),
        ("1764000600000", 600.0),
        ({"seconds": 600, "nanos": 5}, 600.0),
        (600, 600.0),
        (-4, 0.0),
        ("1e300", waits.LONGEST_S),
        ("soon", None),
        (True, None),
        ([], None),
    ],
)
def test_a_wait_is_read_in_every_usual_form(value: object, expected: float | None) -> None:
    assert waits.seconds(value, now=NOW) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry_After_Ms": "600000", "Retry_After": "1"}, 600.0),
        ({"Retry_After": "10m"}, 600.0),
        ({"x_ratelimit_reset_requests": "6m0s"}, 360.0),
        (
            {
                "x_ratelimit_remaining_requests": "12",
                "x_ratelimit_reset_requests": "6m0s",
                "x_ratelimit_remaining_tokens": "0",
                "x_ratelimit_reset_tokens": "7.66s",
            },
            7.66,
        ),
        ({"x_ratelimit_reset_requests": "6m0s", "x_ratelimit_reset_tokens": "10ms"}, 360.0),
        ({"Retry_After": "5", "x_ratelimit_reset_requests": "6m0s"}, 5.0),
        ({"anthropic_ratelimit_requests_reset": "2025-11-24T16:10:00Z"}, 600.0),
        ({"X_RateLimit_Reset": "1764000600000"}, 600.0),
        ({"RateLimit_Reset": "30"}, 30.0),
        ({"RateLimit": '"default";r=0;t=30'}, 30.0),
        ({"RateLimit": "limit=100, remaining=0, reset=30"}, 30.0),
        ({"ratelimitbysize_reset": "25"}, 25.0),
        ({"x_ratelimit_limit_requests": "60"}, None),
        ({}, None),
    ],
)
def test_headers_tell_a_wait(headers: dict[str, str], expected: float | None) -> None:
    assert told(**headers) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([{"error": {"code": 429, "details": [{"@type": "x.RetryInfo", "retryDelay": "600s"}]}}], 600.0),
        ({"error": {"metadata": {"headers": {"X-RateLimit-Reset": "1764000600000"}}}}, 600.0),
        ({"error": {"type": "usage_limit_reached", "resets_in_seconds": 90}}, 90.0),
        ({"error": "busy", "retry_after_ms": 1500}, 1.5),
        ({"retryAfter": "10 seconds"}, 10.0),
        ({"error": "Model is currently loading", "estimated_time": 20.0}, 20.0),
        ({"error": {"message": "no", "retry": 3}}, None),
    ],
)
def test_fields_of_the_body_tell_a_wait(body: object, expected: float | None) -> None:
    assert told(body) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Rate limit reached: Limit 3, Used 3, Requested 1. Please try again in 7m12s. Visit x for more.", 432.0),
        ("Please retry in 41.184817s.", 41.184817),
        ("Please retry after 26 seconds.", 26.0),
        ("Too many requests, please wait 30 seconds before trying again", 30.0),
        ("Try again in 3 days 4 hours", 273_600.0),
        ("try again in about 10 minutes", 600.0),
        ("please try again in an hour", 3_600.0),
        ("Limit resets at: 2025-11-24 16:10:00 UTC", 600.0),
        ("quota will reset after 4h56m2s", 17_762.0),
        ("Retry after 30", 30.0),
        ("请在 10 秒后重试", 10.0),
        ("tente novamente em 5 minutos", 300.0),
        ("tried again, and failed 3 of 5 times", None),
        ("retry 3 of 5 failed", None),
        ("try again at https://status.example/3", None),
        ("no", None),
    ],
)  # fmt: skip
def test_a_sentence_tells_a_wait(sentence: str, expected: float | None) -> None:
    assert told({"error": {"message": sentence}}) == expected
    assert of_event({"code": 429, "message": "slow down"}, said=False, clean=scrub).retry_after_s is None


def test_a_wait_at_the_end_of_a_long_sentence_is_found() -> None:
    sentence = "Quota exceeded for metric: some_metric, limit: 20. " * 40 + "Please retry in 41s."

    assert told({"error": {"message": sentence, "status": "RESOURCE_EXHAUSTED"}}) == 41.0


def test_a_wait_inside_a_stream_counts_too() -> None:
    error = of_event({"code": "rate_limit_exceeded", "message": "try again in 20s"}, said=False, clean=scrub)

    assert error.retry_after_s == 20.0


def test_no_wait_is_read_out_of_what_is_no_rate() -> None:
    assert told({"error": {"message": "insufficient balance, try again in 9 days"}}, status=402) is None
    assert told({}, status=500, x_ratelimit_reset_requests="6m0s") is None


NAMES = st.sampled_from(["retryDelay", "retry_after", "resets_at", "x"]) | st.text(max_size=5)
BODIES = st.recursive(
    st.none() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner),
)


@given(BODIES)
def test_no_body_raises_and_every_wait_is_bounded(body: Any) -> None:
    for wait_s in (
        waits.of_body(body, now=NOW),
        waits.seconds(body, now=NOW),
        waits.of_text(str(body), now=NOW),
    ):
        assert wait_s is None or 0.0 <= wait_s <= waits.LONGEST_S


@given(st.text(alphabet="try again in 0123456789.:-mshd,and\n", max_size=700))
def test_any_sentence_is_read_without_raising(text: str) -> None:
    wait_s = waits.of_text(text, now=NOW)

    assert wait_s is None or 0.0 <= wait_s <= waits.LONGEST_S


@given(st.dictionaries(st.sampled_from(["retry-after", "RateLimit", "x-ratelimit-reset-tokens"]), st.text()))
def test_no_header_raises(headers: dict[str, str]) -> None:
    waits.of_headers(headers, now=NOW)
    waits.until_reset(headers, now=NOW)
