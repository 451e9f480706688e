"""What an answer that grows takes of memory: one that is open for minutes is held as few times as can be."""

from __future__ import annotations

import tracemalloc

from core.aivax.stream.words import Words
from core.turns.answer_text import AnswerText

PIECES = [f" word{each}" for each in range(5_000)]


def test_an_answer_is_held_once_by_its_reader_and_once_by_its_turn() -> None:
    """Each held it twice: once more as it is shown, and as it is remembered, which nearly always say the same."""
    words, answer, said = Words(), AnswerText(), len("".join(PIECES))
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for piece in PIECES:
            answer.say(words.take_run("", piece, 1, 1)[1])
        kept = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()

    assert len(answer.shown) == said
    assert kept < 2.5 * said
    assert answer.remembered == answer.shown
