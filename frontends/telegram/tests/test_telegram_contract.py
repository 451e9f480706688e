"""The contract suites on Telegram: unmodified python-telegram-bot over sockets, at a stand-in no kinder than it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import pytest

from aivax_bots.testing import ANA, BEN, Ability, Adapter, ConversationContract, FrontendContract
from telegram_stand_in import Chat, FakeTelegram, Message, Person


class PrivateAdapter(Adapter):
    """Each person's own chat with the bot: answers grow as drafts."""

    plugin = "aivax_bots_telegram.plugin:plugin"
    private = True
    longest = 4096
    obeys = "\x1b\x07\u202e"
    lacks: ClassVar[Mapping[Ability, str]] = {
        Ability.DELETIONS: "Telegram does not tell bots that a message was deleted"
    }

    def __init__(self) -> None:
        self.fake = FakeTelegram()
        self.people = {ANA: Person(1001, "Ana"), BEN: Person(1002, "Ben", language_code="pt-br")}

    async def __aenter__(self) -> Self:
        await self.fake.__aenter__()
        self.open_chats()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.fake.__aexit__(*error)

    def open_chats(self) -> None:
        for person in self.people.values():
            self.fake.chat(person.id, title=person.first_name)

    def chat(self, name: str) -> Chat:
        return self.fake.chats[self.people[name].id]

    def to_bot(self, words: str) -> str:
        return words

    def settings(self) -> Mapping[str, Any]:
        return {"token": self.fake.token, "api_url": self.fake.api_url, "edit_interval_s": 0.5}

    async def say(self, words: str, *, by: str = ANA) -> Message:
        return self.fake.say(self.people[by], self.chat(by), self.to_bot(words))

    async def edit(self, said: Message, words: str) -> None:
        self.fake.edit(said, self.to_bot(words))

    def visible(self, *, to: str = ANA) -> Sequence[str]:
        return self.chat(to).visible()

    def pings(self) -> Sequence[str]:
        return [ping for message in self.chat(ANA).of_bot() for ping in message.pings]

    def buttons(self) -> Sequence[str]:
        return [key["text"] for each in self.chat(ANA).of_bot() for row in each.keyboard for key in row]

    async def press(self, label: str) -> None:
        self.fake.press(self.people[ANA], self.chat(ANA), label)

    def files(self) -> Sequence[str]:
        return [each.file_name for each in self.chat(ANA).of_bot() if each.file]

    async def send_file(self, words: str, name: str, data: bytes) -> None:
        file = {"file_id": self.fake.upload(data, name), "file_unique_id": "u", "file_name": name}
        told = {"document": file | {"mime_type": "text/plain", "file_size": len(data)}}
        self.fake.say(self.people[ANA], self.chat(ANA), self.to_bot(words), file=told)

    def is_typing(self) -> bool:
        return time.monotonic() < self.chat(ANA).typing_until

    async def refuse(self) -> None:
        self.fake.token = "4242:another-token-of-the-same-bot-00000000"

    async def surprise(self) -> None:
        ana = self.people[ANA].told()
        self.fake.push(tide={"level": 3})
        self.fake.push(message={"text": "from nobody"})
        self.fake.push(message={"message_id": "7", "from": ana, "chat": "here", "text": ["no", "text"]})
        self.fake.push(
            message={"message_id": 7, "from": ana, "chat": {"id": 1001, "type": "river"}, "text": "x"}
        )
        self.fake.push(callback_query={"id": "9", "from": ana, "data": "keep"})
        self.fake.push(callback_query={"id": "10", "from": {}, "data": "sing:k1:", "message": {"chat": {}}})
        self.fake.push(my_chat_member={"chat": {"id": 1001}})
        self.fake.updates += [{"message": 7}, {"update_id": "?"}]  # type: ignore[dict-item]


class GroupAdapter(PrivateAdapter):
    """A topic of a supergroup, in which people mention the bot: answers grow by edits."""

    private = False
    topic = 5

    def settings(self) -> Mapping[str, Any]:
        # the sandbox obeys the first words it finds: what others said around a question is to be left out
        return {**super().settings(), "remembered_messages": 0}

    def open_chats(self) -> None:
        self.group = self.fake.chat(-1001234567890, "supergroup", "Gophers")
        self.group.topics = {self.topic}

    def chat(self, name: str) -> Chat:
        return self.group

    def to_bot(self, words: str) -> str:
        return f"@helper_bot {words}"

    async def say(self, words: str, *, by: str = ANA) -> Message:
        return self.fake.say(self.people[by], self.group, self.to_bot(words), topic=self.topic)


class TestPrivate(FrontendContract):
    adapter = PrivateAdapter


class TestPrivateConversations(ConversationContract):
    adapter = PrivateAdapter


class TestGroup(FrontendContract):
    adapter = GroupAdapter


@pytest.mark.soak
class TestGroupConversations(ConversationContract):
    adapter = GroupAdapter
