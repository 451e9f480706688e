"""Routes of interactions: the first answer, and what follows over the webhook."""

from typing import Any

from . import mentions, payloads, validate
from .errors import ApiError, invalid_form, unknown_interaction, unknown_message, unknown_webhook
from .mentions import USERS
from .model import EPHEMERAL, LOADING, Interaction, Message, Reference
from .posting import Posting, Request
from .routing import Call, Route
from .world import World, as_id

FIRST_ANSWER_S, TOKEN_LIFE_S = 3.0, 900.0
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
SAY, DEFER, DEFER_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9


class InteractionRoutes:
    """Played without the bot's token: the interaction's own is in the path."""

    def __init__(self, world: World, posts: Posting) -> None:
        self.world = world
        self.posts = posts

    def routes(self) -> list[Route]:
        hook = "/webhooks/{}/{}"
        return [
            Route("POST", "/interactions/{}/{}/callback", self.answer, "none", False, False),
            Route("POST", hook, self.follow_up, "webhook", False, False),
            Route("GET", hook + "/messages/{}", self.read, "webhook", False, False),
            Route("PATCH", hook + "/messages/{}", self.edit, "webhook", False, False),
            Route("DELETE", hook + "/messages/{}", self.delete, "webhook", False, False),
        ]

    def answer(self, call: Call, interaction_id: str, token: str) -> Any:
        interaction = self.world.interactions.get(as_id(interaction_id))
        if interaction is None or interaction.token != token:
            raise unknown_interaction()
        if interaction.answered_with is not None:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        if self.world.clock.now() - interaction.created_at > FIRST_ANSWER_S:
            raise unknown_interaction()
        kind: Any = call.request.body.get("type")
        self._check_fits(interaction, kind)
        data = call.request.body.get("data") or {}
        self._take(interaction, kind, Request(data, call.uploads))
        interaction.answered_with = kind
        return (
            self._acknowledged(interaction, kind)
            if call.query.get("with_response") in ("1", "true")
            else None
        )

    def follow_up(self, call: Call, app_id: str, token: str) -> Any:
        interaction = self._live(app_id, token)
        if interaction.original is not None and interaction.original.flags & LOADING:
            return self._shown(self.posts.edit(interaction.original, call.request, USERS))
        private = int(call.request.body.get("flags") or 0) & EPHEMERAL
        message = self._write(interaction, call.request, private)
        target = interaction.original or interaction.message
        if target is not None:
            message.kind, message.reference = 19, Reference(target.id, target.channel.id)
        interaction.followups.append(self._publish(message, call.request))
        return self._shown(message)

    def read(self, call: Call, app_id: str, token: str, message_id: str) -> Any:
        return self._shown(self._found(app_id, token, message_id))

    def edit(self, call: Call, app_id: str, token: str, message_id: str) -> Any:
        message = self._found(app_id, token, message_id)
        return self._shown(self.posts.edit(message, call.request, USERS))

    def delete(self, call: Call, app_id: str, token: str, message_id: str) -> None:
        self.posts.delete(self._found(app_id, token, message_id))

    # -- the first answer ---------------------------------------------------------------------------

    def _check_fits(self, interaction: Interaction, kind: Any) -> None:
        fits = {
            COMMAND: (SAY, DEFER, MODAL),
            COMPONENT: (SAY, DEFER, DEFER_UPDATE, UPDATE, MODAL),
            AUTOCOMPLETE: (CHOICES,),
            MODAL_SUBMIT: (SAY, DEFER, DEFER_UPDATE, UPDATE),
        }[interaction.kind]
        without_message = interaction.message is None and kind in (DEFER_UPDATE, UPDATE)
        if kind not in fits or without_message:
            raise invalid_form("type", f"Value must be one of {fits}.")

    def _take(self, interaction: Interaction, kind: int, request: Request) -> None:
        if kind == SAY:
            message = self._write(interaction, request, int(request.body.get("flags") or 0) & EPHEMERAL)
            interaction.original = self._publish(message, request)
        elif kind == DEFER:
            private = int(request.body.get("flags") or 0) & EPHEMERAL
            message = self._stamped(interaction, private | LOADING)
            interaction.original = self.posts.publish(message, USERS)
        elif kind == UPDATE and interaction.message is not None:
            interaction.original = self.posts.edit(interaction.message, request, USERS)
        elif kind == DEFER_UPDATE:
            interaction.original = interaction.message
        elif kind == CHOICES:
            interaction.choices = _checked_choices(request.body)
        else:
            interaction.modal = _checked_modal(request.body)

    def _acknowledged(self, interaction: Interaction, kind: int) -> dict[str, Any]:
        told: dict[str, Any] = {"id": str(interaction.id), "type": interaction.kind}
        answer: dict[str, Any] = {"interaction": told}
        original = interaction.original
        if original is not None:
            told["response_message_id"] = str(original.id)
            told["response_message_loading"] = bool(original.flags & LOADING)
            told["response_message_ephemeral"] = original.ephemeral
        if original is not None and kind in (SAY, UPDATE):
            answer["resource"] = {"type": kind, "message": self._shown(original)}
        return answer

    # -- parts ------------------------------------------------------------------------------------

    def _write(self, interaction: Interaction, request: Request, private: int) -> Message:
        stamp = self._stamped(interaction, private)
        fields = {"kind": stamp.kind, "flags": private, "interaction": interaction}
        message = self.posts.draft_from(request, interaction.channel, **fields)
        message.webhook_id, message.reference = stamp.webhook_id, stamp.reference
        message.nonce = None
        validate.check_not_empty(message)
        return message

    def _stamped(self, interaction: Interaction, flags: int) -> Message:
        """Makes an empty answer: type 20 after a slash command, 23 after a menu, a reply after a button."""
        menu = interaction.kind == COMMAND and interaction.data.get("type", 1) != 1
        message = self.posts.draft(interaction.channel, self.world.bot, kind=23 if menu else 20, flags=flags)
        message.interaction = interaction
        message.webhook_id = self.world.bot.id
        if interaction.message is not None:
            message.kind = 19
            message.reference = Reference(interaction.message.id, interaction.message.channel.id)
        return message

    def _publish(self, message: Message, request: Request) -> Message:
        return self.posts.publish(message, mentions.read_allowed(request.body, USERS))

    def _live(self, app_id: str, token: str) -> Interaction:
        """Finds an answered interaction whose token still lives, or raises 10015 or 50027."""
        found = [i for i in self.world.interactions.values() if i.token == token]
        if app_id != str(self.world.bot.id) or not found or found[0].answered_with is None:
            raise unknown_webhook()
        if self.world.clock.now() - found[0].created_at > TOKEN_LIFE_S:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        return found[0]

    def _found(self, app_id: str, token: str, message_id: str) -> Message:
        interaction = self._live(app_id, token)
        if message_id == "@original":
            message = interaction.original
        else:
            own = [m for m in (interaction.original, *interaction.followups) if m is not None]
            message = next((m for m in own if m.id == as_id(message_id)), None)
        if message is None or message.deleted:
            raise unknown_message()
        return message

    def _shown(self, message: Message) -> dict[str, Any]:
        return payloads.message(self.world, message)


def _checked_choices(data: dict[str, Any]) -> list[dict[str, Any]]:
    choices: list[dict[str, Any]] = data.get("choices") or []
    if len(choices) > 25:
        raise invalid_form("data.choices", "Must be 25 or fewer in length.")
    for choice in choices:
        validate.check_length("data.choices.name", choice.get("name"), 100, least=1)
        if isinstance(choice.get("value"), str):
            validate.check_length("data.choices.value", choice["value"], 100)
    return choices


def _checked_modal(data: dict[str, Any]) -> dict[str, Any]:
    validate.check_length("data.title", data.get("title"), 45, least=1)
    validate.check_length("data.custom_id", data.get("custom_id"), 100, least=1)
    if not 1 <= len(data.get("components") or []) <= 5:
        raise invalid_form("data.components", "Must be between 1 and 5 in length.")
    return data
