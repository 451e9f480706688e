"""What an answer needs of the workspace that it is given in."""

from __future__ import annotations

from dataclasses import dataclass

from bots.slack.delivery.channel import Signs
from bots.slack.delivery.streaming.streams import Streams
from bots.slack.transport.api import SlackApi
from bots.slack.transport.people import People


@dataclass(frozen=True, slots=True, eq=False)
class AnsweredWorkspace:
    """One workspace as answers see it: calls with its token, and what it refused before."""

    api: SlackApi
    people: People
    signs: Signs
    streams: Streams
