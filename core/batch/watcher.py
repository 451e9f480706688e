"""Works on batches, one step after another: each is stored before the next, so that any process can go on with it.

What is made at AIVAX is made under a title of our own, and looked for by it before it is made: a crash between a call
and the row that tells of it makes nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from core.aivax.services.batch import BatchClient, Progress, Workflow
from core.batch.costs import cost_of, counted
from core.batch.handler import RESULT
from core.batch.items import INSTRUCTION, items_of, outcomes_of, result_of
from core.batch.pauses import cause_of
from core.batch.settings import BatchSettings
from core.batch.sheet import Sheet
from core.domain import Action, AivaxError, KeyRefused, NoBalance, NotAllowed, RequestRefused, ResourceUnknown
from core.forms.inputs import WrongInput
from core.forms.settings import FormSettings
from core.i18n import Phrase, Translators
from core.markdown.literal import code
from core.storage.batches import BatchStore, BatchTakenOver, StoredBatch
from core.util.clock import Clock
from core.util.log import log

QUARTERS = (25, 50, 75)
"""Of which people are told, in a message of its own each: what the bot wrote belongs to a turn that has ended, and only
a turn that runs may change its messages."""
FEWEST_TOLD = 20
"""A batch with fewer items is done before anybody wonders."""
AGAIN_S = 60.0
"""When a batch is looked at again that AIVAX fails at."""
_LASTING = (RequestRefused, ResourceUnknown, NotAllowed, KeyRefused)


class Watcher:
    """The one of a process that works on batches."""

    def __init__(
        self,
        store: BatchStore,
        client: BatchClient,
        forms: Mapping[str, FormSettings],
        settings: BatchSettings,
        translators: Translators,
        now: Clock,
    ) -> None:
        self._store = store
        self._client = client
        self._forms = forms
        self._settings = settings
        self._translators = translators
        self._now = now
        self._notify: Callable[[int], None] = lambda _conversation: None
        self._soon = asyncio.Event()

    def look_soon(self) -> None:
        """Have what is due looked for at once."""
        self._soon.set()

    async def run(self, notify: Callable[[int], None]) -> None:
        """Look for what is due, until cancelled. `notify` is told of conversations that have work."""
        self._notify = notify
        while True:
            self._soon.clear()
            try:
                while await self.look():
                    pass
            except Exception:  # a bug costs one batch its time, not the process: its lease runs out
                log.exception("batch.fault")
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.poll_interval_s):
                    await self._soon.wait()

    async def look(self) -> bool:
        """Take one batch that is due a step further; whether there was one."""
        batch = await self._store.claim(self._settings.lease_s)
        if batch is None:
            return False
        try:
            await self._step(batch)
        except BatchTakenOver:
            log.warning("batch.taken_over", batch=batch.id)
        except (*_LASTING, WrongInput) as error:
            await self._give_up(batch, error)
        except NoBalance:
            await self._tell(batch, Progress("paused", None, "balance"), batch.ended)
        except AivaxError as error:
            log.warning("batch.delayed", batch=batch.id, error=type(error).__name__, cause=str(error))
            await self._let_go(batch, after_s=max(AGAIN_S, error.retry_after_s or 0.0))
        return True

    async def _step(self, batch: StoredBatch) -> None:
        form = self._forms.get(batch.form)
        if not batch.sheet or form is None:
            await self._clear(batch)
        elif batch.stage == "new":
            await self._hand_over(batch, form)
        elif batch.stage == "running":
            await self._watch(batch, form)
        elif batch.wanted == "retry":
            await self._client.retry(batch.workflow, batch.job)
            await self._let_go(batch, stage="running", wanted="", told_pause="")
        else:
            await self._clear_when_old(batch)

    async def _hand_over(self, batch: StoredBatch, form: FormSettings) -> None:
        """Make workflow, job and items at AIVAX, each unless it is there, and set the job to work."""
        batch = await self._in_workflow(batch, form)
        batch = await self._in_job(batch)
        if not await self._client.has_items(batch.workflow, batch.job):
            await self._save(batch)
            await self._client.add_items(
                batch.workflow, batch.job, items_of(Sheet.of_stored(batch.sheet), form)
            )
        await self._client.set_state(batch.workflow, batch.job, "Active")
        log.info("batch.begun", batch=batch.id, items=batch.total)
        await self._let_go(batch, stage="running")

    async def _in_workflow(self, batch: StoredBatch, form: FormSettings) -> StoredBatch:
        if batch.workflow:
            return batch
        workflow = await self._client.find_workflow(batch.title)
        if not workflow:
            wanted = Workflow(batch.title, INSTRUCTION, form.model, form.result, self._settings.validation)
            workflow = await self._client.create_workflow(wanted)
        await self._save(batch, workflow=workflow)
        return replace(batch, workflow=workflow)

    async def _in_job(self, batch: StoredBatch) -> StoredBatch:
        if batch.job:
            return batch
        job = await self._client.find_job(batch.workflow, batch.title)
        job = job or await self._client.create_job(batch.workflow, batch.title)
        await self._save(batch, job=job)
        return replace(batch, job=job)

    async def _watch(self, batch: StoredBatch, form: FormSettings) -> None:
        """Look how far the job is; tell of it, or bring the result."""
        if batch.wanted == "cancel":
            await self._client.set_state(batch.workflow, batch.job, "Finished")
        progress = await self._client.progress(batch.workflow, batch.job)
        lines = None
        if progress.ended is None:
            lines = await self._client.export(batch.workflow, batch.job)
            progress = replace(progress, ended=len(lines))
        ended = min(progress.ended or 0, batch.total)
        if batch.wanted != "cancel" and not progress.is_over and ended < batch.total:
            await self._tell(batch, progress, ended)
            return
        lines = lines if lines is not None else await self._client.export(batch.workflow, batch.job)
        sheet, outcomes = Sheet.of_stored(batch.sheet), outcomes_of(lines, form)
        numbers: dict[str, int] = {
            **counted(batch.numbers, cost_of(progress, lines)),
            "good": sum(not each.error for each in outcomes.values()),
            "csv": int(sheet.kind == "csv"),
            "cut": int(batch.wanted == "cancel"),
        }
        log.info("batch.done", batch=batch.id, items=batch.total, good=numbers["good"])
        result = await asyncio.to_thread(result_of, sheet, outcomes, form)
        self._notify(
            await self._store.deliver(batch, result, RESULT, wanted="", numbers=numbers, ended=len(outcomes))
        )

    async def _tell(self, batch: StoredBatch, progress: Progress, ended: int) -> None:
        """Say that it paused, or that another quarter is done; where neither is new, look again later."""
        translator = self._translators.for_reader(batch.locale, batch.place)
        percent = 100 * ended // batch.total
        changes: dict[str, Any] = {"ended": ended}
        said = ""
        name, phrase = cause_of(progress)
        if name != batch.told_pause:
            changes["told_pause"] = name
            said = translator.say(phrase, form=code(batch.form)) if phrase is not None else ""
        quarter = max((each for each in QUARTERS if each <= percent), default=0)
        if not said and quarter > batch.told_percent and batch.total >= FEWEST_TOLD:
            changes["told_percent"] = quarter
            values = {"form": code(batch.form), "percent": percent, "ended": ended, "total": batch.total}
            said = translator.say(Phrase.BATCH_PROGRESS, **values)
        after_s = self._settings.poll_interval_s
        if said:
            offers = (Action.CANCEL_BATCH,)
            self._notify(await self._store.tell(batch, said, after_s=after_s, offers=offers, **changes))
        else:
            await self._store.let_go(batch, after_s=after_s, **changes)

    async def _give_up(self, batch: StoredBatch, error: Exception) -> None:
        """Tell that AIVAX does not take it, or has it no more."""
        log.error("batch.failed", batch=batch.id, error=type(error).__name__, cause=str(error))
        if batch.stage == "done":
            await self._let_go(batch, wanted="", stage="gone")
            return
        translator = self._translators.for_reader(batch.locale, batch.place)
        sentence = translator.say(Phrase.BATCH_FAILED, form=code(batch.form))
        with suppress(BatchTakenOver):
            self._notify(await self._store.tell(batch, sentence, after_s=0.0, stage="gone", sheet=""))

    async def _clear_when_old(self, batch: StoredBatch) -> None:
        kept = timedelta(hours=self._settings.keep_hours)
        left_s = ((batch.ended_at or self._now()) + kept - self._now()).total_seconds()
        if left_s > 0:
            await self._let_go(batch, after_s=left_s)
        elif not await self._store.is_shown(batch):
            await self._let_go(batch, after_s=self._settings.poll_interval_s)
        else:
            await self._clear(batch)

    async def _clear(self, batch: StoredBatch) -> None:
        """Delete all of it at AIVAX, and what is stored of its words here."""
        workflow = batch.workflow or await self._client.find_workflow(batch.title)
        if workflow:
            await self._client.delete(workflow)
        await self._let_go(batch, stage="gone", sheet="", result=b"", address="", wanted="")

    async def _save(self, batch: StoredBatch, **changes: Any) -> None:
        await self._store.save(batch, for_s=self._settings.lease_s, **changes)

    async def _let_go(self, batch: StoredBatch, *, after_s: float = 0.0, **changes: Any) -> None:
        with suppress(BatchTakenOver):
            await self._store.let_go(batch, after_s=after_s, **changes)
