"""The one seam to Slack's Web API: calls go out here, and foreign errors end here as ours."""

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

from bots.slack.events.payloads import Bot, text_of
from bots.slack.settings import SlackSettings
from bots.slack.transport.error_mapping import (
    BOT_TOKEN,
    CLIENT_SECRET,
    RATE_LIMITED,
    broken,
    refused,
    unparsable,
)
from bots.slack.transport.hosts import PublicOnly
from bots.slack.transport.rate_limits import RateLimits
from bots.slack.transport.tokens import Account, OneAccount
from core.domain.errors import FrontendRefused, PlatformBusy
from core.util.clock import Now, Sleep

_SECRETS = re.compile(r"(xox[a-z]?[.-]|xapp-|xoxe)[\w.-]+|(?<=ticket=)[^&\s'\"]+")


class SlackApi:
    """Slack's Web API for one workspace: answers as plain dictionaries, errors as the core's."""

    def __init__(
        self,
        client: AsyncWebClient,
        settings: SlackSettings,
        session: aiohttp.ClientSession,
        downloads: aiohttp.ClientSession,
        account: Account,
        *,
        now: Now,
        sleep: Sleep,
    ) -> None:
        self.client = client
        self.session = session
        self.downloads = downloads
        self.settings = settings
        self.rate_limits = RateLimits(now=now, sleep=sleep)
        self._account = account
        self._organisation: str | None = None
        self._now = now
        self._sleep = sleep

    def acting_as(self, account: Account) -> SlackApi:
        """The same connection, with another workspace's token and rate limits."""
        return SlackApi(
            self.client,
            self.settings,
            self.session,
            self.downloads,
            account,
            now=self._now,
            sleep=self._sleep,
        )

    async def authorization(self) -> dict[str, str]:
        """The header that carries the bot token."""
        return _bearer(await self._account.token())

    async def write(
        self, method: str, *, once: bool = False, urgent: bool = False, **arguments: Any
    ) -> dict[str, Any]:
        """Call a method that changes something; None among the arguments is left out.

        `once` marks what must not happen twice: a connection that breaks is then an unknown outcome. `urgent` ones
        end an answer, and have a part of the method's budget for themselves.

        Raises:
            PlatformBusy, OutcomeUnknown, PlaceClosed, FrontendRefused.
        """
        given = {name: value for name, value in arguments.items() if value is not None}
        await self.rate_limits.acquire(method, text_of(given, "channel"), urgent=urgent)
        return await self._as_bot(method, once=once, json=given)

    async def read(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Call a method that only reads."""
        await self.rate_limits.acquire(method)
        return await self._as_bot(method, http_verb="GET", params=arguments)

    async def open_socket(self) -> str:
        """Ask with the app token for the address of a new socket."""
        headers = _bearer(self.settings.app_token.get_secret_value().strip())
        answer = await self._call("apps.connections.open", setting="[slack] app_token", headers=headers)
        return text_of(answer, "url")

    async def exchange(self, **form: str) -> dict[str, Any]:
        """Trade a code or a refresh token for tokens. A refusal comes as `PlaceClosed` with Slack's code."""
        client = f"{self.settings.client_id}:{self.settings.client_secret.get_secret_value().strip()}"
        headers = {"Authorization": f"Basic {base64.b64encode(client.encode()).decode()}"}
        return await self._call("oauth.v2.access", setting=CLIENT_SECRET, headers=headers, data=form)

    async def who_am_i(self) -> Bot:
        """Tell who the bot token belongs to."""
        return await self._account.bot(self._auth_test)

    async def verify_token(self) -> Bot:
        """Tell who the bot token belongs to, and find out whether it still counts."""
        return await self._account.bot(self._auth_test, anew=True)

    async def organisation(self) -> str:
        """Tell which Enterprise Grid organisation our workspace belongs to; `""`: to none. Asked once."""
        if self._organisation is None:
            self._organisation = text_of(await self._as_bot("auth.test", json={}), "enterprise_id")
        return self._organisation

    async def _auth_test(self) -> Bot:
        said = await self._as_bot("auth.test", json={})
        return Bot(*(text_of(said, name) for name in ("team_id", "user_id", "bot_id", "user")))

    async def _as_bot(self, method: str, **how: Any) -> dict[str, Any]:
        """Call with the bot token; where that one was over and another is there by now, once more."""
        token = await self._account.token()
        try:
            return await self._call(method, headers=_bearer(token), **how)
        except FrontendRefused as exc:
            if exc.setting != BOT_TOKEN:
                raise
            if not await self._account.has_newer_token(exc, token):
                raise await self._account.token_refused(exc, token) from None
        token = await self._account.token()
        try:
            return await self._call(method, headers=_bearer(token), **how)
        except FrontendRefused as exc:
            raise await self._account.token_refused(exc, token) from None

    async def _call(
        self, method: str, *, once: bool = False, setting: str = BOT_TOKEN, **how: Any
    ) -> dict[str, Any]:
        try:
            answer = (await self.client.api_call(method, **how)).data
        except SlackApiError as exc:
            error = refused(method, *_parts_of(exc), once=once, setting=setting)
            if isinstance(error, PlatformBusy) and error.code in RATE_LIMITED and error.retry_after_s:
                self.rate_limits.hold(method, error.retry_after_s)
            raise error from None
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise broken(method, without_secrets(f"{type(exc).__name__} {exc}"), exc, once=once) from None
        except (SlackClientError, AttributeError, TypeError, ValueError) as exc:
            # the SDK stumbles in these ways over a 200 that is no JSON object: not Slack's, but a proxy's page
            raise unparsable(method, type(exc).__name__, once=once) from None
        if not isinstance(answer, dict):
            raise unparsable(method, "no object", once=once)
        return answer


def _bearer(token: str) -> dict[str, str]:
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
    settings: SlackSettings, *, now: Now = time.monotonic, sleep: Sleep = asyncio.sleep
) -> AsyncIterator[SlackApi]:
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
        account, client = OneAccount(settings.bot_token), web_client(settings, session)
        yield SlackApi(client, settings, session, downloads, account, now=now, sleep=sleep)
