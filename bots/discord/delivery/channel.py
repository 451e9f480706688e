"""One place on Discord where an answer is posted and edited."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from io import BytesIO
from typing import Any, TypeVar

import discord

from bots.discord.delivery.bare import or_bare
from bots.discord.delivery.code_attachments import CodeFile
from bots.discord.delivery.markup_out import MAX_SIZE, native, size
from bots.discord.delivery.uploads import as_sent, shows
from bots.discord.delivery.webhook import is_follow_up_key
from bots.discord.events.address import Address, snowflake
from bots.discord.events.buttons import are_of_turn, custom_ids_in, view_of
from bots.discord.events.sdk_message import WholeMessage
from bots.discord.transport.api import Call, Session, own_id
from bots.discord.transport.error_mapping import reply_refused
from bots.discord.transport.pacing import Guard, unguarded
from core.delivery.message_parts import gone_is_fine
from core.delivery.pacing import Pace
from core.domain import Button, Delivery, MadeFile, PlaceClosed, PlatformError, Sign
from core.util.log import log

T = TypeVar("T")

HISTORY_LIMIT = 300
"""How many messages after the question are looked through for one of ours."""
LEAST_PREFIX = 32
"""From how many characters on a message's beginning tells that it is the one looked for."""

MAX_NONCE = 25
UNKNOWN_MESSAGE = 10008
HOURGLASS, NO_ENTRY = "⏳", "🚫"

NO_MENTIONS = discord.AllowedMentions.none()


