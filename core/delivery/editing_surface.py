"""An answer shown by posting messages and editing them while it grows: for platforms that can't stream.

This is the only place that paces and splits answers; what a platform must offer for it is `EditableChannel`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from core.delivery.message_parts import Posting, View
from core.delivery.pacing import Pace
from core.delivery.pump import Pump
from core.domain import (
    Apology,
    Button,
    EditableChannel,
    Fenced,
    Footer,
    Ledger,
    MessageRefused,
    OddAnswer,
    OutcomeUnknown,
    PlatformBusy,
    PlatformError,
    Preview,
    Status,
)
from core.markdown.dialect import PLAIN, Dialect
from core.markdown.splitter import Part, Splitter, split
from core.util.clock import Now, Sleep
from core.util.retry import growing_s

log = logging.getLogger(__name__)

_SIGN_AGAIN_S = 8.0  # Discord's typing sign fades after ten seconds
_SIGN_ENDS_WITHIN_S = 3.0
_GROWING_BUDGET_S = 0.0
"""What could not be shown of a growing text is not tried again: the next call shows more of it."""
_LAST_BUDGET_S = 90.0
_FIRST_REST_S, _LONGEST_REST_S = 0.5, 15.0
_REST_WHEN_ODD_S = 3600.0


@dataclass(frozen=True, slots=True)
class _Ending:
    """What stands below a closed answer."""

    text: str
    alone: bool
    """Whether it is shown where there is no answer."""
    buttons: tuple[Button, ...] = ()


class EditingSurface:
    """A `ReplySurface` over an `EditableChannel`.

    A task of its own brings the text to the platform as its pace says: first when there are some words of it, or all,
    then from time to time, always as far as it has come by then, and at once when it is whole. What went wrong in it
    is raised by the next call: `Fenced` when another attempt took the turn over (nothing was shown since),
    `PlaceClosed` when nothing can be shown there any more. A busy platform is waited for; `PlatformBusy`,
    `OutcomeUnknown`, `MessageRefused` and `OddAnswer` come from `finish` and `fail` only.

    Where the ledger knows earlier messages they are changed into the new text, never posted again. Nothing that
    somebody reads shrinks before the answer ends: those of the same generation keep what they show until the text
    has come as far again, and an older generation's until the new text is longer than theirs. A message whose
    creation nobody saw the end of is looked up with the text that is due now: what was posted then may be the
    beginning of it, a status, or, where it is looked up to be deleted, anything (the text is empty then).

    Where there is a `preview`, a message that is not there yet is shown by it as long as it grows, and is created when
    its text is whole, or the turn is paused: a crash before that leaves nothing of it. One that is there is changed.
    """

    def __init__(
        self,
        channel: EditableChannel,
        ledger: Ledger,
        pace: Pace | None = None,
        *,
        preview: Preview | None = None,
        dialect: Dialect = PLAIN,
        now: Now = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """`pace` tells when the next call may go out while the answer grows: by default one that goes by
        `channel.edit_interval_s`. `dialect` is what the platform reads as Markdown."""
        self._channel = channel
        self._ledger = ledger
        self._preview = preview
        self._previewed: View | None = None
        self._sleep = sleep
        self._posting = Posting(channel, ledger, now=now, sleep=sleep)
        self._splitter = Splitter(channel.max_size, channel.size, dialect)
        self._pace = pace or Pace(lambda: channel.edit_interval_s, now=now, sleep=sleep)
        self._status = ""
        self._offered: tuple[Button, ...] = ()
        self._ending: _Ending | None = None
        self._failed = 0
        """How many calls in a row the platform did not take."""
        self._pump = Pump(self._bring_everything)
        self._sign = Pump(self._show_sign)

    async def __aenter__(self) -> Self:
        self._pump.start()
        self._sign.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._pump.stop(error)
        finally:
            self._pace.end()
            await self._sign.stop(error)

    async def write(self, delta: str) -> None:
        """Add text; it is shown at the next flush."""
        self._require_open()
        self._splitter.feed(delta)
        if delta.strip():
            self._status = ""
            self._pace.spoke()
        self._pump.changed.set()

    async def note(self, status: Status) -> None:
        """Show a status below the text so far; where the message has no room for it, it is not shown."""
        self._require_open()
        self._status = _italic(status.text)
        if self._status:
            self._pace.noted()
        self._pump.changed.set()

    async def offer(self, buttons: Sequence[Button]) -> None:
        """Draw these buttons below what is shown last, until the answer is closed."""
        self._require_open()
        self._offered = tuple(buttons)
        self._pump.changed.set()

    async def pause(self) -> None:
        """Show what is due, the status too."""
        self._require_open()
        self._preview = None  # what fades would be gone when the next attempt begins
        self._pace.hurry()
        await self._pump.until_idle()

    async def finish(self, footer: Footer) -> None:
        """Show the whole text, with the footer below it. Without any text nothing is left, not even a status."""
        await self._close(_Ending(_italic(footer.text), alone=False, buttons=footer.buttons))

    async def fail(self, apology: Apology) -> None:
        """Show the apology below the text, or below what an earlier attempt showed of the same text."""
        await self._close(_Ending(apology.text.strip(), alone=True, buttons=apology.buttons))

    async def _close(self, ending: _Ending) -> None:
        self._require_open()
        self._status, self._ending = "", ending
        self._pace.hurry()
        await self._pump.until_done()
        self._pump.check()

    def _require_open(self) -> None:
        self._pump.check()
        if self._ending:
            raise RuntimeError("the answer is closed")

    async def _bring_everything(self) -> None:
        while True:
            self._pump.changed.clear()
            while (view := self._due()) is not None:
                await self._bring(view)
            if self._ending:
                break
            if not self._pump.changed.is_set():
                self._pump.idle.set()
            await self._pump.changed.wait()
        self._sign.cancel()
        await self._sign.until_done(_SIGN_ENDS_WITHIN_S)  # only then can `rested` undo its last call
        await self._posting.withdraw(self._most_parts(), budget_s=_LAST_BUDGET_S)
        await self._take_sign_away()

    async def _bring(self, view: View) -> None:
        if not self._posting.only_records(view):
            await self._pace.wait()
            if (fresh := self._due()) is None:
                return
            view = fresh
        last = self._ending is not None
        try:
            if self._preview is not None and self._fades(view):
                await self._show_preview(self._preview, view)
                return
            called = await self._posting.show(view, budget_s=_LAST_BUDGET_S if last else _GROWING_BUDGET_S)
        except (PlatformBusy, OutcomeUnknown, MessageRefused, OddAnswer) as exc:
            if last:
                raise
            log.debug("the platform is behind: %s", exc)
            self._pace.rest(self._rest_s(exc))
            return
        self._failed = 0
        if called:
            self._pace.called()
        if view.end:
            self._sign.cancel()

    def _fades(self, view: View) -> bool:
        """Whether a message is to be shown by a preview: it grows, and is not there yet."""
        return self._preview is not None and not view.final and not self._posting.stands(view.part)

    async def _show_preview(self, preview: Preview, view: View) -> None:
        """Show it so. Where the platform has no previews here, messages are created and changed from now on."""
        await self._ledger.check()
        try:
            await preview(view.text, view.buttons)
        except (PlatformBusy, OutcomeUnknown):
            raise
        except PlatformError as exc:
            log.info("no preview is shown here: %s", exc)
            self._preview = None
            return
        self._failed = 0
        self._previewed = view
        self._pace.called()

    def _rest_s(self, error: PlatformError) -> float:
        """How long to make no call: as the platform says, or ever longer."""
        if isinstance(error, OddAnswer):
            return _REST_WHEN_ODD_S  # it mends itself no sooner than at the end
        self._failed += 1
        return error.retry_after_s or growing_s(self._failed - 1, _FIRST_REST_S, _LONGEST_REST_S)

    async def _show_sign(self) -> None:
        while True:
            try:
                await self._ledger.check()
                await self._channel.working()
            except (Fenced, OddAnswer):
                return  # the flusher is told the same at its next call
            except PlatformError as exc:
                log.debug("no sign of work was shown: %s", exc)
            await self._sleep(_SIGN_AGAIN_S)

    async def _take_sign_away(self) -> None:
        await self._ledger.check()
        try:
            await self._channel.rested()
        except PlatformError as exc:
            log.debug("the sign of work stays until it fades: %s", exc)

    def _due(self) -> View | None:
        """The first message that the reader does not see as it should be."""
        views = self._views()
        shown = self._posting.shown_before
        if self._ending is None and shown and views and views[-1].end <= shown:
            return None
        view = next((view for view in views if not self._is_shown(view)), None)
        if view is not None and self._ending is None:
            early = self._posting.is_ahead_of(view) or self._posting.is_too_short(view)
            return None if early else view
        return view

    def _is_shown(self, view: View) -> bool:
        if self._fades(view):
            return self._previewed == view
        return self._posting.shows(view)

    def _views(self) -> Sequence[View]:
        views = [
            View(number, part.text, part.start, part.end, final=True)
            for number, part in enumerate(self._parts())
        ]
        if self._ending:
            return self._with_ending(views, self._ending)
        if not views:
            status = self._as_messages(self._status)[:1]
            return [View(0, text, 0, 0, final=False, buttons=self._offered) for text in status]
        status = self._status if self._posting.takes_status(views[-1].part) else ""
        text = self._joined(views[-1].text, status) or views[-1].text
        return [*views[:-1], replace(views[-1], text=text, final=False, buttons=self._offered)]

    def _parts(self) -> Sequence[Part]:
        """The text as well-formed messages; while more is to come, the last one is without what is half-written."""
        if self._ending is None:
            return self._splitter.parts_so_far
        return self._splitter.parts_cut_short if self._ending.alone else self._splitter.parts

    def _with_ending(self, views: Sequence[View], ending: _Ending) -> Sequence[View]:
        if views and (text := self._joined(views[-1].text, ending.text)):
            return [*views[:-1], replace(views[-1], text=text, buttons=ending.buttons)]
        if not views and not ending.alone:
            return []
        first, end = (len(views), views[-1].end) if views else (self._posting.said_before, 0)
        texts = self._as_messages(ending.text)
        below = [View(part, text, end, end, final=True) for part, text in enumerate(texts, first)]
        return [*views, *below[:-1], *(replace(last, buttons=ending.buttons) for last in below[-1:])]

    def _most_parts(self) -> int:
        """How many messages a closed answer has; any further ones were an earlier attempt's."""
        if views := self._views():
            return views[-1].part + 1
        return self._posting.said_before if self._ending and self._ending.alone else 0

    def _as_messages(self, text: str) -> Sequence[str]:
        return [part.text for part in split(text, self._channel.max_size, self._channel.size)]

    def _joined(self, text: str, below: str) -> str:
        """Both in one message, or nothing where it has no room for both."""
        joined = f"{text}\n\n{below}" if below else text
        return joined if self._channel.size(joined) <= self._channel.max_size else ""


def _italic(text: str) -> str:
    line = " ".join(text.split())
    return f"_{line}_" if line else ""
