"""Tells what the account spent in a time: by day, by model and by kind of use, in two spellings."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request

from sandbox.account import Charge
from sandbox.refusals import Refusal
from sandbox.state import State

_KEYS = ("timeStart", "timeEnd", "api-key")
_LONGEST = timedelta(days=366)
_CATEGORY = "Inference"


def usage_data(state: State, request: Request) -> dict[str, Any]:
    """Sums up the time that a request names, the last 24 hours unless it names one; raises a 400 refusal otherwise."""
    for name in request.query_params:
        if name not in _KEYS:
            raise Refusal(400, f"'{name}' is not a parameter of this route.", param=name)
    end = _moment(request, "timeEnd", datetime.fromtimestamp(state.clock(), UTC))
    start = _moment(request, "timeStart", end - timedelta(days=1))
    if end - start > _LONGEST:
        raise Refusal(400, "The period must not be longer than one year.", param="timeStart")
    spent = [each for each in state.account.seen() if start <= _at(each) < end]
    told = _lists if state.shapes.usage == "lists" else _objects
    return told(state.account.balance_usd, spent)


def _lists(balance_usd: float, spent: list[Charge]) -> dict[str, Any]:
    """Names in camel case, each list one of objects, sums as numbers."""
    models = [
        {
            "model": model,
            "requests": sum(each.model == model for each in spent),
            "inputTokens": sum(each.prompt_tokens for each in spent if each.model == model),
            "outputTokens": sum(each.completion_tokens for each in spent if each.model == model),
            "cost": usd,
        }
        for model, usd in _by(spent, lambda each: each.model).items()
    ]
    details = {
        "modelUsageDiscriminations": models,
        "categoryDiscriminations": [{"category": _CATEGORY, "cost": _sum(spent)}] if spent else [],
        "resourceDiscriminations": [],
        "meterGroups": [],
        "charts": [],
        "dayListings": [{"date": day, "cost": usd} for day, usd in _by(spent, _day).items()],
    }
    return {"currentBalance": round(balance_usd, 9), "invoices": [], "usageDetails": details}


def _objects(balance_usd: float, spent: list[Charge]) -> dict[str, Any]:
    """Names with underscores, sums as text, models as one object, and days that hold what they are made of."""
    days = [
        {"day": f"{day}T00:00:00Z", "items": [{"name": _CATEGORY, "amount": str(usd)}]}
        for day, usd in _by(spent, _day).items()
    ]
    details = {
        "model_usage_discriminations": {
            model: str(usd) for model, usd in _by(spent, lambda each: each.model).items()
        },
        "category_discriminations": {_CATEGORY: str(_sum(spent))} if spent else {},
        "day_listings": days,
    }
    return {"current_balance": str(round(balance_usd, 9)), "usage_details": details}


def _by(spent: Iterable[Charge], key: Callable[[Charge], str]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for each in spent:
        sums[key(each)] = round(sums.get(key(each), 0.0) + each.usd, 9)
    return sums


def _sum(spent: Iterable[Charge]) -> float:
    return round(sum(each.usd for each in spent), 9)


def _at(charge: Charge) -> datetime:
    return datetime.fromtimestamp(charge.at, UTC)


def _day(charge: Charge) -> str:
    return _at(charge).date().isoformat()


def _moment(request: Request, name: str, default: datetime) -> datetime:
    given = request.query_params.get(name)
    if given is None:
        return default
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as exc:
        raise Refusal(400, f"'{name}' must be an ISO 8601 time.", param=name) from exc
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
