"""Asks AIVAX about the account and its models, and judges settings by what it answers.

The answers are read liberally: any field can be missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit, urlunsplit

from core.aivax import keys
from core.aivax.error_text import scrub
from core.aivax.keys import KeyKind
from core.aivax.request import Dialect, dialect_of
from core.aivax.stream.chunks import Json, amount, mapping, word
from core.aivax.transport import Wire
from core.domain import AivaxError, GatewayUnknown, NoBalance, Unavailable
from core.settings import AivaxSettings
from core.util.log import log

_NO_SUCH_ROUTE = frozenset({403, 404, 405, 501})
_PROBE_TIMEOUT_S = 5.0
_STORAGE_BYTES = {"free": 30 * 2**20, "pro": 2 * 2**30, "max": 20 * 2**30}


@dataclass(frozen=True, slots=True)
class Balance:
    """The account as of some minutes ago: spend shows with a lag. None: not told."""

    balance_usd: float | None = None
    usage_24h_usd: float | None = None
    plan: str = ""
    storage_usage: Json | float | None = None
    plan_limits: Json | None = None

    @property
    def storage_is_full(self) -> bool | None:
        """Whether the storage quota is used up; None where the answer does not tell."""
        told = self.storage_usage if isinstance(self.storage_usage, Mapping) else {"used": self.storage_usage}
        used = _first_amount(told, ("usedBytes", "used", "usage", "bytes", "current"))
        limit = _first_amount(told, ("limitBytes", "limit", "quota", "max", "total"))
        limit = limit or _STORAGE_BYTES.get(self.plan.strip().lower())
        return used > limit if used is not None and limit else None

    @property
    def empty(self) -> bool:
        """Whether the next call is refused for want of money; a balance of exactly 0 counts as empty."""
        return self.balance_usd is not None and self.balance_usd <= 0


def read_balance(answer: object) -> Balance:
    """Read the balance route's answer, in its administrative envelope or without it."""
    data = mapping(mapping(answer).get("data")) or mapping(answer)
    plan, usage = data.get("plan"), data.get("storageUsage")
    return Balance(
        balance_usd=amount(data.get("balance")),
        usage_24h_usd=amount(data.get("usage24h")),
        plan=", ".join(filter(None, map(word, plan))) if isinstance(plan, list) else word(plan),
        storage_usage=mapping(usage) or amount(usage),
        plan_limits=mapping(data.get("planLimits")) or None,
    )


def read_models(answer: object) -> tuple[str, ...]:
    """Read the ids of a list of models and gateways; entries without one are left out."""
    listed = answer if isinstance(answer, list) else mapping(answer).get("data")
    entries = listed if isinstance(listed, list) else ()
    return tuple(filter(None, (word(mapping(entry).get("id")) for entry in entries)))


def is_listed(model: str, models: tuple[str, ...], *, tags_optional: bool) -> bool:
    """Tell whether a model is in the list, by name.

    `tags_optional`: other servers take `llama3` for `llama3:8b`; to AIVAX the part behind the colon matters.
    """
    name = model.lower()
    names = set(map(str.lower, models))
    return name in names or (tags_optional and any(each.startswith(f"{name}:") for each in names))


def balance_url(base_url: str) -> str:
    """Find the balance route beside an OpenAI-compatible base, below the same prefix."""
    parts = urlsplit(base_url)
    path = parts.path.rstrip("/").removesuffix("/v1").removesuffix("/api")
    return urlunsplit(parts._replace(path=f"{path}/api/v1/information/balance"))


def _first_amount(told: Mapping[str, object], names: tuple[str, ...]) -> float | None:
    amounts = (amount(told.get(name)) for name in names)
    return next((each for each in amounts if each is not None), None)


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

    async def models(self) -> tuple[str, ...]:
        """List the ids of what can be asked; empty where the key may not or the server has no such list.

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
        if self._dialect is not Dialect.AIVAX:
            public = self._dialect is Dialect.PUBLIC
            self._switch_off(
                "balance", "a public key may not read it" if public else "the server is not AIVAX"
            )
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
            log.info("aivax.switched_off", what=what, why=why)

    def check_settings(self, *models: str) -> None:
        """Judge what can be judged without asking. `models` are those of routes, beside the one of the settings.

        Raises:
            SettingRefused: a setting with which no call can succeed.
        """
        keys.check_settings(self._settings)
        for model in models:
            keys.check_model(self._kind, model, "[[routes]] model")
        if self._kind is KeyKind.LEGACY:
            log.warning("aivax.legacy_key", fix="make a new key (sk-aiv-acc...): this one has an older form")

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
