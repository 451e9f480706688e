"""The messages of one answer on a platform: created once, changed in place, and remembered by the ledger.

Wherever a process dies, what the ledger holds by then is enough to go on: an intent is recorded before a
message is created, its id right after, and that it is complete only when the reader has seen it complete.

A message that the platform fails at again and again is created anew. The old one is kept in the ledger under a part
number of its own until it is deleted, by whichever process.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from core.delivery.platform_retry import patiently
from core.domain import (
    Button,
    Delivery,
    EditableChannel,
    Fenced,
    Ledger,
    MessageRefused,
    OddAnswer,
    OutcomeUnknown,
    PlaceClosed,
    PlatformBusy,
    PlatformError,
)
from core.util.clock import Now, Sleep
from core.util.retry import growing_s

log = logging.getLogger(__name__)

T = TypeVar("T")

UNKNOWN_MESSAGE = "unknown_message"
"""The `code` of a `PlaceClosed` that says: the place is open, but this message was deleted."""

LEFT_OVER = 1000
"""From this part number on the ledger knows messages that others took the place of."""

LEAST_KNOWN_CHARS = 32
"""A text of so many characters is looked like no other's: a platform that finds messages by their text needs them."""

_MOST_LOST, _MOST_ODD, _MOST_FAILED = 3, 2, 5
"""How often a create is tried whose outcome is unknown, whose answer makes no sense, or that the platform fails at."""
_MOST_FAILED_EDITS = 4
_MOST_ANEW = 3
_LOOK_AFTER_S, _LONGEST_LOOK_AFTER_S = 1.0, 8.0
_DISCARD_S = 3.0
_Content = tuple[str, tuple[Button, ...]]
_SAME_EITHER_WAY = (PlatformBusy, OutcomeUnknown)  # doing it twice is the same as doing it once


@contextmanager
def gone_is_fine() -> Iterator[None]:
    """Let it pass that a message was deleted already. Raises any other `PlaceClosed`."""
    try:
        yield
    except PlaceClosed as exc:
        if exc.code != UNKNOWN_MESSAGE:
            raise


@dataclass(frozen=True, slots=True)
class View:
    """One message as the reader should see it now."""

    part: int
    text: str
    start: int
    """Where its share of the answer begins; the answer's end for a message that shows none of it."""
    end: int
    final: bool
    """Whether it will not change any more."""
    buttons: tuple[Button, ...] = ()

    @property
    def content(self) -> _Content:
        return self.text, self.buttons


@dataclass(slots=True)
class _Message:
    """One message as it stands on the platform, as far as is known."""

    id: str = ""
    start: int = 0
    end: int = 0
    closed: bool = False
    current: bool = True
    """Whether it shows the text that is being written now, rather than an older generation's."""
    content: _Content | None = None
    uncertain: bool = False
    """Whether it may exist although its id is not known."""
    renewed: bool = False
    failed: int = 0
    """How many times in a row the platform failed at it."""
    anew: int = 0
    """How often it was created anew because of that."""


