"""Neither the key nor what people said shows up where an operator, or someone over their shoulder, reads."""

from __future__ import annotations

import json
import logging
import traceback

import pytest
from structlog.testing import capture_logs

from core.aivax.transport import httpx
from core.domain import AivaxError
from tests.scripted_aivax import (
    HANG,
    KEY,
    PROMPT,
    QUESTION,
    Scripted,
    answer_of,
    client,
    delta,
    event,
    reply,
    settings,
)

ECHO = {"error": {"message": f"{KEY} sent {PROMPT!r}", "code": f"bad {KEY}", "param": PROMPT, "type": KEY}}
ENDINGS: list[object] = [
    reply(json.dumps(ECHO).encode(), status=400),
    reply(json.dumps(ECHO).encode(), status=401),
    reply(json.dumps({"error": f"{KEY}: {PROMPT}"}).encode(), status=402),
    reply(json.dumps({"detail": [{"input": PROMPT, "loc": [KEY]}]}).encode(), status=422),
    reply(f"<title>{KEY} {PROMPT}</title>".encode(), status=403),
    reply(event(**ECHO)),
    reply(delta(content="so"), event(**ECHO)),
    reply(delta(content="so"), httpx.ReadError(f"{KEY} {PROMPT}")),
    reply(delta(content="so"), HANG),
    httpx.UnsupportedProtocol(f"{KEY} {PROMPT}"),
]


def shown(error: BaseException | None) -> str:
    """All that could be printed of an error, and of the errors that led to it."""
    texts = []
    while error is not None:
        texts += [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)]
        error = error.__cause__ or error.__context__
    return "\n".join(texts)


@pytest.mark.parametrize("place", range(len(ENDINGS)))
async def test_no_error_holds_the_key_or_the_prompt(place: int) -> None:
    server = Scripted(_again(ENDINGS[place]))

    with capture_logs() as logs, pytest.raises(AivaxError) as caught:
        await answer_of(client(server, tries=1, idle_timeout_s=0.01))

    told = shown(caught.value) + repr(logs)
    assert KEY not in told
    assert PROMPT not in told


def _again(ending: object) -> object:
    """Copy a response, whose stream can be read once only."""
    if not isinstance(ending, httpx.Response):
        return ending
    return httpx.Response(ending.status_code, headers=ending.headers, stream=ending.stream)


async def test_no_error_leads_back_to_the_request() -> None:
    with pytest.raises(AivaxError) as caught:
        await answer_of(client(Scripted(httpx.ConnectError("refused")), tries=1))

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


async def test_no_log_line_holds_the_key_or_the_prompt(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    refused = reply(json.dumps(ECHO).encode(), status=503)

    with capture_logs() as logs:
        await answer_of(client(Scripted(refused, reply(delta("stop", content="hi")))))

    told = repr(logs) + caplog.text
    assert logs
    assert KEY not in told
    assert PROMPT not in told


async def test_no_url_holds_the_key() -> None:
    server = Scripted(reply(delta("stop", content="hi")))

    await answer_of(client(server))

    assert not any(KEY in url for url in server.urls)


def test_no_repr_holds_the_key_or_the_prompt() -> None:
    aivax = client(None)

    told = repr(aivax) + str(aivax) + repr(settings()) + repr(QUESTION) + repr(settings().model_dump())

    assert KEY not in told
    assert PROMPT not in told
    assert "private" in repr(aivax)
