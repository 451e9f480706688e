"""Describes models and gateways as the list of models does: by their ids alone, or with all that is told of them."""

import re
from typing import Any

from sandbox.plans import HOSTED, Model

_CREATED = 1_767_225_600  # every model is as old as the year 2026
_MODEL = {"description": "Repeats what it is told.", "capabilities": ["text", "tools"]}


def listed_model(model: Model, shape: str = "plain") -> dict[str, Any]:
    """Describes a model in one of the shapes of the list."""
    entry = {"id": model.id, "object": "model", "created": _CREATED, "owned_by": model.owned_by}
    if shape == "plain":
        return entry
    if not model.id.startswith("@"):
        return {**entry, "_details": {"type": "ai_gateway", "ai_gateway": {"model_name": HOSTED}}}
    told = _in_words(model) if shape == "detailed" else _in_camel_case(model)
    return {**entry, "_details": told, "tag": "sandbox"}


def is_snapshot(model: Model, name: str) -> bool:
    """Tells whether a model is the one with that name, or a dated snapshot of it."""
    return re.fullmatch(rf"{re.escape(name)}(?:-\d[\d-]*)?", model.id) is not None


def _in_words(model: Model) -> dict[str, Any]:
    """As the service's own client reads it; how a price is written there is not stated."""
    prices = [
        {"sku": "input", "unit_price": 1.0, "unit": "1M tokens"},
        {"sku": "output", "unit_price": 4.0, "unit": "1M tokens"},
    ]
    info = {
        "context_window": model.context_tokens,
        "max_completion_tokens": 8_192,
        "speed": 5,
        "intelligence": 1,
    }
    return {
        "type": "provider_model",
        "provider_model": {**_MODEL, "pricing": prices, "technical_info": info},
    }


def _in_camel_case(model: Model) -> dict[str, Any]:
    """The same with capitals, and prices in one object, as text."""
    prices = {"input": "1.0", "output": "4.0"}
    told = {**_MODEL, "pricing": prices, "technicalInfo": {"contextWindow": str(model.context_tokens)}}
    return {"type": "provider_model", "providerModel": told}
