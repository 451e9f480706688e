"""Tokens as they stand in the database: encrypted with Fernet, which also notices when a byte was changed."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from core.domain.errors import FrontendRefused

SETTING = "[slack] encryption_keys"


class Seal:
    """Encrypts with the first key and decrypts with any, so that keys can be changed one after the other."""

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        each = [Fernet(key.get_secret_value().strip()) for key in keys]
        self._first = each[0] if each else None
        self._all = MultiFernet(each) if each else None

    def close(self, token: str) -> str:
        """Encrypt; nothing stays nothing."""
        if self._first is None:
            raise _refusal("give at least one key: tokens are stored encrypted", "missing_key")
        return self._first.encrypt(token.encode()).decode() if token else ""

    def open(self, sealed: str) -> str:
        """Decrypt. Raises `FrontendRefused` when none of the keys fits."""
        if not sealed:
            return ""
        try:
            if self._all is not None:
                return self._all.decrypt(sealed).decode()
        except InvalidToken:
            pass
        raise _refusal("add the key that the stored tokens were encrypted with", "unknown_key")

    def is_old(self, sealed: str) -> bool:
        """Whether it was encrypted with another key than the first."""
        if not sealed or self._first is None:
            return False
        try:
            self._first.decrypt(sealed)
        except InvalidToken:
            return True
        return False


def _refusal(fix: str, code: str) -> FrontendRefused:
    return FrontendRefused("slack", setting=SETTING, fix=fix, code=code)
