"""Slack's Web API as the bot calls it in one workspace: with the token of its account, within its rate limits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from pydantic import SecretStr

from bots.slack.events.payloads import Bot, text_of
from bots.slack.transport.app_api import AppApi, bearer
from bots.slack.transport.error_mapping import BOT_TOKEN, RATE_LIMITED
from bots.slack.transport.rate_limits import RateLimits
from core.delivery.shared_budget import SharedBudget
from core.domain import FrontendRefused, PlatformBusy, PlatformError

Ask = Callable[[], Awaitable[Bot]]


class Account(Protocol):
    """Our bot in one workspace."""

    async def token(self) -> str:
        """The token to call with now. Raises `PlaceClosed` where the workspace has none."""

    async def bot(self, ask: Ask, *, anew: bool = False) -> Bot:
        """The bot's own ids there: as remembered, or, with `anew`, as `ask` reads them from Slack."""

    async def has_newer_token(self, error: FrontendRefused, token: str) -> bool:
        """Whether there is another token by now than this one, which Slack refused: then call again."""

    async def token_refused(self, error: FrontendRefused, token: str) -> PlatformError:
        """What it means for this workspace, and for the others, that Slack refused its token."""


class OneAccount:
    """The account of the one workspace whose token stands in the settings."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token.get_secret_value().strip()
        self._bot: Bot | None = None

    async def token(self) -> str:
        return self._token

    async def bot(self, ask: Ask, *, anew: bool = False) -> Bot:
        """Asked once, and again with `anew`."""
        if anew or self._bot is None:
            self._bot = await ask()
        return self._bot

    async def has_newer_token(self, error: FrontendRefused, token: str) -> bool:
        """It stays as it is."""
        return False

    async def token_refused(self, error: FrontendRefused, token: str) -> PlatformError:
        """The operator must act."""
        return error


class SlackApi:
    """The calls of one workspace: answers as plain dictionaries, errors as the core's."""

    def __init__(self, app: AppApi, account: Account, budget: SharedBudget | None = None) -> None:
        """`budget`: the calls of this workspace, which all processes share."""
        self.app = app
        self.rate_limits = RateLimits(now=app.now, sleep=app.sleep, budget=budget)
        self._account = account
        self._organisation: str | None = None

    async def authorization(self) -> dict[str, str]:
        """The header that carries the bot token."""
        return bearer(await self._account.token())

    async def write(
        self,
        method: str,
        *,
        once: bool = False,
        urgent: bool = False,
        patient: bool = True,
        as_form: bool = False,
        **arguments: Any,
    ) -> dict[str, Any]:
        """Call a method that changes something; None among the arguments is left out.

        `as_form` is for the methods that read no JSON.
        `once` marks what must not happen twice: a connection that breaks is then an unknown outcome. `urgent` ones
        end an answer, and have a part of the method's budget for themselves; one that is not `patient` is made now, or
        raises PlatformBusy.

        Raises:
            PlatformBusy, OutcomeUnknown, PlaceClosed, FrontendRefused.
        """
        given = {name: value for name, value in arguments.items() if value is not None}
        await self.rate_limits.acquire(method, text_of(given, "channel"), urgent=urgent, patient=patient)
        content: dict[str, Any] = {"data": given} if as_form else {"json": given}
        return await self._as_bot(method, once=once, **content)

    async def read(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Call a method that only reads."""
        await self.rate_limits.acquire(method)
        return await self._as_bot(method, http_verb="GET", params=arguments)

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

    async def _as_bot(self, method: str, *, again: bool = True, **how: Any) -> dict[str, Any]:
        """Call with the bot token; where that one was over and another is there by now, once more."""
        token = await self._account.token()
        try:
            return await self.app.call(method, headers=bearer(token), **how)
        except PlatformBusy as exc:
            if exc.code in RATE_LIMITED and exc.retry_after_s:
                self.rate_limits.hold(method, exc.retry_after_s)
            raise
        except FrontendRefused as exc:
            if exc.setting != BOT_TOKEN:
                raise
            if not (again and await self._account.has_newer_token(exc, token)):
                raise await self._account.token_refused(exc, token) from None
        return await self._as_bot(method, again=False, **how)
