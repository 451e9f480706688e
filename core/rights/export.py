"""`export`: sends a person all that is stored of them, as files that nobody else sees."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from core.aivax.personal.memories import Memory
from core.conversations.capabilities import CapabilityRun
from core.delivery.platform_retry import patiently
from core.domain import AivaxError, Capability, OutcomeUnknown, Place, PlaceClosed, PlatformBusy
from core.i18n import RightsPhrase
from core.rights.export_files import files_of
from core.rights.possible import users_of
from core.storage.personal_data.export import export
from core.storage.turns.intake import IntakeStore
from core.util.log import log

EXPORT = "export"
AT_AIVAX = "memories_at_aivax"
"""Beside the names of our tables."""
Remembering = Callable[[Sequence[str]], Awaitable[tuple[Sequence[Memory], float]]]
"""Tells what is remembered of somebody by their ids at AIVAX, and what asking cost."""
_BUDGET_S = 60.0
_ONCE = timedelta(days=1)


class ExportHandler:
    """See `core.conversations.capabilities.CapabilityHandler`. Its turn is queued by the command, not by a question.

    Where others could read along, it queues another turn in the person's direct messages, and says so.
    """

    capability = Capability(
        EXPORT,
        RightsPhrase.EXPORT_NAME,
        RightsPhrase.EXPORT_COMMAND,
        private=True,
        free=True,
    )

    def __init__(
        self,
        store: IntakeStore,
        global_ids: Collection[str],
        memories: Remembering | None = None,
        *,
        most_bytes: int,
    ) -> None:
        """`global_ids`: see `core.storage.personal_data.accounts.persons_of`; `most_bytes`: of one file.

        `memories` tells what AIVAX remembers of people; None: that is not asked for.
        """
        self._memories = memories
        self._store = store
        self._global_ids = global_ids
        self._most_bytes = most_bytes
        self._queued: asyncio.Queue[int] = asyncio.Queue()

    async def upkeep(self, notify: Callable[[int], None]) -> None:
        """Tell the worker pool of the turns that were queued elsewhere, until cancelled."""
        while True:
            notify(await self._queued.get())

    async def run(self, run: CapabilityRun) -> None:
        """Show the files here, if only their owner reads here; else have them shown where that is so."""
        address, identity = run.turn.address, run.turn.author.identity
        try:
            place, there = await patiently(
                partial(run.frontend.aside, address, identity),
                budget_s=_BUDGET_S,
                retry=(PlatformBusy, OutcomeUnknown),
            )
        except PlaceClosed as error:
            log.warning("export.no_private_place", platform=run.turn.place.platform, cause=str(error))
            word = run.translator.say(self.capability.word)
            await run.write(run.translator.say(RightsPhrase.EXPORT_NO_DIRECT, word=word))
            return
        if there == address:
            await self._show(run)
        else:
            await self._send(run, place, there)
            await run.write(run.translator.say(RightsPhrase.EXPORT_ELSEWHERE))

    async def _send(self, run: CapabilityRun, place: Place, address: str) -> None:
        """Queue the same in another place, once, however often this turn is begun."""
        async with self._store.transaction() as transaction:
            if not await transaction.first_within(f"export-sent:{run.turn.key}", _ONCE):
                return
            author = await transaction.identity_id(run.turn.author)
            here = await transaction.find_or_open(place, -author)
            await transaction.add_turn(here, author, address, capability=EXPORT)
            await transaction.announce(here, place.platform)
        self._queued.put_nowait(here)

    async def _show(self, run: CapabilityRun) -> None:
        found = await export(
            self._store.database,
            run.turn.author.identity,
            global_ids=self._global_ids,
            but_turn=run.turn.id,
        )
        rows = {**(found or {})}
        missing = await self._add_memories(run, rows)
        make = partial(files_of, rows, run.translator, self._store.now(), most_bytes=self._most_bytes)
        files = await asyncio.to_thread(make)
        phrase = RightsPhrase.EXPORT_DONE if files else RightsPhrase.EXPORT_TOO_LARGE
        told = [phrase, *([RightsPhrase.EXPORT_WITHOUT_MEMORIES] if files and missing else [])]
        await run.write(" ".join(map(run.translator.say, told)))
        for file in files:
            await run.show(file, always=True)
        log.info("export.made", files=len(files), bytes=sum(len(each.data) for each in files))

    async def _add_memories(self, run: CapabilityRun, rows: dict[str, Sequence[Mapping[str, Any]]]) -> bool:
        """Add what AIVAX remembers, as a table beside ours; whether AIVAX could not be asked."""
        if self._memories is None:
            return False
        keys = [str(row["key"]) for row in rows.get("persons", ())]
        try:
            found, spent_usd = await self._memories([user for key in keys for user in users_of(key)])
        except AivaxError as error:
            log.warning("export.without_memories", error=type(error).__name__, cause=str(error))
            return True
        if spent_usd > 0:
            run.spent(EXPORT, spent_usd)
        rows[AT_AIVAX] = [
            {"text": each.text, "saved_at": _told(each.saved_at), "expires_at": _told(each.expires_at)}
            for each in found
        ]
        return False


def _told(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
