"""What is known of the account, in the reader's figures."""

from __future__ import annotations

from core.aivax.account import Balance
from core.i18n.catalog import Phrase
from core.i18n.translator import Voice

DAY_S = 86_400.0


def below(threshold_usd: float, voice: Voice) -> str:
    """A threshold that the balance fell below, never told as less than it is, as the balance never is as more."""
    return voice.money(threshold_usd, "up")


def above(threshold_usd: float, voice: Voice) -> str:
    """A threshold that the balance rose above, never told as more than it is."""
    return voice.money(threshold_usd, "down")


def figures(told: Balance | None, voice: Voice) -> str:
    """Balance, what was spent in 24 hours, and how long the rest lasts; what AIVAX did not tell is left out."""
    if told is None:
        return ""
    balance, spent = told.balance_usd, told.usage_24h_usd
    parts = []
    if balance is not None:
        parts.append(voice.say(Phrase.FIGURE_BALANCE, balance=voice.money(balance, "down")))
    if spent is not None:
        parts.append(voice.say(Phrase.FIGURE_SPENT, spent=voice.money(spent)))
    if balance is not None and spent is not None and balance > 0 and spent > 0:
        parts.append(voice.say(Phrase.FIGURE_LEFT, left=voice.duration(balance / spent * DAY_S)))
    return " ".join(parts)
