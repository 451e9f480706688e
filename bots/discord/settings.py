"""`[discord]`: the section of the configuration. Imports no SDK, so that reading settings stays cheap."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints, model_validator

from core.section import Address, Section

OFFICIAL_API = "https://discord.com/api/v10"


def _without_slash(url: str) -> str:
    return url.rstrip("/")


Host = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[^\s/@?#]+$")]


def _is_id(text: str) -> str:
    if re.fullmatch(r"\d{15,20}", text) is None:
        raise ValueError("give ids of 15 to 20 digits (developer mode, right click, Copy ID)")
    return text


Id = Annotated[str, BeforeValidator(str), AfterValidator(_is_id)]
"""A channel's, a category's or a server's: what Discord calls a snowflake."""


class DiscordSettings(Section):
    """`[discord]`: which bot this is, and how it reaches Discord."""

    enabled: bool = True
    token: SecretStr = SecretStr("")
    application_id: Id | Literal[""] = ""
    """Which application the invite address names; empty: the one that the token tells."""
    api_url: Annotated[Address, AfterValidator(_without_slash)] = OFFICIAL_API
    """The REST base; all of the SDK's traffic stays on it, and the gateway is where it says."""
    message_content: bool = True
    """Whether to ask for the privileged intent. Without it mentions and direct messages still work."""
    channels_without_mention: tuple[Id, ...] = ()
    """Channels, threads, forums and categories in which every message is a question; needs the content of messages."""
    heard_apps: tuple[Id, ...] = ()
    """Webhooks, applications and bots whose messages count as a person's, such as PluralKit's."""
    thread_per_question: bool = False
    """Whether a question in a text or announcement channel is answered in a thread that is opened from it."""
    command_servers: tuple[Id, ...] = ()
    """The only servers that are offered the slash commands; empty: all, and direct messages."""
    code_as_file_chars: int = Field(6000, ge=0)
    """From how many characters on a block of code also hangs on the answer as a file; 0: never."""
    cdn_hosts: tuple[Host, ...] = ("cdn.discordapp.com", "media.discordapp.net")
    """The only hosts that files are read from, by https; an entry with a port also allows plain http."""
    connect_timeout_s: float = Field(30.0, gt=0)
    """How long the first connection may take before the operator is told."""
    reconnect_after_s: float = Field(60.0, gt=0)
    """How long a lost connection may stay lost before it is given up and made anew."""

    backfill_hours: float = Field(24.0, ge=0, le=336)
    """How far back is looked for what was said while the bot was not connected; 0: not at all."""

    shard_count: int = Field(0, ge=0)
    """Into how many shards the servers are split; 0: as many as Discord advises."""
    shard_ids: tuple[Annotated[int, Field(ge=0)], ...] = ()
    """Which of them this process listens to, counted from 0; empty: all, or its share of what several processes divide.
    Direct messages come on shard 0."""

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.shard_ids and max(self.shard_ids) >= self.shard_count:
            raise ValueError(
                "each of shard_ids must be below shard_count, and the same count stand in every process"
            )
        if self.channels_without_mention and not self.message_content:
            raise ValueError(
                "channels_without_mention needs message_content = true: else messages there arrive empty"
            )
        return self

    @property
    def wanted(self) -> bool:
        """Whether this frontend is to run: switched on, and with a token."""
        return self.enabled and bool(self.token.get_secret_value().strip())

    @property
    def shown_api_url(self) -> str:
        """The REST base as it may stand in a log: without a proxy's user and password."""
        scheme, _, rest = self.api_url.partition("://")
        host, slash, path = rest.partition("/")
        return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"

    @property
    def moved(self) -> bool:
        """Whether the traffic goes elsewhere than to Discord itself."""
        return self.api_url != OFFICIAL_API
