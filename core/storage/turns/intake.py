"""What one event writes: identity, conversation, turn and message, in a single transaction."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    ScalarSelect,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import Action, Administers, Attachment, Author, Identity, Place, TurnState, as_chosen
from core.domain.audit import AuditEntry
from core.domain.spans import record_first
from core.domain.tracing import NO_TRACER, Tracer
from core.storage.batch_presses import BatchPresses
from core.storage.channel_models import ModelChoice
from core.storage.consumption import Consumption
from core.storage.db import (
    Database,
    blocks,
    conversations,
    events,
    identities,
    insert_once,
    is_open,
    lock_author,
    lock_conversations,
    messages,
    persons,
    reader_locale,
    turns,
)
from core.storage.dispatch.jobs import announce
from core.storage.feedback import Feedbacks
from core.storage.learnt.follow_ups import Touched
from core.storage.operations.audit import record
from core.storage.personal_data.accounts import persons_of, talking_with
from core.storage.personal_data.consents import Consents
from core.storage.personal_data.deletion import Erasures
from core.storage.personal_data.link_codes import LinkCodes
from core.storage.personal_data.links import Links
from core.storage.personal_data.people import People
from core.storage.personal_data.remote_erasures import RemoteErasures
from core.storage.summaries.wanted import SummaryRequests
from core.storage.turns.edits import Changes
from core.storage.turns.held_turns import HeldTurns
from core.storage.turns.taken_back import TakenBack

KEY_CHARS = 255
NO_WAIT = timedelta(0)
LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)
_TOLD = ("name", "locale", "time_zone")
"""What platforms tell of people."""


class IntakeStore:
    """Opens the transaction in which an event becomes rows."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        global_ids: Collection[str] = (),
        tracer: Tracer = NO_TRACER,
    ) -> None:
        """`global_ids`: see `core.storage.personal_data.accounts.persons_of`."""
        self._tracer = tracer
        self.database = self._database = database
        self.now = self._now = now
        self._global_ids = global_ids

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[IntakeTransaction]:
        """What is written in the block is committed when it ends, and traced as the first step of its turns."""
        began_ns = time.time_ns()
        async with self._database.write() as connection:
            transaction = IntakeTransaction(connection, self._now(), self._global_ids)
            yield transaction
        for key in transaction.turn_keys:
            record_first(self._tracer, key, "receive", began_ns)


