"""The `[slack]` section."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from core.settings import Address, Section


class SlackSettings(Section):
    """`[slack]`: the tokens of one Slack app, and how it is reached."""

    enabled: bool = True
    mode: Literal["socket"] = "socket"
    """How events come: over Slack's Socket Mode, which needs no address of our own."""
    bot_token: SecretStr = SecretStr("")
    """`xoxb-...`, from the app's page "OAuth & Permissions"."""
    app_token: SecretStr = SecretStr("")
    """`xapp-...` with the scope `connections:write`, from "Basic Information", "App-Level Tokens"."""
    signing_secret: SecretStr = SecretStr("")
    """From "Basic Information"; Socket Mode works without it."""
    api_url: Address = "https://slack.com/api/"
    """The base of the Web API: Slack's own, or a proxy that passes on to it."""
    proxy: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^(https?://\S+)?$")] = ""
    """An HTTP proxy for every call and for the socket. The environment's proxy variables are not read."""
    channel_answers: Literal["edit", "stream"] = "edit"
    """How answers grow in channels. A native stream is seen growing by the asker alone until it ends."""
    request_timeout_s: float = Field(30.0, gt=0)
    """The longest that one call of the Web API may take."""
    names_timeout_s: float = Field(1.0, ge=0, le=2.0)
    """How long an event may wait for its author's name; Slack wants it acknowledged within 3 s in all."""
    ping_interval_s: float = Field(10.0, gt=0)
    """How often the socket is tried; without an answer for four intervals it counts as dead."""
    reconnect_after_s: float = Field(25.0, gt=0)
    """How long a lost socket may stay lost before everything is opened afresh."""

    @property
    def wanted(self) -> bool:
        """Whether the operator means this frontend to run."""
        return self.enabled and any(
            token.get_secret_value().strip() for token in (self.bot_token, self.app_token)
        )
