"""Makes a summary: the turn that nobody sees, after an answer, past the same breakers and limits as a question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from core.aivax.options import RequestOptions
from core.aivax.request import CompletionRequest
from core.conversations.capabilities import CapabilityRun
from core.conversations.history import History
from core.domain import SUMMARISE, AivaxError, Capability, Place, Turn
from core.i18n import RightsPhrase
from core.storage.summaries.store import StoredSummary, SummaryStore
from core.summaries.due import due_of
from core.summaries.prompt import accepted, messages_of
from core.summaries.settings import SummariesSettings
from core.util.log import log
from core.util.retry import growing_s

FIRST_PAUSE_S = 600.0
LONGEST_PAUSE_S = 86_400.0


class SummaryMaking:
    """See `core.conversations.capabilities.CapabilityHandler`. After a crash it looks what is left to do."""

    capability = Capability(SUMMARISE, RightsPhrase.SUMMARY_NAME, RightsPhrase.SUMMARY_COMMAND)

    def __init__(
        self,
        store: SummaryStore,
        history: History,
        settings: SummariesSettings,
        now: Callable[[], datetime],
        *,
        model_of: Callable[[Turn], str],
        options_of: Callable[[Place], RequestOptions],
        made: Callable[[Turn, int], None],
    ) -> None:
        """`made` is told of the turn and the conversation when there is one more, as more may be due."""
        self._store = store
        self._history = history
        self._settings = settings
        self._now = now
        self._model_of = model_of
        self._options_of = options_of
        self._made = made

    async def run(self, run: CapabilityRun) -> None:
        """Summarise the oldest that fell out; where anything of it changes meanwhile, nothing is stored."""
        summary = await self._store.made_in(run.turn.conversation_id)
        if summary is None:
            return
        due = await due_of(self._history, summary, summary.conversation_id, self._settings)
        if not due.is_due:
            return
        words = self._settings.words
        messages = messages_of(summary.text, due.messages, words=words, names_authors=summary.is_shared)
        request = CompletionRequest(
            messages,
            self._settings.model or self._model_of(run.turn),
            idempotency_key=run.turn.key,
            metadata={"platform": run.turn.place.platform, "conversation": str(summary.conversation_id)},
            options=_bare(self._options_of(run.turn.place)),
        )
        try:
            text = accepted(await run.complete(request, due.messages), words)
        except AivaxError:
            await self._pause(run.turn, summary)
            raise
        if text is None:
            log.warning(
                "summary.not_taken", conversation=summary.conversation_id, setting="[summaries] model"
            )
            await self._pause(run.turn, summary)
        elif await self._store.cover(run.turn, summary, text, due.messages):
            log.info("summary.made", conversation=summary.conversation_id, messages=len(due.messages))
            self._made(run.turn, summary.conversation_id)
        else:
            log.info("summary.outdated", conversation=summary.conversation_id)

    async def _pause(self, turn: Turn, summary: StoredSummary) -> None:
        pause_s = growing_s(summary.failures, FIRST_PAUSE_S, LONGEST_PAUSE_S)
        await self._store.failed(turn, summary, self._now() + timedelta(seconds=pause_s))


def _bare(options: RequestOptions) -> RequestOptions:
    """What the operator asks for, without tools, and without a trace in AIVAX' log: it is nobody's question there.

    Without a user's id nothing of it can be remembered of one person that another one said.
    """
    return replace(options, builtin_tools=(), tool_options=(), explain_tools=False, allow_logging=False)
