"""What `GET /v1/models` tells of models and gateways, beyond their names; any of it can be missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.aivax.account_routes.fields import entries_of, field, first_amount
from core.aivax.stream.chunks import mapping, word

_MOST_ENTRIES, _MOST_PRICES = 2_000, 6
_AMOUNTS = ("unitPrice", "price", "amount", "value", "cost", "usd")


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """What something costs that a model is asked for: `input`, `output` ..."""

    what: str
    usd: float
    unit: str = ""
    """What it buys, in AIVAX' words; `""`: not told."""


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model or a gateway that can be asked."""

    name: str
    is_gateway: bool = False
    base_model: str = ""
    """What a gateway asks."""
    description: str = ""
    context_tokens: int | None = None
    prices: tuple[ModelPrice, ...] = ()


def read_model_list(answer: object) -> tuple[ListedModel, ...]:
    """Read the list; entries without a name are left out, and of a name the first one counts."""
    found: dict[str, ListedModel] = {}
    for entry in entries_of(answer, "models")[:_MOST_ENTRIES]:
        listed = _listed(mapping(entry))
        if listed.name:
            found.setdefault(listed.name, listed)
    return tuple(found.values())


def _listed(entry: Mapping[str, object]) -> ListedModel:
    details = mapping(field(entry, "_details", "details"))
    model, gateway = mapping(field(details, "providerModel")), mapping(field(details, "aiGateway"))
    info = mapping(field(model, "technicalInfo")) or model
    tokens = first_amount(info, ("contextWindow", "contextSize", "maxContext"))
    return ListedModel(
        name=word(field(entry, "id", "name")),
        is_gateway=bool(gateway) or "gateway" in word(field(details, "type")),
        base_model=word(field(gateway, "modelName", "model")),
        description=word(field(model, "description")),
        context_tokens=int(tokens) if tokens else None,
        prices=_prices(field(model, "pricing", "prices")),
    )


def _prices(told: object) -> tuple[ModelPrice, ...]:
    """A list of `{sku, unit_price, unit}`, in whichever words, or an object of name to amount."""
    entries = told if isinstance(told, list) else [{"name": k, "price": v} for k, v in mapping(told).items()]
    prices = []
    for entry in map(mapping, entries[:_MOST_PRICES]):
        usd = first_amount(entry, _AMOUNTS)
        if usd is not None:
            what = word(field(entry, "name", "sku", "label", "type", "description"))
            prices.append(ModelPrice(what, usd, word(field(entry, "unit", "per", "unitName"))))
    return tuple(prices)
