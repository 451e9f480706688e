"""The fake Slack itself: a server on loopback, and a test's grip on it."""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from aiohttp import web

from .clock import Clock
from .control import Control
from .downloads import Downloads
from .events import Events
from .http_mode import HttpMode
from .interactions import Interaction, Interactions
from .methods.agents import status_now
from .people import People
from .rules import Rules
from .shown import Shown, visible
from .socket_mode import Ack, Delivery, Envelope, SocketMode
from .state import Channel, File, Grant, Person, Workspace
from .troubles import Troubles
from .web_api import Call, WebApi
from .world import World

CODE_LIFE_S = 600.0


class FakeSlack(People, Interactions, Troubles):
    """Slack on 127.0.0.1, for one app. Keywords are switches of `Rules`, which `slack.rules` keeps open."""

    def __init__(
        self, *, clock: Clock | None = None, port: int = 0, control: bool = False, **rules: Any
    ) -> None:
        self.rules = Rules(**rules)
        self.clock = clock or Clock()
        self.world = World(self.rules, self.clock)
        self.bot_token = "xoxb-1-fake"
        self.app_token = "xapp-1-fake"
        self.workspace = self.world.add_workspace("T0000000001", "acme", token=self.bot_token)
        self.socket_mode = SocketMode(self.world, self.app_token)
        self.http_mode = HttpMode(self.world)
        self.events = Events(self.world, lambda payload: self.hand_over(Delivery("events_api", payload)))
        self.web_api = WebApi(self.world, self.events, self.socket_mode)
        self.responses: dict[str, Interaction] = {}
        self.downloads = Downloads(self.world, self.responses, self.respond)
        self.client_id, self.client_secret = self.world.client_id, self.world.client_secret
        self._port = port
        self._control = Control(self) if control else None
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=16 * 2**20)
        app.router.add_route("*", "/api/{method}", self.web_api.answer)
        app.router.add_get("/link/", self.socket_mode.connect)
        app.router.add_get("/files-pri/{file}/{name}", self.downloads.file)
        app.router.add_get("/files-pri/download/{file}/{name}", self.downloads.file)
        app.router.add_post("/upload/v1/{file}", self.downloads.upload)
        app.router.add_post("/respond/{key}", self.downloads.response)
        if self._control is not None:
            app.router.add_route("*", "/_control/{action}", self._control.answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self.world.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clock.close()
        self.web_api.faults.heal()
        await self.http_mode.aclose()
        for socket in self.socket_mode.sockets:
            socket.drop()
        if self._runner is not None:
            await self._runner.cleanup()

    def hand_over(self, delivery: Delivery) -> Delivery:
        """Delivers over HTTP where the app has given an address for it, else over Socket Mode."""
        return (self.http_mode if self.http_mode.request_url else self.socket_mode).deliver(delivery)

    # --- who and where -------------------------------------------------------------------------------------

    @property
    def api_url(self) -> str:
        return f"{self.world.base_url}/api/"

    @property
    def bot_user_id(self) -> str:
        return self.workspace.bot.id

    @property
    def mention(self) -> str:
        return f"<@{self.bot_user_id}>"

    def add_workspace(self, team_id: str, name: str = "", *, token: str = "", **more: Any) -> Workspace:
        """Installs the app in one more workspace, with a bot token of its own."""
        return self.world.add_workspace(
            team_id, name or team_id.lower(), token=token or f"xoxb-{team_id}", **more
        )

    def person(self, name: str, *, workspace: Workspace | None = None, **traits: Any) -> Person:
        """Adds a person: `locale`, `tz`, `restricted`, `stranger`; of another workspace for Slack Connect."""
        person = Person(self.world.new_id("U"), name, workspace or self.workspace, **traits)
        self.world.people[person.id] = person
        return person

    def channel(
        self,
        name: str,
        members: Iterable[Person] = (),
        *,
        kind: str = "channel",
        workspace: Workspace | None = None,
        bot: bool = True,
        shared: bool = False,
    ) -> Channel:
        """Adds a channel ("channel"), a private one ("group") or a group DM ("mpim")."""
        home = workspace or self.workspace
        inside = {person.id for person in members} | ({home.bot.id} if bot else set())
        channel = self.world.add_channel(kind, name, home, inside)
        channel.shared = shared
        return channel

    def group(self, handle: str) -> str:
        """Adds a group of users; returns its id."""
        id_ = self.world.new_id("S")
        self.world.groups[id_] = handle
        return id_

    def dm(self, person: Person, workspace: Workspace | None = None) -> Channel:
        return self.world.dm_of(person, workspace or person.workspace)

    def file(self, name: str, body: bytes, mimetype: str = "text/plain", **traits: Any) -> File:
        """Uploads a file: `mode`, `connect`, `subtype`, and `hops` and `signed` for the way to its bytes."""
        workspace = traits.pop("workspace", self.workspace)
        file = File(self.world.new_id("F"), name, mimetype, body, workspace, **traits)
        file.url = f"{self.world.base_url}/files-pri/{file.id}/{name}"
        self.world.files[file.id] = file
        return file

    def approve(self, authorize_url: str, workspace: Workspace | None = None) -> str:
        """Installs the app as its installer would; returns where the browser is sent, with `code` and `state`."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(authorize_url).query).items()}
        code, until = self.world.new_id("code-"), self.clock.now() + CODE_LIFE_S
        scopes = frozenset(asked.get("scope", "").split(","))
        self.world.codes[code] = Grant(
            workspace or self.workspace, scopes, asked.get("redirect_uri", ""), until
        )
        return f"{asked.get('redirect_uri', '')}?{urlencode({'code': code, 'state': asked.get('state', '')})}"

    # --- what is seen ---------------------------------------------------------------------------------------

    def visible(
        self, channel: Channel, thread_ts: str | None = None, *, to: Person | None = None
    ) -> list[Shown]:
        """What stands in a channel or in one thread, for everyone's eyes together or for those of `to`."""
        return visible(self.world, channel, thread_ts, to)

    def status(self, channel: Channel, thread_ts: str) -> str:
        """The free text below the thread ("is thinking…"), or nothing."""
        return status_now(self.world, channel.id, thread_ts)[0]

    def session(self, channel: Channel, thread_ts: str) -> str:
        """The agent session's status: "active", "processing", "suspended", "closed", or nothing."""
        return status_now(self.world, channel.id, thread_ts)[1]

    def prompts(self, channel: Channel, thread_ts: str | None = None) -> list[str]:
        """The titles of the suggested prompts."""
        set_there = self.world.prompts.get((channel.id, thread_ts), {"prompts": []})
        return [prompt["title"] for prompt in set_there["prompts"]]

    def changed(self) -> None:
        """Makes `until` look again: for what a test's own bot notes, of which the fake can't know."""
        self.world.changed()

    async def until(self, holds: Callable[[], Any], timeout_s: float = 90.0) -> Any:
        """Waits until `holds()` is truthy, looking again at each change; tells what is visible if it never is."""
        try:
            return await self.world.until(holds, timeout_s)
        except TimeoutError:
            seen = [
                (shown.author, shown.text) for c in self.world.channels.values() for shown in self.visible(c)
            ]
            calls = [(call.method, call.error) for call in self.calls[-10:]]
            raise AssertionError(f"not within {timeout_s} s; visible: {seen}; last calls: {calls}") from None

    # --- the wire --------------------------------------------------------------------------------------------

    @property
    def calls(self) -> list[Call]:
        return self.web_api.calls

    def calls_of(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    @property
    def acks(self) -> list[Ack]:
        return self.socket_mode.acks

    @property
    def deliveries(self) -> list[Delivery]:
        return self.socket_mode.deliveries

    @property
    def unacked(self) -> list[Envelope]:
        """The last envelope of each event that still waits for its ack."""
        return [delivery.envelopes[-1] for delivery in self.deliveries if delivery.open]

    @property
    def lost(self) -> list[Delivery]:
        return [delivery for delivery in self.deliveries if delivery.lost]

    @property
    def sockets(self) -> int:
        return len(self.socket_mode.sockets)

    async def connected(self, sockets: int = 1, timeout_s: float = 90.0) -> None:
        await self.until(lambda: self.sockets >= sockets, timeout_s)

    async def redeliver(self, *, keep: int = 0, elsewhere: bool = False) -> int:
        """Makes the next attempt of every unacked event now, if more than `keep` are left; returns how many were.

        `elsewhere`: over a socket that the event has not gone out on, where there is one.
        """
        return self.socket_mode.redeliver(keep=keep, elsewhere=elsewhere) + self.http_mode.redeliver()

    async def repeat(self, delivery: Delivery) -> Delivery:
        """Delivers an event once more although it was acked."""
        return self.socket_mode.repeat(delivery)
