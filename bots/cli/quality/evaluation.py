"""One evaluation from its file to its report."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bots import PROBLEM
from bots.cli.quality.report import page_of
from bots.cli.quality.result_file import ResultFile, open_results
from bots.terminal.evaluation import print_evaluation
from core.aivax.client import AivaxClient
from core.domain import Place
from core.evaluation.calls import Budget, Calls, Stopped
from core.evaluation.cases import Case, CasesRefused, read_cases
from core.evaluation.running import Evaluation, Plan, Row, count
from core.evaluation.summary import Summary, summaries_of
from core.guard.guard import Guard

if TYPE_CHECKING:
    from bots.settings import Settings

LESS = 1
_MOST_BYTES = 50_000_000
_ANYWHERE = Place("", "", "", private=True)
"""A place that the guard covers whenever it masks at all."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command was asked for."""

    file: Path
    gateways: tuple[str, ...]
    judge: str
    most_usd: float | None
    at_once: int
    results: Path
    report: Path | None
    fail_under: float | None
    dry: bool = False
    is_meant: bool = False


async def run_evaluation(settings: Settings, wanted: Wanted) -> int:
    """Count, ask whether that is meant, run, show; the exit status."""
    try:
        plan = Plan(_cases(wanted.file), wanted.gateways, wanted.judge, settings.conversation.instructions)
    except CasesRefused as refused:
        for each in refused.problems[:20]:
            typer.echo(f"aivax-bots: {wanted.file}: {each}", err=True)
        return PROBLEM
    with ExitStack() as stack:
        try:
            results = stack.enter_context(open_results(wanted.results))
        except OSError as error:
            typer.echo(f"aivax-bots: {wanted.results}: {error.strerror}", err=True)
            return PROBLEM
        typer.echo(_counted(plan, results, settings, wanted))
        if wanted.dry:
            return 0
        if not wanted.is_meant:
            typer.confirm("Ask them?", abort=True)
        try:
            rows = await _run(settings, wanted, plan, results)
        except Stopped as stopped:
            fix = "what was answered is kept: the same command goes on from there"
            typer.echo(f"aivax-bots: no further call is answered: {stopped}; {fix}", err=True)
            return PROBLEM
    summaries = summaries_of(rows)
    print_evaluation(rows, summaries)
    if wanted.report is not None and not _reported(wanted.report, rows, summaries, wanted):
        return PROBLEM
    return _status(summaries, wanted.fail_under)


def _cases(path: Path) -> Sequence[Case]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise CasesRefused([f"it is larger than {_MOST_BYTES} bytes; split it"])
        return read_cases(path.read_text(encoding="utf-8-sig").splitlines())
    except OSError as error:
        raise CasesRefused([error.strerror or "it can't be read"]) from None
    except UnicodeDecodeError:
        raise CasesRefused(["it is not UTF-8 text"]) from None


def _counted(plan: Plan, results: ResultFile, settings: Settings, wanted: Wanted) -> str:
    counted = count(plan, results)
    left = counted.answers - counted.answers_known + counted.judgements
    guess = left * settings.limits.question_usd
    most = f" No call is begun beyond {wanted.most_usd:.2f} USD." if wanted.most_usd is not None else ""
    return (
        f"{len(plan.cases)} questions at {len(plan.gateways)} gateways: {counted.answers} answers, "
        f"{counted.answers_known} of them known from before; up to {counted.judgements} calls of the judge.\n"
        f"At [limits] question_usd each, up to {left} calls cost about {guess:.2f} USD.{most}"
    )


async def _run(settings: Settings, wanted: Wanted, plan: Plan, results: ResultFile) -> list[Row]:
    guard, price = Guard(settings.guard), settings.limits.question_usd
    done = 0

    def told() -> None:
        nonlocal done
        done += 1
        if sys.stderr.isatty():
            typer.echo(f"\r{done} calls done", nl=False, err=True)

    async with AivaxClient(settings.aivax) as aivax:
        budget = Budget(wanted.most_usd, price)
        calls = Calls(aivax, results, budget, at_once=wanted.at_once, question_usd=price)
        rows = await Evaluation(plan, calls, partial(guard.masked_for, _ANYWHERE), told).run()
    typer.echo(f"\nspent {budget.spent_usd:.4f} USD in this run", err=True)
    return rows


def _reported(path: Path, rows: Sequence[Row], summaries: Sequence[Summary], wanted: Wanted) -> bool:
    """Write the page for yourself alone: answers may hold what is private."""
    page = page_of(rows, summaries, f"{wanted.file.name}: {', '.join(wanted.gateways)}")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(page)
    except OSError as error:
        typer.echo(f"aivax-bots: {path}: {error.strerror}", err=True)
        return False
    return True


def _status(summaries: Sequence[Summary], least: float | None) -> int:
    judged = summaries[1:] or summaries
    return LESS if least is not None and any(each.share < least for each in judged) else 0
