"""The bot's own words: catalogues, a translator for each language, numbers and dates in their forms."""

from core.i18n.capabilities import behind_word, spoken_capability
from core.i18n.catalog import Phrase
from core.i18n.commands import COMMANDS, SPOKEN, command_menu, command_words, listed_command, spoken_command
from core.i18n.figures import above, below, figures
from core.i18n.languages import LANGUAGES, LONGEST_TAG, Known, nearest, sentences
from core.i18n.overrides import BY_KEY, RETIRED, overridden, problems_of, retired
from core.i18n.phrases import PHRASES
from core.i18n.places import PlacesPhrase
from core.i18n.preview import preview, samples
from core.i18n.prose import may_be_prose
from core.i18n.rights import RightsPhrase
from core.i18n.topics.linking import LinkPhrase
from core.i18n.topics.scheduled import ScheduledPhrase
from core.i18n.translators import LocaleTranslator, Translators, warm

__all__ = [
    "BY_KEY",
    "COMMANDS",
    "LANGUAGES",
    "LONGEST_TAG",
    "PHRASES",
    "RETIRED",
    "SPOKEN",
    "Known",
    "LinkPhrase",
    "LocaleTranslator",
    "Phrase",
    "PlacesPhrase",
    "RightsPhrase",
    "ScheduledPhrase",
    "Translators",
    "above",
    "behind_word",
    "below",
    "command_menu",
    "command_words",
    "figures",
    "listed_command",
    "may_be_prose",
    "nearest",
    "overridden",
    "preview",
    "problems_of",
    "retired",
    "samples",
    "sentences",
    "spoken_capability",
    "spoken_command",
    "warm",
]
