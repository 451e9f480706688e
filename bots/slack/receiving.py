"""A payload on its way into the intake, whichever way it came in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from bots.slack.address import PLATFORM
from bots.slack.translate import Bot, text_of, translate
from bots.slack.workspaces import Workspaces
from core.messages import Deleted, Event, Left
from core.ports import Intake

log = structlog.get_logger(__name__)

_REMOVALS = frozenset(("app_uninstalled", "tokens_revoked"))
_WHOLE_SECONDS = timedelta(seconds=1)
"""Slack cuts the moment of an event to seconds."""


class Receiver:
    """Reads payloads as the workspace's own bot, and has what is meant for it stored."""

    def __init__(self, workspaces: Workspaces, intake: Intake) -> None:
        self._workspaces = workspaces
        self._intake = intake

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
            event = translate(payload, bot)
            if event is not None:
                await self._intake.receive(await self._named(event))

    async def _removed(self, payload: Mapping[str, Any], team: str) -> None:
        """Told to the core first: were we to end between the two, the event would come again and find the rest."""
        moment = _moment(payload) + _WHOLE_SECONDS
        if not await self._workspaces.is_left(team, moment):
            log.warning("slack.old_removal_ignored", team=team)
            return
        key = f"slack:{team}:left:{text_of(payload, 'event_id')}"
        await self._intake.receive(Left((key,), PLATFORM, team))
        await self._workspaces.forget(team, moment)
        log.warning("slack.removed", team=team)

    async def _named(self, event: Event) -> Event:
        if isinstance(event, Deleted | Left):
            return event
        people = self._workspaces.of(event.author.identity.workspace).people
        person = await people.find(event.author.identity.user)
        return replace(event, author=replace(event.author, name=person.name, locale=person.locale))


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
