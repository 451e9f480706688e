"""Asks AIVAX about the account and its models, and judges settings by what it answers."""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from core.aivax import keys
from core.aivax.account import Balance, Model, balance_url, is_listed, read_balance, read_models
from core.aivax.error_text import scrub
from core.aivax.keys import KeyKind
from core.aivax.payload import Dialect, dialect_of
from core.aivax.transport import Wire
from core.domain.errors import AivaxError, GatewayUnknown, NoBalance, Unavailable
from core.settings import AivaxSettings

_log = structlog.get_logger(__name__)

_NO_SUCH_ROUTE = frozenset({403, 404, 405, 501})
_PROBE_TIMEOUT_S = 5.0


class AccountClient:
    """Reads what one account may be asked about; a route that the key or the server has not is asked for once."""

    def __init__(self, settings: AivaxSettings, wire: Wire) -> None:
        self._settings = settings
        self._wire = wire
        self._models_url = f"{settings.base_url.rstrip('/')}/models"
        self._kind = keys.kind_of(settings.api_key)
        self._dialect = dialect_of(self._kind, settings.base_url)
        self._off: set[str] = set()
        self._clean = partial(scrub, keys=(settings.api_key.get_secret_value(),))

    async def models(self) -> tuple[Model, ...]:
        """List what can be asked; empty where the key may not or the server has no such list.

        Raises:
            AivaxError: the list could not be read this time.
        """
        if self._dialect is Dialect.PUBLIC:
            self._switch_off("model list", "a public key may not read it")
        return read_models(await self._get("model list", self._models_url))

    async def answers(self) -> bool:
        """Whether the service answers anything at all, seen from its list of models; costs nothing, raises nothing."""
        try:
            async with asyncio.timeout(_PROBE_TIMEOUT_S):
                await self._wire.get(self._models_url, self._clean)
        except (Unavailable, TimeoutError):
            return False
        except AivaxError:
            return True
        return True

    async def balance(self) -> Balance | None:
        """Read the account's balance; None where the key may not or the server has none.

        Raises:
            AivaxError: it could not be read this time.
        """
        if self._dialect is Dialect.PUBLIC:
            self._switch_off("balance", "a public key may not read it")
        elif self._dialect is not Dialect.AIVAX:
            self._switch_off("balance", "the server is not AIVAX")
        answer = await self._get("balance", balance_url(self._settings.base_url))
        return read_balance(answer) if answer is not None else None

    async def _get(self, what: str, url: str) -> object | None:
        if what in self._off:
            return None
        try:
            return await self._wire.get(url, self._clean)
        except AivaxError as error:
            if error.status not in _NO_SUCH_ROUTE:
                raise
            self._switch_off(what, f"the server answers {error.status}")
            return None

    def _switch_off(self, what: str, why: str) -> None:
        if what not in self._off:
            self._off.add(what)
            _log.info("aivax.switched_off", what=what, why=why)

    def check_settings(self, *models: str) -> None:
        """Judge what can be judged without asking. `models` are those of routes, beside the one of the settings.

        Raises:
            SettingRefused: a setting with which no call can succeed.
        """
        keys.check_settings(self._settings)
        for model in models:
            keys.check_model(self._kind, model, "[[routes]] model")
        if self._kind is KeyKind.LEGACY:
            _log.warning("aivax.legacy_key", fix="make a new key (sk-aiv-acc...): this one has an older form")

    async def preflight(self, *models: str) -> tuple[AivaxError, ...]:
        """Ask whether the service takes the key and knows the models; what it says against them.

        An unreachable service is a finding too. Raises like `check_settings`, which it begins with.
        """
        self.check_settings(*models)
        loose = self._dialect is not Dialect.AIVAX
        try:
            listed = await self.models()
            balance = await self.balance()
        except AivaxError as error:
            return (error,)
        findings: list[AivaxError] = [
            GatewayUnknown(code="not_listed", detail=model)
            for model in sorted({self._settings.model, *models} - {""})
            if listed and not keys.is_uuid(model) and not is_listed(model, listed, tags_optional=loose)
        ]
        if balance is not None and balance.empty:
            findings.append(NoBalance(code="balance_empty", detail=f"{balance.balance_usd} USD"))
        return tuple(findings)
