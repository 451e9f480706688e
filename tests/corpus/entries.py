"""The entries of the corpus: text files in sections, which people write and read."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
_HEADING = re.compile(r"^=== (given|expected) ([a-z][a-z0-9 -]*) ===$", re.MULTILINE)

Rendered = Mapping[str, str]
Render = Callable[["Entry"], Rendered | Awaitable[Rendered]]


@dataclass(frozen=True)
class Entry:
    """One file: what it shows, what is given, and what must come of it."""

    path: Path

    @property
    def id(self) -> str:
        return f"{self.path.parent.name}/{self.path.stem}"

    @cached_property
    def _parts(self) -> tuple[str, ...]:
        return tuple(_HEADING.split(self.path.read_text(encoding="utf-8")))

    @property
    def says(self) -> str:
        """The line above the first section: what is special here."""
        return self._parts[0].strip()

    @cached_property
    def given(self) -> Mapping[str, str]:
        return self._sections("given")

    @cached_property
    def expected(self) -> Mapping[str, str]:
        return self._sections("expected")

    def json(self, section: str) -> Any:
        """Read a given section as JSON."""
        return json.loads(self.given[section])

    def _sections(self, side: str) -> Mapping[str, str]:
        triples = zip(self._parts[1::3], self._parts[2::3], self._parts[3::3], strict=True)
        return {name: text.strip("\n") for kind, name, text in triples if kind == side}

    async def difference(self) -> str:
        """What stands in the way between what comes of it and what must: a diff, `""` where all is well."""
        module = import_module(f"tests.corpus.{self.path.parent.name}.render")
        rendered = module.render(self)
        came: Rendered = await rendered if inspect.isawaitable(rendered) else rendered
        lines: list[str] = []
        for name in sorted({*self.expected, *came}):
            golden, text = self.expected.get(name, ""), visible(came.get(name, "").strip("\n"))
            lines += unified_diff(
                golden.split("\n"), text.split("\n"), f"{self.id}: {name}, by hand", "as it is", lineterm=""
            )
        return "\n".join(lines)


def visible(text: str) -> str:
    """Show what an editor would hide or strip: blanks at a line's end, and characters that have no width."""
    text = re.sub(r"[ \t]+$", lambda blanks: "·" * len(blanks[0]), text, flags=re.MULTILINE)
    return re.sub(r"[\u200b-\u200f\u2060\ufeff\x00]", lambda sign: f"\\u{ord(sign[0]):04x}", text)


def entries() -> Iterator[Entry]:
    """Every entry, in the order of its name."""
    return map(Entry, sorted(FOLDER.glob("*/*.txt")))
