"""Asks AIVAX about the account and its models, and judges settings by what it answers.

The answers are read liberally: any field can be missing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from core.aivax import keys
from core.aivax.account_routes.fields import field, first_amount, sum_of
from core.aivax.account_routes.model_list import ListedModel, read_model_list
from core.aivax.addresses import BaseAddress, administrative, route
from core.aivax.error_text import scrub
from core.aivax.http_call import HttpCall
from core.aivax.keys import KeyKind
from core.aivax.options import checks_of
from core.aivax.request import Dialect, dialect_of
from core.aivax.stream.chunks import Json, amount, mapping, word
from core.aivax.transport import Wire
from core.domain import AddressWrong, AivaxError, GatewayUnknown, NoBalance, Unavailable
from core.settings import AivaxSettings, Route
from core.util.log import log

_NO_SUCH_ROUTE = frozenset({403, 404, 405, 501})
_PROBE_TIMEOUT_S = 5.0
_NO_QUESTION = b"{}"
"""A completion that names no model and asks nothing: AIVAX documents a refusal (400), and no server can answer it."""
_SMALLEST_STORAGE = 2**20
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
        part = self.storage_part
        return None if part is None else part > 1

    @property
    def storage_part(self) -> float | None:
        """How much of the storage quota is used, 1 being all of it; None where the answer does not tell."""
        told = self.storage_usage if isinstance(self.storage_usage, Mapping) else {"used": self.storage_usage}
        used = first_amount(told, ("usedBytes", "used", "usage", "bytes", "current", "amount", "value"))
        limit = first_amount(
            told, ("limitBytes", "limit", "quota", "max", "total" if used is not None else "max")
        )
        used = used if used is not None else first_amount(told, ("total",))
        limit = limit or self._included_bytes
        return used / limit if used is not None and limit else None

    @property
    def _included_bytes(self) -> float | None:
        """What the plan includes, as the answer or the documentation tells; too small a number is none of bytes."""
        told = first_amount(self.plan_limits or {}, ("includedStorage", "storage"))
        is_bytes = told is not None and told >= _SMALLEST_STORAGE
        return told if is_bytes else _STORAGE_BYTES.get(self.plan.strip().lower())

    @property
    def empty(self) -> bool:
        """Whether the next call is refused for want of money; a balance of exactly 0 counts as empty."""
        return self.balance_usd is not None and self.balance_usd <= 0


def read_balance(answer: object, *, plan: str = "") -> Balance:
    """Read the balance route's answer, in its administrative envelope or without it, however its fields are written.

    `plan` is what is known of the plan where the answer does not tell.
    """
    data = mapping(field(mapping(answer), "data")) or mapping(answer)
    usage = field(data, "storageUsage")
    return Balance(
        balance_usd=sum_of(field(data, "balance", "currentBalance")),
        usage_24h_usd=sum_of(field(data, "usage24h")),
        plan=_plan_of(field(data, "plan")) or plan,
        storage_usage=mapping(usage) or amount(usage),
        plan_limits=mapping(field(data, "planLimits")) or None,
    )


def _plan_of(plan: object) -> str:
    """One name, several, or an object with its name."""
    named = plan if isinstance(plan, list) else [plan]
    return ", ".join(filter(None, (word(field(mapping(each), "name")) or word(each) for each in named)))


def read_models(answer: object) -> tuple[str, ...]:
    """Read the ids of a list of models and gateways, with their other names; entries without one are left out."""
    answered = mapping(answer)
    listed = answer if isinstance(answer, list) else answered.get("data") or answered.get("models")
    entries = listed if isinstance(listed, list) else ()
    return tuple(dict.fromkeys(name for entry in entries for name in _names_of(entry)))


def _names_of(entry: object) -> Iterator[str]:
    told = mapping(entry)
    aliases = told.get("aliases")
    name = word(told.get("id")) or word(told.get("name")) or (word(entry) if isinstance(entry, str) else "")
    yield from filter(None, (name,))
    yield from filter(None, map(word, aliases[:50] if isinstance(aliases, list) else ()))


def is_listed(model: str, models: tuple[str, ...], *, exact: bool) -> bool:
    """Tell whether an entry of the list means a model.

    To AIVAX the whole name matters (`exact`). Other servers list `llama3:8b`, `models/m`, `vendor/m` or
    `m-2026-01-31` and take `llama3` and `m`, or the other way round.
    """
    name = model.lower()
    names = set(map(str.lower, models))
    if name in names or exact:
        return name in names
    return any(_means(each, name) for each in names)


def _means(listed: str, name: str) -> bool:
    last, own = listed.rpartition("/")[2], name.rpartition("/")[2]
    if "/" in listed and "/" in name and not listed.startswith("models/") and not name.startswith("models/"):
        last, own = listed, name
    return (
        last == own
        or re.fullmatch(rf"{re.escape(own)}(?:[:@].*|-(?:latest|\d{{4,8}}(?:-\d\d)*))", last) is not None
    )


def balance_url(base_url: str) -> str:
    """Find the balance route beside an OpenAI-compatible base, below the same prefix."""
    return administrative(base_url, "information/balance")


class AccountClient:
    """Reads what one account may be asked about; a route that the key or the server has not is asked for once."""

    def __init__(self, settings: AivaxSettings, wire: Wire, base: BaseAddress) -> None:
        self._settings = settings
        self._wire = wire
        self._base = base
        self._kind = keys.kind_of(settings.api_key)
        self._dialect = dialect_of(self._kind, settings.base_url)
        self._off: set[str] = set()
        self._clean = partial(scrub, keys=(settings.api_key.get_secret_value(),))

    @property
    def plan(self) -> str:
        """The account's plan, as the last answer told it; empty where none did."""
        return self._wire.plan

    async def models(self) -> tuple[str, ...]:
        """List the ids of what can be asked; empty where the key may not or the server has no such list.

        Raises:
            AivaxError: the list could not be read this time.
        """
        if self._dialect is Dialect.PUBLIC:
            self._switch_off("model list", "a public key may not read it")
        tried = [self._base.current]
        while True:
            try:
                answer = await self._get("model list", route(tried[-1], "models"))
            except AddressWrong as error:
                failure = error
            else:
                return self._read(answer, tried[-1])
            other = self._base.after(tried, failure)
            if other is None:
                return self._without_list(failure)
            tried.append(other)

    def _read(self, answer: object, base: str) -> tuple[str, ...]:
        if listed := read_models(answer):
            self._base.prove(base)
        return listed

    def _without_list(self, failure: AivaxError) -> tuple[str, ...]:
        """Other servers need no list; a web page in its place is a finding."""
        if failure.status not in _NO_SUCH_ROUTE:
            raise failure
        self._switch_off("model list", f"the server answers {failure.status}")
        return ()

    async def described_models(self) -> tuple[ListedModel, ...]:
        """List what can be asked, with what is told of each; empty as `models` is.

        Raises:
            AivaxError: the list could not be read this time.
        """
        if self._dialect is Dialect.PUBLIC:
            self._switch_off("model list", "a public key may not read it")
        return read_model_list(await self._get("model list", route(self._base.current, "models")))

    async def answers(self) -> bool:
        """Whether the service answers anything at all, seen from its list of models; costs nothing, raises nothing."""
        return await self._is_answered(self._wire.get(route(self._base.current, "models"), self._clean))

    async def completions_answer(self) -> bool | None:
        """Whether the route of completions answers anything at all, if only that it was asked nothing.

        It is sent a request that asks no model anything, so no model runs, and nothing is paid. None where it is not
        asked: a public key's requests are counted by the hour, and this one may count. Raises nothing.
        """
        if self._dialect is Dialect.PUBLIC:
            return None
        url = route(self._base.current, "chat/completions")
        return await self._is_answered(
            self._wire.call(HttpCall("POST", url, _NO_QUESTION, counted_as="other"), self._clean)
        )

    async def _is_answered(self, asked: Awaitable[object]) -> bool:
        try:
            async with asyncio.timeout(_PROBE_TIMEOUT_S):
                await asked
        except TimeoutError:
            return False
        except AivaxError as error:
            return not isinstance(self._base.judged(error), Unavailable)
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
        answer = await self._get("balance", balance_url(self._base.current))
        return read_balance(answer, plan=self._wire.plan) if answer is not None else None

    async def _get(self, what: str, url: str) -> object | None:
        if what in self._off:
            return None
        try:
            return await self._wire.get(url, self._clean)
        except AivaxError as error:
            failure = self._base.judged(error)
        if failure.status not in _NO_SUCH_ROUTE or isinstance(failure, AddressWrong):
            raise failure
        self._switch_off(what, f"the server answers {failure.status}")
        return None

    def _switch_off(self, what: str, why: str) -> None:
        if what not in self._off:
            self._off.add(what)
            log.info("aivax.switched_off", what=what, why=why)

    def check_settings(self, *models: str, routes: Sequence[Route] = ()) -> None:
        """Judge what can be judged without asking. `models` are those of routes, beside the one of the settings.

        Raises:
            SettingRefused: a setting with which no call can succeed.
        """
        for check in checks_of(self._settings, models, routes):
            check()
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
            if listed and not keys.is_uuid(model) and not is_listed(model, listed, exact=not loose)
        ]
        if balance is not None and balance.empty:
            findings.append(NoBalance(code="balance_empty", detail=f"{balance.balance_usd} USD"))
        return tuple(findings)
