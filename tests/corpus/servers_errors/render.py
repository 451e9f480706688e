"""Asks a server that gives the same answer every time, and shows what people and operators are told.

Given: `answer`, the HTTP answer as it comes; `settings`, those of `[aivax]` that differ (`base_url: ...`). It is the
29th of November 2026, midnight UTC. Each question is tried twice at most.
Expected: `person`, what is read in place of an answer; `operators`, what they are told, where it lasts; `outcome`, the
error with what the log has of it, how often the server was asked, and how long it asked to wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx

from core.admission.account_alerts import LASTING, AccountAlerts
from core.admission.admission import breaker_for
from core.admission.circuit_breaker import cause_of, retry_at
from core.delivery.error_messages import SPREAD_S, apologise, apologise_for_waiting
from core.domain import AivaxError, Cause, Tripped
from core.i18n import Phrase
from core.i18n.translators import LocaleTranslator
from tests.corpus.entries import Entry
from tests.scripted_aivax import QUESTION, Scripted, client, reply

NOW = datetime(2026, 11, 29, tzinfo=UTC)
ENGLISH = LocaleTranslator("en")
SETTINGS = {"base_url": "https://ai.example/v1", "api_key": "k", "model": "m", "direct_url": "", "tries": "2"}
MOST_TIMES = 10


class Heard:
    """What operators are told, in place of `OperatorAlerts`."""

    def __init__(self) -> None:
        self.translator = ENGLISH
        self.sentences: list[str] = []

    async def told(self, causes: object = None) -> set[str]:
        return set()

    async def tell(self, cause: str, phrase: Phrase, *, implied: object = (), **values: object) -> None:
        self.sentences.append(ENGLISH.say(phrase, **values).strip())


class Stands:
    """Breakers that stand as they are, and an account of which nothing is known."""

    balance_usd = None

    def __init__(self, *tripped: Tripped) -> None:
        self._tripped = tripped

    async def tripped(self) -> Sequence[Tripped]:
        return self._tripped

    async def read(self) -> None:
        return None


def answer_of(entry: Entry) -> httpx.Response:
    head, _, body = entry.given["answer"].partition("\n\n")
    first, *lines = head.splitlines()
    headers = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return reply(body.encode(), status=int(first.split()[1]), **headers)


def settings_of(entry: Entry) -> dict[str, Any]:
    lines = entry.given.get("settings", "").splitlines()
    return SETTINGS | {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


async def error_of(entry: Entry) -> tuple[AivaxError, int]:
    """The error that a question ends in, and how often the server was asked."""
    server = Scripted(*(answer_of(entry) for _ in range(MOST_TIMES)))
    aivax = client(server, now=NOW.timestamp(), **settings_of(entry))
    try:
        async with aivax, aclosing(aivax.complete(QUESTION)) as timeline:
            async for _ in timeline:
                pass
    except AivaxError as error:
        return error, len(server.asked)
    raise AssertionError("it answered")


def tripped_by(error: AivaxError) -> Tripped | None:
    cause = cause_of(error, has_media=False, balance_usd=None, storage_full=False)
    if cause is None:
        return None
    when = retry_at(cause, error.retry_after_s, lambda: NOW, 0, jitter=lambda: SPREAD_S)
    return Tripped(breaker_for(cause, "m"), NOW, when, 0)


async def told_to_operators(error: AivaxError, tripped: Tripped | None) -> str:
    heard = Heard()
    stands: Any = Stands(*filter(None, (tripped,)))
    alerts = AccountAlerts(
        cast("Any", heard),
        stands,
        stands,
        lambda: NOW + (LASTING if tripped and tripped.breaker.cause is Cause.OUTAGE else timedelta()),
        thresholds=(),
        balance_interval_s=None,
        models={"m": ()},
    )
    if tripped is None:
        await alerts.refused("m", error)
    await alerts.look()
    return "\n".join(heard.sentences) or "(nothing)"


async def render(entry: Entry) -> dict[str, str]:
    error, asked = await error_of(entry)
    tripped = tripped_by(error)
    if tripped is None:
        person = apologise(error, ENGLISH, "REFERENCE").text
    else:
        person = apologise_for_waiting(tripped, ENGLISH, NOW, "turn").text
    times = {1: "asked once", 2: "asked twice"}.get(asked, f"asked {asked} times")
    wait = "" if error.retry_after_s is None else f"; waits {error.retry_after_s:g} s"
    return {
        "person": person,
        "operators": await told_to_operators(error, tripped),
        "outcome": f"{type(error).__name__}: {error}; {times}{wait}",
    }
