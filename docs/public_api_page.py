"""Writes what is public, with its signatures, from `aivax_bots` itself: `make api`.

The list goes into tests/public_api.txt, which a change of the interface changes too, and the names with what each is
into docs/public-api.md, below its head.
"""

from __future__ import annotations

import ast
import enum
import inspect
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

TREE = Path(__file__).resolve().parents[1]
PAGE = TREE / "docs" / "public-api.md"
FROZEN = TREE / "tests" / "public_api.txt"
BEGIN = "<!-- From here on the page is written by `make api`. -->\n"
MODULES = ("aivax_bots", "aivax_bots.hooks", "aivax_bots.testing", "aivax_bots.tools")
ADDRESS = re.compile(r" at 0x[0-9a-f]+")
MOST_DEFAULT = 60
"""How long a default may be to be told."""
OURS = ("aivax_bots", "bots", "core", "sandbox")


def public() -> Iterator[tuple[str, Any, str]]:
    """Every public name with what it names, and the module in which that is defined."""
    for package in map(import_module, MODULES):
        prefix = package.__name__.removeprefix("aivax_bots").removeprefix(".")
        homes = {name: home for home, names in package._HOMES.items() for name in names.split()}  # noqa: SLF001
        for name in dir(package):
            yield f"{prefix}.{name}".removeprefix("."), getattr(package, name), homes[name]


def frozen() -> str:
    """The list of names and signatures, a line for each name and each of its members."""
    return "\n".join(line for name, thing, _ in public() for line in _lines(name, thing)) + "\n"


def whole(page: str) -> str:
    """A page with its reference as it is now."""
    rows = [f"| `{name}` | {_first_sentence(name, thing, home)} |" for name, thing, home in public()]
    return page.partition(BEGIN)[0] + "\n".join([BEGIN, "| Name | What it is |", "| --- | --- |", *rows, ""])


def docstring(name: str, thing: Any, home: str) -> str:
    """What is said of a name; of an alias, what stands below it in its module."""
    if inspect.isclass(thing) or inspect.isfunction(thing):
        return inspect.cleandoc(thing.__doc__ or "")
    body = ast.parse(inspect.getsource(sys.modules[home])).body
    for node, below in pairwise(body):
        named = getattr(node, "targets", None) or [getattr(node, "target", None)]
        written = {
            each.id for target in named if target for each in ast.walk(target) if isinstance(each, ast.Name)
        }
        if name.rpartition(".")[2] in written:
            is_text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
            return str(below.value.value) if is_text else ""  # type: ignore[attr-defined]
    return ""


def _first_sentence(name: str, thing: Any, home: str) -> str:
    paragraph = docstring(name, thing, home).partition("\n\n")[0]
    return " ".join(paragraph.replace("|", "\\|").split())


def _lines(name: str, thing: Any) -> Iterator[str]:
    if inspect.isclass(thing):
        bases = ", ".join(each.__name__ for each in thing.__bases__ if each is not object)
        yield f"class {name}({bases})"
        yield from (f"    {line}" for line in _members(thing))
    elif inspect.isfunction(thing):
        yield f"{'async ' if inspect.iscoroutinefunction(thing) else ''}{name}{_signature(thing)}"
    else:
        yield f"{name} = {re.sub(r'[a-z_.]+[.](?=[A-Z])', '', str(thing))}"


def _members(thing: type) -> Iterator[str]:
    if issubclass(thing, enum.Enum):
        yield from (f"{each.name} = {each.value!r}" for each in thing)
        return
    if inspect.isfunction(thing.__init__) and not getattr(thing, "_is_protocol", False):
        yield f"__init__{_signature(thing)}"
    seen: set[str] = set()
    for owner in thing.__mro__:
        if owner.__module__.partition(".")[0] not in OURS:
            continue
        for name in sorted({*vars(owner), *inspect.get_annotations(owner)}):
            if not name.startswith("_") and name not in seen | {"model_config"}:
                seen.add(name)
                yield from _member(owner, name)


def _member(owner: type, name: str) -> Iterator[str]:
    found = inspect.getattr_static(owner, name, None)
    if isinstance(found, property) and found.fget is not None:
        yield f"{name}: {_signature(found.fget).partition(' -> ')[2]}"
    elif inspect.isfunction(found):
        yield f"{'async ' if inspect.iscoroutinefunction(found) else ''}{name}{_signature(found)}"
    elif annotation := inspect.get_annotations(owner).get(name):
        yield f"{name}: {_written(annotation)}"


def _signature(thing: Any) -> str:
    signature = inspect.signature(thing)
    parts, is_starred = [], False
    for each in signature.parameters.values():
        if each.kind is each.KEYWORD_ONLY and not is_starred:
            is_starred = True
            parts.append("*")
        is_starred = is_starred or each.kind is each.VAR_POSITIONAL
        stars = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
        kind = "" if each.annotation is each.empty else f": {_written(each.annotation)}"
        shown = ADDRESS.sub("", repr(each.default))
        shown = shown if len(shown) <= MOST_DEFAULT else "..."
        default = "" if each.default is each.empty else f" = {shown}"
        parts.append(f"{stars}{each.name}{kind}{default}")
    told = signature.return_annotation
    returned = "" if told is signature.empty else f" -> {_written(told)}"
    return f"({', '.join(parts)}){returned}"


def _written(annotation: Any) -> str:
    """An annotation as its module writes it."""
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


if __name__ == "__main__":
    sys.path.insert(0, str(TREE))
    FROZEN.write_text(frozen(), encoding="utf-8")
    PAGE.write_text(whole(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
