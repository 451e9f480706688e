"""Listens: payloads come in from one source and are stored; what was missed before is read afterwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing

from bots.slack.features.backfill import Backfill
from bots.slack.features.follow_ups import JoinedThreads
from bots.slack.features.greetings import BackgroundTasks, Greetings
from bots.slack.features.workspaces import Workspaces
from bots.slack.listening.bolt_app import Receive
from bots.slack.listening.receive import Receiver
from bots.slack.transport.app_api import AppApi
from core.domain import BotError, Intake, Watch

EventSource = Callable[[Receive, Watch], Awaitable[None]]
"""Brings payloads in, each acknowledged when `Receive` returned, until cancelled. Raises like `Frontend.listen`."""


async def listen(
    api: AppApi,
    workspaces: Workspaces,
    source: EventSource,
    intake: Intake,
    watch: Watch,
) -> None:
    """Bring events in until cancelled. Raises like `EventSource`."""
    threads = JoinedThreads(intake, api.clock)
    missed = Backfill(api, workspaces, intake)
    await missed.prepare()
    async with aclosing(BackgroundTasks()) as tasks:
        receiver = Receiver(workspaces, intake, threads, Greetings(intake, tasks), api.settings)

        def begin() -> None:
            tasks.run("backfill", missed.run(receiver.receive))

        await source(receiver.receive, _OnFirstUp(watch, begin))


class _OnFirstUp:
    """A `Watch` that also begins something when the connection first stands."""

    def __init__(self, watch: Watch, begin: Callable[[], None]) -> None:
        self._watch = watch
        self._begin: Callable[[], None] | None = begin

    def up(self) -> None:
        self._watch.up()
        begin, self._begin = self._begin, None
        if begin is not None:
            begin()

    def down(self, cause: BotError) -> None:
        self._watch.down(cause)
