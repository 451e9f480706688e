"""How a command changes something: in the database itself, or by way of the process that holds it.

PostgreSQL takes writers side by side, and NOTIFY tells the running ones. A SQLite file belongs to one process: where
none has it, the command takes it for the moment; where one runs, the wish goes to its address of `[web]`
(docs/decisions/0047-commands-beside-a-running-bot.md).
"""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from bots.cli.operations.system_user import system_user
from core.domain import BotError, DatabaseBusy, SettingRefused
from core.storage.db import Database, held_alone
from core.storage.db.engine import database_path
from core.storage.dispatch.schema import ENGINE

if TYPE_CHECKING:
    from bots.settings import Settings, WebSettings
    from core.operations.control import Control

TIMEOUT_S = 10.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  where a server listens, who asks goes


class NotReached(BotError):
    """The running bot did not take a wish. Says why, in a sentence."""


class NothingStored(BotError):
    """There is no database yet."""

    def __init__(self, path: object) -> None:
        super().__init__(f"{path} is not there yet: the first start of the bot makes it")


@asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[Database]:
    """The database to look at, beside a running bot too; nothing is made where there is none."""
    path = database_path(settings.storage.url)
    if path is not None and not path.exists():
        raise NothingStored(path)
    async with Database(settings.storage.url) as database:
        await database.learn_time()
        yield database


async def ask_of_bot(
    settings: Settings,
    here: Callable[[Control], Awaitable[object]],
    path: str,
    body: Mapping[str, object] | None = None,
) -> Any:
    """Carry a wish out `here`, or have the running bot do it at `path`; what came of it.

    Raises:
        SettingRefused: a bot holds the file, and the settings give no way to ask it.
        NotReached: it does not take the wish.
        StorageError: the database can't be used.
    """
    file = database_path(settings.storage.url)
    if file is not None and not file.exists():
        raise NothingStored(file)
    try:
        with held_alone(file):
            return await _in_database(settings, here)
    except DatabaseBusy as busy:
        told = {**(body or {}), "by": system_user().name}
        return await asyncio.to_thread(request, settings.web, "POST", path, told, busy=busy)


async def _in_database(settings: Settings, here: Callable[[Control], Awaitable[object]]) -> object:
    from bots.wiring import control_of  # takes the whole core along

    async with Database(settings.storage.url) as database:
        if settings.storage.dispatch == ENGINE:
            database.use_jobs()
        return await here(control_of(settings, database, database.now))


def request(
    web: WebSettings, method: str, path: str, body: object = None, *, busy: DatabaseBusy | None = None
) -> Any:
    """Ask the running bot, at its address of `[web]`; what it answers. Raises as `ask_of_bot`."""
    token = web.admin_token.get_secret_value()
    if not (web.enabled and token and web.port):
        raise SettingRefused("[web] enabled, port and admin_token", fix=_other_ways(busy))
    connection = http.client.HTTPConnection(_EVERYWHERE.get(web.host, web.host), web.port, timeout=TIMEOUT_S)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        connection.request(method, path, json.dumps(body or {}), headers)
        answer = connection.getresponse()
        told = answer.read()
    except (OSError, http.client.HTTPException) as error:
        why = f"nothing answers at [web] {web.host}:{web.port} ({str(error) or type(error).__name__})"
        raise NotReached(f"{why}; is it another process that holds the database, such as `chat`?") from None
    finally:
        connection.close()
    if answer.status == http.HTTPStatus.UNAUTHORIZED:
        fix = "the running bot has another one: restart it, or give this command its configuration"
        raise SettingRefused("[web] admin_token", fix=fix)
    try:
        found = json.loads(told)
    except ValueError:
        found = None
    if answer.status != http.HTTPStatus.OK or not isinstance(found, dict):
        raise NotReached(
            f"[web] {web.host}:{web.port} answers {answer.status}: no aivax-bots of this version"
        )
    return found


def _other_ways(busy: DatabaseBusy | None) -> str:
    holder = f"a running bot holds {busy}: " if busy else ""
    return (
        f"{holder}set them and restart it, so that it can be asked; or say it in chat as an "
        "operator, or stop it and run this again"
    )
