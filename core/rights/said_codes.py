"""Codes of linking that people say without the word for it: none that is good reaches a model.

What becomes of a code tells whether it is good, so that as few are looked for as one account may try.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from core.domain import Edited, Said, Translator
from core.i18n import LinkPhrase
from core.rights.link_words import MASKED, WrittenCode, digest_of, written_codes
from core.rights.settings import PeopleSettings
from core.storage.turns.intake import IntakeTransaction

HOUR = timedelta(hours=1)
_LETTER = re.compile(r"[^\W_]")

Words = TypeVar("Words", bound=Said | Edited)


class SaidCodes:
    """Looks for codes in what is said to the bot."""

    def __init__(self, settings: PeopleSettings) -> None:
        self._chars = settings.code_chars
        self._tries = settings.code_tries

    async def taken(
        self, transaction: IntakeTransaction, event: Words, identity_id: int, translator: Translator
    ) -> Words:
        """What was said, as if the word stood before a good code that is all of it, or that others can read.

        Of one among other words only dots are left.
        """
        good = await self._good(transaction, written_codes(event.text, self._chars), identity_id)
        text = event.text
        for each in reversed(good):
            beside = event.text[: each.begin] + event.text[each.end :]
            if not event.place.is_for_one or not _LETTER.search(beside):
                return replace(event, text=f"{translator.say(LinkPhrase.LINK_WORD)} {each.code}")
            text = f"{text[: each.begin]}{MASKED}{text[each.end :]}"
        return replace(event, text=text) if good else event

    async def _good(
        self, transaction: IntakeTransaction, written: Sequence[WrittenCode], identity_id: int
    ) -> Sequence[WrittenCode]:
        """Those that are good, as long as the account has tries left."""
        good: list[WrittenCode] = []
        if not written:
            return good
        account = (await transaction.links.met(identity_id)).account
        tries = iter(range(self._tries))
        for each in written:
            if not await self._has_one(transaction, f"link-said:{account}", tries):
                break
            if await transaction.link_codes.find(digest_of(each.code)) is not None:
                good.append(each)
        return good

    async def _has_one(self, transaction: IntakeTransaction, key: str, tries: Iterator[int]) -> bool:
        """Count a try, in whichever process."""
        for number in tries:
            if await transaction.first_within(f"{key}:{number}", HOUR):
                return True
        return False
