"""`batch FORM` with a file, and what is asked of a batch afterwards; the watcher does the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from core.batch.budget import Budget
from core.batch.costs import new_usage, total_usd
from core.batch.items import items_of
from core.batch.settings import RESERVED, BatchSettings
from core.batch.sheet import BadSheet, Sheet, read_sheet
from core.conversations.capabilities import CapabilityRun
from core.domain import Action, Capability, FileGone, FileTooLarge, MadeFile
from core.forms.inputs import WrongInput
from core.forms.settings import FormSettings
from core.i18n import Phrase
from core.markdown.literal import code
from core.storage.batch_presses import OPEN, can_retry
from core.storage.batches import BatchStore

RESULT = "batch-result"
"""The capability of the turn that shows a result."""


class BatchHandler:
    """Takes a file in, and what its author asks of it later."""

    capability = Capability(
        name="batch",
        word=Phrase.BATCH_NAME,
        description=Phrase.BATCH_COMMAND,
        takes="files",
        argument=Phrase.BATCH_ARGUMENT,
        argument_help=Phrase.BATCH_ARGUMENT_HELP,
        operators_only=True,
        begins_sentences=True,
    )

    def __init__(
        self,
        forms: Sequence[FormSettings],
        settings: BatchSettings,
        store: BatchStore,
        budget: Budget,
        look_soon: Callable[[], None],
    ) -> None:
        """`look_soon` has the watcher look for what is to be done."""
        self._budget = budget
        self._forms: Mapping[str, FormSettings] = {form.name: form for form in forms}
        self._settings = settings
        self._store = store
        self._look_soon = look_soon

    async def run(self, run: CapabilityRun) -> None:
        """Remember the batch, or what is wanted of the last one."""
        word = run.words.strip().casefold()
        if word in RESERVED:
            await self._about_last(run, word)
            return
        form = self._forms.get(word)
        if form is None or len(run.attachments) != 1:
            forms = ", ".join(map(code, self._forms))
            await run.write(run.translator.say(Phrase.BATCH_USE, forms=forms))
            return
        if (sheet := await self._sheet(run, form)) is not None:
            await self._begin(run, form, sheet)

    async def _sheet(self, run: CapabilityRun, form: FormSettings) -> Sheet | None:
        """Read the rows; None, with a sentence that says why, where they can't be used."""
        file, say = run.attachments[0], run.translator.say
        most_mb = max(1, self._settings.most_bytes // 1_000_000)
        try:
            data = (await run.fetch(file, self._settings.most_bytes)).data
            sheet = read_sheet(file.name, data)
            if len(sheet.rows) > self._settings.most_rows:
                most, count = self._settings.most_rows, len(sheet.rows)
                await run.write(say(Phrase.BATCH_TOO_MANY_ROWS, name=code(file.name), most=most, count=count))
                return None
            items_of(sheet, form)
        except FileTooLarge:
            await run.write(say(Phrase.BATCH_FILE_TOO_LARGE, name=code(file.name), most=most_mb))
        except FileGone:
            await run.write(say(Phrase.BATCH_UNREADABLE, name=code(file.name)))
        except BadSheet as bad:
            phrase = Phrase.BATCH_LINE_UNREADABLE if bad.line else Phrase.BATCH_UNREADABLE
            await run.write(say(phrase, name=code(file.name), line=bad.line))
        except WrongInput as wrong:
            await run.write(say(Phrase.BATCH_ROW_WRONG, row=wrong.row, problem=wrong.told(run.translator)))
        else:
            return sheet
        return None

    async def _begin(self, run: CapabilityRun, form: FormSettings, sheet: Sheet) -> None:
        total, most = len(sheet.rows), self._settings.most_open
        if (lack := await self._budget.lacks_for(run.turn, total)) is not None:
            cost, left = run.translator.money(lack.cost_usd), run.translator.money(lack.left_usd, "down")
            await run.write(run.translator.say(Phrase.BATCH_TOO_DEAR, count=total, cost=cost, left=left))
            return
        if not await self._store.add(run.turn, form.name, sheet.stored(), total, most=most):
            await run.write(run.translator.say(Phrase.BATCH_TOO_MANY_OPEN, most=most))
            return
        phrase = Phrase.BATCH_BEGUN_TWICE if self._settings.validation else Phrase.BATCH_BEGUN
        await run.write(run.translator.say(phrase, form=code(form.name), count=total))
        run.offer(Action.CANCEL_BATCH)
        self._look_soon()

    async def _about_last(self, run: CapabilityRun, word: str) -> None:
        batch = await self._store.newest_of(run.turn)
        if batch is None:
            await run.write(run.translator.say(Phrase.BATCH_NONE))
            return
        if word == "status":
            percent = 100 * batch.ended // batch.total
            values = {
                "form": code(batch.form),
                "ended": batch.ended,
                "total": batch.total,
                "percent": percent,
            }
            await run.write(run.translator.say(Phrase.BATCH_PROGRESS, **values))
            if batch.stage in OPEN:
                await self._store.tells_of(batch, run.turn)
                run.offer(Action.CANCEL_BATCH)
            return
        is_cancel = word == "cancel"
        stages = OPEN if is_cancel else ("done",)
        has_failed = can_retry(batch.stage, batch.numbers, batch.total)
        done = (is_cancel or has_failed) and await self._store.want(batch, word, stages)
        phrase = {
            (True, True): Phrase.BATCH_CANCEL_SOON,
            (True, False): Phrase.BATCH_NOT_OPEN,
            (False, True): Phrase.BATCH_RETRY_SOON,
            (False, False): Phrase.BATCH_NO_RETRY,
        }[is_cancel, done]
        await run.write(run.translator.say(phrase))
        self._look_soon()


class BatchResultHandler:
    """Shows what came of a batch; nobody asks for it by a word."""

    capability = Capability(name=RESULT, word=Phrase.BATCH_NAME, description=Phrase.BATCH_COMMAND)

    def __init__(self, store: BatchStore) -> None:
        self._store = store

    async def run(self, run: CapabilityRun) -> None:
        """Say how many rows were answered, and attach the file."""
        found = await self._store.result_of(run.turn)
        if found is None:
            await run.write(run.translator.say(Phrase.BATCH_NONE))
            return
        batch, data = found
        good = batch.numbers.get("good", 0)
        phrase = (
            Phrase.BATCH_DONE if good == batch.total or batch.numbers.get("cut") else Phrase.BATCH_DONE_SOME
        )
        await run.write(run.translator.say(phrase, form=code(batch.form), good=good, total=batch.total))
        if (usd := total_usd(batch.numbers)) is not None:
            await run.write(" " + run.translator.say(Phrase.BATCH_COST, cost=run.translator.money(usd)))
        if (usage := new_usage(batch.numbers)) is not None:
            run.used(usage)
        if can_retry(batch.stage, batch.numbers, batch.total):
            run.offer(Action.RETRY_BATCH)
        is_csv = bool(batch.numbers.get("csv"))
        name, kind = (".csv", "text/csv") if is_csv else (".jsonl", "application/x-ndjson")
        await run.show(MadeFile(f"{batch.form}-results{name}", kind, "", data))
