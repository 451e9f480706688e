"""Serving ASGI apps inside the running loop, to as many as there is room for."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, closing, nullcontext
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount
from uvicorn.protocols.http.h11_impl import H11Protocol

from bots.web.bounds import Away, Bounds, TurnedAway
from bots.web.connections import Connection, Room
from bots.web.requests import App, Budget, WholeRequests
from core.domain import SettingRefused

_BREATH_S = 0.1
"""The pause after the system would not give a connection."""
_BACKLOG = 2_048
"""How many may stand before the door (the system may allow fewer): who finds no room there is late by a second."""
_SILENT_S = 1
"""For so long the system keeps who asks for nothing outside, so that a crowd sends nobody away who is about to ask."""


class _Server(uvicorn.Server):
    """A server that leaves the process's signals to the program, and accepting to `_accept`."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]  # the same, but empty
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.servers = []
        self.started = True


@asynccontextmanager
async def serve(
    routes: Sequence[BaseRoute],
    apps: Mapping[str, Any],
    host: str,
    port: int,
    bounds: Bounds = Bounds(),  # noqa: B008  frozen
) -> AsyncIterator[int]:
    """Serve pages, and whole applications each at its path, while the context is open; yields the port.

    Raises `SettingRefused` if the address can't be had.
    """
    away = TurnedAway()
    telling = [path for path, each in apps.items() if getattr(each, "tells_too_large", False)]
    app = WholeRequests(_joined(routes, apps, bounds, away), bounds.body_bytes, telling)
    room = Room(bounds.affordable, bounds.request_timeout_s, away)
    with closing(_bound(host, port)) as listener:
        server = _Server(_config(app, bounds))
        server.config.load()
        serving = asyncio.create_task(server.serve())
        accepting = asyncio.create_task(_accept(listener, room, server))
        try:
            yield listener.getsockname()[1]
        finally:
            accepting.cancel()
            room.clear()
            server.should_exit = True
            await asyncio.wait([serving, accepting])
            away.close()


def _joined(
    routes: Sequence[BaseRoute], apps: Mapping[str, Any], bounds: Bounds, away: TurnedAway
) -> Starlette:
    """All on one address, each with a budget of its own, so that none can starve another."""
    mounted: dict[str, App] = {**apps, "": Starlette(routes=routes)} if routes else dict(apps)
    most = bounds.for_each_of(len(mounted))
    return Starlette(routes=[Mount(path, app=Budget(app, most, away)) for path, app in mounted.items()])


def _config(app: Any, bounds: Bounds) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=H11Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",  # else each request that is none is a line in the log
        access_log=False,
        server_header=False,
        timeout_keep_alive=min(bounds.keep_alive_s, int(bounds.request_timeout_s)),
        timeout_graceful_shutdown=bounds.last_answers_s,
    )


async def _accept(listener: socket.socket, room: Room, server: _Server) -> None:
    """Take connections in, one at a time: whose request is there already is read before the next one comes."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            accepted, _ = listener.accept()
        except BlockingIOError:
            await _readable(listener)
            continue
        except OSError:  # no descriptor or no memory is left, or the client is gone
            room.away.add(Away.UNACCEPTED)
            room.make_room()
            await asyncio.sleep(_BREATH_S)
            continue
        try:
            await loop.connect_accepted_socket(lambda: Connection(room, server), accepted)
        except OSError:
            accepted.close()


async def _readable(listener: socket.socket) -> None:
    """Wait until somebody stands before the door. A task that ends inside `loop.sock_accept` can lose who came in."""
    loop, knocked = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(listener, knocked.set)
    try:
        await knocked.wait()  # no deadline: a server waits for as long as it runs
    finally:
        loop.remove_reader(listener)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server(
            (host, port), family=family, dualstack_ipv6=family is socket.AF_INET6, backlog=_BACKLOG
        )
    except OSError as exc:
        reason = str(exc.strerror).partition(" (while ")[0]  # what follows names the address once more
        fix = f"that address can't be listened on ({reason}); choose another [web] host or port"
        raise SettingRefused("[web] port", value=f"{host}:{port}", fix=fix) from None
    listener.setblocking(False)
    if defer := getattr(socket, "TCP_DEFER_ACCEPT", None):  # Linux
        listener.setsockopt(socket.IPPROTO_TCP, defer, _SILENT_S)
    return listener
