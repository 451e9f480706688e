"""What a person can have the bot do in place of asking the model: search, account, learn ..."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from core.domain.options import Option
from core.domain.translator import Sentence

PERHAPS = "?"
"""Stands before the name of a turn's capability where its words may be a sentence that only begins with the word."""
LINK = "link"
"""The capability by which people link their accounts."""
SUMMARISE = "summarise"
"""The capability of the turns that nobody sees, which summarise what fell out of a conversation's window."""

Takes = Literal["nothing", "words", "files"]


@dataclass(frozen=True, slots=True)
class Capability:
    """A thing that people have the bot do by its word: said to it, or given as a command of their platform.

    A frontend hands it on as a `Said` whose text begins with the word; the core knows it by that.
    """

    name: str
    """What it is stored by, and the English word: at most 32 characters of [a-z-]. Never changes."""
    word: Sentence
    """The word that people give it by; each language has its own."""
    description: Sentence
    """What it does, in one line: help and lists of commands show it."""
    takes: Takes = "nothing"
    """What stands behind the word. Where words are required and missing, the handler says how it is used."""
    alone: bool = False
    """Whether the word alone means something, too, where it takes words."""
    argument: Sentence | None = None
    """The name of what stands behind the word, where a platform asks for it by name (one lower-case word)."""
    argument_help: Sentence | None = None
    """What is to be written there, in one line."""
    private: bool = False
    """Whether its answer is for its author alone, where a platform can show it so: about them, or about money."""
    options: tuple[Option, ...] = ()
    """What is to be written there, one by one, where it is more than words: those that are required first."""
    menu: Sentence | None = None
    """What a message's own menu calls it, where a platform has one: it is done with the files of that message then,
    else with its thread, else with its words."""
    operators_only: bool = False
    begins_sentences: bool = False
    """Whether its word begins ordinary sentences, too: with more behind it, it is a question where an operator does not
    say it."""
    free: bool = False
    """Whether it asks nothing that costs: caps on money don't keep it from being done."""
    daily: int = 0
    """How often a person may have it done in 24 hours; 0: as often as they may ask anything."""
    fits: Callable[[str], bool] | None = None
    """Whether what stands behind the word is meant for it; else the message is a question. None: whatever it is."""
    asks_in_window: bool = True
    """Whether its options are asked for in a window, where a platform has no options of commands."""
    admins_only: bool = False
    """Whether it is for admins of the place alone: where a platform lets lists of commands hide it from others, it is
    hidden. Its handler judges."""
