"""What goes back with an acknowledgement: a sentence for nobody but who commanded or filled in a form.

Shapes: docs.slack.dev, "Responding to commands", "Displaying errors in views".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bots.slack.delivery.channel import shown
from bots.slack.events.modals import WORDS_BLOCK
from bots.slack.events.payloads import text_of

Ack = dict[str, Any]


def refusing(payload: Mapping[str, Any], sentence: str) -> Ack:
    """Tell in private why a question is not asked: below the form's field, which stays open, or below the command."""
    if text_of(payload, "type") == "view_submission":
        return {"response_action": "errors", "errors": {WORDS_BLOCK: sentence}}
    return {"response_type": "ephemeral", **shown(sentence)}
