"""Kinds of API keys, and what may go where with them."""

from __future__ import annotations

import re
from enum import StrEnum
from urllib.parse import urlsplit

from pydantic import SecretStr

from core.domain import SettingRefused
from core.settings import AivaxSettings


class KeyKind(StrEnum):
    """What a key is, by its prefix."""

    PRIVATE = "private"
    PUBLIC = "public"
    """Chat completions of a gateway named by its UUID, nothing else."""
    LEGACY = "legacy"
    """An older AIVAX key; works like a private one as far as is known."""
    FOREIGN = "foreign"
    """Another server's key."""
    NONE = "none"


_PREFIXES = (
    ("sk-aiv-", KeyKind.PRIVATE),
    ("pk-aiv-", KeyKind.PUBLIC),
    ("oky_", KeyKind.LEGACY),
)
_LOGIN_KEY_CHARS = 14
"""AIVAX documentation of October 2026, "Authentication"."""
_UUID = re.compile(r"(?i)[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")


def kind_of(key: SecretStr) -> KeyKind:
    """Tell the kind of a key by its prefix."""
    text = key.get_secret_value().strip()
    if not text:
        return KeyKind.NONE
    return next((kind for prefix, kind in _PREFIXES if text.startswith(prefix)), KeyKind.FOREIGN)


def is_uuid(model: str) -> bool:
    """Tell whether a model is a gateway's full UUID."""
    return _UUID.fullmatch(model) is not None


def is_aivax_host(url: str) -> bool:
    """Tell whether a URL is the service's own, not another server's."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    return host == "aivax.net" or host.endswith(".aivax.net")


def speaks_aivax(kind: KeyKind, base_url: str) -> bool:
    """Tell whether the server is AIVAX, or stands in for it: by its key or by its host."""
    return kind in (KeyKind.PRIVATE, KeyKind.PUBLIC, KeyKind.LEGACY) or is_aivax_host(base_url)


def check_model(kind: KeyKind, model: str, setting: str = "[aivax] model") -> None:
    """Refuse a model that the key can't reach.

    Raises:
        SettingRefused: a public key with anything but a gateway's full UUID.
    """
    if kind is KeyKind.PUBLIC and not is_uuid(model):
        raise SettingRefused(
            setting,
            value=model,
            fix="a public key (pk-aiv-) reaches only gateways named by their full UUID, no slug and no @model:"
            " write the gateway's UUID, or use a private key (sk-aiv-acc)",
        )


def check_sendable(key: SecretStr) -> None:
    """Refuse a key that can't stand in a header.

    Raises:
        SettingRefused: without the key in it.
    """
    if not re.fullmatch(r"[!-~]*", key.get_secret_value().strip()):
        fix = "holds blanks, line ends or letters that no key has: copy it again"
        raise SettingRefused("[aivax] api_key", fix=fix)


def _is_login_key(key: SecretStr) -> bool:
    return len(key.get_secret_value().strip()) == _LOGIN_KEY_CHARS


def check_settings(settings: AivaxSettings) -> None:
    """Refuse settings with which no call can succeed.

    Raises:
        SettingRefused: which one, and how to mend it.
    """
    check_sendable(settings.api_key)
    kind = kind_of(settings.api_key)
    if kind is KeyKind.NONE and is_aivax_host(settings.base_url):
        raise SettingRefused(
            "[aivax] api_key", fix="is empty: set a key of your AIVAX account (sk-aiv-acc...)"
        )
    if kind is KeyKind.FOREIGN and is_aivax_host(settings.base_url) and _is_login_key(settings.api_key):
        fix = (
            "is a key to log in to the console with, and no API key: make one (sk-aiv-acc...) in the console"
        )
        raise SettingRefused("[aivax] api_key", fix=fix)
    if not settings.model and speaks_aivax(kind, settings.base_url):
        raise SettingRefused("[aivax] model", fix="is empty: name the gateway that answers, like name:50c3")
    check_model(kind, settings.model)


def require_private_key(settings: AivaxSettings, setting: str) -> None:
    """Refuse what needs AIVAX' administrative routes where they can't be called.

    Raises:
        SettingRefused: the key is a public one, or the server another one.
    """
    kind = kind_of(settings.api_key)
    if not speaks_aivax(kind, settings.base_url):
        raise SettingRefused(setting, value="true", fix="only AIVAX has this: delete the line")
    if kind is KeyKind.PUBLIC:
        fix = "a public key (pk-aiv-) may not do this: delete the line, or use a private key (sk-aiv-acc)"
        raise SettingRefused(setting, value="true", fix=fix)
