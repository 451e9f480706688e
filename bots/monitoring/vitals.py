"""Whether the bot is well: which frontends hear, when each last did, and whether the database answers.

A platform can keep a connection open and send nothing over it. Nobody notices that but people, who get no answer; so
the age of the last event is told, and `[web] deaf_after_s` can make it a fault.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bots.supervisor import Board
from core.admission.operator_alerts import OperatorAlerts
from core.domain import BotError, DatabaseUnreachable, StorageError
from core.domain.metrics import EVENTS, NO_METER, PASSED_OVER, TURNS, Counter, Histogram, Meter, TurnKind
from core.domain.turn import TurnState
from core.i18n import Phrase
from core.storage.figures import LastSigns
from core.util.clock import Now, Sleep

ASK_TIMEOUT_S = 2.0
FRESH_S = 1.0
"""For so long what the database said is told again: who asks for health often costs it nothing."""
LOOKS = 8
"""How often within `deaf_after_s` it is looked whether a frontend has gone deaf."""


class Pulse:
    """A `Meter` that remembers when each platform last brought an event and last took an answer, and passes all on."""

    def __init__(self, meter: Meter = NO_METER, now: Now = time.monotonic) -> None:
        self._meter = meter
        self.now = now
        self.heard: dict[str, float] = {}
        """By platform, on the clock `now`. What was not for the bot counts as well: it was heard."""
        self.answered: dict[str, float] = {}

    def count(self, what: Counter, by: float = 1.0, **labels: str) -> None:
        """See `core.domain.metrics.Meter`."""
        if what is EVENTS or what is PASSED_OVER:
            self.heard[labels["platform"]] = self.now()
        elif what is TURNS and labels["outcome"] == TurnState.ANSWERED and labels["kind"] != TurnKind.NOTICE:
            self.answered[labels["platform"]] = self.now()
        self._meter.count(what, by, **labels)

    def observe(self, what: Histogram, value: float, **labels: str) -> None:
        """See `core.domain.metrics.Meter`."""
        self._meter.observe(what, value, **labels)

    def remember(self, signs: Mapping[str, LastSigns], today: datetime) -> None:
        """Take over what a process before this one had, from the database."""
        for name, sign in signs.items():
            for known, at in ((self.heard, sign.heard_at), (self.answered, sign.answered_at)):
                if at is not None:
                    known.setdefault(name, self.now() - max(0.0, (today - at).total_seconds()))


@dataclass(frozen=True, slots=True)
class FrontendVitals:
    """How one frontend does."""

    state: str
    """`up`, `deaf`, `down`, or `starting`."""
    last_event_s: float | None
    """How many seconds ago something was heard; None: never."""
    last_answer_s: float | None
    """How many seconds ago an answer was whole on the platform; None: never."""


class Vitals:
    """What health and metrics tell of one process."""

    def __init__(
        self,
        board: Board,
        pulse: Pulse,
        ask: Callable[[], Awaitable[object]],
        *,
        deaf_after_s: float = 0.0,
        stands_by: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """`ask` asks the database for something, and raises what it can't do. `deaf_after_s` is 0 for no limit.

        A frontend that `stands_by` has nothing to hear: other processes hold its connections.
        """
        self.board = board
        self.pulse = pulse
        self.deaf_after_s = deaf_after_s
        self._stands_by = stands_by
        self._ask = ask
        self._asking = asyncio.Lock()
        self._asked_at = float("-inf")
        self._problem: BotError | None = None

    @property
    def deaf(self) -> dict[str, float]:
        """The frontends that are connected and have heard nothing for too long, with the seconds of silence.

        Counted from when the connection came up, where that is later than the last event.
        """
        if not self.deaf_after_s:
            return {}
        hearing = {name: at for name, at in self.board.up_since.items() if not self._stands_by(name)}
        silent = {name: self._silent_s(name, since) for name, since in hearing.items()}
        return {name: seconds for name, seconds in silent.items() if seconds >= self.deaf_after_s}

    def frontends(self) -> dict[str, FrontendVitals]:
        """How each frontend does."""
        up, failed, deaf = self.board.up, self.board.failed, self.deaf
        return {
            name: FrontendVitals(
                "deaf" if name in deaf else "up" if name in up else "down" if name in failed else "starting",
                self._ago(self.pulse.heard.get(name)),
                self._ago(self.pulse.answered.get(name)),
            )
            for name in self.board.names
        }

    async def database_problem(self) -> BotError | None:
        """What keeps the database from being read now, if anything does; it is asked, once a second at most."""
        if (lost := self.board.problem) is not None:
            return lost
        async with self._asking:
            if self.pulse.now() - self._asked_at >= FRESH_S:
                self._problem = await self._asked()
                self._asked_at = self.pulse.now()
            return self._problem

    async def _asked(self) -> BotError | None:
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S):
                await self._ask()
        except TimeoutError:
            return DatabaseUnreachable("the database", f"no answer in {ASK_TIMEOUT_S:g} s")
        except StorageError as error:
            return error
        return None

    def _silent_s(self, name: str, since: float) -> float:
        return self.pulse.now() - max(since, self.pulse.heard.get(name, since))

    def _ago(self, at: float | None) -> float | None:
        return None if at is None else round(max(0.0, self.pulse.now() - at), 3)


class Deafness:
    """Tells operators of a frontend that is connected and hears nothing, and of the first event after that."""

    def __init__(self, vitals: Vitals, alerts: OperatorAlerts, sleep: Sleep = asyncio.sleep) -> None:
        self._vitals = vitals
        self._alerts = alerts
        self._sleep = sleep
        self._told: dict[str, bool] = {}

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await self.look()
            await self._sleep(max(1.0, self._vitals.deaf_after_s / LOOKS))

    async def look(self) -> None:
        """Compare once what is with what was told."""
        deaf, heard = self._vitals.deaf, self._vitals.pulse.heard
        minutes = max(1, round(self._vitals.deaf_after_s / 60))
        for name, since in self._vitals.board.up_since.items():
            platform = name.capitalize()
            if name in deaf and self._told.get(name) is not True:
                self._told[name] = True
                await self._alerts.tell(
                    f"deaf:{name}", Phrase.NOTICE_FRONTEND_DEAF, platform=platform, minutes=minutes
                )
            elif heard.get(name, since) > since and name not in deaf and self._told.get(name) is not False:
                self._told[name] = False  # at the start too: a process before may have told
                await self._alerts.heal(f"deaf:{name}", Phrase.NOTICE_FRONTEND_HEARS, platform=platform)
