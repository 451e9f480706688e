"""`aivax-bots turns`: what was asked, how far it is, and what an operator can do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bots import INTERRUPTED
from bots.cli.options import Commands, ConfigPath

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

turns = typer.Typer(
    cls=Commands,
    name="turns",
    help="What people asked: how far it is, and what can be done about it.",
    no_args_is_help=True,
)


Turn = Annotated[
    str, typer.Argument(help="Its number, the reference that its author was told, or a link to its message.")
]
OlderThan = Annotated[
    str, typer.Option("--older-than", help="Only what was stored that long ago, such as 30m, 12h or 7d.")
]


@turns.command(
    "list",
    epilog="""\b
Examples:
  aivax-bots turns list
  aivax-bots turns list --state held,failed --older-than 2h
  aivax-bots turns list --platform slack --json""",
)
def list_(
    config: ConfigPath = None,
    state: Annotated[
        str,
        typer.Option(
            help="Only these, with commas between: waiting, running, held, failed, answered, cancelled, superseded."
        ),
    ] = "waiting,running,held,failed",
    platform: Annotated[str, typer.Option(help="Only of this one, such as slack.")] = "",
    older_than: OlderThan = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest so many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """List turns, beside a running bot too. Nobody's words are shown."""
    from bots.cli.operations.turn_list import list_turns

    _finish(config, lambda settings: list_turns(settings, state, platform, older_than, limit, as_json))


@turns.command(
    "show",
    epilog="""\b
Examples:
  aivax-bots turns show 1234
  aivax-bots turns show ab12cd34 --text""",
)
def show(
    turn: Turn,
    config: ConfigPath = None,
    text: Annotated[bool, typer.Option("--text", help="Show what was said, too.")] = False,
) -> None:
    """Tell what became of a turn, step by step, and what is kept of it."""
    from bots.cli.operations.turn_list import show_turn

    _finish(config, lambda settings: show_turn(settings, turn, with_text=text))


@turns.command("retry", epilog="\b\nExamples:\n  aivax-bots turns retry 1234")
def retry(turn: Turn, config: ConfigPath = None) -> None:
    """Try a failed, held or delayed turn again now; a running bot takes it up."""
    from bots.cli.operations.turn_changes import change

    _finish(config, lambda settings: change(settings, turn, "retry"))


@turns.command("drop", epilog="\b\nExamples:\n  aivax-bots turns drop 1234")
def drop(turn: Turn, config: ConfigPath = None) -> None:
    """Take a waiting turn out of the line; its author is told."""
    from bots.cli.operations.turn_changes import change

    _finish(config, lambda settings: change(settings, turn, "drop"))


def _finish(config: Any, work: Any) -> None:
    from bots.cli.commandline import configured, finish  # --help stays fast

    running: Coroutine[Any, Any, int] = work(configured(config, quiet=True)[0])
    finish(running, interrupted=INTERRUPTED)
