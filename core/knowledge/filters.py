"""Judges a document filter before the start, and puts the values of a place into it.

A filter is the boundary between tenants: one that AIVAX refuses would stop every search, and one that says something
else than it seems to would show one customer's documents to another. So it is read here as AIVAX reads it, and values
are put in place of whole tokens of it: none can end a text, or bring a condition of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.knowledge.filter_tokens import MOST_CHARS, MOST_VALUE_CHARS, FilterWrong, Token, quoted, tokens_of

_MOST_CONDITIONS = 32
_MOST_DEPTH = 8
_MOST_VALUES = 100
_MOST_KEYS = 8
_LEAST_CONTAINED = 3
_EQUAL = frozenset({"=", "!="})
_ORDER = frozenset({"<", "<=", ">", ">="})
_PARTS = frozenset({"contains", "startswith", "endswith"})
_OPERATORS: Mapping[str, frozenset[str]] = {
    "name": _EQUAL | _PARTS | {"in"},
    "content": _EQUAL | _PARTS | {"in"},
    "tags": frozenset({"in", "has"}),
    "createdat": _EQUAL | _ORDER,
    "updatedat": _EQUAL | _ORDER,
    "metadata": _EQUAL | _ORDER | _PARTS | {"in", "has", "exists"},
}
_WITH_PLACEHOLDERS = _EQUAL | {"in", "has"}
"""With the others a short value would let in what belongs to a longer one: `T1` stands in `T12`, too."""
_WORDS = frozenset({"true", "false", "null"})


@dataclass(frozen=True, slots=True)
class Condition:
    """One `field operator values`; `path` is that of metadata."""

    field: str
    path: tuple[str, ...]
    operator: str
    values: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that was found in order."""

    text: str
    tokens: tuple[Token, ...]
    required: tuple[Condition, ...]
    """Conditions of which every one must hold, whatever the others say."""

    @property
    def placeholders(self) -> frozenset[str]:
        """The names of what it needs values for."""
        return frozenset(token.value for token in self.tokens if token.kind == "placeholder")

    def filled(self, values: Mapping[str, str]) -> str:
        """Put values in place of the placeholders.

        Raises:
            ValueError: a value is missing, empty or too long, or all together is.
        """
        pieces, at = [], 0
        for token in self.tokens:
            if token.kind == "placeholder":
                pieces += [self.text[at : token.at], quoted(values.get(token.value, ""))]
                at = token.at + len(token.text)
        filled = "".join(pieces) + self.text[at:]
        if len(filled) > MOST_CHARS:
            raise ValueError(f"a filter has at most {MOST_CHARS} characters")
        return filled

    def is_contradicted(self, metadata: Mapping[str, object], values: Mapping[str, str]) -> bool:
        """Whether a document's metadata says that it is not let through: then the filter was not heard.

        What the metadata does not tell is believed: only a text that differs from a required one counts.
        """
        return any(_contradicts(condition, metadata, values) for condition in self.required)


def _contradicts(condition: Condition, metadata: Mapping[str, object], values: Mapping[str, str]) -> bool:
    if (
        condition.operator != "="
        or not condition.path
        or condition.values[0].kind not in ("text", "placeholder")
    ):
        return False
    wanted = condition.values[0]
    value: object = metadata
    for key in condition.path:
        value = value.get(key) if isinstance(value, Mapping) else None
    meant = values.get(wanted.value, "") if wanted.kind == "placeholder" else wanted.value
    return value is not None and not (isinstance(value, str) and _may_equal(value, meant))


def _may_equal(one: str, other: str) -> bool:
    """Whether AIVAX may take two texts for the same: it compares without case and accents."""
    alike = one.strip().casefold() == other.strip().casefold()
    return alike or not (one.isascii() and other.isascii())


def parsed(text: str) -> Filter:
    """Read a filter as AIVAX reads it.

    Raises:
        FilterWrong: what is wrong, and where.
    """
    tokens = tokens_of(text)
    required = _Parser(tokens).whole()
    return Filter(text, tuple(tokens), tuple(required))


