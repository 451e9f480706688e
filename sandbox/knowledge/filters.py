"""Evaluates the document filters of the service's documentation ("Document filters", October 2026)."""

import operator
import re
from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from sandbox.knowledge.filter_tokens import MOST_TEXT_CHARS, Token, invalid, moment_of, tokens_of
from sandbox.knowledge.filter_values import ORDER, PARTS, Facts, holds, is_number, plain, same
from sandbox.refusals import Refusal

SERVICE_ZONE: Final = timezone(timedelta(hours=-3))
_MOST_CONDITIONS = 32
_MOST_DEPTH = 8
_MOST_VALUES = 100
_MOST_KEYS = 8
_LEAST_CONTAINED = 3
_TEXTS = ("name", "content")
_DATES = ("createdat", "updatedat")
_EQUALITY: Mapping[str, Callable[[Any, Any], bool]] = {"=": operator.eq, "!=": operator.ne}
_SPANS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


Test = Callable[[Facts], bool]
_MISSING: Final = object()


def filter_of(value: object, now: datetime) -> Test:
    """Reads the `filter` of a request: none, a text, or a list of texts that must all hold.

    Raises a 400 refusal that names the problem and its place.
    """
    if value is None:
        return lambda _facts: True
    if isinstance(value, str):
        return _Parser(value, now).whole()
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Refusal(400, "Invalid filter: Expected a string or an array of strings. (at 0)")
    tests = []
    for index, each in enumerate(value):
        try:
            tests.append(_Parser(each, now).whole())
        except Refusal as exc:
            message = exc.message.replace("Invalid filter:", f"Invalid filter at index {index}:")
            raise Refusal(400, message, param="filter") from exc
    return lambda facts: all(test(facts) for test in tests)