class IntakeTransaction:
    """All or nothing: what is written here is committed on leaving, or never happened."""

    def __init__(self, connection: AsyncConnection, now: datetime, global_ids: Collection[str] = ()) -> None:
        self._connection = connection
        self.now = now
        self._global_ids = global_ids
        self._locales: dict[int, str] = {}
        self._blocked: set[int] = set()
        self._talk_as_one: set[int] = set()
        self.turn_keys: list[str] = []
        """Of the turns that were queued here."""
        self.work_elsewhere: list[int] = []
        """Conversations, perhaps of other platforms, that were announced here and have work once this is committed."""

    async def record(self, entry: AuditEntry) -> None:
        """Write what an operator does here into the audit log."""
        await record(self._connection, self.now, entry)

    async def first_within(self, key: str, span: timedelta) -> bool:
        """Remember that something was said now; False when it was said less than `span` ago, by whichever process."""
        key = _fitting(key)
        if await self._insert_once(events, key=key, received_at=self.now):
            return True
        again = update(events).where(events.c.key == key, events.c.received_at <= self.now - span)
        return (await self._connection.execute(again.values(received_at=self.now))).rowcount > 0

    async def lock_author(self, who: Identity) -> None:
        """Let nobody else take in an event of this author until the transaction ends: the first thing to do in it."""
        await lock_author(self._connection, who)

    async def first_seen(self, keys: Sequence[str]) -> bool:
        """Remember an event's keys; False when any of them was known, in whichever process."""
        fresh = True
        for key in sorted({_fitting(key) for key in keys}):
            fresh = await self._insert_once(events, key=key, received_at=self.now) and fresh
        return fresh

    async def identity_id(self, author: Author) -> int:
        """Find the author, or make them known as a new person; keeps what their platform tells of them current."""
        found = await self._identity(author)
        if found is None:
            return await self._add_identity(author)
        told = {name: getattr(author, name) or getattr(found, name) for name in _TOLD}
        if told != {name: getattr(found, name) for name in _TOLD}:
            newer = update(identities).where(identities.c.id == found.id)
            await self._connection.execute(newer.values(**told, name_folded=told["name"].casefold()))
            if found.home_person_id is not None and told["time_zone"] != found.time_zone:
                await self.links.move_to(found.person_id, found.time_zone, told["time_zone"])
        self._locales[found.id] = as_chosen(found.chosen_locale) or told["locale"]
        return int(found.id)

    def is_blocked(self, identity_id: int) -> bool:
        """Whether an operator has blocked an author, as far as they were found in this transaction."""
        return identity_id in self._blocked

    def talks_as_one(self, identity_id: int) -> bool:
        """Whether what an author says in private goes on in their linked accounts, as far as they were found here."""
        return identity_id in self._talk_as_one

    async def known_identity(self, author: Author) -> int | None:
        """The author, if they are known already; nothing is written."""
        found = await self._identity(author)
        return None if found is None else int(found.id)

    async def any_conversation(self, identity_id: int) -> int | None:
        """The newest conversation that an identity has a turn in, else any; None where there is none at all."""
        newest = select(turns.c.conversation_id).where(turns.c.identity_id == identity_id)
        found: int | None = await self._connection.scalar(newest.order_by(turns.c.id.desc()).limit(1))
        if found is None:
            found = await self._connection.scalar(select(func.min(conversations.c.id)))
        return found

    async def locale_of(self, identity_id: int) -> str:
        """The locale that the author chose, else the one that was last seen of them; `""` where there was none."""
        if (known := self._locales.get(identity_id)) is not None:
            return known
        row = select(reader_locale()).where(identities.c.id == identity_id)
        return str((await self._connection.execute(row)).scalar_one())

    async def find_or_open(self, place: Place, owner_id: int, *, idle_since: datetime | None = None) -> int:
        """The open conversation of that place and owner; a new one when nothing was said in it since `idle_since`.

        The row stays locked until commit, so that turns get their numbers in the order of arrival.
        """
        heard = {**_open_at(place, owner_id), "now": self.now, "idle_since": idle_since or LONG_AGO}
        found = (await self._connection.execute(_hearing(), heard)).scalar_one_or_none()
        if found is None:
            if idle_since is not None:
                await self.close(place, owner_id)
            return await self._open(place, owner_id)
        return int(found)

    async def close(self, place: Place, owner_id: int) -> None:
        """End the open conversation, if there is one. It stays stored."""
        await self._connection.execute(_closing(), {**_open_at(place, owner_id), "now": self.now})

    async def close_all(self, place: Place, owner_id: int) -> None:
        """End every open conversation of the owner in the place's channel, threads included."""
        there = (conversations.c.platform == place.platform) & (conversations.c.workspace == place.workspace)
        there &= (conversations.c.channel == place.channel) & (conversations.c.owner_id == owner_id)
        there &= conversations.c.closed_at.is_(None)
        await lock_conversations(self._connection, there)
        ended = update(conversations).where(there)
        await self._connection.execute(ended.values(closed_at=self.now))

    async def close_elsewhere(self, place: Place, identity_id: int) -> None:
        """End what somebody who talks as one has open here, and in private in their linked accounts."""
        linked = (await self._connection.execute(talking_with(identity_id))).scalars().all()
        here = (conversations.c[name] == value for name, value in _here(place, identity_id).items())
        theirs = conversations.c.closed_at.is_(None) & conversations.c.owner_id.in_([*linked, identity_id])
        which = theirs & conversations.c.private & or_(conversations.c.owner_id != identity_id, and_(*here))
        await lock_conversations(self._connection, which)
        await self._connection.execute(update(conversations).where(which).values(closed_at=self.now))

    async def spoke_elsewhere(self, identity_id: int, since: datetime) -> bool:
        """Whether somebody who talks as one said something in private in a linked account since then."""
        theirs = conversations.c.owner_id.in_(talking_with(identity_id)) & conversations.c.private
        lately = theirs & conversations.c.closed_at.is_(None) & (conversations.c.active_at >= since)
        return bool(await self._connection.scalar(select(exists().where(lately))))

    async def waiting_turns(self, most: int) -> int:
        """How many questions wait, in line or behind a breaker, in all conversations; counted up to `most`."""
        return int((await self._connection.execute(_line(), {"most": most})).scalar_one())

    async def line_of(self, identity_id: int, part: int, most: int) -> tuple[int, int]:
        """How many of one person's questions wait or are being answered, and how many of all people's wait.

        In any identity of theirs, counted up to `part`; those of all people up to `most`.
        """
        asked = {"identity": identity_id, "part": part, "most": most}
        theirs, waiting = (await self._connection.execute(_line_of(), asked)).one()
        return theirs, waiting

    async def add_turn(
        self,
        conversation_id: int,
        identity_id: int,
        address: str,
        *,
        notice: str | None = None,
        offers: Sequence[Action] = (),
        awaited: bool = False,
        capability: str = "",
        administers: Administers = Administers.NOTHING,
        takes_back: int | None = None,
        wait: timedelta = NO_WAIT,
        unseen: bool = False,
    ) -> int:
        """Queue a turn. With `notice` it is the bot's own sentence, and asks AIVAX nothing; `offers` stand below it.

        `capability` is what it does in place of asking, and `administers` what its author may set there, where that
        matters to it; `takes_back` the turn whose answer goes before that is said.
        It begins after `wait`, at the earliest. `unseen`: nobody asked for it, and it shows nothing.
        """
        row = {
            "conversation_id": conversation_id,
            "identity_id": identity_id,
            "key": uuid.uuid4().hex,
            "state": TurnState.QUEUED,
            "address": address,
            "answer": notice,
            "notice": notice is not None or unseen,
            "offers": ",".join(offers),
            "awaited": awaited,
            "capability": capability or None,
            "administers": administers or None,
            "takes_back": takes_back,
            "due_at": self.now + wait,
            "created_at": self.now,
        }
        self.turn_keys.append(str(row["key"]))
        return int((await self._connection.execute(_adding_turn(), row)).scalar_one())

    async def choose_locale(self, identity_id: int, locale: str) -> None:
        """Speak to the author in this language from now on; `""`: in the one that their platform tells."""
        self._locales.pop(identity_id, None)
        linked = select(identities.c.person_id).where(
            identities.c.id == identity_id, identities.c.home_person_id.is_not(None)
        )
        theirs = (identities.c.id == identity_id) | (identities.c.person_id == linked.scalar_subquery())
        chosen = update(identities).where(theirs)
        await self._connection.execute(chosen.values(chosen_locale=locale))

    @property
    def feedback(self) -> Feedbacks:
        """What people think of answers."""
        return Feedbacks(self._connection, self.now)

    @property
    def changes(self) -> Changes:
        """What a person takes back, changes or stops."""
        return Changes(self._connection, self.now)

    @property
    def taken_back(self) -> TakenBack:
        """Answers that people take away."""
        return TakenBack(self._connection, self.now)

    @property
    def erasures(self) -> Erasures:
        """What people ask to be forgotten."""
        return Erasures(self._connection, self.now, self._global_ids)

    async def persons_of(self, identity_id: int) -> Sequence[int]:
        """The persons that an account is known as; the one of the identity stands last."""
        return await persons_of(self._connection, identity_id, self._global_ids)

    @property
    def consents(self) -> Consents:
        """Who was told what is stored, and who agreed."""
        return Consents(self._connection, self.now)

    @property
    def links(self) -> Links:
        """Which accounts are one person."""
        return Links(self._connection, self.now, self._global_ids)

    @property
    def link_codes(self) -> LinkCodes:
        """Codes by which people link accounts."""
        return LinkCodes(self._connection, self.now)

    @property
    def people(self) -> People:
        """Whom operators find and block."""
        return People(self._connection, self.now)

    @property
    def remote_erasures(self) -> RemoteErasures:
        """What is to be deleted of people at AIVAX, too."""
        return RemoteErasures(self._connection, self.now)

    @property
    def touched(self) -> Touched:
        """What changed and deleted messages mean for what was learnt."""
        return Touched(self._connection, self.now)

    @property
    def batches(self) -> BatchPresses:
        """The batches that buttons are about."""
        return BatchPresses(self._connection, self.now)

    @property
    def summaries(self) -> SummaryRequests:
        """What has summaries of conversations made."""
        return SummaryRequests(self._connection, self.now)

    @property
    def models(self) -> ModelChoice:
        """The gateways that operators chose for channels."""
        return ModelChoice(self._connection)

    @property
    def held_turns(self) -> HeldTurns:
        """What a press of a button does to a waiting turn."""
        return HeldTurns(self._connection, self.now)

    @property
    def consumption(self) -> Consumption:
        """What was used up to now."""
        return Consumption(self._connection)

    async def announce(self, conversation_id: int, platform: str, *, is_kept: bool = False) -> None:
        """Tell the other processes, on commit, that the conversation has work; `is_kept`: see `TurnQueue.keep`."""
        await announce(self._connection, conversation_id, platform, is_kept=is_kept)

    async def add_message(
        self,
        conversation_id: int,
        turn_id: int,
        identity_id: int,
        *,
        text: str,
        attachments: Sequence[Attachment],
        origin: str,
    ) -> None:
        """Store what the person said, as part of a turn."""
        row = {
            "conversation_id": conversation_id,
            "turn_id": turn_id,
            "identity_id": identity_id,
            "role": "user",
            "text": text,
            "attachments": [asdict(attachment) for attachment in attachments],
            "origin": origin,
            "created_at": self.now,
        }
        await self._connection.execute(_adding_message(), row)

    async def _identity(self, author: Author) -> Row[Any] | None:
        asked = _as_parameters(author.identity)
        found: Row[Any] | None = (await self._connection.execute(_finding_identity(), asked)).one_or_none()
        if found is not None and found.blocked_at is not None:
            self._blocked.add(int(found.id))
        if found is not None and found.shares_talk:
            self._talk_as_one.add(int(found.id))
        return found

    async def _add_identity(self, author: Author) -> int:
        person = persons.insert().values(key=uuid.uuid4().hex, created_at=self.now).returning(persons.c.id)
        person_id = (await self._connection.execute(person)).scalar_one()
        is_first = await self._insert_once(
            identities,
            person_id=person_id,
            **asdict(author.identity),
            **{name: getattr(author, name) for name in _TOLD},
            name_folded=author.name.casefold(),
            created_at=self.now,
        )
        if not is_first:  # another process was faster
            await self._connection.execute(persons.delete().where(persons.c.id == person_id))
        found = await self._identity(author)
        assert found is not None  # noqa: S101  one that was there, or ours
        if is_first and await self.links.join(found.id, author.identity):
            found = await self._identity(author)
            assert found is not None  # noqa: S101  the same
        self._locales[found.id] = as_chosen(found.chosen_locale) or found.locale
        return int(found.id)

    async def _open(self, place: Place, owner_id: int) -> int:
        """Open a conversation, or lock the one that another process opened; again when a third closed that one."""
        times = {"opened_at": self.now, "active_at": self.now}
        while True:
            await self._insert_once(conversations, **asdict(place), owner_id=owner_id, **times)
            found = (
                await self._connection.execute(_locking(), _open_at(place, owner_id))
            ).scalar_one_or_none()
            if found is not None:
                return int(found)

    async def _insert_once(self, table: Table, **values: object) -> bool:
        """Insert a row unless one with the same key is there; whether it was new."""
        row = insert_once(self._connection, table)
        return (await self._connection.execute(row, values)).first() is not None


