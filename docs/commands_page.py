"""Writes the reference of commands in docs/cli.md from the commands themselves: `make commands`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

PAGE = Path(__file__).parent / "cli.md"
BEGIN = "<!-- From here on the page is written by `make commands`. -->\n"
OF_EVERY_COMMAND = {"--help", "--config", "--install-completion", "--show-completion"}
"""What the page tells once, at its head."""


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its whole name, groups before what is in them."""
    from bots.cli.main import cli

    yield from _below(typer.main.get_command(cli), "aivax-bots", None)


def reference() -> str:
    """The part of the page below its head."""
    parts = [BEGIN]
    for name, command in commands():
        is_group = hasattr(command, "list_commands")
        parts.append(f"{'##' if is_group else '###'} `{name}`\n")
        if name != "aivax-bots":
            parts.append(f"{_text(command.help)}\n")
        if usage := _usage(name, command, is_group=is_group):
            parts.append(f"```console\n$ {usage}\n```\n")
        if rows := list(_rows(command)):
            parts.append("\n".join(["| Option | Does |", "| --- | --- |", *rows]) + "\n")
        if command.epilog:
            shown = inspect.cleandoc(command.epilog.replace("\b", "")).removeprefix("Examples:").strip("\n")
            parts.append(f"```sh\n{inspect.cleandoc(shown)}\n```\n")
    return "\n".join(parts)


def whole(page: str) -> str:
    """A page with its reference as it is now."""
    return page.partition(BEGIN)[0] + reference()


def _below(command: Any, name: str, above: Any) -> Iterator[tuple[str, Any]]:
    yield name, command
    if hasattr(command, "list_commands"):
        context = _context(command, name, above)
        for each in sorted(set(command.list_commands(context)) - _of_others()):
            yield from _below(command.get_command(context, each), f"{name} {each}", context)


def _of_others() -> set[str]:
    """The platforms that packages beside aivax-bots bring: their own pages tell of them."""
    from bots.entry_points import found

    return {entry.name for entry in found() if not entry.value.startswith("bots.")}


def _context(command: Any, name: str, above: Any) -> Any:
    return command.make_context(name.rpartition(" ")[2], [], parent=above, resilient_parsing=True)


def _usage(name: str, command: Any, *, is_group: bool) -> str:
    arguments = [each.name.upper() for each in command.params if each.param_type_name == "argument"]
    return "" if is_group or not arguments else " ".join([name, *arguments])


def _rows(command: Any) -> Iterator[str]:
    for each in command.params:
        if each.param_type_name == "argument":
            yield f"| {each.name.upper()} | {_text(each.help)} |"
        elif not OF_EVERY_COMMAND.intersection(each.opts):
            default = each.default
            told = (
                f" By default {default}."
                if default not in (None, "", False, True) and not callable(default)
                else ""
            )
            yield f"| `{', '.join(each.opts)}` | {_text(each.help)}{told} |"


def _text(help_text: str | None) -> str:
    return " ".join((help_text or "").replace("|", "\\|").split())


if __name__ == "__main__":
    sys.path.insert(0, str(PAGE.parents[1]))
    PAGE.write_text(whole(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
