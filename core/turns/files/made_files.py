"""Files that models make, on their way: kept with the answer, and shown below it once that is all there."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial

from core.delivery.platform_retry import patiently
from core.domain import (
    Fenced,
    Footer,
    MadeFile,
    MessageRefused,
    OddAnswer,
    OutcomeUnknown,
    PlaceClosed,
    PlatformBusy,
    PlatformError,
    ReplySurface,
    Turn,
)
from core.storage.turns.ledger import FILES, StoredLedger
from core.storage.turns.made_files import MadeFileStore
from core.turns.answer_text import marker_of
from core.turns.surfaces import Surfaces
from core.util.log import log

_BUDGET_S = 90.0
_TOGETHER_BYTES = 8_000_000
"""Of files in one message; a larger one has a message of its own."""
_AT_ONCE = 2
"""Messages with files that one platform is sent at the same time: their bytes are in memory meanwhile."""
_NO_PROMISE = 1
"""How much of the text such a message shows, as the ledger has it: none, but 0 is what tells of a waiting question."""


class MadeFiles:
    """Shows the files of answers, each once, whichever attempt does it; they are forgotten when that is done."""

    def __init__(self, store: MadeFileStore, surfaces: Surfaces) -> None:
        self._store = store
        self._surfaces = surfaces
        self._gates: defaultdict[str, asyncio.Semaphore] = defaultdict(partial(asyncio.Semaphore, _AT_ONCE))

    async def show(self, turn: Turn) -> list[str]:
        """Show what is kept of a turn's files; what stands for those that can't be shown there.

        Raises:
            PlatformBusy, OutcomeUnknown: not now.
        """
        missing: list[str] = []
        ledger = await self._surfaces.ledger(turn)
        for numbers in _together(await self._store.sizes(turn)):
            async with self._gates[turn.place.platform]:
                files = await self._store.read(turn, numbers)
                if files and not await self._attach(turn, ledger, FILES + numbers[0], files):
                    missing += [marker_of(each.name, each.media_type, each.alt) for each in files]
                    continue
            await self._store.drop(turn, numbers)
        return missing

    async def name(self, turn: Turn, text: str, missing: Sequence[str], footer: Footer) -> None:
        """Show an answer once more, with what stands for files that its place does not take, and forget those."""
        whole = "\n\n".join(each for each in (text.rstrip(), " ".join(missing)) if each)

        async def write(surface: ReplySurface) -> None:
            await surface.write(whole)
            await surface.finish(footer)

        await self._surfaces.show(turn, write)
        await self._store.drop(turn, [number for number, _ in await self._store.sizes(turn)])

    async def _attach(self, turn: Turn, ledger: StoredLedger, part: int, files: Sequence[MadeFile]) -> bool:
        known = ledger.files.get(part)
        if known is not None and known.closed:
            return True
        frontend, again = self._surfaces.frontend(turn), known is not None

        async def attach() -> str:
            nonlocal again
            delivery = await ledger.intend(part)
            tried_before, again = again, True
            return await frontend.attach(turn.address, files, delivery, ledger, again=tried_before)

        try:
            message_id = await patiently(attach, budget_s=_BUDGET_S, retry=(PlatformBusy, OutcomeUnknown))
        except (PlaceClosed, MessageRefused, OddAnswer) as error:
            log.warning("turn.files_not_taken", files=len(files), cause=str(error))
            message_id = ""
        if not message_id:
            await ledger.forget(part)
            return False
        await self._record(turn, ledger, part, message_id)
        return True

    async def _record(self, turn: Turn, ledger: StoredLedger, part: int, message_id: str) -> None:
        """Remember what is shown; where this process slept through being taken over, remove it again."""
        try:
            await ledger.posted(part, message_id, _NO_PROMISE, closed=True)
        except Fenced:
            if not await ledger.holds(message_id):
                with suppress(PlatformError):
                    await self._surfaces.frontend(turn).remove(turn.address, [message_id])
            raise


def _together(sizes: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    """Which files go into one message, by their numbers: the same however many before them are shown already."""
    numbers: list[int] = []
    total = 0
    for number, size_bytes in sizes:
        if numbers and total + size_bytes > _TOGETHER_BYTES:
            yield numbers
            numbers, total = [], 0
        numbers.append(number)
        total += size_bytes
    if numbers:
        yield numbers
