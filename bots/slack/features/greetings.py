"""What Slack offers beside messages, and an answer does not need: forms that open, greetings, titles.

None of it holds an event up, and where Slack refuses it, a line in the log is all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bots.slack.delivery.messages import message_content
from bots.slack.events.address import PLATFORM, Address
from bots.slack.events.modals import ask_form, feedback_form, wants_to_ask
from bots.slack.events.payloads import part_of, text_of
from bots.slack.features.background_tasks import BackgroundTasks
from bots.slack.features.workspaces import Workspace
from core.domain.messages import Action, Author, Commanded, Event, Identity, Place, Pressed, Said
from core.domain.ports import Intake
from core.domain.translator import Translator
from core.i18n.catalog import Phrase


class Greetings:
    """Does them beside the events."""

    def __init__(self, intake: Intake, tasks: BackgroundTasks) -> None:
        self._intake = intake
        self._tasks = tasks

    def wants(self, payload: Mapping[str, Any]) -> bool:
        """Whether a payload that may be no event has a form open, or somebody greeted."""
        event = part_of(payload, "event")
        kind = text_of(event, "type") if text_of(payload, "type") == "event_callback" else ""
        opens = text_of(payload, "type") == "message_action" and wants_to_ask(payload) is not None
        greets = kind == "app_home_opened" and text_of(event, "tab") == "messages"
        return opens or greets or kind == "assistant_thread_started"

    def before(self, payload: Mapping[str, Any], events: tuple[Event, ...], there: Workspace) -> None:
        """Begin what can't wait for the event to be stored: a form opens within three seconds of the click."""
        kind = text_of(payload, "type")
        if kind == "message_action" and wants_to_ask(payload) is not None:
            self._tasks.run("ask-form", self._open_question(payload, there))
        if kind == "block_actions":
            for event in events:
                if isinstance(event, Pressed) and event.action is Action.BAD:
                    self._tasks.run("feedback-form", self._open_comment(payload, event, there))
        if kind == "event_callback":
            self._greet(payload, there)

    def after(self, event: Event, there: Workspace) -> None:
        """Follow up on an event that is new, and stored."""
        if isinstance(event, Said) and event.place.private:
            self._tasks.run(
                "title", there.assistant_threads.entitle(Address.parse(event.address), event.text)
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
        method, to = (
            ("chat.postMessage", {}) if place.direct else ("chat.postEphemeral", {"user": place.user})
        )
        content = {"thread_ts": place.thread or None, **message_content(sentence), **to}
        await there.api.write(method, once=True, channel=place.channel, **content)

    def _greet(self, payload: Mapping[str, Any], there: Workspace) -> None:
        event, team = part_of(payload, "event"), text_of(payload, "team_id")
        kind, user = text_of(event, "type"), text_of(event, "user")
        if kind == "app_home_opened" and text_of(event, "tab") == "messages":
            place = Place(PLATFORM, team, text_of(event, "channel"), private=True)
            self._tasks.run("greeting", self._greet_person(user, place, there))
        if kind == "assistant_thread_started":
            thread = part_of(event, "assistant_thread")
            channel, root = text_of(thread, "channel_id"), text_of(thread, "thread_ts")
            place = Place(PLATFORM, team, channel, root, private=True)
            self._tasks.run("greeting", self._greet_person(text_of(thread, "user_id"), place, there))

    async def _greet_person(self, user: str, place: Place, there: Workspace) -> None:
        """Greet somebody; whom the core would refuse reads why, in place of a greeting."""
        if not (user and place.channel) or not there.assistant_threads.meets(place.channel, place.thread):
            return
        author = Author(
            Identity(PLATFORM, place.workspace, user), locale=(await there.people.find(user)).locale
        )
        if await there.assistant_threads.is_empty(place.channel, place.thread):
            refusal = await self._intake.refusal(Said((), author, place, "", "", ""))
            hello = self._intake.translator(author.locale, place).say(Phrase.HELLO)
            await there.assistant_threads.say(place.channel, place.thread, refusal or hello)
            if refusal is not None:
                return
        await there.assistant_threads.suggest(place.channel, place.thread)

    async def _open_comment(self, payload: Mapping[str, Any], pressed: Pressed, there: Workspace) -> None:
        translator = await self._translator(pressed.author.identity.user, pressed.place, there)
        await self._open(payload, feedback_form(translator, pressed), there)

    async def _open_question(self, payload: Mapping[str, Any], there: Workspace) -> None:
        about = wants_to_ask(payload)
        if about is None:
            return
        team = text_of(payload.get("team"), "id")
        place = Place(PLATFORM, team, about.channel, about.thread, private=about.channel.startswith("D"))
        translator = await self._translator(text_of(payload.get("user"), "id"), place, there)
        await self._open(payload, ask_form(translator, about), there)

    async def _open(self, payload: Mapping[str, Any], view: dict[str, Any], there: Workspace) -> None:
        await there.api.write("views.open", trigger_id=text_of(payload, "trigger_id"), view=view)

    async def _translator(self, user: str, place: Place, there: Workspace) -> Translator:
        return self._intake.translator((await there.people.find(user)).locale, place)
