"""The commands."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, Literal

import structlog
import typer
from typer.core import TyperGroup

from bots import logs
from bots.frontends import Plugin, Print, installed, names
from bots.redaction import secrets_in
from bots.settings import LogSettings, Settings, SettingsRefused, load
from core import __version__
from core.errors import BotError, DatabaseBusy, DatabaseNewer, DatabaseUnreachable, ProgramMissing

log = structlog.get_logger(__name__)

CRASH = 1
PROBLEM = 2
"""The exit status when a setting or the database keeps a command from starting."""
INTERRUPTED = 130



class WithPlatforms(TyperGroup):
    """The commands, and those that the installed frontends bring: `aivax-bots slack manifest`."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *names()]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return super().get_command(ctx, cmd_name) or _platform(cmd_name)


cli = typer.Typer(
    name="aivax-bots",
    cls=WithPlatforms,
    help="Slack and Discord bots that answer from an AIVAX gateway.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
database = typer.Typer(name="db", help="The database: its schema, backup and restore.", no_args_is_help=True)
cli.add_typer(database)
replies = typer.Typer(name="replies", help="The sentences that the bot says by itself.", no_args_is_help=True)
cli.add_typer(replies)

ConfigPath = Annotated[
    Path | None,
    typer.Option(
        "--config", help="The configuration; else $AIVAX_BOTS_CONFIG, else ./config.toml.", dir_okay=False
    ),
]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"aivax-bots {__version__}")
        raise typer.Exit


@cli.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    del version


@cli.command()
def run(
    config: ConfigPath = None,
    role: Annotated[
        Literal["all", "listen", "work"],
        typer.Option(help="On PostgreSQL: take messages in, answer them, or both."),
    ] = "all",
) -> None:
    """Serve the configured frontends until SIGINT or SIGTERM."""
    from bots.serve import Role  # --help and --version stay fast
    from bots.serve import run as serve

    settings, plugins = _configured(config)
    _finish(_until_stopped(lambda stop: serve(settings, plugins, stop, Role(role))))


@cli.command()
def chat(
    config: ConfigPath = None,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Use a simulated gateway: no account, no key, no cost.")
    ] = False,
) -> None:
    """Talk with the bot in this terminal; each piped line is a message."""
    from bots.chat import chat as converse  # --help and --version stay fast

    settings, _ = _configured(config, quiet=True)
    _finish(_until_terminated(converse(settings, sandbox=sandbox)))


@cli.command()
def sandbox(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.", min=0, max=65535)] = 8787,
    balance: Annotated[float, typer.Option(help="The prepaid balance in USD.")] = 5.00,
    plan: Annotated[Literal["free", "pro", "max"], typer.Option(help="Whose rate limits apply.")] = "free",
) -> None:
    """Serve a simulated AIVAX gateway, for trying things out and for tests."""
    from sandbox.server import GATEWAY, PRIVATE_KEY, Sandbox, run_forever  # --help and --version stay fast

    def tell(server: Sandbox) -> None:
        typer.echo(f"The sandbox answers at {server.base_url}/v1 (key {PRIVATE_KEY}, model {GATEWAY}).")

    _finish(run_forever(host=host, port=port, balance=balance, plan=plan, on_ready=tell))


@cli.command()
def drill(
    name: Annotated[str, typer.Argument(help="Which one; `all` plays them one after the other.")] = "",
    listed: Annotated[bool, typer.Option("--list", help="Print which drills there are, and end.")] = False,
) -> None:
    """Rehearse what happens when AIVAX says no: a scripted fault in a simulated gateway, and what each side sees."""
    from bots.drills.running import chosen, listing, perform  # --help and --version stay fast

    if listed:
        typer.echo(listing())
    else:
        _finish(_until_terminated(perform(chosen(name), typer.echo)), interrupted=INTERRUPTED)


@replies.command("preview")
def preview(
    locale: Annotated[str, typer.Option(help="A language, such as pt-BR; else all.")] = "",
    config: ConfigPath = None,
) -> None:
    """Print every sentence, with sample values."""
    from bots.replies import pages  # --help and --version stay fast

    settings, _ = _configured(config, quiet=True)
    typer.echo("\n\n".join(pages(settings.replies, locale)))
    _flush()


def _platform(name: str) -> Any:
    """The commands of one platform; None where it has none."""
    plugin = installed().get(name) if name in names() else None
    if plugin is None or not plugin.prints:
        return None
    group = typer.Typer(name=name, help=f"Setting {name} up.", no_args_is_help=True)
    for key, text_of in plugin.prints.items():
        group.command(key, help=inspect.getdoc(text_of))(_printing(name, text_of))
    return typer.main.get_group(group)


def _printing(name: str, text_of: Print) -> Any:
    def show(config: ConfigPath = None) -> None:
        from core.reply.voices import Voices  # --help and --version stay fast

        settings, _ = _configured(config, quiet=True)
        try:
            text = text_of(settings.frontend(name), Voices(settings.replies).of(""))
        except BotError as error:
            raise typer.Exit(_tell(error)) from None
        typer.echo(text)
        _flush()

    return show


@database.command("upgrade")
def upgrade(config: ConfigPath = None) -> None:
    """Bring the database to this version's schema. `run` and `chat` do it by themselves."""
    _finish(_on_database(_configured(config)[0], "upgrade"), interrupted=INTERRUPTED)