class _Parser:
    def __init__(self, text: str, now: datetime) -> None:
        self._tokens = tokens_of(text)
        self._now = now
        self._at = 0
        self._conditions = 0

    def whole(self) -> Test:
        test = self._any(0)
        if self._next.kind != "end":
            raise invalid(f"Unexpected '{self._next.text}'.", self._next.at)
        return test

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at += token.kind != "end"
        return token

    def _takes(self, *words: str) -> bool:
        """Takes the next token if it is one of these words or signs."""
        is_it = self._next.kind in ("word", "sign") and self._next.text.lower() in words
        self._at += is_it
        return is_it

    def _expect(self, sign: str) -> None:
        if not self._takes(sign):
            raise invalid(f"Expected '{sign}'.", self._next.at)

    def _any(self, depth: int) -> Test:
        tests = [self._all(depth)]
        while self._takes("or"):
            tests.append(self._all(depth))
        return lambda facts: any(test(facts) for test in tests)

    def _all(self, depth: int) -> Test:
        tests = [self._one(depth)]
        while self._takes("and"):
            tests.append(self._one(depth))
        return lambda facts: all(test(facts) for test in tests)

    def _one(self, depth: int) -> Test:
        if depth > _MOST_DEPTH:
            raise invalid(f"Nested more than {_MOST_DEPTH} levels.", self._next.at)
        if self._takes("not"):
            test = self._one(depth + 1)
            return lambda facts: not test(facts)
        if self._takes("("):
            inner = self._any(depth + 1)
            self._expect(")")
            return inner
        self._conditions += 1
        if self._conditions > _MOST_CONDITIONS:
            raise invalid(f"More than {_MOST_CONDITIONS} conditions.", self._next.at)
        return self._condition()

    def _condition(self) -> Test:
        field = self._take()
        name = field.text.lower()
        if field.kind == "word" and name in _TEXTS:
            return self._on_text(name)
        if field.kind == "word" and name == "tags":
            return self._on_tags()
        if field.kind == "word" and name in _DATES:
            return self._on_date(name)
        if field.kind == "word" and name == "metadata":
            return self._on_metadata(self._path())
        expected = "name, content, tags, createdAt, updatedAt or metadata.<key>"
        raise invalid(f"Unknown field '{field.text}'. Expected {expected}.", field.at)

    def _path(self) -> Sequence[str]:
        keys: list[str] = []
        while self._takes("."):
            token = self._take()
            key = str(token.value) if token.kind == "text" else token.text
            if token.kind not in ("word", "text", "now") or len(key) > MOST_TEXT_CHARS:
                raise invalid("Expected a metadata key.", token.at)
            keys.append(key)
        if not 1 <= len(keys) <= _MOST_KEYS:
            raise invalid(f"Expected 1 to {_MOST_KEYS} metadata keys.", self._next.at)
        return keys

    def _on_text(self, name: str) -> Test:
        def told(facts: Facts) -> str:
            return facts.name if name == "name" else facts.content

        sign = self._take()
        match sign.text.lower():
            case "=" | "!=":
                wanted = [self._text()]
            case "in":
                wanted = [str(each) for each in self._values(("text",))]
            case "contains" | "startswith" | "endswith" as part:
                return self._on_part(part, told)
            case _:
                raise self._unfit(sign)
        known = {plain(each).rstrip() for each in wanted}
        negated = sign.text == "!="
        return lambda facts: (plain(told(facts)).rstrip() in known) is not negated

    def _on_part(self, word: str, told: Callable[[Facts], object]) -> Test:
        at = self._next.at
        part = plain(self._text())
        if word == "contains" and len(part) < _LEAST_CONTAINED:
            raise invalid(f"'contains' needs at least {_LEAST_CONTAINED} characters.", at)

        def test(facts: Facts) -> bool:
            value = told(facts)
            return isinstance(value, str) and PARTS[word](plain(value), part)

        return test

    def _on_tags(self) -> Test:
        sign = self._take()
        match sign.text.lower():
            case "has":
                wanted = {plain(self._text())}
            case "in":
                wanted = {plain(str(each)) for each in self._values(("text",))}
            case _:
                raise self._unfit(sign)
        return lambda facts: bool(wanted & {plain(each) for each in facts.tags})

    def _on_date(self, name: str) -> Test:
        sign = self._take()
        compare = {**ORDER, **_EQUALITY}.get(sign.text)
        if compare is None:
            raise self._unfit(sign)
        moment = self._moment()
        if name == "createdat":
            return lambda facts: compare(facts.created_at, moment)
        return lambda facts: compare(facts.updated_at, moment)

    def _moment(self) -> datetime:
        token = self._take()
        if token.kind == "text":
            moment = moment_of(token)
            return moment if moment.tzinfo else moment.replace(tzinfo=SERVICE_ZONE)
        found = re.fullmatch(r"now(?:([+-])(\d{1,6})(mo|[mhdwy]))?", token.text)
        if token.kind != "now" or found is None:
            raise invalid("Expected a date.", token.at)
        if found[1] is None:
            return self._now
        amount = int(found[2]) * (-1 if found[1] == "-" else 1)
        try:
            if found[3] in _SPANS:
                return self._now + timedelta(**{_SPANS[found[3]]: amount})
            return _months_later(self._now, amount * (12 if found[3] == "y" else 1))
        except (OverflowError, ValueError):
            raise invalid("The date is out of range.", token.at) from None

    def _on_metadata(self, path: Sequence[str]) -> Test:
        def told(facts: Facts) -> object:
            value: object = facts.metadata
            for key in path:
                value = value.get(key, _MISSING) if isinstance(value, Mapping) else _MISSING
            return value

        sign = self._take()
        match sign.text.lower():
            case "exists":
                return lambda facts: told(facts) is not _MISSING
            case "=" | "!=" as equality:
                wanted = [self._literal()]
                return lambda facts: same(told(facts), wanted) is (equality == "=")
            case "in":
                values = self._values(("text", "number", "word"))
                return lambda facts: same(told(facts), values)
            case "has":
                value = [self._literal()]
                return lambda facts: holds(told(facts), value)
            case "contains" | "startswith" | "endswith" as part:
                return self._on_part(part, told)
            case "<" | "<=" | ">" | ">=" as order:
                return self._on_number(order, told)
            case _:
                raise self._unfit(sign)

    def _on_number(self, sign: str, told: Callable[[Facts], object]) -> Test:
        token = self._take()
        if token.kind != "number":
            raise invalid(f"'{sign}' needs a number.", token.at)
        return lambda facts: is_number(told(facts)) and ORDER[sign](told(facts), token.value)

    def _text(self) -> str:
        token = self._take()
        if token.kind != "text":
            raise invalid("Expected a text.", token.at)
        return str(token.value)

    def _literal(self) -> object:
        token = self._take()
        if token.kind in ("text", "number"):
            return token.value
        words = {"true": True, "false": False, "null": None}
        if token.kind != "word" or token.text.lower() not in words:
            raise invalid("Expected a value.", token.at)
        return words[token.text.lower()]

    def _values(self, kinds: Sequence[str]) -> Sequence[object]:
        self._expect("(")
        values: list[object] = []
        while not values or self._takes(","):
            if self._next.kind not in kinds:
                raise invalid("Expected a value.", self._next.at)
            values.append(self._literal())
        self._expect(")")
        if len(values) > _MOST_VALUES:
            raise invalid(f"More than {_MOST_VALUES} values.", self._next.at)
        return values

    def _unfit(self, sign: Token) -> Refusal:
        return invalid(f"'{sign.text}' does not fit the field.", sign.at)


def _months_later(moment: datetime, months: int) -> datetime:
    """The same day so many calendar months later, or the last one of a shorter month."""
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))
