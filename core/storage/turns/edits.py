"""What a person takes back, changes or stops, within the transaction of an event."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Text,
    cast,
    exists,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import Administers, Attachment, CancelRequest, Deleted, Place, TurnState
from core.storage.db import (
    batched,
    conversations,
    deliveries,
    is_open,
    lock_conversations,
    lock_these,
    lock_turns,
    messages,
    turns,
)
from core.storage.personal_data.erasure import Eraser
from core.storage.summaries.touched import drop_summaries_of

WAITING = (TurnState.QUEUED, TurnState.HELD)
OPEN = (*WAITING, TurnState.RUNNING)


@dataclass(frozen=True, slots=True)
class Question:
    """A person's stored message, and the turn that answers it."""

    message_id: int
    text: str
    attachments: tuple[Attachment, ...]
    origin: str
    turn_id: int
    conversation_id: int
    state: TurnState
    address: str
    place: Place


@dataclass(frozen=True, slots=True)
class Stopped:
    """What a stop came to."""

    turns: int
    running_in: tuple[int, ...]
    """Conversations in which an answer under way is to end."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """What a deletion came to."""

    messages: int
    running_in: tuple[int, ...]
    """Conversations in which an answer under way is to end."""


class Changes:
    """Changes to what was said, and to the turns that answer it."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def question(self, identity_id: int, place: Place, origin: str) -> Question | None:
        """The author's message with the platform's id `origin`; the newest, where it was asked again."""
        here = _in_channel(place.platform, place.workspace, place.channel)
        return await self._find(_is_said_as([origin]) & (messages.c.identity_id == identity_id) & here)

    async def question_of(self, turn_id: int) -> Sequence[Question]:
        """What was asked in a turn, in the order of saying."""
        rows = await self._connection.execute(_questions().where(messages.c.turn_id == turn_id))
        return [_question(row) for row in rows]

    async def reword(self, message_id: int, text: str) -> None:
        """Change what was said."""
        reworded = update(messages).where(messages.c.id == message_id).values(text=text)
        turn_id = await self._connection.scalar(reworded.returning(messages.c.turn_id))
        if turn_id is not None:
            await drop_summaries_of(self._connection, [turn_id])

    async def choose_capability(
        self, turn_id: int, capability: str, administers: Administers = Administers.NOTHING
    ) -> None:
        """Have a turn do something else than it was to: `""`: ask. `administers` as in `add_turn`."""
        values = {"capability": capability or None, "administers": administers or None}
        await self._connection.execute(update(turns).where(turns.c.id == turn_id).values(**values))

    async def move(self, message_ids: Collection[int], turn_id: int) -> None:
        """Have other words, or the same, answered by another turn."""
        moved = update(messages).where(messages.c.id.in_(message_ids))
        await self._connection.execute(moved.values(turn_id=turn_id))

    async def cancel_request(self, turn_id: int, cancel_request: CancelRequest) -> None:
        """Tell the process that runs a turn what becomes of it."""
        await self._connection.execute(
            update(turns).where(turns.c.id == turn_id).values(cancel_request=cancel_request)
        )

    async def replace(self, turn_id: int, successor_id: int) -> None:
        """Leave a turn out of later history: another one answers the same question."""
        await self._connection.execute(
            update(turns).where(turns.c.id == turn_id).values(replaced_by=successor_id)
        )
        await drop_summaries_of(self._connection, [turn_id])

    async def redact(self, deleted: Deleted, quoting: Collection[int] = ()) -> Redacted:
        """Empty messages that were deleted, with what was answered to them, and end what nobody asks any more.

        `quoting` are later turns whose answers quote them: those answers go, too.
        """
        found = await deleted_messages(self._connection, deleted)
        if not found:
            return Redacted(0, ())
        asked = {row.turn_id for row in found}
        await lock_these(self._connection, {*asked, *quoting})
        for turn_ids in batched(sorted({*asked, *quoting})):
            await Eraser(self._connection).empty_derived(turn_ids)
        emptied = update(messages).where(messages.c.id.in_([row.id for row in found]))
        await self._connection.execute(emptied.values(text="", attachments=[]))
        left = exists().where(
            (messages.c.turn_id == turns.c.id) & (messages.c.role == "user") & _has_content()
        )
        nobodys = turns.c.id.in_(asked) & ~left
        running_in = (await self._end(nobodys, CancelRequest.WITHDRAW)).running_in
        gone = update(turns).where(nobodys, turns.c.state.not_in(OPEN))
        await self._connection.execute(gone.values(address=""))
        return Redacted(len(found), running_in)

    async def leave(self, platform: str, workspace: str) -> Sequence[int]:
        """End all that waits in a workspace that the bot was removed from; the conversations where something runs.

        Nothing can be shown there any more.
        """
        there = (conversations.c.platform == platform) & (conversations.c.workspace == workspace)
        return (await self._end(_is_in(there), CancelRequest.WITHDRAW, visibly=False)).running_in

    async def stop(self, identity_id: int, place: Place, *, whole_channel: bool) -> Stopped:
        """End what is being answered to the author in a place."""
        here = (conversations.c.platform == place.platform) & (conversations.c.workspace == place.workspace)
        here &= conversations.c.channel == place.channel
        if not whole_channel:
            here &= conversations.c.thread == place.thread
        theirs = (turns.c.identity_id == identity_id) & ~turns.c.notice
        return await self._end(theirs & _is_in(here), CancelRequest.STOP)

    async def end_all(self, identity_ids: Collection[int], cancel_request: CancelRequest) -> Sequence[int]:
        """End all that is open of a person's questions; the conversations where one runs, or is to be closed."""
        is_asked = ~turns.c.notice | turns.c.answer.is_(None)  # also what is made beside their answers
        theirs = turns.c.identity_id.in_(identity_ids) & is_asked
        return (await self._end(theirs, cancel_request)).running_in

    async def stop_turn(self, turn_id: int) -> Stopped:
        """End one answer, if it is under way or waits."""
        return await self._end(turns.c.id == turn_id, CancelRequest.STOP)

    async def take_back(self, turn_id: int) -> Stopped:
        """End one answer that nobody is to see any more, if it is under way or waits."""
        return await self._end(turns.c.id == turn_id, CancelRequest.TAKE_BACK, visibly=False)

    async def interrupt(self, conversation_id: int, identity_id: int) -> bool:
        """Break off the answer that the author is getting in a conversation; whether there was one."""
        theirs = (turns.c.conversation_id == conversation_id) & (turns.c.identity_id == identity_id)
        running = (turns.c.state == TurnState.RUNNING) & ~turns.c.notice & turns.c.answer.is_(None)
        broken = update(turns).where(theirs, running).values(cancel_request=CancelRequest.INTERRUPT)
        return (await self._connection.execute(broken)).rowcount > 0

    async def last_waiting(
        self, conversation_id: int, identity_id: int, *, gathering: bool = False
    ) -> int | None:
        """The conversation's last turn, if it is a question of the author that nobody has begun to answer.

        `gathering`: only if its author is still given time to say more.
        """
        last = (
            select(turns)
            .where(turns.c.conversation_id == conversation_id)
            .order_by(turns.c.id.desc())
            .limit(1)
            .with_for_update(key_share=True)
        )
        row = (await self._connection.execute(last)).one_or_none()
        if (
            row is None
            or row.identity_id != identity_id
            or row.notice
            or row.awaited
            or row.capability
            or row.attempt > row.unbilled_attempts
            or (gathering and row.due_at <= self._now)
        ):
            return None
        return int(row.id) if row.state == TurnState.QUEUED else None

    async def wait_longer(self, turn_id: int, wait: timedelta, most: timedelta) -> None:
        """Give the author of a question time to say more, from now on, but no longer than `most` in all."""
        created = select(turns.c.created_at).where(turns.c.id == turn_id)
        latest = (await self._connection.execute(created)).scalar_one() + most
        due_at = min(self._now + wait, latest)
        await self._connection.execute(update(turns).where(turns.c.id == turn_id).values(due_at=due_at))

    async def readdress(self, turn_id: int, address: str) -> None:
        """Have a turn that nobody has begun answered somewhere else."""
        await self._connection.execute(update(turns).where(turns.c.id == turn_id).values(address=address))

    async def _find(self, where: ColumnElement[bool]) -> Question | None:
        """The newest such message. Its conversation and turn stay as they are until the transaction ends."""
        newest = _questions().where(where).order_by(None).order_by(messages.c.id.desc()).limit(1)
        found = (await self._connection.execute(newest)).one_or_none()
        if found is None:
            return None
        await lock_conversations(self._connection, conversations.c.id == found.conversation_id)
        row = (await self._connection.execute(newest.with_for_update(of=turns, key_share=True))).one_or_none()
        return None if row is None else _question(row)

    async def _end(
        self, which: ColumnElement[bool], cancel_request: CancelRequest, *, visibly: bool = True
    ) -> Stopped:
        """Cancel those of the turns that wait, and have those broken off that run, or that show something already.

        What waits and shows something, a promise or the beginning of its answer, goes into the line once more:
        its next attempt only closes it on the screen.
        """
        which &= is_open()
        which &= await lock_turns(self._connection, which)
        waits = which & (turns.c.state != TurnState.RUNNING)
        silent: ColumnElement[bool] = true()
        if visibly:
            await self._recall(waits)
            silent = turns.c.notice | ~_shows_something()
        ended = update(turns).where(waits, silent)
        waiting = await self._connection.execute(
            ended.values(state=TurnState.CANCELLED, ended_at=self._now, cancel_request=cancel_request)
        )
        closed = (
            update(turns)
            .where(waits)
            .values(state=TurnState.QUEUED, due_at=self._now, cancel_request=cancel_request)
        )
        broken = update(turns).where(which, turns.c.state == TurnState.RUNNING, ~turns.c.notice)
        running_in: list[int] = []
        for which_end in (broken.values(cancel_request=cancel_request), closed):
            rows = await self._connection.execute(which_end.returning(turns.c.conversation_id))
            running_in.extend(rows.scalars())
        return Stopped(waiting.rowcount + len(running_in), tuple(running_in))

    async def _recall(self, waits: ColumnElement[bool]) -> None:
        """Take up what told of the waiting: it is left behind when a turn is tried again, and would go on promising."""
        ids = select(turns.c.id).where(waits, ~turns.c.notice)
        promised = (deliveries.c.message_id != "") & (deliveries.c.shown == 0) & deliveries.c.gone
        told = update(deliveries).where(deliveries.c.turn_id.in_(ids), promised)
        await self._connection.execute(told.values(gone=False))


