"""What AIVAX tells about the account and its models, read liberally: any field can be missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from core.aivax.stream.chunks import Json, mapping, word

_STORAGE_BYTES = {"free": 30 * 2**20, "pro": 2 * 2**30, "max": 20 * 2**30}


@dataclass(frozen=True, slots=True)
class Model:
    """A hosted model or a gateway that the key can ask."""

    id: str
    owned_by: str = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """The account as of some minutes ago: spend shows with a lag. None: not told."""

    balance_usd: float | None = None
    usage_24h_usd: float | None = None
    plan: str = ""
    storage_usage: Json | float | None = None
    subscription_usage: Json | float | None = None
    """The six-hour and weekly reserve of a subscription."""
    plan_limits: Json | None = None

    @property
    def storage_is_full(self) -> bool | None:
        """Whether the storage quota is used up; None where the answer does not tell."""
        told = self.storage_usage if isinstance(self.storage_usage, Mapping) else {"used": self.storage_usage}
        used = _first_number(told, ("usedBytes", "used", "usage", "bytes", "current"))
        limit = _first_number(told, ("limitBytes", "limit", "quota", "max", "total"))
        limit = limit or _STORAGE_BYTES.get(self.plan.strip().lower())
        return used > limit if used is not None and limit else None

    @property
    def empty(self) -> bool:
        """Whether the next call is refused for want of money; a balance of exactly 0 counts as empty."""
        return self.balance_usd is not None and self.balance_usd <= 0


def read_balance(answer: object) -> Balance:
    """Read the balance route's answer, in its administrative envelope or without it."""
    data = mapping(mapping(answer).get("data")) or mapping(answer)
    plan = data.get("plan")
    return Balance(
        balance_usd=_number(data.get("balance")),
        usage_24h_usd=_number(data.get("usage24h")),
        plan=", ".join(filter(None, map(word, plan))) if isinstance(plan, list) else word(plan),
        storage_usage=_told(data.get("storageUsage")),
        subscription_usage=_told(data.get("subscriptionModelUsage")),
        plan_limits=mapping(data.get("planLimits")) or None,
    )


def read_models(answer: object) -> tuple[Model, ...]:
    """Read a model list; entries without an id are left out."""
    listed = answer if isinstance(answer, list) else mapping(answer).get("data")
    entries = (mapping(entry) for entry in listed) if isinstance(listed, list) else ()
    return tuple(
        Model(word(entry.get("id")), word(entry.get("owned_by")))
        for entry in entries
        if word(entry.get("id"))
    )


def is_listed(model: str, models: tuple[Model, ...], *, tags_optional: bool) -> bool:
    """Tell whether a model is in the list, by name.

    `tags_optional`: other servers take `llama3` for `llama3:8b`; to AIVAX the part behind the colon matters.
    """
    name = model.lower()
    names = {each.id.lower() for each in models}
    return name in names or (tags_optional and any(each.startswith(f"{name}:") for each in names))


def balance_url(base_url: str) -> str:
    """Find the balance route beside an OpenAI-compatible base, below the same prefix."""
    parts = urlsplit(base_url)
    path = parts.path.rstrip("/").removesuffix("/v1").removesuffix("/api")
    return urlunsplit(parts._replace(path=f"{path}/api/v1/information/balance"))


def _number(value: object) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e15 else None


def _first_number(told: Mapping[str, object], names: tuple[str, ...]) -> float | None:
    numbers = (_number(told.get(name)) for name in names)
    return next((number for number in numbers if number is not None), None)


def _told(value: object) -> Mapping[str, object] | float | None:
    return value if isinstance(value, dict) else _number(value)