class Posting:
    """Brings views to the platform, each as a message of its own."""

    def __init__(self, channel: EditableChannel, ledger: Ledger, *, now: Now, sleep: Sleep) -> None:
        self._channel = channel
        self._ledger = ledger
        self._now = now
        self._sleep = sleep
        self._budget_s = 0.0
        self._messages = _known_from(ledger.earlier, ledger.generation)

    @property
    def shown_before(self) -> int:
        """How many characters of an older generation's text the reader still sees."""
        return max(
            (known.end for known in self._messages.values() if known.id and not known.current), default=0
        )

    @property
    def said_before(self) -> int:
        """How many messages show some of the present generation's text already, from the first one on."""
        part = 0
        while (known := self._messages.get(part)) and known.id and known.current and known.end > known.start:
            part += 1
        return part

    def stands(self, part: int) -> bool:
        """Whether a message is there for this part, or may be."""
        known = self._messages.get(part)
        return known is not None and (bool(known.id) or known.uncertain)

    def shows(self, view: View) -> bool:
        """Whether nothing needs to be done for a view."""
        known = self._messages.get(view.part)
        if known is None or not known.id or not known.current:
            return False
        if known.closed and (known.start, known.end) == (view.start, view.end):
            return True
        return known.content == view.content and not view.final

    def is_ahead_of(self, view: View) -> bool:
        """Whether an earlier attempt showed more of the same text already."""
        known = self._messages.get(view.part)
        return known is not None and bool(known.id) and known.current and known.end > view.end

    def is_too_short(self, view: View) -> bool:
        """Whether a message behind the first one is not there yet, and not to be created with so little text.

        Where its id gets lost, some platforms know it by its text alone; the first one, by what it answers.
        """
        if view.part == 0 or view.final or self._has_id(view.part):
            return False
        return len(view.text) < LEAST_KNOWN_CHARS

    def takes_status(self, part: int) -> bool:
        """Whether a status may stand below the text: in a message that was created with it, only the first one's
        text would be known again."""
        return part == 0 or self._has_id(part)

    def _has_id(self, part: int) -> bool:
        known = self._messages.get(part)
        return known is not None and bool(known.id)

    def only_records(self, view: View) -> bool:
        """Whether the reader sees it already, so that showing it makes no call to the platform."""
        known = self._messages.get(view.part)
        return known is not None and bool(known.id) and known.content == view.content

    async def show(self, view: View, *, budget_s: float) -> bool:
        """Create or change the message of a view; false when the reader saw it already.

        May stop half-way, where the message turned out to be there already, or to be gone: repeat it until
        `shows`. `budget_s` is how long a busy platform is waited for.
        """
        self._budget_s = budget_s
        known = self._messages.get(view.part)
        if known is None or not known.id:
            await self._create(view, known or _Message())
            await self._discard(LEFT_OVER + view.part)
        elif known.content == view.content:
            await self._record(view, known)
            return False
        else:
            await self._change(view, known)
        return True

    async def withdraw(self, first: int, *, budget_s: float) -> None:
        """Delete every known message from a part on, the last one first."""
        self._budget_s = budget_s
        for part in sorted((part for part in self._messages if part >= first), reverse=True):
            known = self._messages[part]
            message_id = known.id or (await self._find(part, "") if known.uncertain else None)
            if message_id and part >= LEFT_OVER:
                await self._try_to_delete(message_id)
            elif message_id:
                await self._delete(message_id)
            await self._ledger.forget(part)
            del self._messages[part]

    async def _create(self, view: View, known: _Message) -> None:
        delivery = await self._ledger.intend(view.part)
        self._messages[view.part] = known
        tries = 0
        while True:
            if known.uncertain and (found := await self._find(view.part, view.text)):
                await self._ledger.posted(view.part, found)
                known.id = found
                return
            try:
                message_id = await self._call(lambda: self._post(view, delivery, known))
            except (OutcomeUnknown, OddAnswer) as exc:
                known.uncertain = True
                tries += 1
                await self._sleep(_pause_s(exc, tries))
            else:
                await self._keep(view, message_id)
                known.id, known.content = message_id, view.content
                known.start, known.end, known.closed, known.current = view.start, view.end, view.final, True
                return

    async def _post(self, view: View, delivery: Delivery, known: _Message) -> str:
        """Create a message. Raises `MessageRefused` where the platform surely did not, some times in a row."""
        try:
            return await self._channel.post(view.text, delivery, view.buttons)
        except PlatformBusy as exc:
            known.failed += exc.failed
            if exc.failed and known.failed >= _MOST_FAILED:
                raise _refused(exc) from exc
            raise

    async def _keep(self, view: View, message_id: str) -> None:
        """Record what was posted; where this process slept through being taken over, remove it again."""
        try:
            await self._ledger.posted(view.part, message_id, view.end, closed=view.final)
        except Fenced:
            if not await self._ledger.holds(message_id):
                with suppress(PlatformError):
                    await self._call(lambda: self._channel.delete(message_id), _SAME_EITHER_WAY, fenced=True)
            raise

    async def _change(self, view: View, known: _Message) -> None:
        try:
            await self._call(lambda: self._edit(view, known), retry=_SAME_EITHER_WAY)
        except PlaceClosed as exc:
            if exc.code != UNKNOWN_MESSAGE or known.renewed:
                raise
            await self._renew(view.part)
        except MessageRefused as exc:
            if not exc.failed or known.anew >= (_MOST_ANEW if view.final else 1):
                raise
            await self._replace(view.part, known)
        else:
            known.content = view.content
            await self._record_edit(view, known)

    async def _edit(self, view: View, known: _Message) -> None:
        """Change a message. Raises `MessageRefused` where the platform failed at it some times in a row."""
        try:
            await self._channel.edit(known.id, view.text, view.buttons)
        except _SAME_EITHER_WAY as exc:
            known.failed += exc.failed
            if exc.failed and known.failed >= _MOST_FAILED_EDITS:
                raise _refused(exc) from exc
            raise
        known.failed = 0

    async def _record_edit(self, view: View, known: _Message) -> None:
        try:
            if not await self._record(view, known):
                await self._ledger.check()
        except Fenced:
            await self._ledger.spoiled(known.id)
            raise

    async def _record(self, view: View, known: _Message) -> bool:
        """Tell the ledger, unless it knows; whether it was told."""
        if news := (known.end, known.closed, known.current) != (view.end, view.final, True):
            await self._ledger.shows(view.part, view.end, closed=view.final)
        known.start, known.end, known.closed, known.current = view.start, view.end, view.final, True
        return news

    async def _renew(self, part: int) -> None:
        """Someone deleted the message: it is created anew, and so is what stood below it, to keep the order."""
        await self.withdraw(part + 1, budget_s=self._budget_s)
        await self._ledger.forget(part)
        self._messages[part] = _Message(renewed=True)

    async def _replace(self, part: int, known: _Message) -> None:
        """The platform fails at the message: it is created anew, below; the old one goes as soon as that stands."""
        await self.withdraw(part + 1, budget_s=self._budget_s)
        left = LEFT_OVER + part
        await self._ledger.intend(left)
        await self._ledger.posted(left, known.id)
        await self._ledger.forget(part)
        self._messages[left] = _Message(known.id, current=False)
        self._messages[part] = _Message(anew=known.anew + 1)

    async def _discard(self, part: int) -> None:
        if part in self._messages and await self._try_to_delete(self._messages[part].id):
            await self._ledger.forget(part)
            del self._messages[part]

    async def _try_to_delete(self, message_id: str) -> bool:
        """Delete a message that is in nobody's way, if that can be done within some seconds."""
        budget_s, self._budget_s = self._budget_s, min(self._budget_s, _DISCARD_S)
        try:
            await self._delete(message_id)
        except PlatformError as exc:
            log.warning("a message that another one took the place of stays: %s", exc)
            return False
        finally:
            self._budget_s = budget_s
        return True

    async def _find(self, part: int, text: str) -> str | None:
        delivery = await self._ledger.intend(part)
        return await self._call(lambda: self._channel.find(delivery, text), retry=_SAME_EITHER_WAY)

    async def _delete(self, message_id: str) -> None:
        with gone_is_fine():
            await self._call(lambda: self._channel.delete(message_id), retry=_SAME_EITHER_WAY)

    async def _call(
        self,
        call: Callable[[], Awaitable[T]],
        retry: tuple[type[PlatformError], ...] = (PlatformBusy,),
        *,
        fenced: bool = False,
    ) -> T:
        return await patiently(
            call,
            budget_s=self._budget_s,
            retry=retry,
            check=None if fenced else self._ledger.check,
            now=self._now,
            sleep=self._sleep,
        )


