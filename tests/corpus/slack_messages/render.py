"""Slack's payloads as they come in: what the model gets of them, and what was said around them.

Given: `event`, the payload as Slack sends it; `known`, what Slack tells when it is asked: people, channels (`private`
ones too) and groups by name, files by id; `messages`, what stands in the channel, oldest first. Expected: `model`, the
question; `files`, one a line with media type and size (of a form, their ids); `around`, the thread before the question.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import aiohttp

from bots.slack.events.address import Address
from bots.slack.features.follow_ups import JoinedThreads
from bots.slack.features.greetings import BackgroundTasks, Greetings
from bots.slack.features.surroundings import quotes
from bots.slack.features.workspaces import OneWorkspace, Workspaces
from bots.slack.listening.receive import Receiver
from bots.slack.settings import SlackSettings
from bots.slack.transport.app_api import AppApi
from core.domain import Attachment, Commanded, Edited, PlaceClosed, Quote, Said
from tests.corpus.entries import Entry
from tests.listening import Inbox

BOT = {"team_id": "T0ACME", "user_id": "U0BOT", "bot_id": "B0BOT", "user": "aivax"}


class TellingApi(AppApi):
    """Slack's Web API, told by an entry."""

    def __init__(self, known: Mapping[str, Mapping[str, Any]], messages: list[dict[str, Any]]) -> None:
        self.settings, self.now, self.sleep = SlackSettings(), time.monotonic, _no_sleep
        self.session: aiohttp.ClientSession
        self.posted: list[Mapping[str, Any]] = []
        self._known, self._messages = known, messages

    async def call(self, method: str, **how: Any) -> dict[str, Any]:
        asked = {**how.get("params", {}), **how.get("json", {})}
        match method:
            case "auth.test":
                return {"ok": True, **BOT}
            case "users.info" if name := self._known.get("people", {}).get(asked["user"]):
                return {"user": {"id": asked["user"], "team_id": "T0ACME", "profile": {"display_name": name}}}
            case "conversations.info":
                return {"channel": self._channel(asked["channel"])}
            case "usergroups.list":
                groups = self._known.get("groups", {})
                return {"usergroups": [{"id": id_, "handle": name} for id_, name in groups.items()]}
            case "files.info" if asked["file"] in self._known.get("files", {}):
                return {"file": self._known["files"][asked["file"]]}
            case "conversations.replies" | "conversations.history":
                return {"messages": self._read(method, asked)}
            case "chat.postMessage" | "views.open":
                self.posted.append(asked)
                return {"channel": asked.get("channel", ""), "ts": "1790000099.000100"}
        raise PlaceClosed("slack", code="not_found", detail=method)

    def _channel(self, channel: str) -> dict[str, Any]:
        for kind in ("channels", "private"):
            if name := self._known.get(kind, {}).get(channel):
                return {"id": channel, "name": name, "is_channel": True, "is_private": kind == "private"}
        raise PlaceClosed("slack", code="channel_not_found")

    def _read(self, method: str, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Threads are told from their beginning on, with the root before all; channels from their end."""
        after, until = float(asked.get("oldest", "0")), float(asked.get("latest", "inf"))
        within = [
            each
            for each in self._messages
            if after < float(each["ts"]) < until
            or (asked.get("inclusive") and float(each["ts"]) in (after, until))
        ]
        if method == "conversations.history":
            return within[::-1][: asked["limit"]]
        root = [each for each in self._messages if each["ts"] == asked["ts"] and each not in within]
        return [*root, *within][: asked["limit"]]


async def _no_sleep(_seconds: float) -> None:
    return


async def render(entry: Entry) -> dict[str, str]:
    known = entry.json("known") if "known" in entry.given else {}
    messages = entry.json("messages") if "messages" in entry.given else []
    api, inbox, tasks = TellingApi(known, messages), Inbox(), BackgroundTasks()
    workspaces = OneWorkspace(api)
    receiver = Receiver(workspaces, inbox, JoinedThreads(inbox), Greetings(inbox, tasks), api.settings)
    try:
        await receiver.receive(entry.json("event"))
        await tasks.drain(5)
        return {**_heard(inbox), **await _around(inbox, workspaces), **_asked_about(api)}
    finally:
        await tasks.aclose()
        await workspaces.aclose()


def _heard(inbox: Inbox) -> dict[str, str]:
    if not inbox.events:
        return {"model": f"(nothing: {', '.join(inbox.passed)})"}
    (event,) = inbox.events
    match event:
        case Said():
            return {"model": event.text or "(no words)", "files": _files(event.attachments)}
        case Edited():
            return {"model": f"(edited)\n{event.text}"}
        case Commanded():
            return {"model": f"(command: {event.command})"}
    return {"model": type(event).__name__}


def _files(attachments: tuple[Attachment, ...]) -> str:
    return "\n".join(f"{each.name} {each.media_type} {each.size_bytes}" for each in attachments)


async def _around(inbox: Inbox, workspaces: Workspaces) -> dict[str, str]:
    if not inbox.events or not isinstance(said := inbox.events[0], Said):
        return {}
    there = workspaces.of("T0ACME")
    found = await quotes(there.api, there.names, Address.parse(said.address), 20)
    return {"around": "\n--\n".join(map(_shown, found))} if found else {}


def _shown(quote: Quote) -> str:
    """A message of the thread, with its files."""
    said = f"{quote.author_name}{' (you)' if quote.own else ''}: {quote.text}".rstrip(" ")
    return "\n".join([said, *(f"[file: {name}]" for name in quote.attachment_names)])


def _asked_about(api: TellingApi) -> dict[str, str]:
    """What a form keeps of the message that it asks about."""
    views = [each["view"] for each in api.posted if "view" in each]
    kept = [json.loads(view["private_metadata"]) for view in views]
    return (
        {"model": f"(asks about)\n{kept[0]['quote']}", "files": "\n".join(kept[0]["files"])} if kept else {}
    )
