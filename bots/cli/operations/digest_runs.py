"""`aivax-bots digests list` and `run`: read in the database, on the platform and at AIVAX; written nowhere."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from bots import PROBLEM
from bots.cli.operations.reach import reading
from bots.cli.operations.system_user import system_user
from bots.frontends import Host, Mounts, Plugin
from bots.terminal.text import printable
from core.admission.access import Access
from core.aivax.client import AivaxClient
from core.aivax.request import ChatMessage
from core.conversations.routes import Routes
from core.domain import Author, ChannelMessage, Frontend, Identity, Place, PlatformError
from core.domain.audit import AuditAction, AuditEntry
from core.evaluation.calls import Budget, Called, Calls, MoneySpent, Stopped
from core.guard.guard import Guard
from core.i18n import Translators
from core.scheduled.digests.making import BoundReached, make
from core.scheduled.digests.reading import heard, sayable
from core.scheduled.settings import DigestSettings
from core.settings import AccessSettings
from core.storage.db import Database
from core.storage.operations.audit import AuditLog
from core.storage.scheduled.digests import DigestStore
from core.storage.scheduled.left_out import LeftOutStore
from core.util.time_zones import known_zone

if TYPE_CHECKING:
    from bots.settings import Settings


async def list_digests(settings: Settings, *, as_json: bool) -> int:
    """Print a line for each."""
    async with reading(settings) as database:
        now, names = database.now(), [each.name for each in settings.digests]
        newest = await DigestStore(database, database.now).newest(names)
    if as_json:
        rows: list[dict[str, Any]] = []
        for each in settings.digests:
            last = newest.get(each.name)
            told = asdict(last) | {"due_at": last.due_at.isoformat()} if last is not None else None
            due = each.schedule.after(now).isoformat()
            rows.append({"name": each.name, "channel": each.channel, "next": due, "last": told})
        typer.echo(json.dumps({"digests": rows}, indent=2))
        return 0
    for each in settings.digests:
        last = newest.get(each.name)
        came = "none yet" if last is None else f"{_clock(last.due_at, each)} {last.state or last.stage}"
        if last is not None and last.messages is not None:
            came += f", messages: {last.messages}, calls: {last.calls}, spent {last.usd:.4f} USD"
        due = _clock(each.schedule.after(now), each)
        typer.echo(printable(f"{each.name}  {each.channel}  next {due}  last: {came}"))
    if not settings.digests:
        typer.echo("There are no digests: write [[digests]] into the configuration.")
    return 0


async def print_digest(settings: Settings, plugins: Mapping[str, Plugin], name: str) -> int:
    """Make one, and print it."""
    digest = next((each for each in settings.digests if each.name == name), None)
    if digest is None:
        known = ", ".join(each.name for each in settings.digests) or "none"
        typer.echo(f"aivax-bots: there is no digest {printable(name)!r}; there are: {known}", err=True)
        return PROBLEM
    async with reading(settings) as database:
        entry = AuditEntry(system_user(), AuditAction.DIGEST, subject=name)
        await AuditLog(database, database.now).add(
            entry
        )  # before it costs anything, and whatever comes of it
        host = Host(database, Mounts(), Translators(following=settings.replies))
        async with plugins[digest.platform].open(settings.frontend(digest.platform), host) as frontend:
            try:
                return await _print(settings, digest, frontend, database)
            except PlatformError as error:
                typer.echo(f"aivax-bots: {digest.channel} can't be read: {error}", err=True)
            except (BoundReached, Stopped) as error:
                typer.echo(f"aivax-bots: it can't be made: {error}", err=True)
    return PROBLEM


async def _print(settings: Settings, digest: DigestSettings, frontend: Frontend, database: Database) -> int:
    due = digest.schedule.latest(database.now())
    since = digest.schedule.before(due)
    source = frontend.address_of(digest.channel.partition(":")[2])
    found = await frontend.said_between(source, since, due, digest.most_messages * 2)
    left_out = await _left_out(settings, digest, frontend, database, found)
    messages = sayable(found, left_out)
    span = f"{_clock(since, digest)} to {_clock(due, digest)}"
    typer.echo(
        f"{digest.channel}, {span}: {len(found)} messages, {len(messages)} of them to summarise", err=True
    )
    if len(messages) < digest.fewest_messages:
        typer.echo("It was quiet: nothing is asked.", err=True)
        return 0
    what = heard(messages, digest)

    async def link(number: int) -> str:
        message = what.messages[number - 1]
        return await frontend.link(message.address, message.quote.origin)

    async with AivaxClient(settings.aivax) as aivax:
        asking = _Asking(settings, digest, aivax)
        made = await make(what, digest, digest.language or settings.replies.locale, asking, link)
    typer.echo(printable(made.text) if made.text else "The model named no message.")
    typer.echo(f"calls: {asking.calls}, spent {asking.budget.spent_usd:.4f} USD", err=True)
    return 0


async def _left_out(
    settings: Settings,
    digest: DigestSettings,
    frontend: Frontend,
    database: Database,
    found: Sequence[ChannelMessage],
) -> set[str]:
    users = {each.quote.author for each in found} - {""}
    workspace = "" if frontend.ids_are_global else digest.workspace
    store, only_agreed = LeftOutStore(database, database.now), settings.privacy.consent == "agree"
    out = await store.among(digest.platform, workspace, users, only_agreed=only_agreed)
    access = Access(AccessSettings(block_users=settings.access.block_users))
    place = _place(digest)
    who = {user: Author(Identity(digest.platform, digest.workspace, user)) for user in users}
    return out | {user for user, author in who.items() if access.refusal(author, place)}


class _Asking:
    """Asks the model beside the bot, within the digest's bounds."""

    def __init__(self, settings: Settings, digest: DigestSettings, aivax: AivaxClient) -> None:
        routes = Routes(settings.routes, settings.aivax, instructions="")
        self._model = digest.model or routes.of(_place(digest)).model
        self._digest = digest
        self._guard = Guard(settings.guard)
        price = settings.limits.question_usd
        self.budget = Budget(digest.most_usd or None, price)
        self._calls = Calls(aivax, _Nothing(), self.budget, at_once=1, question_usd=price)
        self.calls = 0

    async def __call__(self, key: str, messages: tuple[ChatMessage, ...]) -> str:
        if self.calls >= self._digest.most_calls:
            raise BoundReached("most_calls")
        self.calls += 1
        masked = await self._guard.masked_for(_place(self._digest), messages)
        try:
            called = await self._calls.ask(f"dry-{key}", self._model, masked)
        except MoneySpent:
            raise BoundReached("most_usd") from None
        if called.error:
            raise Stopped(called.error)
        return called.text


class _Nothing:
    """Keeps nothing of what was answered."""

    def find(self, key: str) -> Called | None:
        return None

    def keep(self, called: Called) -> None:
        pass


def _place(digest: DigestSettings) -> Place:
    return Place(digest.platform, digest.workspace, digest.channel.partition(":")[2])


def _clock(at: datetime, digest: DigestSettings) -> str:
    return f"{at.astimezone(known_zone(digest.time_zone)):%Y-%m-%d %H:%M}"
