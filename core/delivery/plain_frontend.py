"""What a frontend answers for everything that its platform does not have."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

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


class PlainFrontend(ABC):
    """A `Frontend` of a platform that shows messages and nothing else: override what yours has beside them.

    The core then uses the substitute: a sentence in the place of a sign, a word in the place of a button, the name of a
    file in the place of the file.
    """

    @property
    @abstractmethod
    def platform(self) -> str:
        """See `Frontend.platform`."""

    @abstractmethod
    async def listen(self, intake: Intake, watch: Watch) -> None:
        """See `Frontend.listen`."""

    @abstractmethod
    def reply_to(self, address: str, ledger: Ledger) -> ReplySurface:
        """See `Frontend.reply_to`."""

    @property
    def ids_are_global(self) -> bool:
        """There is one id for one person."""
        return True

    async def reach(self, address: str, place: Place, who: Identity) -> tuple[Place, str]:
        """They are told where they asked."""
        return place, address

    async def administers(self, who: Identity, place: Place) -> Administers:
        """Nobody sets anything in chat but operators."""
        return Administers.NOTHING

    def address_of(self, channel: str) -> str:
        """A channel is its own address."""
        return channel

    async def sign(self, address: str, sign: Sign = Sign.WAITS) -> bool:
        """No sign can be put on a question."""
        return False

    async def surroundings(self, address: str, most: int) -> Sequence[Quote]:
        """Nothing around a question can be read."""
        return ()

    async def history(self, address: str, most: int, told: Counting) -> Sequence[Quote]:
        """Nothing of a channel can be read."""
        return ()

    async def said_between(
        self, address: str, since: datetime, until: datetime, most: int
    ) -> Sequence[ChannelMessage]:
        """Nothing of a channel can be read."""
        raise PlaceClosed(self.platform, code="no_history")

    async def link(self, address: str, origin: str = "") -> str:
        """Nothing can be linked to."""
        return ""

    async def fetch(self, ref: str, most_bytes: int) -> Blob:
        """No file can be read."""
        raise PlatformError(self.platform, code="no_attachments")

    async def attach(
        self, address: str, files: Sequence[MadeFile], delivery: Delivery, ledger: Ledger, *, again: bool
    ) -> str:
        """No file can be shown."""
        return ""

    async def remove(self, address: str, message_ids: Sequence[str]) -> None:
        """What was said stays."""
        raise PlaceClosed(self.platform, code="no_removal")

    async def adorn(self, address: str, title: str, prompts: Sequence[str]) -> None:  # noqa: B027  it may stay so
        """There are neither titles nor suggestions."""

    async def aside(self, address: str, identity: Identity) -> tuple[Place, str]:
        """There is no place for one person's eyes alone."""
        raise PlaceClosed(self.platform, code="no_direct_messages")
