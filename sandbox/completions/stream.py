"""Writes an answer on the wire: as server-sent events, or as one `chat.completion`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.account import price_usd
from sandbox.completions.question import Question
from sandbox.completions.steps import Answer, Call, Rejected, Say, Step, Think, Tool, Wait, tokens_of
from sandbox.shapes import Shapes
from sandbox.wire import json_bytes

DONE = b"data: [DONE]\n\n"
PINGS = {"comment": b": ping\n\n", "empty": b"data:\n\n"}
"""Two ways to ping: a comment, or an event without data. (The `openai` SDK stumbles over the second.)"""

PROVIDER = "sandbox"

_PIECE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes that are sent together.

    `wait_s` is a silence before them, `tokens` what they cost at a set pace; `final` frames end an answer, and a
    fault never lets one through.
    """

    data: bytes
    tokens: int = 0
    wait_s: float = 0.0
    final: bool = False


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every event of one answer repeats; `created` is in seconds since the epoch."""

    id: str
    created: int
    model: str

    def event(self, fields: Mapping[str, Any]) -> bytes:
        """Writes one `chat.completion.chunk` as an event."""
        head = {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "provider": PROVIDER,
        }
        return b"data: " + json_bytes({**head, **fields}) + b"\n\n"

    def delta(self, delta: Mapping[str, Any], finish_reason: str | None = None) -> bytes:
        """Writes the event of a change to the first choice."""
        return self.event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})


def usage(question: Question, answer: Answer) -> dict[str, Any]:
    """Counts the tokens of an answer."""
    prompt, completion = question.prompt_tokens, completion_tokens(answer)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    }


def _prices(question: Question, answer: Answer) -> list[dict[str, Any]]:
    counts = {"input": question.prompt_tokens, "output": completion_tokens(answer)}
    return [
        {
            "sku": f"inference:{name}",
            "amount": unit_price * counts[name],
            "unit_price": unit_price,
            "quantity": counts[name],
            "description": f"{name} tokens",
        }
        for name, unit_price in (("input", price_usd(1, 0)), ("output", price_usd(0, 1)))
    ]


def completion_tokens(answer: Answer) -> int:
    """Counts the tokens that an answer is charged for: those of its text, reasoning and calls."""
    return sum(len(tokens_of(_charged(step))) for step in answer.steps)


def _charged(step: Step) -> str:
    if isinstance(step, Say | Think | Rejected):
        return step.text
    return step.arguments if isinstance(step, Call) else ""


def frames(envelope: Envelope, question: Question, answer: Answer, shapes: Shapes) -> Iterator[Frame]:
    """Writes an answer as a stream, event by event."""
    if question.json_only and shapes.json_only == "bare":
        yield Frame(b"data: " + answer.text.encode(errors="replace") + b"\n\n", completion_tokens(answer))
        yield Frame(DONE, final=True)
        return
    if question.json_only and answer.finish_reason == "stop":
        yield Frame(envelope.delta({"role": "assistant", "content": answer.text}), completion_tokens(answer))
    else:
        yield from _opened(_told(envelope, answer, shapes), envelope)
    yield Frame(envelope.delta({}, answer.finish_reason), final=True)
    costs: dict[str, Any] = {"usage": usage(question, answer)}
    if shapes.stream_price == "chunk" and not question.json_only:
        costs["generation_context"] = {"generated_usage": _prices(question, answer)}
    yield Frame(envelope.event({"choices": [], **costs}), final=True)
    yield Frame(DONE, final=True)


def _opened(rest: Iterator[Frame], envelope: Envelope) -> Iterator[Frame]:
    yield Frame(envelope.delta({"role": "assistant", "content": ""}))
    yield from rest


def _told(envelope: Envelope, answer: Answer, shapes: Shapes) -> Iterator[Frame]:
    wait_s = 0.0
    for step in answer.steps:
        if isinstance(step, Wait):
            wait_s = step.seconds
            continue
        for frame in _step(envelope, step, shapes):
            yield Frame(frame.data, frame.tokens, wait_s) if wait_s else frame
            wait_s = 0.0


def _step(envelope: Envelope, step: Step, shapes: Shapes) -> Iterator[Frame]:
    if isinstance(step, Rejected):
        if shapes.rejected_attempts == "streamed":
            yield from _step(envelope, Say(step.text), shapes)
        else:
            yield Frame(b"", len(tokens_of(step.text)))
    elif isinstance(step, Say | Think):
        name = "content" if isinstance(step, Say) else "reasoning"
        for token in tokens_of(step.text):
            yield Frame(envelope.delta({name: token}), 1)
    elif isinstance(step, Tool):
        if not step.result or shapes.tool_end != "silent":
            yield Frame(envelope.event({"choices": [], "servertool": _servertool(step, shapes)}))
    elif isinstance(step, Call):
        yield from _call(envelope, step)


def _servertool(tool: Tool, shapes: Shapes) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": tool.id,
        "name": tool.name,
        "contents": tool.contents,
        "state": tool.state,
    }
    if tool.result and shapes.tool_end == "result":
        failed = tool.state == "Failed"
        told |= {
            "state": "Running",
            **({"error": {"message": tool.result}} if failed else {"result": tool.result}),
        }
    told |= tool.told
    return told if tool.explanation is None else {**told, "explanation": tool.explanation}


def _call(envelope: Envelope, call: Call) -> Iterator[Frame]:
    opening = {**_function(call, ""), "index": 0}
    yield Frame(envelope.delta({"tool_calls": [opening]}))
    for token in tokens_of(call.arguments):
        yield Frame(envelope.delta({"tool_calls": [{"index": 0, "function": {"arguments": token}}]}), 1)


def _function(call: Call, arguments: str) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def completion(envelope: Envelope, question: Question, answer: Answer) -> dict[str, Any]:
    """Writes an answer in one piece."""
    calls = [_function(step, step.arguments) for step in answer.steps if isinstance(step, Call)]
    message: dict[str, Any] = {"role": "assistant", "content": None if calls else answer.text}
    if calls:
        message["tool_calls"] = calls
    return {
        "id": envelope.id,
        "object": "chat.completion",
        "created": envelope.created,
        "model": envelope.model,
        "provider": PROVIDER,
        "choices": [{"index": 0, "message": message, "finish_reason": answer.finish_reason}],
        "usage": usage(question, answer),
        "generation_context": {"generated_usage": _prices(question, answer)},
    }


def pieces(body: bytes) -> Iterator[Frame]:
    """Cuts a body into small frames, so that a fault can strike in the middle of it."""
    for start in range(0, len(body), _PIECE_BYTES):
        end = start + _PIECE_BYTES
        yield Frame(body[start:end], final=end >= len(body))


def error_event(envelope: Envelope, code: int | str, message: str) -> bytes:
    """Writes the event that tells of a failure in the middle of an answer."""
    choice = {"index": 0, "delta": {}, "finish_reason": "error"}
    return envelope.event({"choices": [choice], "error": {"code": code, "message": message}})
