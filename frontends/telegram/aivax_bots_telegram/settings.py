"""The section `[telegram]` of config.toml."""

from __future__ import annotations

import re

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from aivax_bots import Section

OFFICIAL_API = "https://api.telegram.org"
TOKEN = re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{20,100}")


class TelegramSettings(Section):
    """`[telegram]`: which bot this is, and how it reaches Telegram."""

    enabled: bool = True
    token: SecretStr = SecretStr("")
    """What BotFather gave: `123456789:AA...`."""
    api_url: str = OFFICIAL_API
    """Where the Bot API is: Telegram's own, or a server of one's own (github.com/tdlib/telegram-bot-api)."""
    drafts: bool = True
    """Whether an answer in a private chat grows as a draft, which Telegram draws smoothly; else by edits."""
    edit_interval_s: float = Field(1.5, ge=0.5, le=60)
    """How far apart the edits, or drafts, of an answer that grows are in a private chat."""
    group_writes_per_minute: int = Field(20, ge=1, le=1200)
    """How often a group is written to while answers grow there, all of them together; Telegram takes 20 a minute."""
    remembered_messages: int = Field(30, ge=0, le=500)
    """How many of a group's last messages are kept in memory, as what was said around a question; 0: none."""
    webhook_url: str = ""
    """The public https address that leads to [web] host and port, for Telegram to call; empty: Telegram is asked."""
    poll_s: int = Field(50, ge=1, le=600)
    """How long Telegram holds the question for news open when there are none."""

    @field_validator("token")
    @classmethod
    def _has_its_form(cls, token: SecretStr) -> SecretStr:
        text = token.get_secret_value().strip()
        if text and TOKEN.fullmatch(text) is None:
            raise ValueError("copy the whole token from BotFather: digits, a colon, 35 letters and digits")
        return SecretStr(text)

    @field_validator("api_url", "webhook_url")
    @classmethod
    def _is_an_address(cls, url: str, info: ValidationInfo) -> str:
        if url.strip() and re.fullmatch(r"https?://[^\s/@?#]+(/[^\s@?#]*)?", url.strip()) is None:
            raise ValueError(
                "write it as https://host or http://host:port, without a user and a question mark"
            )
        return url.strip().rstrip("/") or cls.model_fields[info.field_name or ""].default

    @property
    def wanted(self) -> bool:
        """Whether this frontend is to run: switched on, and with a token."""
        return self.enabled and bool(self.token.get_secret_value())

    def interval_s(self, *, private: bool) -> float:
        """How far apart the edits of one answer are: in a group no oftener than all writes there may be."""
        return (
            self.edit_interval_s if private else max(self.edit_interval_s, 60 / self.group_writes_per_minute)
        )
