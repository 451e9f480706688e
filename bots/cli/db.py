"""`aivax-bots db`: the schema, backup and restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from bots import INTERRUPTED
from bots.cli.commandline import ConfigPath, configured, finish, until_terminated
from bots.settings import Settings

database = typer.Typer(name="db", help="The database: its schema, backup and restore.", no_args_is_help=True)


@database.command("upgrade")
def upgrade(config: ConfigPath = None) -> None:
    """Bring the database to this version's schema. `run` and `chat` do it by themselves."""
    finish(_on_database(configured(config)[0], "upgrade"), interrupted=INTERRUPTED)


@database.command("current")
def current(config: ConfigPath = None) -> None:
    """Print the revision of the database's schema, and the one that this version needs."""
    finish(_on_database(configured(config)[0], "current"), interrupted=INTERRUPTED)


@database.command("backup")
def backup(
    path: Annotated[Path, typer.Argument(help="The file to write.")],
    config: ConfigPath = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write the whole database into one file, while the bot goes on."""
    url = configured(config)[0].storage.url
    finish(until_terminated(_back_up(url, path, force=force)), interrupted=INTERRUPTED)


@database.command("restore")
def restore(
    path: Annotated[Path, typer.Argument(help="What `db backup` wrote.")], config: ConfigPath = None
) -> None:
    """Put a backup in the database's place. Stop the bot first; a replaced SQLite file is kept."""
    url = configured(config)[0].storage.url
    finish(until_terminated(_restore(url, path)), interrupted=INTERRUPTED)


async def _back_up(url: str, path: Path, *, force: bool) -> int:
    from core.storage.ops.backup import back_up  # --help and --version stay fast

    await back_up(url, path, overwrite=force)
    typer.echo(f"wrote {path}")
    return 0


async def _restore(url: str, path: Path) -> int:
    from core.storage.ops.backup import restore as put_back  # --help and --version stay fast

    kept = await put_back(url, path)
    typer.echo(f"restored {path}" + (f"; the database of before is kept as {kept}" if kept else ""))
    return 0


async def _on_database(settings: Settings, action: Literal["upgrade", "current"]) -> int:
    from core.storage.db import migrate  # --help and --version stay fast
    from core.storage.db.engine import Database

    async with Database(settings.storage.url) as opened:
        if action == "upgrade":
            typer.echo(f"{opened.shown_url} is at revision {await migrate.upgrade(opened)}")
        else:
            revision = await migrate.current(opened) or "none"
            typer.echo(f"{opened.shown_url} is at revision {revision}; this version needs {migrate.head()}")
    return 0
