"""Failures on demand: REST calls that fail, gateways that close, fall silent or refuse."""

from . import faults
from .faults import Hang, Lose
from .gateway import FATAL, Gateway
from .rest import Rest
from .session import Session
from .world import World


class Trouble:
    """Makes things go wrong; mixed into `FakeDiscord`.

    A `spec` names a route, `"POST /channels/{}/messages"`: `{}` stands for any one segment (or write a channel's id),
    `*` for anything. Rules are taken in the order they were made, each `times` times.
    """

    world: World
    rest: Rest
    gateway: Gateway

    # -- REST -------------------------------------------------------------------------------------

    def fail(
        self,
        spec: str,
        *,
        status: int,
        code: int = 0,
        message: str = "Failed on demand",
        html: bool = False,
        headers: dict[str, str] | None = None,
        times: int = 1,
    ) -> None:
        """Answers calls with an error and does nothing; `html` is an answer of Cloudflare's, without `Via`."""
        self._add(spec, faults.refusal(spec, times, status, code, message, html, headers or {}))

    def rate_limit(
        self,
        spec: str,
        *,
        retry_after_s: float = 0.05,
        scope: str = "user",
        via: bool = True,
        code: int | None = None,
        times: int = 1,
    ) -> None:
        """Answers calls with 429; `scope` is `user`, `shared` or `global`."""
        self._add(spec, faults.rate_limit(spec, times, retry_after_s, scope, via, code))

    def lose_response(self, spec: str, *, reset: bool = False, times: int = 1) -> None:
        """Does the work of calls but drops the connection before the answer."""
        self._add(spec, Lose(faults.pattern(spec), times, worked=True, reset=reset))

    def lose_request(self, spec: str, *, reset: bool = True, times: int = 1) -> None:
        """Drops the connection of calls before anything is done."""
        self._add(spec, Lose(faults.pattern(spec), times, worked=False, reset=reset))

    def hang(self, spec: str, *, worked: bool = False, times: int = 1) -> Hang:
        """Holds calls until `release()`: before the work, or (`worked`) only their answers."""
        hang = Hang(faults.pattern(spec), times, worked=worked)
        self._add(spec, hang)
        return hang

    # -- gateway ------------------------------------------------------------------------------------

    def close_gateway(self, code: int, *, shard: int | None = None) -> None:
        """Closes connections with a code; one that ends sessions for good also forgets them."""
        for session in self._sessions(shard):
            if code in FATAL:
                self.gateway.end(session)
            if session.connection is not None:
                session.connection.close(code)

    def drop_gateway(self, *, shard: int | None = None) -> None:
        """Tears connections down without a close frame."""
        for session in self._sessions(shard):
            if session.connection is not None:
                session.connection.drop()

    def ask_reconnect(self, *, shard: int | None = None) -> None:
        """Sends op 7: the client should come back and resume."""
        self._send(7, None, shard)

    def invalidate(self, *, resumable: bool = False, shard: int | None = None) -> None:
        """Sends op 9; unless `resumable`, the sessions are gone."""
        self._send(9, resumable, shard)
        for session in self._sessions(shard):
            if not resumable:
                self.gateway.end(session)

    def ask_heartbeat(self, *, shard: int | None = None) -> None:
        """Sends op 1: the client should beat at once."""
        self._send(1, None, shard)

    def mute(self, *, acks_only: bool = False, shard: int | None = None) -> None:
        """Makes present connections zombies: nothing comes from them any more (or just no acks)."""
        for session in self._sessions(shard):
            if session.connection is not None:
                session.connection.acks = False
                session.connection.silent = not acks_only

    def refuse_gateway(self, *, status: int | None = 502, times: int = 1) -> None:
        """Refuses the next gateway connects with a status, or (None) a reset."""
        self.gateway.refusals += [status] * times

    def refuse_identify(self, code: int | None) -> None:
        """Answers every IDENTIFY with a close code, until set to None."""
        self.gateway.refuse_identify_with = code

    def forget_sessions(self) -> None:
        """Forgets all sessions: a resume meets op 9 `false`."""
        self.gateway.sessions.clear()

    def dispatch(self, event: str, data: object, *, shard: int | None = None) -> None:
        """Sends a raw event, well formed or not."""
        for session in self._sessions(shard):
            session.emit(event, data)

    # -- parts ------------------------------------------------------------------------------------

    def _add(self, spec: str, fault: faults.Fault) -> None:
        if not self.rest.table.knows(spec):
            raise ValueError(f"no route can match {spec!r}")
        self.rest.faults.append(fault)

    def _sessions(self, shard: int | None) -> list[Session]:
        return [s for s in self.gateway.sessions if shard is None or s.shard == shard]

    def _send(self, op: int, data: object, shard: int | None) -> None:
        for session in self._sessions(shard):
            if session.connection is not None:
                session.connection.send(op, data)
