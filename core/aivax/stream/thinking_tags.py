"""Thinking that stands in tags at the beginning of an answer is told apart from its words.

AIVAX sends thinking in a field of its own. Behind other servers models write it into the content, and each family of
models has its own tags; servers that know them move it into a field, others don't. Only what an answer begins with is
looked at: further on, and in code, such tags are what the answer is about.
"""

from __future__ import annotations

import re

_NAME = (
    r"(?:[a-z]{1,8}:)?(?:ant[_-]?|inner[_-]?|internal[_-]?)?"
    r"(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflection|monologue|scratchpad)(?:_never_used_\w{1,64})?"
)
_OPENING = re.compile(
    rf"<(?:({_NAME})(?:\s[^<>]{{0,200}})?|(details)\s{{1,4}}type=[\"']?reasoning[^<>]{{0,200}})>",
    re.IGNORECASE,
)
_CLOSING = re.compile(rf"</({_NAME})\s{{0,4}}>", re.IGNORECASE)
_PAIRS = {
    "[think]": "[/think]",  # Magistral
    "[thinking]": "[/thinking]",
    "◁think▷": "◁/think▷",  # Kimi
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|start_thinking|>": "<|end_thinking|>",  # Command A
    "<|think|>": "<|/think|>",
    "<|channel|>analysis<|message|>": "<|end|>",  # gpt-oss
    "<|channel|>commentary<|message|>": "<|end|>",
    "<|channel>thought": "<channel|>",  # Gemma
}
_MARKS = ("<|start|>assistant", "<|channel|>final<|message|>", "<|begin_of_solution|>", *_PAIRS.values())
"""What may stand at the beginning, around thinking, and says nothing; so do closing tags left over there."""
_LITERALS = (*_PAIRS, *_MARKS)
_LONGEST_TAG = 280
_LONGEST_CLOSING = 120
_MOST_BLANKS = 200
_MOST_TAGS = 64
_PIECE_CHARS = 4_096
_UNFINISHED = re.compile(r"</?(?:[a-z|][^<>\n]*)?", re.IGNORECASE)
_IN_PROSE = " \t`'\"(“«"


class Opening:
    """Reads an answer's beginning in pieces, the same however it was cut into them."""

    def __init__(self, *, is_open: bool = False) -> None:
        """`is_open`: it begins with thinking whose opening tag stands in the prompt, unless no closing one comes."""
        self._held = ""
        self._closing: re.Pattern[str] | None = _CLOSING if is_open else None
        self._spare: list[str] | None = [] if is_open else None
        self._tags = 0
        self._is_new_line = False
        self._begun = False

    def take(self, text: str) -> tuple[str, str]:
        """Return what a piece brings of thinking, and of the answer's words."""
        thoughts: list[str] = []
        said: list[str] = []
        for at in range(0, len(text), _PIECE_CHARS):
            if self._begun:
                said.append(text[at:])
                break
            self._held += text[at : at + _PIECE_CHARS]
            while self._held and self._step(thoughts):
                pass
            said.append(self._released())
        return "".join(thoughts), "".join(said)

    def _step(self, thoughts: list[str]) -> bool:
        """Take one tag, or what stands before one; tell whether there may be another."""
        if self._begun:
            return False
        return self._open() if self._closing is None else self._think(self._closing, thoughts)

    def _released(self) -> str:
        if not self._begun:
            return ""
        said, self._held = self._held, ""
        return said

    def end(self) -> None:
        """Look no further: the answer has begun with words."""
        self._begun = True

    def close(self) -> tuple[str, str]:
        """Return what was held back, now that no more comes."""
        held, self._held = self._held, ""
        if self._spare is not None:
            spare, self._spare = self._spare, None
            return split("".join([*spare, held]))
        if self._closing is not None:
            return held, ""
        return "", held if held.strip() else ""

    def _think(self, closing: re.Pattern[str], thoughts: list[str]) -> bool:
        """Take thinking up to its closing tag; tell whether that came."""
        found = closing.search(self._held)
        end = found.start() if found else max(len(self._held) - _LONGEST_CLOSING, 0)
        thoughts.append(self._held[:end])
        if self._spare is not None:
            self._spare.append(thoughts[-1])
        self._held = self._held[found.end() if found else end :]
        if found:
            self._closing = self._spare = None
            self._is_new_line, self._tags = False, 1
        return found is not None

    def _open(self) -> bool:
        """Look at what an answer, or its rest behind thinking, begins with; tell whether there is more to look at."""
        text = self._held.lstrip()
        self._held = self._indent(self._held[: len(self._held) - len(text)]) + text
        if not text:
            return False
        head = text[:_LONGEST_TAG].lower()
        if tag := _OPENING.match(text):
            name, length = re.escape(tag[1] or tag[2]), tag.end()
            self._closing = re.compile(rf"</{name}\s{{0,4}}>", re.IGNORECASE)
        elif pair := next((each for each in _PAIRS if head.startswith(each)), ""):
            self._closing, length = re.compile(re.escape(_PAIRS[pair]), re.IGNORECASE), len(pair)
        elif stray := _CLOSING.match(text):
            length = stray.end()
        elif mark := next((each for each in _MARKS if head.startswith(each)), ""):
            length = len(mark)
        else:
            self._begun = not _may_become_a_tag(text, head)
            return False
        self._is_new_line = False
        self._tags += 1
        self._begun = self._tags == _MOST_TAGS
        self._held = text[length:]
        return True

    def _indent(self, blanks: str) -> str:
        """Leave of the blanks before the first word only what indents its line."""
        _, line_end, indent = blanks.rpartition("\n")
        self._is_new_line = self._is_new_line or bool(line_end)
        is_behind_tag = self._tags > 0 and not self._is_new_line
        return "" if is_behind_tag else indent[:_MOST_BLANKS]


def _may_become_a_tag(text: str, head: str) -> bool:
    if any(literal.startswith(head) for literal in _LITERALS):
        return True
    return len(text) < _LONGEST_TAG and _UNFINISHED.fullmatch(text) is not None


def split(answer: str) -> tuple[str, str]:
    """Split an answer that came as a whole: its thinking, and its words."""
    if stray := _unopened_in(answer):
        return answer[: stray.start()], answer[stray.end() :].lstrip()
    opening = Opening()
    pieces = (opening.take(answer), opening.close())
    return "".join(thought for thought, _ in pieces), "".join(said for _, said in pieces)


def lacks_opening(answer: str) -> bool:
    """Whether an answer begins with thinking whose opening tag stands in the prompt, as DeepSeek R1's does.

    In an answer that streams this is known too late: the client remembers it for the next ones.
    """
    return _unopened_in(answer) is not None


def _unopened_in(answer: str) -> re.Match[str] | None:
    """Find the tag that closes what was never opened, rather than being spoken of in a sentence or in code."""
    stray = _CLOSING.search(answer)
    if stray is None or _OPENING.search(answer, 0, stray.start()):
        return None
    before = answer[: stray.start()]
    is_end = bool(before.strip()) and before[-1] not in _IN_PROSE and before.count("```") % 2 == 0
    return stray if is_end else None
