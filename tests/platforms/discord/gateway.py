"""The gateway: hello, identify, resume, heartbeats, and events to the sessions they concern."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import WSMsgType, web

from . import payloads, permissions
from .model import Guild
from .session import Connection, Json, Session, reset
from .world import World

MESSAGE_CONTENT = 1 << 15
PRIVILEGED = MESSAGE_CONTENT | 1 << 1 | 1 << 8
KNOWN_INTENTS = (1 << 26) - 1
FRAMES_PER_MINUTE, MAX_FRAME = 120, 4096
FATAL = frozenset({4004, 4007, 4009, 4010, 4011, 4012, 4013, 4014})


@dataclass(frozen=True)
class Identify:
    """An IDENTIFY as it came in; `refused` is the close code it met, if any."""

    at: float
    shard: tuple[int, int] | None
    intents: int
    refused: int | None
    properties: Json


@dataclass(frozen=True)
class Resume:
    """A RESUME as it came in."""

    at: float
    session_id: str
    seq: int
    accepted: bool
    path: str


class Gateway:
    """Holds the sessions and answers the op codes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sessions: list[Session] = []
        self.connections: list[Connection] = []
        self.identifies: list[Identify] = []
        self.resumes: list[Resume] = []
        self.refusals: list[int | None] = []
        self.starts_left = world.settings.session_starts
        self.allowed_privileged = MESSAGE_CONTENT if world.settings.message_content else 0
        self.refuse_identify_with: int | None = None

    # -- events ---------------------------------------------------------------------------------

    def publish(self, event: str, build: Callable[[Session], Any], guild: Guild | None, needs: int) -> None:
        """Dispatches to every session of the shard that asked for one of the intents `needs` (0: all)."""
        for session in self.sessions:
            on_shard = self.shard_of(guild, session.shards) == session.shard
            if on_shard and (not needs or session.intents & needs):
                session.emit(event, build(session))
        self.world.bell.ring()

    def shard_of(self, guild: Guild | None, shards: int) -> int:
        """Names the shard of a guild; direct messages come on the first."""
        return 0 if guild is None else (guild.id >> 22) % shards

    # -- one connection -------------------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serves one WebSocket from hello to the end."""
        if self.refusals:
            status = self.refusals.pop(0)
            if status is None and request.transport is not None:
                reset(request.transport)
            return web.Response(status=status or 502, text="error code: 502")
        ws = web.WebSocketResponse(timeout=2.0, max_msg_size=0)
        await ws.prepare(request)
        connection = Connection(ws, request)
        self.connections.append(connection)
        writer = asyncio.create_task(connection.write())
        try:
            await self._converse(connection, request.query.get("v"))
        except Exception as failure:
            self.world.crashes.append(failure)
            raise
        finally:
            await self._end(connection, writer)
        return ws

    async def _converse(self, connection: Connection, version: str | None) -> None:
        interval_ms = int(self.world.settings.heartbeat_interval_s * 1000)
        connection.send(10, {"heartbeat_interval": interval_ms, "_trace": []})
        if version != "10":
            connection.close(4012)
        self.world.bell.ring()
        async for frame in connection.ws:
            if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                continue
            if connection.silent or connection.closing:
                continue
            self._receive(connection, frame.data)
            self.world.bell.ring()

    async def _end(self, connection: Connection, writer: asyncio.Task[None]) -> None:
        by_client = not connection.closing
        if by_client or connection.dropped:
            writer.cancel()
        await asyncio.wait([writer])
        self.connections.remove(connection)
        session = connection.session
        if session is not None and session.connection is connection:
            session.connection, session.lost_at = None, self.world.clock.now()
            if by_client and connection.ws.close_code in (1000, 1001):
                self.end(session)
        self.world.bell.ring()

    def end(self, session: Session) -> None:
        """Forgets a session: resuming it meets op 9 `false`."""
        if session in self.sessions:
            self.sessions.remove(session)

    # -- op codes -------------------------------------------------------------------------------

    def _receive(self, connection: Connection, text: str | bytes) -> None:
        if len(text) > MAX_FRAME or (frame := _decoded(text)) is None:
            return connection.close(4002)
        if self._too_many(connection):
            return connection.close(4008)
        op: int = frame["op"]
        data: Any = frame.get("d")
        if op == 1:
            return connection.send(11) if connection.acks else None
        if op in (2, 6, 8) and not isinstance(data, dict):
            return connection.close(4002)
        if op in (2, 6):
            return self._begin(connection, op, data)
        if connection.session is None:
            return connection.close(4003)
        if op == 8:
            return self._list_members(connection.session, data)
        return None if op in (3, 4, 31) else connection.close(4001)

    def _too_many(self, connection: Connection) -> bool:
        now = self.world.clock.now()
        connection.frames_at = [t for t in connection.frames_at if now - t < 60] + [now]
        return len(connection.frames_at) > FRAMES_PER_MINUTE

    def _begin(self, connection: Connection, op: int, data: Json) -> None:
        if connection.session is not None:
            return connection.close(4005)
        return self._identify(connection, data) if op == 2 else self._resume(connection, data)

    def _identify(self, connection: Connection, data: Json) -> None:
        shard = tuple(data["shard"]) if data.get("shard") else None
        refused = self._refusal(data, shard)
        properties = data.get("properties") or {}
        now = self.world.clock.now()
        self.identifies.append(Identify(now, shard, data.get("intents", 0), refused, properties))
        if refused is not None:
            return connection.close(refused)
        self.starts_left -= 1
        number, count = shard or (0, 1)
        session = Session(number, count, data["intents"], shard is not None, connection=connection)
        connection.session = session
        self.sessions.append(session)
        return self._welcome(session)

    def _refusal(self, data: Json, shard: tuple[int, ...] | None) -> int | None:
        intents = data.get("intents")
        if self.refuse_identify_with is not None:
            return self.refuse_identify_with
        if data.get("token") != self.world.settings.token or self.starts_left <= 0:
            return 4004
        if shard is not None and not 0 <= shard[0] < shard[1]:
            return 4010
        if not isinstance(intents, int) or intents & ~KNOWN_INTENTS:
            return 4013
        return 4014 if intents & PRIVILEGED & ~self.allowed_privileged else None

    def _welcome(self, session: Session) -> None:
        world = self.world
        guilds = [g for g in world.guilds.values() if g.bot_present]
        mine = [g for g in guilds if self.shard_of(g, session.shards) == session.shard]
        ready: Json = {
            "v": 10,
            "user": payloads.user(world.bot)
            | {"verified": True, "mfa_enabled": True, "email": None, "flags": 0},
            "guilds": [{"id": str(g.id), "unavailable": True} for g in mine],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": f"ws{world.base_url.removeprefix('http')}/resume-gateway",
            "application": {"id": str(world.bot.id), "flags": application_flags(world)},
            "private_channels": [],
            "relationships": [],
        }
        if session.sharded:
            ready["shard"] = [session.shard, session.shards]
        session.emit("READY", ready)
        for guild in mine:
            if guild.available and session.intents & 1:
                session.emit("GUILD_CREATE", payloads.guild(world, guild))

    def _resume(self, connection: Connection, data: Json) -> None:
        if data.get("token") != self.world.settings.token:
            return connection.close(4004)
        session_id = str(data.get("session_id"))
        session = self._resumable(session_id)
        seq = data.get("seq") or 0
        accepted = session is not None and seq <= len(session.log)
        now = self.world.clock.now()
        self.resumes.append(Resume(now, session_id, seq, accepted, connection.path))
        if session is None:
            return connection.send(9, False)
        if not accepted:
            self.end(session)
            return connection.close(4007)
        if session.connection is not None:
            session.connection.drop()
        session.connection = connection
        connection.session = session
        session.replay(seq)
        return session.emit("RESUMED", {"_trace": []})

    def _resumable(self, session_id: str) -> Session | None:
        life_s = self.world.settings.resume_life_s
        for session in self.sessions:
            lost_at = session.lost_at
            expired = life_s is not None and lost_at is not None and self.world.clock.now() - lost_at > life_s
            if session.id == session_id and not expired:
                return session
        return None

    def _list_members(self, session: Session, data: Json) -> None:
        guild = self.world.guilds[int(data["guild_id"])]
        people = self.world.people.values() if permissions.base(guild) else ()
        found = [payloads.member(self.world, guild, p) | {"user": payloads.user(p)} for p in people]
        chunk: Json = {"guild_id": str(guild.id), "members": found, "chunk_index": 0, "chunk_count": 1}
        session.emit("GUILD_MEMBERS_CHUNK", chunk | {k: data[k] for k in ("nonce",) if k in data})


def application_flags(world: World) -> int:
    """Bit 19 says that message content is switched on (for a bot in few servers)."""
    return 1 << 19 if world.settings.message_content else 0


def _decoded(text: str | bytes) -> Json | None:
    try:
        frame = json.loads(text)
    except ValueError:
        return None
    return frame if isinstance(frame, dict) and isinstance(frame.get("op"), int) else None
