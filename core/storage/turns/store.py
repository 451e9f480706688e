"""Turns in the database: claimed by one attempt at a time, fenced, released, closed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Delete,
    Insert,
    Integer,
    Row,
    Select,
    Update,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningInsert

from core.aivax.stream.events import Usage
from core.domain import Action, CancelRequest, Cause, Fenced, Place, ToolActivity, Turn, TurnState
from core.domain.metrics import PutBack
from core.storage.db import (
    Database,
    Id,
    Instant,
    breakers,
    conversations,
    deliveries,
    identities,
    insert_in,
    lock_conversations,
    lock_turns,
    made_files,
    messages,
    outlast,
    reader_locale,
    tool_activity,
    turns,
)
from core.storage.db import usage as usage_table
from core.storage.turns import fair_claim
from core.storage.turns.fence import assert_current, forgets, held_by, is_current
from core.storage.turns.held_turns import STALE
from core.storage.turns.ledger import FirstIntents, StoredLedger
from core.storage.turns.made_files import MadeFileStore
from core.storage.turns.measured import TurnMeter
from core.storage.turns.release import IS_HELD
from core.storage.turns.row_mapper import next_turn, turn_of
from core.storage.turns.taken_back import TakenBackStore


class TurnStore:
    """What the runner and the queue need to know of turns."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        owner: str,
        *,
        lease_s: float = 30.0,
        person_running: int = fair_claim.ALL,
        roomless: Callable[[], Collection[int]] = frozenset,
    ) -> None:
        """`owner` names this process in the rows that it runs; `lease_s` is how long they stay its own unrenewed.

        Of a person who runs `person_running` turns no other is given out, except to be closed on the screen; nor is
        a question that is `roomless` in this process: there is no memory for its files.
        """
        self._person_running = person_running
        self._roomless = roomless
        self._database = database
        self._first_intents = FirstIntents()
        self.files = MadeFileStore(database)
        self.taken_back = TakenBackStore(database)
        self._now = now
        self.owner = owner
        self._lease = timedelta(seconds=lease_s)
        self._measured = TurnMeter(database.meter, now)

    @property
    def has_one_writer(self) -> bool:
        """Whether every transaction sees all that others wrote before it, committed or not yet."""
        return self._database.is_sqlite

    async def conversations_with_work(self, platforms: Collection[str]) -> Sequence[int]:
        """Conversations of these platforms whose next turn may run now, those that wait longest first."""
        asked = {"now": self._now(), "platforms": list(platforms), **self.passed_over()}
        async with self._database.read() as connection:
            return list((await connection.execute(fair_claim.conversations_with_work(), asked)).scalars())

    async def has_unfinished(self) -> bool:
        """Whether any turn waits in the queue, is delayed, or runs, in whichever process. Held turns don't count."""
        async with self._database.read() as connection:
            return bool((await connection.execute(_unfinished())).scalar_one())

    def passed_over(self) -> dict[str, Any]:
        """Whose turns are not given out, as the statements in `waiting` have it."""
        return {"person_running": self._person_running, "roomless": sorted(self._roomless())}

    async def claim(self, conversation_id: int, platforms: Collection[str] | None = None) -> Turn | None:
        """Take the conversation's oldest waiting turn, or none if one runs, none waits or it is not due.

        With `platforms`, none either if it is of another one.
        """
        async with self._database.write() as connection:
            return await self.claim_within(connection, conversation_id, platforms=platforms)

    async def claim_to_tell(self, conversation_id: int, turn_id: int, place: int) -> Turn | None:
        """Take a waiting turn only to tell its author their place in line, if it is its conversation's next still."""
        async with self._database.write() as connection:
            turn = await self.claim_within(connection, conversation_id, only=turn_id)
            if turn is not None:
                await self._first_intents.take_back(connection, turn)
                told = update(turns).where(turns.c.id == turn_id)
                await connection.execute(
                    told.values(
                        position_told=place, **_one_more("position_only_attempts", "unbilled_attempts")
                    )
                )
            return turn

    async def claim_within(
        self,
        connection: AsyncConnection,
        conversation_id: int,
        *,
        only: int | None = None,
        platforms: Collection[str] | None = None,
    ) -> Turn | None:
        """Claim as part of a transaction that decides more than that.

        `only`: no other turn than this one, which may be of a person who runs as many as they may.
        """
        await lock_conversations(connection, conversations.c.id == conversation_id)
        found = await connection.execute(next_turn(), {"conversation_id": conversation_id})
        row = found.one_or_none()
        if row is None or row.state == TurnState.RUNNING or row.due_at > self._now():
            return None
        if only not in (None, row.id) or (platforms is not None and row.platform not in platforms):
            return None
        is_held_back = row.person_runs >= self._person_running or row.id in self._roomless()
        if only is None and is_held_back and _is_question(row):
            return None
        return await self._start(connection, row)

    async def ledger(self, turn: Turn) -> StoredLedger:
        """What stands on the platform already of a claimed turn's answer."""
        on_text = partial(self._measured.first_text, turn)
        return await StoredLedger.open(self._database, turn, self._first_intents, on_text)

    def leave(self, turn: Turn) -> None:
        """The turn runs here no more."""
        self._first_intents.discard(turn)
        self._measured.left(turn)

    async def recover(self, platforms: Collection[str], *, running: Collection[int] = ()) -> int:
        """Queue again every turn whose process is gone; how many. `running` are those that do run here.

        A SQLite file has one process, so whatever does not run here is left. On PostgreSQL a turn is left when
        its lease ran out, or when it is ours and an error left it.
        """
        left = (turns.c.state == TurnState.RUNNING) & turns.c.id.not_in(running)
        if not self._database.is_sqlite:
            left &= (turns.c.lease_until < self._now()) | (turns.c.owner == self.owner)
        async with self._database.read() as connection:
            if (await connection.execute(select(turns.c.id).where(left).limit(1))).first() is None:
                return 0
        platform = select(conversations.c.platform).where(conversations.c.id == turns.c.conversation_id)
        left &= platform.scalar_subquery().in_(platforms)
        async with self._database.write() as connection:
            left &= await lock_turns(connection, left)
            again = update(turns).where(left).values(state=TurnState.QUEUED)
            return (await connection.execute(again)).rowcount

    async def renew(self, running: Collection[int]) -> None:
        """Keep the turns that run here for another lease. One that was taken over meanwhile stays with its taker."""
        ours = turns.c.id.in_(running) & (turns.c.owner == self.owner) & (turns.c.state == TurnState.RUNNING)
        async with self._database.write(urgent=True) as connection:
            ours &= await lock_turns(connection, ours)
            await connection.execute(update(turns).where(ours).values(lease_until=self._now() + self._lease))

    async def release(
        self, turn: Turn, due_at: datetime, *, counts: bool, unbilled: bool = False, tried: bool = True
    ) -> None:
        """Put a turn back: it runs again from `due_at` on, ahead of the later ones of its conversation.

        `counts` uses a try up; `unbilled` tells that the attempt was not answered, and not paid. Not `tried`: it was
        only claimed to tell its author something.
        """
        tries = turn.tries if counts else turn.tries - 1
        more = _one_more("unbilled_attempts") if unbilled else {}
        waits = _waits_as(TurnState.QUEUED, self._now())
        released = update(turns).where(is_current()).values(due_at=due_at, tries=tries, **waits, **more)
        await outlast(lambda: self._change_once(turn, released, {}))
        if tried:
            self._measured.put_back(turn, PutBack.DELAYED)

    async def delay(self, turn: Turn, breaker: str, due_at: datetime) -> bool:
        """Put a turn back that a breaker holds: it runs again at `due_at`, or when the breaker is reset before.

        Returns False if the turn is due at once, since it was reset meanwhile.
        """
        since = case((turns.c.held_by == breaker, turns.c.held_at))
        counted = {"tries": turn.tries - 1, **_one_more("unbilled_attempts")}
        waits = _waits_as(TurnState.QUEUED, self._now())
        values = {"due_at": due_at, "held_at": since, **waits, **counted}
        is_held = await outlast(lambda: self._wait(turn, breaker, values))
        self._measured.put_back(turn, PutBack.PAUSED)
        return is_held

    async def told_before(self, turn: Turn, breaker: str, since: datetime) -> set[int]:
        """The turns of this conversation that the breaker has held since it tripped: their authors were told."""
        told = (turns.c.held_by == breaker) & (turns.c.held_at >= since)
        query = select(turns.c.id).where(turns.c.conversation_id == turn.conversation_id, told)
        async with self._database.read() as connection:
            return set((await connection.execute(query)).scalars())

    async def held_before(self, moment: datetime, most: int) -> Sequence[tuple[int, str, Place]]:
        """Turns created before that moment that a breaker still holds, with their author's locale and place.

        Not those that an operator's pause holds: they are kept however long it lasts.
        """
        waiting = IS_HELD & (turns.c.created_at < moment) & (turns.c.held_by != Cause.PAUSE)
        places = conversations.c["platform", "workspace", "channel", "thread", "private"]
        query = (
            select(turns.c.id, reader_locale().label("locale"), *places)
            .join(conversations)
            .join(identities, turns.c.identity_id == identities.c.id)
        )
        async with self._database.read() as connection:
            rows = await connection.execute(query.where(waiting).limit(most))
            return [(row.id, row.locale, Place(*row[2:])) for row in rows]

    async def give_up(self, turn_id: int, sentence: str) -> None:
        """Turn a held question into the sentence that it was given up.

        It takes the place of what told of the waiting, so that no live button is left; else it is shown like an answer.
        """
        waiting = (turns.c.id == turn_id) & (turns.c.state == TurnState.HELD)
        async with self._database.write() as connection:
            said = update(turns).where(waiting).values(state=TurnState.QUEUED, answer=sentence, notice=True)
            if (await connection.execute(said.values(due_at=self._now()))).rowcount:
                theirs = update(deliveries).where(deliveries.c.turn_id == turn_id)
                promised = (deliveries.c.message_id != "") & (deliveries.c.shown == 0)
                await connection.execute(theirs.where(~promised).values(gone=True))
                await connection.execute(theirs.where(promised).values(gone=False, generation=STALE))

    async def hold(self, turn: Turn, breaker: str) -> bool:
        """Have a breaker hold a turn: it takes up no worker, uses up no try, and survives a restart.

        One that its author dropped meanwhile ends instead. Returns False if the turn is due at once, since the breaker
        was reset meanwhile.
        """
        now = self._now()
        counted = {"tries": turn.tries - 1, **_one_more("unbilled_attempts")}
        waits = _waits_as(TurnState.HELD, now)
        is_held = await outlast(lambda: self._wait(turn, breaker, {"held_at": now, **waits, **counted}))
        self._measured.put_back(turn, PutBack.HELD)
        return is_held

    async def _wait(self, turn: Turn, breaker: str, values: Mapping[str, object]) -> bool:
        """Have a breaker hold a turn; one that was reset meanwhile would never release it, so it is queued.

        Returns whether the breaker holds it.
        """
        async with self._database.write() as connection:
            await assert_current(connection, turn)
            await self._first_intents.take_back(connection, turn)
            closed = select(breakers.c.name).where(breakers.c.name == breaker).with_for_update(read=True)
            is_held = (await connection.execute(closed)).first() is not None
            if not is_held:
                values = {**values, **_waits_as(TurnState.QUEUED, self._now()), "due_at": self._now()}
            held = update(turns).where(turns.c.id == turn.id)
            await connection.execute(held.values(held_by=breaker, **values))
            return is_held

    async def cancel_request(self, turn: Turn) -> CancelRequest | None:
        """What its author wants of it, as they said while it ran or waited."""
        async with self._database.read() as connection:
            found = (await connection.execute(_requested(), {"turn": turn.id})).scalar_one_or_none()
            return CancelRequest(found) if found else None

    async def close(
        self, turn: Turn, state: TurnState, *, failure: str | None = None, reference: str | None = None
    ) -> None:
        """End a turn for good; of one that was withdrawn not even the address stays.

        Raises `Fenced` if it is no longer ours to end.
        """
        ended = {"ending": state, "now": self._now(), "failure": failure, "reference": reference}
        ended["shown"] = self._measured.first_text_at(turn)
        await outlast(lambda: self._change_once(turn, _closing(), ended))
        self._measured.ended(turn, state, failure, reference)

    async def keep_answer(
        self,
        turn: Turn,
        text: str,
        usage: Usage | None,
        *,
        whole: bool,
        ours: bool = False,
        remembered: str | None = None,
        offers: Sequence[Action] = (),
    ) -> None:
        """Store what was generated. A whole answer will be delivered after a crash without asking again.

        `ours`: it is a sentence of the bot's own, which the model is never told as its words. `remembered` is what it
        is told as such, where that is not the text that people read. `offers` are the buttons below it.
        """
        told = "" if ours else text if remembered is None else remembered
        await outlast(lambda: self._keep_answer(turn, text, told, usage, whole=whole, offers=offers))
        if usage is not None:
            self._measured.used(turn, usage)

    async def _keep_answer(
        self,
        turn: Turn,
        text: str,
        told: str,
        usage: Usage | None,
        *,
        whole: bool,
        offers: Sequence[Action],
    ) -> None:
        async with self._database.write() as connection:
            if not (whole and await self._is_first_answer(connection, turn, text)):
                if forgets(await assert_current(connection, turn)):
                    text, told, whole = "", "", False
                if whole:
                    await connection.execute(update(turns).where(turns.c.id == turn.id).values(answer=text))
                await connection.execute(_answer_of(turn.id))
            if offers:
                offered = update(turns).where(turns.c.id == turn.id).values(offers=",".join(offers))
                await connection.execute(offered)
            if told:
                await connection.execute(_adding_message(), self._message(turn, told, whole=whole))
            if usage is not None:
                await connection.execute(_keeping_usage(connection.dialect.name), self._usage(turn, usage))

    async def _is_first_answer(self, connection: AsyncConnection, turn: Turn, text: str) -> bool:
        """Store a whole answer where this attempt stored none yet, nor is to forget it: the usual case."""
        answered = await connection.execute(_answering(), {**held_by(turn), "text": text})
        return answered.rowcount > 0

    async def settle_capability(self, turn: Turn, name: str) -> None:
        """Store what a turn does in place of asking, now that it is known; `""`: it asks. Raises `Fenced`."""
        settled = update(turns).where(is_current()).values(capability=name or None)
        await outlast(lambda: self._change_once(turn, settled, {}))

    async def is_the_models(self, turn: Turn) -> bool:
        """Whether the stored answer is the model's: what is not remembered of it is a sentence of the bot's own."""
        said = (messages.c.turn_id == turn.id) & (messages.c.role == "assistant")
        async with self._database.read() as connection:
            return (await connection.execute(select(messages.c.id).where(said).limit(1))).first() is not None

    async def answer_of(self, turn: Turn) -> str | None:
        """Read the whole answer that is stored for a turn; None where there is none."""
        async with self._database.read() as connection:
            found = await connection.execute(select(turns.c.answer).where(turns.c.id == turn.id))
            answer: str | None = found.scalar_one_or_none()
            return answer

    async def keep_activity(self, turn: Turn, activity: ToolActivity) -> None:
        """Store what a tool did; the newest state of a tool's id replaces the one before."""
        await outlast(lambda: self._keep_activity(turn, activity))

    async def _keep_activity(self, turn: Turn, activity: ToolActivity) -> None:
        same = (tool_activity.c.turn_id == turn.id) & (tool_activity.c.tool_id == activity.id)
        async with self._database.write() as connection:
            if forgets(await assert_current(connection, turn)):
                return
            await connection.execute(delete(tool_activity).where(same))
            row = tool_activity.insert().values(
                turn_id=turn.id,
                tool_id=activity.id,
                name=activity.name,
                state=activity.state,
                contents=activity.contents,
                explanation=activity.explanation,
                updated_at=self._now(),
            )
            await connection.execute(row)

    async def _change_once(self, turn: Turn, change: Update, values: Mapping[str, object]) -> None:
        """Change a turn by a statement that asks for the fence itself. Raises `Fenced`."""
        async with self._database.write() as connection:
            if not (await connection.execute(change, {**held_by(turn), **values})).rowcount:
                raise Fenced(turn.id, turn.attempt)
            await self._first_intents.take_back(connection, turn)

    async def _start(self, connection: AsyncConnection, row: Row[Any]) -> Turn:
        begins_anew = row.answer is None
        if begins_anew and row.attempt > 0:  # what the attempt before left is replaced, not added to
            await connection.execute(_answer_of(row.id))
            for table in (tool_activity, made_files):
                await connection.execute(delete(table).where(table.c.turn_id == row.id))
        counters = {
            "attempt": row.attempt + 1,
            "tries": row.tries + 1,
            "generation": row.attempt if begins_anew else row.generation,
        }
        now = self._now()
        of_turn = {"turn": row.id, "owner": self.owner, "now": now, "lease_until": now + self._lease}
        await connection.execute(
            _starting(), {**of_turn, **{f"next_{name}": each for name, each in counters.items()}}
        )
        if row.attempt == 0:
            intended = await connection.execute(_intending(), {"turn": row.id})
            if intended.first() is not None:
                self._first_intents.add(row.id)
        return turn_of(row, **counters)

    def _message(self, turn: Turn, text: str, *, whole: bool) -> dict[str, object]:
        return {
            "conversation_id": turn.conversation_id,
            "turn_id": turn.id,
            "identity_id": None,
            "role": "assistant",
            "text": text,
            "whole": whole,
            "attachments": [],
            "origin": "",
            "created_at": self._now(),
        }

    def _usage(self, turn: Turn, usage: Usage) -> dict[str, object]:
        return {
            "turn_id": turn.id,
            "model": usage.model,
            "provider": usage.provider,
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "cached_tokens": usage.cached_tokens,
            "credits": usage.credits,
            "other_usd": usage.other_usd,
            "created_at": self._now(),
        }


