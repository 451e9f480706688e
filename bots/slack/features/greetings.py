"""Modals that open, greetings and titles: what Slack offers beside messages, and no answer depends on.

All of it runs in the background; where Slack refuses it, a line in the log is all that happens.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from bots.slack.delivery.markup_out import disarmed
from bots.slack.delivery.messages import message_content, post, write_blocks
from bots.slack.events.address import PLATFORM, Address
from bots.slack.events.form_modals import Where, chosen, opening, view_of
from bots.slack.events.modals import About, View, ask_form, feedback_form, wants_to_ask
from bots.slack.events.names import NamesAsked
from bots.slack.events.payloads import part_of, text_of
from bots.slack.features.workspaces import Workspace
from core.domain import (
    Action,
    Author,
    Capability,
    Commanded,
    Event,
    Identity,
    Intake,
    Place,
    PlatformError,
    Pressed,
    Said,
    Translator,
)
from core.i18n import Phrase
from core.util.log import log
from core.util.tasks import TaskSet

_MOST_TASKS = 500


class BackgroundTasks(TaskSet):
    """Tasks that nobody waits for; what goes wrong in one is logged, and ends there."""

    def run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Start a task; with too many running it is left out."""
        if len(self) >= _MOST_TASKS:
            work.close()
            log.warning("slack.task_left_out", task=name)
            return
        task = self.start(self._run(name, work), name=f"slack-{name}")
        # a task that is cancelled before it begins never awaits its work
        task.add_done_callback(lambda _: work.close())

    async def _run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except (PlatformError, TimeoutError) as exc:
            log.info("slack.task_failed", task=name, problem=str(exc) or type(exc).__name__)
        except Exception:
            log.exception("slack.task_failed", task=name)


class Greetings:
    """Starts background tasks for them, beside the handling of events."""

    def __init__(self, intake: Intake, tasks: BackgroundTasks) -> None:
        self._intake = intake
        self._tasks = tasks

    def wants(self, payload: Mapping[str, Any]) -> bool:
        """Whether a payload that may be no event has a form open, or somebody greeted."""
        opens = wants_to_ask(payload) is not None or self._opening(payload, ()) is not None
        return (
            opens or chosen(payload, self._intake.capabilities()) is not None or _greeted(payload) is not None
        )

    def _opening(
        self, payload: Mapping[str, Any], events: tuple[Event, ...]
    ) -> tuple[list[Capability], Where] | None:
        presses = (each for each in events if isinstance(each, Pressed) and each.action is Action.FORM)
        return opening(payload, next(presses, None), self._intake.capabilities())

    def before(self, payload: Mapping[str, Any], events: tuple[Event, ...], there: Workspace) -> None:
        """Begin what can't wait for the event to be stored: a form opens within three seconds of the click."""
        if (about := wants_to_ask(payload)) is not None:
            team, private = text_of(payload.get("team"), "id"), about.channel.startswith("D")
            place = Place(PLATFORM, team, about.channel, about.thread, private=private)
            self._tasks.run("ask-form", self._open_question(payload, place, about, there))
        for event in events if text_of(payload, "type") == "block_actions" else ():
            if isinstance(event, Pressed) and event.action is Action.BAD:
                self._tasks.run(
                    "feedback-form",
                    self._open(payload, event.place, partial(feedback_form, pressed=event), there),
                )
        if (opened := self._opening(payload, events)) is not None:
            forms, where = opened
            place = Place(PLATFORM, _team_of(payload), where.channel, where.thread)
            self._tasks.run("form", self._open(payload, place, partial(view_of, forms, where), there))
        if (greeted := _greeted(payload)) is not None:
            self._tasks.run("greeting", self._greet(*greeted, there))

    def after(self, event: Event, there: Workspace) -> None:
        """Follow up on an event that is new, and stored."""
        if isinstance(event, Said) and event.place.private:
            self._tasks.run(
                "title", there.assistant_threads.set_title(Address.parse(event.address), event.text)
            )

    def report_bug(self, event: Event, reference: str, there: Workspace) -> None:
        """Tell somebody, for their eyes, that what they did met a bug."""
        if isinstance(event, Said | Commanded | Pressed):
            self._tasks.run("apology", self._report_bug(event, reference, there))

    async def _report_bug(self, event: Said | Commanded | Pressed, reference: str, there: Workspace) -> None:
        place = Address.parse(event.address)
        sentence = self._intake.translator(event.author.locale, event.place).say(
            Phrase.UNKNOWN, reference=reference
        )
        method, to = ("chat.postMessage", "") if place.direct else ("chat.postEphemeral", place.user)
        await write_blocks(
            there.api,
            method,
            message_content(sentence),
            once=True,
            channel=place.channel,
            user=to or None,
            thread_ts=place.thread or None,
        )

    async def _greet(self, user: str, place: Place, there: Workspace) -> None:
        """Greet a person; one whom the core refuses is told the reason instead."""
        if not (user and place.channel) or not there.assistant_threads.is_first_visit(
            place.channel, place.thread
        ):
            return
        author = Author(
            Identity(PLATFORM, place.workspace, user), locale=(await there.people.find(user)).locale
        )
        if await there.assistant_threads.is_empty(place.channel, place.thread):
            refusal = await self._intake.refusal(Said((), author, place, "", "", ""))
            hello = self._intake.translator(author.locale, place).say(Phrase.HELLO)
            await post(there.api, place.channel, place.thread, {"text": disarmed(refusal or hello)})
            if refusal is not None:
                return
        await there.assistant_threads.suggest(place.channel, place.thread)

    async def _open_question(
        self, payload: Mapping[str, Any], place: Place, about: About, there: Workspace
    ) -> None:
        """Quote the message under the names of whom it mentions, as far as they are told in time."""
        asked = NamesAsked(await there.api.who_am_i())
        wants_to_ask(payload, asked)
        named = wants_to_ask(payload, await there.names.find(asked)) or about
        await self._open(payload, place, partial(ask_form, about=named), there)

    async def _open(
        self, payload: Mapping[str, Any], place: Place, form: Callable[[Translator], View], there: Workspace
    ) -> None:
        """Open a form in the language of whoever clicked."""
        user = text_of(payload.get("user"), "id") or text_of(payload, "user_id")
        person = await there.people.find(user)
        view = form(self._intake.translator(person.locale, place))
        await there.api.write("views.open", trigger_id=text_of(payload, "trigger_id"), view=view)


def _team_of(payload: Mapping[str, Any]) -> str:
    return text_of(payload.get("team"), "id") or text_of(payload, "team_id")


def _greeted(payload: Mapping[str, Any]) -> tuple[str, Place] | None:
    """Who opened the bot's direct messages, or a thread of the old view in them, and where that is."""
    event, team = part_of(payload, "event"), text_of(payload, "team_id")
    match text_of(payload, "type"), text_of(event, "type"), text_of(event, "tab"):
        case "event_callback", "app_home_opened", "messages":
            return text_of(event, "user"), Place(PLATFORM, team, text_of(event, "channel"), private=True)
        case "event_callback", "assistant_thread_started", _:
            thread = part_of(event, "assistant_thread")
            channel, root = text_of(thread, "channel_id"), text_of(thread, "thread_ts")
            return text_of(thread, "user_id"), Place(PLATFORM, team, channel, root, private=True)
    return None
