"""One person: what they used and may use, where they ask; and what operators do about them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bots.web.console import PATH
from bots.web.console.errors import ErrorPages
from bots.web.console.rendering import Renderer
from bots.web.console.security.guard import Guard
from bots.web.console.security.words import WordsRule
from bots.web.console.visit import Visit
from core.console.people import Persons
from core.domain.console import Role
from core.i18n import Translators
from core.i18n.console_text import ConsoleText as T
from core.rights.export_files import files_of, packed_of
from core.rights.people import Done, PeopleDesk
from core.settings import LimitsSettings
from core.storage.console.person import Person

MOST_EXPORT_BYTES = 2**40
"""Of an export: it goes to an operator's disk, and no platform bounds it."""
MEANT = "yes"


@dataclass(frozen=True, slots=True)
class PersonActions:
    """What is done about people: by the same desk as `aivax-bots people` and the words in chat."""

    desk: PeopleDesk
    notify: Callable[[int], object]
    """Is told of a conversation in which an answer is to end."""
    erases_remotely: bool
    """Whether what AIVAX keeps of a person goes with the rest."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One of `[limits]`, and how far it is used up."""

    name: str
    """In the reader's words, or a tool's name."""
    used: str
    most: str
    """`""`: there is no limit."""
    is_used_up: bool


class PersonPages:
    """`/console/people/ID` and what its forms do."""

    def __init__(
        self,
        persons: Persons,
        actions: PersonActions,
        limits: LimitsSettings,
        renderer: Renderer,
        errors: ErrorPages,
        now: Callable[[], datetime],
        words: WordsRule,
    ) -> None:
        self._persons = persons
        self._actions = actions
        self._limits = limits
        self._renderer = renderer
        self._errors = errors
        self._now = now
        self._words = words

    def routes(self, guard: Guard) -> Sequence[Route]:
        return [
            guard.page("/people/{person:int}", self.show),
            guard.page("/people/{person:int}/forget", self.ask, Role.OPERATOR),
            guard.action("/people/{person:int}/block", self.block, Role.OPERATOR),
            guard.action("/people/{person:int}/unblock", self.unblock, Role.OPERATOR),
            guard.action("/people/{person:int}/export", self.export, Role.OPERATOR),
            guard.action("/people/{person:int}/forget", self.forget, Role.OPERATOR),
        ]

    async def show(self, visit: Visit) -> Response:
        person = await self._person(visit)
        if person is None:
            return self._errors.missing(visit)
        return self._renderer.page(
            "person.html",
            visit,
            person=person,
            limits=_limits(person, self._limits, self._renderer, visit),
            may_act=visit.user.role.may(Role.OPERATOR),
            may_export=self._words.may_read(visit),
        )

    async def ask(self, visit: Visit) -> Response:
        """Say what forgetting takes away, before it is done."""
        person = await self._person(visit)
        if person is None:
            return self._errors.missing(visit)
        return self._renderer.page(
            "forget.html",
            visit,
            person=person,
            held=await self._persons.holdings(person.id),
            erases_remotely=self._actions.erases_remotely,
        )

    async def block(self, visit: Visit) -> Response:
        """Answer them no more, in whichever account."""
        for account, known in (await self._actions.desk.accounts_of(_id(visit))).items():
            self._end(await self._actions.desk.block(account, known, by=visit.actor))
        return _to(visit)

    async def unblock(self, visit: Visit) -> Response:
        """Answer them again."""
        for account, known in (await self._actions.desk.accounts_of(_id(visit))).items():
            await self._actions.desk.unblock(account, known, by=visit.actor)
        return _to(visit)

    async def export(self, visit: Visit) -> Response:
        """Hand out all that is stored of them: words, so only to who may read them."""
        if not self._words.may_read(visit):
            return self._errors.forbidden(visit)
        accounts = await self._actions.desk.accounts_of(_id(visit))
        if not accounts:
            return self._errors.missing(visit)
        account, known = next(iter(accounts.items()))
        rows = await self._actions.desk.export(account, known[0], by=visit.actor)
        translator = Translators(self._renderer.speaks(visit).tag).of("")
        make = partial(files_of, rows, translator, self._now(), most_bytes=MOST_EXPORT_BYTES)
        packed = await asyncio.to_thread(lambda: packed_of(make()))
        name = f'attachment; filename="person-{_id(visit)}.zip"'
        return Response(packed.data, media_type="application/zip", headers={"Content-Disposition": name})

    async def forget(self, visit: Visit) -> Response:
        """Ask for all of it to be deleted, where that was confirmed: the bot carries it out within half a minute."""
        if visit.form.get("meant") != MEANT:
            return RedirectResponse(f"{PATH}/people/{_id(visit)}/forget", status_code=303)
        accounts = await self._actions.desk.accounts_of(_id(visit))
        known = [each for met in accounts.values() for each in met]
        self._end(await self._actions.desk.forget(known, by=visit.actor))
        return _to(visit)

    def _end(self, done: Done) -> None:
        for conversation_id, _ in done.work_in:
            self._actions.notify(conversation_id)

    async def _person(self, visit: Visit) -> Person | None:
        person_id = _id(visit)
        return await self._persons.person(person_id) if person_id < 2**63 else None


def _id(visit: Visit) -> int:
    return int(visit.request.path_params["person"])


def _to(visit: Visit) -> Response:
    return RedirectResponse(f"{PATH}/people/{_id(visit)}", status_code=303)


def _limits(person: Person, limits: LimitsSettings, renderer: Renderer, visit: Visit) -> Sequence[Limit]:
    """Each limit on one person, as it holds now."""
    speaks = renderer.speaks(visit)
    counted = [
        (speaks.say(T.LIMIT_HOUR), person.hour, limits.person_hourly),
        (speaks.say(T.LIMIT_DAY), person.day.questions, limits.person_daily),
        (speaks.say(T.LIMIT_OPEN), person.open, limits.person_waiting),
    ]
    used = dict(person.tools)
    counted += [
        (speaks.say(T.LIMIT_TOOL, name=name), used.get(name, 0), most)
        for name, most in limits.person_daily_tools.items()
    ]
    told = [
        Limit(name, speaks.number(have), speaks.number(most) if most else "", bool(most) and have >= most)
        for name, have, most in counted
    ]
    spent, cap = person.day.usd or 0.0, limits.person_daily_usd
    money = Limit(
        speaks.say(T.LIMIT_USD),
        speaks.money(spent),
        speaks.money(cap) if cap else "",
        bool(cap) and spent >= cap,
    )
    return [*told[:3], money, *told[3:]]
