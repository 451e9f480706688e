"""Calls what a gateway has configured, while it makes an answer: its worker first, then the functions asked for."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sandbox.completions.content import Message, read_messages
from sandbox.completions.question import Question
from sandbox.completions.steps import Answer, Say, Step, Tool
from sandbox.completions.texts import fenced, json_text
from sandbox.hooks.config import Hooks, Memory
from sandbox.hooks.http import Reply, send
from sandbox.hooks.sources import Function, McpCall, functions_of, nonce, nonce_header
from sandbox.refusals import Refusal
from sandbox.shapes import Shapes

ACTION = "application/json+worker-action"
FAILED = "The tool call failed."
"""All that the model hears of an answer without a status of success."""
_CALL = re.compile(r"\b(?:call|use) ([A-Za-z_$][\w$]*)\s*(?=(\{)?)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Inference:
    """One completion, as far as hooks see it."""

    hooks: Hooks
    memory: Memory
    shapes: Shapes
    gateway_id: str
    body: Mapping[str, Any]
    clock: Callable[[], float]

    @property
    def _moment(self) -> str:
        return datetime.fromtimestamp(self.clock(), UTC).isoformat()

    @property
    def _metadata(self) -> Mapping[str, str]:
        return self.body.get("metadata") or {}

    async def received(self, question: Question) -> Question:
        """Has the worker judge a message, and does what it says to the context."""
        if not self.hooks.worker_url:
            return question
        messages = self.body.get("messages") or [{"role": "user", "content": question.text}]
        reply = await self._tell("message.received", {"messages": messages})
        action = self._action(reply, "message.received")
        if action is None:
            if not reply.ok:
                raise Refusal(int(self.shapes.worker_stop), "The request was stopped by a worker.")
            return question
        now = list(question.messages)
        for rewrite in action.get("rewrites", []):
            now = _rewritten(now, rewrite)
        return replace(question, messages=tuple(now))

    async def steps(self, question: Question) -> list[Step]:
        """Calls each function that the message names: `call NAME {json}`."""
        functions = await functions_of(self.hooks, self.memory, self.clock)
        made: list[Step] = []
        for number, (name, arguments) in enumerate(_wanted(question.text, functions), 1):
            result, fine = await self._run(functions[name], arguments)
            tool = Tool(f"hook_{number}", name, json_text(arguments), "Created")
            ended = replace(tool, state="Completed" if fine else "Failed", result=result)
            made += [tool, replace(tool, state="Running"), ended]
            made.append(Say(f"\nThe tool {name} answered:\n\n{fenced(result)}\n"))
        return made

    async def _run(self, function: Function, arguments: Mapping[str, Any]) -> tuple[str, bool]:
        wrong = _mismatch(function.schema, arguments)
        if wrong:
            return wrong, False
        if self.hooks.worker_url:
            told = {"toolName": function.name, "toolArguments": arguments}
            reply = await self._tell("tool.called", told)
            action = self._action(reply, "tool.called")
            if action is not None:
                return str(action["result"]), True
            if not reply.ok:
                return FAILED, False
        return await (
            self._ask_server(function, arguments) if function.server else self._post(function, arguments)
        )

    async def _post(self, function: Function, arguments: Mapping[str, Any]) -> tuple[str, bool]:
        body = {
            "type": "tool_call",
            "function": {"name": function.name, "content": arguments},
            "context": {
                "externalUserId": self.body.get("user"),
                "metadata": self._metadata,
                "callSource": "ChatCompletionsApi",
                "conversationToken": self.body.get("idempotency_key"),
                "moment": self._moment,
            },
        }
        headers = {**function.headers, **nonce_header(self.hooks)}
        reply = await send("POST", function.url, headers, body)
        return (reply.text, True) if reply.ok else (FAILED, False)

    async def _ask_server(self, function: Function, arguments: Mapping[str, Any]) -> tuple[str, bool]:
        if function.server is None:
            return FAILED, False
        meta = {
            "_aiv_nonce": nonce(self.hooks),
            "_aiv_external_user_id": self.body.get("user"),
            "_aiv_call_source": "ChatCompletionsApi",
            "_aiv_conversation_token": self.body.get("idempotency_key"),
            "_aiv_moment": self._moment,
            **self._metadata,
        }
        called = {"name": function.name, "arguments": arguments, "_meta": meta}
        try:
            result = await (await McpCall.open(function.server)).ask("tools/call", called)
        except Refusal:
            return FAILED, False
        text = "\n".join(part.get("text", "[unsupported]") for part in result["content"])
        return text, not result.get("isError")

    async def _tell(self, event: str, data: Mapping[str, Any]) -> Reply:
        about = {
            **data,
            "origin": "ChatCompletionsApi",
            "externalUserId": self.body.get("user"),
            "metadata": self._metadata,
        }
        body = {
            "gatewayId": self.gateway_id,
            "moment": self._moment,
            "event": {"name": event, "data": about},
        }
        return await send("POST", self.hooks.worker_url, nonce_header(self.hooks), body)

    def _action(self, reply: Reply, event: str) -> Mapping[str, Any] | None:
        if reply.headers.get("content-type", "").partition(";")[0] != ACTION:
            return None
        told = json.loads(reply.text)
        if told.get("type") != f"{event}.response" or not isinstance(told.get("data"), dict):
            raise Refusal(500, "The worker's action can't be read.", code="server_error")
        return dict(told["data"])


def _wanted(text: str, functions: Mapping[str, Function]) -> list[tuple[str, Mapping[str, Any]]]:
    calls = []
    for found in _CALL.finditer(text):
        if found[1] not in functions:
            continue
        try:
            arguments, _ = json.JSONDecoder().raw_decode(text, found.end()) if found[2] else ({}, 0)
        except ValueError:
            arguments = {}
        calls.append((found[1], arguments))
    return calls


def _mismatch(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> str:
    missing = [name for name in schema.get("required", []) if name not in arguments]
    return f"The arguments do not fit the schema: '{missing[0]}' is missing." if missing else ""


def _rewritten(messages: list[Message], rewrite: Mapping[str, Any]) -> list[Message]:
    match rewrite.get("type"):
        case "clear" if rewrite.get("argument", "all") in ("messages", "all"):
            return [
                each for each in messages if each.is_instruction and rewrite.get("argument") == "messages"
            ]
        case "clear" if rewrite.get("argument") == "system":
            return [each for each in messages if not each.is_instruction]
        case "clear" if rewrite.get("argument") in ("meta", "tools", "skills"):
            return messages
        case "add-message":
            return [*messages, *read_messages({"messages": [rewrite["message"]]})]
        case "remove-message":
            return [each for number, each in enumerate(messages) if number != rewrite["index"]]
        case "add-system":
            return [Message("system", rewrite["message"]), *messages]
        case "add-tool" | "add-protocol-tool" | "add-mcp-source":
            return messages
    raise Refusal(500, f"The worker's rewrite {rewrite} is not known.", code="server_error")


def with_steps(answer: Answer, steps: list[Step]) -> Answer:
    """Puts what functions did before the rest of the answer."""
    return replace(answer, steps=(*steps, *answer.steps)) if steps else answer
