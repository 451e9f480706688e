"""Completes events with what Slack leaves out of them: what ids are called, a mention's files, what a file is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bots.slack.events.names import NameBook, NamesAsked
from bots.slack.features.files import described
from bots.slack.features.whole_message import is_part, whole
from bots.slack.features.workspaces import Workspace
from core.domain import Author, Authorless, Event, Said

_MESSAGE_WITHIN_S = 1.5
_MORE_NAMES_WITHIN_S = 0.5
"""Together with `[slack] names_timeout_s`, below the three seconds in which Slack wants an event acknowledged."""

Read = Callable[[Mapping[str, Any], NameBook], tuple[Event, ...]]


async def completed(
    payload: Mapping[str, Any], events: Sequence[Event], asked: NamesAsked, there: Workspace, read: Read
) -> tuple[Event, ...]:
    """Read a payload again, with all that can be found out in time.

    `events` are what the first reading brought, and `asked` which names it missed.
    """
    people = [event.author.identity.user for event in events if not isinstance(event, Authorless)]
    _ask_for(people, asked)
    if is_part(payload):
        first, names = payload, there.names.find(asked)
        payload, found = await asyncio.gather(whole(there.api, payload, _MESSAGE_WITHIN_S), names)
        if payload is not first:
            asked = NamesAsked(asked.bot)
            _ask_for(people, asked)
            read(payload, asked)
            found = await there.names.find(asked, _MORE_NAMES_WITHIN_S)
    else:
        found = await there.names.find(asked)
    return tuple([await _with_details(event, there) for event in read(payload, found)])


async def with_name(author: Author, there: Workspace, within_s: float | None = None) -> Author:
    person = await there.people.find(author.identity.user, within_s)
    return replace(author, name=person.name, locale=person.locale, time_zone=person.time_zone)


def _ask_for(people: Sequence[str], asked: NamesAsked) -> None:
    for user in people:
        asked.person(user)


async def _with_details(event: Event, there: Workspace) -> Event:
    if isinstance(event, Authorless):
        return event
    if isinstance(event, Said) and event.attachments:
        event = replace(event, attachments=await described(there.api, event.attachments))
    return replace(event, author=await with_name(event.author, there, 0.0))
