"""One answer, shown by Slack's native streams: a stream follows a stream until all of it is said.

What the ledger remembers of each stream is how far the answer is shown in it. Where a stream is refused, or Slack is
too busy for one, the rest of the answer is posted and edited instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import structlog

from bots.slack.cutting import next_piece
from bots.slack.streams import MOST_AGE_S, Cards, Piece, Stream
from bots.slack.text import safe
from bots.slack.writing import Refused, Writing
from core.errors import Fenced, OutcomeUnknown, PlatformBusy, PlatformError
from core.messages import Apology, Footer, Status
from core.ports import ReplySurface
from core.reply.pace import Pace
from core.reply.patience import Now, Sleep

log = structlog.get_logger(__name__)

_APPEND_EVERY_S = 1.0
_REST_WHEN_BUSY_S = 10.0
_LEAVE_WITHIN_S = 3.0
_STATUS_CHARS = 100


@dataclass(frozen=True, slots=True)
class _Ending:
    footer: str = ""
    apology: str = ""


class StreamingSurface:
    """A `ReplySurface` over native streams.

    A task of its own brings the text to Slack, at most once a second. What went wrong in it is raised by the next
    call, `finish` and `fail` at the latest.

    Raises:
        Fenced, PlaceClosed, FrontendRefused: from every call.
        PlatformBusy, OutcomeUnknown: from `finish` and `fail` only.
    """

    def __init__(
        self,
        writing: Writing,
        instead: Callable[[Refused], ReplySurface],
        show_status: Callable[[str], object],
        *,
        now: Now,
        sleep: Sleep,
    ) -> None:
        self._writing = writing
        self._instead = instead
        self._now = now
        self._sleep = sleep
        self._pace = Pace(lambda: _APPEND_EVERY_S, now=now, sleep=sleep)
        self._answer = ""
        self._status: str | None = "…"
        self._cards = Cards()
        self._ending: _Ending | None = None
        self._stirred = asyncio.Event()
        self._other: ReplySurface | None = None
        self._passed_on = 0
        self._done = False
        self._pump: asyncio.Task[None]
