"""Checks of the settings that each source of events needs, before any call is made."""

from __future__ import annotations

from pydantic import SecretStr

from bots.slack.events.address import PLATFORM
from bots.slack.settings import SlackSettings
from core.domain import FrontendRefused

_BASIC = "copy it from the app's page Basic Information, App Credentials"


def require_token(secret: SecretStr, prefix: str, setting: str, page: str) -> None:
    """Refuse a token that is missing, or that is evidently another kind of token."""
    token = secret.get_secret_value().strip()
    other = token.startswith(("xoxb-", "xapp-", "xoxp-")) and not token.startswith(prefix)
    if other or not token:
        code = "wrong_token_type" if other else "missing_token"
        fix = f"set it to the token that begins with {prefix}, from the app's page {page}"
        raise FrontendRefused(PLATFORM, setting=setting, fix=fix, code=code)


def require_way_in(settings: SlackSettings) -> None:
    """Refuse to begin without the secret of the way that events come in by.

    The SDK would try a wrong app token for ever, without a word; the signing secret tells genuine requests from forged
    ones.
    """
    if settings.mode == "socket":
        require_token(settings.app_token, "xapp-", "[slack] app_token", "Basic Information")
    elif not settings.signing_secret.get_secret_value().strip():
        _refuse("signing_secret", f'{_BASIC}: with mode = "http" each request is checked with it')


def require_installable(settings: SlackSettings) -> None:
    """Refuse half a set-up for installations."""
    if settings.bot_token.get_secret_value().strip():
        _refuse(
            "bot_token", "leave it empty: with client_id, each workspace that installs the app has its own"
        )
    if not settings.client_secret.get_secret_value().strip():
        _refuse("client_secret", _BASIC)
    if not settings.public_url:
        _refuse("public_url", "set it to the https:// address at which browsers reach this bot")
    if not settings.encryption_keys:
        _refuse(
            "encryption_keys", "give a list of one or more: openssl rand -base64 32 | tr '+/' '-_' makes one"
        )


def _refuse(name: str, fix: str) -> None:
    raise FrontendRefused(PLATFORM, setting=f"[slack] {name}", fix=fix, code="missing_setting")
