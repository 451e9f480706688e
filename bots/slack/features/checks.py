"""What `doctor` asks Slack: the tokens, what they may do, who else holds the socket, and the channels of the settings.

docs.slack.dev, `auth.test`, `apps.connections.open`, `conversations.info`. Nothing is posted. Looking at the socket
takes one connection for an instant: what Slack would send just then it sends again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from bots.doctor.clock import clock_finding
from bots.slack.features.manifest import scopes
from bots.slack.settings import SlackSettings
from core.domain.checks import Finding, failed, ok, unknown, warning
from core.util.clock import Clock, utc_now

TIMEOUT_S = 8.0
MOST_CHANNELS = 25
_APP = "the app's page at api.slack.com/apps"
_REINSTALL = f"paste the manifest of `aivax-bots slack manifest` into {_APP}, and install the app anew"
_UNREACHABLE = "look at the network, the proxy and [slack] api_url"


@dataclass(frozen=True, slots=True)
class SlackCheck:
    """Asks Slack about one app; `channels` are those that the configuration names."""

    settings: SlackSettings
    channels: Sequence[str] = ()
    now: Clock = utc_now
    name: str = "slack"

    async def run(self) -> list[Finding]:
        if self.settings.installable:
            return [unknown("slack.token", "each workspace that installs the app brings its own token")]
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            slack = _Slack(session, self.settings)
            bot, *others = await asyncio.gather(
                self._bot(slack), self._socket(slack), *(self._channel(slack, each) for each in self._named)
            )
        if bot[0].check == "slack.token" and bot[0].cure:
            others = others[:1]  # what the token can't be asked about would say the same
        return [finding for findings in (bot, *others) for finding in findings]

    @property
    def _named(self) -> Sequence[str]:
        return list(dict.fromkeys(self.channels))[:MOST_CHANNELS]

    async def _bot(self, slack: _Slack) -> list[Finding]:
        answer = await slack.call("auth.test", self.settings.bot_token.get_secret_value())
        if answer.refusal:
            page = f"copy the token that begins with xoxb- from OAuth & Permissions on {_APP}"
            return [answer.told("slack.token", f"[slack] bot_token: {page}")]
        data = answer.data
        found = [
            ok("slack.token", f"{data.get('user')} in {data.get('team')} ({data.get('team_id')})"),
            clock_finding("slack.clock", answer.date, self.now()),
        ]
        if answer.scopes is None:
            return [*found, unknown("slack.scopes", "Slack did not tell what the token may do")]
        missing = [each for each in scopes(self.settings) if each not in answer.scopes]
        if missing:
            return [*found, failed("slack.scopes", f"the app lacks {', '.join(missing)}", _REINSTALL)]
        return [*found, ok("slack.scopes", f"all {len(scopes(self.settings))} that this configuration needs")]

    async def _socket(self, slack: _Slack) -> list[Finding]:
        if self.settings.mode != "socket":
            url = self.settings.public_url
            if not self.settings.signing_secret.get_secret_value().strip():
                cure = f"copy it from Basic Information on {_APP} into [slack] signing_secret"
                return [failed("slack.events", "there is no signing secret: no request is believed", cure)]
            return [
                unknown(
                    "slack.events", f"whether Slack reaches {url or 'this bot'} shows with its first event"
                )
            ]
        answer = await slack.call("apps.connections.open", self.settings.app_token.get_secret_value())
        if answer.refusal:
            cure = f"[slack] app_token: make one with connections:write in Basic Information on {_APP}"
            return [answer.told("slack.socket", cure)]
        held = await slack.others_on(str(answer.data.get("url") or ""))
        if held is None:
            return [failed("slack.socket", "the socket that Slack names can't be opened", _UNREACHABLE)]
        if held >= 9:
            cure = "end the processes that are too many: Slack gives an app ten connections"
            return [warning("slack.socket", f"{held} other connections hold the app's socket", cure)]
        return [ok("slack.socket", f"it opens; {held} other connections hold it")]

    async def _channel(self, slack: _Slack, channel: str) -> list[Finding]:
        check = f"slack.channel.{channel}"
        answer = await slack.call(
            "conversations.info", self.settings.bot_token.get_secret_value(), channel=channel
        )
        if answer.refusal in ("channel_not_found", "not_in_channel"):
            return [
                failed(check, "the bot can't see this channel", "invite the bot there, or correct its id")
            ]
        if answer.refusal:
            return [unknown(check, f"Slack says {answer.refusal}")]
        seen: Any = answer.data.get("channel")
        seen = seen if isinstance(seen, Mapping) else {}
        name = f"#{seen.get('name')}" if seen.get("name") else "a direct message"
        if seen.get("is_member") is False and not seen.get("is_im"):
            return [failed(check, f"the bot is no member of {name}", f"/invite the bot in {name}")]
        return [ok(check, name)]


@dataclass(frozen=True, slots=True)
class _Answer:
    data: Mapping[str, Any]
    refusal: str = ""
    """Slack's word for why not; `unreachable` where Slack did not answer."""
    date: str = ""
    scopes: frozenset[str] | None = None

    def told(self, check: str, cure: str) -> Finding:
        if self.refusal == "unreachable":
            return failed(check, "Slack does not answer", _UNREACHABLE)
        return failed(check, f"Slack says {self.refusal}", cure)


@dataclass(frozen=True, slots=True)
class _Slack:
    session: aiohttp.ClientSession
    settings: SlackSettings

    async def call(self, method: str, token: str, **form: str) -> _Answer:
        """Call a method once; nothing leaves this that the token could be read from."""
        url = f"{self.settings.api_url.rstrip('/')}/{method}"
        headers = {"Authorization": f"Bearer {token.strip()}"}
        if not token.strip():
            return _Answer({}, "no token is set")
        try:
            async with self.session.post(
                url, data=form, headers=headers, proxy=self.settings.proxy or None, allow_redirects=False
            ) as answer:
                told = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return _Answer({}, "unreachable")
        if not isinstance(told, Mapping):
            return _Answer({}, "unreachable")
        granted = answer.headers.get("x-oauth-scopes")
        return _Answer(
            told,
            "" if told.get("ok") is True else str(told.get("error") or "unknown_error")[:64],
            answer.headers.get("Date", ""),
            None if granted is None else frozenset(each.strip() for each in granted.split(",")),
        )

    async def others_on(self, url: str) -> int | None:
        """How many other connections hold the app's socket; None where it does not open."""
        try:
            async with self.session.ws_connect(url, proxy=self.settings.proxy or None) as socket:
                hello = await socket.receive_json(timeout=TIMEOUT_S)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, TypeError):
            return None
        count = hello.get("num_connections") if isinstance(hello, Mapping) else None
        return max(0, count - 1) if isinstance(count, int) else 0
