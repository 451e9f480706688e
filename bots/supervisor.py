"""Keeps each frontend listening: one that fails is said to have failed, and tried again, while the others go on.

Operators are told of one that is lost for longer than a moment, and of its return.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from core.admission.operator_alerts import OperatorAlerts
from core.domain import (
    BotError,
    DatabaseGone,
    Frontend,
    FrontendRefused,
    FrontendUnreachable,
    Intake,
    PlatformError,
    SettingRefused,
)
from core.i18n import Phrase
from core.util.clock import Sleep
from core.util.log import log
from core.util.retry import growing_s

FIRST_DELAY_S = 2.0
LONGEST_DELAY_S = 120.0
REFUSED_DELAY_S = 300.0
"""A refused token stays refused until someone acts; Discord also counts each try."""
STEADY_S = 60.0
"""A frontend that listened for longer than this had recovered: its next failure is a new one."""

GRACE_S = 30.0
"""Platforms drop connections all day long; one that is back sooner is nobody's concern."""


class Board:
    """Which frontends are up, and why the others are not."""

    def __init__(
        self,
        names: list[str],
        *,
        problem: Callable[[], BotError | None] = lambda: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`problem` tells what keeps all of them from taking anything in: a database that is gone."""
        self._problem = problem
        self._now = now
        self.up_since: dict[str, float] = {}
        """Since when those that are up have been, on the clock `now`."""
        self._causes: dict[str, BotError | None] = {}
        self.names = names
        self._parts: dict[str, Callable[[], str]] = {}
        self.settled = asyncio.Event()
        """Set once each frontend was up or failed at least once, and either one is up or no one can be without the
        operator: passing trouble settles nothing."""
        self._changed = asyncio.Event()

    @property
    def up(self) -> list[str]:
        return [name for name in self.names if name in self._causes and self._causes[name] is None]

    @property
    def problem(self) -> BotError | None:
        """What keeps the whole process from its work, whatever the frontends say."""
        return self._problem()

    @property
    def hopeless(self) -> bool:
        """Whether every frontend waits for the operator: none comes up until a setting is mended."""
        causes = [self._causes.get(name) for name in self.names]
        return all(isinstance(cause, FrontendRefused | SettingRefused) for cause in causes)

    @property
    def failed(self) -> dict[str, BotError]:
        return {name: cause for name, cause in self._causes.items() if cause is not None}

    @property
    def ailing(self) -> dict[str, str]:
        """What fails beside the frontends while questions are answered all the same."""
        return {name: problem for name, problem_of in self._parts.items() if (problem := problem_of())}

    def parts(self) -> list[tuple[str, bool | None, str]]:
        """Each frontend, and what else fails: its name, whether it is up (None: not known yet), and why it is not."""
        told = [
            (name, (cause is None) if name in self._causes else None, _told(cause) or "")
            for name, cause in ((name, self._causes.get(name)) for name in self.names)
        ]
        lost = [("database", False, explain(self.problem))] if self.problem is not None else []
        return [*told, *((name, False, problem) for name, problem in self.ailing.items()), *lost]

    def add_part(self, name: str, problem_of: Callable[[], str]) -> None:
        """Have health tell of a part that is no frontend; `problem_of` says what is wrong with it, `""`: nothing."""
        self._parts[name] = problem_of

    def assume_up(self) -> None:
        """A process that only answers has no connection that could be down."""
        self._causes = dict.fromkeys(self.names)
        self._changed.set()
        self.settled.set()

    def watch(self, name: str) -> FrontendWatch:
        return FrontendWatch(self, name)

    async def changed(self, within_s: float | None) -> None:
        """Wait until a frontend came up or failed since the last call, no longer than `within_s`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._changed.wait()
        self._changed.clear()

    def mark(self, name: str, cause: BotError | None) -> None:
        """Take note of a change, and tell the operator once of each."""
        is_news = name not in self._causes or _told(cause) != _told(self._causes[name])
        if cause is not None:
            self.up_since.pop(name, None)
        else:
            self.up_since.setdefault(name, self._now())
        self._causes[name] = cause
        self._changed.set()
        if is_news and cause is None:
            log.info("frontend.up", frontend=name)
        elif is_news and cause is not None:
            log.error("frontend.down", frontend=name, problem=explain(cause))
        if len(self._causes) == len(self.names) and (self.up or self.hopeless):
            self.settled.set()


@dataclass(frozen=True, slots=True)
class FrontendWatch:
    """`core.domain.ports.Watch` for one frontend on the board."""

    board: Board
    name: str

    def up(self) -> None:
        self.board.mark(self.name, None)

    def down(self, cause: BotError) -> None:
        self.board.mark(self.name, cause)


async def supervise(
    frontends: Mapping[str, Frontend],
    intake: Intake,
    board: Board,
    *,
    now: Callable[[], float] = time.monotonic,
    sleep: Sleep = asyncio.sleep,
) -> None:
    """Let all frontends listen until cancelled. Whatever one of them raises stays its own trouble."""
    async with asyncio.TaskGroup() as group:
        for name, frontend in frontends.items():
            listening = _keep_listening(name, frontend, intake, board, now, sleep)
            group.create_task(listening, name=f"listen-{name}")


async def _keep_listening(
    name: str, frontend: Frontend, intake: Intake, board: Board, now: Callable[[], float], sleep: Sleep
) -> None:
    failed = 0
    while True:
        began = now()
        try:
            await frontend.listen(intake, board.watch(name))
            cause: BotError = FrontendUnreachable(name, detail="it stopped listening")
        except BotError as error:
            cause = error
        except Exception as error:
            log.exception("frontend.crashed", frontend=name)
            cause = FrontendUnreachable(name, detail=f"a fault of ours: {type(error).__name__}")
        board.mark(name, cause)
        if now() - began > STEADY_S:
            failed = 0
        await sleep(_pause_s(cause, failed))
        failed += 1


def _pause_s(cause: BotError, failed: int) -> float:
    """How long to leave a platform alone: as long as it says itself, where it does."""
    if isinstance(cause, FrontendRefused | SettingRefused):
        return REFUSED_DELAY_S
    told_s = cause.retry_after_s if isinstance(cause, PlatformError) else None
    return max(growing_s(failed, FIRST_DELAY_S, LONGEST_DELAY_S), told_s or 0.0)


def _told(cause: BotError | None) -> str | None:
    return None if cause is None else explain(cause)


def explain(cause: BotError) -> str:
    """One sentence for the operator: what is wrong, and which setting mends it."""
    match cause:
        case FrontendRefused():
            said = f" ({cause.code or cause.detail})" if cause.code or cause.detail else ""
            return f"{cause.setting}: {cause.fix}{said}"
        case FrontendUnreachable():
            where = f" (looked for it where {cause.setting} says)" if cause.setting else ""
            return f"can't be reached{where}: {cause.detail or 'no answer'}; trying again"
        case DatabaseGone():
            return f"{cause}: nothing is taken in until it is put back, or a backup restored, and the bot started again"
        case _:
            return str(cause) or type(cause).__name__


class Absences:
    """Compares the board with what was told. A frontend that never came up counts as lost too."""

    def __init__(
        self, board: Board, alerts: OperatorAlerts, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._board = board
        self._alerts = alerts
        self._now = now
        self._lost_at: dict[str, float] = {}
        self._there: dict[str, bool] = {}

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await self._board.changed(await self.look())

    async def look(self) -> float | None:
        """Look once at every frontend. Returns in how many seconds the next one counts as lost, if any may."""
        for name in self._board.up:
            self._lost_at.pop(name, None)
            if self._there.get(name) is not True:  # at the start too: a process before may have told
                self._there[name] = True
                phrase = Phrase.NOTICE_FRONTEND_BACK
                await self._alerts.heal(_cause(name), phrase, platform=name.capitalize())
        for name, problem in self._board.failed.items():
            lost_s = self._now() - self._lost_at.setdefault(name, self._now())
            if lost_s >= GRACE_S and self._there.get(name) is not False:
                self._there[name] = False
                await self._tell_lost(name, problem)
        waiting = [at for name, at in self._lost_at.items() if self._there.get(name) is not False]
        return max(0.0, min(waiting) + GRACE_S - self._now()) if waiting else None

    async def _tell_lost(self, name: str, problem: BotError) -> None:
        if isinstance(problem, FrontendRefused):
            phrase, setting = Phrase.NOTICE_FRONTEND_REFUSED, problem.setting
        else:
            phrase, setting = Phrase.NOTICE_FRONTEND_LOST, ""
        await self._alerts.tell(_cause(name), phrase, platform=name.capitalize(), setting=setting)


def _cause(name: str) -> str:
    return f"frontend:{name}"
