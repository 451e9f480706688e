"""A start drops next to nothing, and what it makes stays: neither is looked through for garbage."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.programs import PROJECT

CODE = """
import gc, json
from core.util import garbage
usual, before = gc.get_threshold(), [each["collections"] for each in gc.get_stats()]
garbage.starting()
import bots.cli.commandline, bots.discord.frontend, bots.serve, bots.slack.frontend
during = [each["collections"] for each in gc.get_stats()]
garbage.started()
print(json.dumps([before == during, gc.get_threshold() == usual, gc.get_freeze_count() > 100_000]))
"""


def test_a_start_collects_nothing_and_leaves_what_it_made_alone() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", CODE], cwd=PROJECT, capture_output=True, text=True, timeout=90, check=True
    )

    collected_nothing, is_usual, is_frozen = json.loads(ended.stdout)
    assert collected_nothing
    assert is_usual
    assert is_frozen
