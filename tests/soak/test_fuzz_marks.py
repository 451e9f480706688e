"""No mark is torn: what a reader sees of 200,000 answers while they grow, and where their messages end."""

from __future__ import annotations

import os
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import pytest

from tests.fuzzed_answers import answer
from tests.torn_marks import DISCORD, SLACK, messages_fault, stream_fault

ANSWERS = int(os.environ.get("SOAK_ANSWERS", "200000"))
FIRST = int(os.environ.get("SOAK_SEED", "1")) * 1_000_000
BATCH, PROCESSES = 500, 2
MOST_SHOWN = 20
WAYS = (
    ("on Discord", partial(messages_fault, DISCORD)),
    ("on Slack", partial(messages_fault, SLACK)),
    ("in Slack's streams", stream_fault),
)


def judged(first: int, count: int) -> tuple[list[str], Counter[str]]:
    """Show answers by turns in each of the ways; return what is wrong, and how many of each way there were.

    Of some all marks are obeyed: there each letter's look was judged.
    """
    faults, counts = [], Counter[str]()
    for number in range(first, first + count):
        name, fault_of = WAYS[number % len(WAYS)]
        fault, plain = fault_of(answer(number))
        counts[name] += 1
        counts[f"{name}, each letter"] += plain
        if fault:
            faults.append(f"tests.fuzzed_answers.answer({number}) {name}: {fault}")
    return faults, counts


def test_no_mark_is_torn_in_some_hundred_answers() -> None:
    faults, counts = judged(0, 300)

    assert faults == []
    assert all(counts[f"{name}, each letter"] > 20 for name, _ in WAYS)


@pytest.mark.soak
def test_no_mark_is_torn_in_two_hundred_thousand_answers() -> None:
    began, counts = time.monotonic(), Counter[str]()
    faults: list[str] = []
    firsts = range(FIRST, FIRST + ANSWERS, BATCH)
    with ProcessPoolExecutor(PROCESSES) as pool:
        for found, counted in pool.map(judged, firsts, [BATCH] * len(firsts)):
            faults += found
            counts += counted

    took_s = time.monotonic() - began
    seen = f"{ANSWERS} answers from number {FIRST} in {took_s:.0f} s, {len(faults)} with a fault"
    print(f"{seen}: {dict(counts)}")  # noqa: T201
    assert faults[:MOST_SHOWN] == []
