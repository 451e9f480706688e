"""Tells the people who run the bot what they must know: once for each cause, and once when it is gone.

An alert is a turn like every other answer: it survives a crash, and is posted once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial

from core.domain import Frontend, Sentence, Translator
from core.storage.alerts import AlertChannel, AlertStore, Told
from core.util.log import log

SETTING = "[operators] channel"


def alert_channel_of(channel: str, frontends: Mapping[str, Frontend]) -> AlertChannel | None:
    """Read `platform:channel`; None when it is empty, or its frontend does not run here.

    Raises:
        SettingRefused: its frontend can't name such a channel.
    """
    platform, _, name = channel.partition(":")
    if frontend := frontends.get(platform):
        return AlertChannel(platform, name, frontend.address_of(name))
    if channel:
        log.warning("alerts.only_logged", setting=SETTING, platform=platform, problem="it is not configured")
    return None


class OperatorAlerts:
    """Says each alert in the operators' channel, where they have one, and in the log.

    Nothing here raises: an alert that can't be given must not cost a person their answer.
    """

    def __init__(
        self,
        store: AlertStore,
        translator: Translator,
        target: AlertChannel | None,
        notify: Callable[[int], None],
    ) -> None:
        """`notify` is told of the conversation that has work."""
        self.translator = translator
        self._store = store
        self._target = target
        self._notify = notify

    async def tell(
        self, cause: str, phrase: Sentence, *, implied: Sequence[str] = (), **values: object
    ) -> None:
        """Say that something is wrong, unless it was said already, here or in another process.

        `implied` are causes that go without saying: they count as told, and heal by themselves.
        """
        sentence = await self._write(cause, phrase, values, partial(self._store.add, cause, implied))
        if sentence is not None:
            log.error("alert.sent", cause=cause, alert=sentence)

    async def heal(
        self, cause: str, phrase: Sentence | None, *, implied: Sequence[str] = (), **values: object
    ) -> None:
        """Say that it is mended, if it was told; without a phrase it is only forgotten."""
        causes = (cause, *implied)
        if not await self.told(causes):
            return
        sentence = await self._write(cause, phrase, values, partial(self._store.remove, causes))
        if sentence is not None:
            log.warning("alert.resolved", cause=cause, alert=sentence)

    async def told(self, causes: Collection[str] | None = None) -> set[str]:
        """Which of these causes go on, as far as operators were told; without `causes`, all of them."""
        try:
            return await self._store.told(causes)
        except Exception:
            log.exception("alert.failed")
            return set()

    async def _write(
        self,
        cause: str,
        phrase: Sentence | None,
        values: Mapping[str, object],
        write: Callable[[str, AlertChannel | None], Awaitable[Told]],
    ) -> str | None:
        """Store what changed, and queue the sentence that says so; the sentence, or None where nothing changed."""
        try:
            sentence = self.translator.say(phrase, **values).strip() if phrase else ""
            told = await write(sentence, self._target)
        except Exception:
            log.exception("alert.failed", cause=cause)
            return None
        if told.conversation_id is not None:
            self._notify(told.conversation_id)
        return sentence if told.is_new else None
