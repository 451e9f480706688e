"""What people do in channels, and what Slack tells the app about it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .events import Events
from .shapes import message_json
from .state import Channel, File, Message, Person, Workspace
from .text import rich_text, typed_to_wire
from .world import World


class People:
    """Everything that a person can do, short of pressing buttons. Text is given as it is typed."""

    world: World
    events: Events

    async def say(
        self,
        person: Person,
        channel: Channel,
        text: str = "",
        *,
        thread_ts: str | None = None,
        files: Sequence[File] = (),
        mention_first: bool = False,
        broadcast: bool = False,
        twice: bool = False,
        attachments: Sequence[dict[str, Any]] = (),
        me: bool = False,
        mentioned_anyway: bool = False,
    ) -> str:
        """Writes in a channel and returns the ts. `<@BOT>` stands for the bot's mention.

        `twice` plays the sentence that comes as two `message` events with one `client_msg_id`, `me` what is said by
        `/me`. `attachments` are what Slack's client makes of forwarded messages and pasted tables.
        """
        self._require_member(person, channel)
        if thread_ts is not None and thread_ts not in channel.messages:
            raise AssertionError(f"there is no {thread_ts} in {channel.name} to reply to")
        wire = typed_to_wire(text.replace("<@BOT>", f"<@{channel.workspace.bot.id}>"))
        message = Message(
            channel,
            self.world.new_ts(channel),
            person,
            text=wire,
            thread_ts=thread_ts,
            files=[file.as_event() for file in files],
            blocks=rich_text(wire) if wire and not me else [],
            attachments=list(attachments),
            client_msg_id=None if me else self.world.new_id("client-"),
            subtype="me_message"
            if me
            else "file_share"
            if files
            else "thread_broadcast"
            if broadcast
            else None,
        )
        self.world.put(message)
        self.events.posted(message, mention_first=mention_first)
        if mentioned_anyway:
            self.events.mentioned(message, anyway=True)
        if twice:
            self._say_again(message)
        return message.ts

    def _say_again(self, message: Message) -> None:
        ts = self.world.new_ts(message.channel)
        twin = replace(message, ts=ts, twin=True, reactions={})
        self.world.put(twin)
        self.events.seen(twin)

    async def bot_says(
        self,
        channel: Channel,
        text: str,
        *,
        name: str = "otherbot",
        subtype: bool = False,
        thread_ts: str | None = None,
        blocks: Sequence[dict[str, Any]] = (),
        attachments: Sequence[dict[str, Any]] = (),
        files: Sequence[File] = (),
    ) -> str:
        """Lets another app post; `subtype` is the old way of marking that. Its text goes out as it is given."""
        bot = self._other_bot(channel.workspace, name)
        marked = "bot_message" if subtype else None
        wire = text.replace("<@BOT>", f"<@{channel.workspace.bot.id}>")
        ts = self.world.new_ts(channel)
        message = self.world.put(Message(channel, ts, bot, text=wire, subtype=marked, thread_ts=thread_ts))
        message.blocks, message.attachments = list(blocks), list(attachments)
        message.files = [file.as_event() for file in files]
        self.events.posted(message)
        return ts

    def _other_bot(self, workspace: Workspace, name: str) -> Person:
        for person in self.world.people.values():
            if person.workspace is workspace and person.name == name and person.bot_id:
                return person
        bot = Person(self.world.new_id("U"), name, workspace, bot_id=self.world.new_id("B"), app_id="A0OTHER")
        self.world.people[bot.id] = bot
        return bot

    async def edit(
        self, person: Person, channel: Channel, ts: str, text: str, *, mention_again: bool = False
    ) -> None:
        """Edits one's own message; `mention_again` also sends the `app_mention` that an edit can bring."""
        message = self._own(person, channel, ts)
        previous = message_json(message)
        message.text = typed_to_wire(text.replace("<@BOT>", f"<@{channel.workspace.bot.id}>"))
        message.blocks = rich_text(message.text)
        message.edited = {"user": person.id, "ts": f"{self.world.clock.now():.6f}"}
        self.world.changed()
        self.events.changed(message, previous)
        if mention_again:
            self.events.mentioned(message)

    async def delete(self, person: Person, channel: Channel, ts: str) -> None:
        """Deletes one's own message; one that has replies leaves a tombstone (as `rules.tombstones` says)."""
        message = self._own(person, channel, ts)
        if message.replies() and self.world.rules.tombstones:
            previous = message_json(message)
            message.subtype, message.text, message.blocks = "tombstone", "This message was deleted.", []
            message.files, message.client_msg_id = [], None
            self.world.changed()
            self.events.changed(message, previous)
            return
        message.deleted = True
        self.world.changed()
        self.events.deleted(message)

    async def react(self, person: Person, channel: Channel, ts: str, name: str) -> None:
        channel.messages[ts].reactions.setdefault(name, []).append(person.id)
        self.world.changed()

    async def unfurl(self, channel: Channel, ts: str, *previews: dict[str, Any]) -> None:
        """Lets Slack add previews to a message, which comes as `message_changed` without an edit."""
        message = channel.messages[ts]
        previous = message_json(message)
        page = {"id": 1, "title": "A page", "from_url": "https://example.com/"}
        message.attachments = [*message.attachments, *(previews or (page,))]
        self.world.changed()
        self.events.changed(message, previous)

    async def open_home(
        self, person: Person, tab: str = "messages", workspace: Workspace | None = None
    ) -> None:
        """Opens the app; each time, Slack tells it which tab."""
        team = workspace or person.workspace
        homes = (v for v in self.world.views.values() if v.person is person and v.body["type"] == "home")
        view = next((each.as_api() for each in homes), None)
        event = {
            "type": "app_home_opened",
            "user": person.id,
            "channel": self.world.dm_of(person, team).id,
            "tab": tab,
        }
        self.events.publish(team, "app_home_opened", {**event, **({"view": view} if view else {})})

    async def change_context(self, person: Person, looking_at: Channel | None) -> None:
        """Lets the person look at another channel beside the agent view."""
        team = person.workspace
        entity = (
            {"type": "slack#/types/channel_id", "value": looking_at.id, "team_id": team.id}
            if looking_at
            else None
        )
        context = {"entities": [entity]} if entity else {}
        event = {
            "type": "app_context_changed",
            "user": person.id,
            "channel": self.world.dm_of(person, team).id,
        }
        self.events.publish(team, "app_context_changed", {**event, "context": context})

    async def start_assistant_thread(self, person: Person, *, context: dict[str, str] | None = None) -> str:
        """Opens a thread in the old assistant view; with agent view there is no such event."""
        if self.world.rules.agent_view:
            raise AssertionError("with agent view there is no assistant_thread_started")
        channel = self.world.dm_of(person, person.workspace)
        root = self.world.put(
            Message(channel, self.world.new_ts(channel), person.workspace.bot, text="New thread")
        )
        await self.change_assistant_context(person, root.ts, context or {}, event="assistant_thread_started")
        return root.ts

    async def change_assistant_context(
        self,
        person: Person,
        thread_ts: str,
        context: dict[str, str],
        event: str = "assistant_thread_context_changed",
    ) -> None:
        channel = self.world.dm_of(person, person.workspace)
        thread = {"user_id": person.id, "channel_id": channel.id, "thread_ts": thread_ts, "context": context}
        self.events.publish(person.workspace, event, {"type": event, "assistant_thread": thread})

    def stop_stream(self, person: Person, channel: Channel, ts: str) -> None:
        """Presses Slack's own stop button: the stream takes nothing more, and the app hears of it if it listens."""
        message = channel.messages[ts]
        if message.stream is None or self.world.stream_state(message) != "live":
            raise AssertionError("only a stream that is being written can be stopped")
        message.stream.ended = "stopped_by_user"
        self.world.changed()
        event = {"type": "agent_session_stopped", "channel": channel.id, "thread_ts": message.thread_ts}
        stopped = {**event, "user": person.id, "streaming_message_ts": [ts]}
        self.events.publish(channel.workspace, "agent_session_stopped", stopped)

    def _own(self, person: Person, channel: Channel, ts: str) -> Message:
        message = channel.messages[ts]
        if message.author is not person or message.hidden:
            raise AssertionError("people change their own messages only")
        return message

    def _require_member(self, person: Person, channel: Channel) -> None:
        if person.id not in channel.members:
            raise AssertionError(f"{person.name} is not in {channel.name}")
