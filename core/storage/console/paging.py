"""Pages of rows by key: each begins where the one before ended, so the last costs no more than the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, and_, or_

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a page ends: a moment, and the id of the row among those of that moment."""

    at: datetime
    id: int

    def __str__(self) -> str:
        """As it stands in an address."""
        return f"{self.at.isoformat()}~{self.id}"


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and where the next ones begin."""

    rows: Sequence[Row]
    next: Spot | None
    """None: there are no more."""


def spot_of(text: str) -> Spot | None:
    """Read what `Spot` writes; None of anything else."""
    at, _, number = text.rpartition("~")
    try:
        found = Spot(datetime.fromisoformat(at), int(number))
    except ValueError:
        return None
    is_sound = found.at.tzinfo is not None and 1970 <= found.at.year <= 2999 and 0 <= found.id < 2**63
    return found if is_sound else None


def older_than(spot: Spot, at: ColumnElement[Any], key: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a row stands behind a spot, the newest first. Written so that an index on the moment bounds it."""
    return and_(at <= spot.at, or_(at < spot.at, key < spot.id))


def page_of(rows: Sequence[Row], most: int, spot: Callable[[Row], Spot]) -> Page[Row]:
    """The page of rows that were read with one more than it has."""
    return Page(rows[:most], spot(rows[most - 1]) if len(rows) > most else None)
