"""Hooks: the operator's own Python around each turn, in files that `[hooks] files` names; see docs/hooks.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aivax_bots._lazy import names_of

if TYPE_CHECKING:
    from bots.hooks import Answered as Answered
    from bots.hooks import Author as Author
    from bots.hooks import Call as Call
    from bots.hooks import CallMessage as CallMessage
    from bots.hooks import Failed as Failed
    from bots.hooks import Feedback as Feedback
    from bots.hooks import Identity as Identity
    from bots.hooks import Place as Place
    from bots.hooks import Question as Question
    from bots.hooks import Refuse as Refuse
    from bots.hooks import after_answer as after_answer
    from bots.hooks import before_call as before_call
    from bots.hooks import before_question as before_question
    from bots.hooks import on_error as on_error
    from bots.hooks import on_feedback as on_feedback

_HOMES: Mapping[str, str] = {
    "bots.hooks": "Answered Author Call CallMessage Failed Feedback Identity Place Question Refuse after_answer"
    " before_call before_question on_error on_feedback"
}
_DEPRECATED: dict[str, str] = {}
"""Names that go with a later version, and what each is called now."""

if not TYPE_CHECKING:  # a type checker would take every name for one of these
    __getattr__, __dir__ = names_of(__name__, _HOMES, _DEPRECATED)
