"""Hooks: the operator's own Python around a turn, in files that `[hooks] files` names.

Files import the same names from `aivax_bots.hooks`. How they are declared, run and kept from doing harm stands
in docs/hooks.md.
"""

from bots.hooks.declare import after_answer, before_call, before_question, on_error, on_feedback
from core.domain.hooks import Answered, Call, CallMessage, Failed, Feedback, Question, Refuse
from core.domain.messages import Author, Identity, Place

__all__ = [
    "Answered",
    "Author",
    "Call",
    "CallMessage",
    "Failed",
    "Feedback",
    "Identity",
    "Place",
    "Question",
    "Refuse",
    "after_answer",
    "before_call",
    "before_question",
    "on_error",
    "on_feedback",
]
