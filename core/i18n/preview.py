"""Every sentence as a person would read it, for the operator to look through."""

from __future__ import annotations

from collections.abc import Iterator

from core.aivax.account import Balance
from core.i18n.catalog import Phrase
from core.i18n.figures import figures
from core.i18n.translator import Voice

SAMPLE_WAIT_S = 90.0
SAMPLE_USD = (1234.5, 0.0012)
SAMPLE_THRESHOLD_USD, SAMPLE_BALANCE_USD, SAMPLE_SPENT_USD = 5.0, 4.87, 3.25
SAMPLES: dict[str, object] = {
    "reference": "3f9a1c07",
    "reset": "reset",
    "most": 40_000,
    "length": 52_817,
    "name": "report.pdf",
    "names": "report.pdf, photo.jpg",
    "tool": "web search",
    "reason": "find the opening hours",
    "model": "support:50c3",
    "tokens": 1_234,
    "place": 12,
    "where": "#general",
    "count": 17,
    "rest": 3,
    "setting": "[aivax] api_key",
    "platform": "Slack",
}
"""A value for each placeholder, as people meet it."""


def preview(voice: Voice) -> Iterator[tuple[str, str]]:
    """Name and sentence of each, with sample values; then what the values themselves look like."""
    values = samples(voice)
    for phrase in Phrase:
        yield phrase.key, voice.say(phrase, **{name: values[name] for name in phrase.placeholders})
    yield "(durations)", ", ".join(voice.duration(seconds) for seconds in (1, 90, 3600, 259_200))
    yield "(money)", ", ".join(voice.money(usd) for usd in SAMPLE_USD)


def samples(voice: Voice) -> dict[str, object]:
    """A value for each placeholder, in the voice's form."""
    told = Balance(balance_usd=SAMPLE_BALANCE_USD, usage_24h_usd=SAMPLE_SPENT_USD)
    return {
        **SAMPLES,
        "wait": voice.duration(SAMPLE_WAIT_S),
        "threshold": voice.money(SAMPLE_THRESHOLD_USD),
        "cost": voice.money(SAMPLE_SPENT_USD),
        "balance": voice.money(SAMPLE_BALANCE_USD),
        "spent": voice.money(SAMPLE_SPENT_USD),
        "left": voice.duration(SAMPLE_WAIT_S * 1_000),
        "figures": figures(told, voice),
    }