@database.command("current")
def current(config: ConfigPath = None) -> None:
    """Print the revision of the database's schema, and the one that this version needs."""
    _finish(_on_database(_configured(config)[0], "current"), interrupted=INTERRUPTED)


@database.command("backup")
def backup(
    path: Annotated[Path, typer.Argument(help="The file to write.")],
    config: ConfigPath = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write the whole database into one file, while the bot goes on."""
    url = _configured(config)[0].storage.url
    _finish(_until_terminated(_back_up(url, path, force=force)), interrupted=INTERRUPTED)


@database.command("restore")
def restore(
    path: Annotated[Path, typer.Argument(help="What `db backup` wrote.")], config: ConfigPath = None
) -> None:
    """Put a backup in the database's place. Stop the bot first; a replaced SQLite file is kept."""
    url = _configured(config)[0].storage.url
    _finish(_until_terminated(_restore(url, path)), interrupted=INTERRUPTED)


async def _back_up(url: str, path: Path, *, force: bool) -> int:
    from core.storage.backup import back_up  # --help and --version stay fast

    await back_up(url, path, overwrite=force)
    typer.echo(f"wrote {path}")
    return 0


async def _restore(url: str, path: Path) -> int:
    from core.storage.backup import restore as put_back  # --help and --version stay fast

    kept = await put_back(url, path)
    typer.echo(f"restored {path}" + (f"; the database of before is kept as {kept}" if kept else ""))
    return 0


async def _on_database(settings: Settings, action: Literal["upgrade", "current"]) -> int:
    from core.storage import schema  # --help and --version stay fast
    from core.storage.engine import Database

    async with Database(settings.storage.url) as opened:
        if action == "upgrade":
            typer.echo(f"{opened.shown_url} is at revision {await schema.upgrade(opened)}")
        else:
            revision = await schema.current(opened) or "none"
            typer.echo(f"{opened.shown_url} is at revision {revision}; this version needs {schema.head()}")
    return 0


def _configured(config: Path | None, *, quiet: bool = False) -> tuple[Settings, dict[str, Plugin]]:
    """Read the configuration and set up the log; a problem ends the program with a sentence."""
    logs.configure(LogSettings())
    plugins = installed()
    try:
        settings = load(plugins, path=config, environment=os.environ)
    except SettingsRefused as refused:
        for problem in refused.problems:
            typer.echo(f"aivax-bots: {problem}", err=True)
        raise typer.Exit(PROBLEM) from None
    wanted = settings.log
    if quiet and "level" not in wanted.model_fields_set:
        wanted = wanted.model_copy(update={"level": "warning"})
    logs.configure(wanted, secrets_in(settings))
    return settings, plugins


async def _until_terminated(work: Coroutine[Any, Any, int]) -> int:
    """Have SIGTERM end the work as Ctrl-C does: by cancelling it."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return task.result()


async def _until_stopped(serve: Any) -> int:
    """Run until SIGINT or SIGTERM asks to stop; the second one is not waited for."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _stopper(loop, number, stop))
    status: int = await serve(stop)
    return status


def _stopper(loop: asyncio.AbstractEventLoop, number: int, stop: asyncio.Event) -> Any:
    def on_signal() -> None:
        stop.set()
        loop.remove_signal_handler(number)

    return on_signal


def _finish(work: Coroutine[Any, Any, int | None], *, interrupted: int = 0) -> None:
    """Run a command to its end and leave with its status; what it refuses becomes a sentence."""
    try:
        status = asyncio.run(work)
    except (KeyboardInterrupt, asyncio.CancelledError):
        status = interrupted
    except Exception as error:  # noqa: BLE001  nothing above would keep secrets out of the trace
        status = _tell(error)
    _flush()
    raise typer.Exit(status or 0)


def _tell(error: Exception) -> int:
    """Say why a command ended early: a sentence for what was foreseen, the log has the rest; the exit status."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, BotError | OSError):
        typer.echo(f"aivax-bots: {sentence(error)}", err=True)
        return PROBLEM
    log.error("command.crashed", exc_info=error)
    return CRASH


def _flush() -> None:
    """Bring out what is printed. When nobody reads it any more, keep the interpreter from complaining at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def sentence(problem: Exception) -> str:
    """What the operator reads when a command can't start."""
    match problem:
        case DatabaseNewer():
            return (
                f"the database is at revision {problem.revision}, which this version ({__version__}) does not know: "
                "it was written by a newer aivax-bots. Install that version again, or restore a backup."
            )
        case DatabaseBusy():
            return (
                f"{problem.path} is in use by another `aivax-bots run` or `chat`. "
                "Stop that one first, or set another [storage] url."
            )
        case DatabaseUnreachable():
            return f"[storage] url: {problem.url} can't be opened: {problem.reason}"
        case ProgramMissing():
            return (
                f"{problem.program} is not on PATH. It comes with PostgreSQL's client programs "
                "(Debian, Ubuntu: apt install postgresql-client), in the server's version or a newer one."
            )
        case OSError(strerror=str(reason)):
            return f"{problem.filename}: {reason}" if problem.filename else reason
        case _:
            return str(problem)


def main() -> None:
    """The console script."""
    cli()
