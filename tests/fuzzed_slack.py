"""Mutants of Slack's payloads, and what must hold of whatever is read of one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from bots.slack.events.address import Address, FileRef
from bots.slack.events.message_reader import MOST_CHARS, files_of, words_of
from bots.slack.events.modals import wants_to_ask
from bots.slack.events.names import Names, NamesAsked
from bots.slack.events.payloads import Bot, part_of, speaker
from bots.slack.events.translate import translate, why_ignored
from bots.slack.features.ask_without_message import asked_question
from bots.slack.listening.receive import team_of
from core.domain import Authorless, Event, Said
from tests.corpus.entries import entries
from tests.fuzzing import mutant
from tests.processor_time import slowness

BOT = Bot("T0ACME", "U0BOT", "B0BOT", "aivax")
NAMES = Names(BOT, {"U0BEN": "Ben <&> Söhne"}, {"C0OPS": "ops"}, {"S0DEVS": "devs"})
SLOWEST_S = 0.05
"""Processor time for one payload: nothing else runs meanwhile."""


@lru_cache
def samples() -> tuple[Any, ...]:
    """What Slack sends: every payload of the tests, and every message of the corpus as an event of its own."""
    told = [
        json.loads(path.read_text())
        for path in sorted((Path(__file__).parent / "payloads" / "slack").glob("*.json"))
    ]
    for entry in entries():
        if entry.path.parent.name == "slack_messages":
            event = entry.json("event")
            told.append(event)
            messages = entry.json("messages") if "messages" in entry.given else []
            told += [_as_event(event, message) for message in messages]
    return tuple(told)


def _as_event(wrapper: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    """An app's words, as if somebody had said them in a direct message: else nobody would read them."""
    said = {name: value for name, value in message.items() if name not in ("bot_id", "bot_profile", "app_id")}
    return {
        **wrapper,
        "event": {"user": "U0ANA", **said, "type": "message", "channel": "D0ANA", "channel_type": "im"},
    }


def payload(number: int) -> dict[str, Any]:
    made: dict[str, Any] = mutant(samples(), number)
    return made


def fault_of(number: int) -> str:
    """Read one payload in every way; what is wrong with what came of it, `""` where all is well."""
    given = payload(number)
    began = time.thread_time()
    faults = list(_faults(given))
    took_s = time.thread_time() - began
    if took_s > SLOWEST_S and took_s > SLOWEST_S * slowness():
        faults.append(f"took {took_s:.3f} s")
    return f"payload {number}: {'; '.join(faults)}" if faults else ""


def _faults(given: dict[str, Any]) -> Iterator[str]:
    asked = NamesAsked(BOT)
    translate(given, BOT, _is_joined, asked)
    events = translate(given, BOT, _is_joined, NAMES)
    if not events:
        why_ignored(given, BOT, _is_joined)
    for event in events:
        yield from _wrong(event)
    speaker(given)
    team_of(given)
    if (question := asked_question(given)) is not None:
        yield from _unsound(question.text, question.quote, question.key)
    if (about := wants_to_ask(given, NAMES)) is not None:
        yield from _unsound(about.channel, about.quote, *about.files)
    event = part_of(given, "event")
    for message in (
        event,
        part_of(event, "message"),
        part_of(event, "previous_message"),
        part_of(given, "message"),
    ):
        words = words_of(message, NAMES)
        yield from _unsound(words, *(each.name for each in files_of(message, "T0ACME", BOT)))
        if len(words) > MOST_CHARS:
            yield f"{len(words)} characters"


def _is_joined(_team: str, _channel: str, thread: str) -> bool:
    return thread.endswith("00")


def _wrong(event: Event) -> Iterator[str]:
    if isinstance(event, Authorless):
        yield from _unsound(*event.keys)
        return
    if not event.keys or not event.author.identity.user:
        yield "without a key or an author"
    yield from _unsound(
        *event.keys, getattr(event, "text", ""), event.place.channel, event.author.identity.user
    )
    if address := getattr(event, "address", ""):
        Address.parse(address)
    if isinstance(event, Said):
        for each in event.attachments:
            FileRef.parse(each.ref)


def _unsound(*texts: str) -> Iterator[str]:
    """What PostgreSQL and AIVAX would refuse."""
    for text in texts:
        if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
            yield f"can't be stored: {text[:40]!r}"
