"""A room, or a thread in it, where an answer is shown: an `EditableChannel`, with reactions in the place of buttons."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from mautrix.api import Method, Path

from aivax_bots import Action, Button, Delivery, MadeFile, PlaceClosed, PlatformBusy, PlatformError
from aivax_bots_matrix.address import Address
from aivax_bots_matrix.events import MARK, Json, part, text
from aivax_bots_matrix.markup import content_of, fitting, replacement, size
from aivax_bots_matrix.wire import UNKNOWN_MESSAGE, Wire

log = logging.getLogger(__name__)

TYPING_S = 30.0
STOP_AFTER_S = 4.0
"""How long an answer grows before it gets a button that stops it: each is an event, and those are rationed."""
LONGEST_DRESSING_S = 20.0
"""How long an answer that is all there waits for its buttons."""
MOST_LOOKED_AT = "100"


class Typing:
    """How many answers are under way in each room: the sign is the room's, and goes with the last."""

    def __init__(self) -> None:
        self.answers: Counter[str] = Counter()


class Channel:
    """One answer's place."""

    def __init__(self, wire: Wire, address: Address, typing: Typing) -> None:
        self._wire = wire
        self._address = address
        self._typing = typing
        self._kind = "m.notice" if wire.settings.notices else "m.text"
        self._buttons: dict[str, dict[str, str]] = {}
        """The reactions below each message, by what stands on them, as far as they are known."""
        self._began = 0.0
        self._signs = False
        self._looked_for: set[str] = set()

    @property
    def max_size(self) -> int:
        return self._wire.settings.message_bytes

    @property
    def edit_interval_s(self) -> float:
        return self._wire.settings.edit_interval_s

    def size(self, text: str) -> int:
        return size(text)

    async def working(self) -> None:
        """Show that the bot types."""
        if not self._signs:
            self._signs = True
            self._typing.answers[self._address.room] += 1
        await self._types({"typing": True, "timeout": int(TYPING_S * 1_000)})

    async def rested(self) -> None:
        """Take that away, unless another answer is under way in the room."""
        if self._signs:
            self._signs = False
            self._typing.answers[self._address.room] -= 1
        if self._typing.answers[self._address.room] <= 0:
            del self._typing.answers[self._address.room]
            await self._types({"typing": False})

    async def _types(self, sign: Json) -> None:
        await self._wire.call(
            Method.PUT, Path.v3.rooms[self._address.room].typing[await self._wire.me()], sign
        )

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        content = self._related(content_of(text, self._kind), delivery)
        message_id = await self._wire.send(
            self._address.room, "m.room.message", fitting(content), delivery.nonce
        )
        if delivery.nonce in self._looked_for:  # it may be an old one, with the words of then
            await self.edit(message_id, text, buttons)
            return message_id
        self._began = self._began or time.monotonic()
        self._buttons[message_id] = {}
        await self._dress(message_id, buttons)
        return message_id

    async def edit(self, message_id: str, text: str, buttons: Sequence[Button] = ()) -> None:
        event = replacement(message_id, content_of(text, self._kind))
        await self._wire.send(self._address.room, "m.room.message", event)
        await self._dress(message_id, buttons)

    async def delete(self, message_id: str) -> None:
        await self._wire.redact(self._address.room, message_id)

    async def find(self, delivery: Delivery, text: str) -> str | None:
        """Look through the room's newest messages of the bot's for the nonce, which each bears."""
        self._looked_for.add(delivery.nonce)
        path, mine = Path.v3.rooms[self._address.room].messages, await self._wire.me()
        wanted = json.dumps({"types": ["m.room.message"], "senders": [mine]})
        told = await self._wire.get(path, {"dir": "b", "limit": MOST_LOOKED_AT, "filter": wanted})
        for event in listed(told):
            if text_of_mark(event, "nonce") == delivery.nonce:
                return str(event["event_id"])
        return None

    async def show_files(self, files: Sequence[MadeFile], delivery: Delivery) -> str:
        """Show each file in a message of its own; their ids."""
        ids = []
        for number, file in enumerate(files):
            url = await self._wire.upload(file.data, file.name, file.media_type)
            content = {
                "msgtype": _kind_of(file.media_type),
                "body": file.alt or file.name,
                "filename": file.name,
                "url": url,
                "info": {"mimetype": file.media_type, "size": len(file.data)},
                "m.mentions": {},
            }
            event = self._related(content, delivery)
            nonce = f"{delivery.nonce}.{number}"
            ids.append(await self._wire.send(self._address.room, "m.room.message", event, nonce))
        return " ".join(ids)

    def _related(self, content: dict[str, Any], delivery: Delivery) -> dict[str, Any]:
        """The content, below the question, and marked as the bot's."""
        there, question = self._address, self._address.question
        below: dict[str, Any] = {"m.in_reply_to": {"event_id": question or there.thread}}
        if there.thread:
            below |= {"rel_type": "m.thread", "event_id": there.thread, "is_falling_back": True}
        relation = below if there.thread or (question and not there.private and not delivery.part) else None
        return content | {MARK: {"nonce": delivery.nonce}} | ({"m.relates_to": relation} if relation else {})

    async def _dress(self, message_id: str, buttons: Sequence[Button]) -> None:
        """Have these reactions below a message, and no other of the bot's. What can't be done is left out."""
        young = time.monotonic() - self._began < STOP_AFTER_S
        wanted = {each.label: each for each in buttons}
        if young and wanted and all(each.action is Action.STOP for each in buttons):
            return
        try:
            async with asyncio.timeout(LONGEST_DRESSING_S):
                there = self._buttons.get(message_id)
                if there is None:
                    there = self._buttons[message_id] = await self._reactions(message_id)
                for label in [each for each in there if each not in wanted]:
                    await self._patiently_redact(there[label])
                    del there[label]
                for label in [each for each in wanted if each not in there]:
                    there[label] = await self._patiently_add(message_id, wanted[label])
        except (PlatformError, TimeoutError) as error:
            log.info("buttons below an answer are not as they should be: %s", error or "it took too long")

    async def _patiently_add(self, message_id: str, button: Button) -> str:
        mark = {"action": button.action, "turn": button.turn, "value": button.value}
        mark |= {"thread": self._address.thread, "question": self._address.question}
        relation = {"rel_type": "m.annotation", "event_id": message_id, "key": button.label}
        while True:
            try:
                return await self._wire.send(
                    self._address.room, "m.reaction", {"m.relates_to": relation, MARK: mark}
                )
            except PlatformBusy as error:
                await asyncio.sleep(error.retry_after_s or 1.0)

    async def _patiently_redact(self, event: str) -> None:
        while True:
            try:
                return await self._wire.redact(self._address.room, event)
            except PlatformBusy as error:
                await asyncio.sleep(error.retry_after_s or 1.0)

    async def _reactions(self, message_id: str) -> dict[str, str]:
        found = await buttons_below(self._wire, self._address.room, message_id)
        return {key: str(event["event_id"]) for key, event in found.items()}


