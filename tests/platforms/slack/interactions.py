"""What people press, submit and command, and what they see of the answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import blocks as kit
from .events import Events
from .shapes import message_json
from .shown import Shown, all_blocks
from .socket_mode import Delivery
from .state import Channel, Message, Person, View
from .text import posted_to_wire
from .world import APP_ID, World

RESPONSES_AT_MOST = 5
RESPONSE_LIFE_S = 1_800.0


@dataclass(eq=False)
class Interaction:
    """One press, command or submission: what the app got in hand, and what it answered."""

    person: Person
    trigger_id: str
    channel: Channel | None = None
    message: Message | None = None
    response_url: str = ""
    responses: int = 0
    until: float = 0.0
    acked: bool = False
    timed_out: bool = False  # no ack in time: the person sees a warning sign
    answer: dict[str, Any] | None = None


class Interactions:
    """The gestures that come with a `trigger_id`; they are delivered once."""

    world: World
    events: Events
    hand_over: Callable[[Delivery], Delivery]
    responses: dict[str, Interaction]

    async def click(
        self,
        person: Person,
        message: Shown | str,
        action_id: str,
        *,
        channel: Channel | None = None,
        value: str | None = None,
        block_id: str | None = None,
    ) -> Interaction:
        """Presses a button that stands under a message; `value` picks one of two feedback buttons."""
        pressed = self._message_with(message, action_id, channel, block_id)
        block, element = _element(all_blocks(pressed), action_id, block_id)
        interaction = self._begin(person, pressed.channel, pressed)
        container = {
            "type": "message",
            "message_ts": pressed.ts,
            "channel_id": pressed.channel.id,
            "is_ephemeral": pressed.only_to is not None,
            **({"thread_ts": pressed.thread_ts} if pressed.thread_ts else {}),
        }
        payload = {
            **self._common(interaction, "block_actions"),
            "container": container,
            "message": message_json(pressed),
            "state": {"values": {}},
            "actions": [self._action(block, element, value)],
        }
        return self._deliver(interaction, "interactive", payload)

    async def click_home(self, person: Person, action_id: str, *, value: str | None = None) -> Interaction:
        """Presses a button on the Home tab."""
        view = self.home(person)
        if view is None:
            raise AssertionError("the app has published no Home tab")
        block, element = _element(view.body["blocks"], action_id, None)
        interaction = self._begin(person, None, None)
        container = {"type": "view", "view_id": view.id}
        payload = {
            **self._common(interaction, "block_actions"),
            "container": container,
            "view": view.as_api(),
        }
        return self._deliver(
            interaction, "interactive", {**payload, "actions": [self._action(block, element, value)]}
        )

    async def shortcut(self, person: Person, channel: Channel, ts: str, callback_id: str) -> Interaction:
        """Picks a message shortcut."""
        message = channel.messages[ts]
        interaction = self._begin(person, channel, message)
        extra = {"callback_id": callback_id, "message_ts": ts, "action_ts": self._moment()}
        payload = {**self._common(interaction, "message_action"), **extra, "message": message_json(message)}
        return self._deliver(interaction, "interactive", payload)

    async def global_shortcut(self, person: Person, callback_id: str) -> Interaction:
        """Picks a shortcut that is about no message: it tells of no channel, and has no address to answer at."""
        interaction = self._begin(person, None, None)
        payload = self._common(interaction, "shortcut")
        payload |= {"callback_id": callback_id, "action_ts": self._moment()}
        payload.pop("response_url")
        return self._deliver(interaction, "interactive", payload)

    async def command(self, person: Person, channel: Channel, name: str, text: str = "") -> Interaction:
        """Types a slash command; commands can't be typed in a thread, so there is no `thread_ts`."""
        interaction = self._begin(person, channel, None)
        team = channel.workspace
        payload = {
            "token": "verification-token",
            "team_id": team.id,
            "team_domain": team.name,
            "channel_id": channel.id,
            "channel_name": "directmessage" if channel.kind == "im" else channel.name,
            "user_id": person.id,
            "user_name": person.name,
            "command": name,
            "text": posted_to_wire(text),
            "response_url": interaction.response_url,
            "trigger_id": interaction.trigger_id,
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            **({"enterprise_id": team.enterprise_id} if team.enterprise_id else {}),
        }
        return self._deliver(interaction, "slash_commands", payload)

    async def submit_view(
        self, person: Person, values: dict[str, dict[str, dict[str, Any]]] | None = None
    ) -> Interaction:
        """Submits the modal on top; `values` is `{block_id: {action_id: {"type": …, "value": …}}}`."""
        view = self.modal(person)
        if view is None:
            raise AssertionError(f"{person.name} has no modal open")
        interaction = self._begin(person, None, None)
        shown = {**view.as_api(), "state": {"values": values or {}}}
        payload = {**self._common(interaction, "view_submission"), "view": shown, "response_urls": []}
        payload.pop("response_url")
        return self._deliver(interaction, "interactive", payload, view)

    def modal(self, person: Person) -> View | None:
        """Returns the modal on top of the person's screen."""
        mine = [v for v in self.world.views.values() if v.person is person and v.body["type"] == "modal"]
        return next((view for view in reversed(mine) if not view.gone), None)

    def home(self, person: Person) -> View | None:
        mine = (v for v in self.world.views.values() if v.person is person and v.body["type"] == "home")
        return next(mine, None)

    def _begin(self, person: Person, channel: Channel | None, message: Message | None) -> Interaction:
        key = self.world.new_id("response-")
        interaction = Interaction(person, self.world.new_trigger(person), channel, message)
        interaction.response_url = f"{self.world.base_url}/respond/{key}"
        interaction.until = self.world.clock.now() + RESPONSE_LIFE_S
        self.responses[key] = interaction
        return interaction

    def _common(self, interaction: Interaction, kind: str) -> dict[str, Any]:
        person, channel = interaction.person, interaction.channel
        team = channel.workspace if channel else person.workspace
        return {
            "type": kind,
            "user": {
                "id": person.id,
                "username": person.name,
                "name": person.name,
                "team_id": person.team_id,
            },
            "team": {"id": team.id, "domain": team.name},
            "api_app_id": APP_ID,
            "token": "verification-token",
            "trigger_id": interaction.trigger_id,
            "response_url": interaction.response_url,
            "is_enterprise_install": False,
            "enterprise": {"id": team.enterprise_id, "name": "org"} if team.enterprise_id else None,
            **({"channel": {"id": channel.id, "name": channel.name}} if channel else {}),
        }

    def _action(self, block: dict[str, Any], element: dict[str, Any], value: str | None) -> dict[str, Any]:
        if element["type"] == "feedback_buttons":
            values = [element[side]["value"] for side in ("positive_button", "negative_button")]
            if value not in values:
                raise AssertionError(f"the feedback buttons have the values {values}")
        else:
            value = element.get("value") if value is None else value
        chosen = {
            "type": element["type"],
            "action_id": element["action_id"],
            "block_id": block.get("block_id", "b0"),
        }
        return {**chosen, "action_ts": self._moment(), **({"value": value} if value is not None else {})}

    def _moment(self) -> str:
        return f"{self.world.clock.now():.6f}"

    def _deliver(
        self, interaction: Interaction, kind: str, payload: dict[str, Any], view: View | None = None
    ) -> Interaction:
        def on_ack(answer: dict[str, Any] | None) -> None:
            interaction.acked, interaction.answer = True, answer
            self._show_answer(interaction, kind, answer, view)

        def on_timeout() -> None:
            interaction.timed_out = True
            if kind == "slash_commands":
                self._whisper(interaction, f'{payload["command"]} failed with the error "operation_timeout"')

        self.hand_over(Delivery(kind, payload, on_ack, on_timeout))
        return interaction

    def _show_answer(
        self, interaction: Interaction, kind: str, answer: dict[str, Any] | None, view: View | None
    ) -> None:
        if view is not None:
            self._answer_view(interaction.person, view, answer or {})
        elif answer and kind == "slash_commands":
            self.respond(interaction, answer)

    def _answer_view(self, person: Person, view: View, answer: dict[str, Any]) -> None:
        """An empty answer closes the modal; the others keep it, change it, or put one on top."""
        action = answer.get("response_action")
        if action == "update":
            view.body = answer["view"]
        elif action == "push":
            top = View(self.world.new_id("V"), person, answer["view"])
            self.world.views[top.id] = top
        elif action == "clear":
            for each in self.world.views.values():
                each.gone = each.gone or (each.person is person and each.body["type"] == "modal")
        elif action != "errors":
            view.gone = True

    def respond(self, interaction: Interaction, said: dict[str, Any]) -> None:
        """Shows what the app answered to an interaction, in the way that it asked for."""
        source = interaction.message
        if said.get("delete_original") and source is not None:
            source.deleted = True
            if source.only_to is None:
                self.events.deleted(source)
        elif said.get("replace_original") and source is not None:
            previous = message_json(source)
            source.text, source.blocks = (
                posted_to_wire(said.get("text", "")),
                kit.check(said.get("blocks", [])),
            )
            source.edited = {"user": source.author.id, "ts": self._moment()}
            if source.only_to is None:
                self.events.changed(source, previous)
        else:
            self._post(interaction, said)
        self.world.changed()

    def _post(self, interaction: Interaction, said: dict[str, Any]) -> None:
        channel = interaction.channel
        if channel is None:
            return
        only_to = None if said.get("response_type") == "in_channel" else interaction.person.id
        message = Message(channel, self.world.new_ts(channel), channel.workspace.bot, only_to=only_to)
        message.text, message.blocks = posted_to_wire(said.get("text", "")), kit.check(said.get("blocks", []))
        message.thread_ts = said.get("thread_ts")
        self.world.put(message)
        if only_to is None:
            self.events.posted(message)

    def _whisper(self, interaction: Interaction, text: str) -> None:
        slackbot = Person("USLACKBOT", "slackbot", interaction.person.workspace, bot_id="B0SLACKBOT")
        channel = interaction.channel
        if channel is not None:
            only_to = interaction.person.id
            self.world.put(Message(channel, self.world.new_ts(channel), slackbot, text=text, only_to=only_to))

    def _message_with(
        self, given: Shown | str, action_id: str, channel: Channel | None, block_id: str | None
    ) -> Message:
        """Finds the message that bears the button; a bare ts may stand in several channels."""
        ts = given if isinstance(given, str) else given.ts
        where = self.world.channels.get(given.channel) if isinstance(given, Shown) else channel
        places = [where] if where else list(self.world.channels.values())
        found = [place.messages[ts] for place in places if ts in place.messages]
        fitting = [m for m in found if not m.hidden and _has(all_blocks(m), action_id, block_id)]
        if len(fitting) != 1:
            raise AssertionError(f"{len(fitting)} messages with ts {ts} have a button {action_id}")
        return fitting[0]


def _has(blocks: list[dict[str, Any]], action_id: str, block_id: str | None) -> bool:
    return any(
        element["action_id"] == action_id and block_id in (None, block.get("block_id"))
        for block, element in kit.pressable(blocks)
    )


def _element(
    blocks: list[dict[str, Any]], action_id: str, block_id: str | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    for block, element in kit.pressable(blocks):
        if element["action_id"] == action_id and block_id in (None, block.get("block_id")):
            return block, element
    raise AssertionError(f"there is no button {action_id}")
