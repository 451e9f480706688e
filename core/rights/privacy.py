"""`privacy`: what is stored of people, where and for how long, who reads it, and what AIVAX gets: by the settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from core.aivax.keys import kind_of, speaks_aivax
from core.domain import Translator
from core.i18n import LinkPhrase, Phrase, RightsPhrase
from core.rights.possible import REMEMBER
from core.rights.remote_deletion import Logging
from core.settings import AivaxSettings, ConversationSettings, Route, StorageSettings

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Features:
    """What else of the configuration is about people's data."""

    memory: bool = False
    """Whether people can see what AIVAX remembers of them."""
    learning: bool = False
    linking: bool = False
    """Whether people may link their accounts."""
    summaries: bool = False


@dataclass(frozen=True, slots=True)
class PrivacyPage:
    """The page. It tells what the settings say, and nothing that isn't so."""

    storage: StorageSettings = field(default_factory=StorageSettings)
    conversation: ConversationSettings = field(default_factory=ConversationSettings)
    aivax: AivaxSettings = field(default_factory=AivaxSettings)
    routes: tuple[Route, ...] = ()
    features: Features = Features()
    logging: Logging = field(default_factory=lambda: Logging(is_on=True))

    def told(self, translator: Translator) -> str:
        """All of it, in a reader's language, as Markdown."""
        return "\n".join(
            [
                self._sentence(translator),
                "",
                *(f"- {line}" for line in self._lines(translator)),
            ]
        )

    def _sentence(self, translator: Translator) -> str:
        if self._is_aivax:
            return translator.say(Phrase.PRIVACY)
        where = urlsplit(self.aivax.base_url).hostname or self.aivax.base_url
        return translator.say(RightsPhrase.PRIVACY_ELSEWHERE, where=where)

    def _lines(self, translator: Translator) -> Iterator[str]:
        say = translator.say
        is_file = self.storage.url.startswith("sqlite")
        yield f"{say(RightsPhrase.PRIVACY_KEPT)} {' '.join(self._periods(translator))}"
        if self.features.summaries:
            yield say(RightsPhrase.PRIVACY_SUMMARIES, word=say(RightsPhrase.SUMMARY_NAME))
        yield say(RightsPhrase.PRIVACY_IN_FILE if is_file else RightsPhrase.PRIVACY_ON_SERVER)
        shared = self.conversation.scope == "thread"
        readers = [RightsPhrase.PRIVACY_READERS, *([RightsPhrase.PRIVACY_SHARED] if shared else [])]
        yield " ".join(map(say, readers))
        yield " ".join(
            [say(RightsPhrase.PRIVACY_SENT), *(self._at_aivax(translator) if self._is_aivax else [])]
        )
        export, forget = say(RightsPhrase.EXPORT_NAME), say(Phrase.MEMORY_FORGET_WORD)
        yield say(RightsPhrase.PRIVACY_RIGHTS, word=export, forget=forget)
        if self.features.linking:
            yield say(LinkPhrase.LINK_PRIVACY, word=say(LinkPhrase.LINK_WORD))

    def _periods(self, translator: Translator) -> Iterator[str]:
        days = self.storage.retention_days
        if days:
            yield translator.say(Phrase.PRIVACY_PERIOD, left=translator.duration(days * DAY_S))
        else:
            yield translator.say(RightsPhrase.PRIVACY_FOR_EVER)
        more = (
            (RightsPhrase.PRIVACY_FILES_PERIOD, self.storage.retention_files_days),
            (RightsPhrase.PRIVACY_TOOLS_PERIOD, self.storage.retention_tools_days),
            (RightsPhrase.PRIVACY_NUMBERS_PERIOD, self.storage.retention_calls_days),
        )
        for phrase, period_days in more:
            if period_days:
                yield translator.say(phrase, left=translator.duration(period_days * DAY_S))

    def _at_aivax(self, translator: Translator) -> Iterator[str]:
        say = translator.say
        if self.aivax.allow_logging or any(route.allow_logging for route in self.routes):
            yield say(RightsPhrase.PRIVACY_LOGGED, left=translator.duration(self.logging.period_s))
        else:
            yield say(RightsPhrase.PRIVACY_NOT_LOGGED)
        if self.features.memory and self._may_remember:
            yield say(RightsPhrase.PRIVACY_MEMORY, word=say(Phrase.MEMORY_NAME))
        if self.features.learning:
            yield say(RightsPhrase.PRIVACY_LEARNT)

    @property
    def _may_remember(self) -> bool:
        """Where the settings name no tools, the gateway may have any."""
        named = [self.aivax.builtin_tools, *(each.builtin_tools for each in self.routes)]
        return any(tools is not None and (not tools or REMEMBER in tools) for tools in named)

    @property
    def _is_aivax(self) -> bool:
        return speaks_aivax(kind_of(self.aivax.api_key), self.aivax.base_url)
