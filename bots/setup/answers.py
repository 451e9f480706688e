"""Where answers come from: a person at a terminal, lines of a pipe, or a file."""

from __future__ import annotations

import getpass
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import typer

from bots.setting_rules.errors import nearest
from bots.setup.ports import AnswerRefusedError, Choice, Question
from core.domain import SettingRefused

Answer = str | tuple[str, ...]
MARK = "! "


class Answers(Protocol):
    """Gives an answer to each question."""

    def say(self, text: str) -> None:
        """Show a paragraph."""
        ...

    async def give(self, question: Question, *, is_set: bool) -> Answer:
        """The next answer. Empty means to keep what is set (`is_set`), or the default.

        Raises:
            SettingRefused: there is none.
        """
        ...

    def refuse(self, question: Question, refused: AnswerRefusedError) -> None:
        """Tell why an answer does not do, so that it is given anew.

        Raises:
            SettingRefused: nobody can give another one.
        """
        ...


def read_answers(path: Path) -> dict[str, Answer]:
    """Read an answers file: TOML, `key = "value"` below `[section]`.

    Raises:
        SettingRefused: no such file, no TOML, or something else than words.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingRefused(str(path), fix=f"the file can't be read ({error.strerror})") from None
    except ValueError as error:
        raise SettingRefused(str(path), fix=f"this is not valid TOML: {error}") from None
    found: dict[str, Answer] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            found.update({f"{name}.{key}": _answer(f"{name}.{key}", each) for key, each in value.items()})
        else:
            found[name] = _answer(name, value)
    return found


def _answer(name: str, value: Any) -> Answer:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(value)
    raise SettingRefused(name, fix='write the answer in quotes: "..."')


@dataclass(slots=True)
class FromFile:
    """Answers that were written before; each is given once."""

    path: Path
    given: Mapping[str, Answer]
    used: set[str] = field(default_factory=set)

    def check_names(self, known: Iterable[str]) -> None:
        """Refuse, by name, answers that no question has.

        Raises:
            SettingRefused: the first of them.
        """
        names = list(known)
        for name in self.given:
            if name not in names:
                raise SettingRefused(
                    f"{self.path}: {name}", fix=f"there is no such question{nearest(name, names)}"
                )

    def check_all_used(self) -> None:
        """Refuse, by name, answers that nothing asked for.

        Raises:
            SettingRefused: the first of them.
        """
        for name in self.given:
            if name not in self.used:
                fix = "nothing asks for it with the other answers: leave it out"
                raise SettingRefused(f"{self.path}: {name}", fix=fix)

    def say(self, text: str) -> None:
        typer.echo(f"{text}\n")

    async def give(self, question: Question, *, is_set: bool) -> Answer:
        self.used.add(question.name)
        found = self.given.get(question.name)
        if found is None and not is_set and not question.default:
            fix = f"the answer is missing: {question.text}"
            raise SettingRefused(f"{self.path}: {question.name}", fix=fix)
        return found or ""

    def refuse(self, question: Question, refused: AnswerRefusedError) -> None:
        fix = f"{refused.why}; {refused.cure}" if refused.cure else refused.why
        raise SettingRefused(f"{self.path}: {question.name}", fix=fix)


class _Asking:
    def say(self, text: str) -> None:
        typer.echo(f"{text}\n")

    def refuse(self, question: Question, refused: AnswerRefusedError) -> None:
        typer.echo(f"{MARK}{refused.why}")
        if refused.cure:
            typer.echo(f"  -> {refused.cure}")
        if refused.passing:
            typer.echo("  Enter tries the same answer once more.")


class FromLines(_Asking):
    """Lines of a pipe, or of a terminal that can show nothing but lines: choices by number or by value."""

    async def give(self, question: Question, *, is_set: bool) -> Answer:
        typer.echo(f"{question.text}{_hint(question, is_set=is_set)}")
        for number, choice in enumerate(question.choices, 1):
            typer.echo(f"  {number}  {choice.label}")
        line = self._line(question)
        if question.takes_many:
            return tuple(_chosen(question.choices, each) for each in line.replace(",", " ").split())
        return _chosen(question.choices, line)

    @staticmethod
    def _line(question: Question) -> str:
        if question.is_secret and sys.stdin.isatty():
            return getpass.getpass("> ").strip()
        line = sys.stdin.readline()
        if not line:
            raise SettingRefused(question.name, fix=f"the input ended before the answer: {question.text}")
        return line.strip()


class FromTerminal(_Asking):
    """A person at a terminal, asked with questionary: choices by arrow keys, secrets hidden."""

    async def give(self, question: Question, *, is_set: bool) -> Answer:
        import questionary  # it takes a tenth of a second, and `init` alone asks

        text = f"{question.text}{_hint(question, is_set=is_set)}"
        if question.is_secret:
            return str(await questionary.password(text).unsafe_ask_async()).strip()
        if question.takes_many:
            boxes = [questionary.Choice(each.label, each.value) for each in question.choices]
            return tuple(await questionary.checkbox(text, boxes).unsafe_ask_async())
        if question.choices:
            offered = [questionary.Choice(each.label, each.value) for each in question.choices]
            keep = [questionary.Choice("keep what is set", "")] if is_set else []
            other = [questionary.Choice("another one", _OTHER)] if question.takes_others else []
            picked = await questionary.select(text, [*keep, *offered, *other]).unsafe_ask_async()
            if picked != _OTHER:
                return str(picked)
        return str(await questionary.text(text).unsafe_ask_async()).strip()


_OTHER = "\0another"


def asking() -> Answers:
    """Ask whoever sits at the terminal, or read lines where there is none."""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return FromTerminal() if is_terminal else FromLines()


def _hint(question: Question, *, is_set: bool) -> str:
    if is_set:
        return " (Enter keeps what is set)"
    return f" (Enter: {question.default})" if question.default else ""


def _chosen(choices: Sequence[Choice], given: str) -> str:
    """The value of a choice that was named by its number; else what was written."""
    if given.isdecimal() and 0 < int(given) <= len(choices):
        return choices[int(given) - 1].value
    return given
