"""Finds the key of a request, knows the two that exist here, and hides them for the record."""

import base64
import binascii
from dataclasses import dataclass
from typing import Final, Literal

from starlette.datastructures import Headers, QueryParams

from sandbox.refusals import Refusal

KeyKind = Literal["private", "public"]

PRIVATE_KEY: Final = "sk-aiv-acc-sandbox"
PUBLIC_KEY: Final = "pk-aiv-sandbox"
KINDS: Final[dict[str, KeyKind]] = {PRIVATE_KEY: "private", PUBLIC_KEY: "public"}

_PREFIXES = ("sk-aiv-acc-", "pk-aiv-", "oky_")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the kind of key and the address it came from."""

    kind: KeyKind
    address: str

    @property
    def public(self) -> bool:
        """Tells whether the key is one that may stand in a web page."""
        return self.kind == "public"


def presented_key(headers: Headers, query: QueryParams) -> str | None:
    """Finds the key: a Bearer token, the password of Basic, or `?api-key=`; None if there is none."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer" and value:
        return value
    if scheme.lower() == "basic":
        return _password(value)
    return query.get("api-key") or None


def _password(encoded: str) -> str | None:
    try:
        pair = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return pair.partition(":")[2] or None


def identify(headers: Headers, query: QueryParams, address: str) -> Caller:
    """Tells who asks; raises a 401 refusal when the key is missing, malformed or unknown."""
    key = presented_key(headers, query)
    if key is None:
        raise Refusal(
            401, "No API key was given. Send it as 'Authorization: Bearer <key>'.", code="missing_api_key"
        )
    kind = KINDS.get(key)
    if kind is None:
        known = f"{PRIVATE_KEY} (private) and {PUBLIC_KEY} (public)"
        raise Refusal(401, f"The API key is not valid. The sandbox knows {known}.", code="invalid_api_key")
    return Caller(kind, address)


def masked(key: str | None) -> str | None:
    """Hides a key for the record: only the prefix that tells its kind remains."""
    if key is None:
        return None
    return next((f"{prefix}***" for prefix in _PREFIXES if key.startswith(prefix)), "***")
