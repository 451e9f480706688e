"""Post and edit in Slack: what `core.delivery.editing_surface` needs of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from cachetools import LRUCache

from bots.slack.delivery.markup_out import size
from bots.slack.delivery.messages import message_content, nonce_of, post, recent, write_blocks
from bots.slack.events.address import PLATFORM, Address
from bots.slack.events.payloads import text_of
from bots.slack.transport.api import SlackApi
from bots.slack.transport.error_mapping import REFUSALS, UNKNOWN_MESSAGE
from core.delivery.message_parts import gone_is_fine
from core.delivery.pacing import Pace
from core.delivery.platform_retry import patiently
from core.domain import (
    Button,
    Delivery,
    FrontendRefused,
    MessageRefused,
    OutcomeUnknown,
    PlaceClosed,
    PlatformBusy,
    PlatformError,
)
from core.util.log import log

_STILL_STREAMING = "streaming_state_conflict"
_UNCHANGEABLE = frozenset({"block_mismatch", "cant_update_message", "edit_window_closed"})
_UNTIL_THE_END_S = 3_600.0
_HOURGLASS, _NOT_TAKEN = "hourglass_flowing_sand", "no_entry_sign"
_STATUS_OFF = frozenset({"unknown_method", "missing_scope", "not_allowed_token_type", "feature_not_enabled"})


class WorkSigns:
    """The signs of one workspace's questions: "is working" below one, a reaction on one that waits or is not taken.

    Nothing depends on them. Once Slack says that this app may not show one, it is left out.
    """

    def __init__(self, api: SlackApi) -> None:
        self._api = api
        self._off = False
        self._marks_off = False
        self._marked: LRUCache[tuple[str, str], None] = LRUCache(20_000)
        """The questions that this process put an hourglass on."""

    async def show(self, place: Address, text: str) -> None:
        """Set the status line; nothing depends on it, so a refusal is only noted."""
        if self._off or not place.thread:
            return
        try:
            await self._api.write(
                "assistant.threads.setStatus", channel_id=place.channel, thread_ts=place.thread, status=text
            )
        except PlatformError as exc:
            self._off = exc.code in _STATUS_OFF or isinstance(exc, FrontendRefused)
            log.debug("slack.status_refused", code=exc.code)

    async def mark(self, place: Address) -> bool:
        """Put an hourglass on the question; whether it stands there. Needs the scope `reactions:write`."""
        self._marked[place.channel, place.question] = None
        return await self._add(place, _HOURGLASS)

    async def decline(self, place: Address) -> bool:
        """Put the sign on the question that says that it is not taken; whether it stands there."""
        return bool(place.question) and await self._add(place, _NOT_TAKEN)

    async def _add(self, place: Address, name: str) -> bool:
        try:
            await self._react("reactions.add", place, name)
        except PlatformError as exc:
            log.info("slack.reaction_not_added", code=exc.code)
            return exc.code == "already_reacted"
        return True

    async def unmark(self, place: Address, *, always: bool) -> None:
        """Take the hourglass away, if this process put one there, or, `always`, if any did."""
        known = (place.channel, place.question) in self._marked
        if not (known or always) or self._marks_off or not place.question:
            return
        try:
            await patiently(
                lambda: self._react("reactions.remove", place, _HOURGLASS),
                budget_s=20.0,
                retry=(PlatformBusy, OutcomeUnknown),
                now=self._api.app.now,
                sleep=self._api.app.sleep,
            )
        except PlatformError as exc:
            if exc.code in _STATUS_OFF:
                self._marks_off = True
                log.warning("slack.reaction_not_removed", code=exc.code, scope="reactions:write")
            elif exc.code not in {"no_reaction", UNKNOWN_MESSAGE}:
                log.info("slack.reaction_not_removed", code=exc.code)
        self._marked.pop((place.channel, place.question), None)

    async def _react(self, method: str, place: Address, name: str) -> None:
        await self._api.write(method, channel=place.channel, timestamp=place.question, name=name)


class SlackChannel:
    """One place in Slack as an `EditableChannel`."""

    max_size = 3_900
    """`chat.update` takes 4,000 characters of text, less than `chat.postMessage`."""
    edit_interval_s = 3.0
    """Advice of chat.update's page."""

    def __init__(self, api: SlackApi, place: Address, work_signs: WorkSigns, pace: Pace) -> None:
        """`pace` tells whether the answer is all there."""
        self._api = api
        self._place = place
        self._work_signs = work_signs
        self._pace = pace
        self._signed = False
        self._whole = False

    def size(self, text: str) -> int:
        return size(text)

    def leave_unsigned(self) -> None:
        """Show no sign of work any more: the answer is whole."""
        self._whole = True

    async def working(self) -> None:
        if self._whole or self._pace.hurried:
            return
        try:
            await self._work_signs.show(self._place, "…")
        finally:  # a post that was made meanwhile may have been the earlier of the two
            self._signed = True

    async def rested(self) -> None:
        """A post of ours takes the status away, an edit does not: left alone it would stand for two minutes."""
        if self._signed:
            await self._work_signs.show(self._place, "")

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        """`text` is what notifications and old clients show; the block renders real Markdown."""
        posted = await post(
            self._api,
            self._place.channel,
            self._place.thread,
            message_content(text, buttons, self._place.calls if delivery.part == 0 else ""),
            **self._haste,
            metadata={"event_type": "aivax_answer", "event_payload": {"nonce": delivery.nonce}},
        )
        self._signed = False
        return text_of(posted, "ts")

    async def edit(self, message_id: str, text: str, buttons: Sequence[Button] = ()) -> None:
        update = partial(
            write_blocks,
            self._api,
            "chat.update",
            message_content(text, buttons),
            channel=self._place.channel,
            ts=message_id,
            **self._haste,
        )
        try:
            await update()
        except REFUSALS as exc:
            if exc.code == _STILL_STREAMING:
                with suppress(*REFUSALS):
                    await self._api.write(
                        "chat.stopStream", once=True, channel=self._place.channel, ts=message_id
                    )
                await update()
            elif exc.code in _UNCHANGEABLE:
                await self._replace(message_id, exc.code)
            else:
                raise

    @property
    def _haste(self) -> dict[str, bool]:
        """How a call waits for its turn: what grows is shown now, or later with more of it."""
        return {"urgent": self._pace.hurried, "patient": self._pace.hurried}

    async def _replace(self, message_id: str, code: str) -> None:
        """A message that can't be changed stays as it is until the answer is all there; then a new one follows it.

        Raises:
            PlatformBusy: not now.
            PlaceClosed: the message is gone.
        """
        if not self._pace.hurried:
            raise PlatformBusy(PLATFORM, code=code, retry_after_s=_UNTIL_THE_END_S)
        with suppress(*REFUSALS):
            await self.delete(message_id)
        raise PlaceClosed(PLATFORM, code=UNKNOWN_MESSAGE, detail=code)

    async def delete(self, message_id: str) -> None:
        """Remove a message; one that Slack keeps stays, and is no reason to end the answer."""
        try:
            with gone_is_fine():
                await self._api.write("chat.delete", channel=self._place.channel, ts=message_id)
        except MessageRefused as exc:
            log.warning("slack.message_stays", code=exc.code)

    async def find(self, delivery: Delivery, text: str) -> str | None:
        """Look for our nonce in the thread, or in the channel's newest messages where there is none."""
        messages = await recent(self._api, self._place)
        return (
            next((text_of(each, "ts") for each in messages if nonce_of(each) == delivery.nonce), "") or None
        )
