"""Slack's Web API as the app calls it, and the one place where the SDK's errors become the core's."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.events.address import PLATFORM
from bots.slack.events.payloads import text_of
from bots.slack.settings import SlackSettings
from bots.slack.transport.error_mapping import (
    BOT_TOKEN,
    CLIENT_SECRET,
    broken,
    outcome_of,
    refused,
    unparsable,
)
from bots.slack.transport.hosts import PublicOnly
from core.delivery.call_spans import begin_call, end_call
from core.domain import PlatformError
from core.domain.metrics import NO_METER, PLATFORM_CALLS, CallOutcome, Meter, PlatformCall
from core.domain.spans import within
from core.util.clock import Clock, Now, Sleep, utc_now

CALLS: Mapping[str, PlatformCall] = {
    "chat.postMessage": PlatformCall.POST,
    "chat.postEphemeral": PlatformCall.POST,
    "chat.update": PlatformCall.EDIT,
    "chat.delete": PlatformCall.DELETE,
    "chat.startStream": PlatformCall.STREAM_START,
    "chat.appendStream": PlatformCall.STREAM_APPEND,
    "chat.stopStream": PlatformCall.STREAM_STOP,
}
"""What the methods that show answers are counted as."""
_SECRETS = re.compile(r"(xox[a-z]?[.-]|xapp-|xoxe)[\w.-]+|(?<=ticket=)[^&\s'\"]+")


class AppApi:
    """One connection to Slack for all workspaces: answers as plain dictionaries, errors as the core's."""

    def __init__(
        self,
        settings: SlackSettings,
        session: aiohttp.ClientSession,
        downloads: aiohttp.ClientSession,
        *,
        now: Now,
        sleep: Sleep,
        clock: Clock = utc_now,
        meter: Meter = NO_METER,
    ) -> None:
        """`downloads` is for files; `now` and `sleep` are the clock of the rate limits, `clock` tells the time of day.

        Calls go into `meter`.
        """
        self.settings = settings
        self.session = session
        self.downloads = downloads
        self.now = now
        self.sleep = sleep
        self.clock = clock
        self._meter = meter
        self._client = web_client(settings, session)

    async def open_socket(self) -> str:
        """Ask with the app token for the address of a new socket."""
        answer = await self.call(
            "apps.connections.open",
            setting="[slack] app_token",
            headers=bearer(self.settings.app_token.get_secret_value().strip()),
        )
        return text_of(answer, "url")

    async def exchange(self, **form: str) -> dict[str, Any]:
        """Trade a code or a refresh token for tokens. A refusal comes as `PlaceClosed` with Slack's code."""
        client = f"{self.settings.client_id}:{self.settings.client_secret.get_secret_value().strip()}"
        headers = {"Authorization": f"Basic {base64.b64encode(client.encode()).decode()}"}
        return await self.call("oauth.v2.access", setting=CLIENT_SECRET, headers=headers, data=form)

    async def call(
        self, method: str, *, once: bool = False, setting: str = BOT_TOKEN, **how: Any
    ) -> dict[str, Any]:
        """Call a method. `setting` is what a refused token stands in; `how` goes to the SDK's `api_call`."""
        call = CALLS.get(method, PlatformCall.OTHER)
        with within(begin_call(PLATFORM, call, method)) as traced:
            try:
                answer = await self._call(method, once=once, setting=setting, **how)
            except PlatformError as error:
                end_call(traced, outcome := outcome_of(error))
                self._count(call, outcome)
                raise
        self._count(call, CallOutcome.OK)
        return answer

    def _count(self, call: PlatformCall, outcome: CallOutcome) -> None:
        self._meter.count(PLATFORM_CALLS, platform=PLATFORM, call=call.value, outcome=outcome.value)

    async def _call(self, method: str, *, once: bool, setting: str, **how: Any) -> dict[str, Any]:
        try:
            answer = (await self._client.api_call(method, **how)).data
        except SlackApiError as exc:
            raise refused(method, *_parts_of(exc), once=once, setting=setting) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise broken(method, without_secrets(f"{type(exc).__name__} {exc}"), exc, once=once) from None
        except (SlackClientError, AttributeError, TypeError, ValueError) as exc:
            # the SDK stumbles in these ways over a 200 that is no JSON object: not Slack's, but a proxy's page
            raise unparsable(method, type(exc).__name__, once=once) from None
        if not isinstance(answer, dict):
            raise unparsable(method, "no object", once=once)
        return answer


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _parts_of(error: SlackApiError) -> tuple[int, Mapping[str, Any], Mapping[str, str]]:
    """Read status, body and headers; where the body was no JSON, the SDK hands over aiohttp's own response."""
    response = error.response
    body = getattr(response, "data", None)
    status: int = getattr(response, "status_code", 0) or getattr(response, "status", 0)
    return status, body if isinstance(body, dict) else {}, getattr(response, "headers", None) or {}


def without_secrets(text: str) -> str:
    """Blot out tokens and the tickets of socket addresses."""
    return _SECRETS.sub("[secret]", text)


class SecretFilter(logging.Filter):
    """Keeps the SDK's log lines free of secrets, and of tracebacks that repeat them."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = without_secrets(record.getMessage()), None
        record.exc_info = record.exc_text = None
        return True


def sdk_logger() -> logging.Logger:
    """Return the log of slack_sdk and slack_bolt: warnings only, because below that they print whole messages."""
    logger = logging.getLogger("bots.slack.sdk")
    logger.setLevel(logging.WARNING)
    if not logger.filters:
        logger.addFilter(SecretFilter())
    return logger


def web_client(settings: SlackSettings, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Make the SDK's client: it holds no token of its own, repeats nothing, and reads no proxy variables."""
    client = AsyncWebClient(
        base_url=settings.api_url,
        session=session,
        retry_handlers=[],
        logger=sdk_logger(),
        proxy=settings.proxy,
    )
    client.proxy = settings.proxy or None
    return client


@asynccontextmanager
async def open_api(
    settings: SlackSettings,
    *,
    now: Now = time.monotonic,
    sleep: Sleep = asyncio.sleep,
    clock: Clock = utc_now,
    meter: Meter = NO_METER,
) -> AsyncIterator[AppApi]:
    """Own the HTTP session that all calls go through, and the one for files, which meets public addresses only."""
    limit = aiohttp.ClientTimeout(
        total=settings.request_timeout_s, connect=min(10.0, settings.request_timeout_s)
    )
    async with AsyncExitStack() as stack:
        session, downloads = [
            await stack.enter_async_context(
                aiohttp.ClientSession(
                    connector=connector,
                    timeout=limit,
                    cookie_jar=aiohttp.DummyCookieJar(),
                    json_serialize=partial(json.dumps, separators=(",", ":")),
                )
            )
            for connector in (None, aiohttp.TCPConnector(resolver=PublicOnly(settings)))
        ]
        yield AppApi(settings, session, downloads, now=now, sleep=sleep, clock=clock, meter=meter)
