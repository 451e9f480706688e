"""Keeps notes of a conversation, as a client may have a model do whose instructions ask for `<summary>`."""

import re

from sandbox.completions.question import Question

WORDS_OF_ONE, CHARS_OF_WORD = 12, 20
_MOST = re.compile(r"at most (\d{1,5}) words")
_SAID = re.compile(r"^- ([^:(]+): (.*)$")
_BOTCHED = re.compile(r"\bbotch the notes with (nothing|nonsense|too much)\b", re.IGNORECASE)


def notes_of(question: Question) -> str | None:
    """Writes the notes so far and the beginning of what each person said; None where no notes are asked for."""
    told = "\n".join(question.instructions)
    if "<summary>" not in told or "Notes so far:" not in question.text:
        return None
    most = _MOST.search(told)
    words = int(most[1]) if most else 100
    if botched := _BOTCHED.search(question.text):
        return _botched(botched[1].lower(), words)
    so_far, _, said = question.text.partition("\nMessages that come next:")
    lines = [line.strip() for line in so_far.splitlines()[1:] if line.strip() and line != "(none)"]
    lines += [_noted(*found.groups()) for line in said.splitlines() if (found := _SAID.match(line))]
    kept: list[str] = []
    for line in lines:
        words -= len(line.split())
        if words < 0:
            break
        kept.append(line)
    return "<summary>\n" + "\n".join(kept or ["Nothing was said."]) + "\n</summary>"


def _noted(who: str, said: str) -> str:
    return f"{who}: {' '.join(word[:CHARS_OF_WORD] for word in said.split()[:WORDS_OF_ONE])}"


def _botched(how: str, words: int) -> str:
    if how == "nothing":
        return "<summary>\n\n</summary>"
    return "Sure!" if how == "nonsense" else "<summary>\n" + "more and " * (5 * words) + "\n</summary>"
