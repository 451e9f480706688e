"""What Slack offers beside messages, and an answer does not need: forms that open, greetings, titles.

None of it holds an event up, and where Slack refuses it, a line in the log is all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bots.slack.address import PLATFORM, where
from bots.slack.errands import Errands
from bots.slack.forms import ask_form, feedback_form, wants_to_ask
from bots.slack.payloads import part_of, text_of
from bots.slack.workspaces import Workspace
from core.messages import Action, Event, Place, Pressed, Said
from core.ports import Intake
from core.reply.voice import Voice


class Courtesies:
    """Does them beside the events."""

    def __init__(self, intake: Intake, errands: Errands) -> None:
        self._intake = intake
        self._errands = errands

    def before(self, payload: Mapping[str, Any], events: tuple[Event, ...], there: Workspace) -> None:
        """Begin what can't wait for the event to be stored: a form opens within three seconds of the click."""
        kind = text_of(payload, "type")
        if kind == "message_action" and wants_to_ask(payload) is not None:
            self._errands.run("ask-form", self._open_question(payload, there))
        if kind == "block_actions":
            for event in events:
                if isinstance(event, Pressed) and event.action is Action.BAD:
                    self._errands.run("feedback-form", self._open_comment(payload, event, there))
        if kind == "event_callback":
            self._greet(payload, there)

    def after(self, event: Event, there: Workspace) -> None:
        """Follow up on an event that is new, and stored."""
        if isinstance(event, Said) and event.place.private:
            self._errands.run("title", there.sessions.entitle(where(event.address), event.text))

    def _greet(self, payload: Mapping[str, Any], there: Workspace) -> None:
        event = part_of(payload, "event")
        kind, user = text_of(event, "type"), text_of(event, "user")
        if kind == "app_home_opened" and text_of(event, "tab") == "messages":
            self._errands.run("greeting", self._say_hello(user, text_of(event, "channel"), "", there))
        if kind == "assistant_thread_started":
            thread = part_of(event, "assistant_thread")
            user, channel = text_of(thread, "user_id"), text_of(thread, "channel_id")
            self._errands.run("greeting", self._say_hello(user, channel, text_of(thread, "thread_ts"), there))

    async def _say_hello(self, user: str, channel: str, thread: str, there: Workspace) -> None:
        if user and channel:
            voice = await self._voice(user, Place(PLATFORM, "", channel, thread, private=True), there)
            await there.sessions.greet(channel, thread, voice)

    async def _open_comment(self, payload: Mapping[str, Any], pressed: Pressed, there: Workspace) -> None:
        voice = await self._voice(pressed.author.identity.user, pressed.place, there)
        await self._open(payload, feedback_form(voice, pressed), there)

    async def _open_question(self, payload: Mapping[str, Any], there: Workspace) -> None:
        about = wants_to_ask(payload)
        if about is None:
            return
        team = text_of(payload.get("team"), "id")
        place = Place(PLATFORM, team, about.channel, about.thread, private=about.channel.startswith("D"))
        voice = await self._voice(text_of(payload.get("user"), "id"), place, there)
        await self._open(payload, ask_form(voice, about), there)

    async def _open(self, payload: Mapping[str, Any], view: dict[str, Any], there: Workspace) -> None:
        await there.api.write("views.open", trigger_id=text_of(payload, "trigger_id"), view=view)

    async def _voice(self, user: str, place: Place, there: Workspace) -> Voice:
        return self._intake.voice((await there.people.find(user)).locale, place)
