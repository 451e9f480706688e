"""Tell whoever asked where Discord does not let the bot write, in a direct message."""

from __future__ import annotations

from functools import partial

from bots.discord.delivery.channel import NO_MENTIONS
from bots.discord.events.address import PLATFORM, Address
from bots.discord.transport.api import Session
from bots.discord.transport.pacing import unguarded
from core.delivery.unreachable import UnreachablePlaces
from core.domain.errors import PlaceClosed
from core.domain.messages import Place
from core.i18n.catalog import Phrase
from core.i18n.translators import Translators

FORBIDDEN = frozenset({"50001", "50013", "50083", "160005"})
"""No access, a permission that lacks, a thread that is archived or locked: what people of the server can mend."""


class DirectMessages:
    """Tells the authors of questions that their place takes no answer."""

    def __init__(self, session: Session, translators: Translators) -> None:
        self._session = session
        self._translators = translators
        self._places = UnreachablePlaces(session.timing.now)

    async def tell(self, where: Address, error: PlaceClosed) -> None:
        """Tell the author, once an hour for each channel, if it is the place that is closed to the bot."""
        if error.code in FORBIDDEN:
            place = Place(PLATFORM, str(where.guild or ""), str(where.channel))
            send = partial(self._send, where) if where.guild and where.user else None
            await self._places.tell(place, error.code, send)

    async def _send(self, where: Address) -> None:
        place = Place(PLATFORM, str(where.guild), str(where.parent or where.channel))
        translator = self._translators.for_reader(where.locale, place)
        text = translator.say(Phrase.MAY_NOT_WRITE, where=f"<#{where.channel}>")
        direct = await self._session.open_direct(where.user)
        await self._session.write(
            direct,
            lambda client: client.get_partial_messageable(direct).send(
                text, suppress_embeds=True, allowed_mentions=NO_MENTIONS
            ),
            unguarded,
            creates=True,
        )
