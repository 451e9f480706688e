"""The kinds of columns: moments, text from outside, ids."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, String, Text, TypeDecorator, literal_column
from sqlalchemy.sql.operators import OperatorType

from core.util.text import sound


class Instant(TypeDecorator[datetime]):
    """A moment in UTC. Aware in Python on every database, SQLite's naive column included."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any | None, _dialect: Dialect) -> datetime | None:
        if value is None or value.tzinfo is not None:
            return value if value is None else value.astimezone(UTC)
        aware: datetime = value.replace(tzinfo=UTC)
        return aware


class Words(TypeDecorator[str]):
    """Text of any length from outside, made fit to be stored."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        return value if value is None else sound(value)


class Label(TypeDecorator[str]):
    """A name or an id from outside, made fit to be stored and cut to its column."""

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        return value if value is None else sound(value)[: self.length]


class Word(TypeDecorator[str]):
    """One of a few words of our own, such as a state. What it is compared with is written into the statement.

    A database uses an index on some of the rows only where the statement proves that it asks for those rows, and a
    bound value proves nothing.
    """

    impl = String
    cache_ok = True

    class comparator_factory(TypeDecorator.Comparator[str]):  # noqa: N801  the name that SQLAlchemy looks for
        def operate(self, op: OperatorType, *other: Any, **kwargs: Any) -> Any:
            return super().operate(op, *map(_written_out, other), **kwargs)


def _written_out(value: Any) -> Any:
    if isinstance(value, str):
        if not value.isidentifier():
            raise ValueError(value)
        return literal_column(f"'{value}'", String())
    return [_written_out(each) for each in value] if isinstance(value, tuple | list | frozenset) else value


Id = BigInteger().with_variant(Integer, "sqlite")
