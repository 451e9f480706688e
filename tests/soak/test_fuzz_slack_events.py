"""Mutants of Slack's events: each is read without a fault, and each that comes over a socket is acknowledged."""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bots.slack.features.ask_without_message import asked_question
from core.domain import PassedOver
from tests.fuzzed_slack import fault_of, payload
from tests.platforms.slack import FakeSlack
from tests.platforms.slack.socket_mode import Delivery
from tests.slack_ears import ears

EVENTS = int(os.environ.get("SOAK_SLACK_EVENTS", "100000"))
THROUGH_THE_SOCKET = int(os.environ.get("SOAK_SLACK_SOCKET_EVENTS", "10000"))
FIRST = int(os.environ.get("SOAK_SEED", "1")) * 1_000_000
BOLTS_OWN = "Failed to run a middleware function"
"""Bolt stumbles over an odd field before our part of it: what it stumbled over is taken in all the same."""
PATIENCE_S = 60.0
AT_ONCE = 50
"""Events under way: Slack waits for none before it sends the next."""


class _Kept(logging.Handler):
    """Keeps what the SDK reports as a fault."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@contextmanager
def _sdk_faults() -> Iterator[list[str]]:
    kept, logger = _Kept(), logging.getLogger("bots.slack.sdk")
    logger.addHandler(kept)
    try:
        yield kept.lines
    finally:
        logger.removeHandler(kept)


def _kind(given: dict[str, object]) -> str:
    if "command" in given:
        return "slash_commands"
    return "events_api" if "event" in given else "interactive"


async def through_the_socket(first: int, count: int) -> Counter[str]:
    """Send mutants over a real socket to the real SDK, and count what became of them: each must be acknowledged."""
    async with FakeSlack() as slack, ears(slack, names_timeout_s=0.05, external_users=True) as here:
        slack.rules.ack_deadline_s = PATIENCE_S  # a busy machine is no fault
        heard = 0
        with _sdk_faults() as complaints:
            for start in range(first, first + count, AT_ONCE):
                numbers = range(start, min(start + AT_ONCE, first + count))
                sent = {number: _delivered(slack, number) for number in numbers}
                waited_for = [each for each in sent.values() if not _may_fail(each)]
                await slack.until(lambda each=waited_for: not any(one.open for one in each), PATIENCE_S + 5)
                late = [number for number, each in sent.items() if not (each.acked or _may_fail(each))]
                assert late == [], f"not acknowledged: {late}"
                heard += len(here.inbox.events)
                here.inbox.events.clear()
        passed = Counter({reason.value: times for reason, times in here.inbox.passed.items()})
    assert [each for each in complaints if not each.startswith(BOLTS_OWN)] == []
    assert PassedOver.FAULT.value not in passed
    return passed + Counter(heard=heard)


def _may_fail(delivery: Delivery) -> bool:
    """What is asked by command or form and can be shown nowhere is left to Slack to report."""
    return asked_question(delivery.payload) is not None


def _delivered(slack: FakeSlack, number: int) -> Delivery:
    """Send a mutant as something that was not heard before, unless it is just its ids that are odd."""
    given = payload(number)
    event = given.get("event")
    if isinstance(event, dict) and isinstance(event.get("ts"), str) and event["ts"].startswith("179"):
        event |= {"ts": f"179{number:07}.000100", "client_msg_id": f"sentence-{number}"}
    return slack.socket_mode.deliver(Delivery(_kind(given), given))


def test_some_thousand_mutants_are_read() -> None:
    faults = [fault for number in range(1_000) if (fault := fault_of(number))]

    assert faults == []


async def test_some_hundred_mutants_over_a_socket_are_acknowledged() -> None:
    passed = await through_the_socket(0, 200)

    assert passed["heard"] > 20


@pytest.mark.soak
def test_a_hundred_thousand_mutants_are_read() -> None:
    began = time.monotonic()
    faults = [fault for number in range(FIRST, FIRST + EVENTS) if (fault := fault_of(number))]

    took_s = time.monotonic() - began
    print(f"{EVENTS} payloads from number {FIRST} in {took_s:.0f} s, {len(faults)} with a fault")  # noqa: T201
    assert faults == []


@pytest.mark.soak
async def test_ten_thousand_mutants_over_a_socket_are_acknowledged() -> None:
    began = time.monotonic()
    passed = await through_the_socket(FIRST, THROUGH_THE_SOCKET)

    took_s = time.monotonic() - began
    print(f"{THROUGH_THE_SOCKET} events over a socket from number {FIRST} in {took_s:.0f} s: {passed}")  # noqa: T201