async def buttons_below(wire: Wire, room: str, message_id: str) -> dict[str, Json]:
    """The bot's own reactions to a message, by what stands on them."""
    mine = await wire.me()
    told = await wire.get(
        Path.v1.rooms[room].relations[message_id]["m.annotation"]["m.reaction"], {"limit": MOST_LOOKED_AT}
    )
    return {
        text(part(part(event, "content"), "m.relates_to"), "key"): event
        for event in listed(told)
        if event.get("sender") == mine and MARK in part(event, "content")
    }


async def remove(wire: Wire, room: str, message_id: str) -> None:
    """Empty a message and all that it said before. Gone already is fine."""
    try:
        wordings = await _own_wordings(wire, room, message_id)
        for event_id in (message_id, *wordings):
            await wire.redact(room, event_id)
    except PlaceClosed as error:
        if error.code != UNKNOWN_MESSAGE:
            raise


async def _own_wordings(wire: Wire, room: str, message_id: str) -> list[str]:
    """The bot's edits of a message, all pages of them. Anybody may send some that look so, and count for nothing."""
    path, mine = Path.v1.rooms[room].relations[message_id]["m.replace"], await wire.me()
    found: list[str] = []
    start: dict[str, str] = {}
    while True:
        told = await wire.get(path, {"limit": MOST_LOOKED_AT, **start})
        found += [str(each["event_id"]) for each in listed(told) if each.get("sender") == mine]
        if not (following := text(told, "next_batch")):
            return found
        start = {"from": following}


def text_of_mark(event: Json, key: str) -> str:
    """What the bot wrote into an event of its own beside what people see."""
    return text(part(part(event, "content"), MARK), key)


def listed(told: Json) -> list[Json]:
    """The events of a page."""
    chunk = told.get("chunk")
    events = chunk if isinstance(chunk, list) else []
    return [each for each in events if isinstance(each, dict) and each.get("event_id")]


def _kind_of(media_type: str) -> str:
    kind = media_type.partition("/")[0]
    return f"m.{kind}" if kind in ("image", "audio", "video") else "m.file"
