"""Answers over an interaction's own webhook: to a command, also beyond the 15 minutes that it lasts, and to a press."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import discord

from bots.discord.delivery.channel import DiscordChannel, is_same_text
from bots.discord.delivery.markup_out import native
from bots.discord.delivery.webhook import ORIGINAL, TokenExpired, Webhook, follow_up_key, is_thinking
from bots.discord.events.address import PLATFORM, Address
from bots.discord.events.buttons import are_of_turn
from bots.discord.transport.api import Session, own_id
from bots.discord.transport.pacing import Guard, unguarded
from core.delivery.message_parts import UNKNOWN_MESSAGE, gone_is_fine
from core.delivery.pacing import Pace
from core.domain import Button, Delivery, MadeFile, PlaceClosed, PlatformBusy
from core.util.log import log

T = TypeVar("T")

TOKEN_S, MARGIN_S, LAST_S = 900.0, 60.0, 3.0
"""How long a token is good for (Discord's limit), how long before that an answer goes on without it or ends, and how
long before that even its last words are too late."""
FIRST, FURTHER, DIRECT = "o", "f", "d"
"""What stands before the id of a message that a token changes, or that stands in a direct conversation."""
HOOK_NAMES = {FIRST: ORIGINAL, FURTHER: ""}
"""What a token changes: how its webhook names that message, where not by its id."""
MOST_FAILURES = 3


def ends_at(address: Address) -> float:
    """Tell when, in Unix seconds, an answer has to go on without its interaction's token, or to end."""
    return discord.utils.snowflake_time(address.interaction).timestamp() + TOKEN_S - MARGIN_S


def outlives_token(address: Address) -> bool:
    """Tell whether an answer can go on where it stands, without the token."""
    return address.may_send and not address.hidden


class InteractionChannel(DiscordChannel):
    """The place of one command's answer, with all that it takes in the address.

    The first part fills the message that says "thinking", by an edit that can be repeated. Further parts of a public
    answer are ordinary messages with our nonce, where the bot may write; else follow-ups, which have none.
    When the token has expired a public answer goes on where it stands, as the bot's own messages, and what only its
    author may read goes to them in private.
    """

    def __init__(
        self, session: Session, address: Address, guard: Guard = unguarded, pace: Pace | None = None
    ) -> None:
        super().__init__(session, address, guard, pace)
        self._hook = Webhook(session, address, guard)
        self._direct: DiscordChannel | None = None
        self._filled = False
        """Whether the first message is this answer's, as far as this process knows."""
        self._added: set[str] = set()
        self._expired = session.timing.wall() >= ends_at(address)
        self._failures = 0
        self._until = ends_at(address) + (0.0 if outlives_token(address) else MARGIN_S - LAST_S)

    @property
    def edit_interval_s(self) -> float:
        timing = self._session.timing
        return timing.webhook_interval_s if self._token_valid else timing.edit_interval_s

    async def working(self) -> None:
        """While the token is valid Discord itself shows that the bot thinks."""
        if not self._token_valid and not self._address.hidden:
            await super().working()

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        try:
            return await self._by_token(lambda: self._post_inside(text, delivery, buttons))
        except TokenExpired:
            return await self._post_outside(text, delivery, buttons)

    async def edit(self, message_id: str, text: str, buttons: Sequence[Button] = ()) -> None:
        kind, target = message_id[:1], message_id[1:]
        if kind == DIRECT:
            await (await self._conversation()).edit(target, text, buttons)
        elif kind not in HOOK_NAMES:
            await super().edit(message_id, text, buttons)
        else:
            try:
                await self._by_token(lambda: self._change_by_hook(HOOK_NAMES[kind] or target, text, buttons))
            except TokenExpired as expired:
                if self._address.hidden:
                    # nothing changes it any more: what is due is posted anew, in private
                    raise PlaceClosed(
                        PLATFORM, code=UNKNOWN_MESSAGE, detail="only its author saw it"
                    ) from expired
                await super().edit(target, text, buttons)

    async def delete(self, message_id: str) -> None:
        kind, target = message_id[:1], message_id[1:]
        if kind == DIRECT:
            await (await self._conversation()).delete(target)
        elif kind not in HOOK_NAMES:
            await super().delete(message_id)
        else:
            try:
                with gone_is_fine():
                    await self._by_token(lambda: self._hook.remove(HOOK_NAMES[kind] or target))
            except TokenExpired:
                if not self._address.hidden:
                    await super().delete(target)

    async def post_files(self, files: Sequence[MadeFile], delivery: Delivery, *, again: bool) -> str:
        """Create a message with files; where the answer has no words they stand where Discord says "thinking".

        What only its author reads has no nonce and can't be looked up: where its outcome is unknown, the files may be
        there twice.
        """
        try:
            return await self._by_token(lambda: self._post_files_inside(files, delivery, again=again))
        except TokenExpired:
            if not self._address.hidden:
                return await super().post_files(files, delivery, again=again)
            return DIRECT + await (await self._conversation()).post_files(files, delivery, again=again)

    async def _post_files_inside(self, files: Sequence[MadeFile], delivery: Delivery, *, again: bool) -> str:
        with gone_is_fine():
            if is_thinking(await self._hook.read()):
                return FIRST + await self._hook.attach(files, hidden=self._address.hidden, to=ORIGINAL)
        if outlives_token(self._address):
            return await super().post_files(files, delivery, again=again)
        return FURTHER + await self._hook.attach(files, hidden=self._address.hidden)

    async def find(self, delivery: Delivery, text: str) -> str | None:
        """Look for what may have been created: the first part in its place, further ones in the channel.

        What only its author sees stands in no history. The gateway tells of it, but to the process that listens
        alone: where that is another one, such a part may be said twice.
        """
        try:
            if delivery.part == 0 and self._token_valid and (found := await self._find_first(delivery, text)):
                return found
            if self._address.hidden:
                return self._seen_by_gateway(text)
            return await self._find_further(delivery, text)
        except TokenExpired:
            self._expired = True
            return await self.find(delivery, text)
        except PlaceClosed:
            return None

    @property
    def _token_valid(self) -> bool:
        return not self._expired and self._session.timing.wall() < self._until

    async def _change_by_hook(self, message: str, text: str, buttons: Sequence[Button]) -> str:
        return await self._hook.change(message, text, buttons, growing=self._growing)

    # -- with the token -----------------------------------------------------------------------------

    async def _by_token(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call while the token is valid. Raises TokenExpired, also where Discord fails at it again and again."""
        if not self._token_valid:
            raise TokenExpired("local")
        try:
            return await call()
        except TokenExpired:
            self._expired = True
            raise
        except PlatformBusy as error:
            self._failures += error.failed
            self._expired = self._failures >= MOST_FAILURES
            raise

    async def _post_inside(self, text: str, delivery: Delivery, buttons: Sequence[Button]) -> str:
        if delivery.part == 0:
            with gone_is_fine():
                # a first message that says something else is another answer's to this command
                if self._filled or is_thinking(await self._hook.read()):
                    self._filled = True
                    return FIRST + await self._change_by_hook(ORIGINAL, text, buttons)
        if outlives_token(self._address):
            try:
                return await super().post(text, delivery, buttons)
            except PlaceClosed as error:
                log.info("discord.answered_by_follow_up", code=error.code)
        added = FURTHER + await self._hook.add(
            text, buttons, hidden=self._address.hidden, growing=self._growing
        )
        self._added.add(added)
        return added

    async def _find_first(self, delivery: Delivery, text: str) -> str | None:
        first = await self._hook.read()
        shown = [
            item.get("custom_id") for row in first.get("components", ()) for item in row.get("components", ())
        ]
        said = str(first.get("content") or "")
        is_ours = are_of_turn(shown, delivery) or is_same_text(said, native(text).strip())
        return FIRST + str(first["id"]) if is_ours and not is_thinking(first) else None

    def _seen_by_gateway(self, text: str) -> str | None:
        known = self._session.posted.get(follow_up_key(self._address.interaction, native(text)))
        found = f"{FURTHER}{known}"
        return found if known is not None and found not in self._added else None

    async def _find_further(self, delivery: Delivery, text: str) -> str | None:
        if found := await super().find(delivery, text):
            return found
        wanted = native(text).strip()

        async def look(client: discord.Client) -> str | None:
            since = discord.Object(self._address.interaction)
            place = client.get_partial_messageable(self._address.channel)
            async for message in place.history(limit=100, after=since):
                found = f"{FURTHER}{message.id}"
                if message.author.id != own_id(client) or not message.webhook_id or found in self._added:
                    continue
                if is_same_text(message.content.strip(), wanted):
                    return found
            return None

        return await self._session.call(look)

    # -- without it ---------------------------------------------------------------------------------

    async def _post_outside(self, text: str, delivery: Delivery, buttons: Sequence[Button]) -> str:
        if not self._address.hidden:
            return await super().post(text, delivery, buttons)
        try:
            return DIRECT + await (await self._conversation()).post(text, delivery, buttons)
        except PlaceClosed as error:
            log.warning("discord.private_answer_undeliverable", user=self._address.user, code=error.code)
            raise

    async def _conversation(self) -> DiscordChannel:
        """Find the author's direct conversation with the bot. Raises PlaceClosed where there can be none."""
        if self._direct is None:
            channel = await self._session.open_direct(self._address.user)
            there = Address(channel=channel, private=True)
            self._direct = DiscordChannel(self._session, there, self._guard, self._pace)
        return self._direct