@cache
def _starting() -> Update:
    names = ("attempt", "tries", "generation")
    counters = {name: bindparam(f"next_{name}", type_=Integer) for name in names}
    started = update(turns).where(turns.c.id == bindparam("turn")).values(state=TurnState.RUNNING, **counters)
    started = started.values(started_at=bindparam("now"), lease_until=bindparam("lease_until"))
    return started.values(owner=bindparam("owner"))


@cache
def _intending() -> ReturningInsert[Any]:
    """The intent of a turn's first message, where nothing is known of any: written with the claim, long before it."""
    turn: BindParameter[int] = bindparam("turn", type_=Id)
    none = ~exists().where(deliveries.c.turn_id == turn)
    intended = insert(deliveries).from_select(["turn_id", "part"], select(turn, literal(0)).where(none))
    return intended.returning(deliveries.c.id)


@cache
def _requested() -> Select[Any]:
    return select(turns.c.cancel_request).where(turns.c.id == bindparam("turn"))


@cache
def _answering() -> Update:
    forgotten = func.coalesce(turns.c.cancel_request, "").in_(
        [each for each in CancelRequest if each.forgets]
    )
    first = update(turns).where(is_current(), turns.c.answer.is_(None), ~forgotten)
    return first.values(answer=bindparam("text"))


