"""Carries out what AIVAX calls: once for each question, function and arguments, and with an answer a model can read."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from cachetools import LRUCache

from bots.tools.actions import RECEIVED
from bots.tools.catalogue import Catalogue
from bots.tools.child_process import Crowded, Hung, RunnerError, Unfit
from bots.tools.schema import Caller
from core.domain import BotError
from core.storage.tool_callers import ToolCallers
from core.storage.tool_claims import ToolClaims
from core.util.log import log
from core.util.tasks import TaskSet
from core.util.text import sound

Json: TypeAlias = dict[str, Any]
_RECENT = 256
_GRACE_S = 1.0
"""The runner ends a call that takes too long; what goes on so much later waits for something else, as the database."""
_MOST_DEEP = 100
_BEFORE = (
    "This was done before for the same question with the same arguments, or was begun; it is not done twice. What it"
    " said then is not kept."
)
_LATER = "The function can't be run at the moment, and nothing was done; try again in a moment."


@dataclass(frozen=True, slots=True)
class Context:
    """What AIVAX says of a call, beside the model's arguments. Any of it may be missing."""

    token: str = ""
    """The conversation's token: the key of the bot's turn, where the bot asked."""
    user: str = ""
    moment: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model reads of a call."""

    text: str
    failed: bool = False
    """Whether it tells of a failure."""
    undone: bool = False
    """Whether nothing was done, so that the same call may be made again."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of an event."""

    passes: bool
    action: Json | None = None


class Calls:
    """Carries calls out. What goes on outlasts the connection that asked for it."""

    def __init__(
        self, catalogue: Catalogue, callers: ToolCallers, claims: ToolClaims, timeout_s: float
    ) -> None:
        self._catalogue = catalogue
        self._callers = callers
        self._claims = claims
        self._within_s = timeout_s + _GRACE_S
        self._recent: LRUCache[str, asyncio.Task[Answer]] = LRUCache(_RECENT)
        """Calls under way and their answers, for the same call when it comes again."""
        self._tasks = TaskSet()

    async def aclose(self) -> None:
        await self._tasks.aclose()

    async def call(self, name: str, arguments: Mapping[str, Any], context: Context) -> Answer:
        """Run a function of the operator's, or tell why not, in time. The model is to read what happened: no error
        leaves this."""
        tool = self._catalogue.tools.get(name)
        if tool is None:
            return Answer("There is no such function any more.", failed=True, undone=True)
        try:
            arguments = _sound(dict(arguments))
            async with asyncio.timeout(self._within_s):
                if tool.read_only:
                    return await self._run(name, arguments, context)
                key = _key(name, arguments, context)
                if key not in self._recent:
                    self._recent[key] = self._tasks.start(self._once(key, name, arguments, context))
                return await asyncio.shield(self._recent[key])
        except RecursionError:
            return Answer("Nothing was done: the arguments are nested too deeply.", failed=True, undone=True)
        except TimeoutError:
            log.warning("tools.late", function=name)
            return Answer(f"The function failed: {Hung.plainly}.", failed=True)

    async def _once(self, key: str, name: str, arguments: Mapping[str, Any], context: Context) -> Answer:
        answer = Answer(_LATER, failed=True, undone=True)
        try:
            if not await self._claims.claim(key):
                return Answer(_BEFORE)
            answer = await self._run(name, arguments, context)
            if answer.undone:
                await self._claims.release(key)
        except BotError as error:  # the database is away
            log.warning("tools.not_noted", function=name, problem=str(error))
        if answer.undone:
            self._recent.pop(key, None)
        return answer

    async def _run(self, name: str, arguments: Mapping[str, Any], context: Context) -> Answer:
        reference = secrets.token_hex(4)
        try:
            caller = await self._caller(context)
            request = {"do": "call", "name": name, "arguments": arguments, "caller": caller}
            reply = await self._catalogue.run(request)
        except BotError as error:
            log.warning("tools.failed", function=name, reference=reference, problem=str(error))
            return Answer(_LATER, failed=True, undone=True)
        except RunnerError as error:
            log.warning("tools.failed", function=name, reference=reference, problem=str(error))
            undone = isinstance(error, Crowded | Unfit)
            return Answer(_failure(error.plainly, reference), failed=True, undone=undone)
        if "failure" in reply:
            trace = reply.get("trace", "")
            log.error(
                "tools.failed", function=name, reference=reference, problem=reply["failure"], trace=trace
            )
            return Answer(_failure(reply["failure"], reference), failed=True, undone=bool(trace))
        refused = reply.get("refused", False)
        return Answer(sound(reply["text"]), failed=refused, undone=refused)

    async def event(self, event: str, body: Mapping[str, Any]) -> Verdict:
        """Ask the worker of an event, if there is one. Where it fails, its `on_failure` decides."""
        on_failure = self._catalogue.workers.get(event)
        if on_failure is None:
            return Verdict(passes=True)
        data = _mapping(_mapping(body.get("event")).get("data"))
        told = _told(event, _text(body.get("gatewayId")), data)
        try:
            caller = await self._caller(Context(user=_text(data.get("externalUserId"))))
            reply = await self._catalogue.run({"do": "event", "event": event, "data": told, "caller": caller})
        except (
            BotError,
            RunnerError,
            RecursionError,
        ) as error:  # the last: by what is nested too deeply
            reply = {"failure": str(error)}
        if "failure" in reply:
            why = {"problem": reply["failure"], "trace": reply.get("trace", "")}
            log.error("tools.worker_failed", worker=event, then=on_failure, **why)
            return Verdict(passes=on_failure == "continue")
        if "stop" in reply:
            log.info("tools.worker_stopped", worker=event, reason=reply["stop"])
            return Verdict(passes=False)
        return Verdict(passes=True, action=reply["action"])

    async def _caller(self, context: Context) -> Json | None:
        """Who asks, for the child; None where it is nobody whom the bot knows."""
        asker = await self._callers.find(context.token, context.user)
        if asker is None:
            return None
        identity, place = asker.author.identity, asker.place
        found = Caller(
            identity.platform,
            identity.workspace,
            identity.user,
            asker.author.name,
            asker.author.locale,
            channel=place.channel if place else "",
            thread=place.thread if place else "",
            private=place.private if place else False,
        )
        return asdict(found)


