"""Which gateway answers in a channel: whoever asks is told, operators choose."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Sequence

from core.conversations.routes import Routes
from core.domain import AivaxError, Author, Commanded, Place, SettingRefused, Translator
from core.i18n import Phrase
from core.storage.turns.intake import IntakeTransaction
from core.util.log import log

DEFAULT = "default"
"""What is said to go back to the configured gateway."""
KNOWN_FOR_S = 600.0
MODEL_CHARS = 256


class Models:
    """Answers `model`, and knows what can be chosen."""

    def __init__(
        self,
        routes: Routes,
        operators: Collection[str],
        check: Callable[[str], None],
        listed: Callable[[], Awaitable[Sequence[str]]],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`operators` are `platform:id` of users and roles; `check` raises `SettingRefused` for what the key can't
        ask; `listed` asks AIVAX what there is."""
        self._routes = routes
        self._operators = frozenset(operators)
        self._check = check
        self._listed = listed
        self._now = now
        self._known: tuple[float, Sequence[str]] | None = None

    async def obey(self, transaction: IntakeTransaction, commanded: Commanded, translator: Translator) -> str:
        """Show or choose; the sentence that tells."""
        place, wanted = commanded.place, commanded.argument.strip()[:MODEL_CHARS]
        configured = self._routes.of(place).model
        if not wanted:
            return translator.say(Phrase.MODEL_SHOWN, model=await transaction.models.of(place) or configured)
        if not self.may_choose(commanded.author):
            return translator.say(Phrase.OPERATORS_ONLY)
        return await self.choose(transaction, place, wanted, translator)

    async def choose(
        self, transaction: IntakeTransaction, place: Place, wanted: str, translator: Translator
    ) -> str:
        """Have a gateway answer in a place from now on; the sentence that tells so, or why not."""
        if wanted == DEFAULT:
            await transaction.models.choose(place, "", transaction.now)
            return translator.say(Phrase.MODEL_RESET, model=self._routes.of(place).model)
        try:
            self._check(wanted)
        except SettingRefused:
            return translator.say(Phrase.MODEL_REFUSED, model=wanted)
        await transaction.models.choose(place, wanted, transaction.now)
        log.info("model.chosen", platform=place.platform, channel=place.channel, model=wanted)
        return translator.say(Phrase.MODEL_SET, model=wanted)

    def may_choose(self, author: Author) -> bool:
        """Whether somebody runs the bot."""
        who = author.identity
        names = {f"{who.platform}:{each}" for each in (who.user, *author.roles)}
        return bool(names & self._operators)

    async def choices(self, author: Author, place: Place) -> Sequence[str]:
        """What an operator can choose from: the configured gateways, and what AIVAX lists; nothing for others."""
        if not self.may_choose(author):
            return ()
        first = [DEFAULT, self._routes.of(place).model, *sorted(self._routes.models)]
        return [each for each in dict.fromkeys([*first, *await self._all()]) if each]

    async def _all(self) -> Sequence[str]:
        if self._known is None or self._now() - self._known[0] > KNOWN_FOR_S:
            try:
                self._known = (self._now(), await self._listed())
            except AivaxError as error:
                log.info("models.unlisted", cause=str(error))
                self._known = (self._now(), self._known[1] if self._known else ())
        return self._known[1]
