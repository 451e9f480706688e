"""The opaque strings that the core stores for this frontend: where to answer, and where a file is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aivax_bots import PlaceClosed, PlatformError, SettingRefused
from aivax_bots_telegram import NAME

_FORM = re.compile(r"(?P<chat>-?\d{1,20}|@\w{4,64})(?:/(?P<topic>\d{1,19}))?(?:#(?P<message>\d{1,19}))?")


@dataclass(frozen=True, slots=True)
class Address:
    """A chat, perhaps a topic in it, and the message that is answered: `-1001234567890/5#77`."""

    chat: int | str
    topic: int = 0
    message: int = 0

    @property
    def private(self) -> bool:
        """Whether it is a person's own chat with the bot: its number is theirs."""
        return isinstance(self.chat, int) and self.chat > 0

    def __str__(self) -> str:
        topic, message = f"/{self.topic}" if self.topic else "", f"#{self.message}" if self.message else ""
        return f"{self.chat}{topic}{message}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address back. Raises `PlaceClosed` where it is none of ours."""
        if (found := _FORM.fullmatch(text)) is None:
            raise PlaceClosed(NAME, code="unknown_address", detail=text[:80])
        chat = found["chat"]
        return cls(
            chat if chat.startswith("@") else int(chat), int(found["topic"] or 0), int(found["message"] or 0)
        )

    @classmethod
    def of_channel(cls, text: str) -> Address:
        """Read a chat as operators write it. Raises `SettingRefused`."""
        try:
            return cls.parse(text.strip())
        except PlaceClosed:
            fix = "give a chat's number, such as telegram:-1001234567890, with /5 for a topic, or telegram:@name"
            raise SettingRefused("[operators] channel", value=text, fix=fix) from None


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file, by the name under which Telegram gives it to this bot."""

    id: str
    media_type: str

    def __str__(self) -> str:
        return f"{self.id} {self.media_type}"

    @classmethod
    def parse(cls, text: str) -> FileRef:
        """Read a reference back. Raises `PlatformError` where it is none of ours."""
        id_, blank, media_type = text.partition(" ")
        if not (id_ and blank and re.fullmatch(r"[\w-]+", id_)):
            raise PlatformError(NAME, code="unknown_file", detail=text[:80])
        return cls(id_, media_type)
