"""Turns a completion's body into a frozen `Question`, or says which part of it is wrong."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.completions.content import Message, read_messages
from sandbox.completions.options import check_options, invalid, is_list_of, read_schema, read_tools
from sandbox.plans import Model
from sandbox.refusals import Refusal
from sandbox.wire import is_number

PUBLIC_PARAMETERS = frozenset(
    {
        "model",
        "messages",
        "prompt",
        "temperature",
        "top_p",
        "top_k",
        "seed",
        "tools",
        "reasoning_effort",
        "max_completion_tokens",
        "stream",
        "idempotency_key",
    }
)
PRIVATE_PARAMETERS = PUBLIC_PARAMETERS | {
    "user",
    "metadata",
    "stop",
    "tool_choice",
    "parallel_tool_calls",
    "max_tokens",
    "n",
    "presence_penalty",
    "frequency_penalty",
    "verbosity",
    "stream_options",
    "builtin_tools",
    "tool_invocation_explanations",
    "response_schema",
    "response_format",
    "json_only",
    "multimodal_resolver",
    "multimodal_preprocess",
    "rendering_mode",
    "routing_options",
    "routing_preset",
    "allow_logging",
}
"""Those of AIVAX, and of OpenAI's that its clients send. Any other is refused: a misspelt one would do nothing."""

_RANGES = {"temperature": (0, 2), "top_p": (0, 1), "top_k": (0, math.inf)}
_COUNTS = ("max_completion_tokens", "max_tokens")
_FLAGS = ("stream", "json_only", "tool_invocation_explanations")
_IDEMPOTENCY_KEY_CHARS = 128
_FUNCTION_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Question:
    """A completion request that was found in order. `tools` are the client's functions by name."""

    model: str
    messages: tuple[Message, ...]
    stream: bool
    tools: Mapping[str, Mapping[str, Any]]
    tool_choice: object
    builtin_tools: tuple[str, ...] | None
    """By their flags; None: those of the gateway."""
    tool_options: Mapping[str, Any]
    explain_tools: bool
    json_only: bool
    schema: Mapping[str, Any] | None
    max_attempts: int
    """Attempts at an answer that fits the schema."""
    max_tokens: int | None
    user: str = ""
    key: str = ""
    """The idempotency key."""
    is_logged: bool = True

    @property
    def text(self) -> str:
        """Gives the user's last message, word for word."""
        return next((m.text for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def instructions(self) -> tuple[str, ...]:
        """Gives the system prompts, in order."""
        return tuple(m.text for m in self.messages if m.is_instruction)

    @property
    def remembered(self) -> tuple[Message, ...]:
        """Gives the messages of the conversation before the user's last one."""
        said = [m for m in self.messages if not m.is_instruction]
        last = max((i for i, m in enumerate(said) if m.role == "user"), default=0)
        return tuple(said[:last])

    @property
    def media(self) -> tuple[str, ...]:
        """Gives the kinds of media in the whole request."""
        return tuple(part.kind for m in self.messages for part in m.media)

    @property
    def prompt_tokens(self) -> int:
        """Estimates the tokens of the prompt: four characters each, and 85 for a piece of media."""
        chars = sum(len(m.text) for m in self.messages)
        return max(1, math.ceil(chars / 4)) + 85 * len(self.media)


def read_question(body: object, *, public: bool) -> Question:
    """Checks a body and reads it; raises a 400 or 422 refusal that names the parameter."""
    if not isinstance(body, dict):
        raise Refusal(400, "The body must be a JSON object.", code="invalid_json")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise Refusal(400, "The parameter 'model' is missing.", param="model", code="missing_model")
    _check_names(body, public=public)
    _check_sampling(body)
    _check_bookkeeping(body)
    check_options(body)
    builtin_tools, tool_options = read_tools(body)
    schema, max_attempts = read_schema(body)
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    return Question(
        model=model,
        messages=read_messages(body),
        stream=body.get("stream") is True,
        tools={} if public else _functions(body),
        tool_choice=body.get("tool_choice"),
        builtin_tools=builtin_tools,
        tool_options=tool_options,
        explain_tools=body.get("tool_invocation_explanations") is True,
        json_only=body.get("json_only") is True,
        schema=schema,
        max_attempts=max_attempts,
        max_tokens=limit,
        user=body.get("user") or "",
        key=body.get("idempotency_key") or "",
        is_logged=body.get("allow_logging") is not False,
    )


def check_model(model: Model, question: Question, *, limit: int, public: bool) -> None:
    """Raises a refusal when the key may not use the model, or the prompt is too large for it."""
    if public and not model.public:
        message = "A public key can only use a gateway by its full UUID, not by slug or tag."
        raise Refusal(403, message, param="model", code="model_not_allowed")
    if question.prompt_tokens > limit:
        message = f"The prompt has about {question.prompt_tokens} tokens; {limit} fit in the context."
        raise Refusal(400, message, param="messages", code="context_length_exceeded")


def _check_names(body: Mapping[str, Any], *, public: bool) -> None:
    for name in body:
        if name not in (PUBLIC_PARAMETERS if public else PRIVATE_PARAMETERS):
            message = f"The parameter '{name}' is not accepted{' with a public key' * public}."
            raise Refusal(400, message, param=name, code="unsupported_parameter")


def _check_sampling(body: Mapping[str, Any]) -> None:
    for name, (low, high) in _RANGES.items():
        value = body.get(name)
        if value is not None and not (is_number(value) and low <= value <= high):
            raise invalid(name, f"must be a number from {low} to {high}")
    for name in _COUNTS:
        value = body.get(name)
        if value is not None and not (isinstance(value, int) and is_number(value) and value > 0):
            raise invalid(name, "must be a whole number above 0")
    for name in _FLAGS:
        if not isinstance(body.get(name, False), bool | None):
            raise invalid(name, "must be true or false")
    stop = body.get("stop")
    if not (stop is None or isinstance(stop, str) or is_list_of(stop, str)):
        raise invalid("stop", "must be a string or a list of strings")


def _check_bookkeeping(body: Mapping[str, Any]) -> None:
    key = body.get("idempotency_key")
    if "idempotency_key" in body and not (isinstance(key, str) and 0 < len(key) <= _IDEMPOTENCY_KEY_CHARS):
        raise invalid("idempotency_key", f"must be a text of 1 to {_IDEMPOTENCY_KEY_CHARS} characters")
    if not isinstance(body.get("user", ""), str | None):
        raise invalid("user", "must be a string")
    metadata = body.get("metadata")
    if metadata is not None and not _is_string_map(metadata):
        raise invalid("metadata", "must be an object of string to string")
    if body.get("rendering_mode") == "textual_blocks":
        raise invalid("rendering_mode", "must be left out: the sandbox only sends structured events")


def _functions(body: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    tools = body.get("tools") or []
    if not isinstance(tools, list):
        raise invalid("tools", "must be a list", 400)
    named: dict[str, Mapping[str, Any]] = {}
    for index, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(function, dict) or not isinstance(name, str) or not _FUNCTION_NAME.fullmatch(name):
            raise invalid(f"tools[{index}]", "must be a function with a name", 400)
        schema = function.get("parameters")
        named[name] = schema if isinstance(schema, dict) else {}
    return named


def _is_string_map(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
