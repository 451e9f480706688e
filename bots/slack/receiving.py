"""A payload on its way into the intake, whichever way it came in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from bots.slack.address import PLATFORM
from bots.slack.asking import Asking, asking, put
from bots.slack.courtesies import Courtesies
from bots.slack.files import described
from bots.slack.follow_ups import Threads
from bots.slack.payloads import Bot, Manners, text_of
from bots.slack.translate import translate
from bots.slack.workspaces import Workspace, Workspaces
from core.messages import Author, Deleted, Event, Left, Receipt, Said
from core.ports import Intake

log = structlog.get_logger(__name__)

_REMOVALS = frozenset(("app_uninstalled", "tokens_revoked"))
_WHOLE_SECONDS = timedelta(seconds=1)
"""Slack cuts the moment of an event to seconds."""


class Receiver:
    """Reads payloads as the workspace's own bot, and has what is meant for it stored."""

    def __init__(
        self,
        workspaces: Workspaces,
        intake: Intake,
        manners: Manners,
        threads: Threads,
        courtesies: Courtesies,
    ) -> None:
        self._workspaces = workspaces
        self._intake = intake
        self._manners = manners
        self._threads = threads
        self._courtesies = courtesies

    async def receive(self, payload: dict[str, Any]) -> None:
        """Return once all that matters of it is stored; raise whatever kept it from being."""
        try:
            await self._receive(payload)
        except Exception:
            log.exception("slack.event_not_stored")
            raise  # so that it is not acknowledged, and comes again

    async def _receive(self, payload: Mapping[str, Any]) -> None:
        if payload.get("type") == "app_rate_limited":
            log.error("slack.events_limited", team=text_of(payload, "team_id"))
            return
        team = team_of(payload)
        bot = await self._workspaces.bot_in(team)
        if bot is None:
            log.info("slack.not_installed", team=team)
        elif _removes(payload, bot):
            await self._removed(payload, team)
        else:
            await self._heard(payload, bot, self._workspaces.of(team))

    async def _heard(self, payload: Mapping[str, Any], bot: Bot, there: Workspace) -> None:
        if self._manners.follow_ups:
            await self._threads.look_up(payload, bot)
        asked = asking(payload)
        events = translate(payload, bot, self._manners)
        self._courtesies.before(payload, events, there)
        if asked is not None:
            await self._asked(asked, there)
        for event in events:
            named = await self._named(event)
            receipt = await self._intake.receive(named)
            self._threads.heard(event)
            if receipt is Receipt.ACCEPTED:
                self._courtesies.after(named, there)

    async def _asked(self, asked: Asking, there: Workspace) -> None:
        """A question without a message: put where it can be answered, then told to the core."""
        author = await self._introduced(asked.author)
        said = await put(asked, there.api, self._intake.voice(author.locale, asked.place))
        await self._intake.receive(replace(said, author=author))
        self._threads.heard(said)

    async def _removed(self, payload: Mapping[str, Any], team: str) -> None:
        """Told to the core first: were we to end between the two, the event would come again and find the rest."""
        moment = _moment(payload) + _WHOLE_SECONDS
        removal = await self._workspaces.removal(team, moment)
        if removal is None:
            log.warning("slack.old_removal_ignored", team=team)
            return
        await self._intake.receive(Left((f"slack:{team}:left:{removal}",), PLATFORM, team))
        await self._workspaces.forget(team, moment)
        log.warning("slack.removed", team=team)

    async def _named(self, event: Event) -> Event:
        if isinstance(event, Deleted | Left):
            return event
        if isinstance(event, Said) and event.attachments:
            api = self._workspaces.of(event.author.identity.workspace).api
            event = replace(event, attachments=await described(api, event.attachments))
        return replace(event, author=await self._introduced(event.author))

    async def _introduced(self, author: Author) -> Author:
        people = self._workspaces.of(author.identity.workspace).people
        person = await people.find(author.identity.user)
        return replace(author, name=person.name, locale=person.locale)


def team_of(payload: Mapping[str, Any]) -> str:
    """The workspace that a payload is about: events and commands say `team_id`, presses `team`."""
    team = payload.get("team")
    return text_of(payload, "team_id") or (text_of(team, "id") if isinstance(team, Mapping) else "")


def _removes(payload: Mapping[str, Any], bot: Bot) -> bool:
    """Whether our bot was removed; of the tokens that are revoked, only the bot's are ours."""
    event = payload.get("event")
    if payload.get("type") != "event_callback" or not isinstance(event, Mapping):
        return False
    if event.get("type") not in _REMOVALS:
        return False
    tokens = event.get("tokens")
    revoked = tokens.get("bot") if isinstance(tokens, Mapping) else None
    return event["type"] == "app_uninstalled" or (isinstance(revoked, list) and bot.user in revoked)


def _moment(payload: Mapping[str, Any]) -> datetime:
    told = payload.get("event_time")
    return datetime.fromtimestamp(told, UTC) if isinstance(told, int) else datetime.now(UTC)
