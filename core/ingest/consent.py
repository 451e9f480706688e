"""Consent at first contact: people are told that what they say is stored, or asked whether they agree to it first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from typing import Literal

from core.conversations.directory import Directory
from core.domain import Action, Edited, PassedOver, Pressed, Said, Translator
from core.i18n import LANGUAGES, Phrase, RightsPhrase, sentences
from core.ingest.questions import Questions
from core.ingest.refusal_signs import RefusalSigns
from core.storage.turns.intake import IntakeTransaction
from core.util.log import log

Mode = Literal["off", "notice", "agree"]
TELL_AGAIN = timedelta(hours=1)
"""How long somebody who goes on asking is not asked again whether they agree."""


class Consent:
    """`[privacy] consent`. What is asked before its author agrees is stored, and answered once they do."""

    def __init__(
        self,
        mode: Mode,
        directory: Directory,
        questions: Questions,
        signs: RefusalSigns,
        *,
        most: Callable[[], int],
    ) -> None:
        """`most` tells how many questions of one person are kept: the limit may change while the bot runs."""
        self._mode = mode
        self._directory = directory
        self._questions = questions
        self._signs = signs
        self._most = most

    async def ask(
        self, transaction: IntakeTransaction, said: Said, identity_id: int, translator: Translator
    ) -> Sequence[int]:
        """Take a question in, as far as its author's consent goes; the conversations that have work now."""
        if self._mode == "off":
            return await self._questions.ask(transaction, said, identity_id, translator)
        consented = await transaction.consents.of(identity_id)
        if self._mode == "agree" and not consented.agreed:
            if is_agreement(said.text) and consented.told:
                return await self.agree(transaction, said, identity_id, translator)
            return await self._hold(transaction, said, identity_id, translator)
        asked = await self._questions.ask(transaction, said, identity_id, translator)
        if consented.told:
            return asked
        await transaction.consents.tell(identity_id)
        told = translator.say(RightsPhrase.CONSENT_NOTICE, **_words(translator))
        return (*asked, *await self._directory.add_notice(transaction, said, identity_id, told))

    async def agree(
        self, transaction: IntakeTransaction, act: Said | Pressed, identity_id: int, translator: Translator
    ) -> Sequence[int]:
        """Remember that somebody agrees, and take in what they asked before."""
        await transaction.consents.agree(identity_id)
        held = await transaction.consents.take(identity_id, act.author)
        with_work: list[int] = []
        for said in held:
            with_work += await self._questions.ask(transaction, said, identity_id, translator)
        log.info("consent.given", platform=act.place.platform, questions=len(held))
        told = translator.say(RightsPhrase.CONSENT_DONE if held else RightsPhrase.CONSENT_KNOWN)
        return (*with_work, *await self._directory.add_notice(transaction, act, identity_id, told))

    async def edited(self, transaction: IntakeTransaction, edited: Edited, identity_id: int) -> None:
        """Change the words of a question that is kept."""
        if self._mode == "agree":
            await transaction.consents.reword(identity_id, edited.origin, edited.text)

    async def _hold(
        self, transaction: IntakeTransaction, said: Said, identity_id: int, translator: Translator
    ) -> Sequence[int]:
        """Keep a question, and ask whether its author agrees: once in a while, or where they would wait for it."""
        if not await transaction.consents.hold(identity_id, said, self._most()):
            self._signs.refuse(said, PassedOver.OVER_BOUND)
            return ()
        await transaction.consents.tell(identity_id)
        who = said.author.identity
        key = f"consent:{who.platform}:{who.workspace}:{who.user}:{said.place.channel}"
        if not await transaction.first_within(key, TELL_AGAIN) and not said.awaited:
            return ()
        words = translator.say(RightsPhrase.CONSENT_BUTTON)
        asked = translator.say(RightsPhrase.CONSENT_ASKED, words=words, **_words(translator))
        offers = (Action.AGREE,)
        return await self._directory.add_notice(transaction, said, identity_id, asked, offers)


def _words(translator: Translator) -> dict[str, str]:
    return {
        "word": translator.say(Phrase.PRIVACY_NAME),
        "forget": translator.say(Phrase.MEMORY_FORGET_WORD),
    }


def is_agreement(text: str) -> bool:
    """Whether a message is nothing but the words by which somebody agrees, in any language."""
    return " ".join(text.split()).casefold().strip(" .!") in _agreements()


@cache
def _agreements() -> frozenset[str]:
    words = RightsPhrase.CONSENT_BUTTON
    return frozenset(sentences(each).get(words.key, words.value).casefold() for each in LANGUAGES)
