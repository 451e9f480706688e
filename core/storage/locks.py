"""The order in which rows are locked on PostgreSQL, so that no two transactions ever wait for each other.

1. the author of an event (`hold_author`), so that one person's events come one after the other;
2. conversations, those of questions before those of the bot's own sentences, several by their id;
3. turns, several by their id;
4. what belongs to a turn: messages, deliveries, calls.

A lock leaves out the key (`FOR NO KEY UPDATE`): who inserts a row that refers to the locked one does not wait.
SQLite has one writer at a time, and nothing of this.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.messages import Identity
from core.storage.tables import conversations, turns


async def hold_author(connection: AsyncConnection, who: Identity) -> None:
    """Let nobody else take in an event of this author until the transaction ends, also while we don't know them."""
    if _locks(connection):
        name = f"author:{who.platform}:{who.workspace}:{who.user}"
        await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


async def hold_conversations(connection: AsyncConnection, which: ColumnElement[bool]) -> None:
    """Let nobody else claim or change turns of these conversations until the transaction ends."""
    if _locks(connection):
        await connection.execute(_in_order(select(conversations.c.id).where(which), conversations.c.id))


async def hold_turns(connection: AsyncConnection, which: ColumnElement[bool]) -> None:
    """Keep these turns, and their conversations, as they are until the transaction ends."""
    if _locks(connection):
        theirs = select(turns.c.conversation_id).where(which)
        await hold_conversations(connection, conversations.c.id.in_(theirs))
        await connection.execute(_in_order(select(turns.c.id).where(which), turns.c.id))


def _in_order(rows: Select[tuple[int]], by: ColumnElement[int]) -> Select[tuple[int]]:
    return rows.order_by(by).with_for_update(key_share=True)


def _locks(connection: AsyncConnection) -> bool:
    return connection.dialect.name == "postgresql"
