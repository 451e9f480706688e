"""The seam: what discord.py and aiohttp raise, as errors of ours. Nothing of theirs passes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import aiohttp
import discord

from bots.discord.events.address import PLATFORM
from core.domain import (
    FrontendRefused,
    FrontendUnreachable,
    MessageRefused,
    OddAnswer,
    OutcomeUnknown,
    PlaceClosed,
    PlatformBusy,
    PlatformError,
)

T = TypeVar("T")
TOKEN = "[discord] token"  # noqa: S105 - the setting's name, not a secret
API_URL = "[discord] api_url"

FAILURES = (
    discord.DiscordException,
    aiohttp.ClientError,
    OSError,
    # discord.py raises these itself where an answer lacks a header or a field, or is no JSON, and on a closed session
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    RuntimeError,
)
"""What a call of the SDK is known to raise."""

PASSING = (discord.DiscordException, aiohttp.ClientError, OSError, RuntimeError)
NAMED = {10003: "unknown_channel", 10008: "unknown_message"}
TOO_FAST = frozenset({20028, 30046, 40003})
OF_THE_PLACE = frozenset({50003, 50007, 50008, 50024, 50083, 50278, 160005})
"""What Discord refuses with 400 because of where it is said: a conversation, a thread or a kind of channel."""
OF_THE_TEXT = frozenset({400, 405, 409, 411, 413, 415, 422})
OF_THE_WORDS = frozenset({20009, 200000, 200001, 240000})
"""What Discord refuses for what it says, with whichever status: explicit content, automatic moderation, bad links."""
FORM_REFUSED, NO_HISTORY = 50035, 160002
GATEWAY_REFUSES_TOKEN = 4004
GATEWAY_REFUSES_SHARDS = frozenset({4010, 4011})


async def mapped(call: Callable[[], Awaitable[T]], *, creates: bool = False, writes: bool = False) -> T:
    """Make a call of the SDK. Raises what went wrong as an error of ours, see `error_of`."""
    try:
        return await call()
    except FAILURES as exc:
        raise error_of(exc, creates=creates, writes=writes) from exc


def error_of(error: BaseException, *, creates: bool = False, writes: bool = False) -> PlatformError:
    """Say in our words what became of a REST call.

    `creates` tells that doing it twice would show: then a failure without a clear answer is `OutcomeUnknown`.
    `writes` tells that it carried a message's text, which may be what Discord does not take.
    """
    detail = _detail(error)
    if isinstance(error, discord.RateLimited):
        return PlatformBusy(PLATFORM, code="429", detail=detail, retry_after_s=error.retry_after)
    if isinstance(error, discord.LoginFailure):
        return token_refused(detail)
    if isinstance(error, discord.HTTPException):
        return _answered(error, detail, creates=creates, writes=writes)
    if isinstance(error, KeyError) and error.args == ("retry_after",):
        # discord.py reads it from a 429 whose body has none: the call was refused, nothing was done
        return PlatformBusy(PLATFORM, code="429", detail=detail)
    if not isinstance(error, PASSING):
        # the SDK could not read the answer, or there is a bug in what we make of it: neither mends itself
        return OddAnswer(PLATFORM, code=type(error).__name__, detail=detail)
    if isinstance(error, aiohttp.ClientConnectorError | RuntimeError) or not creates:
        return PlatformBusy(PLATFORM, code=type(error).__name__, detail=detail)
    return OutcomeUnknown(PLATFORM, code=type(error).__name__, detail=detail)


def login_error_of(error: BaseException, api_url: str) -> PlatformError:
    """Say in our words why we could not log in, or find the gateway."""
    if isinstance(error, discord.LoginFailure) or getattr(error, "status", 0) == 401:
        return token_refused(_detail(error))
    cause = error.__cause__ if isinstance(error, discord.GatewayNotFound) else None
    if cause is None and not isinstance(error, PASSING):
        return unreachable(
            f"{api_url} answers, but not as Discord's API does ({_detail(error)}): it must lead there as it stands,"
            " with /api/v10 at its end"
        )
    return unreachable(f"{api_url} gives no usable answer ({_detail(cause or error)})")


def connection_error_of(error: BaseException) -> PlatformError:
    """Say in our words why a gateway connection ended for good."""
    if isinstance(error, PlatformError):
        return error
    if isinstance(error, discord.ConnectionClosed) and error.code == GATEWAY_REFUSES_TOKEN:
        return token_refused(_detail(error))
    if isinstance(error, discord.ConnectionClosed) and error.code in GATEWAY_REFUSES_SHARDS:
        fix = "take it off, so that Discord's advice counts, or raise it in every process; shard_ids are below it"
        return FrontendRefused(PLATFORM, setting="[discord] shard_count", fix=fix, detail=_detail(error))
    return unreachable(f"the gateway connection ended ({_detail(error)})")


def token_refused(detail: str) -> FrontendRefused:
    """Say that the operator must give another token."""
    fix = "copy the bot's token anew from the Developer Portal (your application, Bot, Reset Token)"
    return FrontendRefused(PLATFORM, setting=TOKEN, fix=fix, detail=detail)


def unreachable(detail: str, retry_after_s: float | None = None) -> FrontendUnreachable:
    """Say that Discord can't be reached where the settings say it is, or not before so many seconds have passed."""
    return FrontendUnreachable(PLATFORM, setting=API_URL, detail=detail, retry_after_s=retry_after_s)


def _answered(error: discord.HTTPException, detail: str, *, creates: bool, writes: bool) -> PlatformError:
    code = str(error.code or error.status)
    if error.status == 401:
        return token_refused(detail)
    if error.status in (408, 429) or error.code in TOO_FAST:
        return PlatformBusy(PLATFORM, code=code, detail=detail, retry_after_s=_retry_after(error))
    if error.status >= 500 and creates:
        return OutcomeUnknown(PLATFORM, code=code, detail=detail, failed=True)
    if error.status >= 500:
        wait_s = _retry_after(error)
        return PlatformBusy(PLATFORM, code=code, detail=detail, retry_after_s=wait_s, failed=wait_s is None)
    of_the_text = error.status in OF_THE_TEXT and error.code not in OF_THE_PLACE
    if writes and (of_the_text or error.code in OF_THE_WORDS):
        return MessageRefused(PLATFORM, code=code, detail=detail)
    return PlaceClosed(PLATFORM, code=NAMED.get(error.code, code), detail=detail)


def _retry_after(error: discord.HTTPException) -> float | None:
    with suppress(LookupError, ValueError, TypeError, AttributeError):
        return max(0.0, float(error.response.headers["Retry-After"]))
    return None


def reply_refused(error: discord.HTTPException) -> bool:
    """Tell whether it was the reference to the question, not the message, that Discord did not take."""
    is_reference = error.code == FORM_REFUSED and "message_reference" in error.text
    return is_reference or error.code == NO_HISTORY


def _detail(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")[:500]