@cache
def _adding_message() -> Insert:
    return insert(messages)


@cache
def _keeping_usage(dialect: str) -> Any:
    row = insert_in(dialect, usage_table)
    newest = {column.name: row.excluded[column.name] for column in usage_table.c if not column.primary_key}
    return row.on_conflict_do_update(index_elements=["turn_id"], set_=newest)


@cache
def _unfinished() -> Select[Any]:
    states = (TurnState.QUEUED, TurnState.RUNNING)
    return select(or_(*(select(turns.c.id).where(turns.c.state == each).exists() for each in states)))


@cache
def _closing() -> Update:
    withdrawn = turns.c.cancel_request.is_not_distinct_from(CancelRequest.WITHDRAW)
    address = case((withdrawn, ""), else_=turns.c.address)
    ended = update(turns).where(is_current()).values(address=address, ended_at=bindparam("now"))
    ended = ended.values(failure=bindparam("failure"), reference=bindparam("reference"))
    first_text = func.coalesce(turns.c.first_text_at, bindparam("shown", type_=Instant))
    return ended.values(state=bindparam("ending"), first_text_at=first_text)


def _is_question(row: Row[Any]) -> bool:
    """Whether an answer is still to be asked for."""
    return row.answer is None and not (row.cancel_request and CancelRequest(row.cancel_request).ends_answer)


def _waits_as(state: TurnState, now: datetime) -> dict[str, ColumnElement[Any]]:
    """A state to wait in; a turn that its author dropped while it was tried in vain ends instead."""
    dropped = turns.c.cancel_request.is_not_distinct_from(CancelRequest.DROP) & turns.c.answer.is_(None)
    return {"state": case((dropped, TurnState.CANCELLED), else_=state), "ended_at": case((dropped, now))}


def _one_more(*counters: str) -> dict[str, ColumnElement[int]]:
    return {name: turns.c[name] + 1 for name in counters}


def _answer_of(turn_id: int) -> Delete:
    """What an attempt before, or this very write before its connection broke, may have stored."""
    return delete(messages).where(messages.c.turn_id == turn_id, messages.c.role == "assistant")
