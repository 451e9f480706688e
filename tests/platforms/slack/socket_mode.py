"""Socket Mode: tickets, WebSockets, envelopes, acks, and delivery once more when no ack comes."""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from .clock import Timer
from .world import APP_ID, World

RETRY_AFTER_S = (0.0, 60.0, 300.0)
SOCKETS_AT_MOST = 10
LEAVE_AFTER_S = 10.0
DEBUG_LIFE_S = 360.0

OnAck = Callable[[dict[str, Any] | None], None]


@dataclass(frozen=True)
class Envelope:
    """One attempt at handing something over."""

    id: str
    type: str
    payload: dict[str, Any]
    attempt: int
    socket: int | None  # the number of the socket it went out on; None: none was open
    sent_at: float


@dataclass(frozen=True)
class Ack:
    envelope_id: str
    payload: dict[str, Any] | None
    at: float
    late: bool  # it came after the deadline, or for nothing we know


@dataclass(eq=False)
class Delivery:
    """Something to hand over, and how that went."""

    type: str
    payload: dict[str, Any]
    on_ack: OnAck | None = None
    on_timeout: Callable[[], None] | None = None
    envelopes: list[Envelope] = field(default_factory=list)
    acked: bool = False
    lost: bool = False
    timer: Timer | None = None

    @property
    def event_id(self) -> str | None:
        return self.payload.get("event_id")

    @property
    def open(self) -> bool:
        return not self.acked and not self.lost


