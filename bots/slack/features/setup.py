"""What `init` asks of who sets Slack up: an app made from our manifest, its tokens, and how its events come."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bots.setup.ports import AnswerRefusedError, Choice, Interview, Question
from bots.slack.features.manifest import manifest, scopes
from bots.slack.settings import EVENTS_PATH, SlackSettings
from bots.slack.transport.single_calls import UNREACHABLE, Told, single_calls

APPS = "https://api.slack.com/apps"
MOST_CHANNELS = 200
MODE = Question(
    "slack.mode",
    "How do messages come from Slack?",
    "How Slack's events come: over a connection that the bot opens (socket), or to a public address (http).",
    choices=(
        Choice("socket", "Socket Mode: nothing of yours has to be reachable from the internet"),
        Choice("http", "HTTP: Slack calls a public https address of yours"),
    ),
    default="socket",
)
PUBLIC_URL = Question(
    "slack.public_url",
    "At which public address does Slack reach the bot, such as https://bot.example.com?",
    "The public address that a proxy with TLS passes on to [web] host and port.",
)
BOT_TOKEN = Question(
    "slack.bot_token",
    "The app's bot token (xoxb-...)",
    'The app\'s page, OAuth & Permissions, "Bot User OAuth Token": xoxb-...',
    is_secret=True,
)
APP_TOKEN = Question(
    "slack.app_token",
    "The app-level token (xapp-...)",
    "The app's page, Basic Information, App-Level Tokens, with the scope connections:write: xapp-...",
    is_secret=True,
)
SIGNING_SECRET = Question(
    "slack.signing_secret",
    "The app's signing secret",
    "The app's page, Basic Information, App Credentials: what Slack's requests are signed with.",
    is_secret=True,
)
MAKE_APP = f"""Slack: make an app, unless you have one.
  1. Open {APPS}, Create New App, From a manifest, choose your workspace.
  2. Paste this into the JSON tab, and create the app:
"""
INSTALL_APP = """  3. Install App, Install to Workspace. The bot token that you are asked for below is shown there.
  4. Write /invite @AIVAX bot in each channel that it is to answer in."""


class SlackSetup:
    """Asks for one app in one workspace. Apps that any workspace installs are set up in the file (docs/slack.md)."""

    title = "Slack"
    keys = ("mode", "public_url", "app_token", "signing_secret", "bot_token")

    async def interview(self, talk: Interview) -> None:
        """Ask for what the chosen mode needs."""
        await talk.ask(MODE)
        is_socket = talk.section.mode == "socket"
        if not is_socket:
            await talk.ask(PUBLIC_URL, _has_address)
        talk.say(f"{MAKE_APP}\n{manifest(talk.section, talk.translator)}\n\n{INSTALL_APP}")
        if is_socket:
            await talk.ask(APP_TOKEN, _try_app_token)
        else:
            await talk.ask(SIGNING_SECRET, _has_secret)
        await talk.ask(BOT_TOKEN, _try_bot_token)

    async def channels(self, section: SlackSettings) -> Sequence[Choice]:
        """The public channels that the bot is a member of; of private ones Slack tells only by their id."""
        if section.installable:
            return []
        async with single_calls(section) as slack:
            told = await slack.call(
                "users.conversations",
                section.bot_token.get_secret_value(),
                types="public_channel",
                exclude_archived="true",
                limit=str(MOST_CHANNELS),
            )
        if told.refusal:
            raise _refused(told, "the channels can't be listed")
        listed: Any = told.data.get("channels")
        return [
            Choice(str(each["id"]), f"#{each.get('name')}")
            for each in (listed if isinstance(listed, list) else [])
            if isinstance(each, dict) and each.get("id")
        ]

    async def post(self, section: SlackSettings, channel: str, text: str) -> str:
        """Post, and read the message back from the channel's history."""
        where = channel.rpartition("/")[2]
        if section.installable:
            raise AnswerRefusedError("workspaces install this app: each has a token of its own")
        token = section.bot_token.get_secret_value()
        async with single_calls(section) as slack:
            posted = await slack.call("chat.postMessage", token, channel=where, text=text)
            if posted.refusal:
                cure = f"write /invite @ and the bot's name in that channel, or correct its id ({where})"
                raise _refused(posted, "nothing can be posted there", cure)
            at = str(posted.data.get("ts"))
            form = {"channel": where, "oldest": at, "latest": at, "inclusive": "true", "limit": "1"}
            found = await slack.call("conversations.history", token, **form)
            named = await slack.call("conversations.info", token, channel=where)
        read = found.data.get("messages")
        if found.refusal or not any(
            each.get("ts") == at for each in (read if isinstance(read, list) else [])
        ):
            raise _refused(found, "the message was posted, and can't be read there")
        told = named.data.get("channel")
        name = told.get("name") if isinstance(told, dict) else ""
        return f"#{name}" if name else where


def _refused(told: Told, what: str, cure: str = "") -> AnswerRefusedError:
    if told.refusal == UNREACHABLE:
        cure = "look at the network, the proxy and [slack] api_url"
        return AnswerRefusedError("Slack does not answer", cure, passing=True)
    return AnswerRefusedError(f"{what}: Slack says {told.refusal or 'nothing'}", cure)


async def _has_address(section: SlackSettings) -> str:
    if not section.public_url:
        raise AnswerRefusedError("it is empty", "write the https address at which Slack reaches the bot")
    return f"Slack is to call {section.public_url}{EVENTS_PATH}"


async def _has_secret(section: SlackSettings) -> str:
    if not re.fullmatch(r"[!-~]{16,}", section.signing_secret.get_secret_value().strip()):
        cure = "copy it from Basic Information, App Credentials, Signing Secret, Show"
        raise AnswerRefusedError("that is no signing secret", cure)
    return "kept; Slack's first request shows whether it is the right one"


async def _try_app_token(section: SlackSettings) -> str:
    token = section.app_token.get_secret_value().strip()
    if not token.startswith("xapp-"):
        cure = "it begins with xapp-: Basic Information, App-Level Tokens, scope connections:write"
        raise AnswerRefusedError("that is no app-level token", cure)
    async with single_calls(section) as slack:
        told = await slack.call("apps.connections.open", token)
    if told.refusal:
        cure = "make one in Basic Information, App-Level Tokens, with the scope connections:write"
        raise _refused(told, "the app-level token is refused", cure)
    return "Slack opens a socket for it"


async def _try_bot_token(section: SlackSettings) -> str:
    token = section.bot_token.get_secret_value().strip()
    if not token.startswith(("xoxb-", "xoxe.xoxb-")):
        cure = 'it begins with xoxb-: OAuth & Permissions, "Bot User OAuth Token"'
        raise AnswerRefusedError("that is no bot token", cure)
    async with single_calls(section) as slack:
        told = await slack.call("auth.test", token)
    if told.refusal:
        cure = "copy it again from OAuth & Permissions, and install the app if it says so there"
        raise _refused(told, "the bot token is refused", cure)
    missing = [each for each in scopes(section) if told.scopes is not None and each not in told.scopes]
    lacks = f"; the app lacks {', '.join(missing)}: install it anew with the manifest" if missing else ""
    return f"{told.data.get('user')} in the workspace {told.data.get('team')}{lacks}"