class _Parser:
    """Reads by descent; each step gives the conditions that must hold for it to hold."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._conditions = 0

    def whole(self) -> Sequence[Condition]:
        required = self._any(0)
        if self._next.kind != "end":
            raise FilterWrong(f"{self._next.text!r} can't stand there", self._next.at)
        return required

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at += token.kind != "end"
        return token

    def _takes(self, word: str) -> bool:
        is_it = self._next.kind in ("word", "sign") and self._next.text.lower() == word
        self._at += is_it
        return is_it

    def _expect(self, sign: str) -> None:
        if not self._takes(sign):
            raise FilterWrong(f"a {sign!r} is missing", self._next.at)

    def _any(self, depth: int) -> Sequence[Condition]:
        required = self._all(depth)
        while self._takes("or"):
            self._all(depth)
            required = ()
        return required

    def _all(self, depth: int) -> Sequence[Condition]:
        required = [*self._one(depth)]
        while self._takes("and"):
            required += self._one(depth)
        return required

    def _one(self, depth: int) -> Sequence[Condition]:
        if depth > _MOST_DEPTH:
            raise FilterWrong(f"it is nested deeper than {_MOST_DEPTH}", self._next.at)
        if self._takes("not"):
            self._one(depth + 1)
            return ()
        if self._takes("("):
            required = self._any(depth + 1)
            self._expect(")")
            return required
        self._conditions += 1
        if self._conditions > _MOST_CONDITIONS:
            raise FilterWrong(f"it has more than {_MOST_CONDITIONS} conditions", self._next.at)
        return [self._condition()]

    def _condition(self) -> Condition:
        field = self._take()
        name = field.text.lower()
        if field.kind != "word" or name not in _OPERATORS:
            known = "name, content, tags, createdAt, updatedAt or metadata.KEY"
            raise FilterWrong(f"there is no field {field.text!r}; known: {known}", field.at)
        path = self._path() if name == "metadata" else ()
        sign = self._take()
        operator = sign.text.lower()
        if sign.kind not in ("word", "sign") or operator not in _OPERATORS[name]:
            fitting = ", ".join(sorted(_OPERATORS[name]))
            raise FilterWrong(f"{sign.text!r} does not fit {field.text}; write one of {fitting}", sign.at)
        values = () if operator == "exists" else self._values(operator)
        for value in values:
            _check_value(name, operator, value)
        return Condition(name, path, operator, values)

    def _path(self) -> tuple[str, ...]:
        keys: list[str] = []
        while self._takes("."):
            token = self._take()
            key = token.value if token.kind == "text" else token.text
            if token.kind not in ("word", "text", "date") or not 0 < len(key) <= MOST_VALUE_CHARS:
                raise FilterWrong("a key of the metadata is missing", token.at)
            keys.append(key)
        if not 0 < len(keys) <= _MOST_KEYS:
            raise FilterWrong(
                f"metadata needs 1 to {_MOST_KEYS} keys, such as metadata.workspace", self._next.at
            )
        return tuple(keys)

    def _values(self, operator: str) -> tuple[Token, ...]:
        if operator != "in":
            return (self._value(),)
        self._expect("(")
        values = [self._value()]
        while self._takes(","):
            values.append(self._value())
        self._expect(")")
        if len(values) > _MOST_VALUES:
            raise FilterWrong(f"a list has more than {_MOST_VALUES} values", values[0].at)
        return tuple(values)

    def _value(self) -> Token:
        token = self._take()
        if token.kind in ("sign", "end"):
            raise FilterWrong("a value is missing", token.at)
        return token


def _check_value(field: str, operator: str, value: Token) -> None:
    """Refuse a value that does not fit its field and operator."""
    if field in ("createdat", "updatedat"):
        _check_date(value)
    elif value.kind == "placeholder":
        if operator not in _WITH_PLACEHOLDERS:
            raise FilterWrong(f"{value.text} may only stand behind =, !=, in or has", value.at)
    elif operator in _ORDER:
        if value.kind != "number":
            raise FilterWrong(f"{operator} needs a number", value.at)
    elif field != "metadata" or operator in _PARTS:
        _check_text(operator, value)
    elif value.kind not in ("text", "number") and value.text.lower() not in _WORDS:
        raise FilterWrong("a value is missing: a text in quotes, a number, true, false or null", value.at)


def _check_text(operator: str, value: Token) -> None:
    if value.kind != "text":
        raise FilterWrong("a text in quotes is missing", value.at)
    if operator == "contains" and len(value.value) < _LEAST_CONTAINED:
        raise FilterWrong(f"contains needs {_LEAST_CONTAINED} characters or more", value.at)


def _check_date(value: Token) -> None:
    if value.kind == "date":
        return
    try:
        datetime.fromisoformat(value.value if value.kind == "text" else "")
    except ValueError:
        raise FilterWrong('a date is missing, such as "2026-09-01" or now-30d', value.at) from None
