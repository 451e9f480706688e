"""`aivax-bots people`: one person's data, and whom the bot does not answer. What it needs is imported when it runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bots import INTERRUPTED, PASSING, PROBLEM
from bots.cli.operations.system_user import system_user
from bots.cli.options import Commands, ConfigPath

if TYPE_CHECKING:
    from bots.settings import Settings
    from core.rights.people import PeopleDesk
    from core.storage.personal_data.export import Rows
    from core.storage.personal_data.people import Account, Known
    from core.storage.turns.intake import IntakeStore

IN_USE = (
    "a bot is running on {url}, and one process alone may write to a SQLite file. Stop it first, or have an operator "
    "write `{instead}` to the bot."
)
NOBODY = "nobody is known by that name or id; `aivax-bots people find` looks for parts of names, too"
Who = Annotated[
    str, typer.Argument(help="A name, an id, platform:user, or platform:workspace/user.", show_default=False)
]

people = typer.Typer(
    cls=Commands,
    name="people",
    help="One person's data, and whom the bot does not answer.",
    no_args_is_help=True,
)


@people.command(
    "find",
    epilog="""\b
Examples:
  aivax-bots people find Ana
  aivax-bots people find discord:123456789012345678""",
)
def find(who: Who, config: ConfigPath = None) -> None:
    """Print who is called so, or has that id: platform, id, name, and since when the bot knows them."""
    _run(config, lambda settings: _find(settings, who))


@people.command(
    "export",
    epilog="""\b
Examples:
  aivax-bots people export slack:U0123ABC ana.zip
  aivax-bots people export Ana ana.html""",
)
def export(
    who: Who,
    path: Annotated[Path, typer.Argument(help="The file to write: .json, .html, or .zip with both.")],
    config: ConfigPath = None,
) -> None:
    """Write all that is stored of a person into a file that only you can read, while the bot goes on."""
    _run(config, lambda settings: _export(settings, who, path))


@people.command(
    "forget",
    epilog="""\b
Examples:
  aivax-bots people forget discord:123456789012345678 --yes""",
)
def forget(
    who: Who,
    config: ConfigPath = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask whether that is meant.")] = False,
) -> None:
    """Delete all that is stored of a person, as they could themselves; they are not told. It can't be undone."""
    _run(config, lambda settings: _forget(settings, who, is_meant=yes))


@people.command(
    "block",
    epilog="""\b
Examples:
  aivax-bots people block slack:U0123ABC""",
)
def block(who: Who, config: ConfigPath = None) -> None:
    """Answer a person no more: they are told so once. `unblock` takes that back."""
    _run(config, lambda settings: _block(settings, who))


@people.command("unblock")
def unblock(who: Who, config: ConfigPath = None) -> None:
    """Answer a person again who was blocked."""
    _run(config, lambda settings: _unblock(settings, who))


@people.command(
    "unlink",
    epilog="""\b
Examples:
  aivax-bots people unlink slack:U0123ABC""",
)
def unlink(who: Who, config: ConfigPath = None) -> None:
    """Make an account a person by itself again that somebody linked to another; nobody is told."""
    _run(config, lambda settings: _unlink(settings, who))


@people.command("blocked")
def blocked(config: ConfigPath = None) -> None:
    """Print who is blocked, and since when."""
    _run(config, _blocked)


def _run(config: Path | None, work: Callable[[Settings], Any]) -> None:
    from bots.cli.commandline import configured, finish

    finish(work(configured(config, quiet=True)[0]), interrupted=INTERRUPTED)


async def _find(settings: Settings, who: str) -> int:
    async with _reading(settings) as desk:
        found = await desk.find(who, parts=True)
        blocked = {str(each.account) for each in await desk.blocked()}
        linked = {each: await desk.linked_to(each.account(()), [each]) for each in found}
    for each in found:
        forms = {str(each.account(())), f"{each.identity.platform}:{each.identity.user}"}
        note = "  (blocked)" if forms & blocked else ""
        others = ", ".join(str(other) for other in linked[each][1:])
        note += f"  (linked with {others})" if others else ""
        typer.echo(f"{each.account(())}  {each.name or '-'}  since {each.since:%Y-%m-%d}{note}")
    return 0 if found else _refuse(NOBODY, 1)


async def _export(settings: Settings, who: str, path: Path) -> int:
    if path.suffix not in (".json", ".html", ".zip"):
        return _refuse(f"{path}: end the name with .json, .html or .zip")
    async with _reading(settings) as desk:
        one = await _one(desk, who)
        if one is None:
            return PROBLEM
        account, known = one
        data = _file(settings, await desk.export(account, known[0], by=system_user()), path.suffix)
    if not _written(path, data):
        return _refuse(f"{path} exists: choose another name, or delete it first")
    typer.echo(f"wrote {path}: all that is stored of {_called(account, known)}")
    return 0


def _file(settings: Settings, rows: Rows, suffix: str) -> bytes:
    from core.i18n import Translators
    from core.rights.export_files import files_of, packed_of
    from core.util.clock import utc_now

    translator = Translators(settings.replies.locale).of("")
    files = files_of(rows, translator, utc_now(), most_bytes=2**40)
    file = (
        packed_of(files) if suffix == ".zip" else next(each for each in files if each.name.endswith(suffix))
    )
    return file.data


