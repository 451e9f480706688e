"""How often something is called by all processes together: the newest calls of each rate, in one row on PostgreSQL."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import text

from core.storage.db import Database

FORGET_AFTER_S = 3_600.0
TIDY_EVERY = 1_000
"""After so many calls rows are deleted that no call was booked in for an hour."""

NOW = "extract(epoch FROM clock_timestamp())::float8"
EARLIEST = f"greatest({NOW}, w.booked[cardinality(w.booked)], w.booked[cardinality(w.booked) - :most + 1] + :window_s)"
"""Calls go one after the other, so a window is full where the call so many places back is within it. An element that
is not there is NULL, which `greatest` leaves out."""
BOOK = text(
    f"INSERT INTO cluster_windows AS w (key, booked) VALUES (:key, ARRAY[{NOW}])"  # noqa: S608  no word from outside
    " ON CONFLICT (key) DO UPDATE"
    f" SET booked = w.booked[greatest(1, cardinality(w.booked) - :calls + 2):] || {EARLIEST}"
    f" WHERE {EARLIEST} <= {NOW} + :most_s"
    f" RETURNING booked[cardinality(booked)] AS at, {NOW} AS now"
)
ASK = text(f"SELECT {EARLIEST} - {NOW} FROM cluster_windows AS w WHERE key = :key")  # noqa: S608  likewise
GIVE_BACK = text("UPDATE cluster_windows SET booked = array_remove(booked, :at) WHERE key = :key")
TIDY = text(f"DELETE FROM cluster_windows AS w WHERE w.booked[cardinality(w.booked)] < {NOW} - :after_s")  # noqa: S608  likewise


@dataclass(frozen=True, slots=True)
class Booking:
    """What became of a wish to call."""

    wait_s: float
    """How long to wait for the moment; where nothing is booked, how long it would have been."""
    at: float | None
    """The moment that is booked, by the database's time; None: it would have been too late."""


class WindowStore:
    """Books calls, each in one statement. The row's lock puts those of all processes into one order.

    Each commits by itself: who freezes behind one holds the row, which all others want, from nobody.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._booked = 0

    async def book(
        self, what: str, *, calls: int, window_s: float, most: int | None = None, most_s: float = 0.0
    ) -> Booking:
        """Book a call, where its moment is no further away than `most_s`: at most `calls` in any `window_s`.

        `most`: for a call that must leave some of them to others.
        """
        given = {"key": _key(what), "calls": calls, "window_s": window_s, "most": most or calls}
        async with self._database.each_by_itself() as connection:
            row = (await connection.execute(BOOK, {**given, "most_s": most_s})).one_or_none()
            if row is None:
                asked = {name: given[name] for name in ("key", "window_s", "most")}
                wait_s = (await connection.execute(ASK, asked)).scalar_one_or_none()
                return Booking(max(0.0, wait_s or 0.0), None)
        self._booked += 1
        if self._booked % TIDY_EVERY == 0:
            await self._tidy()
        return Booking(max(0.0, row.at - row.now), row.at)

    async def give_back(self, what: str, at: float) -> None:
        """Count a call no longer: it is not made."""
        async with self._database.each_by_itself() as connection:
            await connection.execute(GIVE_BACK, {"key": _key(what), "at": at})

    async def _tidy(self) -> None:
        async with self._database.each_by_itself() as connection:
            await connection.execute(TIDY, {"after_s": FORGET_AFTER_S})


def _key(what: str) -> str:
    """A digest: a webhook's name is a secret, and a channel's nobody's business here."""
    return hashlib.sha256(what.encode()).hexdigest()