class DiscordChannel:
    """Implements `core.domain.ports.EditableChannel` for one question, with nothing but a logged-in session.

    Every create carries our nonce: within a few minutes a repeated one gives the message that is there already.
    An edit leaves the flag alone that the create set to keep link previews off.
    """

    def __init__(
        self, session: Session, address: Address, guard: Guard = unguarded, pace: Pace | None = None
    ) -> None:
        """`guard` is asked again before a write that had to wait for its turn in the channel; `pace` tells whether the
        answer still grows: without one, nothing does."""
        self._session = session
        self._address = address
        self._guard = guard
        self._pace = pace
        self.newest = ""
        """The id of the message that was posted last."""

    @property
    def max_size(self) -> int:
        return MAX_SIZE - len(self._calling)

    @property
    def _calling(self) -> str:
        """What stands before the first part, so that who is to be notified is."""
        return f"<@{self._address.calls}> " if self._address.calls else ""

    @property
    def edit_interval_s(self) -> float:
        return self._session.timing.edit_interval_s

    def size(self, text: str) -> int:
        return size(text)

    async def working(self) -> None:
        """Show the typing sign, one for all answers in this channel."""
        await self._prepare()
        if self._session.pace(self._address.channel).may_type():
            await self._session.call(lambda client: self._in(client).typing())

    async def rested(self) -> None:
        """The typing sign ends with a post, or by itself within ten seconds."""

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        message = await or_bare(lambda shown: self._post(native(text), delivery, shown), buttons)
        self._session.pace(self._address.channel).stopped_typing()
        self._session.posted[delivery.nonce] = message.id
        self.newest = str(message.id)
        if message.content.strip().removeprefix(self._calling) != native(text).strip():
            # another process created it, with what was due then: for some minutes Discord gives that one back
            await self.edit(self.newest, text, buttons)
        return self.newest

    async def edit(self, message_id: str, text: str, buttons: Sequence[Button] = ()) -> None:
        await or_bare(lambda shown: self._change(message_id, native(text), shown), buttons)

    async def attach(self, message_id: str, files: Sequence[CodeFile]) -> None:
        """Attach files to a message of ours; doing it twice attaches them once. Needs ATTACH_FILES."""
        await self._write(
            lambda client: self._message(client, message_id).edit(
                attachments=[discord.File(BytesIO(file.text.encode()), file.name) for file in files],
                allowed_mentions=NO_MENTIONS,
            )
        )

    async def post_files(self, files: Sequence[MadeFile], delivery: Delivery, *, again: bool) -> str:
        """Create a message with files, and return its id. Needs ATTACH_FILES.

        `again`: one that is there already is looked for first, by its nonce and by its files' sizes.
        """
        if again and (found := await self._find_files(files, delivery)):
            return found
        message = await self._write(
            lambda client: self._in(client).send(
                files=as_sent(files), nonce=delivery.nonce, allowed_mentions=NO_MENTIONS
            ),
            creates=True,
        )
        self._session.posted[delivery.nonce] = message.id
        return str(message.id)

    async def _find_files(self, files: Sequence[MadeFile], delivery: Delivery) -> str | None:
        await self._prepare()
        known = self._session.posted.get(delivery.nonce)

        async def look(client: discord.Client) -> str | None:
            if known is not None and await _exists(self._in(client), known):
                return str(known)
            after = discord.Object(self._address.message) if self._address.message else None
            async for message in self._in(client).history(limit=HISTORY_LIMIT, after=after):
                if message.author.id == own_id(client) and shows(message, files):
                    return str(message.id)
            return None

        return await self._session.call(look)

    async def react(self, sign: Sign) -> bool:
        """Put a reaction on the question; whether it stands there. Needs the permission ADD_REACTIONS."""
        question, emoji = str(self._address.message), HOURGLASS if sign is Sign.WAITS else NO_ENTRY
        try:
            await self._session.call(lambda client: self._message(client, question).add_reaction(emoji))
        except PlatformError as error:
            log.info("discord.reaction_not_added", code=error.code)
            return False
        return True

    async def unreact(self) -> None:
        """Take the hourglass off the question; where there is none, or none of ours, that is fine."""
        where = self._address.channel, self._address.message
        try:
            await self._session.call(lambda client: client.http.remove_own_reaction(*where, HOURGLASS))
        except PlaceClosed:
            return
        except PlatformError as error:
            log.info("discord.reaction_not_removed", code=error.code)

    async def delete(self, message_id: str) -> None:
        """Remove a message; one that is gone already is fine."""
        with gone_is_fine():
            await self._write(lambda client: self._message(client, message_id).delete())

    async def find(self, delivery: Delivery, text: str) -> str | None:
        """Look for a message by its nonce, as far as this process saw it, and then in the channel's history.

        History shows no nonces: there the first part is known as our reply to the question, or by the buttons of its
        turn, another one by its text, the newest one if several have it. What this process knows as another message's
        is none of them: answers may say the same. None is safe soon after the create: the same nonce posts nothing
        twice for a few minutes.
        """
        await self._prepare()
        known = self._session.posted.get(delivery.nonce)
        wanted = native(text).strip()

        async def look(client: discord.Client) -> str | None:
            if known is not None and await _exists(self._in(client), known):
                return str(known)
            return await self._look(client, delivery, wanted)

        return await self._session.call(look)

    async def _post(self, text: str, delivery: Delivery, buttons: Sequence[Button]) -> discord.Message:
        return await self._write(
            lambda client: self._create(client, text, delivery, buttons), creates=True, growing=self._growing
        )

    async def _change(self, message_id: str, text: str, buttons: Sequence[Button]) -> None:
        await self._write(
            lambda client: self._message(client, message_id).edit(
                content=text, allowed_mentions=NO_MENTIONS, view=view_of(buttons)
            ),
            growing=self._growing,
        )

    def _in(self, client: discord.Client) -> discord.PartialMessageable:
        return client.get_partial_messageable(self._address.channel, guild_id=self._address.guild or None)

    def _message(self, client: discord.Client, message_id: str) -> discord.PartialMessage:
        return self._in(client).get_partial_message(snowflake(message_id))

    async def _prepare(self) -> None:
        """Make sure that the place is there; raises PlatformError while that can't be told. Most places are."""

    @property
    def _growing(self) -> bool:
        """Whether what is written now is written again with more of it."""
        return self._pace is not None and not self._pace.hurried

    async def _write(self, call: Call[T], *, creates: bool = False, growing: bool = False) -> T:
        await self._prepare()
        pace = self._session.pace(self._address.channel)
        return await self._session.write(pace, call, self._guard, creates=creates, growing=growing)

    async def _create(
        self, client: discord.Client, text: str, delivery: Delivery, buttons: Sequence[Button]
    ) -> discord.Message:
        also: dict[str, Any] = {"view": view_of(buttons)} if buttons else {}
        reply = self._as_reply() if delivery.part == 0 and self._address.message else {}
        if delivery.part == 0 and self._calling:
            text = f"{self._calling}{text}"
            also["allowed_mentions"] = _only(self._address.calls)
        nonce = delivery.nonce
        try:
            return await self._send(client, text, nonce, also | reply)
        except discord.HTTPException as exc:
            if exc.code == UNKNOWN_MESSAGE:
                # someone deleted this nonce's message: until Discord has forgotten it, it takes no other with that
                # nonce. A second one is again the same on every try
                nonce = _after_deletion(nonce)
            elif reply and reply_refused(exc):
                reply = {}
            else:
                raise
        return await self._send(client, text, nonce, also | reply)

    async def _send(
        self, client: discord.Client, text: str, nonce: str, also: dict[str, Any]
    ) -> discord.Message:
        also = {"allowed_mentions": NO_MENTIONS, **also}
        return await self._in(client).send(text, nonce=nonce, suppress_embeds=True, **also)

    def _as_reply(self) -> dict[str, Any]:
        reference = discord.MessageReference(
            message_id=self._address.message,
            channel_id=self._address.channel,
            guild_id=self._address.guild or None,
            fail_if_not_exists=False,
        )
        return {"reference": reference, "mention_author": False}

    async def _look(self, client: discord.Client, delivery: Delivery, wanted: str) -> str | None:
        question = self._address.message
        after = discord.Object(question) if question else None
        of_others = self._of_others(delivery)
        found: str | None = None
        async for message in self._in(client).history(limit=HISTORY_LIMIT, after=after):
            if message.author.id != own_id(client) or message.id in of_others:
                continue
            replies = message.reference.message_id if message.reference else None
            buttons = custom_ids_in(message.raw) if isinstance(message, WholeMessage) else []
            is_reply = bool(question) and replies == question
            if delivery.part == 0 and (is_reply or are_of_turn(buttons, delivery)):
                return str(message.id)
            if not replies and is_same_text(message.content.strip().removeprefix(self._calling), wanted):
                found = str(message.id)
        return found

    def _of_others(self, delivery: Delivery) -> set[int]:
        """The messages that this process knows as those of other parts, and of other answers."""
        own = {delivery.nonce, _after_deletion(delivery.nonce)}
        posted = self._session.posted.items()
        return {message for key, message in posted if key not in own and not is_follow_up_key(key)}


def _after_deletion(nonce: str) -> str:
    return hashlib.sha256(nonce.encode()).hexdigest()[:MAX_NONCE]


def _only(user: int) -> discord.AllowedMentions:
    return discord.AllowedMentions(
        everyone=False, roles=False, replied_user=False, users=[discord.Object(user)]
    )


async def _exists(channel: discord.PartialMessageable, message: int) -> bool:
    try:
        await channel.fetch_message(message)
    except (discord.NotFound, discord.Forbidden) as error:
        return isinstance(error, discord.Forbidden)
    return True


def is_same_text(shown: str, wanted: str) -> bool:
    """Tell whether two texts are the same, or one of them a long enough beginning of the other."""
    shorter, longer = sorted((shown, wanted), key=len)
    return shown == wanted or (len(shorter) >= LEAST_PREFIX and longer.startswith(shorter))
