"""Rows of the chat of the web console: read into entries, and written within somebody's transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain.console import ConsoleUser, Role
from core.storage.console_chat.entries import Entry, EntryKind, FileLine, NewFile, Sign, Untaken
from core.storage.db import console_chat, console_files, console_users


class AccountGone(Exception):
    """Nobody signs in by that account any more. Whoever posts tells it: it never leaves the frontend."""


async def hold_account(connection: AsyncConnection, user_id: int) -> None:
    """Lock an account, so that what comes to its chat comes one after the other. Raises `AccountGone`."""
    held = select(console_users.c.id).where(console_users.c.id == user_id).with_for_update()
    if await connection.scalar(held) is None:
        raise AccountGone


async def is_new(connection: AsyncConnection, user_id: int, key: str) -> bool:
    """Whether no form with that key was sent."""
    same = select(console_chat.c.id).where(console_chat.c.user_id == user_id, console_chat.c.key == key)
    return await connection.scalar(same.limit(1)) is None


async def add_entry(connection: AsyncConnection, row: dict[str, Any], files: Sequence[NewFile] = ()) -> int:
    """Add an entry with its files; its id. Raises `AccountGone`."""
    await hold_account(connection, row["user_id"])
    added = console_chat.insert().values(**row).returning(console_chat.c.id)
    entry_id = int((await connection.execute(added)).scalar_one())
    for each in files:
        file = {"entry_id": entry_id, "identity_id": row["identity_id"], "name": each.name}
        file |= {"media_type": each.media_type, "size_bytes": len(each.data), "data": each.data}
        await connection.execute(console_files.insert().values(**file))
    return entry_id


async def owner_of(connection: AsyncConnection, user_id: int) -> int | None:
    """Whose what the bot says in an account's chat is: its identity, once the core knows one."""
    known = (console_chat.c.user_id == user_id) & console_chat.c.identity_id.is_not(None)
    newest = select(console_chat.c.identity_id).where(known).order_by(console_chat.c.id.desc()).limit(1)
    found = await connection.scalar(newest)
    return None if found is None else int(found)


async def files_of(connection: AsyncConnection, ids: Collection[int]) -> dict[int, list[FileLine]]:
    """The files of entries, without their bytes; those that were forgotten are left out."""
    if not ids:
        return {}
    c = console_files.c
    lines: Select[Any] = select(c.entry_id, c.id, c.name, c.media_type, c.size_bytes)
    theirs = lines.where(c.entry_id.in_(ids), c.name != "").order_by(c.id)
    found: dict[int, list[FileLine]] = {}
    for entry_id, *line in await connection.execute(theirs):
        found.setdefault(entry_id, []).append(FileLine(*line))
    return found


def untaken_rows(most: int) -> Select[Any]:
    """What the core is still to hear, in order, each with whose it is."""
    u = console_users.c
    account = (u.name.label("user_name"), u.role.label("user_role"), u.created_at.label("user_since"))
    return (
        select(console_chat, *account)
        .join(console_users, console_chat.c.user_id == u.id)
        .where(console_chat.c.taken.is_(False))
        .order_by(console_chat.c.id)
        .limit(most)
    )


def untaken_of(row: Any, files: Sequence[FileLine]) -> Untaken:
    """What a row of `untaken_rows` tells."""
    user = ConsoleUser(row.user_id, row.user_name, Role(row.user_role), row.user_since, "")
    press = row.extras.get("press", {})
    return Untaken(row.id, EntryKind(row.kind), row.key, user, row.text, press, files, row.locale)


def entry_of(row: Any, files: Sequence[FileLine]) -> Entry:
    """What a row shows."""
    sign = Sign(row.id, row.version, len(row.text))
    ideas = [str(each) for each in row.extras.get("ideas", ())]
    buttons = row.extras.get("buttons", ())
    return Entry(sign, EntryKind(row.kind), row.text, buttons, ideas, files, row.at)
