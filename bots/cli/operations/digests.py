"""`aivax-bots digests`: when each is due, and what one would say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bots import INTERRUPTED
from bots.cli.options import Commands, ConfigPath

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from pathlib import Path
    from typing import Any

    from bots.frontends import Plugin
    from bots.settings import Settings

digests = typer.Typer(
    cls=Commands,
    name="digests",
    help="Channels that are summarised at a time of day ([[digests]]).",
    no_args_is_help=True,
)


@digests.command(
    "list", epilog="\b\nExamples:\n  aivax-bots digests list\n  aivax-bots digests list --json | jq .digests"
)
def list_(
    config: ConfigPath = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """List the digests: when the next is due, and what came of the last. Beside a running bot, too."""
    from bots.cli.operations.digest_runs import list_digests

    _finish(config, lambda settings, _: list_digests(settings, as_json=as_json))


@digests.command("run", epilog="\b\nExamples:\n  aivax-bots digests run engineering")
def run(
    name: Annotated[str, typer.Argument(help="A digest's name, as `list` shows it.")],
    config: ConfigPath = None,
) -> None:
    """Make the digest that was due last, and print it: nothing is posted or stored. The model is asked, and paid."""
    from bots.cli.operations.digest_runs import print_digest

    _finish(config, lambda settings, plugins: print_digest(settings, plugins, name))


def _finish(
    config: Path | None, work: Callable[[Settings, Mapping[str, Plugin]], Coroutine[Any, Any, int]]
) -> None:
    from bots.cli.commandline import configured, finish  # --help stays fast

    finish(work(*configured(config, quiet=True)), interrupted=INTERRUPTED)
