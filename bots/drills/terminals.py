"""Terminals that remember what was shown on them: one for the people who ask, one for the operators."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bots.terminal.surface import TerminalSurface
from core.domain import (
    Administers,
    Blob,
    ChannelMessage,
    Counting,
    Delivery,
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


@dataclass(slots=True)
class Pane:
    """One message on a terminal. `bots.terminal.surface` shows the answer in it."""

    address: str
    text: str = ""

    async def begin(self, address: str) -> None:
        """There is room."""

    def leave(self, address: str) -> None: ...

    def show(self, text: str) -> None:
        self.text += text

    def expect(self, address: str, files: int) -> None:
        """No file comes here."""

    def end(self, address: str) -> None: ...


@dataclass(slots=True)
class Terminal:
    """`core.domain.ports.Frontend` whose answers are the console's own, each in a pane of its own."""

    platform: str
    files: Mapping[str, Blob] = field(default_factory=dict)
    panes: list[Pane] = field(default_factory=list)

    def shown(self, address: str | None = None) -> list[str]:
        """The messages that can be read, in their order; those at one address, or all."""
        wanted = (pane for pane in self.panes if address in (None, pane.address))
        return [pane.text.strip() for pane in wanted if pane.text.strip()]

    async def listen(self, intake: Intake, watch: Watch) -> None:
        watch.up()
        await asyncio.Event().wait()

    def reply_to(self, address: str, ledger: Ledger) -> ReplySurface:
        pane = Pane(address)
        self.panes.append(pane)
        return TerminalSurface(pane, address, ledger)

    async def sign(self, address: str, sign: Sign = Sign.WAITS) -> bool:
        return False

    async def surroundings(self, address: str, most: int) -> Sequence[Quote]:
        return ()

    async def history(self, address: str, most: int, told: Counting) -> Sequence[Quote]:
        """A terminal has no channel."""
        return ()

    async def said_between(
        self, address: str, since: datetime, until: datetime, most: int
    ) -> Sequence[ChannelMessage]:
        """A terminal has no channel."""
        raise PlaceClosed(self.platform, code="no_history")

    async def link(self, address: str, origin: str = "") -> str:
        """Nothing on a terminal can be linked to."""
        return ""

    async def fetch(self, ref: str, most_bytes: int) -> Blob:
        if ref not in self.files:
            raise PlatformError(self.platform, code="gone")
        return self.files[ref]

    async def attach(
        self, address: str, files: Sequence[MadeFile], delivery: Delivery, ledger: Ledger, *, again: bool
    ) -> str:
        return ""

    async def remove(self, address: str, message_ids: Sequence[str]) -> None:
        for pane in self.panes:
            if pane.address == address:
                pane.text = ""

    async def adorn(self, address: str, title: str, prompts: Sequence[str]) -> None:
        """A terminal has neither."""

    @property
    def ids_are_global(self) -> bool:
        return True

    async def aside(self, address: str, identity: Identity) -> tuple[Place, str]:
        return Place(self.platform, identity.workspace, address, private=True), address

    async def reach(self, address: str, place: Place, who: Identity) -> tuple[Place, str]:
        """They are told where they asked."""
        return place, address

    async def administers(self, who: Identity, place: Place) -> Administers:
        return Administers.NOTHING

    def address_of(self, channel: str) -> str:
        return channel
