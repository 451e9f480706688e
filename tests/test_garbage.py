"""A start drops next to nothing, and what it makes stays: neither is looked through for garbage. Answers are."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.programs import PROJECT

CODE = """
import gc, json
from core.util import garbage
before = [each["collections"] for each in gc.get_stats()]
garbage.starting()
import bots.cli.commandline, bots.discord.frontend, bots.serve, bots.slack.frontend
during = [each["collections"] for each in gc.get_stats()]
garbage.started()
print(json.dumps([before == during, gc.get_threshold(), gc.get_freeze_count() > 100_000]))
"""


def test_a_start_collects_nothing_and_leaves_what_it_made_alone() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", CODE], cwd=PROJECT, capture_output=True, text=True, timeout=90, check=True
    )

    collected_nothing, (young, *_), is_frozen = json.loads(ended.stdout)
    assert collected_nothing
    assert 700 < young <= 20_000, (
        "seldom enough for an answer's cost, often enough for a loop that is never held up"
    )
    assert is_frozen
