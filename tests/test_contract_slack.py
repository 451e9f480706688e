"""The contract suites on Slack: unmodified slack-bolt over real sockets, at a stand-in that is no kinder than Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

from aivax_bots.testing import ANA, BEN, Adapter, ConversationContract, FrontendContract
from bots.slack.frontend import SlackFrontend, open_slack
from tests.platforms.slack import Channel, FakeSlack, Person, Shown
from tests.platforms.slack.blocks import pressable
from tests.slack_ears import hasty_now, hasty_sleep, settings_at


class SlackAdapter(Adapter):
    """A channel of a workspace, with the bot in it."""

    plugin = "bots.slack.plugin:plugin"
    private = False
    longest = 12_000
    streams = "ok"

    def __init__(self) -> None:
        self.slack = FakeSlack(streams=self.streams)
        self.people: dict[str, Person] = {}
        self.last = ""

    async def __aenter__(self) -> Self:
        await self.slack.__aenter__()
        self.people = {name: self.slack.person(name) for name in (ANA, BEN)}
        self.general = self.slack.channel("general", list(self.people.values()))
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.slack.__aexit__(None, None, None)

    def settings(self) -> Mapping[str, Any]:
        slack = self.slack
        return {"bot_token": slack.bot_token, "app_token": slack.app_token, "api_url": slack.api_url}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[SlackFrontend]:
        settings = settings_at(self.slack, private_file_hosts=True)
        async with open_slack(settings, now=hasty_now, sleep=hasty_sleep) as frontend:
            yield frontend

    def channel(self, person: str) -> Channel:
        return self.general

    def to_bot(self, words: str) -> str:
        return f"<@BOT> {words}"

    async def say(self, words: str, *, by: str = ANA) -> str:
        self.last = await self.slack.say(self.people[by], self.channel(by), self.to_bot(words))
        return self.last

    def seen(self, to: str) -> list[Shown]:
        return [each for each in self.slack.visible(self.channel(to), to=self.people[to]) if each.is_bot]

    def visible(self, *, to: str = ANA) -> Sequence[str]:
        parted = ("\n".join(part for part in (each.text, each.footer) if part) for each in self.seen(to))
        return [text for text in parted if text]

    def pings(self) -> Sequence[str]:
        return [ping for each in self.seen(ANA) for ping in each.pings]

    def _buttons(self) -> dict[str, tuple[Shown, str]]:
        """By label: the message below which a button stands, and its id."""
        return {
            element["text"]["text"]: (message, element["action_id"])
            for message in self.seen(ANA)
            for _, element in pressable([dict(block) for block in message.blocks])
        }

    def buttons(self) -> Sequence[str]:
        return list(self._buttons())

    async def press(self, label: str) -> None:
        await self.slack.click(self.people[ANA], *self._buttons()[label])

    def files(self) -> Sequence[str]:
        return [name for each in self.seen(ANA) for name in each.files]

    async def send_file(self, words: str, name: str, data: bytes) -> None:
        file = self.slack.file(name, data)
        self.last = await self.slack.say(
            self.people[ANA], self.channel(ANA), self.to_bot(words), files=[file]
        )

    def is_typing(self) -> bool:
        return bool(self.slack.status(self.channel(ANA), self.last))

    async def edit(self, said: str, words: str) -> None:
        await self.slack.edit(self.people[ANA], self.channel(ANA), said, self.to_bot(words))

    async def delete(self, said: str) -> None:
        await self.slack.delete(self.people[ANA], self.channel(ANA), said)

    async def redeliver(self) -> None:
        await self.slack.redeliver()

    async def refuse(self) -> None:
        self.slack.end_token(self.slack.bot_token)

    async def surprise(self) -> None:
        place = {"channel": self.channel(ANA).id, "channel_type": self.channel(ANA).kind}
        for event in (
            {"type": "tide_turned", "level": 3},
            {"type": "message", **place},
            {"type": "message", "user": 7, "text": ["no", "text"], "ts": None, **place},
            {"type": "message", "subtype": "of_tomorrow", "text": "hello", "ts": "1.2", "tide": {}, **place},
        ):
            self.slack.events.publish(self.slack.workspace, "message.im", event)


class DirectAdapter(SlackAdapter):
    """A person's direct message with the bot, where answers are streams."""

    private = True

    def channel(self, person: str) -> Channel:
        return self.slack.dm(self.people[person])

    def to_bot(self, words: str) -> str:
        return words


class WithoutStreamsAdapter(DirectAdapter):
    """The same in a workspace that has no streams."""

    streams = "unknown_method"


class TestSlackChannel(FrontendContract):
    adapter = SlackAdapter


class TestSlackDirectMessage(FrontendContract):
    adapter = DirectAdapter


class TestSlackWithoutStreams(FrontendContract):
    adapter = WithoutStreamsAdapter


class TestSlackConversations(ConversationContract):
    """In private; in a place that several share Discord's run."""

    adapter = DirectAdapter
