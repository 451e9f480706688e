"""From what a provider tells of an account to what is kept of it, and what its owner is called here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from bots.web.console.providers.values import Provider, ProviderFailed
from core.domain.console import OutsideAccount

_SUBJECT = re.compile(r"[\x21-\x7e]{1,255}")
_SHOWN = re.compile(r"[\w.@+|:/=-]{1,48}")
_YES = (True, "true")
MOST_GROUPS = 10_000


def account_of(provider: Provider, told: Mapping[str, Any]) -> OutsideAccount:
    """Raises ProviderFailed where it is not told whose account it is."""
    subject = told.get(provider.claims.subject)
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise ProviderFailed("it does not tell whose account it is")
    workspace = told.get(provider.claims.workspace) if provider.claims.workspace else ""
    return OutsideAccount(
        provider.issuer,
        subject,
        workspace[:64] if isinstance(workspace, str) else "",
        _email(told),
        _groups(told.get(provider.claims.groups)) & provider.groups(),
    )


def names_of(provider: Provider, told: Mapping[str, Any], account: OutsideAccount) -> list[str]:
    """What they may be called, the best first; the last one is theirs alone.

    Each begins with the provider's key and a colon, which no name that somebody chose has.
    """
    shown = told.get(provider.claims.name) if provider.claims.name else account.subject
    if provider.claims.name == "email":
        shown = account.email
    digest = hashlib.sha256(f"{account.issuer} {account.subject}".encode()).hexdigest()[:16]
    fit = [each for each in (shown, account.subject) if isinstance(each, str) and _SHOWN.fullmatch(each)]
    return [f"{provider.key}:{each}"[:64] for each in (*dict.fromkeys(fit), f"={digest}")]


def _email(told: Mapping[str, Any]) -> str:
    email = told.get("email")
    is_fit = isinstance(email, str) and len(email) <= 320 and email.isprintable()
    return str(email).casefold() if is_fit and told.get("email_verified") in _YES else ""


def _groups(told: object) -> frozenset[str]:
    listed = told if isinstance(told, list) else [told]
    return frozenset(each for each in listed[:MOST_GROUPS] if isinstance(each, str))
