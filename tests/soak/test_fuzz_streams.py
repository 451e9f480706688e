"""Streams of every broken kind end in a typed error or an answer, soon, and the same one however they were cut."""

from __future__ import annotations

import os
import random
import time
from collections import Counter

import pytest

from tests.fuzzed_streams import Outcome, cut_at_random, fault_of, fuzzed, made_up, outcome

STREAMS = int(os.environ.get("SOAK_STREAMS", "200000"))
FIRST = int(os.environ.get("SOAK_SEED", "1")) * 1_000_000
SLOWEST_S = 1.0
"""Processor time for the whole of one stream, most of them of a few kilobytes."""


def check(number: int) -> Outcome:
    """Read one stream whole and in pieces."""
    data = fuzzed(number)
    began = time.thread_time()

    read = outcome(data)

    took_s = time.thread_time() - began
    assert took_s < SLOWEST_S, f"stream {number} took {took_s:.2f} s"
    assert not (fault := fault_of(read)), f"stream {number}: {fault}"
    cut = outcome(*cut_at_random(data, number))
    assert cut == read, f"stream {number} differs with the cutting"
    return read


def check_made_up(number: int) -> None:
    """Read one answer that keeps to some server's rules: all of its words, and nothing else."""
    data, words, reason = made_up(random.Random(number))  # noqa: S311 - repeatable, not secret

    read = outcome(*cut_at_random(data, number))

    assert (read.text, read.error) == (words, ""), f"answer {number}"
    assert getattr(read.events[-1], "reason", "") == reason, f"answer {number}"


def test_some_hundred_fuzzed_streams() -> None:
    for number in range(400):
        check(number)


def test_some_hundred_answers_that_keep_to_some_rules() -> None:
    for number in range(400):
        check_made_up(number)


@pytest.mark.soak
def test_two_hundred_thousand_fuzzed_streams() -> None:
    outcomes: Counter[str] = Counter()
    began = time.monotonic()
    for number in range(FIRST, FIRST + STREAMS):
        read = check(number)
        outcomes[read.error.partition(" ")[0] or "answered"] += 1
        if number % 10 == 0:
            check_made_up(number)

    took_s = time.monotonic() - began
    print(f"{STREAMS} streams from number {FIRST} in {took_s:.0f} s: {dict(outcomes.most_common())}")  # noqa: T201
