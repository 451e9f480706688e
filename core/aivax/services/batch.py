"""AIVAX' batches: a workflow says what is to be done, a job of it does so with many items.

AIVAX documentation of October 2026, "Batch". Which names ids, counts, reasons and the lines of an export have is
unstated: all that are likely are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.aivax.admin import AdminRoutes
from core.aivax.http_call import Part
from core.aivax.services.batch_costs import NOT_TOLD, Cost, cost_in
from core.aivax.stream.chunks import NotJson, amount, decode_any, mapping, word
from core.domain import ResourceUnknown, Unavailable

EXPORT_BYTES = 200 * 1024 * 1024
UPLOAD_TIMEOUT_S = 300.0
_ROOT = ("batch", "workflows")
_MOST_PAGES = 50
_STATES = ("pending", "finished", "refused", "executionerror", "validationerror", "cancelled")
_OVER = frozenset({"finished", "completed", "done"})


@dataclass(frozen=True, slots=True)
class Workflow:
    """What is to be done with each item."""

    title: str
    instruction: str
    model: str
    schema: Mapping[str, Any]
    validation: str = ""
    """How another completion is to judge each answer; `""`: none does."""

    def wire(self) -> dict[str, Any]:
        """The body that makes it."""
        told: dict[str, Any] = {
            "title": self.title,
            "instruction": self.instruction,
            "modelName": self.model,
            "resultSchema": self.schema,
        }
        return told | ({"validationInstruction": self.validation} if self.validation else {})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is."""

    state: str
    """In small letters: `paused`, `active` or `finished`."""
    ended: int | None
    """Items that wait no more; None where the job does not tell."""
    reason: str = ""
    """Why it paused, in AIVAX' words; `""` where it does not tell."""
    cost: Cost = NOT_TOLD
    """What it cost up to now, as far as the job tells."""

    @property
    def is_over(self) -> bool:
        return self.state in _OVER


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an export."""

    input: object = field(repr=False)
    output: object = field(repr=False)
    state: str = ""
    """In small letters without blanks: `finished`, `refused`, `executionerror`, `validationerror`; `""`: not told."""
    cost: Cost = NOT_TOLD


class BatchClient:
    """The batches of one account. Every method raises as `AdminRoutes` does."""

    def __init__(self, admin: AdminRoutes) -> None:
        self._admin = admin

    async def find_workflow(self, title: str) -> str:
        """The id of the workflow with that title; `""`: there is none."""
        return await self._find(_ROOT, title)

    async def create_workflow(self, workflow: Workflow) -> str:
        """Make a workflow; its id."""
        told = await self._admin.post(*_ROOT, json=workflow.wire())
        return _id_of(told.data)

    async def find_job(self, workflow: str, title: str) -> str:
        """The id of the job with that title; `""`: there is none."""
        return await self._find((*_ROOT, workflow, "jobs"), title)

    async def create_job(self, workflow: str, title: str) -> str:
        """Make a job, which is paused until it is set active; its id."""
        told = await self._admin.post(*_ROOT, workflow, "jobs", json={"title": title})
        return _id_of(told.data)

    async def has_items(self, workflow: str, job: str) -> bool:
        """Whether anything was imported into a job."""
        told = await self._admin.get(*_ROOT, workflow, "jobs", job, "items", query={"limit": "1"})
        return bool(_listed(told.data))

    async def add_items(self, workflow: str, job: str, lines: bytes) -> None:
        """Import items, one a line, all of them or none."""
        parts = [
            Part("mode", b"lines", media_type="text/plain"),
            Part("items", lines, filename="items.jsonl", media_type="application/x-ndjson"),
        ]
        await self._admin.upload(
            *_ROOT, workflow, "jobs", job, "items", parts=parts, timeout_s=UPLOAD_TIMEOUT_S
        )

    async def set_state(self, workflow: str, job: str, state: str) -> None:
        """Set a job `Active`, `Paused` or `Finished`."""
        await self._admin.patch(*_ROOT, workflow, "jobs", job, json={"state": state})

    async def progress(self, workflow: str, job: str) -> Progress:
        """How far a job is."""
        told = mapping((await self._admin.get(*_ROOT, workflow, "jobs", job)).data)
        names = ("pauseReason", "pause_reason", "stateReason", "state_reason", "reason")
        reason = next(filter(None, (word(told.get(name)) for name in names)), "")
        return Progress(word(told.get("state")).lower(), _ended_of(told), reason, cost_in(told))

    async def retry(self, workflow: str, job: str) -> None:
        """Have all items that failed done once more; the job goes on by itself."""
        await self._admin.post(
            *_ROOT, workflow, "jobs", job, "items", "retry", json={}, query={"mode": "errors"}
        )

    async def export(self, workflow: str, job: str) -> Sequence[Line]:
        """What came of the items that wait no more, in any order."""
        received = await self._admin.fetch(
            *_ROOT, workflow, "jobs", job, "export.jsonl", most_bytes=EXPORT_BYTES
        )
        return [_line(each) for each in received.body.split(b"\n") if each.strip()]

    async def delete(self, workflow: str) -> None:
        """Delete a workflow, its jobs and their items; one that is gone is fine."""
        try:
            await self._admin.delete(*_ROOT, workflow)
        except ResourceUnknown:
            return

    async def _find(self, path: Sequence[str], title: str) -> str:
        before: object = None
        for page in range(1, _MOST_PAGES + 1):
            told = (await self._admin.get(*path, query={"page": str(page)} if page > 1 else {})).data
            entries = _listed(told)
            found = next((each for each in entries if word(each.get("title")) == title), None)
            if found is not None:
                return _id_of(found)
            info = mapping(mapping(told).get("pageInfo"))
            if not entries or entries == before or info.get("hasMoreItems") is not True:
                return ""
            before = entries
        return ""


def _id_of(told: object) -> str:
    """An id: the text itself, or a field that is called one."""
    if isinstance(told, str) and told:
        return told
    fields = mapping(told)
    names = ("id", "workflowId", "jobId", "batchWorkflowId", "batchJobId", "workflow_id", "job_id")
    found = next(filter(None, (word(fields.get(name)) for name in names)), "")
    if not found:
        raise Unavailable(code="no_id", detail="the answer tells no id")
    return found


def _listed(told: object) -> list[Mapping[str, Any]]:
    fields = mapping(told)
    found = told if isinstance(told, list) else fields.get("items") or fields.get("data")
    return [mapping(each) for each in found] if isinstance(found, list) else []


def _ended_of(job: Mapping[str, Any], deep: int = 0) -> int | None:
    """How many items wait no more, wherever a job counts them by their states."""
    counts = {_plainly(name): amount(value) for name, value in job.items()}
    for known in ("processeditems", "endeditems", "processed"):
        if counts.get(known) is not None:
            return int(counts[known] or 0)
    told = {
        name: counts[key] for name in _STATES for key in (name, f"{name}items") if counts.get(key) is not None
    }
    if "finished" in told:
        return int(sum(value or 0 for name, value in told.items() if name != "pending"))
    inner = (_ended_of(mapping(each), deep + 1) for each in job.values() if mapping(each) and deep < 2)
    return next((each for each in inner if each is not None), None)


def _plainly(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").lower()


def _line(raw: bytes) -> Line:
    try:
        told = mapping(decode_any(raw))
    except NotJson:
        return Line(None, None)
    metadata = mapping(told.get("metadata"))
    state = next(_words(("state", "status"), told, metadata), "")
    given = _first(told, ("input", "document", "contents", "content", "text", "item"))
    return Line(
        given, _first(told, ("output", "result", "response", "answer")), _plainly(state), cost_in(told)
    )


def _words(names: Sequence[str], *places: Mapping[str, Any]) -> Iterator[str]:
    return filter(None, (word(place.get(name)) for place in places for name in names))


def _first(told: Mapping[str, Any], names: Sequence[str]) -> object:
    return next((told[name] for name in names if told.get(name) is not None), None)
