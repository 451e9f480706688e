"""The base address of a server: mended as it is pasted, tried where it may be another, named where it is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from core.aivax.addresses import alternatives, mended, route
from core.domain import AddressWrong, AivaxError, GatewayUnknown, Unavailable
from core.settings import AivaxSettings
from core.util.addresses import typed_address
from tests.scripted_aivax import (
    QUESTION,
    Scripted,
    answer_of,
    client,
    document,
    httpx,
    refusal,
    reply,
    said,
    text_of,
)

PAGE = b"<!doctype html>\n<html><head><title>Open WebUI</title></head><body></body></html>"
PLAIN = {"api_key": "k", "base_url": "http://localhost:3000"}


async def answers_of(server: Scripted, times: int, **changes: Any) -> list[str]:
    """Ask one client several times; what it says."""
    async with client(server, **changes) as aivax:
        return [text_of([event async for event in aivax.complete(QUESTION)]) for _ in range(times)]


@pytest.mark.parametrize(
    ("pasted", "used"),
    [
        ("https://inference.aivax.net/v1", "https://inference.aivax.net/v1"),
        ("inference.aivax.net", "https://inference.aivax.net/v1"),
        ("http://inference.aivax.net/v1/", "https://inference.aivax.net/v1"),
        ("https://inference.aivax.net/api/v1/chat/completions", "https://inference.aivax.net/v1"),
        ("https://console.aivax.net/dashboard?tab=keys#top", "https://inference.aivax.net/v1"),
        ("'https://api.openai.com/v1/chat/completions'", "https://api.openai.com/v1"),
        ("https://platform.openai.com/api-keys", "https://api.openai.com/v1"),
        ("https:/openrouter.ai", "https://openrouter.ai/api/v1"),
        (
            "https://generativelanguage.googleapis.com/v1beta/models/gemini:generateContent",
            "https://generativelanguage.googleapis.com/v1beta/openai",
        ),
        ("https://api.groq.com/v1", "https://api.groq.com/openai/v1"),
        ("https://api.perplexity.ai", "https://api.perplexity.ai"),
        ("https://api.deepseek.com/beta", "https://api.deepseek.com/beta"),
        (
            "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-06-01",
            "https://r.openai.azure.com/openai/deployments/d?api-version=2024-06-01",
        ),
        ("https://r.openai.azure.com/", "https://r.openai.azure.com/openai/v1"),
        ("localhost:11434/api/chat", "http://localhost:11434"),
        ("127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1"),
        ("http://[::1]:8080//v1//", "http://[::1]:8080/v1"),
        ("http://localhost:1234/v1/models", "http://localhost:1234/v1"),
        ("http://host:8000/v1/v1", "http://host:8000/v1"),
        ("http://localhost:8000/docs", "http://localhost:8000"),
        ("<https://ai.example/llm/v1/completions?key=abc>", "https://ai.example/llm/v1"),
    ],
)
def test_an_address_is_used_as_it_was_meant(pasted: str, used: str) -> None:
    assert mended(AivaxSettings(base_url=pasted).base_url) == used


@given(st.text(max_size=80) | st.from_regex(r"https?://[a-z.:\[\]/?#@]{0,40}", fullmatch=True))
def test_any_text_is_mended_once_and_never_raises(text: str) -> None:
    typed = typed_address(text)
    assert isinstance(typed, str)

    assert mended(mended(typed)) == mended(typed)


@pytest.mark.parametrize("text", ["sk-aiv-acc-0123456789", "MTA5.GabcDE.abc123", "word", "https", ""])
def test_what_may_be_no_address_is_left_as_it_is(text: str) -> None:
    assert typed_address(text) == text


def test_a_query_stays_behind_the_route() -> None:
    assert route("https://h/d?api-version=1", "models") == "https://h/d/models?api-version=1"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: reply(PAGE),
        lambda: reply(PAGE, status=404),
        lambda: reply(PAGE, status=405),
        lambda: reply(b"404 page not found", status=404),
        lambda: reply(b"", status=404),
        lambda: document({"detail": "Not Found"}, status=404),
        lambda: document({"error": {"message": "Invalid URL (POST /chat/completions)"}}, status=404),
        lambda: document(
            {"error": "Unexpected endpoint or method. (POST /chat/completions). Returning 200 anyway"}
        ),
        lambda: document(
            {"error": {"code": 404, "message": "File Not Found", "type": "not_found_error"}}, status=404
        ),
        lambda: document({"message": "no Route matched with those values"}, status=404),
        lambda: document({"detail": "Method Not Allowed"}, status=405),
    ],
)
async def test_an_address_without_its_version_is_mended_by_asking(wrong: Any) -> None:
    server = Scripted(wrong(), reply(*said("hi")), reply(*said("again")))

    with capture_logs() as logs:
        assert await answers_of(server, 2, **PLAIN) == ["hi", "again"]

    assert [request.url.path for request in server.asked] == ["/chat/completions"] + [
        "/v1/chat/completions"
    ] * 2
    assert {
        "event": "aivax.base_url_mended",
        "log_level": "warning",
        "setting": "[aivax] base_url",
        "written": "http://localhost:3000",
        "used": "http://localhost:3000/v1",
    } in logs


async def error_of(*answers: object, **changes: Any) -> AivaxError:
    with pytest.raises(AivaxError) as caught:
        await answer_of(client(Scripted(*answers), **{**PLAIN, **changes}))
    return caught.value


async def test_an_address_that_can_t_be_mended_is_named_with_what_answered_first() -> None:
    error = await error_of(reply(PAGE), *(refusal(404, message="Not Found") for _ in range(3)))

    assert (type(error), error.code, error.detail) == (AddressWrong, "web_page", "Open WebUI")


async def test_a_key_that_is_refused_below_another_path_is_told_as_such() -> None:
    assert (await error_of(reply(PAGE), refusal(401))).status == 401


async def test_a_page_after_answers_is_an_outage() -> None:
    server = Scripted(reply(*said("hi")), *(reply(PAGE) for _ in range(3)))

    with pytest.raises(Unavailable):
        await answers_of(server, 2, **PLAIN)


async def test_a_route_that_is_not_found_after_answers_is_a_model_that_is_not_found() -> None:
    server = Scripted(reply(*said("hi")), document({"detail": "Not Found"}, status=404))

    with pytest.raises(GatewayUnknown):
        await answers_of(server, 2, **PLAIN)


async def test_a_page_where_the_service_is_known_to_be_is_an_outage() -> None:
    error = await error_of(
        *(reply(PAGE) for _ in range(3)), base_url="https://inference.aivax.net/v1", direct_url=""
    )

    assert type(error) is Unavailable


async def test_a_redirect_to_https_of_the_same_host_is_used_from_then_on() -> None:
    server = Scripted(
        reply(status=308, Location="https://ai.example/v1/chat/completions"),
        reply(*said("hi")),
        reply(*said("x")),
    )

    assert await answers_of(server, 2, api_key="k", base_url="http://ai.example/v1") == ["hi", "x"]
    assert [request.url.scheme for request in server.asked] == ["http", "https", "https"]


@pytest.mark.parametrize(
    "leads_to",
    [
        "https://elsewhere.example/v1/chat/completions",
        "http://localhost:3000/x",
        "/login",
        "https://u@localhost/x",
    ],
)
async def test_a_redirect_to_anywhere_else_is_named_and_not_followed(leads_to: str) -> None:
    error = await error_of(reply(status=302, Location=leads_to), base_url="http://localhost:3000/v1")

    assert (type(error), error.code) == (AddressWrong, "redirect")


async def test_https_where_no_tls_is_spoken_becomes_http_in_the_own_network_alone() -> None:
    no_tls = httpx.ConnectError("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)")

    assert alternatives("https://localhost:11434/v1", AddressWrong(code="no_tls")) == (
        "http://localhost:11434/v1",
    )
    assert alternatives("https://ai.example/v1", AddressWrong(code="no_tls")) == ()
    assert type(await error_of(no_tls, base_url="https://ai.example/v1")) is AddressWrong


async def test_http_to_a_port_that_speaks_tls_becomes_https() -> None:
    told = reply(b"Client sent an HTTP request to an HTTPS server.\n", status=400)
    server = Scripted(told, reply(*said("hi")))

    assert text_of(await answer_of(client(server, api_key="k", base_url="http://localhost:8443/v1"))) == "hi"
    assert server.asked[-1].url.scheme == "https"


async def test_the_model_list_is_found_below_the_same_other_path() -> None:
    server = Scripted(reply(PAGE), document({"data": [{"id": "m"}]}), reply(*said("hi")))

    async with client(server, **PLAIN) as aivax:
        assert await aivax.account.models() == ("m",)
        await answer_of(aivax)

    assert [request.url.path for request in server.asked] == [
        "/models",
        "/v1/models",
        "/v1/chat/completions",
    ]


async def test_a_web_page_in_place_of_the_model_list_is_a_finding() -> None:
    async with client(Scripted(*(reply(PAGE) for _ in range(4))), **PLAIN, model="m") as aivax:
        (finding,) = await aivax.account.preflight()

    assert (type(finding), finding.code) == (AddressWrong, "web_page")


async def test_a_server_without_a_model_list_is_no_finding() -> None:
    async with client(Scripted(*(reply(b"", status=404) for _ in range(4))), **PLAIN, model="m") as aivax:
        assert await aivax.account.preflight() == ()
