"""Where the value of each setting comes from: the file, a variable of the environment, or its default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, SecretStr

from bots.redaction import HIDDEN, TOKEN_LIKE

Source = Literal["default", "file", "environment", "reload"]
"""`reload`: it differs from what the process began with."""


@dataclass(slots=True)
class Origins:
    """What was read where, by section and key; a section that is a list of tables has the key `""`."""

    path: Path | None = None
    """The file that was read; None: there is none."""
    _in_file: set[tuple[str, str]] = field(default_factory=set)
    _variables: dict[tuple[str, str], str] = field(default_factory=dict)

    def in_file(self, path: Path | None, values: Mapping[str, Any]) -> None:
        """Note what a file holds, under the names of today."""
        self.path = path
        for section, held in values.items():
            self._note(section, held if isinstance(held, dict) else {"": held})

    def _note(self, section: str, held: Mapping[str, Any]) -> None:
        """Note a section's keys, and those of the tables in it."""
        self._in_file.update((section, key) for key in held)
        for key, table in held.items():
            if isinstance(table, dict):
                self._note(f"{section}.{key}", table)

    def in_variable(self, section: str, key: str, variable: str) -> None:
        """Note that a variable of the environment was laid over it."""
        self._variables[section, key] = variable

    def of(self, section: str, key: str) -> tuple[Source, str]:
        """Where a setting comes from, and the file or the variable; of a default: `""`."""
        if variable := self._variables.get((section, key)):
            return "environment", variable
        if (section, key) in self._in_file:
            return "file", str(self.path)
        return "default", ""


@dataclass(frozen=True, slots=True)
class Effective:
    """One setting as it holds."""

    section: str
    key: str
    """`""`: the section is a list of tables."""
    value: Any
    """As JSON has it, without secrets."""
    source: Source
    where: str

    @property
    def setting(self) -> str:
        return f"[{self.section}] {self.key}" if self.key else f"[[{self.section}]]"


@dataclass(frozen=True, slots=True)
class Pending:
    """What a reload would do now. Settings are named as `[section] key`."""

    live: Sequence[str] = ()
    """In force at once."""
    fixed: Sequence[str] = ()
    """In force after a restart."""
    problems: Sequence[str] = ()
    """Why it would be refused; then nothing would change."""

    def __bool__(self) -> bool:
        return bool(self.live or self.fixed or self.problems)


def effective(settings: BaseModel, origins: Origins) -> Iterator[Effective]:
    """Every setting, in the order of the sections, with its origin; secrets are masked."""
    for section, held in settings:
        if isinstance(held, BaseModel):
            yield from _of_section(section, held, origins)
        else:
            yield Effective(section, "", masked(held), *origins.of(section, ""))


def _of_section(section: str, held: BaseModel, origins: Origins) -> Iterator[Effective]:
    """A section's own settings, and then those of the sections in it, such as `[web.console]`."""
    for key, value in held:
        if not isinstance(value, BaseModel):
            yield Effective(section, key, masked(value), *origins.of(section, key))
    for key, value in held:
        if isinstance(value, BaseModel):
            yield from _of_section(f"{section}.{key}", value, origins)


def masked(value: Any) -> Any:
    """A value as JSON has it: of a secret only whether it is set, and nothing that looks like one."""
    match value:
        case SecretStr():
            return HIDDEN if value.get_secret_value() else ""
        case BaseModel():
            return {key: masked(inner) for key, inner in value}
        case dict():
            return {str(key): masked(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [masked(inner) for inner in value]
        case bool() | int() | float() | None:
            return value
        case _:
            return TOKEN_LIKE.sub(HIDDEN, str(value))
