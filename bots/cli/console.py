"""`aivax-bots console`: the way into the web console from the machine itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from bots.cli.operations.system_user import system_user
from bots.cli.options import Commands, ConfigPath

if TYPE_CHECKING:
    from bots.settings import Settings

console = typer.Typer(
    cls=Commands, name="console", help="The web console for operators.", no_args_is_help=True
)


@console.callback()
def _group() -> None:
    """Keep `link` a word of its own: typer would make the group of one command that command."""


@console.command(
    "link",
    epilog="""\b
Example:
  aivax-bots console link""",
)
def link(config: ConfigPath = None) -> None:
    """Print a one-time link for an owner: for the first sign-in, or the way back in. A running bot takes it, too."""
    from bots.cli.commandline import configured, finish

    finish(_link(configured(config, quiet=True)[0]))


async def _link(settings: Settings) -> int:
    from bots.web.console.service import owners_link, sign_in_of
    from bots.web.console.settings import check_console, origin_of
    from core.domain import SettingRefused
    from core.storage.db import Database, held_alone, migrate

    web = settings.web
    if not web.console.enabled:
        raise SettingRefused("[web.console] enabled", value="false", fix="write true: the console is off")
    check_console(web.console, web.host)
    async with Database(settings.storage.url) as database:
        if await migrate.seen(database) != migrate.head():  # never begun by this version
            with held_alone(database.path):
                await migrate.upgrade(database)
        address = await owners_link(
            sign_in_of(web.console, database), origin_of(web.console, web.host, web.port), system_user()
        )
    typer.echo(f"{address}\nIt lets one owner in, once, in the next {web.console.link_minutes:g} minutes.")
    return 0
