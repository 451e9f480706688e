"""Keeps workflows and jobs, and works on: each look at a job does some of its items, always the same ones."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from sandbox.account import Account, price_usd
from sandbox.completions.schemas import obeying
from sandbox.completions.steps import tokens_of
from sandbox.completions.texts import json_text

JobState = Literal["Paused", "Active", "Finished"]
FAILING = ("Refused", "ExecutionError", "ValidationError")
EACH_LOOK = 50


@dataclass(slots=True)
class Item:
    """One line that was imported, and what came of it."""

    id: str
    text: str
    state: str = "Pending"
    output: Any = None
    tries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def cost_usd(self) -> float:
        """What it cost up to now, in USD."""
        return price_usd(self.prompt_tokens, self.completion_tokens)

    def work(self, schema: Mapping[str, Any]) -> None:
        """Answers it; the word of a failing state in it, such as `Refused`, makes it fail, with `once` only once."""
        self.tries += 1
        failing = next((state for state in FAILING if state in self.text), None)
        if failing is not None and not (self.tries > 1 and "once" in self.text):
            self.state = failing
            return
        self.state, self.output = "Finished", obeying(schema, _asked(self.text))


def _asked(text: str) -> str:
    """The prompt in an item that is a JSON object, else all of it."""
    try:
        told = json.loads(text)
    except ValueError:
        return text
    return str(told.get("prompt", text)) if isinstance(told, dict) else text


@dataclass(slots=True)
class Job:
    id: str
    title: str
    state: JobState = "Paused"
    reason: str = ""
    items: list[Item] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Counts the items by their states."""
        states = ("Pending", "Finished", *FAILING, "Cancelled")
        return {state: sum(item.state == state for item in self.items) for state in states}


@dataclass(slots=True)
class Workflow:
    id: str
    fields: Mapping[str, Any]
    jobs: dict[str, Job] = field(default_factory=dict)


@dataclass(slots=True)
class Batches:
    """All workflows of the account. `each_look`: items that are done whenever a job is looked at."""

    account: Account
    each_look: int = EACH_LOOK
    workflows: dict[str, Workflow] = field(default_factory=dict)
    pause: str = ""
    """Why the next job that works pauses itself; `""`: none does."""
    numbers: Callable[[], int] = field(default_factory=lambda: count(1).__next__)

    def work(self, workflow: Workflow, job: Job) -> None:
        """Does some of a job's items; it pauses itself without money, and resumes once there is some."""
        if job.state == "Paused" and job.reason == "InsufficientBalance" and self.account.balance_usd > 0:
            job.state, job.reason = "Active", ""
        if job.state != "Active":
            return
        if self.pause:
            job.state, job.reason, self.pause = "Paused", self.pause, ""
            return
        for item in [each for each in job.items if each.state == "Pending"][: self.each_look]:
            if self.account.balance_usd <= 0:
                job.state, job.reason = "Paused", "InsufficientBalance"
                return
            item.work(workflow.fields["resultSchema"])
            self._charge(workflow, item)
        if not any(item.state == "Pending" for item in job.items):
            job.state = "Finished"

    def _charge(self, workflow: Workflow, item: Item) -> None:
        twice = 2 if workflow.fields.get("validationInstruction") else 1
        for _ in range(twice):
            prompt, completion = len(item.text) // 4 + 1, len(tokens_of(json_text(item.output)))
            self.account.charge(prompt, completion)
            item.prompt_tokens += prompt
            item.completion_tokens += completion

    def retry(self, job: Job) -> int:
        """Puts the items that failed back, and the job to work; says how many they were."""
        again = [item for item in job.items if item.state in FAILING]
        for item in again:
            item.state, item.output = "Pending", None
        if again:
            job.state, job.reason = "Active", ""
        return len(again)
