"""All sentences of the bot's own: those of the catalogue, and of each topic that has a file of its own."""

from __future__ import annotations

from core.domain import Sentence
from core.i18n.catalog import Phrase
from core.i18n.linking import LinkPhrase
from core.i18n.places import PlacesPhrase
from core.i18n.rights import RightsPhrase
from core.i18n.scheduled import ScheduledPhrase

<<<<<<< HEAD
PHRASES: tuple[Sentence, ...] = (*Phrase, *RightsPhrase, *PlacesPhrase, *ScheduledPhrase)
=======
PHRASES: tuple[Sentence, ...] = (*Phrase, *RightsPhrase, *LinkPhrase, *PlacesPhrase)
>>>>>>> 1d18c5e (Let people link their accounts on several platforms, so that they count as one person)
"""Each has a translation in every catalogue, and may be reworded in `[replies.sentences]`."""
