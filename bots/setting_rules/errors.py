"""A setting that can't be used, in the operator's terms: its name, its value unless secret, and what mends it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any, get_args

from pydantic import BaseModel, SecretStr
from pydantic_core import ErrorDetails

from bots.redaction import HIDDEN, TOKEN_LIKE
from core.domain import SettingRefused
from core.util.text import shorten

SHOWN_CHARS = 80


def section_fields(model: type[BaseModel], section: str) -> Mapping[str, Any] | None:
    """The keys of a section; None for one that is a list of tables, such as `routes`."""
    field = model.model_fields.get(section)
    found = model_of(field.annotation if field else None)
    return found.model_fields if found is not None else None


def model_of(annotation: Any) -> type[BaseModel] | None:
    """The section that a setting is, such as `[web.console]`; None for any other setting."""
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return annotation if is_model else None


def _entry_fields(model: type[BaseModel], path: tuple[int | str, ...]) -> Mapping[str, Any]:
    """The keys of an entry of a list of tables, also of one inside another's entry."""
    fields: Mapping[str, Any] = model.model_fields
    for key in path:
        found = fields[str(key)].annotation if isinstance(key, str) and key in fields else None
        kinds = (found, *get_args(found))
        inner = next((each for each in kinds if isinstance(each, type) and issubclass(each, BaseModel)), None)
        fields = inner.model_fields if inner is not None else fields
    return fields


def problem_of(model: type[BaseModel], error: ErrorDetails) -> SettingRefused:
    """A validation error in the operator's terms: the setting by name, its value unless secret, the fix."""
    section, keys = str(error["loc"][0]), error["loc"][1:]
    fields = section_fields(model, section)
    setting = _setting_name(section, keys, listed=section in model.model_fields and fields is None)
    if error["type"] == "extra_forbidden":
        known = (fields if keys else model.model_fields) or _entry_fields(model, error["loc"][:-1])
        where = "there is no such key" if keys else "there is no such section"
        return SettingRefused(setting, fix=f"{where}{nearest(str(error['loc'][-1]), known)}")
    secret = not keys or _is_secret_at(fields or {}, keys)
    return SettingRefused(setting, value="" if secret else shown(error["input"]), fix=_fix(error))


def _setting_name(section: str, keys: Iterable[int | str], *, listed: bool) -> str:
    """`[aivax] model`, `[replies.sentences] busy`, `[slack] x, entry 2`, `[[routes]] entry 1, model`."""
    path = list(keys)
    tables = list(takewhile(lambda key: isinstance(key, str), path))[:-1]
    section, path = ".".join([section, *map(str, tables)]), path[len(tables) :]
    parts = [f"entry {key + 1}" if isinstance(key, int) else key for key in path]
    name = f"[[{section}]]" if listed else f"[{section}]"
    return TOKEN_LIKE.sub(HIDDEN, f"{name} {', '.join(parts)}".rstrip())


FIXES = {
    "missing": "this is missing: add it",
    "model_type": "write it as a section: its name in brackets on a line, then a line for each key",
    "tuple_type": 'write it as a list, such as ["one", "two"]',
    "string_type": "write it as text in quotes",
    "string_unicode": "it holds characters that are no text",
    "string_too_short": "it may not be empty",
    "too_long": "{max_length} are the most",
    "string_too_long": "write at most {max_length} characters",
    "literal_error": "write {expected}",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_parsing_size": "write a smaller number",
    "int_from_float": "write a whole number",
    "float_type": "write a number",
    "float_parsing": "write a number",
    "greater_than": "write a number above {gt}",
    "greater_than_equal": "write {ge} or more",
    "less_than": "write a number below {lt}",
    "less_than_equal": "write {le} or less",
}
"""What mends a value, by pydantic's name of the error."""


def _fix(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if error["type"] == "string_pattern_mismatch":
        is_address = "https?://" in str(context.get("pattern"))
        address = (
            "write an address that begins with https:// or http://, without blanks, and without ? or # in it"
        )
        return address if is_address else "it holds a blank or a character that can't stand there"
    if error["type"] == "tuple_type" and error["loc"] in (("routes",), ("forms",), ("digests",)):
        name = error["loc"][0]
        return f"begin each {str(name).removesuffix('s')} with a line [[{name}]], in double brackets"
    if error["type"] in FIXES:
        return FIXES[error["type"]].format(**context)
    return error["msg"].removeprefix("Value error, ")


def shown(value: object) -> str:
    """A value as it may stand in an error: on one short line, without what looks like a secret."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > 64:
        return ""
    text = TOKEN_LIKE.sub(HIDDEN, str(value)) if isinstance(value, str | int | float) else ""
    return shorten(text, SHOWN_CHARS)


def is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(is_secret(part) for part in get_args(annotation))


def _is_secret_at(fields: Mapping[str, Any], keys: Sequence[int | str]) -> bool:
    """Whether a setting is secret, by its path in a section: through the sections in it to the last one."""
    for key in keys:
        field = fields.get(str(key))
        if field is None:
            return False
        inner = model_of(field.annotation)
        if inner is None:
            return is_secret(field.annotation)
        fields = inner.model_fields
    return False


def nearest(name: str, known: Iterable[str]) -> str:
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {matches[0]!r}?" if matches else f"; known: {', '.join(sorted(known))}"
