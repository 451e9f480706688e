"""Answers as models write them, and mutants of them: some keep to Markdown's rules, some are broken in a few places.

An answer is made by a number alone, as in `tests.fuzzing`: a failure names it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from tests.corpus.entries import FOLDER, Entry

MOST_BLOCKS, MOST_CHANGES, DEEPEST = 5, 4, 3
LONGEST = 1_500
LIMITS = (160, 200, 250, 400)
"""How many characters a message holds."""

WORDS = (
    *(
        "a",
        "word",
        "longer",
        "wörter",
        "don't",
        "x2",
        "and",
        "so",
        "the",
        "Überlänge",
        "it's",
        "e.g.",
        "snake_case",
    ),
    *(
        "日本語です。",
        "これは",
        "数据",
        "「引用」",
        "한국어",
        "résumé,",
        "done.",
        "why?",
        "3.5",
        "(maybe)",
        "“quoted”",
    ),
)
QUIET = tuple(word for word in WORDS if word[-1].isalnum() and "." not in word)
TOKENS = (
    *("<@123456789012345678>", "<:partyparrot:123456789012345678>", "<t:1700000000:R>", "👩‍👩‍👧‍👦", ":tada:"),
    *("[a link of words](https://example.com/p?x=1&y=2)", "[wiki](https://example.org/wiki/A_(b))"),
    *(
        '[titled](https://example.com/t "its title")',
        "https://example.com/a?x=1&y=2",
        "<https://example.com/b>",
    ),
    *("`a code span`", "``with ` a tick``", "`**no bold**`", "\\*", "&amp;", "&lt;", "AT&T", "2 * 3"),
)
MARKS = ("**", "*", "_", "~~", "||", "__", "**", "**")
AROUND = (
    ("", ""),
    ("", ""),
    ("", ""),
    ("(", ")"),
    ("“", "”"),
    ("", ","),
    ("", "."),
    ("「", "」"),
    ("これは", "です"),
)
SNIPPETS = (
    *(
        "**",
        "*",
        "_",
        "~~",
        "||",
        "`",
        "```",
        "```py\n",
        "~~~\n",
        "[",
        "](",
        ")",
        "<",
        ">",
        "&",
        "&am",
        "<@12",
        "|",
    ),
    *(
        "\n| a |\n|---|\n",
        "\n> ",
        "\n- ",
        "\n# ",
        "\n\n",
        "\n",
        "\\",
        "[a](htt",
        "https://",
        " ",
        "\u200b",
        "。",
    ),
)
LANGUAGES = ("", "py", "c++", "python title")


@dataclass(frozen=True)
class Answer:
    """An answer, and how it comes."""

    text: str
    limit: int
    cuts: tuple[int, ...]
    """Where its pieces end, the last one's end among them."""


def answer(number: int) -> Answer:
    """Make the answer of a number."""
    rng = random.Random(number)  # noqa: S311 - repeatable, not secret
    text = _document(rng)
    if rng.random() < 0.3:
        for _ in range(rng.randint(1, MOST_CHANGES)):
            text = _CHANGES[rng.randrange(len(_CHANGES))](rng, text)
    text = text[:LONGEST]
    cuts = {rng.randint(1, len(text)) for _ in range(rng.randint(1, 6))} if text else set()
    return Answer(text, rng.choice(LIMITS), tuple(sorted(cuts | {len(text)})))


@cache
def samples() -> Sequence[str]:
    """The answers of the corpus."""
    paths = [*FOLDER.glob("discord_answers/*.txt"), *FOLDER.glob("slack_answers/*.txt")]
    given = [Entry(path).given for path in sorted(paths)]
    return [text for each in given if (text := each.get("answer", ""))]


def _document(rng: random.Random) -> str:
    blocks = [_BLOCKS[rng.randrange(len(_BLOCKS))](rng) for _ in range(rng.randint(1, MOST_BLOCKS))]
    return "\n\n".join(blocks)


def _words(rng: random.Random, most: int) -> list[str]:
    return [
        rng.choice(TOKENS) if rng.random() < 0.15 else rng.choice(WORDS) for _ in range(rng.randint(1, most))
    ]