def _waits() -> ColumnElement[bool]:
    return is_open() & (turns.c.state != TurnState.RUNNING) & ~turns.c.notice


def _fitting(key: str) -> str:
    return key if len(key) <= KEY_CHARS else f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def _as_parameters(identity: Identity) -> dict[str, object]:
    return {f"their_{name}": value for name, value in asdict(identity).items()}


def _here(place: Place, owner_id: int) -> dict[str, object]:
    where = {"platform": place.platform, "workspace": place.workspace, "channel": place.channel}
    return {**where, "thread": place.thread, "owner_id": owner_id}


def _open_at(place: Place, owner_id: int) -> dict[str, object]:
    return {f"open_{name}": value for name, value in _here(place, owner_id).items()}


@cache
def _finding_identity() -> Select[Any]:
    names = ("platform", "workspace", "user")
    is_theirs = (identities.c[name] == bindparam(f"their_{name}") for name in names)
    block = (blocks.c.platform == identities.c.platform) & (blocks.c.user == identities.c.user)
    block &= blocks.c.workspace.in_([literal_column("''"), identities.c.workspace])
    known = ("id", "person_id", "home_person_id", "chosen_locale", "shares_talk", *_TOLD)
    found = select(*identities.c[known], blocks.c.blocked_at)
    return found.outerjoin_from(identities, blocks, block).where(*is_theirs).limit(1)


