"""The contract suites on a made-up platform that has posts and nothing else: all that takes an ability's place."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest

from aivax_bots import (
    Author,
    Button,
    Commanded,
    Delivery,
    Frontend,
    Identity,
    Intake,
    Ledger,
    Place,
    PlainFrontend,
    ReplySurface,
    Said,
    Watch,
    WholeSurface,
    spoken_command,
)
from aivax_bots.testing import ANA, Ability, Adapter, ConversationContract, FrontendContract

NAME = "postcards"
HAS = {Ability.PEOPLE}
pytestmark = pytest.mark.may_skip("what a platform lacks is declared")


class Rack:
    """A `PostableChannel`: what was posted stays as it is."""

    max_size = 700

    def __init__(self, cards: dict[str, str]) -> None:
        self._cards = cards

    def size(self, text: str) -> int:
        return len(text)

    async def working(self) -> None: ...

    async def rested(self) -> None: ...

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        self._cards[f"{len(self._cards)}-{delivery.nonce}"] = text
        return [*self._cards][-1]

    async def find(self, delivery: Delivery, text: str) -> str | None:
        return next((name for name in self._cards if name.endswith(f"-{delivery.nonce}")), None)


class PostcardFrontend(PlainFrontend):
    platform = NAME

    def __init__(self, sent: asyncio.Queue[tuple[str, str]], racks: Mapping[str, dict[str, str]]) -> None:
        self._sent = sent
        self._racks = racks
        self._numbers = itertools.count()

    async def listen(self, intake: Intake, watch: Watch) -> None:
        watch.up()
        while True:  # no deadline: until it is cancelled
            person, text = await self._sent.get()  # no deadline: likewise
            keys, author = (f"card:{next(self._numbers)}",), Author(Identity(NAME, "", person), person)
            place = Place(NAME, "", person, private=True)
            if command := spoken_command(text):
                await intake.receive(Commanded(keys, author, place, command, address=person))
            else:
                await intake.receive(Said(keys, author, place, text, address=person, origin=keys[0]))

    def reply_to(self, address: str, ledger: Ledger) -> ReplySurface:
        return WholeSurface(Rack(self._racks[address]), ledger)


class PostcardAdapter(Adapter):
    """Ana and Ben, each with a rack."""

    private = True
    longest = Rack.max_size
    lacks = dict.fromkeys(set(Ability) - HAS, "a postcard is what it is")

    def __init__(self) -> None:
        self.sent: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.racks: Mapping[str, dict[str, str]] = defaultdict(dict)

    def settings(self) -> Mapping[str, object]:
        return {}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Frontend]:
        yield PostcardFrontend(self.sent, self.racks)

    async def say(self, words: str, *, by: str = ANA) -> None:
        await self.sent.put((by, words))

    def visible(self, *, to: str = ANA) -> Sequence[str]:
        return list(self.racks[to].values())


class TestPostcards(FrontendContract):
    adapter = PostcardAdapter


class TestPostcardConversations(ConversationContract):
    adapter = PostcardAdapter
