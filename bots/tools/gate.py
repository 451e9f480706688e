"""Who may call: AIVAX alone, told by its nonce, and by a secret of our own wherever it can bring one."""

from __future__ import annotations

import hashlib
import hmac
from enum import Enum

from starlette.datastructures import Headers

from bots.tools.nonce import NonceBusy, NonceCheck
from bots.tools.settings import ToolsSettings
from core.util.log import log

NONCE_HEADER = "x-request-nonce"


class Verdict(Enum):
    """What becomes of a call, as a status of HTTP."""

    WELCOME = 200
    STRANGER = 401
    BUSY = 503


class Gate:
    """Judges calls. The secret is looked at first: it costs nothing, and a nonce may cost a quarter of a second."""

    def __init__(self, settings: ToolsSettings) -> None:
        keys = settings.hook_key, settings.hook_key_old
        self._nonces = NonceCheck([key.get_secret_value() for key in keys])
        secrets = settings.header_secret, settings.header_secret_old
        self._secrets = [secret.get_secret_value() for secret in secrets if secret.get_secret_value()]

    def close(self) -> None:
        self._nonces.close()

    @property
    def secret(self) -> str:
        """What a source or client of MCP is to bring."""
        return self._secrets[0]

    def secret_of(self, function: str) -> str:
        """What calls of one function bring. The listing tells it to whoever has a nonce, which may be replayed: so it
        is good for that function alone, and does not give the secret away."""
        return _derived(self.secret, function)

    def knows(self, headers: Headers, function: str = "") -> bool:
        """Whether the secret is there: our own, or, for a function, the one made for it."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        allowed = [*self._secrets, *(_derived(each, function) for each in self._secrets if function)]
        found = [hmac.compare_digest(given.strip().encode(), each.encode()) for each in allowed]
        return scheme.lower() == "bearer" and any(found)

    async def admit(self, nonce: object, *, has_secret: bool) -> Verdict:
        """Judge a nonce that came with our secret or without it."""
        try:
            is_ours = isinstance(nonce, str) and await self._nonces.accepts(nonce, trusted=has_secret)
        except NonceBusy:
            log.warning("tools.too_many_nonces")
            return Verdict.BUSY
        return Verdict.WELCOME if is_ours else Verdict.STRANGER

    async def judge(self, headers: Headers, *, function: str = "", needs_secret: bool) -> Verdict:
        """Judge a call by its headers. Listings and events bring no secret: AIVAX can't be told one for them."""
        if needs_secret and not self.knows(headers, function):
            return Verdict.STRANGER
        return await self.admit(headers.get(NONCE_HEADER), has_secret=needs_secret)


def _derived(secret: str, function: str) -> str:
    return hmac.new(secret.encode(), f"function {function}".encode(), hashlib.sha256).hexdigest()
