"""Tells people in a direct message that Slack does not let the bot write where they asked."""

from __future__ import annotations

import re
from functools import partial

from bots.slack.delivery.markup_out import disarmed
from bots.slack.delivery.messages import direct_channel, post
from bots.slack.events.address import PLATFORM, Address
from bots.slack.transport.api import SlackApi
from bots.slack.transport.people import People
from core.delivery.forwarding import UnreachablePlaces
from core.domain import Place, PlaceClosed
from core.i18n import Phrase, Translators
from core.util.clock import Now

CLOSED = frozenset({"not_in_channel", "channel_not_found", "is_archived", "is_inactive"})
_RESTRICTED = "restricted_action"
"""The beginning of several codes: the workspace's settings keep apps, or everybody, from writing there."""
_CHANNEL = re.compile(r"[A-Z0-9]{2,32}")
_HERE = "{here}"


class DirectMessages:
    """Tells the authors of questions that their place takes no answer."""

    def __init__(self, translators: Translators, now: Now) -> None:
        self._translators = translators
        self._places = UnreachablePlaces(now)

    async def tell(self, api: SlackApi, people: People, where: Address, error: PlaceClosed) -> None:
        """Tell the author, once an hour for each place, if it is the place that is closed to the bot."""
        if error.code in CLOSED or error.code.startswith(_RESTRICTED):
            send = None if where.direct or not where.user else partial(self._send, api, people, where)
            await self._places.tell(Place(PLATFORM, where.team, where.channel), error.code, send)

    async def _send(self, api: SlackApi, people: People, place: Address) -> None:
        locale = (await people.find(place.user)).locale
        there = Place(PLATFORM, place.team, place.channel, place.thread)
        words = self._translators.for_reader(locale, there).say(Phrase.MAY_NOT_WRITE, where=_HERE)
        # a live token, of our own making: Slack shows the channel's name to those who may know it
        name = f"<#{place.channel}>" if _CHANNEL.fullmatch(place.channel) else "…"
        text = disarmed(words).replace(_HERE, name)
        if channel := await direct_channel(api, place.user):
            await post(api, channel, "", {"text": text})