@cache
def _is_open() -> ColumnElement[bool]:
    names = ("platform", "workspace", "channel", "thread", "owner_id")
    here = (conversations.c[name] == bindparam(f"open_{name}") for name in names)
    return and_(*here, conversations.c.closed_at.is_(None))


@cache
def _hearing() -> Update:
    """Something is said in the open conversation, unless it was silent for too long; its row stays locked."""
    said = update(conversations).where(_is_open(), conversations.c.active_at >= bindparam("idle_since"))
    return said.values(active_at=bindparam("now")).returning(conversations.c.id)


@cache
def _closing() -> Update:
    return update(conversations).where(_is_open()).values(closed_at=bindparam("now"))


@cache
def _locking() -> Select[Any]:
    return select(conversations.c.id).where(_is_open()).with_for_update(key_share=True)


@cache
def _adding_turn() -> Any:
    return insert(turns).returning(turns.c.id)


@cache
def _adding_message() -> Any:
    return insert(messages)


@cache
def _line() -> Select[Any]:
    return select(_count(_waits(), "most"))


@cache
def _line_of() -> Any:
    person = select(identities.c.person_id).where(identities.c.id == bindparam("identity")).scalar_subquery()
    theirs = turns.c.identity_id.in_(select(identities.c.id).where(identities.c.person_id == person))
    return select(_count(is_open() & ~turns.c.notice & theirs, "part"), _count(_waits(), "most"))


def _count(which: ColumnElement[bool], most: str) -> ScalarSelect[int]:
    found = select(turns.c.id).where(which).limit(bindparam(most, type_=Integer))
    return select(func.count()).select_from(found.subquery()).scalar_subquery()
