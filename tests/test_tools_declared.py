"""From a Python function to what AIVAX and the model are told of it."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from bots.tools import AddMessage, AddSystem, Caller, Clear, RemoveMessage, Replace, tool, worker
from bots.tools.actions import action_of
from bots.tools.declare import collecting
from bots.tools.schema import Unusable, check_name, problems_in, read


class Item(BaseModel):
    sku: str
    count: int = 1


class Colour(Enum):
    RED = "red"


class Tree(BaseModel):
    kids: list[Tree] = []


def test_types_and_defaults_become_a_json_schema_without_titles() -> None:
    def order(
        city: Annotated[str, Field(description="Where to.", min_length=2)],
        items: list[Item],
        colour: Colour = Colour.RED,
        days: Literal[1, 2] = 1,
    ) -> None: ...

    item = {
        "properties": {"sku": {"type": "string"}, "count": {"type": "integer", "default": 1}},
        "required": ["sku"],
        "title": "Item",
        "type": "object",
    }
    assert read(order).schema == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Where to.", "minLength": 2},
            "items": {"type": "array", "items": item},
            "colour": {"type": "string", "enum": ["red"], "title": "Colour", "default": "red"},
            "days": {"type": "integer", "enum": [1, 2], "default": 1},
        },
        "required": ["city", "items"],
    }


def test_a_function_without_arguments_has_an_object_schema_without_properties() -> None:
    def now() -> str: ...

    def mine(caller: Caller) -> str: ...

    assert read(now).schema == {"type": "object", "properties": {}}
    assert read(mine).schema == {"type": "object", "properties": {}}


def test_the_caller_is_no_argument_of_the_model_and_may_be_done_without() -> None:
    def needs(order: int, who: Caller) -> None: ...

    def does_without(who: Caller | None) -> None: ...

    assert (read(needs).caller, read(needs).needs_caller) == ("who", True)
    assert list(read(needs).schema["properties"]) == ["order"]
    assert (read(does_without).caller, read(does_without).needs_caller) == ("who", False)


def test_a_type_that_holds_itself_keeps_its_reference() -> None:
    def grow(tree: Tree) -> None: ...

    schema = read(grow).schema

    assert schema["properties"]["tree"] == {"$ref": "#/$defs/Tree"}
    assert schema["$defs"]["Tree"]["properties"]["kids"]["items"] == {"$ref": "#/$defs/Tree"}


def test_parameters_may_have_names_that_a_model_class_has_itself() -> None:
    def send(json: int, copy: str, schema: bool, _x: int = 0) -> None: ...

    checked = read(send).arguments.model_validate({"json": 1, "copy": "a", "schema": True})

    assert list(read(send).schema["properties"]) == ["json", "copy", "schema", "_x"]
    assert [getattr(checked, name) for name in read(send).names] == [1, "a", True, 0]


def untyped(a) -> None:  # type: ignore[no-untyped-def]
    ...


def starred(*a: int) -> None: ...


def positional(a: int, /) -> None: ...


def odd(a: type(lambda: 0)) -> None:  # type: ignore[valid-type]
    ...


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        (untyped, "the parameter a has no type"),
        (starred, "can't be given by name"),
        (positional, "can't be given by name"),
        (odd, "no JSON Schema"),
    ],
)
def test_what_no_model_could_call_is_refused_by_name(function: Any, complaint: str) -> None:
    with pytest.raises(Unusable, match=complaint):
        read(function)


@pytest.mark.parametrize(
    "name", ["ab", "find order", "pesquisa-usuario", "1abc", "delete", "função", "a" * 65]
)
def test_a_name_that_aivax_refuses_is_refused_here(name: str) -> None:
    with pytest.raises(Unusable, match="JavaScript identifiers"):
        check_name(name)


@given(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{2,40}", fullmatch=True))
def test_names_are_taken_unless_javascript_reserves_them(name: str) -> None:
    try:
        check_name(name)
    except Unusable:
        assert name in {"new", "for", "try", "var", "let"} or len(name) > 3


def test_no_description_and_one_name_twice_are_refused() -> None:
    with pytest.raises(Unusable, match="no docstring"):

        @tool
        def silent() -> None: ...

    def twice() -> None:
        """Twice."""

    with collecting():
        tool(twice)
        with pytest.raises(Unusable, match="two tools have the name 'twice'"):
            tool(twice)


def test_a_declared_function_stays_what_it_was() -> None:
    @tool
    def double(number: int) -> int:
        """Double a number."""
        return number * 2

    @tool(name="triple_it", read_only=True)
    def triple(number: int) -> int:
        """Triple a number."""
        return number * 3

    assert (double(2), triple(2)) == (4, 6)


def test_unknown_events_and_a_second_worker_are_refused() -> None:
    with pytest.raises(Unusable, match=r"known: message\.received, tool\.called"):
        worker("message.sent")

    def judge(event: object) -> None: ...

    with collecting():
        worker("tool.called")(judge)
        with pytest.raises(Unusable, match=r"two workers are for tool\.called"):
            worker("tool.called")(judge)


def test_wrong_arguments_are_named_for_the_model() -> None:
    def order(city: str, items: list[Item]) -> None: ...

    try:
        read(order).arguments.model_validate({"items": [{"count": "many"}]})
    except ValueError as error:
        told = list(problems_in(error.errors()))  # type: ignore[attr-defined]

    assert told[0] == "city: Field required"
    assert told[1] == "items.0.sku: Field required"
    assert told[2].startswith("items.0.count: Input should be a valid integer")


def test_what_a_worker_returns_is_written_as_aivax_reads_it() -> None:
    message = {"role": "user", "content": "hi"}
    rewrites = [Clear("messages"), AddMessage(message), RemoveMessage(0), AddSystem("Be brief.")]

    assert action_of("message.received", rewrites) == {
        "type": "message.received.response",
        "data": {
            "rewrites": [
                {"type": "clear", "argument": "messages"},
                {"type": "add-message", "message": message},
                {"type": "remove-message", "index": 0},
                {"type": "add-system", "message": "Be brief."},
            ]
        },
    }
    assert action_of("tool.called", Replace("42", [message])) == {
        "type": "tool.called.response",
        "data": {"result": "42", "messages": [message]},
    }
    assert action_of("message.received", None) is None


@pytest.mark.parametrize(("event", "given"), [("message.received", "yes"), ("tool.called", [Clear()])])
def test_what_an_event_does_not_take_is_refused(event: str, given: object) -> None:
    with pytest.raises(TypeError, match=event):
        action_of(event, given)
