"""The reference of every setting, as a page: config.example.toml tells what one does, the code its type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

TABLE = re.compile(r"#?\[{1,2}(?P<name>[\w.]+)\]{1,2}$")
KEY = re.compile(r"#?(?P<key>\w+) = (?P<value>.*)$")
OPENING, CLOSING = "[{", "]}"
HEAD = """# Every setting

Where a value comes from stands in [Configuration](configuration.md).
A setting without a default is left to the gateway, or off.
"""
KINDS = {"integer": "whole number", "number": "number", "boolean": "`true` or `false`", "string": "text"}


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of the example: a table's head, a key, or a remark between keys."""

    kind: str
    name: str
    text: str
    value: str = ""


def parts_of(example: str) -> Iterator[Part]:
    """The pieces of config.example.toml, each with the comment above it."""
    said: list[str] = []
    lines = iter(example.splitlines())
    for line in lines:
        if table := TABLE.match(line):
            yield Part("table", table["name"], "\n".join(said))
        elif key := KEY.match(line):
            value = key["value"]
            while _is_open(value):
                value += "\n" + next(lines).removeprefix("#")
            yield Part("key", key["key"], "\n".join(said), value)
        elif line.startswith("#"):
            said.append(line[1:].strip())
            continue
        elif said:
            yield Part("remark", "", "\n".join(said))
        said = []


def _is_open(value: str) -> bool:
    return sum(map(value.count, OPENING)) > sum(map(value.count, CLOSING))


def page(example: str, schema: Mapping[str, Any]) -> str:
    """The page, from the example's text and the JSON Schema of the settings."""
    out, name, fields = [HEAD], "", {}
    for part in list(parts_of(example))[1:]:  # the first tells how the file itself is used
        match part.kind:
            case "table":
                name, fields = part.name, _fields(schema, part.name)
                out.append(f"## `[{name}]`\n\n{_escaped(part.text)}\n")
            case "key":
                out.append(_setting(name, part, fields[part.name]))
            case _:
                out.append(f"{_escaped(part.text)}\n")
    return "\n".join(out)


def _setting(table: str, part: Part, field: Mapping[str, Any]) -> str:
    facts = [_kind(field), *_default(part, field)]
    if "." not in table and not _is_listed(table):
        facts.append(f"`AIVAX_BOTS__{table.upper()}__{part.name.upper()}`")
    return f"### `{part.name}`\n\n{' · '.join(facts)}\n\n{_escaped(part.text)}\n"


def _is_listed(table: str) -> bool:
    return table in ("routes", "forms")


def _default(part: Part, field: Mapping[str, Any]) -> list[str]:
    if field.get("default") is None:
        return [f"for example `{part.value}`"] if "\n" not in part.value else []
    if field["default"] in ("", [], {}):
        return ["empty by default"]
    return [f"by default `{part.value}`"] if "\n" not in part.value else []


def _kind(field: Mapping[str, Any]) -> str:
    """The type and the bounds, in words."""
    if options := [each for each in field.get("anyOf", ()) if each.get("type") != "null"]:
        return " or ".join(dict.fromkeys(map(_kind, options)))
    if choices := field.get("enum"):
        return " or ".join(f'`"{each}"`' if isinstance(each, str) else f"`{each}`" for each in choices)
    match field.get("type"):
        case "array":
            return "a list" if "$ref" in str(field["items"]) else f"a list of {_kind(field['items'])}"
        case "object" | None:
            return "a table"
        case kind:
            secret = "secret " if field.get("writeOnly") else ""
            return f"{secret}{KINDS[kind]}{_bounds(field)}"


def _bounds(field: Mapping[str, Any]) -> str:
    least = field.get("minimum")
    above = field.get("exclusiveMinimum")
    most = field.get("maximum")
    told = [f"at least {least}"] if least is not None else []
    told += [f"above {above}"] if above is not None else []
    told += [f"at most {most}"] if most is not None else []
    return f" ({', '.join(told)})" if told else ""


def _fields(schema: Mapping[str, Any], table: str) -> Mapping[str, Any]:
    """The fields of a table, found from the root by its name: `knowledge.places` is a list in `[knowledge]`."""
    node: Mapping[str, Any] = schema
    for name in table.split("."):
        node = _resolved(schema, node["properties"][name])
    fields: Mapping[str, Any] = node["properties"]
    return fields


def _resolved(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    node = node.get("items", node)
    if "$ref" in node:
        found: Mapping[str, Any] = schema["$defs"][node["$ref"].rpartition("/")[2]]
        return found
    return node


def _escaped(text: str) -> str:
    """The example's prose as Markdown: what looks like HTML stays what was written."""
    return re.sub(r"<(?=[a-zA-Z/!])", "&lt;", text)
