"""An answer shown when it is whole: for platforms whose messages stay as they were posted.

Nothing is changed here, and so nothing grows: one message for each part, posted at the end, in order.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from core.delivery.platform_retry import patiently
from core.domain import (
    Apology,
    Button,
    Delivery,
    Footer,
    Ledger,
    OddAnswer,
    OutcomeUnknown,
    PlatformError,
    PostableChannel,
    Status,
)
from core.markdown.dialect import PLAIN, Dialect
from core.markdown.splitter import split
from core.util.clock import Now, Sleep

_BUDGET_S = 90.0
_APOLOGIES = 5_000
"""The parts from here on are apologies: one that was posted is never taken for a part of the answer."""
_FILES = 10_000


@dataclass(frozen=True, slots=True)
class _Message:
    """What is to be posted."""

    text: str
    end: int
    """How much of the answer is shown up to its end."""
    buttons: tuple[Button, ...] = ()


class WholeSurface:
    """A `ReplySurface` over a `PostableChannel`.

    Text is kept until `finish` or `fail`. What the ledger knows to be posted is not posted again; of a message whose
    creation nobody saw the end of, `find` tells. A text generated anew stands below the old one, which stays.
    `PlatformBusy`, `OutcomeUnknown`, `MessageRefused`, `OddAnswer` and `PlaceClosed` come from `finish` and `fail`.
    """

    def __init__(
        self,
        channel: PostableChannel,
        ledger: Ledger,
        *,
        dialect: Dialect = PLAIN,
        now: Now = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """`dialect` is what the platform reads as Markdown."""
        self._channel = channel
        self._ledger = ledger
        self._dialect = dialect
        self._now = now
        self._sleep = sleep
        self._pieces: list[str] = []
        self._rows = {row.part: row for row in ledger.earlier if row.part < _FILES}

    async def __aenter__(self) -> Self:
        await self._show_work()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(PlatformError):  # the sign fades by itself
            await self._channel.rested()

    async def write(self, delta: str) -> None:
        """Keep text for the end."""
        self._pieces.append(delta)

    async def note(self, status: Status) -> None:
        """A status would stay for ever: the platform's own sign of work is shown in its place."""
        if status.text:
            await self._show_work()

    async def offer(self, buttons: Sequence[Button]) -> None:
        """There is no message yet below which they could stand."""

    async def pause(self) -> None:
        """Nothing is due before the end."""

    async def finish(self, footer: Footer) -> None:
        """Post the whole text, the footer below it. Without any text nothing is posted."""
        await self._post_answer(" ".join(footer.text.split()), footer.buttons)

    async def fail(self, apology: Apology) -> None:
        """Post the text as far as it came, and the apology below it."""
        await self._post_answer("", ())
        if apology.text.strip():
            end = sum(map(len, self._pieces))
            await self._post(_Message(apology.text.strip(), end, apology.buttons), _APOLOGIES)

    async def _post_answer(self, footer: str, buttons: tuple[Button, ...]) -> None:
        for message in self._messages(footer, buttons):
            if not any(
                row.part < _APOLOGIES and self._is_shown(row, message.end) for row in self._rows.values()
            ):
                await self._post(message, 0)

    def _messages(self, footer: str, buttons: tuple[Button, ...]) -> Iterator[_Message]:
        parts = split("".join(self._pieces), self._channel.max_size, self._channel.size, self._dialect)
        for part in parts[:-1]:
            yield _Message(part.text, part.end)
        for part in parts[-1:]:
            whole = f"{part.text}\n\n_{footer}_" if footer else part.text
            fits = self._channel.size(whole) <= self._channel.max_size
            yield _Message(whole if fits else part.text, part.end, buttons)

    def _is_shown(self, row: Delivery, end: int) -> bool:
        return bool(row.message_id) and row.generation == self._ledger.generation and row.shown == end

    async def _post(self, message: _Message, first: int) -> None:
        """Post under the next free number from `first` on, or under that of one that may be there already."""
        of_kind = [row for row in self._rows.values() if row.part // _APOLOGIES == first // _APOLOGIES]
        of_text = (row for row in of_kind if row.generation == self._ledger.generation)
        uncertain = next((row for row in of_text if not row.message_id), None)
        part = uncertain.part if uncertain else max((row.part + 1 for row in of_kind), default=first)
        delivery = await self._ledger.intend(part)
        self._rows[part] = delivery
        found = await self._found(delivery, message.text) if uncertain else None
        message_id = found or await self._created(message, delivery)
        await self._ledger.posted(part, message_id, message.end, closed=True)
        self._rows[part] = Delivery(
            part, delivery.nonce, message_id, message.end, closed=True, generation=self._ledger.generation
        )

    async def _created(self, message: _Message, delivery: Delivery) -> str:
        try:
            return await patiently(
                lambda: self._channel.post(message.text, delivery, message.buttons),
                budget_s=_BUDGET_S,
                check=self._ledger.check,
                now=self._now,
                sleep=self._sleep,
            )
        except (OutcomeUnknown, OddAnswer):
            if found := await self._found(delivery, message.text):
                return found
            raise

    async def _found(self, delivery: Delivery, text: str) -> str | None:
        await self._ledger.check()
        return await self._channel.find(delivery, text)

    async def _show_work(self) -> None:
        with suppress(PlatformError):  # the answer shows it, too
            await self._channel.working()
