"""Slack's payloads, as events of the core: pure, and deaf to whatever has not the documented shape.

Shapes: docs.slack.dev, "Events API", `message`, `app_mention`, "Implementing slash commands".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bots.slack.address import PLATFORM, Where
from bots.slack.buttons import pressed
from bots.slack.reading import mentions, readable, without_mention
from core.messages import Attachment, Author, Command, Commanded, Event, Identity, Place, Said

_WORDS_OF_PEOPLE = frozenset({"", "file_share", "thread_broadcast"})
_NOT_IN_SLACK = frozenset({"external", "tombstone", "hidden_by_limit"})
_COMMANDS = {f"{sign}{command}": command for command in Command for sign in ("", "/")}


@dataclass(frozen=True, slots=True)
class Bot:
    """Who we are in one workspace, as `auth.test` tells it."""

    team: str
    user: str
    bot: str = ""
    name: str = ""


def translate(payload: Any, bot: Bot) -> Event | None:
    """Read an envelope's payload; None for what is not meant for us, our own and other bots' words included."""
    if not isinstance(payload, Mapping):
        return None
    if payload.get("type") == "event_callback":
        return _event(payload, bot)
    if payload.get("type") == "block_actions":
        return pressed(payload)
    return _slash_command(payload) if text_of(payload, "command") else None


def _event(wrapper: Mapping[str, Any], bot: Bot) -> Said | Commanded | None:
    event = wrapper.get("event")
    if not isinstance(event, Mapping) or event.get("type") not in ("message", "app_mention"):
        return None
    if not _from_a_person(event, bot) or _from_outside(wrapper, event):
        return None
    spoken = _spoken(wrapper, event, bot)
    if not (spoken.team and spoken.channel and spoken.ts):
        return None
    if not (spoken.direct or event["type"] == "app_mention" or mentions(spoken.wire, bot.user)):
        return None
    return _said(spoken, event)


def _from_a_person(event: Mapping[str, Any], bot: Bot) -> bool:
    """Any `bot_id` means a bot, ours too; hidden messages and most subtypes are notices, edits and deletions."""
    user = text_of(event, "user")
    if not user or user in (bot.user, "USLACKBOT") or event.get("bot_id") or event.get("bot_profile"):
        return False
    subtype = event.get("subtype") or ""
    return not event.get("hidden") and isinstance(subtype, str) and subtype in _WORDS_OF_PEOPLE


def _from_outside(wrapper: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether Slack Connect brought the author here; a company's own workspaces are not outside."""
    team = text_of(wrapper, "team_id")
    given = wrapper.get("authorizations")
    first = given[0] if isinstance(given, list) and given else None
    enterprise = wrapper.get("enterprise_id") or (isinstance(first, Mapping) and first.get("enterprise_id"))
    theirs = {text_of(event, name) for name in ("user_team", "source_team", "team")} - {""}
    return bool(team and theirs and not enterprise and theirs != {team})


@dataclass(frozen=True, slots=True)
class _Spoken:
    """What counts of a message, checked."""

    team: str
    channel: str
    ts: str
    thread: str
    user: str
    user_team: str
    direct: bool
    wire: str
    text: str
    client_msg_id: str

    @property
    def keys(self) -> tuple[str, ...]:
        """A mention comes as two events with one ts; one sentence can come with two ts and one client_msg_id."""
        key = f"slack:{self.team}:{self.channel}:{self.ts}"
        return (key, f"slack:{self.team}:msg:{self.client_msg_id}") if self.client_msg_id else (key,)


def _spoken(wrapper: Mapping[str, Any], event: Mapping[str, Any], bot: Bot) -> _Spoken:
    team, channel, ts = text_of(wrapper, "team_id"), text_of(event, "channel"), text_of(event, "ts")
    kind, wire = text_of(event, "channel_type"), text_of(event, "text")
    thread = text_of(event, "thread_ts")
    return _Spoken(
        team=team,
        channel=channel,
        ts=ts,
        thread="" if thread == ts else thread,
        user=text_of(event, "user"),
        user_team=text_of(event, "user_team") or text_of(event, "team") or team,
        direct=kind == "im" or (not kind and channel.startswith("D")),
        wire=wire,
        text=readable(without_mention(wire, bot.user)),
        client_msg_id=text_of(event, "client_msg_id"),
    )


def _said(spoken: _Spoken, event: Mapping[str, Any]) -> Said | Commanded:
    root = spoken.thread or spoken.ts
    here = Where(
        channel=spoken.channel,
        team=spoken.team,
        thread=root,
        question=spoken.ts,
        user=spoken.user,
        user_team=spoken.user_team,
        direct=spoken.direct,
    )
    author = Author(Identity(PLATFORM, spoken.team, spoken.user))
    thread = spoken.thread if spoken.direct else root
    place = Place(PLATFORM, spoken.team, spoken.channel, thread, private=spoken.direct)
    files = _attachments(event, spoken.team)
    said = _COMMANDS.get(spoken.text.lower())
    if said is not None and not files:
        return Commanded(spoken.keys, author, place, said, here.as_address())
    return Said(spoken.keys, author, place, spoken.text, here.as_address(), spoken.ts, files)


def _attachments(event: Mapping[str, Any], team: str) -> tuple[Attachment, ...]:
    files = event.get("files")
    found = [_attachment(file, team) for file in files] if isinstance(files, list) else []
    return tuple(attachment for attachment in found if attachment is not None)


def _attachment(file: Any, team: str) -> Attachment | None:
    """Slack Connect sends only an id: the rest is asked for when the file is fetched."""
    if not isinstance(file, Mapping) or text_of(file, "mode") in _NOT_IN_SLACK or not text_of(file, "id"):
        return None
    size = file.get("size")
    url = text_of(file, "url_private_download") or text_of(file, "url_private")
    return Attachment(
        ref=json.dumps({"id": file["id"], "url": url, "team": team}, separators=(",", ":")),
        name=text_of(file, "name") or text_of(file, "title") or file["id"],
        media_type=text_of(file, "mimetype") or "application/octet-stream",
        size_bytes=size if isinstance(size, int) and size > 0 else 0,
    )


def _slash_command(form: Mapping[str, Any]) -> Commanded | None:
    """A command has no thread and no ts: it stands for the channel it was given in."""
    team, channel, user = (text_of(form, name) for name in ("team_id", "channel_id", "user_id"))
    trigger = text_of(form, "trigger_id")
    said = text_of(form, "text").strip().lower() or text_of(form, "command").lower()
    if not (team and channel and user and trigger) or said not in _COMMANDS:
        return None
    direct = channel.startswith("D")
    return Commanded(
        keys=(f"slack:{team}:command:{trigger}",),
        author=Author(Identity(PLATFORM, team, user)),
        place=Place(PLATFORM, team, channel, private=direct),
        command=_COMMANDS[said],
        address=Where(channel, team, user=user, user_team=team, direct=direct).as_address(),
    )


def text_of(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    return value if isinstance(value, str) else ""
