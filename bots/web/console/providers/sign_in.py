"""Signing in with an account elsewhere, from the button to the session."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bots.web.console.providers import states
from bots.web.console.providers.accounts import account_of, names_of
from bots.web.console.providers.rules import Rules
from bots.web.console.providers.settings import ProviderSettings
from bots.web.console.providers.values import ProviderFailed
from bots.web.console.security.sign_in import Browser, SignIn, Wait
from bots.web.console.security.tokens import digest
from core.console.sign_in import OutsideUsers
from core.domain import BotError
from core.domain.audit import Actor, AuditAction, AuditEntry, Via
from core.domain.console import ConsoleUser
from core.i18n.console_text import ConsoleText as T
from core.util.log import log
from core.util.text import shorten

if TYPE_CHECKING:
    from bots.web.console.providers.exchange import Exchange

_CODE_CHARS = 4_096
_SHOWN_CHARS = 80


@dataclass(frozen=True, slots=True)
class Refused:
    """Nobody was signed in: what to say, and what to ask the log for."""

    sentence: T
    reference: str
    status: int = 403


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody was."""

    token: str
    wanted: str


@dataclass(frozen=True, slots=True)
class ProviderSignIn:
    """Sends people to providers, and takes them back."""

    exchanges: Mapping[str, Exchange]
    rules: Rules
    sign_in: SignIn
    users: OutsideUsers
    settings: ProviderSettings
    now: Callable[[], datetime]

    async def begin(self, key: str, cookie: str, wanted: str, redirect: str) -> str | Refused:
        """The address at the provider."""
        try:
            state = states.begin(cookie, key, wanted, self.now())
            return await self.exchanges[key].address(state, redirect)
        except ProviderFailed as failed:
            return _failed(key, failed)

    async def finish(
        self, key: str, brought: Mapping[str, str], cookie: str, redirect: str, browser: Browser
    ) -> Entered | Refused | Wait:
        """Take back who comes from the provider with what it gave them.

        What was not begun in this browser is refused before anything is asked or counted. Then each try counts, as
        with a password, and what came back is used once.
        """
        lasts_s = self.settings.provider_minutes * 60
        state = states.read(cookie, key, brought.get("state", ""), self.now(), lasts_s)
        if state is None:
            return _refused(
                key, T.PROVIDER_OTHER_BROWSER, "it was not begun in this browser, or too long ago"
            )
        keys = (digest(f"provider address {browser.address}"),)
        span_s = self.sign_in.settings.wrong_tries_minutes * 60
        tries = self.sign_in.accounts.tries
        if wait_s := await tries.take(keys, self.sign_in.settings.wrong_tries, span_s):
            log.warning("console.throttled", address=browser.address)
            return Wait(wait_s)
        if not await self.users.use(digest(state.text), self.now() + timedelta(seconds=lasts_s)):
            return _refused(key, T.PROVIDER_OTHER_BROWSER, "what came back was used before")
        try:
            user = await self._user(key, brought, state, redirect, browser)
        except ProviderFailed as failed:
            return _failed(key, failed)
        if isinstance(user, Refused):
            return user
        await tries.forgive(keys)
        lasts = timedelta(hours=self.settings.provider_session_hours)
        return Entered(await self.sign_in.begin(user, browser, lasts), state.wanted)

    async def judge_anew(self) -> None:
        """End the sessions of whom the settings let in no more. Where it can't be done, their next request does it."""
        sessions = self.sign_in.accounts.sessions
        try:
            users = {each.user.id: each.user for each in await sessions.all()}
            for user in (each for each in users.values() if self.rules.user(each) is None):
                await sessions.end_others(user.id, but="")
                log.warning("console.let_in_no_more", user=user.name)
        except BotError as error:
            log.warning("console.not_judged_anew", cause=f"{type(error).__name__}: {error}")

    async def way_out(self, user: ConsoleUser, back: str) -> tuple[str, str]:
        """Where the provider signs them out, too, and what it is called; `""`: nowhere."""
        issuer = user.outside.issuer if user.outside is not None else ""
        theirs = (each for each in self.exchanges.values() if each.provider.issuer == issuer)
        exchange = next(theirs, None)
        if exchange is None:
            return "", ""
        try:
            return await exchange.way_out(back), exchange.provider.label
        except ProviderFailed as failed:
            log.warning("console.provider_failed", provider=exchange.provider.key, cause=str(failed))
            return "", ""

    async def _user(
        self, key: str, brought: Mapping[str, str], state: states.State, redirect: str, browser: Browser
    ) -> ConsoleUser | Refused:
        exchange = self.exchanges[key]
        if not exchange.came_from(brought.get("iss"), await exchange.endpoints()):
            return _refused(key, T.PROVIDER_FAILED, "who came back brings another provider's name, or none")
        if error := brought.get("error"):
            return _refused(key, T.PROVIDER_DECLINED, shorten(error, _SHOWN_CHARS))
        code = brought.get("code", "")
        if not code or len(code) > _CODE_CHARS:
            return _refused(key, T.PROVIDER_FAILED, "who came back brings no code")
        told = await exchange.told(code, state, redirect)
        account = account_of(exchange.provider, told)
        names, role = names_of(exchange.provider, told, account), self.rules.role_of(account)
        if role is None:
            actor = Actor(Via.CONSOLE, names[0], address=browser.address)
            await self.sign_in.accounts.audit.add(AuditEntry(actor, AuditAction.SIGN_IN_FAILED))
            return _refused(key, T.PROVIDER_UNKNOWN, f"no setting lets {names[0]} in")
        return await self.users.enter(account, names, role, browser.address)


def _failed(key: str, failed: ProviderFailed) -> Refused:
    is_down = failed.is_down
    refused = _refused(key, T.PROVIDER_DOWN if is_down else T.PROVIDER_FAILED, str(failed))
    return Refused(refused.sentence, refused.reference, 502 if is_down else 403)


def _refused(key: str, sentence: T, cause: str) -> Refused:
    reference = secrets.token_hex(4)
    log.warning("console.provider_refused", provider=key, cause=cause, reference=reference)
    return Refused(sentence, reference)
