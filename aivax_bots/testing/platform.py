"""A made-up platform whose places are channels in memory: for tests of what no real platform is needed for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from aivax_bots import (
    Administers,
    Blob,
    ChannelMessage,
    Counting,
    Delivery,
    EditingSurface,
    Identity,
    Intake,
    Ledger,
    MadeFile,
    Place,
    PlaceClosed,
    PlatformError,
    Quote,
    ReplySurface,
    Sign,
    Watch,
)
from aivax_bots.testing.clock import FakeClock
from aivax_bots.testing.fakes import FakeChannel
from core.delivery.message_parts import gone_is_fine

INSTANTLY = 0.0


class FakePlatform:
    """A frontend whose places are channels in memory; `visible` is what a person there sees."""

    platform = "fake"

    def __init__(self) -> None:
        self.places: dict[str, FakeChannel] = {}
        self.around: dict[str, Sequence[Quote]] = {}
        self.channels: dict[str, Sequence[Quote]] = {}
        self.spoken: dict[str, Sequence[ChannelMessage]] = {}
        """What was said in whole channels, for who reads a span of time of one."""
        self.files: dict[str, Blob | PlatformError] = {}
        self.signs: list[str] = []
        self.declined: list[str] = []
        self.can_sign = True
        self.sign_fails = False
        self.takes_files = True
        self.admins: dict[str, Administers] = {}
        self.adorned: list[tuple[str, str, tuple[str, ...]]] = []

    def place(self, name: str) -> FakeChannel:
        if name not in self.places:
            self.places[name] = FakeChannel(FakeClock(), edit_interval_s=INSTANTLY)
        return self.places[name]

    def visible(self, name: str) -> list[str]:
        return self.place(name).visible

    async def listen(self, intake: Intake, watch: Watch) -> None:
        watch.up()
        await asyncio.Event().wait()  # no deadline: until it is cancelled

    def reply_to(self, address: str, ledger: Ledger) -> ReplySurface:
        return EditingSurface(self.place(address.partition("/")[0]), ledger)

    async def sign(self, address: str, sign: Sign = Sign.WAITS) -> bool:
        (self.signs if sign is Sign.WAITS else self.declined).append(address)
        if self.sign_fails:
            raise RuntimeError("a bug")
        return self.can_sign

    async def surroundings(self, address: str, most: int) -> Sequence[Quote]:
        return self.around.get(address.partition("/")[0], ())[-most:]

    async def history(self, address: str, most: int, told: Counting) -> Sequence[Quote]:
        await told(min(most, len(self.channels.get(address.partition("/")[0], ()))))
        return self.channels.get(address.partition("/")[0], ())[-most:]

    async def said_between(
        self, address: str, since: datetime, until: datetime, most: int
    ) -> Sequence[ChannelMessage]:
        said = self.spoken.get(address.partition("/")[0])
        if said is None:
            raise PlaceClosed("fake", code="no_history")
        return [each for each in said if since <= each.at < until][-most:]

    async def link(self, address: str, origin: str = "") -> str:
        return f"https://chat.example/{address.partition('/')[0]}/{origin}"

    async def fetch(self, ref: str, most_bytes: int) -> Blob:
        found = self.files.get(ref) or PlatformError("fake", code="gone")
        if isinstance(found, PlatformError):
            raise found
        return found

    async def attach(
        self, address: str, files: Sequence[MadeFile], delivery: Delivery, ledger: Ledger, *, again: bool
    ) -> str:
        if not self.takes_files:
            return ""
        place = self.place(address.partition("/")[0])
        if again and (found := await place.find(delivery, "")):
            return found
        return await place.post(" + ".join(map(as_shown, files)), delivery)

    async def remove(self, address: str, message_ids: Sequence[str]) -> None:
        for message_id in message_ids:
            with gone_is_fine():
                await self.place(address.partition("/")[0]).delete(message_id)

    async def adorn(self, address: str, title: str, prompts: Sequence[str]) -> None:
        if title or prompts:
            self.adorned.append((address.partition("/")[0], title, tuple(prompts)))

    @property
    def ids_are_global(self) -> bool:
        return True

    async def aside(self, address: str, identity: Identity) -> tuple[Place, str]:
        name = f"D-{identity.user}"
        here = address.partition("/")[0]
        there = address if here == name else f"{name}/aside"
        return Place(self.platform, identity.workspace, name, private=True), there

    async def reach(self, address: str, place: Place, who: Identity) -> tuple[Place, str]:
        return place, address

    async def administers(self, who: Identity, place: Place) -> Administers:
        return self.admins.get(who.user, Administers.NOTHING)

    def address_of(self, channel: str) -> str:
        return channel


def as_shown(file: MadeFile) -> str:
    """A file as a person sees it in the made-up place."""
    return f"<{file.name}: {len(file.data)} bytes{f', {file.alt}' if file.alt else ''}>"
