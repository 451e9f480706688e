"""The section of the configuration."""

from __future__ import annotations

from pydantic import Field

from core.aivax.keys import KeyKind, check_model
from core.domain import SettingRefused
from core.section import Section
from core.settings import ConversationSettings

TOKENS_PER_WORD = 10
"""What the window holds at least for each word of a summary: else little but the summary would be left of it."""


class SummariesSettings(Section):
    """`[summaries]`: what falls out of a conversation's history window is summarised, and the summary sent on."""

    enabled: bool = False
    model: str = ""
    """Which gateway makes them. `""`: the one that answers in the conversation."""
    words: int = Field(300, ge=50, le=2_000)
    """How long a summary is to be. One that is more than twice as long is not taken."""
    after_messages: int = Field(10, ge=1, le=200)
    """So many messages fall out before a summary of them is made; fewer where they are long. Until then they are sent
    along in the last quarter of `[conversation] history_tokens`."""
    person_daily: int = Field(20, ge=1)
    """Summaries made in 24 hours after answers to one person."""


def check(settings: SummariesSettings, conversation: ConversationSettings, kind: KeyKind) -> None:
    """Refuse summaries that nothing could be sent beside, or a gateway that the key can't ask.

    Raises:
        SettingRefused: the window, or the gateway.
    """
    if not settings.enabled:
        return
    least = settings.words * TOKENS_PER_WORD
    if conversation.history_tokens < least:
        fix = f"[summaries] words = {settings.words} needs {least} or more: write that, or fewer words"
        raise SettingRefused("[conversation] history_tokens", value=str(conversation.history_tokens), fix=fix)
    if settings.model:
        check_model(kind, settings.model, "[summaries] model")
