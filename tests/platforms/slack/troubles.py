"""A test's grip on what goes wrong: faulty calls, dead tokens, broken lines."""

from collections.abc import Iterable
from typing import Any

from .events import Events
from .faults import Fault
from .socket_mode import SocketMode
from .state import Workspace
from .web_api import WebApi
from .world import World


class Troubles:
    """All that a test can break."""

    world: World
    events: Events
    socket_mode: SocketMode
    web_api: WebApi

    def fail(self, method: str, error: str, *, times: int | None = 1, skip: int = 0, **beside: Any) -> Fault:
        """Answers the next calls with an error; `beside` stands next to it in the answer."""
        return self._arm(method, "error", times, skip, error=error, beside=beside)

    def refuse_words(self, words: str, error: str) -> None:
        """Takes no message that holds these words, however it is written."""
        for method in ("postMessage", "update", "postEphemeral", "startStream", "appendStream", "stopStream"):
            self._arm(f"chat.{method}", "error", None, 0, error=error, about=words)

    def rate_limit(
        self,
        method: str,
        retry_after: int = 1,
        *,
        times: int | None = 1,
        skip: int = 0,
        workspace: Workspace | None = None,
    ) -> Fault:
        """Answers the next calls 429, in one workspace or in all."""
        beside = {"retry_after": retry_after}
        team_id = workspace.id if workspace else None
        return self._arm(method, "status", times, skip, status=429, beside=beside, team_id=team_id)

    def break_http(self, method: str, status: int = 503, *, times: int | None = 1, skip: int = 0) -> Fault:
        """Answers the next calls with an HTML page instead of JSON."""
        return self._arm(method, "status", times, skip, status=status)

    def lose_response(self, method: str, *, times: int | None = 1, skip: int = 0) -> Fault:
        """Does the work of the next calls, and cuts the connection before the answer."""
        return self._arm(method, "lose", times, skip)

    def hang(self, method: str, *, times: int | None = 1, skip: int = 0, after_work: bool = False) -> Fault:
        """Leaves the next calls without an answer until `release()`; `reached` is set when one hangs."""
        return self._arm(method, "hang", times, skip, after_work=after_work)

    def heal(self, method: str | None = None) -> None:
        """Ends the faults of a method, or all of them."""
        self.web_api.faults.heal(method)

    def _arm(self, method: str, kind: str, times: int | None, skip: int, **how: Any) -> Fault:
        return self.web_api.faults.arm(Fault(method, kind, times, skip, **how))

    def end_token(self, token: str, error: str = "token_revoked") -> None:
        """Makes a token dead: "token_revoked", "account_inactive", "invalid_auth", "token_expired"."""
        self.world.tokens[token].error = error

    async def uninstall(
        self, workspace: Workspace, events: Iterable[str] = ("tokens_revoked", "app_uninstalled")
    ) -> None:
        """Removes the app from a workspace: its tokens die, and either event or both come, in the order given."""
        for token in self.world.tokens.values():
            if token.workspace is workspace:
                token.error = "account_inactive"
        for name in events:
            tokens = {"tokens": {"oauth": [], "bot": [workspace.bot.id]}} if name == "tokens_revoked" else {}
            self.events.publish(workspace, name, {"type": name, **tokens})
        workspace.installed = False

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Asks every socket to leave: "warning", "refresh_requested", "link_disabled", "too_many_websockets"."""
        for socket in list(self.socket_mode.sockets):
            self.socket_mode.ask_to_leave(socket, reason)

    async def drop_sockets(self) -> None:
        """Cuts every line, and returns when the server has noticed."""
        cut = list(self.socket_mode.sockets)
        for socket in cut:
            socket.drop()
        await self.world.until(lambda: not set(cut) & set(self.socket_mode.sockets), 10.0)

    def silence_sockets(self) -> None:
        """Leaves every line open and dead: nothing comes, no PONG, and no ack is heard."""
        for socket in self.socket_mode.sockets:
            socket.silent = True

    @property
    def refuse_sockets(self) -> bool:
        return self.world.rules.refuse_sockets

    @refuse_sockets.setter
    def refuse_sockets(self, refuse: bool) -> None:
        self.world.rules.refuse_sockets = refuse