def context_of(told: Mapping[str, Any]) -> Context:
    """The context of a protocol function's call."""
    return Context(
        _text(told.get("conversationToken")), _text(told.get("externalUserId")), _text(told.get("moment"))
    )


def context_in(meta: Mapping[str, Any]) -> Context:
    """The same of MCP, where it stands flat beside the request's metadata."""
    return Context(
        _text(meta.get("_aiv_conversation_token")),
        _text(meta.get("_aiv_external_user_id")),
        _text(meta.get("_aiv_moment")),
    )


def _told(event: str, gateway_id: str, data: Mapping[str, Any]) -> Json:
    """What a worker is told of an event, as `MessageReceived` or `ToolCalled` takes it."""
    origin = data.get("origin")  # one word, or a list of them, as documentation of different ages shows it
    told = {
        "gateway_id": gateway_id,
        "metadata": _mapping(data.get("metadata")),
        "origin": ", ".join(map(str, origin)) if isinstance(origin, list) else _text(origin),
    }
    if event == RECEIVED:
        messages = data.get("messages")
        return {**told, "messages": messages if isinstance(messages, list) else []}
    return {**told, "tool": _text(data.get("toolName")), "arguments": _mapping(data.get("toolArguments"))}


def _key(name: str, arguments: Mapping[str, Any], context: Context) -> str:
    """What makes two calls the same. Without a conversation it is the moment that AIVAX made the call."""
    which = context.token or f"{context.user} {context.moment}"
    told = json.dumps([which, name, arguments], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(told.encode()).hexdigest()


def _sound(value: Any, depth: int = 0) -> Any:
    """Arguments without halves of characters and NULs, on which functions and files stumble.

    Raises:
        RecursionError: they lie inside each other more deeply than anybody means.
    """
    if depth > _MOST_DEEP:
        raise RecursionError
    if isinstance(value, str):
        return sound(value)
    if isinstance(value, list):
        return [_sound(each, depth + 1) for each in value]
    if isinstance(value, dict):
        return {sound(name): _sound(each, depth + 1) for name, each in value.items()}
    return value


def _failure(why: str, reference: str) -> str:
    return f"The function failed: {why}. Whoever runs this bot finds the reason under {reference}."


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
