"""Kinds of data that may go sooner than the text of their turn, or go at all: each has a setting of `[storage]`.

What words there are, and what they become, stands in the registry (`core.storage.personal_data.registry`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Text,
    cast,
    delete,
    exists,
    literal_column,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import ENDED
from core.settings import StorageSettings
from core.storage.db import batch_jobs, console_chat, console_files, learnt, messages, tool_activity, turns
from core.storage.learnt.follow_ups import Wanted
from core.storage.personal_data.registry import STORES
from core.storage.summaries.touched import drop_summaries_of

_EMPTY = {store.table: store.words for store in STORES}


class Step(Protocol):
    """Takes some of what is too old away; how many rows that were."""

    async def __call__(
        self, connection: AsyncConnection, *, now: Callable[[], datetime], batch: int
    ) -> int: ...


def steps_of(settings: StorageSettings) -> Mapping[str, Step]:
    """What is to be done for the kinds that have a period of their own."""
    periods: dict[str, tuple[float, _Kind]] = {
        "tools": (settings.retention_tools_days, _drop_tools),
        "files": (settings.retention_files_days, _empty_files),
        "sheets": (settings.retention_files_days, _empty_sheets),
        "learnt": (settings.retention_learnt_days, _forget_learnt),
        "chat_files": (settings.retention_files_days, _drop_chat_files),
        "calls": (settings.retention_calls_days, _drop_turns),
    }
    return {kind: _after(days, step) for kind, (days, step) in periods.items() if days}


_Kind = Callable[[AsyncConnection, datetime, datetime, int], Any]
"""Is given the moment before which everything is too old, the time now, and how many rows at most."""


def _after(days: float, step: _Kind) -> Step:
    async def run(connection: AsyncConnection, *, now: Callable[[], datetime], batch: int) -> int:
        count: int = await step(connection, now() - timedelta(days=days), now(), batch)
        return count

    return run


async def _drop_tools(connection: AsyncConnection, before: datetime, _: datetime, most: int) -> int:
    """Of answers that have ended. Rows are few: those of emptied turns are gone."""
    old = (tool_activity.c.updated_at < before) & _has_ended(tool_activity.c.turn_id)
    found = await _some(connection, select(tool_activity.c.id).where(old).order_by(tool_activity.c.id), most)
    if found:
        await connection.execute(delete(tool_activity).where(tool_activity.c.id.in_(found)))
    return len(found)


async def _empty_files(connection: AsyncConnection, before: datetime, _: datetime, most: int) -> int:
    """Names and addresses of what people sent: the files themselves were never stored."""
    empty = _EMPTY[messages]["attachments"]
    has_files = cast(messages.c.attachments, Text) != str(empty)
    asked = select(messages.c.id).join(turns, messages.c.turn_id == turns.c.id)
    asked = asked.where(turns.c.ended_at < before, turns.c.emptied_at.is_(None), turns.c.state.in_(ENDED))
    found = await _some(connection, asked.where(has_files).order_by(messages.c.id), most, of=messages)
    if found:
        emptied = update(messages).where(messages.c.id.in_(found))
        await connection.execute(emptied.values(attachments=empty))
    return len(found)


async def _empty_sheets(connection: AsyncConnection, before: datetime, _: datetime, most: int) -> int:
    """The sheet of a batch that is over, and what came of it."""
    over = (batch_jobs.c.ended_at < before) & (batch_jobs.c.stage == "gone")
    filled = (batch_jobs.c.sheet != literal_column("''")) | (batch_jobs.c.result != b"")
    found = await _some(
        connection, select(batch_jobs.c.id).where(over, filled).order_by(batch_jobs.c.id), most
    )
    if found:
        emptied = update(batch_jobs).where(batch_jobs.c.id.in_(found))
        await connection.execute(emptied.values(sheet="", result=b""))
    return len(found)


async def _forget_learnt(connection: AsyncConnection, before: datetime, now: datetime, most: int) -> int:
    """Have it forgotten, at AIVAX too, by whoever does that: here it goes when that is done."""
    old = (learnt.c.learnt_at < before) & (learnt.c.wanted != Wanted.FORGET.value)
    found = await _some(connection, select(learnt.c.id).where(old).order_by(learnt.c.id), most)
    if found:
        wanted = update(learnt).where(learnt.c.id.in_(found))
        await connection.execute(wanted.values(wanted=Wanted.FORGET.value, due_at=now, tries=0))
    return len(found)


async def _drop_chat_files(connection: AsyncConnection, before: datetime, _: datetime, most: int) -> int:
    """The only files of people that are stored: those of the chat of the console."""
    of = console_files.join(console_chat, console_files.c.entry_id == console_chat.c.id)
    old = select(console_files.c.id).select_from(of)
    old = old.where(console_chat.c.at < before, console_chat.c.taken.is_(True))
    found = await _some(connection, old.order_by(console_files.c.id), most, of=console_files)
    if found:
        await connection.execute(delete(console_files).where(console_files.c.id.in_(found)))
    return len(found)


async def _drop_turns(connection: AsyncConnection, before: datetime, _: datetime, most: int) -> int:
    """Rows of turns, with usage and all else that hangs on them, and summaries; but for a batch that goes on."""
    goes_on = exists().where(batch_jobs.c.turn_id == turns.c.id, batch_jobs.c.stage != "gone")
    old = (turns.c.created_at < before) & (turns.c.ended_at < before) & turns.c.state.in_(ENDED) & ~goes_on
    found = await _some(connection, select(turns.c.id).where(old).order_by(turns.c.created_at), most)
    if found:
        await drop_summaries_of(connection, found)
        await connection.execute(delete(turns).where(turns.c.id.in_(found)))
    return len(found)


def _has_ended(turn_id: Column[Any]) -> ColumnElement[bool]:
    return exists().where(turns.c.id == turn_id, turns.c.state.in_(ENDED))


async def _some(connection: AsyncConnection, found: Select[Any], most: int, of: Any = None) -> list[int]:
    """Lock the next few rows that nobody else has in hand."""
    held = found.limit(most).with_for_update(skip_locked=True, of=of)
    return list((await connection.execute(held)).scalars())