async def deleted_messages(connection: AsyncConnection, deleted: Deleted) -> Sequence[Row[Any]]:
    """What is stored of messages that were deleted."""
    here = _in_channel(deleted.platform, deleted.workspace, deleted.channel)
    return [
        row
        for origins in batched(deleted.origins)
        for row in await connection.execute(_questions().where(_is_said_as(origins) & here))
    ]


def _questions() -> Select[Any]:
    places = conversations.c["platform", "workspace", "channel", "thread", "private"]
    return (
        select(messages, turns.c.state, turns.c.address, *places)
        .join(turns, messages.c.turn_id == turns.c.id)
        .join(conversations, messages.c.conversation_id == conversations.c.id)
        .where(messages.c.role == "user")
        .order_by(messages.c.id)
    )


def _question(row: Row[Any]) -> Question:
    return Question(
        message_id=row.id,
        text=row.text,
        attachments=tuple(Attachment(**attachment) for attachment in row.attachments),
        origin=row.origin,
        turn_id=row.turn_id,
        conversation_id=row.conversation_id,
        state=TurnState(row.state),
        address=row.address,
        place=Place(row.platform, row.workspace, row.channel, row.thread, row.private),
    )


def _is_in(place: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a turn's conversation is such a one: looked up turn by turn, as few turns are open."""
    return exists().where(conversations.c.id == turns.c.conversation_id, place)


def _is_said_as(origins: Sequence[str]) -> ColumnElement[bool]:
    """Whether a message has one of the platform's ids; most rows that are searched for are of no question of ours."""
    return messages.c.origin.in_(origins) & (messages.c.origin != literal_column("''"))


def _in_channel(platform: str, workspace: str, channel: str) -> ColumnElement[bool]:
    """In a channel or thread: some platforms name a thread alone where something was deleted."""
    of_workspace = (conversations.c.platform == platform) & (conversations.c.workspace == workspace)
    return of_workspace & or_(conversations.c.channel == channel, conversations.c.thread == channel)


def _shows_something() -> ColumnElement[bool]:
    here = (deliveries.c.turn_id == turns.c.id) & deliveries.c.gone.is_(False)
    return exists().where(here).correlate(turns)


def _has_content() -> ColumnElement[bool]:
    return (messages.c.text != "") | (cast(messages.c.attachments, Text) != "[]")
