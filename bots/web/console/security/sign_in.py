"""Signing in and out: passwords behind a throttle, one-time links, and a new token for each session."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bots.web.console.security.passwords import MOST_CHARS, Passwords
from bots.web.console.security.tokens import digest, new_token
from bots.web.console.settings import ConsoleSettings
from core.console.sign_in import Audit, Sessions, Tries, Users
from core.domain.audit import Actor, AuditAction, AuditEntry, Via
from core.domain.console import ConsoleLink, ConsoleUser, LinkProblem, Role
from core.util.log import log

_NAME = re.compile(r"[\w.@+-]{1,64}")


@dataclass(frozen=True, slots=True)
class Accounts:
    """Where users, their sessions, wrong tries and what operators did are kept."""

    users: Users
    sessions: Sessions
    tries: Tries
    audit: Audit


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many wrong tries."""

    seconds: float


class Wrong(StrEnum):
    """Why somebody is not let in, or what is wrong with what they chose."""

    CREDENTIALS = "credentials"
    LINK = "link"
    NAME = "name"
    TAKEN = "taken"
    SHORT = "short"
    TWICE = "twice"
    """The password and its repetition differ."""


@dataclass(frozen=True, slots=True)
class Browser:
    """Who tries: by the address of the connection, and by its own name."""

    address: str
    agent: str
    old_token: str
    """What its cookie holds: whatever session that is ends with a new one."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """Lets people in. What it returns in place of a token says why it did not."""

    accounts: Accounts
    passwords: Passwords
    settings: ConsoleSettings
    now: Callable[[], datetime]

    async def by_password(self, name: str, password: str, browser: Browser) -> str | Wrong | Wait:
        """The token of a new session. Each try counts before it is judged; a right one forgives those before it."""
        name = normal(name)
        keys = _keys(name, browser.address)
        if wait_s := await self._take(keys):
            log.warning("console.throttled", address=browser.address)
            return Wait(wait_s)
        user = await self.accounts.users.named(name)
        if not await self.passwords.verify(user.password if user else None, password) or user is None:
            log.warning("console.refused", address=browser.address)
            # a name that there is not may be a password that went into the wrong field
            actor = Actor(Via.CONSOLE, user.name if user else "", address=browser.address)
            await self.accounts.audit.add(AuditEntry(actor, AuditAction.SIGN_IN_FAILED))
            return Wrong.CREDENTIALS
        await self.accounts.tries.forgive(keys)
        return await self.begin(user, browser)

    async def make_link(self, role: Role, by: Actor | None = None, *, resets: bool = False) -> str:
        """The token of a new one-time link; `by`: see `Users.add_link`."""
        token = new_token()
        until = self.now() + self.settings.link_lasts
        await self.accounts.users.add_link(digest(token), role, until, resets=resets, by=by)
        return token

    async def link(self, token: str) -> ConsoleLink | None:
        return await self.accounts.users.link(digest(token))

    async def by_link(
        self, token: str, name: str, passwords: tuple[str, str], browser: Browser
    ) -> str | Wrong:
        """Use a one-time link up: the token of a new session. A wrong choice leaves the link good.

        Nothing slows this down: nobody guesses 256 bits, and a wrong choice is its owner's own.
        """
        name = normal(name)
        if await self.link(token) is None:
            return Wrong.LINK
        if not _NAME.fullmatch(name):
            return Wrong.NAME
        if (wrong := self.judge(*passwords)) is not None:
            return wrong
        hashed = await self.passwords.hash(passwords[0])
        user = await self.accounts.users.accept(digest(token), name, hashed, browser.address)
        if isinstance(user, LinkProblem):
            return Wrong.TAKEN if user is LinkProblem.TAKEN else Wrong.LINK
        await self.accounts.tries.forgive(_keys(name, browser.address))
        return await self.begin(user, browser)

    def judge(self, password: str, again: str) -> Wrong | None:
        """What is wrong with a new password; None: nothing."""
        if not self.settings.password_chars <= len(password) <= MOST_CHARS:
            return Wrong.SHORT
        return Wrong.TWICE if password != again else None

    async def change_password(
        self, user: ConsoleUser, old: str, passwords: tuple[str, str], browser: Browser
    ) -> str | Wrong | Wait:
        """Set a new password and end all sessions; the token of a new one."""
        keys = _keys(user.name, browser.address)
        if wait_s := await self._take(keys):
            return Wait(wait_s)
        if not await self.passwords.verify(user.password, old):
            return Wrong.CREDENTIALS
        await self.accounts.tries.forgive(keys)
        if (wrong := self.judge(*passwords)) is not None:
            return wrong
        by, hashed = _actor(user, browser), await self.passwords.hash(passwords[0])
        await self.accounts.users.set_password(user.id, hashed, by)
        token = await self.begin(user, browser)
        await self.accounts.sessions.end_others(user.id, digest(token))
        return token

    async def begin(self, user: ConsoleUser, browser: Browser, lasts: timedelta | None = None) -> str:
        """The token of a new session, in the place of the one that the browser had. `lasts`: no longer than that."""
        if browser.old_token:
            await self.accounts.sessions.end_this(digest(browser.old_token))
        token = new_token()
        by = _actor(user, browser)
        await self.accounts.sessions.begin(user.id, digest(token), browser.agent, by, lasts)
        log.info("console.signed_in", user=user.name, role=user.role.value, address=browser.address)
        return token

    async def _take(self, keys: tuple[str, ...]) -> float:
        span_s = self.settings.wrong_tries_minutes * 60
        return await self.accounts.tries.take(keys, self.settings.wrong_tries, span_s)


def normal(name: str) -> str:
    """A name as it is stored: people write it in any case."""
    return name.strip().casefold()


def _actor(user: ConsoleUser, browser: Browser) -> Actor:
    return Actor(Via.CONSOLE, user.name, address=browser.address)


def _keys(name: str, address: str) -> tuple[str, ...]:
    return digest(f"address {address}"), digest(f"name {name}")
