"""Error to sentence: the only place that decides what a person reads when something went wrong.

No status, no exception's name and no secret stands in any of them. An error that was not foreseen gets a
general sentence with a reference, under which the operator finds the cause in the log.
"""

from __future__ import annotations

from datetime import datetime

from core.delivery.buttons import buttons
from core.domain import (
    Action,
    AddressWrong,
    AivaxError,
    AnswerBroken,
    Apology,
    BotError,
    Cause,
    ContextTooLong,
    Fenced,
    GatewayUnknown,
    KeyRefused,
    MessageRefused,
    NoBalance,
    NotAllowed,
    PlatformError,
    RateLimited,
    RequestRefused,
    SchemaUnmet,
    SettingRefused,
    StorageError,
    Translator,
    Tripped,
    Unanswerable,
    Unavailable,
)
from core.i18n import Phrase

SENTENCES: dict[type[BaseException], Phrase] = {
    KeyRefused: Phrase.KEY_REFUSED,
    NotAllowed: Phrase.KEY_REFUSED,
    GatewayUnknown: Phrase.GATEWAY_UNKNOWN,
    AddressWrong: Phrase.KEY_REFUSED,
    ContextTooLong: Phrase.CONTEXT_TOO_LONG,
    RequestRefused: Phrase.REQUEST_REFUSED,
    Unavailable: Phrase.UNAVAILABLE,
    NoBalance: Phrase.CREDIT_LOW,
    RateLimited: Phrase.LIMIT_REACHED,
    Unanswerable: Phrase.UNANSWERABLE,
    SchemaUnmet: Phrase.SCHEMA_UNMET,
    AnswerBroken: Phrase.ANSWER_CUT,
    AivaxError: Phrase.UNKNOWN,
    MessageRefused: Phrase.NOT_TAKEN,
    PlatformError: Phrase.UNKNOWN,
    SettingRefused: Phrase.UNKNOWN,
    StorageError: Phrase.UNKNOWN,
    Fenced: Phrase.UNKNOWN,
    BotError: Phrase.UNKNOWN,
}
"""The nearest entry along an error's own line of descent is the one that speaks.

Of money and limits it is heard only where no question is kept for them: where a capability meets them.
"""
A_WHILE_S = 60.0
"""What is told where AIVAX does not say when it takes more."""


def apologise(error: BaseException, translator: Translator, reference: str) -> Apology:
    """Choose the sentence for an error; `reference` is what the log names it by."""
    phrase = next((SENTENCES[kind] for kind in type(error).__mro__ if kind in SENTENCES), Phrase.UNKNOWN)
    wait = translator.duration(getattr(error, "retry_after_s", None) or A_WHILE_S)
    return Apology(translator.say(phrase, reference=reference, reset="reset", wait=wait), reference)


SPREAD_S = 1.0
"""Waits are spread by up to this much beyond what AIVAX asked for; nobody needs to hear of it."""
KEPT = {
    Cause.PAUSE: Phrase.KEPT_PAUSED,
    Cause.BALANCE: Phrase.KEPT_BALANCE,
    Cause.MEDIA: Phrase.KEPT_BALANCE,
    Cause.STORAGE: Phrase.KEPT_STORAGE,
    Cause.RATE: Phrase.KEPT_RATE,
    Cause.OUTAGE: Phrase.KEPT_OUTAGE,
}


def apologise_for_waiting(tripped: Tripped, translator: Translator, now: datetime, turn_key: str) -> Apology:
    """Say why the answer waits, and what happens next; its author may keep or drop it."""
    wait = translator.duration((tripped.retry_at - now).total_seconds() - SPREAD_S)
    drawn = buttons((Action.KEEP, Action.DROP), turn_key, translator)
    sentence = tripped.sentence or translator.say(KEPT[tripped.breaker.cause], wait=wait)
    return Apology(sentence, buttons=drawn)
