"""`aivax-bots places`: what admins of servers and channels set for them in chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bots import INTERRUPTED
from bots.cli.options import Commands, ConfigPath

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path
    from typing import Any

    from bots.settings import Settings

places = typer.Typer(
    cls=Commands,
    name="places",
    help="What admins of servers and channels set for them in chat ([place_admins]).",
    no_args_is_help=True,
)


@places.command(
    "list", epilog="\b\nExamples:\n  aivax-bots places list\n  aivax-bots places list --json | jq .settings"
)
def list_(
    config: ConfigPath = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """List what is set, and what of it does not hold as the configuration is now. Beside a running bot, too."""
    from bots.cli.operations.place_settings import list_settings

    _finish(config, lambda settings: list_settings(settings, as_json=as_json))


@places.command(
    "clear",
    epilog="""\b
Examples:
  aivax-bots places clear discord:1234567890
  aivax-bots places clear slack:T0123456/C0123456 --setting answers""",
)
def clear(
    place: Annotated[
        str, typer.Argument(help="As `list` shows it: a server with all its channels, or one channel.")
    ],
    config: ConfigPath = None,
    setting: Annotated[str, typer.Option(help="Only this setting, such as language.")] = "",
) -> None:
    """Take away what is set for a server or channel; a running bot goes by it at once."""
    from bots.cli.operations.place_settings import clear_settings, scope_of

    scope = scope_of(place, setting)
    _finish(config, lambda settings: clear_settings(settings, scope, setting))


def _finish(config: Path | None, work: Callable[[Settings], Coroutine[Any, Any, int]]) -> None:
    from bots.cli.commandline import configured, finish  # --help stays fast

    finish(work(configured(config, quiet=True)[0]), interrupted=INTERRUPTED)
