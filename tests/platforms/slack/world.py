"""Everything the fake Slack holds in memory, and the pulse that wakes those who wait for a change."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from .clock import Clock
from .refused import RefusedError
from .rules import SCOPES, Rules
from .state import Channel, File, Grant, Message, Person, Refresh, Session, Token, Trigger, View, Workspace

APP_ID = "A0000000001"


class World:
    """Slack's memory. It is one loop's: nothing in here waits."""

    def __init__(self, rules: Rules, clock: Clock) -> None:
        self.rules = rules
        self.clock = clock
        self.workspaces: dict[str, Workspace] = {}
        self.people: dict[str, Person] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.groups: dict[str, str] = {}
        self.tokens: dict[str, Token] = {}
        self.views: dict[str, View] = {}
        self.sessions: dict[tuple[str, str], Session] = {}
        self.prompts: dict[tuple[str, str | None], dict[str, Any]] = {}
        self.triggers: dict[str, Trigger] = {}
        self.codes: dict[str, Grant] = {}
        self.refresh_tokens: dict[str, Refresh] = {}
        self.client_id = "111.222"
        self.client_secret = "client-secret"
        self.base_url = ""
        self._numbers = itertools.count(1)
        self._pulse = asyncio.Event()

    def new_id(self, prefix: str) -> str:
        return f"{prefix}{next(self._numbers):010d}"

    def new_ts(self, channel: Channel) -> str:
        """Makes a ts that is unique in its channel only: two channels can and do have the same one."""
        number = len(channel.messages) + 1
        last = max((int(ts.partition(".")[0]) for ts in channel.messages), default=0)
        return f"{max(last, int(self.clock.now()))}.{number:06d}"

    def changed(self) -> None:
        """Tells everyone who waits that something is different now."""
        pulse, self._pulse = self._pulse, asyncio.Event()
        pulse.set()

    async def until(self, holds: Callable[[], Any], timeout_s: float) -> Any:
        """Waits until `holds()` is truthy and returns its value; raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while not (value := holds()):
                await self._pulse.wait()
        return value

    def add_workspace(
        self, team_id: str, name: str, *, token: str, enterprise_id: str | None = None
    ) -> Workspace:
        workspace = Workspace(team_id, name, token, set(SCOPES), enterprise_id=enterprise_id)
        workspace.bot = Person(self.new_id("U"), "aivax", workspace, bot_id=self.new_id("B"), app_id=APP_ID)
        self.people[workspace.bot.id] = workspace.bot
        self.workspaces[team_id] = workspace
        self.tokens[token] = Token(workspace)
        return workspace

    def add_channel(self, kind: str, name: str, workspace: Workspace, members: set[str]) -> Channel:
        prefix = {"im": "D", "mpim": "G"}.get(kind, "C")
        channel = Channel(self.new_id(prefix), name, kind, workspace, members)
        self.channels[channel.id] = channel
        return channel

    def dm_of(self, person: Person, workspace: Workspace) -> Channel:
        """Finds the person's DM with the app, or opens it."""
        members = {person.id, workspace.bot.id}
        for channel in self.channels.values():
            if channel.kind == "im" and channel.members == members:
                return channel
        return self.add_channel("im", person.name, workspace, members)

    def channel(self, channel_id: str) -> Channel:
        return self.channels[channel_id]

    def put(self, message: Message) -> Message:
        message.channel.messages[message.ts] = message
        self.changed()
        return message

    def place(self, workspace: Workspace, channel_id: str) -> Channel:
        """Finds a channel as the app in that workspace may see it."""
        channel = self.channels.get(channel_id)
        if channel is None or channel.workspace is not workspace:
            raise RefusedError("channel_not_found")
        if not channel.bot_in and channel.kind != "channel":
            raise RefusedError("channel_not_found")
        return channel

    def place_with_bot(self, workspace: Workspace, channel_id: str) -> Channel:
        channel = self.place(workspace, channel_id)
        if not channel.bot_in:
            raise RefusedError("not_in_channel")
        return channel

    def new_trigger(self, person: Person) -> str:
        """Makes a `trigger_id`, good once and for three seconds."""
        trigger_id = self.new_id("trigger.")
        self.triggers[trigger_id] = Trigger(person, self.clock.now() + 3.0)
        return trigger_id

    def new_refresh_token(self, workspace: Workspace) -> str:
        token = self.new_id("xoxe-1-")
        self.refresh_tokens[token] = Refresh(workspace)
        return token

    def installer_of(self, workspace: Workspace) -> str:
        people = (
            each for each in self.people.values() if each.workspace is workspace and each.bot_id is None
        )
        return next((each.id for each in people), "U0INSTALLER")

    def name_of(self, any_id: str) -> str:
        known = self.people.get(any_id) or self.channels.get(any_id)
        return known.name if known else any_id

    def stream_state(self, message: Message) -> str | None:
        if message.stream is None:
            return None
        return message.stream.state(self.clock.now(), self.rules.stream_life_s)