def _written(path: Path, data: bytes) -> bool:
    """Write a new file that nobody else can read; False where there is one of that name."""
    import os

    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    return True


async def _forget(settings: Settings, who: str, *, is_meant: bool) -> int:
    async def work(store: IntakeStore, desk: PeopleDesk) -> int:
        from bots.terminal import PLATFORM as TERMINAL
        from bots.terminal.typed_history import erase, history_path
        from core.rights.people import carry_out
        from core.rights.possible import why_not
        from core.storage.db import database_path
        from core.storage.personal_data.sqlite_scrub import Scrubber

        one = await _one(desk, who)
        if one is None:
            return PROBLEM
        account, known = one
        if not is_meant:
            typer.confirm(f"Delete all that is stored of {_called(account, known)}?", abort=True)
        await desk.forget(known, by=system_user())
        remotely = why_not(settings.aivax) is None
        scrubber = Scrubber(store.database, rewrite_up_to_mb=settings.storage.rewrite_up_to_mb)
        count = await carry_out(store, scrubber, remotely=remotely)
        if account.platform == TERMINAL:
            erase(history_path(database_path(settings.storage.url)))
        typer.echo(f"deleted {count} messages of {_called(account, known)}, and what was answered to them")
        if remotely:
            typer.echo("what AIVAX keeps of them goes within minutes, while the bot runs")
        return 0

    return await _writing(settings, f"people forget {who}", work)


async def _block(settings: Settings, who: str) -> int:
    async def work(_store: IntakeStore, desk: PeopleDesk) -> int:
        one = await _one(desk, who, may_be_unknown=True)
        if one is None:
            return PROBLEM
        account, known = one
        done = await desk.block(account, known, by=system_user())
        typer.echo(f"{_called(account, known)} is {'' if done.changed else 'already '}blocked")
        return 0

    return await _writing(settings, f"block {who}", work)


async def _unblock(settings: Settings, who: str) -> int:
    async def work(_store: IntakeStore, desk: PeopleDesk) -> int:
        one = await _one(desk, who, may_be_unknown=True)
        if one is None:
            return PROBLEM
        account, known = one
        done = await desk.unblock(account, known, by=system_user())
        typer.echo(f"{_called(account, known)} {'is answered again' if done.changed else 'was not blocked'}")
        return 0

    return await _writing(settings, f"unblock {who}", work)


async def _unlink(settings: Settings, who: str) -> int:
    async def work(_store: IntakeStore, desk: PeopleDesk) -> int:
        one = await _one(desk, who)
        if one is None:
            return PROBLEM
        account, known = one
        changed = [await desk.unlink(each, by=system_user()) for each in known]
        typer.echo(f"{_called(account, known)} {'is by itself again' if any(changed) else 'was not linked'}")
        return 0

    return await _writing(settings, f"people unlink {who}", work)


async def _blocked(settings: Settings) -> int:
    async with _reading(settings) as desk:
        for each in await desk.blocked():
            typer.echo(f"{each.account}  since {each.at:%Y-%m-%d}")
    return 0


async def _one(
    desk: PeopleDesk, who: str, *, may_be_unknown: bool = False
) -> tuple[Account, list[Known]] | None:
    """The one account that is meant; None where that is none, or more than one, which is said then."""
    found = await desk.accounts(who)
    if len(found) > 1:
        names = "".join(f"\n  {_called(*each)}" for each in found.items())
        _refuse(f"that could be more than one person; name one by what stands first:{names}")
        return None
    for account, known in found.items():
        if known or may_be_unknown:
            return account, known
    _refuse(NOBODY)
    return None


def _called(account: Account, known: list[Known]) -> str:
    name = next((each.name for each in known if each.name), "")
    return f"{account} ({name})" if name else str(account)


def _refuse(why: str, status: int = PROBLEM) -> int:
    typer.echo(f"aivax-bots: {why}", err=True)
    return status


@asynccontextmanager
async def _reading(settings: Settings) -> AsyncIterator[PeopleDesk]:
    """Look, beside a bot that may be running."""
    from core.rights.people import PeopleDesk
    from core.storage.db.engine import Database
    from core.storage.turns.intake import IntakeStore

    async with Database(settings.storage.url) as database:
        yield PeopleDesk(IntakeStore(database, database.now), ())


async def _writing(
    settings: Settings, instead: str, work: Callable[[IntakeStore, PeopleDesk], Awaitable[int]]
) -> int:
    """Change something: a SQLite file belongs to the bot that runs on it, which operators can tell the same in chat."""
    from bots.app import open_database
    from core.domain import DatabaseBusy
    from core.rights.people import PeopleDesk
    from core.storage.turns.intake import IntakeStore

    try:
        async with open_database(settings.storage) as database:
            store = IntakeStore(database, database.now)
            return await work(store, PeopleDesk(store, ()))
    except DatabaseBusy as busy:
        return _refuse(IN_USE.format(url=busy, instead=instead), PASSING)
