"""What one process tells of itself to those who watch it: wired here, and of metrics no more than is wanted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import core
from bots.monitoring.vitals import Pulse, Vitals
from bots.settings import WebSettings
from bots.supervisor import Board
from bots.tracing.settings import OtelSettings, check_otel
from core.admission.account import AccountWatch
from core.domain import StorageError
from core.domain.metrics import NO_METER
from core.domain.tracing import NO_TRACER, Tracer
from core.storage import figures
from core.storage.db import Database

if TYPE_CHECKING:
    from bots.web.metrics import PrometheusMeter
    from core.operations.cluster import Cluster


@dataclass(frozen=True, slots=True)
class Monitoring:
    """What is measured from the start, before there is anything else."""

    settings: WebSettings
    pulse: Pulse
    """Given to all that counts."""
    meter: PrometheusMeter | None
    """None: metrics are not served."""

    async def vitals(
        self, board: Board, database: Database, cluster: Cluster | None, *, hears: bool
    ) -> Vitals:
        """What health is told from. A process that does not hear is never deaf, nor a frontend that stands by."""
        if self.settings.enabled:
            with suppress(StorageError):  # then ages begin with this process
                self.pulse.remember(await figures.last_signs(database), database.now())
        deaf_after_s = self.settings.deaf_after_s if hears else 0.0
        ask = partial(figures.ask, database)
        stands_by = cluster.stands_by if cluster is not None else lambda _: False
        return Vitals(board, self.pulse, ask, deaf_after_s=deaf_after_s, stands_by=stands_by)

    def pages(
        self,
        vitals: Vitals,
        account: AccountWatch,
        database: Database,
        role: str,
        pause: Callable[[], Awaitable[object | None]],
    ) -> Sequence[Any]:
        """The routes of health, and of metrics where they are served. `pause`: what pauses answers."""
        from bots.web.health import health_routes  # a web framework costs memory; only who uses it pays

        routes = health_routes(vitals, admin_token=self.settings.admin_token.get_secret_value(), pause=pause)
        if self.meter is not None:
            from bots.web.gauges import Readings
            from bots.web.metrics import metrics_routes

            read = partial(figures.figures, database)
            readings = Readings(vitals, account, (core.__version__, role), read, database.now)
            token = self.settings.metrics_token.get_secret_value()
            routes += metrics_routes(self.meter, readings, token=token)
        return routes


@asynccontextmanager
async def traces_of(settings: OtelSettings) -> AsyncIterator[Tracer]:
    """Begin to trace, where that is wanted. Raises `SettingRefused` for traces that could not be sent."""
    if not settings.enabled:
        yield NO_TRACER
        return
    check_otel(settings)
    from bots.tracing.sdk_tracer import open_tracer  # the SDK costs memory; only who uses it pays

    async with open_tracer(settings) as tracer:
        yield tracer


def monitoring_of(settings: WebSettings, platforms: Sequence[str]) -> Monitoring:
    """Begin to measure. Prometheus' library is imported only where its metrics are served."""
    if not settings.serves_metrics:
        return Monitoring(settings, Pulse(NO_METER), None)
    from bots.web.metrics import PrometheusMeter

    meter = PrometheusMeter(platforms)
    return Monitoring(settings, Pulse(meter), meter)