def _pause_s(error: PlatformError, tries: int) -> float:
    """Tell how long to wait after so many tries at a create. Raises where no further one is to be made."""
    most = _MOST_FAILED if error.failed else _MOST_ODD if isinstance(error, OddAnswer) else _MOST_LOST
    if tries >= most:
        raise _refused(error) if error.failed else error
    return growing_s(tries - 1, _LOOK_AFTER_S, _LONGEST_LOOK_AFTER_S) if error.failed else _LOOK_AFTER_S


def _refused(error: PlatformError) -> MessageRefused:
    return MessageRefused(error.platform, code=error.code, detail=error.detail, failed=True)


def _known_from(earlier: Sequence[Delivery], generation: int) -> dict[int, _Message]:
    messages = {
        delivery.part: _Message(delivery.message_id, current=False, uncertain=not delivery.message_id)
        for delivery in earlier
        if delivery.part >= LEFT_OVER
    }
    start = 0
    earlier = [delivery for delivery in earlier if delivery.part < LEFT_OVER]
    last = next((delivery for delivery in reversed(earlier) if delivery.message_id), None)
    for delivery in earlier:
        messages[delivery.part] = _Message(
            delivery.message_id,
            start,
            delivery.shown,
            # below the last one there may stand, or come, a footer or an apology: it is always looked at again
            closed=delivery.closed and delivery is not last,
            current=delivery.generation == generation,
            uncertain=not delivery.message_id,
        )
        start = delivery.shown
    return messages
