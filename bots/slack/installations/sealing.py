"""Tokens as they stand in the database: encrypted with Fernet, which also notices when a byte was changed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from cryptography.fernet import Fernet, InvalidToken
from pydantic import SecretStr

from core.domain import FrontendRefused

SETTING = "[slack] encryption_keys"


class Seal:
    """Encrypts with the first key and decrypts with any, so that keys can be changed one after the other."""

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        self._keys = [Fernet(key.get_secret_value().strip()) for key in keys]

    def close(self, token: str) -> str:
        """Encrypt; nothing stays nothing."""
        if not self._keys:
            raise _refusal("give at least one key: tokens are stored encrypted", "missing_key")
        return self._keys[0].encrypt(token.encode()).decode() if token else ""

    def open(self, sealed: str) -> str:
        """Decrypt. Raises `FrontendRefused` when none of the keys fits."""
        if not sealed:
            return ""
        for key in self._keys:
            with suppress(InvalidToken):
                return key.decrypt(sealed).decode()
        raise _refusal("add the key that the stored tokens were encrypted with", "unknown_key")

    def is_old(self, sealed: str) -> bool:
        """Whether it was encrypted with another key than the first."""
        if not sealed or not self._keys:
            return False
        try:
            self._keys[0].decrypt(sealed)
        except InvalidToken:
            return True
        return False


def _refusal(fix: str, code: str) -> FrontendRefused:
    return FrontendRefused("slack", setting=SETTING, fix=fix, code=code)
