"""Decides what the sandbox says: the same question always gets the same answer, which holds the question word for word.

Words in the question make it show something (`texts.HELP` lists them).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sandbox.completions import texts
from sandbox.completions.notes import notes_of
from sandbox.completions.question import Question
from sandbox.completions.schemas import broken, obeying
from sandbox.completions.steps import Answer, Call, Rejected, Say, Step, Think, Wait, tokens_of
from sandbox.completions.tools import WORKSHOP, Workshop, made_in, tools_of

LONG_DEFAULT_CHARS = 6_000
LONG_MOST_CHARS = 1_000_000
WAIT_MOST_S = 600.0
FINISH_REASONS = (
    *("stop", "length", "content_filter", "max_tokens", "safety", "refusal", "abort"),
    *("network_error", "insufficient_system_resource"),
)
"""AIVAX' own first, then words of other servers."""

_GREETING = "Hello! This is the **AIVAX sandbox**: a stand-in on your own machine, where no model runs.\n"
_GREETING_AGAIN = "The **AIVAX sandbox** is listening.\n"


def answer_to(question: Question, workshop: Workshop = WORKSHOP) -> Answer:
    """Answers a question."""
    call = _wanted_call(question)
    if call is not None:
        return Answer((call,), "tool_calls")
    if question.schema is not None or question.json_only:
        return _structured(question)
    if (notes := notes_of(question)) is not None:
        return Answer((Say(notes),))
    if only := _asked(question, r"say only (\w{1,40})"):
        return Answer((Say(only[1]),))
    finish = _asked(question, rf"finish ({'|'.join(FINISH_REASONS)})")
    answer = Answer(tuple(_steps(question, workshop)), finish[1] if finish else "stop")
    return answer if question.max_tokens is None else _shortened(answer, question.max_tokens)


def _structured(question: Question) -> Answer:
    """Answers in JSON, behind as many rejected attempts as the question asks for."""
    wanted = _asked(question, r"misfit(?: (\d{1,2}))?")
    misfits = 0 if wanted is None else int(wanted[1] or question.max_attempts)
    made = _json_answer(question)
    waiting = _asked(question, r"wait (\d{1,6}(?:\.\d{1,6})?)")
    steps: list[Step] = [Wait(min(float(waiting[1]), WAIT_MOST_S))] if waiting else []
    steps += [Rejected(broken(made))] * min(misfits, question.max_attempts)
    if misfits >= question.max_attempts:
        return Answer(tuple(steps), exhausted=True)
    return Answer((*steps, Say(made)))


def _asked(question: Question, pattern: str) -> re.Match[str] | None:
    return re.search(rf"\b(?:{pattern})\b", question.text, re.IGNORECASE)


def _steps(question: Question, workshop: Workshop) -> Iterator[Step]:
    waiting = _asked(question, r"wait (\d{1,6}(?:\.\d{1,6})?)")
    if waiting:
        yield Wait(min(float(waiting[1]), WAIT_MOST_S))
    if _asked(question, "think in tags"):
        yield Say("<think>\n" + "".join(step.text for step in _thoughts(question)) + "\n</think>\n\n")
    elif _asked(question, "think|reason"):
        yield from _thoughts(question)
    yield Say(_opening(question))
    if _asked(question, "tools?"):
        yield from tools_of(question, workshop.flags(question)[:2])
    yield from made_in(question, workshop)
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
    if cites := _asked(question, r"cite((?: \d{1,3})+)"):
        yield "\n".join(f"That is what document [{number}] says." for number in cites[1].split()) + "\n"
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
        rows = _asked(question, r"rows (\d{1,4})")
        return texts.json_text(obeying(question.schema, question.text, rows=int(rows[1]) if rows else 1))
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
