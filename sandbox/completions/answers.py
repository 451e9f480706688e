"""Decides what the sandbox says: the same question always gets the same answer, which holds the question word for word.

Words in the question make it show something (`texts.HELP` lists them).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sandbox.completions import texts
from sandbox.completions.options import DISABLED, STREAM_NAMES
from sandbox.completions.question import Question

LONG_DEFAULT_CHARS = 6_000
LONG_MOST_CHARS = 1_000_000
WAIT_MOST_S = 600.0
DEFAULT_ZONE = "America/Los_Angeles"
"""Where the tool `DateTime` tells the time unless a request says where."""
FINISH_REASONS = (
    *("stop", "length", "content_filter", "max_tokens", "safety", "refusal", "abort"),
    *("network_error", "insufficient_system_resource"),
)
"""AIVAX' own first, then words of other servers."""

_GREETING = "Hello! This is the **AIVAX sandbox**: a stand-in on your own machine, where no model runs.\n"
_GREETING_AGAIN = "The **AIVAX sandbox** is listening.\n"


@dataclass(frozen=True, slots=True)
class Say:
    """A stretch of visible text."""

    text: str


@dataclass(frozen=True, slots=True)
class Think:
    """A stretch of reasoning."""

    text: str


@dataclass(frozen=True, slots=True)
class Tool:
    """The state of a tool that the gateway runs; `contents` is JSON text."""

    id: str
    name: str
    contents: str
    state: str
    explanation: dict[str, str] | None = None
    result: str = ""
    """What it gave back, or why it failed; `""` until it has ended."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of one of the client's functions; `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds in which nothing comes."""

    seconds: float


