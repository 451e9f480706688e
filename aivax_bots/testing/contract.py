"""The suites, with assertions that tell what they compared."""

from __future__ import annotations

import pytest

SUITES = ("answers", "attempts", "conversations", "events")
pytest.register_assert_rewrite(*(f"aivax_bots.testing.{each}" for each in SUITES))  # before they are imported

from aivax_bots.testing.answers import AnswerContract  # noqa: E402
from aivax_bots.testing.attempts import AttemptContract  # noqa: E402
from aivax_bots.testing.conversations import ConversationContract  # noqa: E402
from aivax_bots.testing.events import EventContract  # noqa: E402

__all__ = ["ConversationContract", "FrontendContract"]


class FrontendContract(EventContract, AnswerContract, AttemptContract):
    """What every frontend promises the core, whatever its platform, as a person there sees it."""
