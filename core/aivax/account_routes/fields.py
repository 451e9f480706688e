"""Fields of administrative answers, read liberally: names in any spelling, sums as numbers, texts or objects."""

from __future__ import annotations

from collections.abc import Mapping

from core.aivax.stream.chunks import amount, mapping

_OF_A_SUM = ("amount", "value", "usd", "balance")


def field(data: Mapping[str, object], *names: str) -> object:
    """A field under one of some names, written in one word, with capitals or with underscores."""
    plain = {_plainly(name): value for name, value in data.items()}
    return next((plain[_plainly(name)] for name in names if plain.get(_plainly(name)) is not None), None)


def first_amount(data: Mapping[str, object], names: tuple[str, ...]) -> float | None:
    """The first of these fields that holds a number."""
    amounts = (amount(field(data, name)) for name in names)
    return next((each for each in amounts if each is not None), None)


def sum_of(value: object) -> float | None:
    """A sum of money: a number, the text of one, or an object that holds one."""
    inner = mapping(value)
    return first_amount(inner, _OF_A_SUM) if inner else amount(value)


def entries_of(answer: object, *names: str) -> list[object]:
    """The entries of a list, alone or in a field of this or a usual name (`items`, `data`)."""
    if isinstance(answer, list):
        return answer
    inner = field(mapping(answer), *names, "items", "data")
    return inner if isinstance(inner, list) else []


def _plainly(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
