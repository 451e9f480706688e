"""Slack's frontend as the settings want it: which workspaces, which way in, and what is served over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from functools import partial

from starlette.applications import Starlette
from starlette.routing import Route

from bots.frontends import Host
from bots.slack.events.address import PLATFORM
from bots.slack.features.install import InstallPages, States
from bots.slack.features.workspaces import ManyWorkspaces, OneWorkspace, Workspaces
from bots.slack.frontend import SlackFrontend
from bots.slack.installations.account import Rotation
from bots.slack.installations.sealing import Seal
from bots.slack.listening.http import HttpEvents
from bots.slack.listening.listen import EventSource
from bots.slack.listening.socket_mode import listen_on_socket
from bots.slack.settings import EVENTS_PATH, INSTALL_PATH, MOUNT, REDIRECT_PATH, SlackSettings
from bots.slack.transport.app_api import AppApi, open_api
from core.storage.platforms.installations import Installations
from core.util.clock import Clock, Now, Sleep


@asynccontextmanager
async def open_hosted(
    settings: SlackSettings,
    host: Host,
    *,
    now: Now = time.monotonic,
    sleep: Sleep = asyncio.sleep,
    clock: Clock | None = None,
) -> AsyncIterator[SlackFrontend]:
    """Open Slack's frontend, and mount what Slack and browsers are to reach. It makes no call until it is used."""
    clock = clock or host.database.now
    async with open_api(settings, now=now, sleep=sleep, clock=clock, meter=host.database.meter) as api:
        routes: list[Route] = []
        source = _event_source(api, routes)
        async with aclosing(_workspaces(api, host, routes, clock)) as workspaces:
            if routes:
                host.web.mount(MOUNT, Starlette(routes=routes))
            # HTTP needs no share: whichever process the balancer chooses is asked
            cluster = host.cluster if settings.mode == "socket" else None
            yield SlackFrontend(api, workspaces, source, host.translators, host.first_words_after_s, cluster)


def _event_source(api: AppApi, routes: list[Route]) -> EventSource:
    if api.settings.mode == "socket":
        return partial(listen_on_socket, api)
    source = HttpEvents(api)
    routes.append(Route(EVENTS_PATH.removeprefix(MOUNT), source.answer, methods=["GET", "POST"]))
    return source.listen


def _workspaces(api: AppApi, host: Host, routes: list[Route], clock: Clock) -> Workspaces:
    budget = host.cluster.budget(PLATFORM) if host.cluster else None
    if not api.settings.installable:
        return OneWorkspace(api, budget)
    installations = Installations(host.database, PLATFORM, Seal(api.settings.encryption_keys), clock)
    states = States(api.settings.client_secret, clock)
    pages = InstallPages(api, installations, states, host.translators, clock)
    for path, answer in ((INSTALL_PATH, pages.begin), (REDIRECT_PATH, pages.finish)):
        routes.append(Route(path.removeprefix(MOUNT), answer))
    return ManyWorkspaces(api, installations, Rotation(installations, api.exchange, clock, api.sleep), budget)
