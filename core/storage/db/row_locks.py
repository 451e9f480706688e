"""The order in which rows are locked on PostgreSQL, so that no two transactions ever wait for each other.

1. the author of an event (`lock_author`), so that one person's events come one after the other; then, where accounts
   are linked, blocked or met in one more workspace, which of them belong together (`lock_links`); then, where there
   are limits, whoever is counted: the person, the workspace, and for money the workspace, the channel and all of them
   (`core.admission.quotas.Limits.hold`);
2. conversations, those of questions before those of the bot's own sentences, several by their id;
3. turns, several by their id;
4. what belongs to a turn: messages, deliveries, calls.

A lock leaves out the key (`FOR NO KEY UPDATE`): who inserts a row that refers to the locked one does not wait.
SQLite has one writer at a time, and nothing of this.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, func, literal, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import Identity
from core.storage.db.tables import conversations, turns


async def lock_author(connection: AsyncConnection, who: Identity) -> None:
    """Let nobody else take in an event of this author until the transaction ends, also while we don't know them."""
    if _locks(connection):
        name = f"author:{who.platform}:{who.workspace}:{who.user}"
        await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


async def lock_links(connection: AsyncConnection, *, shared: bool = False) -> None:
    """Let nobody change which accounts belong together until the transaction ends; `shared`: others may hold this, too.

    One lock for all people: to link, to unlink and to block are rare, and short.
    """
    if _locks(connection):
        lock = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
        await connection.execute(select(lock(func.hashtextextended("linked-accounts", 0))))


async def lock_conversations(connection: AsyncConnection, which: ColumnElement[bool]) -> Sequence[int]:
    """Let nobody else claim or change turns of these conversations until the transaction ends; their ids."""
    if not _locks(connection):
        return ()
    order = (conversations.c.owner_id < 0, conversations.c.id)
    held = select(conversations.c.id).where(which).order_by(*order).with_for_update(key_share=True)
    return (await connection.execute(held)).scalars().all()


async def lock_turns(connection: AsyncConnection, which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Keep these turns, and their conversations, as they are until the transaction ends.

    What to change is then `which` and what this returns: a turn that came in between, in a conversation that is not
    held, is none of it.
    """
    if not _locks(connection):
        return true()
    theirs = select(turns.c.conversation_id).where(which)
    here = await lock_conversations(connection, conversations.c.id.in_(theirs))
    held = turns.c.conversation_id == any_(literal(here, ARRAY(BigInteger)))
    rows = select(turns.c.id).where(which, held).order_by(turns.c.id)
    await connection.execute(rows.with_for_update(key_share=True))
    return held


async def lock_these(connection: AsyncConnection, turn_ids: Collection[int]) -> None:
    """As `lock_turns`, for turns by their ids, however many."""
    await lock_turns(connection, turns.c.id == any_(literal([*turn_ids], ARRAY(BigInteger))))


def _locks(connection: AsyncConnection) -> bool:
    return connection.dialect.name == "postgresql"
