"""`link` and `unlink`: what people say in chat to be one person on several platforms."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from core.conversations.capabilities import CapabilityRun
from core.domain import LINK, Capability
from core.i18n import LinkPhrase
from core.rights.link_words import (
    MASKED,
    LinkWish,
    digest_of,
    is_about_linking,
    is_about_unlinking,
    read_link,
    read_number,
)
from core.rights.linking import Linking, Told
from core.storage.personal_data.link_codes import Side
from core.storage.turns.intake import IntakeStore, IntakeTransaction


class _Handler:
    """What both have in common: a transaction, and whom to wake once it is committed."""

    def __init__(self, linking: Linking, store: IntakeStore) -> None:
        self._linking = linking
        self._store = store
        self._work: asyncio.Queue[int] = asyncio.Queue()

    async def upkeep(self, notify: Callable[[int], None]) -> None:
        """Tell the worker pool of sentences for the other side, until cancelled."""
        while True:
            notify(await self._work.get())

    def _wake(self, transaction: IntakeTransaction) -> None:
        for conversation_id in transaction.work_elsewhere:
            self._work.put_nowait(conversation_id)

    async def _say(self, run: CapabilityRun, told: Told) -> None:
        await run.write(told.text)
        run.offer(*told.offers)


class LinkHandler(_Handler):
    """`link` gives a code, `link CODE` takes it in; `link yes`, `no`, `together` and `apart` are said by words."""

    capability = Capability(
        LINK,
        LinkPhrase.LINK_WORD,
        LinkPhrase.LINK_COMMAND,
        "words",
        alone=True,
        argument=LinkPhrase.LINK_ARGUMENT,
        argument_help=LinkPhrase.LINK_ARGUMENT_HELP,
        private=True,
        free=True,
        fits=is_about_linking,
    )

    async def run(self, run: CapabilityRun) -> None:
        """See `core.conversations.capabilities.CapabilityHandler`."""
        wish = read_link(run.words)
        if not run.turn.place.is_for_one:
            await self._refuse_in_public(run, wish)
        elif wish.kind == "show":
            await self._give(run)
        else:
            async with self._store.transaction() as transaction:
                await transaction.links.hold()  # two may each use the code of the other
                told = await self._step(run, transaction, wish)
            self._wake(transaction)
            await self._say(run, told)

    async def _refuse_in_public(self, run: CapabilityRun, wish: LinkWish) -> None:
        """A code that others have read is worth nothing any more."""
        say = run.translator.say
        if wish.kind not in ("code", "masked"):
            await run.write(say(LinkPhrase.LINK_IN_PRIVATE))
            return
        async with self._store.transaction() as transaction:
            if wish.code:
                await transaction.link_codes.void(digest_of(wish.code))
            await _mask(run, transaction)
        await run.write(say(LinkPhrase.LINK_CODE_IN_PUBLIC, word=say(LinkPhrase.LINK_WORD)))

    async def _give(self, run: CapabilityRun) -> None:
        say, word = run.translator.say, run.translator.say(LinkPhrase.LINK_WORD)
        async with self._store.transaction() as transaction:
            await transaction.links.hold()
            me = await _side(run, transaction)
            met = await transaction.links.met(me.identity_id)
            linked = await transaction.links.linked(me.identity_id)
            code = await self._linking.make_code(transaction, me)
        if linked:
            await run.write(f"{self._linking.listed(linked, met, run.translator)}\n\n")
        values = {"code": code, "word": word}
        text = say(LinkPhrase.LINK_CODE, span=self._linking.span(run.translator), **values)
        if not met.shares_talk:
            together = say(LinkPhrase.LINK_TOGETHER_WORD)
            text = f"{text}\n\n{say(LinkPhrase.LINK_CODE_HINT, together=together, **values)}"
        await run.write_once(text, secret=code)

    async def _step(self, run: CapabilityRun, transaction: IntakeTransaction, wish: LinkWish) -> Told:
        identity = run.turn.author.identity
        identity_id = await _identity_id(run, transaction)
        match wish.kind:
            case "code":
                await _mask(run, transaction)
                me = await _side(run, transaction)
                return await self._linking.use_code(transaction, me, wish, run.translator)
            case "masked":  # a crash came after the code was taken in
                used = await transaction.link_codes.of_turn(run.turn.id)
                return await self._linking.question(transaction, used, run.translator)
            case "yes" | "no":
                code = await transaction.link_codes.waiting_for(identity_id)
                who = (identity_id, identity)
                agrees = wish.kind == "yes"
                return await self._linking.answer(transaction, code, who, run.translator, agrees=agrees)
            case _:
                shares = wish.kind == "together"
                return await self._linking.share_talk(transaction, identity_id, run.translator, shares=shares)


class UnlinkHandler(_Handler):
    """`unlink` takes this account out, `unlink 2` the second that `link` lists."""

    capability = Capability(
        "unlink",
        LinkPhrase.UNLINK_WORD,
        LinkPhrase.UNLINK_COMMAND,
        "words",
        alone=True,
        argument=LinkPhrase.UNLINK_ARGUMENT,
        argument_help=LinkPhrase.UNLINK_ARGUMENT_HELP,
        private=True,
        free=True,
        fits=is_about_unlinking,
    )

    async def run(self, run: CapabilityRun) -> None:
        """See `core.conversations.capabilities.CapabilityHandler`."""
        say = run.translator.say
        if not run.turn.place.is_for_one:
            await run.write(say(LinkPhrase.LINK_IN_PRIVATE))
            return
        number = read_number(run.words) or 0
        async with self._store.transaction() as transaction:
            me = await _identity_id(run, transaction)
            linked = [each.identity_id for each in await transaction.links.linked(me)]
            if number > len(linked) > 0:
                told = Told(say(LinkPhrase.UNLINK_NO_SUCH, word=say(LinkPhrase.LINK_WORD)))
            else:
                which = linked[number - 1] if number and linked else me
                by = (me, run.turn.author.identity)
                told = await self._linking.take_out(transaction, which, by, run.translator)
        self._wake(transaction)
        await self._say(run, told)


async def _identity_id(run: CapabilityRun, transaction: IntakeTransaction) -> int:
    identity_id = await transaction.known_identity(run.turn.author)
    assert identity_id is not None  # noqa: S101  they asked this
    return identity_id


async def _side(run: CapabilityRun, transaction: IntakeTransaction) -> Side:
    """Who asks, and where the bot's sentences to them stand."""
    identity_id = await _identity_id(run, transaction)
    here = await transaction.find_or_open(run.turn.place, -identity_id)
    return Side(identity_id, here, run.turn.address, run.turn.id)


async def _mask(run: CapabilityRun, transaction: IntakeTransaction) -> None:
    """Keep the message without the code in it."""
    kept = f"{run.translator.say(LinkPhrase.LINK_WORD)} {MASKED}"
    for each in await transaction.changes.question_of(run.turn.id):
        await transaction.changes.reword(each.message_id, kept)
