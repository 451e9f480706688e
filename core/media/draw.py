"""`draw`: pictures of what people describe, shown as files."""

from __future__ import annotations

import re

from core.aivax.media.client import MediaClient
from core.aivax.media.linked_files import LinkedFiles
from core.conversations.capabilities import CapabilityRun
from core.conversations.framing import harmless
from core.domain import Capability, MadeFile
from core.i18n import Phrase
from core.media.hints import media_call
from core.media.settings import MediaSettings
from core.util.media_types import ENDINGS
from core.util.text import shorten

ALT_CHARS = 100
_COUNT = re.compile(r"(?i)\s*(\d{1,2})\s*[x\u00d7](?=\s)\s*")


def read_wish(words: str) -> tuple[int, str]:
    """How many pictures are wished for, and what they are to show: `2x a boat`. `3 cats` are three cats in one."""
    found = _COUNT.match(words)
    wish = harmless(words[found.end() :] if found else words).strip()
    return max(1, int(found[1])) if found else 1, wish


class Drawing:
    """Carries `draw` out."""

    def __init__(
        self, settings: MediaSettings, media: MediaClient, links: LinkedFiles, *, most_bytes: int
    ) -> None:
        """`most_bytes`: the largest picture that is shown."""
        self._settings = settings
        self._media = media
        self._links = links
        self._most_bytes = most_bytes
        self.capability = Capability(
            name="draw",
            word=Phrase.DRAW_WORD,
            description=Phrase.DRAW_DESCRIPTION,
            takes="words",
            argument=Phrase.DRAW_ARGUMENT,
            argument_help=Phrase.DRAW_ARGUMENT_HELP,
            daily=settings.draw_daily,
        )

    async def run(self, run: CapabilityRun) -> None:
        """Have the pictures made, fetch them at once, and show them; one that can't be had is told by its link."""
        say = run.translator.say
        count, wish = read_wish(run.words)
        if not wish:
            await run.write(say(Phrase.DRAW_USAGE, word=say(Phrase.DRAW_WORD)))
            return
        most = self._settings.image_chars
        if len(wish) > most:
            await run.write(say(Phrase.DRAW_TOO_LONG, most=most, length=len(wish)))
            return
        await run.status(say(Phrase.DRAWING))
        async with media_call("image"):
            made = await self._media.pictures(
                wish, model=self._settings.image_model, count=min(count, self._settings.images)
            )
        if made.spent_usd:
            run.spent(self._settings.image_model, made.spent_usd)
        lines = [say(Phrase.DRAWN if made.links else Phrase.DRAW_NOTHING)]
        if count > self._settings.images:
            lines.append(say(Phrase.DRAW_MOST, most=self._settings.images))
        for number, link in enumerate(made.links, 1):
            if not await self._show(run, number, link, wish):
                lines.append(say(Phrase.DRAW_LINK, link=link))
        await run.write("\n\n".join(lines))

    async def _show(self, run: CapabilityRun, number: int, link: str, wish: str) -> bool:
        found = await self._links.fetch(link, self._most_bytes)
        if found is None or not found.media_type.startswith("image/"):
            return False
        name = f"picture-{number}.{ENDINGS.get(found.media_type, 'bin')}"
        alt = shorten(" ".join(re.sub(r"[\[\]]", " ", wish).split()), ALT_CHARS)
        await run.show(MadeFile(name, found.media_type, alt, found.data))
        return True
