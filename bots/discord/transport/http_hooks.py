"""What is done to each answer of Discord's API before discord.py reads it: hooks on its HTTP connections.

discord.py takes for JSON only what says `application/json` and nothing more, so the answers of many proxies would be
text to it. And it tries a call that Discord fails at five times, 25 seconds long, inside the locks that all calls of
a channel share: who waits for what, and how long, is decided in `core.delivery` instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import msgspec
from multidict import CIMultiDict, CIMultiDictProxy

from bots.discord.events.address import PLATFORM
from core.delivery.call_spans import begin_call, end_call
from core.domain.metrics import CallOutcome, PlatformCall

JSON = "application/json"
RATE_LIMITED = 429
OF_ONE_MESSAGE = frozenset({30046})
"""Discord's code for a rate limit of one old message's edits: others in the channel need not wait for it."""
_WRITE = re.compile(r"/channels/(\d+)/messages(?:/\d+)?$")
_METHODS = frozenset({"POST", "PATCH"})

_MESSAGE = re.compile(r"/(?:channels/\d+/messages(?:/\d+)?|webhooks/\d+/[^/]+(?:/messages/[^/]+)?)$")
_CALLS = {"POST": PlatformCall.POST, "PATCH": PlatformCall.EDIT, "DELETE": PlatformCall.DELETE}

Tell = Callable[[int, int, float], None]
"""Takes a channel, how many more writes Discord takes there, and in how many seconds it begins to count anew."""


Count = Callable[[PlatformCall, CallOutcome], None]
"""Takes what a call was for, and what became of it."""


def plain_json() -> aiohttp.TraceConfig:
    """Make the hook that has discord.py (`http_trace`) read JSON whatever stands behind the content type."""
    config = aiohttp.TraceConfig()
    config.on_request_end.append(_make_plain)
    return config


def fail_fast(tell: Tell, count: Count) -> aiohttp.TraceConfig:
    """The same, and: a failure is raised at once, not tried again, and `tell` is called with rate limits.

    `count` is told of every call that went out.
    """

    async def begun(
        _session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        context.span = begin_call(PLATFORM, _call_of(params.method, params.url.path), params.method)

    async def ended(
        _session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        _tell(params, tell)
        outcome = _outcome_of(params.response.status)
        count(_call_of(params.method, params.url.path), outcome)
        end_call(context.span, outcome)
        await _raise_failure(params.response)

    async def broken(
        _session: aiohttp.ClientSession,
        context: SimpleNamespace,
        params: aiohttp.TraceRequestExceptionParams,
    ) -> None:
        if not isinstance(params.exception, discord.HTTPException):  # raised above, and counted there
            count(_call_of(params.method, params.url.path), CallOutcome.FAILED)
            end_call(context.span, CallOutcome.FAILED)

    config = plain_json()
    config.on_request_start.append(begun)
    config.on_request_end.append(ended)
    config.on_request_exception.append(broken)
    return config


async def _make_plain(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
) -> None:
    response = params.response
    if response.headers.get("Content-Type", JSON) == JSON or response.content_type != JSON:
        return
    headers = CIMultiDict(response.headers)
    headers["Content-Type"] = JSON
    # aiohttp lets nobody change an answer's headers in public; it keeps what was read of them in a cache
    response._headers = CIMultiDictProxy(headers)  # noqa: SLF001
    response._cache.pop("headers", None)  # noqa: SLF001


def _tell(params: aiohttp.TraceRequestEndParams, tell: Tell) -> None:
    found = _WRITE.search(params.url.path)
    if found is None or params.method not in _METHODS:
        return
    headers = params.response.headers
    with suppress(LookupError, ValueError):  # a proxy's answer may lack them
        tell(int(found[1]), int(headers["X-RateLimit-Remaining"]), float(headers["X-RateLimit-Reset-After"]))


def _call_of(method: str, path: str) -> PlatformCall:
    return _CALLS.get(method, PlatformCall.OTHER) if _MESSAGE.search(path) else PlatformCall.OTHER


def _outcome_of(status: int) -> CallOutcome:
    if status == RATE_LIMITED:
        return CallOutcome.RATE_LIMITED
    if status >= 500:
        return CallOutcome.FAILED
    return CallOutcome.REFUSED if status >= 400 else CallOutcome.OK


async def _raise_failure(response: aiohttp.ClientResponse) -> None:
    """Raise what discord.py would raise in the end."""
    if response.status >= 500:
        raise discord.DiscordServerError(response, await error_body(response))
    if response.status == RATE_LIMITED:
        said = await error_body(response)
        if isinstance(said, dict) and said.get("code") in OF_ONE_MESSAGE:
            raise discord.HTTPException(response, said)


async def error_body(response: aiohttp.ClientResponse) -> dict[str, Any] | str:
    """Read what Discord says of an error: JSON, or the beginning of any other text."""
    text = await response.text(encoding="utf-8", errors="replace")
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:
        return text[:500]