def _phrase(rng: random.Random, most: int = 12, deep: int = 0, used: str = "") -> str:
    """Some words, here and there in marks, none of them inside of its own kind."""
    words = _words(rng, most)
    for at in range(len(words)):
        mark = rng.choice(MARKS)
        if deep < DEEPEST and rng.random() < 0.12 and mark[0] not in used:
            left, right = rng.choice(AROUND if mark[0] != "_" or rng.random() < 0.1 else AROUND[:6])
            words[at] = f"{left}{mark}{_phrase(rng, 8, deep + 1, used + mark[0])}{mark}{right}"
    return " ".join(words)


def _paragraph(rng: random.Random) -> str:
    return "\n".join(_phrase(rng) for _ in range(rng.choice((1, 1, 2, 3))))


def _long_line(rng: random.Random) -> str:
    """Longer than a message and without the end of a sentence: cut between two words, some of them in links or code."""
    words = [rng.choice(TOKENS if rng.random() < 0.3 else QUIET) for _ in range(rng.randint(20, 60))]
    for mark in rng.sample(MARKS, 2):
        at = rng.randrange(len(words))
        end = min(len(words) - 1, at + rng.randint(0, 9))
        words[at : end + 1] = [f"{mark}{' '.join(words[at : end + 1])}{mark}"]
    return " ".join(words)


def _list(rng: random.Random) -> str:
    marker = rng.choice(("- ", "* ", "1. "))
    deeper = " " * len(marker)
    items = [
        rng.choice((marker, marker, deeper + "- ")) if number else marker
        for number in range(rng.randint(1, 5))
    ]
    return "\n".join(item + _phrase(rng) for item in items)


def _line(rng: random.Random) -> str:
    return f"{rng.choice(('#', '##', '###'))} {_phrase(rng, 6)}"


def _quote(rng: random.Random) -> str:
    return "\n".join(f"> {_phrase(rng)}" for _ in range(rng.randint(1, 4)))


def _fence(rng: random.Random) -> str:
    marker, language = rng.choice(("```", "```", "~~~", "````")), rng.choice(LANGUAGES)
    lines = [
        " " * rng.choice((0, 0, 4)) + " ".join(rng.choices(WORDS, k=4)) for _ in range(rng.randint(1, 12))
    ]
    return "\n".join([f"{marker}{language}", lines[0].lstrip(), *lines[1:], marker])


def _table(rng: random.Random) -> str:
    columns = rng.randint(1, 4)
    rows = [[_phrase(rng, 3, DEEPEST - 1, "|") for _ in range(columns)] for _ in range(rng.randint(1, 8))]
    head = [rng.choice(WORDS) for _ in range(columns)]
    return "\n".join(["| " + " | ".join(row) + " |" for row in [head, ["---"] * columns, *rows]])


def _corpus(rng: random.Random) -> str:
    return rng.choice(samples())


_BLOCKS: tuple[Callable[[random.Random], str], ...] = (
    *(_paragraph, _paragraph, _long_line, _long_line, _list, _list, _line, _quote, _fence, _table, _corpus),
)


def _insert(rng: random.Random, text: str) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + rng.choice(SNIPPETS) + text[at:]


def _delete(rng: random.Random, text: str) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + text[at + rng.choice((1, 1, 2, 5, 40)) :]


def _repeat(rng: random.Random, text: str) -> str:
    at = rng.randint(0, len(text))
    end = at + rng.randint(1, 60)
    return text[:end] + text[at:end] * rng.randint(1, 3) + text[end:]


def _wrap(rng: random.Random, text: str) -> str:
    words, mark = text.split(" "), rng.choice(MARKS)
    at = rng.randrange(len(words))
    end = min(len(words) - 1, at + rng.randint(0, 6))
    words[at], words[end] = mark + words[at], words[end] + mark
    return " ".join(words)


def _before_lines(rng: random.Random, text: str) -> str:
    """Put some lines into a quote, or deeper."""
    lines, before = text.split("\n"), rng.choice(("> ", ">> ", "  ", "    ", "- ", "-# "))
    at = rng.randrange(len(lines))
    end = at + rng.randint(1, 4)
    return "\n".join([*lines[:at], *(before + line for line in lines[at:end]), *lines[end:]])


def _move_line(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    moved = lines.pop(rng.randrange(len(lines)))
    lines.insert(rng.randint(0, len(lines)), moved)
    return "\n".join(lines)


_CHANGES = (_insert, _insert, _delete, _repeat, _wrap, _before_lines, _move_line)
