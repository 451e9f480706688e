"""Serves the sandbox inside a running event loop, and ends at once, whatever still hangs on it."""

import asyncio
import ipaddress
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Literal

from uvicorn import Config, Server

from sandbox.app import create_app
from sandbox.faults import Fault
from sandbox.keys import PRIVATE_KEY, PUBLIC_KEY
from sandbox.plans import GATEWAY, GATEWAY_UUID, HOSTED, PlanName
from sandbox.shapes import USUAL, Shapes
from sandbox.state import PING_INTERVAL_S, Address, Clock, State, new_state

__all__ = [
    "GATEWAY",
    "GATEWAY_UUID",
    "HOSTED",
    "PRIVATE_KEY",
    "PUBLIC_KEY",
    "Sandbox",
    "run_forever",
    "serve",
]

_BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A sandbox that listens. Everything that the admin routes change can be changed on `state` as well."""

    host: str
    port: int
    state: State

    @property
    def base_url(self) -> str:
        """Gives the address of the server, without a path: the API's base is this and `/v1`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


@asynccontextmanager
async def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    balance: float = 5.00,
    plan: PlanName = "free",
    tokens_per_s: float = 0.0,
    ping_interval_s: float = PING_INTERVAL_S,
    ping: Literal["comment", "empty"] = "comment",
    faults: Iterable[Fault] = (),
    shapes: Shapes = USUAL,
    clock: Clock = time.time,
) -> AsyncIterator[Sandbox]:
    """Serves a fresh sandbox while the context is open; port 0 takes a free one.

    `balance` is in USD, `clock` gives seconds since the epoch; `shapes` choose how it plays what AIVAX leaves
    unstated. Raises `OSError` when the address cannot be had.
    """
    state = new_state(
        balance=balance,
        plan=plan,
        tokens_per_s=tokens_per_s,
        ping_interval_s=ping_interval_s,
        ping=ping,
        faults=faults,
        shapes=shapes,
        clock=clock,
    )
    with _bound(host, port) as listener:
        server = await _started(state, listener)
        try:
            yield Sandbox(_reachable(host), listener.getsockname()[1], state)
        finally:
            await _stop(server)


async def run_forever(
    *,
    host: str = "127.0.0.1",
    port: int = 8787,
    balance: float = 5.00,
    plan: PlanName = "free",
    tokens_per_s: float = 0.0,
    on_ready: Callable[[Sandbox], None] = lambda _sandbox: None,
) -> None:
    """Serves a sandbox until SIGINT, SIGTERM or cancellation; calls `on_ready` once it listens.

    Raises `OSError` when the address cannot be had.
    """
    async with serve(host=host, port=port, balance=balance, plan=plan, tokens_per_s=tokens_per_s) as sandbox:
        with _signalled() as stop:
            on_ready(sandbox)
            await stop.wait()


@contextmanager
def _signalled() -> Iterator[asyncio.Event]:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio only then turns off Nagle's algorithm, which costs 40 ms an answer.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(_BACKLOG)
        except OSError as exc:
            raise OSError(
                exc.errno, f"The sandbox cannot listen on {host} port {port}: {exc.strerror}"
            ) from exc
        listener.setblocking(False)
        yield listener


def _reachable(host: str) -> str:
    try:
        unspecified = ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return host
    loopback = "::1" if ":" in host else "127.0.0.1"
    return loopback if unspecified else host


async def _started(state: State, listener: socket.socket) -> Server:
    config = Config(
        create_app(state),
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        backlog=_BACKLOG,
    )
    config.load()
    server = Server(config)
    server.lifespan = config.lifespan_class(config)
    state.drop = _dropper(server)
    await server.startup(sockets=[listener])
    return server


def _dropper(server: Server) -> Callable[[Address], None]:
    def drop(client: Address) -> None:
        for connection in list(server.server_state.connections):
            if getattr(connection, "client", None) == client:
                connection.transport.close()

    return drop


async def _stop(server: Server) -> None:
    """Hangs up on everybody. (The server's own shutdown would wait for streams that never end.)"""
    for listening in server.servers:
        listening.close()
    await asyncio.sleep(0)  # a connection that is just being accepted becomes one of those below
    for connection in list(server.server_state.connections):
        connection.transport.abort()
    tasks = list(server.server_state.tasks)
    if tasks:
        await asyncio.wait(tasks)
    await asyncio.sleep(0)
