"""The routes of batches. Where AIVAX leaves names and pages unstated, `batch` of the shapes says which are played."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from sandbox.batch.work import Batches, Item, Job, Workflow
from sandbox.knowledge.forms import form_fields
from sandbox.refusals import Refusal
from sandbox.shapes import Shapes
from sandbox.wire import is_number, json_bytes, read_json

_ROOT = "/api/v1/batch/workflows"
_WORKFLOW = frozenset(
    {
        *("title", "instruction", "modelName", "resultSchema", "validationInstruction"),
        *("errorStopThreshold", "maxRetries", "enabledTools", "reasoningEffort"),
    }
)
_NEEDED = ("title", "instruction", "modelName", "resultSchema")
_STATES = ("Active", "Paused", "Finished")
PAGE = 2
"""Entries on a page, so that few are enough for two."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a route answers: `data` in its envelope, or, `raw`, bytes as they are."""

    data: object = None
    raw: bytes | None = None


Make = Callable[[Request, bytes], Answered]
Open = Callable[[Make], Callable[[Request], Any]]


@dataclass(frozen=True, slots=True)
class Office:
    """Answers the routes of one account."""

    batches: Batches
    shapes: Callable[[], Shapes]

    def workflows(self, request: Request, _raw: bytes) -> Answered:
        """Lists the workflows."""
        listed = [{"id": each.id, **each.fields} for each in self.batches.workflows.values()]
        return self._page(request, listed)

    def create(self, _request: Request, raw: bytes) -> Answered:
        """Makes a workflow."""
        fields = _object(raw, _WORKFLOW)
        for name in _NEEDED:
            if not fields.get(name):
                raise Refusal(400, f"'{name}' is missing.", param=name)
        if not isinstance(fields["resultSchema"], dict):
            raise Refusal(400, "'resultSchema' must be a JSON Schema object.", param="resultSchema")
        _within(fields, "errorStopThreshold", 1, 100)
        _within(fields, "maxRetries", 0, 10)
        made = Workflow(f"wf-{self.batches.numbers()}", fields)
        self.batches.workflows[made.id] = made
        return self._made("workflowId", made.id)

    def remove(self, request: Request, _raw: bytes) -> Answered:
        """Deletes a workflow with its jobs."""
        del self.batches.workflows[self._workflow(request).id]
        return Answered()

    def jobs(self, request: Request, _raw: bytes) -> Answered:
        """Lists the jobs of a workflow."""
        workflow = self._workflow(request)
        return self._page(request, [self._described(each) for each in workflow.jobs.values()])

    def create_job(self, request: Request, raw: bytes) -> Answered:
        """Makes a job, paused."""
        workflow = self._workflow(request)
        title = _object(raw, frozenset({"title"})).get("title")
        if not isinstance(title, str) or not title:
            raise Refusal(400, "'title' is missing.", param="title")
        made = Job(f"job-{self.batches.numbers()}", title)
        workflow.jobs[made.id] = made
        return self._made("jobId", made.id)

    def show(self, request: Request, _raw: bytes) -> Answered:
        """Shows a job; to look at it is what lets it work on here."""
        workflow, job = self._job(request)
        self.batches.work(workflow, job)
        return Answered(self._described(job))

    def change(self, request: Request, raw: bytes) -> Answered:
        """Changes a job's state or title."""
        _, job = self._job(request)
        fields = _object(raw, frozenset({"state", "title"}))
        state = fields.get("state", job.state)
        if state not in _STATES:
            raise Refusal(400, f"'state' must be one of {', '.join(_STATES)}.", param="state")
        if state == "Active" and not job.items:
            raise Refusal(400, "The job has no items.")
        job.state, job.reason = state, "ByHand" if state == "Paused" else ""
        job.title = fields.get("title", job.title)
        if state == "Finished":
            for item in job.items:
                item.state = "Cancelled" if item.state == "Pending" else item.state
        return Answered(self._described(job))

    def items(self, request: Request, _raw: bytes) -> Answered:
        """Lists the items of a job."""
        _, job = self._job(request)
        limit = int(request.query_params.get("limit", "100"))
        return self._page(request, [_item(each) for each in job.items[:limit]])

    def load(self, request: Request, raw: bytes) -> Answered:
        """Imports items: each line that is not empty is one."""
        _, job = self._job(request)
        form = form_fields(request.headers.get("content-type", ""), raw)
        fields = {each.name: each.data for each in form}
        if fields.get("mode", b"lines") != b"lines":
            raise Refusal(400, "The sandbox imports with mode=lines alone.", param="mode")
        given = fields.get("items", fields.get("documents"))
        if given is None:
            raise Refusal(400, "The field 'items' is missing.", param="items")
        lines = [each for each in given.decode("utf-8", "replace").split("\n") if each.strip()]
        job.items += [Item(f"item-{self.batches.numbers()}", line) for line in lines]
        return Answered({"imported": len(lines)})

    def retry(self, request: Request, _raw: bytes) -> Answered:
        """Has the items that failed done once more."""
        _, job = self._job(request)
        if request.query_params.get("mode") != "errors":
            raise Refusal(400, "The sandbox retries with mode=errors alone.", param="mode")
        return Answered({"retried": self.batches.retry(job)})

    def export(self, request: Request, _raw: bytes) -> Answered:
        """Exports what was done, the last one first; what is pending is left out."""
        _, job = self._job(request)
        done = [each for each in reversed(job.items) if each.state not in ("Pending", "Cancelled")]
        return Answered(raw=b"".join(json_bytes(self._exported(each)) + b"\n" for each in done))

    def _exported(self, item: Item) -> dict[str, Any]:
        if self.shapes().batch == "plain":
            metadata = {"id": item.id, "state": item.state}
            told = {"metadata": metadata, "input": item.text, "output": item.output}
            tokens = {"prompt_tokens": item.prompt_tokens, "completion_tokens": item.completion_tokens}
            return {**told, "confidence": 0.9, "validation": None, "usage": tokens | {"cost": item.cost_usd}}
        output = None if item.output is None else json.dumps(item.output)
        return {"itemId": item.id, "status": item.state, "content": item.text, "result": output}

    def _described(self, job: Job) -> dict[str, Any]:
        told = {"id": job.id, "title": job.title, "state": job.state}
        if self.shapes().batch == "plain":
            return {**told, "items": job.counts(), "pauseReason": job.reason or None}
        return {**told, "consumedCredits": sum(item.cost_usd for item in job.items)}

    def _made(self, name: str, made: str) -> Answered:
        return Answered({name: made} if self.shapes().batch == "plain" else made)

    def _page(self, request: Request, listed: list[dict[str, Any]]) -> Answered:
        if self.shapes().batch == "plain":
            return Answered(listed)
        page = int(request.query_params.get("page", "1"))
        shown = listed[(page - 1) * PAGE : page * PAGE]
        info = {"currentPage": page, "hasMoreItems": len(listed) > page * PAGE}
        return Answered({"pageInfo": info, "items": shown})

    def _workflow(self, request: Request) -> Workflow:
        found = self.batches.workflows.get(request.path_params["w"])
        if found is None:
            raise Refusal(404, "The workflow does not exist.")
        return found

    def _job(self, request: Request) -> tuple[Workflow, Job]:
        workflow = self._workflow(request)
        found = workflow.jobs.get(request.path_params["j"])
        if found is None:
            raise Refusal(404, "The job does not exist.")
        return workflow, found


