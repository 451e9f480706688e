"""What the account spent in a time, as AIVAX' usage route tells it: by day, by model, by kind of use.

The shape inside `usageDetails` is documented by the names of its lists alone: entries are read in whichever words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from core.aivax.account_routes.fields import entries_of, field, first_amount, sum_of
from core.aivax.admin import AdminRoutes
from core.aivax.stream.chunks import mapping, word
from core.util.text import shorten

_MOST_ENTRIES = 1_000
_NAME_CHARS = 100
_NAMES = ("model", "modelName", "category", "resource", "name", "label", "title", "sku", "key", "id")
_DAYS = ("date", "day", "time", "moment", "timestamp", "name", "label")
_SUMS = ("cost", "totalCost", "usd", "amount", "total", "credits", "value", "spent", "price", "usage")


@dataclass(frozen=True, slots=True)
class Part:
    """What one model, or one kind of use, came to."""

    name: str
    usd: float


@dataclass(frozen=True, slots=True)
class UsageReport:
    """What was spent, in USD. What is not told is empty; the newest minutes are missing."""

    total_usd: float | None = None
    days: tuple[tuple[date, float], ...] = ()
    """Those that are told, the oldest first."""
    models: tuple[Part, ...] = ()
    """The dearest first; so too below."""
    categories: tuple[Part, ...] = ()


async def read_usage(admin: AdminRoutes, start: datetime, end: datetime) -> UsageReport:
    """Ask what the account spent from `start` up to `end`: a year at most.

    Raises:
        AivaxError: it could not be read.
    """
    span = {"timeStart": _iso(start), "timeEnd": _iso(end)}
    return report_of((await admin.get("information", "usage", query=span)).data)


def report_of(data: object) -> UsageReport:
    """Read the answer, however it is spelt."""
    told = mapping(data)
    details = mapping(field(told, "usageDetails", "usage", "details")) or told
    days = _days(entries_of(field(details, "dayListings", "days", "daily", "byDay")))
    models = _parts(field(details, "modelUsageDiscriminations", "models", "byModel"))
    categories = _parts(field(details, "categoryDiscriminations", "categories", "byCategory"))
    total = first_amount(told, ("cost", "totalCost", "total", "usd"))
    for usd in ([usd for _, usd in days], [each.usd for each in models], [each.usd for each in categories]):
        total = sum(usd) if total is None and usd else total
    return UsageReport(total, days, models, categories)


def _days(entries: Iterable[object]) -> tuple[tuple[date, float], ...]:
    found: dict[date, float] = {}
    for entry in map(mapping, list(entries)[:_MOST_ENTRIES]):
        day, usd = _day(field(entry, *_DAYS)), _usd(entry)
        if day is not None and usd is not None:
            found[day] = found.get(day, 0.0) + usd
    return tuple(sorted(found.items()))


def _day(value: object) -> date | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value / 1000 if value > 10**11 else value, UTC).date()
        except (ValueError, OverflowError, OSError):
            return None
    try:
        return date.fromisoformat(word(value)[:10])
    except ValueError:
        return None


def _parts(told: object) -> tuple[Part, ...]:
    """A list of entries, or an object of name to amount; of one name all are added up."""
    named = [{"name": name, "cost": usd} for name, usd in mapping(told).items()]
    found: dict[str, float] = {}
    for entry in map(mapping, (entries_of(told) or named)[:_MOST_ENTRIES]):
        name, usd = shorten(word(field(entry, *_NAMES)), _NAME_CHARS), _usd(entry)
        if name and usd is not None:
            found[name] = found.get(name, 0.0) + usd
    dearest = sorted(found.items(), key=lambda each: -each[1])
    return tuple(Part(name, usd) for name, usd in dearest)


def _usd(entry: Mapping[str, object]) -> float | None:
    """What an entry came to; one that tells no sum of its own holds a list of entries that do."""
    sums = (sum_of(field(entry, name)) for name in _SUMS)
    own = next((each for each in sums if each is not None), None)
    if own is not None:
        return own
    inner = next((each for each in entry.values() if isinstance(each, list)), [])
    told = [sum_of(field(mapping(each), *_SUMS)) for each in inner[:_MOST_ENTRIES]]
    amounts = [each for each in told if each is not None]
    return sum(amounts) if amounts else None


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
