"""docs/write-a-frontend.md: its code is what stands there, is small, and passes the contract suites."""

from __future__ import annotations

import atexit
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.programs import PROJECT

BLOCK = re.compile(r'^```python title="([\w.]+)"\n(.*?)^```$', flags=re.MULTILINE | re.DOTALL)
CODE = dict(BLOCK.findall((PROJECT / "docs" / "write-a-frontend.md").read_text(encoding="utf-8")))
MOST_LINES = 150

pytestmark = pytest.mark.may_skip("what the page's platform lacks is declared there")

_folder = TemporaryDirectory(prefix="aivax-bots-")
atexit.register(_folder.cleanup)
for name, text in CODE.items():
    Path(_folder.name, name).write_text(text, encoding="utf-8")
sys.path.append(_folder.name)  # also for the process that is killed

from test_mailbox_bot import TestMailbox, TestMailboxConversations  # noqa: E402

__all__ = ["TestMailbox", "TestMailboxConversations"]


def test_the_page_has_both_files_and_together_they_are_small() -> None:
    lines = [line for text in CODE.values() for line in text.splitlines() if line.strip()]

    assert list(CODE) == ["mailbox_bot.py", "test_mailbox_bot.py"]
    assert len(lines) < MOST_LINES