def _item(item: Item) -> dict[str, Any]:
    return {"id": item.id, "state": item.state}


def _object(raw: bytes, known: frozenset[str]) -> dict[str, Any]:
    try:
        body = read_json(raw)
    except ValueError as exc:
        raise Refusal(400, f"The body is not JSON: {exc}.") from exc
    if not isinstance(body, dict):
        raise Refusal(400, "The body must be a JSON object.")
    for name in body:
        if name not in known:
            raise Refusal(400, f"'{name}' is not known here.", param=name)
    return body


def _within(fields: dict[str, Any], name: str, least: int, most: int) -> None:
    value = fields.get(name, least)
    if not (isinstance(value, int) and is_number(value) and least <= value <= most):
        raise Refusal(400, f"'{name}' must be a whole number from {least} to {most}.", param=name)


def batch_routes(office: Office, open_: Open) -> list[Route]:
    """Builds the routes; all of them want a private key."""
    one, jobs = f"{_ROOT}/{{w}}", f"{_ROOT}/{{w}}/jobs"
    job = f"{jobs}/{{j}}"
    made: list[tuple[str, str, Make]] = [
        ("GET", _ROOT, office.workflows),
        ("POST", _ROOT, office.create),
        ("DELETE", one, office.remove),
        ("GET", jobs, office.jobs),
        ("POST", jobs, office.create_job),
        ("GET", job, office.show),
        ("PATCH", job, office.change),
        ("GET", f"{job}/items", office.items),
        ("POST", f"{job}/items", office.load),
        ("POST", f"{job}/items/retry", office.retry),
        ("GET", f"{job}/export.jsonl", office.export),
    ]
    route = partial(_route, open_)
    return [route(method, path, make) for method, path, make in made]


def _route(open_: Open, method: str, path: str, make: Make) -> Route:
    return Route(path, open_(make), methods=[method])
