"""`aivax-bots turns retry` and `drop`: in the database, or by way of the running bot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import typer

from bots import PROBLEM
from bots.cli.operations.reach import ask_of_bot, reading
from bots.cli.operations.system_user import system_user
from bots.cli.operations.turn_list import UNKNOWN, found
from core.operations.control import Control
from core.storage.operations.turn_changes import Outcome

if TYPE_CHECKING:
    from bots.settings import Settings

SENTENCES = {
    Outcome.UNKNOWN: UNKNOWN,
    Outcome.WAITS: "Turn {turn} is in the line already, and next when a worker is free.",
    Outcome.RUNS: "Turn {turn} is being answered: its author can stop it.",
    Outcome.ENDED: "Turn {turn} has ended: nothing more becomes of it. What failed can be tried again once.",
    Outcome.PAUSED: "Answers are paused: `aivax-bots resume` has turn {turn} answered.",
    Outcome.EMPTIED: "What was asked in turn {turn} is no longer stored: its author has to ask again.",
}
DONE = {
    "retry": "Turn {turn} is tried again.",
    "drop": "Turn {turn} is out of the line; its author is told.",
}


async def change(settings: Settings, asked: str, what: Literal["retry", "drop"]) -> int:
    """Do it, and say what came of it: status 0 where it was done, else 2."""
    async with reading(settings) as database:
        stories = await found(database, asked)
    if not stories:
        typer.echo(UNKNOWN, err=True)
        return PROBLEM
    turn = stories[-1].id

    async def here(control: Control) -> object:
        act = control.retry if what == "retry" else control.drop
        return {"outcome": await act(turn, system_user())}

    told = await ask_of_bot(settings, here, f"/control/turns/{turn}/{what}")
    outcome = Outcome(told["outcome"])
    if outcome is Outcome.DONE:
        typer.echo(DONE[what].format(turn=turn))
        return 0
    typer.echo(f"aivax-bots: {SENTENCES[outcome].format(turn=turn)}", err=True)
    return PROBLEM
