"""All sentences of the bot's own: those of the catalogue, and of each topic that has a file of its own."""

from __future__ import annotations

from core.domain import Sentence
from core.i18n.catalog import Phrase
from core.i18n.places import PlacesPhrase
from core.i18n.rights import RightsPhrase
from core.i18n.topics.linking import LinkPhrase
from core.i18n.topics.scheduled import ScheduledPhrase

PHRASES: tuple[Sentence, ...] = (*Phrase, *RightsPhrase, *LinkPhrase, *PlacesPhrase, *ScheduledPhrase)
"""Each has a translation in every catalogue, and may be reworded in `[replies.sentences]`."""
