"""The `[slack]` section."""

from __future__ import annotations

import base64
import re
from contextlib import suppress
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from core.section import Address, Section

_KEY_BYTES = 32
_LOOPBACK = ("http://localhost", "http://127.0.0.1", "http://[::1]")
MOUNT = "/slack"
EVENTS_PATH, INSTALL_PATH, REDIRECT_PATH = f"{MOUNT}/events", f"{MOUNT}/install", f"{MOUNT}/oauth_redirect"

_COMMAND = re.compile(r"/[a-z0-9_-]{1,31}")
_DOMAIN = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){0,9}")
_BUILT_IN = frozenset(
    f"/{name}"
    for name in (
        "active", "archive", "away", "call", "collapse", "dm", "dnd", "expand", "feed", "feedback", "help", "huddle",
        "invite", "join", "kick", "leave", "me", "msg", "mute", "open", "part", "prefs", "remind", "remove", "rename",
        "search", "shortcuts", "shrug", "star", "status", "topic", "unarchive", "who",
    )
)  # fmt: skip

Line = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\S*$")]


def _is_key(secret: SecretStr) -> SecretStr:
    """Refuse what Fernet can't use, without repeating it."""
    with suppress(ValueError):
        if len(base64.urlsafe_b64decode(secret.get_secret_value().strip())) == _KEY_BYTES:
            return secret
    raise ValueError(
        "each key is 32 random bytes in URL-safe base64; make one with: openssl rand -base64 32 | tr '+/' '-_'"
    )


def _is_public(url: str) -> str:
    """Slack sends browsers back by https only; loopback is for trying it out."""
    if url and not url.startswith(("https://", *_LOOPBACK)):
        raise ValueError("write the address at which Slack and people reach the bot: https://host")
    return url.rstrip("/")


def _is_command(command: str) -> str:
    """docs.slack.dev, manifest reference: up to 32 characters. Built-in names would fail the whole manifest."""
    if command and not _COMMAND.fullmatch(command):
        raise ValueError("write a slash and one word, such as /aivax")
    if command in _BUILT_IN:
        raise ValueError("Slack has a command of that name itself: choose another, such as /aivax")
    return command


def _is_domain(domain: str) -> str:
    if not _DOMAIN.fullmatch(domain):
        raise ValueError("write a domain alone, such as slack.com: without https://, port or path")
    return domain


class Prompt(Section):
    """`[[slack.prompts]]`: one suggestion."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    """What people read."""
    message: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
    """What they ask when they choose it."""


class SlackSettings(Section):
    """`[slack]`: the tokens of one Slack app, and how it is reached."""

    enabled: bool = True
    mode: Literal["socket", "http"] = "socket"
    """How events come: over Slack's Socket Mode, which needs no address of our own, or to `/slack/events` there."""
    bot_token: SecretStr = SecretStr("")
    """`xoxb-...`, from the app's page "OAuth & Permissions"; left out where workspaces install the app."""
    app_token: SecretStr = SecretStr("")
    """`xapp-...` with the scope `connections:write`, from "Basic Information"; for Socket Mode only."""
    signing_secret: SecretStr = SecretStr("")
    """From "Basic Information": what HTTP requests are signed with."""
    body_limit_bytes: int = Field(900_000, ge=10_000)
    """The largest HTTP request that is read."""
    client_id: Line = ""
    """From "Basic Information"; given, any workspace can install the app at `/slack/install`."""
    client_secret: SecretStr = SecretStr("")
    """From "Basic Information"."""
    public_url: Annotated[Line, AfterValidator(_is_public)] = ""
    """The address at which browsers reach this bot, without a path of Slack's."""
    scopes: tuple[Line, ...] = ()
    """What is asked for when a workspace installs the app; empty: what the manifest asks for."""
    encryption_keys: tuple[Annotated[SecretStr, AfterValidator(_is_key)], ...] = ()
    """What installed tokens are encrypted with in the database: by the first; all of them decrypt."""
    api_url: Address = "https://slack.com/api/"
    """The base of the Web API: Slack's own, or a proxy that passes on to it."""
    proxy: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^(https?://\S+)?$")] = ""
    """An HTTP proxy for every call and for the socket. The environment's proxy variables are not read."""
    file_hosts: tuple[Annotated[str, AfterValidator(_is_domain)], ...] = (
        "slack.com",
        "slack-edge.com",
        "slack-files.com",
    )
    """Where files may come from, redirects too: these domains and what lies below them, by https, and `api_url`."""
    private_file_hosts: bool = False
    """Whether their names may lead to private addresses, as where a company's own proxy answers in their place."""
    thread_follow_ups: Literal["mention", "always"] = "mention"
    """Whether words in a thread that the bot takes part in need its mention to be answered."""
    external_users: bool = False
    """Whether people of other organisations, whom Slack Connect brings in, are answered."""
    follow_changes: bool = True
    """Whether the manifest has Slack send what is said in the bot's channels, so that it sees edits and deletions."""
    command: Annotated[
        str, StringConstraints(strip_whitespace=True, to_lower=True), AfterValidator(_is_command)
    ] = "/aivax"
    """The slash command, as it stands in the manifest; `""`: none."""
    agent_view: bool = True
    """Whether the manifest makes the app an agent, with prompts, a status and a stop button. Slack never undoes it."""
    prompts: tuple[Prompt, ...] = Field((), max_length=4)
    """What is suggested to who opens the bot's direct messages."""
    backfill_hours: float = Field(24.0, ge=0, le=168)
    """How far back missed messages are looked for after a start; 0: not at all."""
    channel_answers: Literal["edit", "stream"] = "edit"
    """How answers grow in channels. A native stream is seen growing by the asker alone until it ends."""
    request_timeout_s: float = Field(30.0, gt=0)
    """The longest that one call of the Web API may take."""
    names_timeout_s: float = Field(1.0, ge=0, le=2.0)
    """How long an event may wait for the names in it; Slack wants it acknowledged within 3 s in all."""
    ping_interval_s: float = Field(10.0, gt=0)
    """How often the socket is tried; without an answer for four intervals it counts as dead."""
    reconnect_after_s: float = Field(25.0, gt=0)
    """How long a lost socket may stay lost before everything is opened afresh."""
    connections: int = Field(4, ge=1, le=10)
    """PostgreSQL: how many processes hold a socket at once, one each; others stand by. Slack allows ten an app, and for
    a moment a socket and the next one are both open."""

    @property
    def wanted(self) -> bool:
        """Whether the operator means this frontend to run."""
        tokens = (self.bot_token, self.app_token, self.client_secret)
        return self.enabled and (
            self.installable or any(token.get_secret_value().strip() for token in tokens)
        )

    @property
    def installable(self) -> bool:
        """Whether workspaces install the app, and each has a token of its own."""
        return bool(self.client_id)

    @property
    def redirect_url(self) -> str:
        """Where Slack sends the browser after the question whether to install."""
        return f"{self.public_url}{REDIRECT_PATH}"
