"""Handles a payload, from whichever source it came, until the core has stored it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cachetools import LRUCache

from bots.slack.events.address import PLATFORM
from bots.slack.events.names import NameBook, NamesAsked
from bots.slack.events.payloads import Bot, list_of, part_of, speaker, text_of
from bots.slack.events.translate import translate, why_ignored
from bots.slack.features.ask_without_message import (
    Ack,
    AskedQuestion,
    as_said,
    asked_question,
    post_question,
    refusal_ack,
)
from bots.slack.features.files import described
from bots.slack.features.follow_ups import JoinedThreads
from bots.slack.features.greetings import Greetings
from bots.slack.features.workspaces import Workspace, Workspaces
from bots.slack.listening.complete import completed, with_name
from bots.slack.listening.form_answers import form_answer
from bots.slack.settings import SlackSettings
from core.domain import Authorless, BotError, Deleted, Event, Intake, Left, PassedOver, Receipt, Rewritten
from core.util.log import log

TRANSIENT = (BotError, TimeoutError, OSError)
"""Errors that another try may not meet: all else is a bug."""

_CAUSE_CHARS = 200
_MOST_STORED = 5_000
_WHOLE_SECONDS = timedelta(seconds=1)
"""Slack cuts the moment of an event to seconds."""


class Receiver:
    """Reads payloads as the workspace's own bot, and has what is meant for it stored."""

    def __init__(
        self,
        workspaces: Workspaces,
        intake: Intake,
        threads: JoinedThreads,
        greetings: Greetings,
        settings: SlackSettings,
    ) -> None:
        self._workspaces = workspaces
        self._intake = intake
        self._threads = threads
        self._greetings = greetings
        self._external_users = settings.external_users
        self._is_joined = threads.is_joined if settings.thread_follow_ups == "always" else None
        self._stored: LRUCache[str, None] = LRUCache(_MOST_STORED)

    async def receive(self, payload: dict[str, Any]) -> Ack | None:
        """Return once its events are stored, with the body of the acknowledgement.

        Raises a transient error that kept it from being stored, so that Slack delivers it again. A bug would meet it
        each time: it is logged once, and the payload acknowledged.
        """
        try:
            return await self._receive(payload)
        except TRANSIENT as exc:
            log.warning("slack.event_not_stored", cause=f"{type(exc).__name__}: {exc}"[:_CAUSE_CHARS])
            raise
        except Exception:
            log.exception("slack.event_broken")
            self._intake.passed_over(PLATFORM, PassedOver.FAULT)
            return None

    async def _receive(self, payload: Mapping[str, Any]) -> Ack | None:
        if payload.get("type") == "app_rate_limited":
            log.error("slack.events_limited", team=text_of(payload, "team_id"))
            return None
        team = team_of(payload)
        bot = await self._workspaces.bot_in(team)
        if bot is None:
            log.info("slack.not_installed", team=team)
        elif _removes(payload, bot):
            await self._remove(payload, team)
        else:
            if text_of(payload, "type") == "event_callback":
                payload = {**payload, "team_id": team}
            return await self._handle(payload, bot, self._workspaces.of(team))
        return None

    async def _handle(self, payload: Mapping[str, Any], bot: Bot, there: Workspace) -> Ack | None:
        if self._is_joined:
            await self._threads.look_up(payload, bot)
        asked, names = asked_question(payload, self._intake.capabilities()), NamesAsked(bot)
        events = self._read(payload, names)
        if not await self._admits(payload, asked, events, bot, there):
            return None
        if (answer := await form_answer(payload, self._intake, there)) is not None:
            return answer
        self._greetings.before(payload, events, there)
        if asked is not None:
            return await self._ask(payload, asked, there)
        if not self._is_known(events):
            events = await completed(payload, events, names, there, self._read)
        for event in events:
            receipt = await self._store(event, there)
            self._threads.heard(event)
            if receipt is Receipt.ACCEPTED:
                self._greetings.after(event, there)
        return None

    def _read(self, payload: Mapping[str, Any], names: NameBook) -> tuple[Event, ...]:
        return translate(payload, names.bot, self._is_joined, names, self._intake.capabilities())

    def _is_known(self, events: Sequence[Event]) -> bool:
        """Whether all of it was stored a moment ago: the other event of a mention needs no looking up."""
        return bool(events) and all(
            not isinstance(each, Authorless) and each.keys[0] in self._stored for each in events
        )

    async def _store(self, event: Event, there: Workspace) -> Receipt | None:
        """Have an event stored; where a bug keeps it from being, its author is told."""
        try:
            receipt = await self._intake.receive(event)
        except TRANSIENT:
            raise
        except Exception:
            reference = secrets.token_hex(4)
            log.exception("slack.event_broken", reference=reference)
            self._greetings.report_bug(event, reference, there)
            return None
        self._stored[event.keys[0]] = None
        return receipt

    async def _admits(
        self,
        payload: Mapping[str, Any],
        asked: AskedQuestion | None,
        events: Sequence[Event],
        bot: Bot,
        there: Workspace,
    ) -> bool:
        """Whether anything comes of a payload; where nothing does, the reason is counted.

        Deletions and others' edits tell of no author, and of nothing that could be answered.
        """
        why: PassedOver | None = None
        acts = asked is not None or any(not isinstance(each, Deleted | Rewritten) for each in events)
        if not acts and not self._greetings.wants(payload):
            why = None if events else why_ignored(payload, bot, self._is_joined)
        elif not self._external_users and await there.people.is_outsider(speaker(payload), bot):
            why = PassedOver.STRANGER
        if why is not None:
            self._intake.passed_over(PLATFORM, why)
        return why is None

    async def _ask(self, payload: Mapping[str, Any], asked: AskedQuestion, there: Workspace) -> Ack | None:
        """A question without a message: put where it can be answered, then told to the core, if it takes it."""
        asked = replace(asked, files=await described(there.api, asked.files))
        unsaid = as_said(asked, asked.channel)
        author = await with_name(unsaid.author, there)
        refusal = await self._intake.refusal(replace(unsaid, author=author))
        if refusal is not None:
            return refusal_ack(payload, refusal)
        said = await post_question(asked, there.api, self._intake.translator(author.locale, unsaid.place))
        await self._intake.receive(replace(said, author=author))
        self._threads.heard(said)
        return None

    async def _remove(self, payload: Mapping[str, Any], team: str) -> None:
        """Told to the core first: were we to end between the two, the event would come again and find the rest."""
        moment = _moment(payload) + _WHOLE_SECONDS
        removal = await self._workspaces.removal(team, moment)
        if removal is None:
            log.warning("slack.old_removal_ignored", team=team)
            return
        await self._intake.receive(Left((f"slack:{team}:left:{removal}",), PLATFORM, team))
        await self._workspaces.forget(team, moment)
        log.warning("slack.removed", team=team)


def team_of(payload: Mapping[str, Any]) -> str:
    """The workspace whose bot a payload is for: in a channel that organisations share, its `team_id` may be another's.

    Events name it as `context_team_id`, and in what authorises us; commands say `team_id`, presses `team`.
    """
    authorized = [text_of(each, "team_id") for each in list_of(payload, "authorizations")[:1]]
    named = (text_of(payload, "context_team_id"), *authorized, text_of(payload, "team_id"))
    return next((each for each in named if each.startswith("T")), "") or text_of(payload.get("team"), "id")


def _removes(payload: Mapping[str, Any], bot: Bot) -> bool:
    """Whether our bot was removed; of the tokens that are revoked, only the bot's are ours."""
    event = part_of(payload, "event")
    revoked = event.get("type") == "tokens_revoked" and bot.user in list_of(event.get("tokens"), "bot")
    return payload.get("type") == "event_callback" and (revoked or event.get("type") == "app_uninstalled")


def _moment(payload: Mapping[str, Any]) -> datetime:
    told = payload.get("event_time")
    with suppress(OverflowError, OSError, ValueError):
        return datetime.fromtimestamp(told, UTC) if isinstance(told, int) else datetime.now(UTC)
    return datetime.now(UTC)
