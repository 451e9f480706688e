"""Keeps the chat of the web console. It is its own platform: what was acknowledged to a browser stands here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.storage.console_chat.entries import Entry, EntryKind, NewFile, Sign, Untaken
from core.storage.console_chat.rows import (
    add_entry,
    entry_of,
    files_of,
    hold_account,
    is_new,
    owner_of,
    untaken_of,
    untaken_rows,
)
from core.storage.db import (
    CHAT_CHANNEL,
    Database,
    console_chat,
    console_files,
    hear_on,
    identities,
)

SHOWN = (EntryKind.PERSON.value, EntryKind.BOT.value, EntryKind.IDEAS.value)
MOST_UNTAKEN = 50


class ChatStore:
    """The chats of all accounts of the console."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        *,
        platform: str,
        most: int,
        changed: Callable[[int], object] = lambda _user: None,
    ) -> None:
        """`most` entries of an account are kept, the newest. `changed` is told whose chat changed in this process."""
        self._database = database
        self._now = now
        self._platform = platform
        self._most = most
        self._changed = changed

    async def say(
        self, user_id: int, key: str, text: str, *, locale: str, files: Sequence[NewFile] = ()
    ) -> bool:
        """Keep what a person said; the core is still to hear of it. Whether it is new: a form is sent once."""
        row = self._row(user_id, EntryKind.PERSON, key, text, {}, locale, taken=False)
        async with self._database.write() as connection:
            await hold_account(connection, user_id)
            if not await is_new(connection, user_id, key):
                return False
            ideas = console_chat.c.kind == EntryKind.IDEAS.value
            await connection.execute(delete(console_chat).where(console_chat.c.user_id == user_id, ideas))
            await add_entry(connection, row, files)
            await self._prune(connection, user_id)
            await self._tell(connection, user_id)
        self._changed(user_id)
        return True

    async def press(self, user_id: int, key: str, press: Mapping[str, str], *, locale: str) -> bool:
        """Keep a press of a button that stands in the account's chat; whether there is such a button.

        Beside what the button has, it may bring a `comment`, or `more`: that one is only being asked for.
        """
        async with self._database.write() as connection:
            rows = select(console_chat.c.extras).where(console_chat.c.user_id == user_id)
            found = (
                await connection.execute(rows.where(console_chat.c.kind == EntryKind.BOT.value))
            ).scalars()
            wanted = {name: press.get(name, "") for name in ("action", "turn", "value")}
            offered = (each for extras in found for each in extras.get("buttons", ()))
            if not any(wanted.items() <= each.items() for each in offered):
                return False
            row = self._row(user_id, EntryKind.PRESS, key, "", {"press": dict(press)}, locale, taken=False)
            await add_entry(connection, row)
            await self._tell(connection, user_id)
        self._changed(user_id)
        return True

    async def untaken(self) -> Sequence[Untaken]:
        """What the core is still to hear, in order; so many at once."""
        async with self._database.read() as connection:
            rows = (await connection.execute(untaken_rows(MOST_UNTAKEN))).all()
            files = await files_of(connection, [row.id for row in rows])
        return [untaken_of(row, files.get(row.id, ())) for row in rows]

    async def took(self, untaken: Untaken, user: str) -> None:
        """The core has it: from now on it is its author's, who is `user` to the core."""
        this = console_chat.c.id == untaken.id
        who = select(identities.c.id).where(
            identities.c.platform == self._platform, identities.c.workspace == "", identities.c.user == user
        )
        async with self._database.write() as connection:
            if untaken.kind is EntryKind.PRESS:
                await connection.execute(delete(console_chat).where(this))
                return
            identity_id = await connection.scalar(who)
            await connection.execute(
                update(console_chat).where(this).values(taken=True, identity_id=identity_id)
            )
            files = update(console_files).where(console_files.c.entry_id == untaken.id)
            await connection.execute(files.values(identity_id=identity_id))

    async def post(
        self,
        user_id: int,
        nonce: str,
        text: str,
        *,
        buttons: Sequence[Mapping[str, str]] = (),
        files: Sequence[NewFile] = (),
    ) -> int:
        """Show a message of the bot's; its id. Raises `AccountGone`."""
        row = self._row(user_id, EntryKind.BOT, nonce, text, {"buttons": list(buttons)})
        async with self._database.write() as connection:
            row["identity_id"] = await owner_of(connection, user_id)
            entry_id = await add_entry(connection, row, files)
            await self._prune(connection, user_id)
            await self._tell(connection, user_id)
        self._changed(user_id)
        return entry_id

    async def edit(
        self, user_id: int, entry_id: int, text: str, buttons: Sequence[Mapping[str, str]] = ()
    ) -> bool:
        """Change a message of the bot's; whether it is there."""
        new = {"text": text, "extras": {"buttons": list(buttons)}, "version": console_chat.c.version + 1}
        return await self._change(user_id, update(console_chat).where(_is(user_id, entry_id)).values(**new))

    async def remove(self, user_id: int, entry_id: int) -> bool:
        """Take an entry away; whether it was there."""
        return await self._change(user_id, delete(console_chat).where(_is(user_id, entry_id)))

    async def find(self, user_id: int, nonce: str) -> int | None:
        """The message of the bot's by that name; None: there is none."""
        named = (console_chat.c.user_id == user_id) & (console_chat.c.key == nonce)
        newest = select(console_chat.c.id).where(named).order_by(console_chat.c.id.desc()).limit(1)
        async with self._database.read() as connection:
            found = await connection.scalar(newest)
        return None if found is None else int(found)

    async def suggest(self, user_id: int, ideas: Sequence[str]) -> None:
        """Show what could be asked next, in place of what was shown before."""
        old = console_chat.c.kind == EntryKind.IDEAS.value
        row = self._row(user_id, EntryKind.IDEAS, "", "", {"ideas": list(ideas)})
        async with self._database.write() as connection:
            await connection.execute(delete(console_chat).where(console_chat.c.user_id == user_id, old))
            if ideas:
                row["identity_id"] = await owner_of(connection, user_id)
                await add_entry(connection, row)
            await self._tell(connection, user_id)
        self._changed(user_id)

    async def signs(self, user_id: int) -> Sequence[Sign]:
        """What tells of each shown entry whether it changed, from the first to the last."""
        c = console_chat.c
        shown = select(c.id, c.version, func.length(c.text)).where(c.user_id == user_id, c.kind.in_(SHOWN))
        async with self._database.read() as connection:
            newest = await connection.execute(shown.order_by(c.id.desc()).limit(self._most))
            return [Sign(*row) for row in newest][::-1]

    async def entries(self, user_id: int, ids: Collection[int] | None = None) -> Sequence[Entry]:
        """Shown entries with their files, from the first to the last: these, or all."""
        c = console_chat.c
        which = c.id.in_(ids) if ids is not None else true()
        shown = select(console_chat).where(c.user_id == user_id, c.kind.in_(SHOWN), which)
        async with self._database.read(many_rows=True) as connection:
            rows = (await connection.execute(shown.order_by(c.id.desc()).limit(self._most))).all()[::-1]
            files = await files_of(connection, [row.id for row in rows])
        return [entry_of(row, files.get(row.id, ())) for row in rows]

    async def file(self, file_id: int, user_id: int) -> NewFile | None:
        """A file of the account's chat with its bytes; None: there is none, or it was forgotten."""
        mine = console_files.join(console_chat, console_files.c.entry_id == console_chat.c.id)
        which = (console_files.c.id == file_id) & (console_chat.c.user_id == user_id)
        async with self._database.read() as connection:
            found = select(console_files).select_from(mine).where(which)
            row = (await connection.execute(found)).one_or_none()
        return NewFile(row.name, row.media_type, row.data) if row is not None and row.name else None

    async def hear(self, heard: Callable[[str], None], begins: Callable[[], None]) -> None:
        """Call `heard` with the id of each account whose chat another process changed, until cancelled."""
        await hear_on(self._database, CHAT_CHANNEL, heard, begins)

    def _row(
        self,
        user_id: int,
        kind: EntryKind,
        key: str,
        text: str,
        extras: Mapping[str, Any],
        locale: str = "",
        *,
        taken: bool = True,
    ) -> dict[str, Any]:
        return {
            "user_id": user_id,
            "identity_id": None,
            "kind": kind.value,
            "key": key,
            "text": text,
            "extras": dict(extras),
            "version": 0,
            "taken": taken,
            "locale": locale,
            "at": self._now(),
        }

    async def _change(self, user_id: int, statement: Any) -> bool:
        # what is lost of it in a power cut is shown anew by the ledger, or with the turn's next step on disk
        async with self._database.write(synced=False) as connection:
            is_there = bool((await connection.execute(statement)).rowcount)
            await self._tell(connection, user_id)
        self._changed(user_id)
        return is_there

    async def _prune(self, connection: AsyncConnection, user_id: int) -> None:
        """Drop the oldest entries beyond `most`, unless the core is still to hear of them."""
        c = console_chat.c
        kept = select(c.id).where(c.user_id == user_id).order_by(c.id.desc()).offset(self._most - 1).limit(1)
        last = await connection.scalar(kept)
        if last is not None:
            old = (c.user_id == user_id) & (c.id < last) & c.taken.is_(True)
            await connection.execute(delete(console_chat).where(old))

    async def _tell(self, connection: AsyncConnection, user_id: int) -> None:
        if connection.dialect.name == "postgresql":
            await connection.execute(select(func.pg_notify(CHAT_CHANNEL, str(user_id))))


def _is(user_id: int, entry_id: int) -> Any:
    return (console_chat.c.id == entry_id) & (console_chat.c.user_id == user_id)
