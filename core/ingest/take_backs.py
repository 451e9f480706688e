"""An answer is taken away by who asked, or by who may look after the place: forgotten at once, then off the screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.conversations.directory import Directory
from core.domain import Author, Commanded
from core.i18n import Phrase, Translators
from core.storage.personal_data.quotes import answers_quoting_answer
from core.storage.turns.intake import IntakeStore, IntakeTransaction
from core.storage.turns.taken_back import Answered
from core.util.log import log


@dataclass(frozen=True, slots=True)
class Quoting:
    """Later answers that quote one."""

    of: int
    """The turn whose answer they quote; 0: none."""
    turns: Sequence[int]


class TakeBacks:
    """Takes in that an answer is to go. No list of who may ask takes that right away."""

    def __init__(
        self,
        store: IntakeStore,
        directory: Directory,
        translators: Translators,
        is_operator: Callable[[Author], bool],
    ) -> None:
        self._transactions = store
        self._directory = directory
        self._translators = translators
        self._is_operator = is_operator

    async def quoting(self, commanded: Commanded) -> Quoting:
        """Look, before the transaction that empties them, for later answers that quote the one that is meant."""
        async with self._transactions.transaction() as transaction:
            identity_id = await transaction.known_identity(commanded.author)
            found = await self._meant(transaction, commanded, identity_id)
        if found is None:
            return Quoting(0, ())
        return Quoting(found.id, await answers_quoting_answer(self._transactions.database, found.id))

    async def take(
        self, transaction: IntakeTransaction, commanded: Commanded, quoting: Quoting
    ) -> Sequence[int]:
        """Forget the answer, and have it removed; the conversations that have work now, or something to look at."""
        identity_id = await transaction.identity_id(commanded.author)
        locale = await transaction.locale_of(identity_id)
        translator = self._translators.for_reader(locale, commanded.place)
        meant = await self._meant(transaction, commanded, identity_id)
        if meant is None:
            told = translator.say(Phrase.DELETE_NOTHING)
            return await self._directory.add_notice(transaction, commanded, identity_id, told)
        if not await self._may(transaction, commanded, identity_id, meant):
            told = translator.say(Phrase.DELETE_NOT_YOURS)
            return await self._directory.add_notice(transaction, commanded, identity_id, told)
        later = quoting.turns if quoting.of == meant.id else ()
        await transaction.taken_back.hold(meant, later, commanded.place, identity_id)
        running_in = await transaction.taken_back.forget(meant, later)
        here = await self._directory.find_for_notices(transaction, commanded.place, identity_id)
        told = translator.say(Phrase.DELETE_DONE)
        await transaction.add_turn(here, identity_id, commanded.address, notice=told, takes_back=meant.id)
        log.info("answer.taken_away", turn=meant.id, by_author=meant.identity_id == identity_id)
        return (*running_in, here)

    async def _meant(
        self, transaction: IntakeTransaction, commanded: Commanded, identity_id: int | None
    ) -> Answered | None:
        if commanded.about:
            return await transaction.taken_back.find(commanded.place, commanded.about)
        if identity_id is None:
            return None
        return await transaction.taken_back.newest(
            commanded.place, identity_id, whole_channel=commanded.whole_channel
        )

    async def _may(
        self, transaction: IntakeTransaction, commanded: Commanded, identity_id: int, meant: Answered
    ) -> bool:
        """Whether somebody asked that question, in whichever identity, or looks after the place, or runs the bot."""
        if commanded.manages or self._is_operator(commanded.author) or meant.identity_id == identity_id:
            return True
        return meant.person_id == await transaction.taken_back.person_of(identity_id)
