"""Masks what a call says, and puts back into the answer what its reader wrote."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace

from core.aivax.request import ChatMessage, CompletionRequest, FilePart, Part, TextPart
from core.aivax.stream.events import Text, TimelineEvent
from core.domain import AivaxError, Place, Remembered, Turn
from core.guard.masking import Masks, Restoring
from core.guard.settings import GuardSettings

TOLD = (
    "Words such as [EMAIL_1], [PHONE_1], [CARD_1] and [TOKEN_1] stand for values that are kept from you. "
    "Where you need one, write it exactly as it stands."
)


class Guard:
    """`[guard]`. The operator's own instructions are not masked, and neither is what is no text."""

    def __init__(self, settings: GuardSettings) -> None:
        self._settings = settings

    def covers(self, place: Place) -> bool:
        """Whether anything is masked there."""
        channels = self._settings.channels
        if not self._settings.mask:
            return False
        if not channels or place.private:
            return True
        ids = (place.channel, place.thread) if place.thread else (place.channel,)
        names = {f"{place.platform}:{name}" for each in ids for name in (each, f"{place.workspace}/{each}")}
        return not names.isdisjoint(channels)

    async def masked(
        self, turn: Turn, request: CompletionRequest, said: Iterable[Remembered]
    ) -> tuple[CompletionRequest, Masks]:
        """The request with nothing in it that is to be kept back; `said` is what was said so far, question included.

        Nothing is awaited where nothing is to be masked.
        """
        masks = Masks(self._settings.mask)
        if not self.covers(turn.place):
            return request, masks
        messages = await self.masked_messages(request.messages, masks)
        if masks and self._settings.restore:
            own = turn.author.identity.user
            for each in said:
                if each.role == "user" and each.author == own:
                    await masks.restore_what(each.text)
        return replace(request, messages=_told(messages) if masks else messages), masks

    async def masked_messages(self, messages: Sequence[ChatMessage], masks: Masks) -> tuple[ChatMessage, ...]:
        """The messages of people and model, masked."""
        for message in messages:
            for text in message.texts:
                masks.reserve(text)
        return tuple([each if each.role == "system" else await _masked(each, masks) for each in messages])

    async def masked_for(self, place: Place, messages: Sequence[ChatMessage]) -> Sequence[ChatMessage]:
        """Messages of a place for what is asked beside an answer, of which nothing is put back."""
        if not self.covers(place):
            return messages
        return await self.masked_messages(messages, Masks(self._settings.mask))


NO_GUARD = Guard(GuardSettings())


async def _masked(message: ChatMessage, masks: Masks) -> ChatMessage:
    if isinstance(message.content, str):
        return replace(message, content=await masks.mask(message.content))
    return replace(message, content=tuple([await _masked_part(part, masks) for part in message.content]))


async def _masked_part(part: Part, masks: Masks) -> Part:
    if isinstance(part, TextPart):
        return TextPart(await masks.mask(part.text))
    if isinstance(part, FilePart):
        return replace(part, filename=await masks.mask(part.filename))
    return part


def _told(messages: tuple[ChatMessage, ...]) -> tuple[ChatMessage, ...]:
    """Have the model know what the placeholders are."""
    first = messages[0]
    if first.role == "system" and isinstance(first.content, str):
        return (replace(first, content=f"{first.content}\n\n{TOLD}"), *messages[1:])
    return (ChatMessage("system", TOLD), *messages)


async def restored(timeline: AsyncGenerator[TimelineEvent], masks: Masks) -> AsyncGenerator[TimelineEvent]:
    """The answer with what its reader wrote in the place of placeholders."""
    restoring = Restoring(masks.restored)
    async with aclosing(timeline):
        try:
            async for event in timeline:
                if isinstance(event, Text):
                    if text := restoring.feed(event.delta):
                        yield Text(text)
                    continue
                if rest := restoring.rest():
                    yield Text(rest)
                yield event
        except AivaxError:
            if rest := restoring.rest():
                yield Text(rest)
            raise
    if rest := restoring.rest():
        yield Text(rest)
