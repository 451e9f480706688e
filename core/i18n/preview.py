"""Every sentence as a person would read it, for the operator to look through."""

from __future__ import annotations

from collections.abc import Iterator

from core.domain import Translator
from core.i18n.figures import figures
from core.i18n.phrases import PHRASES

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
    "score": 0.82,
    "word": "search",
    "edit": "edit",
    "delete": "delete",
    "off": "off",
    "on": "on",
    "link": "https://files.example/picture.png",
    "rest": 3,
    "setting": "[aivax] api_key",
    "platform": "Slack",
    "hook": "no_payroll",
    "told": "weekly inference cap reached",
    "memories": 4,
    "records": 12,
    "files": 2,
    "forget": "forget",
    "date": "2026-10-01",
    "text": "likes short answers",
    "bar": "▰▰▰▰▱▱▱▱▱▱",
    "done": 120,
    "minutes": 45,
    "total": 300,
    "new": 280,
    "skipped": 20,
    "gone": 4,
    "pages": 200,
    "why": "there is no text in it.",
    "when": "2026-11-29",
    "author": "Ana",
    "list": "learnt",
    "percent": "84 %",
    "plan": "`pro`",
    "limits": "`requestsPerMinute` 200",
    "who": "`Ana`",
    "gateway": "`support:50c3`",
    "filter": "`small`",
    "first": "2026-09-01",
    "last": "2026-09-14",
    "option": "`floor`",
    "help": "Where it is",
    "example": '`ticket text="..." floor=3`',
    "value": "`12`",
    "allowed": "a whole number from 1 to 9",
    "words": "“on the left”",
    "least": 1,
    "choices": "`low`, `high`",
    "forms": "`ticket`",
    "form": "`ticket`",
    "line": 7,
    "row": 7,
    "problem": "`floor` is missing",
    "ended": 250,
    "good": 497,
    "channel": "channel",
    "other": "fallback:50c3",
    "options": "`language`, `gateway`",
    "whole": "`for=server`",
    "one": "`settings reset=language`",
    "every": "`settings reset=all`",
    "code": "K7QX-M2TD-9WHR",
    "together": "together",
    "yes": "link yes",
    "no": "link no",
    "usage": "usage",
    "export": "export",
    "undo": "unlink",
    "since": "2026-11-28, 09:00",
    "until": "2026-11-29, 09:00",
    "failure": "the channel can't be read",
    "zone": "Europe/Berlin",
    "number": 2,
    "second": "`remind tomorrow at 9:00 water the plants`",
    "third": "`remind 2026-12-24 18:00 call home`",
    "fourth": "`remind every monday at 9:00 weekly report`",
    "listing": "`reminders`",
    "cancel": "`remind cancel 2`",
    "days": 366,
}
"""A value for each placeholder, as people meet it."""


def preview(translator: Translator) -> Iterator[tuple[str, str]]:
    """Name and sentence of each, with sample values; then what the values themselves look like."""
    values = samples(translator)
    for phrase in PHRASES:
        yield phrase.key, translator.say(phrase, **{name: values[name] for name in phrase.placeholders})
    yield "(durations)", ", ".join(translator.duration(seconds) for seconds in (1, 90, 3600, 259_200))
    yield "(money)", ", ".join(translator.money(usd) for usd in SAMPLE_USD)


def samples(translator: Translator) -> dict[str, object]:
    """A value for each placeholder, in the translator's locale."""
    return {
        **SAMPLES,
        "wait": translator.duration(SAMPLE_WAIT_S),
        "threshold": translator.money(SAMPLE_THRESHOLD_USD),
        "span": translator.duration(SAMPLE_WAIT_S * 10_000),
        "usd": translator.money(SAMPLE_SPENT_USD),
        "highest": translator.money(SAMPLE_SPENT_USD),
        "cost": translator.money(SAMPLE_SPENT_USD),
        "balance": translator.money(SAMPLE_BALANCE_USD),
        "spent": translator.money(SAMPLE_SPENT_USD),
        "left": translator.duration(SAMPLE_WAIT_S * 1_000),
        "figures": figures(SAMPLE_BALANCE_USD, SAMPLE_SPENT_USD, translator),
    }
