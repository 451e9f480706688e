"""Who is let in with an account elsewhere, and as what: by the settings, anew at each request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from bots.web.console.providers.settings import OidcSettings, PlatformSignInSettings
from core.domain.console import ConsoleSession, ConsoleUser, OutsideAccount, Role

RoleOf = Callable[[OutsideAccount], Role | None]


@dataclass(frozen=True, slots=True)
class Rules:
    """Judges users by the service that they come from."""

    by_issuer: Mapping[str, RoleOf]

    def role_of(self, account: OutsideAccount) -> Role | None:
        """None: not let in, any more or at all."""
        rule = self.by_issuer.get(account.issuer)
        return rule(account) if rule is not None else None

    def user(self, user: ConsoleUser) -> ConsoleUser | None:
        """The user with the role that holds now; None: who may not be here."""
        if user.outside is None:
            return user
        role = self.role_of(user.outside)
        return replace(user, role=role) if role is not None else None

    def session(self, session: ConsoleSession) -> ConsoleSession | None:
        """Likewise, for who is signed in."""
        user = self.user(session.user)
        return replace(session, user=user) if user is not None else None


def oidc_rule(now: Callable[[], OidcSettings]) -> RoleOf:
    """The highest role of a list that names the account, its verified address or one of its groups.

    `now` gives the settings as they hold at each question.
    """

    def role_of(account: OutsideAccount) -> Role | None:
        own = now()
        lists = {Role.OWNER: own.owners, Role.OPERATOR: own.operators, Role.VIEWER: own.viewers}
        named = {role: frozenset(map(_folded, entries)) for role, entries in lists.items()}
        theirs = {f"sub:{account.subject}", *(f"group:{each}" for each in account.groups)}
        if account.email:
            theirs.add(f"email:{account.email.casefold()}")
        return next((role for role, entries in named.items() if not entries.isdisjoint(theirs)), None)

    return role_of


def platform_rule(now: Callable[[], PlatformSignInSettings], operators: Collection[str]) -> RoleOf:
    """One role for all operators of a platform, by the ids of their accounts; both as they hold at each question."""

    def role_of(account: OutsideAccount) -> Role | None:
        own = now()
        is_there = not own.workspaces or account.workspace in own.workspaces
        return Role(own.role) if is_there and account.subject in operators else None

    return role_of


def groups_in(settings: OidcSettings) -> frozenset[str]:
    """The groups that the lists name."""
    entries = (*settings.viewers, *settings.operators, *settings.owners)
    return frozenset(each.removeprefix("group:") for each in entries if each.startswith("group:"))


def _folded(entry: str) -> str:
    """Addresses are compared in small letters; ids and groups as they are."""
    return entry.casefold() if entry.startswith("email:") else entry
