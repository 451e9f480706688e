"""Plays AIVAX' own tools: those that a question asks for, and what they make."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sandbox.completions import texts
from sandbox.completions.options import DISABLED, STREAM_NAMES
from sandbox.completions.question import Question
from sandbox.completions.steps import Say, Step, Tool
from sandbox.shapes import USUAL, Shapes

DEFAULT_ZONE = "America/Los_Angeles"
"""Where the tool `DateTime` tells the time unless a request says where."""
MAKERS = {
    "picture": ("ImageGeneration", "png"),
    "document": ("GenerateDocument", "pdf"),
    "page": ("GenerateWebPage", "html"),
}
GATEWAY_TOOLS = ("WebSearch", "Code", *(flag for flag, _ in MAKERS.values()))
"""The tools of the gateway, where a request names none."""
_MAKE = re.compile(r"(?i)\bmake (?:a |another |the )?(picture|document|page)\b")


@dataclass(frozen=True, slots=True)
class Workshop:
    """Which tools there are, and where what they make lies."""

    origin: str = "https://sandbox.example"
    shapes: Shapes = USUAL

    def flags(self, question: Question) -> tuple[str, ...]:
        """Gives the built-in tools of an answer."""
        named = question.builtin_tools
        if named is not None and self.shapes.named_tools == "replace":
            return named
        return tuple(dict.fromkeys((*(named or ()), *GATEWAY_TOOLS)))


WORKSHOP = Workshop()


def tools_of(question: Question, flags: tuple[str, ...]) -> Iterator[Step]:
    if not flags:
        yield Say("\nThere are no tools that I may use.\n")
        return
    told = {"reason": "The message asks for tools.", "goal": "Show how a tool's work is reported."}
    explanation = told if question.explain_tools else None
    first, *others = (
        Tool(f"tool_{number}", STREAM_NAMES[flag], _called_with(question, flag), "Created", explanation)
        for number, flag in enumerate(flags, 1)
    )
    yield Say("\nLet me look that up.\n")
    yield first
    yield replace(first, state="Running")
    yield from others
    fails = re.search(r"(?i)\btools? fail\b", question.text) is not None
    yield _ended(first, fails=flags[0] in DISABLED or (fails and not others))
    for tool, flag in zip(others, flags[1:], strict=True):
        yield Say("\nFound something; now I calculate.\n")
        yield replace(tool, state="Running")
        yield _ended(tool, fails=flag in DISABLED or fails)


def _called_with(question: Question, flag: str) -> str:
    if flag == "DateTime":
        return texts.json_text({"timeZone": question.tool_options.get("dateTimeTimeZone", DEFAULT_ZONE)})
    return texts.json_text({"source": "6 * 7"} if flag == "Code" else {"query": question.text[:80]})


def _ended(tool: Tool, *, fails: bool) -> Tool:
    if fails:
        return replace(tool, state="Failed", result="The tool is unavailable.")
    return replace(tool, state="Completed", result="https://example.com/1")


def made_in(question: Question, workshop: Workshop) -> Iterator[Step]:
    """Makes what is asked for: `make a picture`, `make a document and make a page`; each lies behind a link."""
    for number, wanted in enumerate(_MAKE.findall(question.text)[:10], 1):
        flag, ending = MAKERS[wanted.lower()]
        if flag not in workshop.flags(question):
            yield Say(f"\nI may not make a {wanted.lower()}.\n")
            continue
        link = f"{workshop.origin}/files/{wanted.lower()}-{number}.{ending}"
        contents = texts.json_text({"prompt": question.text[:80]})
        tool = Tool(f"made_{number}", STREAM_NAMES[flag], contents, "Created")
        yield tool
        shape = workshop.shapes.made_link
        of_event: Mapping[str, Mapping[str, Any]] = {
            "result": {"result": f"Made: {link}"},
            "list": {"files": [{"url": link}]},
        }
        yield replace(tool, state="Completed", result="Made.", told=of_event.get(shape, {}))
        if shape == "text":
            yield Say(f"\nHere it is: {link}\n")
        elif shape == "markdown":
            yield Say(f"\n{'!' * (ending == 'png')}[{wanted.lower()}]({link})\n")
        else:
            yield Say("\nHere it is.\n")
