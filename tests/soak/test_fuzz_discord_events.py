"""Whatever Discord sends: it is read or passed over, and the next event is heard."""

from __future__ import annotations

from dataclasses import replace

import pytest
import structlog

from core.domain import PassedOver, Said
from tests.discord_listening import FAST, Listening, discord_at_hand, online
from tests.fuzzed_discord import CHANGES, Reader, fuzzed
from tests.platforms.discord import FakeDiscord

BATCH = 250
FAULTS = ("discord.event_faulty", "discord.handler_failed", "discord.event_lost", "discord.events_lost")


def read(first: int, count: int) -> None:
    reader = Reader()
    for number in range(first, first + count):
        try:
            reader.take(fuzzed(number))
        except Exception as error:
            raise AssertionError(f"tests.fuzzed_discord.fuzzed({number})") from error

    assert reader.read > count / 2


async def hear(first: int, count: int) -> None:
    """Send mutants over a real connection, and after each batch something that has to be heard."""
    patient = replace(FAST, drain_s=60.0)
    async with discord_at_hand() as fake, online(fake, patient) as ears:
        ana = fake.person("ana")
        private = fake.dm(ana)
        for begin in range(first, first + count, BATCH):
            with structlog.testing.capture_logs() as logs:
                for number in range(begin, begin + BATCH):
                    fake.dispatch(*fuzzed(number))
                words = f"after {begin}"
                await fake.say(ana, private, words)
                await ears.intake.until(lambda words=words: ears.task.done() or _was_heard(ears, words))
            _judge(fake, ears, begin, [log for log in logs if log["event"] in FAULTS])
        with structlog.testing.capture_logs() as logs:
            await ears.stop()  # what was heard is stored by then

        assert [log for log in logs if log["event"] in FAULTS] == []


def _was_heard(ears: Listening, words: str) -> bool:
    return any(isinstance(event, Said) and event.text == words for event in ears.intake.events[-BATCH:])


def _judge(fake: FakeDiscord, ears: Listening, begin: int, faults: list[object]) -> None:
    where = f"among the {BATCH} from tests.fuzzed_discord.fuzzed({begin}) on"

    assert not ears.task.done(), where
    assert faults == [], where
    assert ears.intake.passed[PassedOver.FAULT] == 0, where
    assert len(fake.identifies) == 1, where


def test_every_kind_of_event_is_among_the_mutants() -> None:
    kinds = {fuzzed(number)[0] for number in range(10 * len(CHANGES))}

    assert kinds == {kind for kind, _ in CHANGES} | {"MESSAGE_CREATE", "MESSAGE_UPDATE", "INTERACTION_CREATE"}


def test_some_mutated_events_are_read() -> None:
    read(0, 1000)


async def test_some_mutated_events_are_heard_over_a_socket() -> None:
    await hear(0, BATCH)


@pytest.mark.soak
def test_a_hundred_thousand_mutated_events_are_read() -> None:
    read(1000, 100_000)


@pytest.mark.soak
async def test_ten_thousand_mutated_events_are_heard_over_a_socket() -> None:
    await hear(200_000, 10_000)