class Socket:
    """One open WebSocket: frames go out through its queue, in order."""

    def __init__(self, number: int, ws: web.WebSocketResponse, request: web.Request, *, silent: bool) -> None:
        self.number = number
        self.silent = silent
        self.leaving = False
        self._ws = ws
        self._request = request
        self._outgoing: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

    def send(self, frame: dict[str, Any]) -> None:
        if not self.silent:
            self._outgoing.put_nowait(frame)

    def leave(self) -> None:
        """Closes from Slack's side, after what is still to be sent."""
        self.leaving = True
        self._outgoing.put_nowait(None)

    def drop(self) -> None:
        """Cuts the line without a word."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def pump(self) -> None:
        while (frame := await self._outgoing.get()) is not None:
            try:
                await self._ws.send_str(json.dumps(frame))
            except ConnectionError:
                return
        await self._ws.close()


class SocketMode:
    """Slack's end of Socket Mode, for one app in all its workspaces."""

    def __init__(self, world: World, app_token: str) -> None:
        self.world = world
        self.app_token = app_token
        self.sockets: list[Socket] = []
        self.deliveries: list[Delivery] = []
        self.acks: list[Ack] = []
        self.pings: list[bytes] = []
        self.opened = 0  # WebSockets that ever opened
        self._tickets: set[str] = set()
        self._random = random.Random(7)  # noqa: S311 - which socket gets what has no pattern, but is repeatable
        self._by_envelope: dict[str, Delivery] = {}

    def new_url(self) -> str:
        ticket = self.world.new_id("ticket")
        self._tickets.add(ticket)
        base = self.world.base_url.replace("http://", "ws://")
        return f"{base}/link/?ticket={ticket}&app_id={APP_ID}"

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serves one WebSocket from its handshake to its end."""
        ticket = request.query.get("ticket", "")
        if self.world.rules.refuse_sockets:
            return web.Response(status=503)
        if ticket not in self._tickets:
            return web.Response(status=403)
        if not self.world.rules.reusable_tickets:
            self._tickets.remove(ticket)
        life_s = (
            DEBUG_LIFE_S
            if request.query.get("debug_reconnects") == "true"
            else self.world.rules.socket_life_s
        )
        ws = web.WebSocketResponse(autoping=False)
        await ws.prepare(request)
        self.opened += 1
        socket = Socket(self.opened, ws, request, silent=self.world.rules.silent_sockets)
        await self._serve(socket, ws, life_s)
        return ws

    async def _serve(self, socket: Socket, ws: web.WebSocketResponse, life_s: float) -> None:
        pump = asyncio.create_task(socket.pump())
        timers = self._welcome(socket, life_s)
        try:
            async for frame in ws:
                if not socket.silent:
                    await self._hear(ws, frame.type, frame.data)
        finally:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)
            for timer in timers:
                self.world.clock.cancel(timer)
            self.sockets.remove(socket)
            self.world.changed()

    def _welcome(self, socket: Socket, life_s: float) -> list[Timer]:
        self.sockets.append(socket)
        self.world.changed()
        if len(self.sockets) > SOCKETS_AT_MOST:
            return [self.ask_to_leave(socket, "too_many_websockets")]
        debug = {
            "host": "fake",
            "started": "now",
            "build_number": 1,
            "approximate_connection_time": int(life_s),
        }
        hello = {"type": "hello", "num_connections": len(self.sockets), "connection_info": {"app_id": APP_ID}}
        socket.send({**hello, "debug_info": debug})
        after = self.world.clock.after
        return [
            after(life_s - LEAVE_AFTER_S, lambda: self._say_disconnect(socket, "warning")),
            after(life_s, lambda: self._end_of_life(socket)),
        ]

    def _end_of_life(self, socket: Socket) -> None:
        self._say_disconnect(socket, "refresh_requested")
        socket.leave()

    def _say_disconnect(self, socket: Socket, reason: str) -> None:
        socket.send({"type": "disconnect", "reason": reason, "debug_info": {"host": "fake"}})

    def ask_to_leave(self, socket: Socket, reason: str) -> Timer:
        """Says `disconnect`, and closes the socket ten seconds later if the app has not."""
        self._say_disconnect(socket, reason)
        return self.world.clock.after(LEAVE_AFTER_S, socket.leave)

    async def _hear(self, ws: web.WebSocketResponse, kind: WSMsgType, data: Any) -> None:
        if kind is WSMsgType.PING:
            self.pings.append(bytes(data))
            await ws.pong(data)
        elif kind is WSMsgType.TEXT:
            self._take_ack(json.loads(data))
        self.world.changed()

    def _take_ack(self, said: dict[str, Any]) -> None:
        delivery = self._by_envelope.get(said["envelope_id"])
        current = delivery is not None and delivery.open and delivery.envelopes[-1].id == said["envelope_id"]
        self.acks.append(
            Ack(said["envelope_id"], said.get("payload"), self.world.clock.now(), late=not current)
        )
        if delivery is None or not current:
            return
        delivery.acked = True
        self.world.clock.cancel(delivery.timer)
        if delivery.on_ack is not None:
            delivery.on_ack(said.get("payload"))

    def deliver(self, delivery: Delivery) -> Delivery:
        self.deliveries.append(delivery)
        self._attempt(delivery)
        return delivery

    def _attempt(self, delivery: Delivery, *, elsewhere: bool = False) -> None:
        """Sends over any one of the open sockets; with none, the attempt has failed already.

        `elsewhere`: rather over one that this event has not gone out on.
        """
        clock, rules = self.world.clock, self.world.rules
        clock.cancel(delivery.timer)
        staying = [socket for socket in self.sockets if not socket.leaving]
        if elsewhere:
            tried = {envelope.socket for envelope in delivery.envelopes}
            staying = [socket for socket in staying if socket.number not in tried] or staying
        socket = self._random.choice(staying) if staying else None
        number = len(delivery.envelopes)
        envelope_id = self._envelope_id(delivery)
        delivery.envelopes.append(
            Envelope(
                envelope_id,
                delivery.type,
                delivery.payload,
                number,
                socket.number if socket else None,
                clock.now(),
            )
        )
        self._by_envelope[envelope_id] = delivery
        if socket is not None:
            socket.send(self._frame(delivery, envelope_id, number))
        delivery.timer = clock.after(rules.ack_deadline_s if socket else 0.0, lambda: self._overdue(delivery))
        self.world.changed()

    def _envelope_id(self, delivery: Delivery) -> str:
        if delivery.envelopes and self.world.rules.same_envelope_id:
            return delivery.envelopes[0].id
        return self.world.new_id("envelope-")

    def _frame(self, delivery: Delivery, envelope_id: str, attempt: int) -> dict[str, Any]:
        frame = {"envelope_id": envelope_id, "type": delivery.type, "payload": delivery.payload}
        if delivery.type != "events_api":
            return {**frame, "accepts_response_payload": True}
        retry = {"retry_attempt": attempt, "retry_reason": "timeout" if attempt else ""}
        return {**frame, "accepts_response_payload": False, **retry}

    def _overdue(self, delivery: Delivery) -> None:
        """Tries an event again at once, after one minute and after five; the rest is tried once only."""
        done = len(delivery.envelopes) - 1
        if delivery.type != "events_api" or done >= len(RETRY_AFTER_S):
            delivery.lost = True
            if delivery.on_timeout is not None:
                delivery.on_timeout()
            self.world.changed()
            return
        delivery.timer = self.world.clock.after(RETRY_AFTER_S[done], lambda: self._attempt(delivery))

    def redeliver(self, *, keep: int = 0, elsewhere: bool = False) -> int:
        """Makes the next attempt of every event that has no ack yet; returns how many there were.

        Those that have only `keep` attempts left wait on: after its last one Slack never delivers an event again.
        `elsewhere`: over a socket that they have not gone out on, where there is one.
        """
        waiting = [each for each in self.deliveries if each.open and each.type == "events_api"]
        waiting = [each for each in waiting if len(each.envelopes) <= len(RETRY_AFTER_S) - keep]
        for delivery in waiting:
            self._attempt(delivery, elsewhere=elsewhere)
        return len(waiting)

    def repeat(self, delivery: Delivery) -> Delivery:
        """Sends an event once more although it was acked: same `event_id`, marked as a retry."""
        again = Delivery(delivery.type, delivery.payload, envelopes=list(delivery.envelopes))
        return self.deliver(again)
