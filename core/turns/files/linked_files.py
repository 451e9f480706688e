"""What AIVAX' tools made and handed over as a link becomes a file below the answer; the link stays where it stood.

AIVAX keeps such files for some months alone, and a person should not have to open a foreign page to see a picture.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from core.aivax.media.linked_files import LinkedFiles
from core.aivax.stream.events import Picture
from core.aivax.stream.files.links import links_in
from core.storage.turns.made_files import MadeFileStore
from core.turns.answer import Answer

BUDGET_S = 45.0
"""For all files of an answer: what was not fetched by then stays a link."""


class FetchedLinks:
    """Fetches what the links of an answer lead to."""

    def __init__(self, links: LinkedFiles, store: MadeFileStore, *, most_bytes: int, is_aivax: bool) -> None:
        """`is_aivax`: whether AIVAX answers; of other servers nothing is known that would make their links files."""
        self._links = links
        self._store = store
        self._most_bytes = most_bytes
        self._is_aivax = is_aivax

    async def fetch(self, answer: Answer) -> None:
        """Keep the files of an answer that is all there, one at a time; write those links that stand nowhere in it."""
        if not self._is_aivax or answer.is_unseen:
            return
        told = [link for link in answer.links if link not in answer.followed]
        written = [link for link in links_in(answer.text) if link not in told and self._links.trusts(link)]
        shown: set[str] = set()
        with suppress(TimeoutError):
            async with asyncio.timeout(BUDGET_S):
                for link in (*told, *written):
                    if link in answer.followed or not answer.has_room_for_files:
                        continue
                    answer.followed.add(link)
                    if await self._keep(answer, link):
                        shown.add(link)
        for link in told:
            if link not in answer.text and link not in shown:
                await answer.add_link(link)
        answer.followed.update(told)

    async def _keep(self, answer: Answer, link: str) -> bool:
        """Whether a picture was kept, which needs no link beside it."""
        found = await self._links.fetch(link, self._most_bytes)
        if found is None:
            return False
        file = answer.admit(Picture(found.data, found.media_type, ""))
        if file is None:
            return False
        await self._store.keep(answer.turn, answer.files, file)
        return found.media_type.startswith("image/")
