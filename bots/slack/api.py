"""The one seam to Slack's Web API: calls go out here, and foreign errors end here as ours."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.errors import broken, refused, unparsable
from bots.slack.settings import SlackSettings
from bots.slack.translate import Bot, text_of

_SECRETS = re.compile(r"(xox[a-z]?[.-]|xapp-|xoxe)[\w.-]+|(?<=ticket=)[^&\s'\"]+")


class SlackApi:
    """Slack's Web API for one workspace: answers as plain dictionaries, errors as the core's."""

    def __init__(
        self, client: AsyncWebClient, settings: SlackSettings, session: aiohttp.ClientSession
    ) -> None:
        self.client = client
        self.session = session
        self.settings = settings
        self._token = settings.bot_token.get_secret_value().strip()
        self._bot: Bot | None = None

    @property
    def authorization(self) -> dict[str, str]:
        """The header that carries the bot token."""
        return {"Authorization": f"Bearer {self._token}"}

    async def write(self, method: str, *, once: bool = False, **arguments: Any) -> dict[str, Any]:
        """Call a method that changes something; None among the arguments is left out.

        `once` marks what must not happen twice: a connection that breaks is then an unknown outcome.

        Raises:
            PlatformBusy, OutcomeUnknown, PlaceClosed, FrontendRefused.
        """
        given = {name: value for name, value in arguments.items() if value is not None}
        return await self._call(method, once=once, json=given)

    async def read(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Call a method that only reads."""
        return await self._call(method, http_verb="GET", params=arguments)

    async def open_socket(self) -> str:
        """Ask with the app token for the address of a new socket."""
        headers = {"Authorization": f"Bearer {self.settings.app_token.get_secret_value().strip()}"}
        answer = await self._call("apps.connections.open", setting="[slack] app_token", headers=headers)
        return text_of(answer, "url")

    async def who_am_i(self) -> Bot:
        """Tell who the bot token belongs to; asked once."""
        if self._bot is None:
            said = await self._call("auth.test", json={})
            self._bot = Bot(*(text_of(said, name) for name in ("team_id", "user_id", "bot_id", "user")))
        return self._bot

    async def ask_again(self) -> Bot:
        """Tell who the bot token belongs to, and find out whether it still counts."""
        self._bot = None
        return await self.who_am_i()

    async def _call(
        self,
        method: str,
        *,
        once: bool = False,
        setting: str = "[slack] bot_token",
        headers: dict[str, str] | None = None,
        **how: Any,
    ) -> dict[str, Any]:
        try:
            answer = (await self.client.api_call(method, headers=headers or self.authorization, **how)).data
        except SlackApiError as exc:
            raise refused(method, *_said(exc), once=once, setting=setting) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise broken(method, without_secrets(f"{type(exc).__name__} {exc}"), exc, once=once) from None
        except (SlackClientError, AttributeError, TypeError, ValueError) as exc:
            # the SDK stumbles in these ways over a 200 that is no JSON object: not Slack's, but a proxy's page
            raise unparsable(method, type(exc).__name__, once=once) from None
        if not isinstance(answer, dict):
            raise unparsable(method, "no object", once=once)
        return answer


def _said(error: SlackApiError) -> tuple[int, Mapping[str, Any], Mapping[str, str]]:
    """Read status, body and headers; where the body was no JSON, the SDK hands over aiohttp's own response."""
    response = error.response
    body = getattr(response, "data", None)
    status: int = getattr(response, "status_code", 0) or getattr(response, "status", 0)
    return status, body if isinstance(body, dict) else {}, getattr(response, "headers", None) or {}


def without_secrets(text: str) -> str:
    """Blot out tokens and the tickets of socket addresses."""
    return _SECRETS.sub("[secret]", text)


class Discreet(logging.Filter):
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
        logger.addFilter(Discreet())
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
async def open_api(settings: SlackSettings) -> AsyncIterator[SlackApi]:
    """Own the one HTTP session that all calls go through."""
    limit = aiohttp.ClientTimeout(
        total=settings.request_timeout_s, connect=min(10.0, settings.request_timeout_s)
    )
    session = aiohttp.ClientSession(
        timeout=limit, cookie_jar=aiohttp.DummyCookieJar(), json_serialize=_compact
    )
    try:
        yield SlackApi(web_client(settings, session), settings, session)
    finally:
        await session.close()


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
