"""How long the frontend waits for what, and the clock it waits by: what tests shorten."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core.delivery.pacing import FIRST_WORDS_AFTER_S


@dataclass(frozen=True, slots=True)
class Timing:
    """The frontend's patience. The defaults are what Discord asks for, or what people bear."""

    identify_gap_s: float = 5.0
    """Discord's limit: one identify per 5 s."""
    most_identifies: int = 10
    """Identifies anew within ten minutes after which the connection is given up: 1,000 a day reset the token."""
    guild_ready_s: float = 0.5
    heartbeat_timeout_s: float = 60.0
    """How long nothing at all may be received before discord.py resumes."""
    down_after_s: float = 5.0
    """How long a lost connection goes unreported: most come back at once."""
    first_words_after_s: float = FIRST_WORDS_AFTER_S
    """How long an answer's first words are held: one that is whole by then is one message, never edited."""
    edit_interval_s: float = 1.7
    """Between two edits of an answer that grows: alone in its channel it then leaves a write for its end."""
    webhook_interval_s: float = 2.5
    """The same for an answer to a command."""
    write_window_s: float = 5.1
    """In which a channel takes four writes."""
    webhook_window_s: float = 2.1
    """In which a webhook takes four calls ..."""
    webhook_minute_s: float = 61.0
    """... and in which it takes 28."""
    receive_retries_s: tuple[float, ...] = (0.2, 1.0, 3.0, 10.0, 30.0, 60.0, 60.0, 60.0, 60.0)
    """The pauses between tries at storing an event: Discord delivers nothing twice on request, so a database that is
    restarted, or a disk that someone has to clear, is waited for."""
    drain_s: float = 5.0
    """How long events that were already received may take to be stored when listening ends."""
    sweep_pause_s: float = 0.1
    """Between two requests while catching up: answers share Discord's limits with it, and go first."""
    offer_within_s: float = 2.0
    """How long the choices of an option may take to be found: Discord shows none that come after 3 s."""
    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    """The time of day, in Unix seconds."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
