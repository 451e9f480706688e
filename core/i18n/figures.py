"""What is known of the account, in the reader's figures."""

from __future__ import annotations

from core.domain import Translator
from core.i18n.catalog import Phrase

DAY_S = 86_400.0


def below(threshold_usd: float, translator: Translator) -> str:
    """A threshold that the balance fell below, never told as less than it is, as the balance never is as more."""
    return translator.money(threshold_usd, "up")


def above(threshold_usd: float, translator: Translator) -> str:
    """A threshold that the balance rose above, never told as more than it is."""
    return translator.money(threshold_usd, "down")


def figures(balance: float | None, spent: float | None, translator: Translator) -> str:
    """Balance, what was spent in 24 hours (both USD), and how long the rest lasts; what is not known is left out."""
    parts = []
    if balance is not None:
        parts.append(translator.say(Phrase.FIGURE_BALANCE, balance=translator.money(balance, "down")))
    if spent is not None:
        parts.append(translator.say(Phrase.FIGURE_SPENT, spent=translator.money(spent)))
    if balance is not None and spent is not None and balance > 0 and spent > 0:
        parts.append(translator.say(Phrase.FIGURE_LEFT, left=translator.duration(balance / spent * DAY_S)))
    return " ".join(parts)
