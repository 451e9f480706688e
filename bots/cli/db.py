"""`aivax-bots db`: the schema, backup and restore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bots import INTERRUPTED
from bots.cli.options import ConfigPath

if TYPE_CHECKING:
    from bots.settings import Settings

database = typer.Typer(name="db", help="The database: its schema, backup and restore.", no_args_is_help=True)


@database.command("upgrade")
def upgrade(config: ConfigPath = None) -> None:
    """Bring the database to this version's schema. `run` and `chat` do it by themselves."""
    from bots.cli.commandline import configured, finish  # --help and --version stay fast

    finish(_on_database(configured(config)[0], "upgrade"), interrupted=INTERRUPTED)


@database.command("current")
def current(config: ConfigPath = None) -> None:
    """Print the revision of the database's schema, and the one that this version needs."""
    from bots.cli.commandline import configured, finish  # likewise

    finish(_on_database(configured(config)[0], "current"), interrupted=INTERRUPTED)


@database.command("backup")
def backup(
    path: Annotated[Path, typer.Argument(help="The file to write.")],
    config: ConfigPath = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write the whole database into one file, while the bot goes on."""
    from bots.cli.commandline import configured, finish, until_terminated  # likewise

    url = configured(config)[0].storage.url
    finish(until_terminated(_back_up(url, path, force=force)), interrupted=INTERRUPTED)


@database.command("restore")
def restore(
    path: Annotated[Path, typer.Argument(help="What `db backup` wrote.")], config: ConfigPath = None
) -> None:
    """Put a backup in the database's place. Stop the bot first; a replaced SQLite file is kept."""
    from bots.cli.commandline import configured, finish, until_terminated  # likewise

    url = configured(config)[0].storage.url
    finish(until_terminated(_restore(url, path)), interrupted=INTERRUPTED)


async def _back_up(url: str, path: Path, *, force: bool) -> int:
    from core.storage.ops.backup import back_up  # likewise

    await back_up(url, path, overwrite=force)
    typer.echo(f"wrote {path}")
    return 0


async def _restore(url: str, path: Path) -> int:
    from core.storage.ops.backup import restore as put_back  # likewise

    kept = await put_back(url, path)
    typer.echo(f"restored {path}" + (f"; the database of before is kept as {kept}" if kept else ""))
    return 0


async def _on_database(settings: Settings, action: Literal["upgrade", "current"]) -> int:
    from core.storage.db import migrate  # likewise
    from core.storage.db.engine import Database

    async with Database(settings.storage.url) as opened:
        if action == "upgrade":
            typer.echo(f"{opened.shown_url} is at revision {await migrate.upgrade(opened)}")
        else:
            revision = await migrate.current(opened) or "none"
            typer.echo(f"{opened.shown_url} is at revision {revision}; this version needs {migrate.head()}")
    return 0
