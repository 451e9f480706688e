"""From a function's signature to the JSON Schema that the model is shown, and to what checks the arguments it sends."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, Field, create_model
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema

Json: TypeAlias = dict[str, Any]

_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]{2,63}", re.ASCII)
_RESERVED = frozenset(
    {
        *(
            "await",
            "break",
            "case",
            "catch",
            "class",
            "const",
            "continue",
            "debugger",
            "default",
            "delete",
            "else",
        ),
        *(
            "enum",
            "export",
            "extends",
            "false",
            "finally",
            "for",
            "function",
            "implements",
            "import",
            "instanceof",
        ),
        *("interface", "let", "new", "null", "package", "private", "protected", "public", "return", "static"),
        *(
            "super",
            "switch",
            "this",
            "throw",
            "true",
            "try",
            "typeof",
            "var",
            "void",
            "while",
            "with",
            "yield",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as the bot knows them: from its own database, by what AIVAX says of the call, never from the model."""

    platform: str
    workspace: str
    user: str
    """The platform's id of the account."""
    name: str = ""
    locale: str = ""
    """A BCP 47 tag such as `pt-BR`; `""`: not known."""
    channel: str = ""
    """The platform's id of where they asked; `""` where only the person is known."""
    thread: str = ""
    private: bool = False
    """Whether only they and the bot read the answer. Not known counts as no."""


class Unusable(Exception):
    """A function that can't be offered to a model; the message says what is to be changed."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function takes."""

    arguments: type[BaseModel]
    """Checks what the model sends. Its fields are numbered, so that any name is possible, and know their names."""
    names: Mapping[str, str]
    """The parameter of each of its fields."""
    schema: Json
    caller: str = ""
    """The parameter that is given the caller; `""`: none."""
    needs_caller: bool = False


def check_name(name: str) -> None:
    """Refuse a name that AIVAX does not take.

    Raises:
        Unusable: it is no JavaScript identifier of 3 to 64 characters.
    """
    if not _IDENTIFIER.fullmatch(name) or name in _RESERVED:
        raise Unusable(
            f"{name!r} can't be the name of a function for AIVAX: it takes JavaScript identifiers of 3 to 64 characters"
            ' (letters, digits, _); give another: @tool(name="...")'
        )


def read(function: Callable[..., Any]) -> Signature:
    """Read what a function takes.

    Raises:
        Unusable: a parameter has no type, a type that has no JSON Schema, or can't be given by name.
    """
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as error:
        raise Unusable(
            f"{function.__name__}: a type is not known where the function stands: {error}"
        ) from error
    fields: dict[str, Any] = {}
    names: dict[str, str] = {}
    caller, needs_caller = "", False
    for name, parameter in inspect.signature(function).parameters.items():
        hint = _hint(function.__name__, parameter, hints)
        if _names_caller(hint):
            caller, needs_caller = name, hint is Caller and parameter.default is parameter.empty
            continue
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[f"field_{len(fields)}"] = (Annotated[hint, Field(alias=name)], default)
        names[f"field_{len(names)}"] = name
    try:
        arguments = create_model(function.__name__, **fields)
        schema = _inlined(arguments.model_json_schema(schema_generator=_Plain))
    except PydanticUserError as error:
        reason = str(error).partition("\n")[0]
        raise Unusable(f"{function.__name__}: a parameter's type has no JSON Schema: {reason}") from error
    return Signature(arguments, names, _object(schema), caller, needs_caller)


def _hint(function: str, parameter: inspect.Parameter, hints: Mapping[str, Any]) -> Any:
    if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        raise Unusable(
            f"{function}: the parameter {parameter} can't be given by name; write it without * and /"
        )
    if parameter.name not in hints:
        raise Unusable(
            f"{function}: the parameter {parameter.name} has no type; write one: {parameter.name}: str"
        )
    return hints[parameter.name]


def _names_caller(hint: Any) -> bool:
    """`Caller`, or `Caller | None` for a function that does without."""
    if hint is Caller:
        return True
    return get_origin(hint) in (Union, UnionType) and set(get_args(hint)) == {Caller, type(None)}


class _Plain(GenerateJsonSchema):
    """Without the titles that pydantic makes of names: each costs tokens in every call, and says nothing new."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _object(schema: Json) -> Json:
    """An object's schema in the order and with the keys that AIVAX shows."""
    shown = {"type": "object", "properties": schema.get("properties", {})}
    return {**shown, **({"required": schema["required"]} if schema.get("required") else {}), **_left(schema)}


def _left(schema: Json) -> Json:
    return {"$defs": schema["$defs"]} if "$defs" in schema else {}


def _inlined(schema: Json) -> Json:
    """With each definition where it is used: whether AIVAX follows references is not said. A circle keeps them."""
    definitions = schema.get("$defs", {})

    def inline(node: Any, inside: frozenset[str]) -> Any:
        if isinstance(node, list):
            return [inline(each, inside) for each in node]
        if not isinstance(node, dict):
            return node
        if isinstance(reference := node.get("$ref"), str):
            name = reference.removeprefix("#/$defs/")
            if name in inside:
                raise RecursionError(name)
            beside = {key: value for key, value in node.items() if key != "$ref"}
            return inline({**definitions[name], **beside}, inside | {name})
        return {key: inline(value, inside) for key, value in node.items()}

    try:
        inlined: Json = inline({key: value for key, value in schema.items() if key != "$defs"}, frozenset())
    except RecursionError:
        return schema
    return inlined


def problems_in(errors: list[Any]) -> Iterator[str]:
    """What is wrong with arguments, for the model: `city: Field required`."""
    for error in errors:
        yield f"{'.'.join(map(str, error['loc'])) or 'the arguments'}: {error['msg']}"