Step = Say | Think | Tool | Call | Wait


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that happens in an answer, in its order, and why it ended."""

    steps: tuple[Step, ...]
    finish_reason: str = "stop"

    @property
    def text(self) -> str:
        """Gives the visible text as a whole."""
        return "".join(step.text for step in self.steps if isinstance(step, Say))


def answer_to(question: Question) -> Answer:
    """Answers a question."""
    call = _wanted_call(question)
    if call is not None:
        return Answer((call,), "tool_calls")
    if question.json_only:
        return Answer((Say(_json_answer(question)),))
    finish = _asked(question, rf"finish ({'|'.join(FINISH_REASONS)})")
    answer = Answer(tuple(_steps(question)), finish[1] if finish else "stop")
    return answer if question.max_tokens is None else _shortened(answer, question.max_tokens)


def tokens_of(text: str) -> list[str]:
    """Cuts a text into what stands for tokens here; joined, they are the text again."""
    return re.findall(r"\s*\S{1,8}|\s+", text)


def _asked(question: Question, pattern: str) -> re.Match[str] | None:
    return re.search(rf"\b(?:{pattern})\b", question.text, re.IGNORECASE)


def _steps(question: Question) -> Iterator[Step]:
    waiting = _asked(question, r"wait (\d{1,6}(?:\.\d{1,6})?)")
    if waiting:
        yield Wait(min(float(waiting[1]), WAIT_MOST_S))
    if _asked(question, "think in tags"):
        yield Say("<think>\n" + "".join(step.text for step in _thoughts(question)) + "\n</think>\n\n")
    elif _asked(question, "think|reason"):
        yield from _thoughts(question)
    yield Say(_opening(question))
    if _asked(question, "tools?"):
        yield from _tools(question)
    sections = list(_sections(question))
    yield Say("\n" + "\n".join(sections or [_invitation(question)]))
    memory = len(question.remembered)
    if memory:
        yield Say(f"\n*I remember {memory} earlier message{'s' * (memory > 1)} of this conversation.*\n")


def _opening(question: Question) -> str:
    lines = [_GREETING_AGAIN if question.remembered else _GREETING]
    if question.messages[-1].role == "tool":
        lines.append(f"The tool answered:\n\n{texts.fenced(question.messages[-1].text)}\nYou had asked:\n")
    else:
        lines.append("You said:\n")
    lines.append(texts.quoted(question.text))
    media = [part for message in question.messages for part in message.media]
    if media:
        lines.append("With it came:\n")
        lines.append("\n".join(f"- {part.kind}: {part.label}" for part in media) + "\n")
    return "\n".join(lines)


def _invitation(question: Question) -> str:
    if question.remembered:
        return "I can only repeat it. Say `words` for the words that I know.\n"
    return (
        "I can only repeat it, but some words wake me up:\n\n"
        "- `list`, `code`, `table` or `long 5000` show what an answer can look like\n"
        "- `think` and `tools` show what happens on the way to one\n"
        "- `words` tells the rest\n"
    )


def _sections(question: Question) -> Iterator[str]:
    everything = _asked(question, "markdown") is not None
    for word, text in (
        ("markup", texts.MARKUP),
        ("list", texts.LIST),
        ("code", texts.CODE),
        ("table", texts.TABLE),
    ):
        if everything or _asked(question, word):
            yield text
    if _asked(question, "mentions"):
        yield texts.MENTIONS
    if _asked(question, "help|words"):
        yield texts.HELP
    if _asked(question, "instructions"):
        yield _instructions(question)
    if _asked(question, r"summar(?:y|i[sz]e|i[sz]ing)"):
        yield _summary(question)
    chars = _long_chars(question)
    if chars:
        yield texts.long_text(chars)


def _long_chars(question: Question) -> int:
    number = _asked(question, r"long (\d{1,9})")
    if number:
        return min(int(number[1]), LONG_MOST_CHARS)
    plain = re.search(
        r"(?:^|:)[ \t]*long\W*$|\blong (?:answer|text)\b", question.text, re.IGNORECASE | re.MULTILINE
    )
    return LONG_DEFAULT_CHARS if plain else 0


def _instructions(question: Question) -> str:
    if not question.instructions:
        return "I was given no instructions.\n"
    return "My instructions are:\n\n" + "\n".join(texts.fenced(text) for text in question.instructions)


def _summary(question: Question) -> str:
    given = [(message.role, message.text) for message in question.messages]
    return f"I was given {len(given)} message{'s' * (len(given) > 1)}:\n\n{texts.context_list(given)}"


def _thoughts(question: Question) -> Iterator[Think]:
    words = len(question.text.split())
    yield Think(f"The message has {words} word{'s' * (words != 1)} and {len(question.text)} characters. ")
    yield Think("Nobody runs a model here, so the best that I can do is repeat it. ")
    yield Think("A friendly sentence before it, the message, and an end. That should do.")


def _tools(question: Question) -> Iterator[Step]:
    flags = (*question.builtin_tools, "WebSearch", "Code")[:2]
    told = {"reason": "The message asks for tools.", "goal": "Show how a tool's work is reported."}
    explanation = told if question.explain_tools else None
    first = Tool("tool_1", STREAM_NAMES[flags[0]], _called_with(question, flags[0]), "Created", explanation)
    second = Tool("tool_2", STREAM_NAMES[flags[1]], _called_with(question, flags[1]), "Created", explanation)
    yield Say("\nLet me look that up.\n")
    yield first
    yield replace(first, state="Running")
    yield second
    yield _ended(first, fails=flags[0] in DISABLED)
    yield Say("\nFound something; now I calculate.\n")
    yield replace(second, state="Running")
    yield _ended(second, fails=flags[1] in DISABLED or _asked(question, "tools? fail") is not None)


def _called_with(question: Question, flag: str) -> str:
    if flag == "DateTime":
        return texts.json_text({"timeZone": question.tool_options.get("dateTimeTimeZone", DEFAULT_ZONE)})
    return texts.json_text({"source": "6 * 7"} if flag == "Code" else {"query": question.text[:80]})


def _ended(tool: Tool, *, fails: bool) -> Tool:
    if fails:
        return replace(tool, state="Failed", result="The tool is unavailable.")
    return replace(tool, state="Completed", result="https://example.com/1")


def _wanted_call(question: Question) -> Call | None:
    choice = question.tool_choice
    if not question.tools or choice == "none" or question.messages[-1].role == "tool":
        return None
    forced = _forced(choice)
    named = next((name for name in question.tools if _asked(question, re.escape(name))), None)
    asked = _asked(question, "call|use")
    if forced in question.tools:
        name = forced
    elif asked and named:
        name = named
    elif choice == "required" or _asked(question, "(?:call|use) (?:an? |the |your )?(?:tool|function)"):
        name = next(iter(question.tools))
    else:
        return None
    return Call("call_1", name, _arguments(question, name))


def _forced(choice: object) -> str:
    function = choice.get("function") if isinstance(choice, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) else ""


def _arguments(question: Question, name: str) -> str:
    rest = question.text.partition(name)[2].strip()
    try:
        given: Any = json.loads(rest)
    except ValueError:
        given = None
    if isinstance(given, dict):
        return texts.json_text(given)
    made_up = texts.sample({"type": "object", **question.tools[name]}, rest or question.text)
    return texts.json_text(made_up)


def _json_answer(question: Question) -> str:
    if question.schema:
        return texts.json_text(texts.sample(question.schema, question.text))
    return texts.json_text({"answer": "This is the AIVAX sandbox.", "message": question.text})


def _shortened(answer: Answer, max_tokens: int) -> Answer:
    left = max_tokens
    steps: list[Step] = []
    for step in answer.steps:
        if not isinstance(step, Say):
            steps.append(step)
            continue
        tokens = tokens_of(step.text)
        steps.append(Say("".join(tokens[:left])))
        left -= len(tokens)
        if left < 0:
            return Answer(tuple(steps), "length")
    return replace(answer, steps=tuple(steps))
