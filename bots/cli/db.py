"""`aivax-bots db`: the schema, backups and their restore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bots import INTERRUPTED, PROBLEM
from bots.cli.options import Commands, ConfigPath

if TYPE_CHECKING:
    from bots.settings import Settings

database = typer.Typer(
    cls=Commands, name="db", help="The database: its schema, backup and restore.", no_args_is_help=True
)


@database.command("upgrade")
def upgrade(config: ConfigPath = None) -> None:
    """Bring the database to this version's schema. `run` and `chat` do it by themselves."""
    from bots.cli.commandline import configured, finish  # --help and --version stay fast

    finish(_on_database(configured(config)[0], "upgrade"), interrupted=INTERRUPTED)


@database.command("downgrade")
def downgrade(
    revision: Annotated[str, typer.Argument(help="The revision of the older version.")] = "",
    config: ConfigPath = None,
) -> None:
    """Refused: going back to an older version means restoring the backup of before. Changes nothing, and says how."""
    from bots.cli.commandline import configured, finish  # likewise

    finish(_refuse_downgrade(configured(config, quiet=True)[0], revision), interrupted=INTERRUPTED)


@database.command("current")
def current(config: ConfigPath = None) -> None:
    """Print the revision of the database's schema, and the one that this version needs."""
    from bots.cli.commandline import configured, finish  # likewise

    finish(_on_database(configured(config)[0], "current"), interrupted=INTERRUPTED)


@database.command("backup")
def backup(
    path: Annotated[
        Path | None,
        typer.Argument(help="The file to write; else one named by the time, in [backup] folder."),
    ] = None,
    config: ConfigPath = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    keep: Annotated[
        int | None, typer.Option(help="How many of the newest stay in the folder; else [backup] keep.", min=1)
    ] = None,
    every_hours: Annotated[
        float | None, typer.Option(help="Go on until stopped, with one every so many hours.", min=0.01)
    ] = None,
) -> None:
    """Write the whole database into one file, while the bot goes on. [backup] recipients: encrypted for them."""
    from bots.cli.backups import Backups  # likewise
    from bots.cli.commandline import configured, finish, until_terminated

    settings = configured(config)[0]
    backups = Backups(settings.storage.server_url, settings.backup, typer.echo, keep=keep)
    if every_hours is not None:
        finish(until_terminated(backups.go_on(every_hours)))
    work = backups.write(path, force=force) if path is not None else backups.add()
    finish(until_terminated(work), interrupted=INTERRUPTED)


@database.command("restore")
def restore(
    path: Annotated[Path, typer.Argument(help="What `db backup` wrote.")], config: ConfigPath = None
) -> None:
    """Put a backup in the database's place. Stop the bot first; a replaced SQLite file is kept."""
    from bots.cli.backups import Backups  # likewise
    from bots.cli.commandline import configured, finish, until_terminated

    settings = configured(config)[0]
    backups = Backups(settings.storage.server_url, settings.backup, typer.echo)
    finish(until_terminated(backups.put_back(path)), interrupted=INTERRUPTED)


@database.command("drill")
def drill(
    path: Annotated[
        Path | None, typer.Argument(help="What `db backup` wrote; else the newest in [backup] folder.")
    ] = None,
    config: ConfigPath = None,
    into: Annotated[
        str, typer.Option(help="PostgreSQL: the address of an empty database, where none may be made.")
    ] = "",
    max_age_hours: Annotated[
        float | None, typer.Option(help="Fail where the newest in the folder is older than this.", min=0)
    ] = None,
) -> None:
    """Restore a backup into a temporary place, look through it, and say what is in it."""
    from bots.cli.backups import Backups  # likewise
    from bots.cli.commandline import configured, finish, until_terminated

    settings = configured(config, quiet=True)[0]
    backups = Backups(settings.storage.server_url, settings.backup, typer.echo)
    finish(until_terminated(backups.drill(path, into, max_age_hours)), interrupted=INTERRUPTED)


@database.command("key")
def key(path: Annotated[Path, typer.Argument(help="The file to write.")]) -> None:
    """Make the key that opens encrypted backups: the secret one into a new file, the public one on the screen."""
    from bots.cli.backups import make_key  # likewise
    from bots.cli.commandline import finish

    finish(make_key(path, typer.echo))


@database.command("move")
def move(
    to: Annotated[
        str,
        typer.Option(
            help="The empty PostgreSQL database. Leave a password to $PGPASSWORD: options are seen by all."
        ),
    ],
    config: ConfigPath = None,
) -> None:
    """Move all data from the SQLite file into PostgreSQL. Stop the bot first; the file stays as it is."""
    from bots.cli.commandline import configured, finish, until_terminated  # likewise

    url = configured(config)[0].storage.url
    finish(until_terminated(_move(url, to)), interrupted=INTERRUPTED)


async def _move(url: str, to: str) -> int:
    from core.storage.db import parse_url  # likewise
    from core.storage.ops.move import move as move_all

    rows = await move_all(url, to, typer.echo)
    shown = parse_url(to).render_as_string(hide_password=True)
    typer.echo(f"moved {sum(rows.values())} rows, and compared them; now set [storage] url to {shown}")
    return 0


async def _refuse_downgrade(settings: Settings, revision: str) -> int:
    from bots.cli.operations.reach import reading  # likewise
    from core.storage.db import migrate

    async with reading(settings) as opened:
        stands = await migrate.seen(opened) or "none"
        back = f" and does not go back to {revision}" if revision else ""
        typer.echo(
            f"aivax-bots: {opened.shown_url} is at revision {stands}{back} (this version needs {migrate.head()}): "
            "an older schema has no place for what was stored since. To go back, stop every process, install the "
            "older version, and restore with it the backup of before the update: aivax-bots db restore FILE",
            err=True,
        )
    return PROBLEM


async def _on_database(settings: Settings, action: Literal["upgrade", "current"]) -> int:
    from core.storage.db import migrate  # likewise
    from core.storage.db.engine import Database
    from core.storage.dispatch.schema import prepare

    async with Database(settings.storage.server_url) as opened:
        if action == "upgrade":
            typer.echo(f"{opened.shown_url} is at revision {await migrate.upgrade(opened)}")
            if jobs := await prepare(opened, settings.storage.dispatch):
                typer.echo(f"the tables of Procrastinate's jobs are at {jobs}")
        else:
            revision = await migrate.current(opened) or "none"
            typer.echo(f"{opened.shown_url} is at revision {revision}; this version needs {migrate.head()}")
    return 0
