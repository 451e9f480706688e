"""Serving an ASGI app inside the running loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from core.errors import SettingRefused


class _Server(uvicorn.Server):
    """A server that leaves the process's signals to the program."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]  # the same, but empty
        return nullcontext()


def join(routes: Sequence[BaseRoute], apps: Mapping[str, Any]) -> Starlette:
    """Put pages and whole applications on one address, each application at its path."""
    return Starlette(routes=[*routes, *(Mount(path, app=app) for path, app in apps.items())])


@asynccontextmanager
async def serve(app: Any, host: str, port: int) -> AsyncIterator[int]:
    """Serve `app` while the context is open; yields the port. Raises `SettingRefused` if the address can't be had."""
    with _bound(host, port) as listener:
        config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, lifespan="off")
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await asyncio.wait([serving])


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError as exc:
        listener.close()
        fix = f"that address can't be listened on ({exc.strerror}); choose another [web] host or port"
        raise SettingRefused("[web] port", value=f"{host}:{port}", fix=fix) from None
    return listener
