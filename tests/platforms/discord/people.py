"""The people's side of the fake: what they write, change, press and command."""

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from . import commands, payloads
from .events import Events
from .mentions import EVERYTHING, without_reply_ping
from .model import Channel, Interaction, Message, Person, Reference, Role, Upload
from .posting import Posting, snapshot
from .routes_interactions import AUTOCOMPLETE, COMMAND, COMPONENT, FIRST_ANSWER_S, MODAL_SUBMIT
from .validate import walk
from .view import Seen
from .world import World

Files = Iterable[Upload | tuple[str, bytes]]


class People:
    """Acts for people; mixed into `FakeDiscord`."""

    world: World
    events: Events
    posts: Posting

    async def say(
        self,
        author: Person,
        channel: Channel,
        content: str = "",
        *,
        reply_to: Message | Seen | int | None = None,
        ping: bool = True,
        attachments: Files = (),
        mention_role: Role | None = None,
        kind: int = 0,
        webhook: bool = False,
        unheard: bool = False,
        **fields: Any,
    ) -> Message:
        """Writes a message. `ping` is the switch beside a reply; `mention_role` is put before the text.
        An `unheard` message is there, but its event never comes. Other `fields` are set on the message as they
        are (`flags`, `embeds`, `pinned`...).
        """
        text = f"{mention_role.mention} {content}" if mention_role else content
        message = self.posts.draft(channel, author, content=text, kind=kind, **fields)
        message.attachments = [self.world.attach(channel, _upload(a)) for a in attachments]
        if reply_to is not None:
            target_id = reply_to if isinstance(reply_to, int) else reply_to.id
            message.kind, message.reference = 19, Reference(target_id, channel.id)
        if webhook:
            message.webhook_id, author.has_left = author.id, True  # a hook is no member of anything
        with self.events.muffled(unheard):
            return self._publish(message, ping=ping)

    async def redeliver(self, message: Message | Seen) -> None:
        """Sends a message's MESSAGE_CREATE once more."""
        self.events.message("MESSAGE_CREATE", self.message(message))

    async def forward(self, author: Person, message: Message, to: Channel) -> Message:
        """Forwards a message: empty content, the text in its snapshot."""
        copy = self.posts.draft(to, author)
        copy.reference = Reference(message.id, message.channel.id, kind=1)
        copy.snapshots = [snapshot(payloads.message(self.world, message))]
        return self._publish(copy)

    async def edit(self, author: Person, message: Message, content: str) -> None:
        """Changes a person's own message."""
        if message.author is not author:
            raise PermissionError("people edit only their own messages")
        self.posts.edit_by_person(message, content)

    async def delete(self, author: Person, message: Message | Seen) -> None:
        """Deletes a message, one's own or (as a moderator) another's."""
        self.posts.delete(self.message(message))

    async def bulk_delete(self, *messages: Message) -> None:
        """Deletes messages of one channel at once, as a moderator's tool does."""
        self.posts.delete(*messages, bulk=True)

    async def react(self, person: Person, message: Message | Seen, emoji: str) -> None:
        self.posts.react(self.message(message), person, emoji)

    async def unreact(self, person: Person, message: Message | Seen, emoji: str) -> None:
        self.posts.unreact(self.message(message), person, emoji)

    async def unfurl(self, message: Message | Seen, *embeds: dict[str, Any]) -> None:
        """Lets the previews of a message arrive, late: a MESSAGE_UPDATE that is no edit."""
        found = self.message(message)
        found.previews = list(embeds) or [{"type": "link", "url": "https://example.test", "title": "A page"}]
        self.posts.touch(found)

    async def pin(self, message: Message) -> None:
        """Pins a message: a MESSAGE_UPDATE that is no edit."""
        message.pinned = True
        self.posts.touch(message)

    # -- interactions -----------------------------------------------------------------------------

    async def interact(
        self, person: Person, channel: Channel, command: str, options: Mapping[str, Any] | None = None
    ) -> Interaction:
        """Sends a slash command; raises LookupError for one that the client would not offer."""
        commands.require_offered(self.world, person, channel, command)
        data = commands.slash_data(self.world, channel, command, options or {})
        return self._interact(COMMAND, person, channel, data)

    async def forge(
        self, person: Person, channel: Channel, command: str, options: Mapping[str, Any] | None = None
    ) -> Interaction:
        """Sends a slash command that the person's client does not offer, as a changed client might."""
        data = commands.slash_data(self.world, channel, command, options or {})
        return self._interact(COMMAND, person, channel, data)

    async def autocomplete(
        self, person: Person, channel: Channel, command: str, option: str, typed: str, **others: Any
    ) -> Interaction:
        """Types into an option; the answer is in the interaction's `choices`."""
        data = commands.slash_data(self.world, channel, command, others | {option: typed}, focused=option)
        return self._interact(AUTOCOMPLETE, person, channel, data)

    async def message_command(self, person: Person, message: Message | Seen, command: str) -> Interaction:
        """Picks a command from a message's menu."""
        target = self.message(message)
        data = commands.message_data(self.world, target, command)
        return self._interact(COMMAND, person, target.channel, data)

    async def user_command(
        self, person: Person, channel: Channel, target: Person, command: str
    ) -> Interaction:
        """Picks a command from a member's menu."""
        data = commands.user_data(self.world, channel, target, command)
        return self._interact(COMMAND, person, channel, data)

    async def click(
        self,
        person: Person,
        message: Message | Seen | int,
        custom_id: str,
        values: Iterable[str] | None = None,
    ) -> Interaction:
        """Presses a button, or chooses `values` in a menu; raises LookupError if there is none to press."""
        target = self.message(message)
        found = [
            c for c in walk(target.components) if c.get("custom_id") == custom_id and not c.get("disabled")
        ]
        if not found or target.deleted:
            raise LookupError(f"message {target.id} shows no enabled component {custom_id!r}")
        data = {"custom_id": custom_id, "component_type": found[0]["type"], "id": found[0]["id"]}
        if values is not None:
            data["values"] = list(values)
        return self._interact(COMPONENT, person, target.channel, data, target)

    async def submit(self, opened: Interaction, values: Mapping[str, str]) -> Interaction:
        """Sends the modal that an interaction opened, filled in by custom id."""
        if opened.modal is None:
            raise LookupError("this interaction opened no modal")
        data = commands.modal_data(opened.modal, values)
        return self._interact(MODAL_SUBMIT, opened.person, opened.channel, data, opened.message)

    def did_not_respond(self, interaction: Interaction) -> bool:
        """Says whether the person reads "the application did not respond"."""
        waited_s = self.world.clock.now() - interaction.created_at
        return interaction.answered_with is None and waited_s > FIRST_ANSWER_S

    def message(self, which: Message | Seen | int) -> Message:
        """Finds the record of a message by itself, by how it is seen, or by its id."""
        if isinstance(which, Message):
            return which
        return self.world.messages[which if isinstance(which, int) else which.id]

    # -- parts ------------------------------------------------------------------------------------

    def _publish(self, message: Message, *, ping: bool = True) -> Message:
        if message.channel.locked:
            raise PermissionError("the thread is locked")
        return self.posts.publish(message, EVERYTHING if ping else without_reply_ping(EVERYTHING))

    def _interact(
        self,
        kind: int,
        person: Person,
        channel: Channel,
        data: dict[str, Any],
        message: Message | None = None,
    ) -> Interaction:
        id_, now = self.world.ids.next(), self.world.clock.now()
        token = f"interaction-{secrets.token_urlsafe(24)}"
        interaction = Interaction(id_, token, kind, person, channel, data, now, message)
        self.world.interactions[id_] = interaction
        self.events.interaction(interaction)
        return interaction


def _upload(given: Upload | tuple[str, bytes]) -> Upload:
    return given if isinstance(given, Upload) else Upload(*given)
