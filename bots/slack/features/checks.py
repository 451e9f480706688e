"""What `doctor` asks Slack: the tokens, what they may do, who else holds the socket, and the channels of the settings.

docs.slack.dev, `auth.test`, `apps.connections.open`, `conversations.info`. Nothing is posted. Looking at the socket
takes one connection for an instant: what Slack would send just then it sends again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bots.doctor.clock import clock_finding
from bots.slack.features.address_check import address_finding
from bots.slack.features.manifest import scopes
from bots.slack.settings import SlackSettings
from bots.slack.transport.single_calls import UNREACHABLE, SingleCalls, Told, single_calls
from core.domain.checks import Finding, failed, ok, unknown, warning
from core.util.clock import Clock, utc_now

MOST_CHANNELS = 25
MOST_SOCKETS = 9
"""So many beside ours leave no room for another process: Slack gives an app ten."""
APP = "the app's page at api.slack.com/apps"
REINSTALL = f"paste the manifest of `aivax-bots slack manifest` into {APP}, and install the app anew"
_UNREACHABLE = "look at the network, the proxy and [slack] api_url"


@dataclass(frozen=True, slots=True)
class SlackCheck:
    """Asks Slack about one app; `channels` are those that the configuration names."""

    settings: SlackSettings
    channels: Sequence[str] = ()
    now: Clock = utc_now
    name: str = "slack"

    async def run(self) -> list[Finding]:
        token = self.settings.bot_token.get_secret_value()
        async with single_calls(self.settings) as slack:
            bot, way, channels = await asyncio.gather(
                self._bot(slack, token), way_in(slack), channel_findings(slack, token, self.channels)
            )
        if bot[0].check == "slack.token" and bot[0].cure:
            channels = []  # what the token can't be asked about would say the same
        return [*bot, way, *channels]

    async def _bot(self, slack: SingleCalls, token: str) -> list[Finding]:
        answer = await slack.call("auth.test", token)
        if answer.refusal:
            page = f"copy the token that begins with xoxb- from OAuth & Permissions on {APP}"
            return [refused("slack.token", answer, f"[slack] bot_token: {page}")]
        data = answer.data
        found = [
            ok("slack.token", f"{data.get('user')} in {data.get('team')} ({data.get('team_id')})"),
            clock_finding("slack.clock", answer.date, self.now()),
        ]
        if answer.scopes is None:
            return [*found, unknown("slack.scopes", "Slack did not tell what the token may do")]
        if missing := missing_scopes(answer, self.settings):
            return [*found, failed("slack.scopes", f"the app lacks {', '.join(missing)}", REINSTALL)]
        return [*found, ok("slack.scopes", f"all {len(scopes(self.settings))} that this configuration needs")]


def named(channels: Sequence[str]) -> Sequence[str]:
    """The channels to look at: each once, and not too many."""
    return list(dict.fromkeys(channels))[:MOST_CHANNELS]


def missing_scopes(answer: Told, settings: SlackSettings) -> list[str]:
    """What a token may not do of what these settings need."""
    return [each for each in scopes(settings) if answer.scopes is not None and each not in answer.scopes]


def refused(check: str, told: Told, cure: str) -> Finding:
    """What a refusal says of the installation."""
    if told.refusal == UNREACHABLE:
        return failed(check, "Slack does not answer", _UNREACHABLE)
    return failed(check, f"Slack says {told.refusal}", cure)


async def way_in(slack: SingleCalls) -> Finding:
    """Whether events can come: over a socket, which is opened for an instant, or to the public address."""
    settings = slack.settings
    if settings.mode != "socket":
        if not settings.signing_secret.get_secret_value().strip():
            cure = f"copy it from Basic Information on {APP} into [slack] signing_secret"
            return failed("slack.events", "there is no signing secret: no request is believed", cure)
        return await address_finding(slack)
    answer = await slack.call("apps.connections.open", settings.app_token.get_secret_value())
    if answer.refusal:
        cure = f"[slack] app_token: make one with connections:write in Basic Information on {APP}"
        return refused("slack.socket", answer, cure)
    held = await slack.others_on(str(answer.data.get("url") or ""))
    if held is None:
        return failed("slack.socket", "the socket that Slack names can't be opened", _UNREACHABLE)
    if held >= MOST_SOCKETS:
        cure = "end the processes that are too many: Slack gives an app ten connections"
        return warning("slack.socket", f"{held} other connections hold the app's socket", cure)
    return ok("slack.socket", f"it opens; {held} other connections hold it")


async def channel_findings(slack: SingleCalls, token: str, channels: Sequence[str]) -> list[Finding]:
    """Look at each of them, side by side."""
    return await asyncio.gather(*(channel_finding(slack, token, each) for each in named(channels)))


async def channel_finding(slack: SingleCalls, token: str, channel: str) -> Finding:
    """Whether the bot is in a channel, by its name. `channel` may have its workspace before it: `T.../C...`."""
    check = f"slack.channel.{channel.replace('/', '.')}"
    answer = await slack.call("conversations.info", token, channel=channel.rpartition("/")[2])
    if answer.refusal in ("channel_not_found", "not_in_channel"):
        return failed(check, "the bot can't see this channel", "invite the bot there, or correct its id")
    if answer.refusal:
        return unknown(check, f"Slack says {answer.refusal}")
    seen: Any = answer.data.get("channel")
    seen = seen if isinstance(seen, Mapping) else {}
    name = f"#{seen.get('name')}" if seen.get("name") else "a direct message"
    if seen.get("is_member") is False and not seen.get("is_im"):
        return failed(check, f"the bot is no member of {name}", f"/invite the bot in {name}")
    return ok(check, name)
