"""What every command needs: the configuration, a run to its end, and a sentence where it can't."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import typer

from bots import CRASH, PASSING, PROBLEM, logs
from bots.cli.printing.output import flush
from bots.frontends import Plugin, installed
from bots.redaction import secrets_in
from bots.setting_rules.origins import Origins
from bots.setting_rules.reading import SettingsRefused
from bots.settings import LogSettings, Settings, load
from core import __version__
from core.domain import (
    BackupRefused,
    BotError,
    DatabaseBusy,
    DatabaseCrowded,
    DatabaseDamaged,
    DatabaseFailed,
    DatabaseForbidden,
    DatabaseFull,
    DatabaseLocked,
    DatabaseNewer,
    DatabaseReadOnly,
    FrontendRefused,
    ProgramMissing,
    SchemaUnfit,
    SettingRefused,
)
from core.util.log import log


def configured(
    config: Path | None, *, quiet: bool = False, origins: Origins | None = None
) -> tuple[Settings, dict[str, Plugin]]:
    """Read the configuration and set up the log; a problem ends the program with a sentence.

    `origins` is told what was read where.
    """
    logs.configure(LogSettings())
    plugins = installed()
    renamed: dict[str, str] = {}
    try:
        settings = load(
            plugins, path=config, environment=os.environ, on_old_names=renamed.update, origins=origins
        )
    except SettingsRefused as refused:
        for problem in refused.problems:
            typer.echo(f"aivax-bots: {problem}", err=True)
        raise typer.Exit(PROBLEM) from None
    wanted = settings.log
    if quiet and "level" not in wanted.model_fields_set:
        wanted = wanted.model_copy(update={"level": "warning"})
    logs.configure(wanted, secrets_in(settings))
    if renamed:
        now_called = "; ".join(f"{old} is now {new}" for old, new in renamed.items())
        log.warning("settings.renamed", now_called=now_called)
    return settings, plugins


async def until_terminated(work: Coroutine[Any, Any, int]) -> int:
    """Have SIGTERM end the work as Ctrl-C does: by cancelling it."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return task.result()


_AFTER_GRACE_S = 25.0
"""How long after `[limits] shutdown_grace_s` a process that was asked to stop is ended by force."""


async def until_stopped(serve: Callable[[asyncio.Event], Awaitable[int]], grace_s: float) -> int:
    """Run until SIGINT or SIGTERM asks to stop; the second one is not waited for.

    A process that has not ended `grace_s` and some seconds after it was asked writes where it hangs, and ends as a
    crash does: what it had taken in is stored, and is taken up at the next start.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: int) -> None:
        stop.set()
        # a thread of C: no blocked loop holds it up
        faulthandler.dump_traceback_later(grace_s + _AFTER_GRACE_S, exit=True)
        loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal, number)
    return await serve(stop)


def finish(work: Coroutine[Any, Any, int | None], *, interrupted: int = 0) -> None:
    """Run a command to its end and leave with its status; what it refuses becomes a sentence."""
    try:
        status = asyncio.run(work)
    except (KeyboardInterrupt, asyncio.CancelledError):
        status = interrupted
    except typer.BadParameter:  # told like any other wrong option
        raise
    except Exception as error:  # noqa: BLE001  nothing above would keep secrets out of the trace
        status = tell(error)
    flush()
    raise typer.Exit(status or 0)


_TO_BE_MENDED = (
    SettingRefused,
    SettingsRefused,
    FrontendRefused,
    DatabaseNewer,
    DatabaseReadOnly,
    BackupRefused,
    ProgramMissing,
)


def tell(error: Exception) -> int:
    """Say why a command ended early: a sentence for what was foreseen, the log has the rest; the exit status."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, BotError | OSError):
        typer.echo(f"aivax-bots: {sentence(error)}", err=True)
        return PROBLEM if isinstance(error, _TO_BE_MENDED) else PASSING
    log.error("command.crashed", exc_info=error)
    return CRASH


_MENDING: Mapping[type[DatabaseFailed], str] = {
    DatabaseFull: "has no room left on its disk; make some",
    DatabaseLocked: "is held by another program; end that one's transaction",
    DatabaseReadOnly: "takes no changes; make the file and its folder writable, or name the primary server",
    DatabaseForbidden: "refuses this account; look at its password and rights",
    DatabaseDamaged: "is no sound database; restore a backup (`aivax-bots db restore`)",
    DatabaseCrowded: "takes no more connections; raise the server's max_connections, or run fewer processes",
    SchemaUnfit: "does not have what this version needs; is it another program's? Else it is a bug: please report it",
}
"""What is wrong with the database, and what mends it."""


def sentence(problem: Exception) -> str:
    """What the operator reads when a command can't start."""
    match problem:
        case DatabaseNewer():
            from core.storage.db.migrate import head  # only who meets it pays for the import

            return (
                f"the database is at revision {problem}, which this version ({__version__}) does not know: "
                f"it was written by a newer aivax-bots, and this one knows revisions up to {head()}. Install that "
                "version again, or restore a backup of before the update (`aivax-bots db restore FILE`)."
            )
        case DatabaseBusy():
            return (
                f"{problem} is in use by another `aivax-bots run` or `chat`. "
                "Stop that one first, or set another [storage] url."
            )
        case DatabaseFailed():
            wrong = _MENDING.get(type(problem), "can't be opened")
            return f"[storage] url: {problem.url} {wrong}: {problem.reason}"
        case ProgramMissing():
            return (
                f"{problem} is not on PATH. It comes with PostgreSQL's client programs "
                "(Debian, Ubuntu: apt install postgresql-client), in the server's version or a newer one."
            )
        case OSError(strerror=str(reason)):
            return f"{problem.filename}: {reason}" if problem.filename else reason
        case _:
            return str(problem)
