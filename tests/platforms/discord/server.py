"""The fake Discord itself: one server for REST, gateway and files, driven and read by a test."""

from collections.abc import Callable
from typing import Any, Self, TypeVar

from aiohttp import web

from . import limits as rate_limits
from . import view
from .clock import Clock
from .events import Events
from .gateway import Gateway, Identify, Resume
from .guilds import Guilds
from .limits import Limits
from .model import Channel, Person
from .people import People
from .places import Places
from .posting import Posting
from .rest import API, Rest, release
from .routes_app import AppRoutes
from .routes_channels import ChannelRoutes
from .routes_interactions import InteractionRoutes
from .routes_messages import MessageRoutes
from .routing import Call, Table
from .session import Session
from .trouble import Trouble
from .view import Seen
from .world import Settings, World

T = TypeVar("T")


class FakeDiscord(People, Places, Trouble):
    """Speaks Discord's REST API v10 and gateway on a loopback port, from `async with` to its end.

    `limits=True` enforces the observed rate limits, `Limits(...)` others; else the headers show plenty of room.
    The fields of `Settings` can be given by name: `message_content=False`, `shards=2`, `token=...`.
    """

    def __init__(self, *, limits: bool | Limits = False, clock: Clock | None = None, **settings: Any) -> None:
        self.clock = clock or Clock()
        self.world = World(Settings(**settings), self.clock)
        self.gateway = Gateway(self.world)
        self.events = Events(self.world, self.gateway)
        self.posts = Posting(self.world, self.events)
        self.guilds = Guilds(self.world, self.events, self.posts)
        self.app = AppRoutes(self.world, self.gateway)
        chosen = limits if isinstance(limits, Limits) else Limits() if limits else rate_limits.OFF
        self.rest = Rest(self.world, self._table(), chosen)
        self.bot = self.world.bot
        self.token = self.world.settings.token
        self._runner: web.AppRunner | None = None

    def _table(self) -> Table:
        channels = ChannelRoutes(self.world, self.posts, self.guilds)
        messages = MessageRoutes(self.world, self.posts)
        interactions = InteractionRoutes(self.world, self.posts)
        return Table(self.app.routes(), channels.routes(), messages.routes(), interactions.routes())

    # -- life ---------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get("/gateway", self.gateway.handle)
        app.router.add_get("/resume-gateway", self.gateway.handle)
        app.router.add_route("*", "/{anything:.*}", self.rest.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.world.base_url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(self, failed: type[BaseException] | None, *_: object) -> None:
        await release(self.rest.faults)
        for connection in list(self.gateway.connections):
            connection.drop()
        if self._runner is not None:
            await self._runner.cleanup()
        if self.world.crashes and failed is None:
            raise ExceptionGroup("the fake itself failed", self.world.crashes)

    @property
    def api_url(self) -> str:
        """For `discord.http.Route.BASE`."""
        return f"{self.world.base_url}{API}"

    @property
    def gateway_url(self) -> str:
        """For `discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY`."""
        return f"ws{self.world.base_url.removeprefix('http')}/gateway"

    @property
    def cdn_url(self) -> str:
        """Where attached files are downloaded; their host is 127.0.0.1."""
        return f"{self.world.base_url}/cdn"

    # -- what a person sees -------------------------------------------------------------------------

    def visible(self, channel: Channel, to: Person | None = None) -> list[Seen]:
        """Lists a channel's messages, oldest first; private answers only `to` whom they are for."""
        return view.visible(self.world, channel, to)

    def answers(self, channel: Channel, to: Person | None = None) -> list[Seen]:
        """Lists what the bot itself has said there."""
        return [seen for seen in self.visible(channel, to) if seen.author == self.bot.name]

    def typing(self, channel: Channel) -> bool:
        """Says whether the bot is shown as typing: for 10 s, or until it posts."""
        return self.clock.now() < channel.typing_until

    async def until(self, predicate: Callable[[], T], timeout_s: float = 90.0) -> T:
        """Returns what `predicate` says as soon as a change of the fake's state makes it true.

        It is asked again at each call, frame and event, not when only the bot's own state changes.
        Raises AssertionError after `timeout_s` real seconds.
        """
        return await self.world.bell.until(predicate, timeout_s, self._describe)

    async def online(self, shards: int = 1) -> None:
        """Waits until so many sessions are connected and have been greeted."""
        await self.until(lambda: sum(s.live for s in self.sessions) >= shards)

    # -- what the bot did -----------------------------------------------------------------------------

    @property
    def calls(self) -> list[Call]:
        """Every REST call."""
        return self.rest.calls

    def called(self, spec: str) -> list[Call]:
        """Lists the REST calls of one route, such as `"PATCH /channels/{}/messages/{}"`."""
        return [call for call in self.calls if call.route == spec]

    @property
    def downloads(self) -> list[Call]:
        """Every download of a file."""
        return self.rest.downloads

    @property
    def unknown(self) -> list[Call]:
        """REST calls to routes that the fake does not play."""
        return self.rest.unknown

    @property
    def invalid_requests(self) -> int:
        """Answers 401, 403 and 429 (but shared ones) of the last 10 minutes."""
        return self.rest.meter.refusals(self.clock.now())

    @property
    def identifies(self) -> list[Identify]:
        return self.gateway.identifies

    @property
    def resumes(self) -> list[Resume]:
        return self.gateway.resumes

    @property
    def sessions(self) -> list[Session]:
        """The sessions that can live on, connected or not."""
        return self.gateway.sessions

    @property
    def commands(self) -> dict[int | None, list[dict[str, Any]]]:
        """The registered commands: global ones under None, others under their guild's id."""
        return self.world.commands

    def register(self, *commands: dict[str, Any]) -> None:
        """Registers global commands, as an earlier run of the bot would have left them."""
        self.app.register(list(commands), None)

    def _describe(self) -> str:
        recent = [f"{c.method} {c.path} -> {c.status}" for c in self.calls[-8:]]
        live = sum(s.live for s in self.sessions)
        return f"sessions: {len(self.sessions)} ({live} live); last calls: {recent or 'none'}"
