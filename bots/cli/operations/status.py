"""`aivax-bots status`: how the bot stands, from the database and, where a bot runs, from its own address."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from bots import PASSING
from bots.cli.operations.reach import NotReached, reading, request
from core.domain import BotError, SettingRefused
from core.storage.operations.overview import Overview, overview
from core.util.clock import utc_now

if TYPE_CHECKING:
    from bots.settings import Settings

EVERY_S = 2.0
NO_ADDRESS = "not asked: [web] has no address and admin_token, so what only the running bot knows is not seen"


@dataclasses.dataclass(frozen=True, slots=True)
class Status:
    """What could be seen at one moment."""

    at: datetime
    database: Overview | None
    database_problem: str
    """Why the database tells nothing; `""`: it does."""
    bot: dict[str, Any] | None
    """What the running bot says at its address."""
    bot_problem: str
    """Why it says nothing; `""`: it does."""


async def show_status(settings: Settings, *, as_json: bool, watch: bool) -> int:
    """Print it once, or go on until interrupted: status 0 where something could be seen, else 75."""
    with _printing(as_json=as_json, watch=watch) as show:
        show(status := await look(settings))
        while watch:
            await asyncio.sleep(EVERY_S)
            show(await look(settings))
    return PASSING if status.database is None and status.bot is None else 0


@contextmanager
def _printing(*, as_json: bool, watch: bool) -> Iterator[Callable[[Status], None]]:
    """How each look is shown: on a terminal that is watched, over the one before; else one after the other."""
    if as_json:
        indent = None if watch else 2  # a line each, for who reads them as they come
        yield lambda status: typer.echo(_as_json(status, indent))
        return
    from bots.terminal.status import Screen, print_status  # draws; only who looks pays

    if watch and sys.stdout.isatty():
        with Screen() as screen:
            yield screen.show
    else:
        yield print_status


def _as_json(status: Status, indent: int | None) -> str:
    return json.dumps(jsonable(dataclasses.asdict(status)), indent=indent, ensure_ascii=False)


async def look(settings: Settings) -> Status:
    """Ask the database and the running bot at the same time; neither can keep the other from being told."""
    (at, seen, database_problem), (bot, bot_problem) = await asyncio.gather(
        _database(settings), _bot(settings)
    )
    return Status(at, seen, database_problem, bot, bot_problem)


async def _database(settings: Settings) -> tuple[datetime, Overview | None, str]:
    try:
        async with reading(settings) as database:
            return database.now(), await overview(database, database.now), ""
    except BotError as error:
        from bots.cli.commandline import sentence

        return utc_now(), None, sentence(error)


async def _bot(settings: Settings) -> tuple[dict[str, Any] | None, str]:
    web = settings.web
    if not (web.enabled and web.admin_token.get_secret_value() and web.port):
        return None, NO_ADDRESS
    try:
        return await asyncio.to_thread(request, web, "GET", "/control/status"), ""
    except (NotReached, SettingRefused) as error:
        return None, str(error)


def jsonable(value: Any) -> Any:
    """A value of dataclasses as JSON takes it."""
    match value:
        case datetime():
            return value.isoformat()
        case dict():
            return {str(key): jsonable(each) for key, each in value.items()}
        case list() | tuple():
            return [jsonable(each) for each in value]
        case _:
            return value
