"""What the sandbox says: always the same, always with the question in it."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.completions.answers import answer_to
from sandbox.completions.question import Question, read_question
from sandbox.completions.steps import Answer, Call, Say, Think, Tool, Wait, tokens_of

MAGIC = [
    "list",
    "code",
    "table",
    "markdown",
    "think",
    "tools fail",
    "help",
    "instructions",
    "summarise",
    "mentions",
]
MARKDOWN = [
    "`",
    "```",
    "````\n",
    "~~~",
    "> ",
    "\n",
    "\r\n",
    "**",
    "- ",
    "# ",
    "|",
    "\\",
    "\u2028",
    "\ud83d",
    "👩‍💻",
]
words = st.one_of(st.text(), st.sampled_from(MARKDOWN), st.sampled_from(MAGIC))
messages = st.lists(words, max_size=12).map("".join)


def asked(*turns: str, **fields: Any) -> Question:
    """Reads a question whose turns alternate between user and assistant."""
    roles = ["user", "assistant"] * len(turns)
    said = [{"role": role, "content": turn} for role, turn in zip(roles, turns, strict=False)]
    return read_question({"model": "m", "messages": said, **fields}, public=False)


def answered(text: str, **fields: Any) -> str:
    return answer_to(asked(text, **fields)).text


@settings(deadline=None)
@given(messages)
def test_an_answer_holds_the_last_message_word_for_word(text: str) -> None:
    assert text in answered(text)
    assert text in answer_to(asked("before", "an answer", text)).text


@settings(deadline=None)
@given(messages)
def test_the_same_question_gets_the_same_answer(text: str) -> None:
    assert answer_to(asked(text)) == answer_to(asked(text))


@settings(deadline=None)
@given(messages)
def test_an_answer_as_json_holds_the_message_as_a_value(text: str) -> None:
    assert json.loads(answered(text, json_only=True))["message"] == text


@settings(deadline=None)
@given(st.text())
def test_tokens_joined_are_the_text(text: str) -> None:
    assert "".join(tokens_of(text)) == text


def test_a_greeting_is_answered_in_a_few_lines_that_name_the_sandbox() -> None:
    answer = answered("hello")

    assert "AIVAX sandbox" in answer
    assert "> hello" in answer
    assert answer.count("\n- ") == 3
    assert len(answer.splitlines()) < 15


def test_a_message_of_several_lines_stands_in_a_fence_that_it_cannot_close() -> None:
    answer = answered("first\n````\nlast")

    assert "`````\nfirst\n````\nlast\n`````" in answer


def test_an_answer_tells_how_many_messages_it_remembers() -> None:
    assert "remember" not in answered("one")
    assert "I remember 2 earlier messages" in answer_to(asked("one", "two", "three")).text


def test_system_messages_are_shown_on_request_and_not_counted_as_remembered() -> None:
    system = {"role": "system", "content": "Speak like a pirate."}
    turns = [system, {"role": "user", "content": "What are your instructions?"}]
    answer = answer_to(read_question({"model": "m", "messages": turns}, public=False)).text

    assert "Speak like a pirate." in answer
    assert "remember" not in answer
    assert "no instructions" in answered("instructions")


def test_a_summary_lists_everything_that_was_given() -> None:
    answer = answer_to(
        asked("The boat leaves at nine.", "Noted.\nAt nine.", "Please summarise this thread")
    ).text

    assert "I was given 3 messages" in answer
    assert "1. **user**\n\n   > The boat leaves at nine." in answer
    assert "2. **assistant**\n\n   > Noted.\n   > At nine." in answer


def test_markdown_of_each_kind_comes_on_request() -> None:
    assert "- pears\n  - Conference" in answered("a list please")
    assert "```python" in answered("some code")
    assert "| ----: |" in answered("a table")
    assert "<!channel>" in answered("mentions")
    assert "`call NAME`" in answered("help")
    assert all(part in answered("markdown") for part in ("## A heading", "- pears", "```python", "| Fruit |"))


def test_a_long_answer_is_as_long_as_was_asked_and_numbers_its_paragraphs() -> None:
    answer = answered("long 40000")

    assert 40_000 <= len(answer) < 42_000
    positions = [answer.index(f"Paragraph {number}. ") for number in range(1, 60)]
    assert positions == sorted(positions)
    assert answer.rstrip().endswith("paragraphs.*")
    assert len(answered("long")) > 6_000
    assert len(answered("how long is a day?")) < 1_000


def test_reasoning_comes_before_the_answer() -> None:
    steps = answer_to(asked("think about it")).steps

    kinds = [type(step) for step in steps]
    assert kinds[0] is Think
    assert Think not in kinds[kinds.index(Say) :]


def states(answer: Answer) -> list[tuple[str, str]]:
    return [(step.id, step.state) for step in answer.steps if isinstance(step, Tool)]


def test_tools_of_the_gateway_run_interleaved_with_text() -> None:
    answer = answer_to(asked("tools"))

    assert states(answer) == [
        ("tool_1", "Created"),
        ("tool_1", "Running"),
        ("tool_2", "Created"),
        ("tool_1", "Completed"),
        ("tool_2", "Running"),
        ("tool_2", "Completed"),
    ]
    kinds = [type(step) for step in answer.steps]
    assert Say in kinds[kinds.index(Tool) : -kinds[::-1].index(Tool)]
    assert all(isinstance(json.loads(step.contents), dict) for step in answer.steps if isinstance(step, Tool))


def test_a_tool_fails_on_request_and_the_answer_goes_on() -> None:
    answer = answer_to(asked("tools fail"))

    assert states(answer)[-1] == ("tool_2", "Failed")
    assert answer.finish_reason == "stop"


def test_tools_are_those_that_the_request_switched_on_and_explain_themselves_when_told_to() -> None:
    fields = {"builtin_tools": {"tools": ["OpenUrl", "Remember"]}, "tool_invocation_explanations": True}
    tools = [step for step in answer_to(asked("tools", **fields)).steps if isinstance(step, Tool)]

    assert {tool.name for tool in tools} == {"open_url", "memory_search"}
    assert all(tool.explanation is not None and set(tool.explanation) == {"reason", "goal"} for tool in tools)


def function(name: str, **schema: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": schema}}


def call(text: str, *tools: dict[str, Any], **fields: Any) -> Call | None:
    steps = answer_to(asked(text, tools=list(tools), **fields)).steps
    return next((step for step in steps if isinstance(step, Call)), None)


def test_a_function_of_the_client_is_called_only_when_asked_for() -> None:
    tools = (function("get_time"), function("set_alarm"))

    assert call("hello", *tools) is None
    assert call("use set_alarm", *tools, tool_choice="none") is None
    named = call("please use set_alarm now", *tools)
    first = call("call a tool", *tools)
    forced = call("hello", *tools, tool_choice={"type": "function", "function": {"name": "set_alarm"}})
    required = call("hello", *tools, tool_choice="required")
    names = [each.name for each in (named, first, forced, required) if each]
    assert names == ["set_alarm", "get_time", "set_alarm", "get_time"]


def test_arguments_are_made_up_to_fit_the_schema() -> None:
    properties = {
        "city": {"type": "string"},
        "unit": {"enum": ["celsius", "kelvin"]},
        "days": {"type": "integer", "minimum": 3},
        "tags": {"type": "array", "items": {"type": ["string", "null"]}},
        "where": {"$ref": "#/properties/days"},
        "exact": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
    }
    made = call("call weather Faro", function("weather", type="object", properties=properties))

    assert made is not None
    assert json.loads(made.arguments) == {
        "city": "Faro",
        "unit": "celsius",
        "days": 3,
        "tags": ["Faro"],
        "where": 3,
        "exact": True,
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
schema_words = st.sampled_from(["type", "properties", "items", "anyOf", "enum", "$ref", "const", "minimum"])


@settings(deadline=None)
@given(st.dictionaries(schema_words, json_values), json_values)
def test_no_schema_or_choice_of_a_client_breaks_the_sandbox(schema: dict[str, Any], choice: Any) -> None:
    answer_to(asked("call it", tools=[function("it", **schema)], tool_choice=choice))
    answer_to(asked("hello", response_schema=schema))


def test_an_answer_ends_early_when_its_tokens_are_used_up() -> None:
    answer = answer_to(asked("long 5000", max_completion_tokens=7))

    assert answer.finish_reason == "length"
    assert len(tokens_of(answer.text)) == 7


def test_the_reason_of_the_end_and_a_silence_come_on_request() -> None:
    assert answer_to(asked("finish content_filter")).finish_reason == "content_filter"
    assert answer_to(asked("finish STOP")).finish_reason == "STOP"
    assert answer_to(asked("wait 2.5 please")).steps[0] == Wait(2.5)
