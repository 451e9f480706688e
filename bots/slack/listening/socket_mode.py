"""Socket Mode: the SDK's socket around Bolt's app, with an owner for each task and a watchdog over the connection.

Left alone, the SDK reconnects for ever and in silence, whatever the reason. So long losses end in an error here, and
whoever called opens everything afresh, from the tokens on.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, aclosing, suppress
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.async_base_handler import AsyncBaseSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import send_async_response
from slack_bolt.adapter.socket_mode.internals import build_headers
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bots.slack.listening.bolt_app import Receive, bolt_app, dispatch, taken_in
from bots.slack.transport.app_api import AppApi, sdk_logger, web_client
from core.domain import FrontendUnreachable, Watch
from core.util.log import log
from core.util.tasks import TaskSet

_CLOSE_WITHIN_S = 2.0
_STEPS = 40
"""How often the watchdog looks within `reconnect_after_s`, but never more seldom than each second."""
_FIRST_STEP_S = 0.05
"""How often it looks while a first connection is waited for, and with it the whole start."""


class Socket(SocketModeClient):
    """The SDK's socket, whose message tasks have an owner."""

    def __init__(self, api: AppApi, url: str) -> None:
        settings = api.settings
        super().__init__(
            app_token=settings.app_token.get_secret_value().strip(),
            logger=sdk_logger(),
            web_client=web_client(settings, api.session),
            proxy=settings.proxy,
            ping_interval=settings.ping_interval_s,
        )
        self.proxy = settings.proxy or None  # the SDK takes an empty one for "look into the environment"
        self.wss_uri = url
        self._work = TaskSet()
        self._heard: object = None
        self.message_listeners.append(self._note_traffic)

    async def is_alive(self) -> bool:
        """Whether the present connection is open and something came over it: an open line alone may lead nowhere.

        Slack says `hello` at once; where a proxy swallows it, an event tells as much.
        """
        return self._heard is self.current_session and await self.is_connected()

    async def _note_traffic(
        self, _: AsyncBaseSocketModeClient, message: dict[str, Any], __: str | None
    ) -> None:
        if message:
            self._heard = self.current_session

    async def process_message(self) -> None:
        """Start the work on one message, as the SDK does, and keep hold of it."""
        raw: str = await self.message_queue.get()
        self._work.start(self.run_message_listeners(_parsed(raw), raw))

    async def aclose(self) -> None:
        """End every task of this socket, say goodbye, briefly, and close the session; all of it even if cancelled.

        In this order, because each of the tasks may be about to open another connection, which nobody would close.
        """
        self.closed = True
        self.auto_reconnect_enabled = False
        async with AsyncExitStack() as closing:  # the last one first
            closing.push_async_callback(self.aiohttp_client_session.close)
            closing.push_async_callback(self._say_goodbye)
            closing.push_async_callback(self._end_tasks)

    async def _end_tasks(self) -> None:
        owned = (self.message_processor, self.current_session_monitor, self.message_receiver)
        running = [task for task in owned if task is not None]
        for task in running:
            task.cancel()
        await self._work.aclose()  # cancels the others before anything else runs
        await asyncio.gather(*running, return_exceptions=True)

    async def _say_goodbye(self) -> None:
        with suppress(TimeoutError, OSError, aiohttp.ClientError):
            async with asyncio.timeout(_CLOSE_WITHIN_S):
                await self.disconnect()  # type: ignore[no-untyped-call]  # the SDK left it so


def _parsed(raw: str) -> dict[str, Any]:
    """Read a frame; Slack also sends bare text, which means nothing."""
    try:
        message = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


class Handler(AsyncBaseSocketModeHandler):
    """Brings envelopes to Bolt and its answers back: Bolt's own handler, but around our socket."""

    def __init__(self, app: AsyncApp, receive: Receive, socket: Socket) -> None:
        self.app = self._app = app
        self._receive = receive
        self.client = socket
        socket.socket_mode_request_listeners.append(self.handle)

    async def handle(self, client: AsyncBaseSocketModeClient, req: SocketModeRequest) -> None:
        began = asyncio.get_running_loop().time()
        try:
            answer = await dispatch(self._app, self._receive, req.payload, build_headers(req) or {})
        except ValueError:
            # without an acknowledgement Slack would send it again, to the same end
            log.warning("slack.payload_odd", kind=req.type)
            answer = await taken_in(self._receive, req.payload)
        await send_async_response(client, req, answer, began)


async def listen_on_socket(api: AppApi, receive: Receive, watch: Watch) -> None:
    """Open a socket and bring its events in, until it stays lost."""
    url = await api.open_socket()
    async with aclosing(Socket(api, url)) as socket, aclosing(TaskSet()) as connecting:
        handler = Handler(bolt_app(api, receive), receive, socket)
        connecting.start(handler.connect_async())  # type: ignore[no-untyped-call]  # Bolt's
        await watch_over(socket, api, watch)


async def watch_over(socket: Socket, api: AppApi, watch: Watch) -> None:
    """Tell how the connection is, until it stays lost.

    Raises:
        FrontendUnreachable: it was lost for `reconnect_after_s`.
    """
    longest_s = api.settings.reconnect_after_s
    usual_step_s = min(1.0, longest_s / _STEPS)
    lost_s, up, was_up = 0.0, False, False
    while lost_s < longest_s:
        step_s = usual_step_s if was_up else min(usual_step_s, _FIRST_STEP_S)
        alive = await socket.is_alive()
        lost_s = 0.0 if alive else lost_s + step_s
        if alive and not up:
            watch.up()
            up = was_up = True
        elif up and lost_s > 3 * step_s:  # a change of sockets takes a moment, and is part of the routine
            watch.down(_lost())
            up = False
        await api.sleep(step_s)
    raise _lost()


def _lost() -> FrontendUnreachable:
    return FrontendUnreachable(
        "slack",
        setting="[slack] api_url",
        detail="the socket that apps.connections.open named does not stay open",
    )
