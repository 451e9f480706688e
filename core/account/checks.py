"""What `doctor` finds of the account: its balance, how long that lasts, and limits of the plan that are near."""

from __future__ import annotations

from collections.abc import Iterator

from core.account.near_limits import Limit, limits_of
from core.aivax.account import Balance
from core.domain.checks import Finding, failed, ok, unknown, warning

BALANCE = "aivax.balance"
LOW_USD = 1.0
YEAR_DAYS = 365.0
FEW_DAYS = 3.0
"""A balance that is used up sooner, at the rate of the last 24 hours, is low whatever it is."""
_TOP_UP = "top the account up in the AIVAX console, Billing"
_CURES = {
    "storage": "delete files or documents there, or take a larger plan",
    "calls": "wait a day, or take a larger plan",
}


def findings_of(balance: Balance | None, calls_24h: int | None = None) -> Iterator[Finding]:
    """Judge what the account told; None: it told nothing. `calls_24h`: those of this bot, None where nobody counted."""
    if balance is None:
        yield unknown(BALANCE, "not told: it takes a private key of AIVAX")
        return
    yield _of_balance(balance)
    for limit in limits_of(balance, calls_24h):
        yield _of_limit(limit)


def days_left(balance: Balance) -> float | None:
    """How many days the balance lasts at the rate of the last 24 hours; None where that is not known."""
    if balance.balance_usd is None or balance.usage_24h_usd is None or balance.usage_24h_usd <= 0:
        return None
    return max(0.0, balance.balance_usd / balance.usage_24h_usd)


def _of_balance(balance: Balance) -> Finding:
    if balance.balance_usd is None:
        return unknown(BALANCE, "AIVAX did not tell it")
    days = days_left(balance)
    told = f"{balance.balance_usd:.2f} USD{_lasts(days)}"
    if balance.empty:
        return failed(BALANCE, told, _TOP_UP)
    is_low = balance.balance_usd < LOW_USD or (days is not None and days < FEW_DAYS)
    return warning(BALANCE, told, _TOP_UP) if is_low else ok(BALANCE, told)


def _lasts(days: float | None) -> str:
    if days is None:
        return ""
    span = f"about {days:.0f} days" if days <= YEAR_DAYS else "more than a year"
    return f", for {span} at the rate of the last 24 hours"


def _of_limit(limit: Limit) -> Finding:
    check, told = f"aivax.{limit.kind}", f"{limit.percent} % of what the plan includes is used"
    if limit.part > 1:
        return failed(check, told, _CURES[limit.kind])
    return warning(check, told, _CURES[limit.kind]) if limit.is_near else ok(check, told)
