"""`aivax-bots evaluate`: the same questions at several gateways. What it needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bots import INTERRUPTED
from bots.cli.options import ConfigPath

EXAMPLES = """\b
Examples:
  aivax-bots evaluate questions.jsonl --gateway support:50c3 --dry
  aivax-bots evaluate questions.jsonl --gateway support:50c3 --gateway next:50c3 --judge @openai/gpt-5 --most-usd 2
  aivax-bots evaluate questions.jsonl --gateway support:50c3 --fail-under 0.9 --yes"""


def evaluate(
    file: Annotated[Path, typer.Argument(help="The questions: JSON, one in a line (docs/evaluate.md).")],
    gateway: Annotated[
        list[str], typer.Option(help="A gateway or model to ask; several times: the first is the base.")
    ],
    config: ConfigPath = None,
    judge: Annotated[
        str,
        typer.Option(help="A model that tells which answer is better than the base's, asked in both orders."),
    ] = "",
    most_usd: Annotated[
        float | None, typer.Option(min=0, help="Begin no call for which this much money does not suffice.")
    ] = None,
    at_once: Annotated[int, typer.Option(min=1, max=64, help="So many calls at once.")] = 4,
    results: Annotated[
        Path | None, typer.Option(help="Where answers are kept, to go on from; else FILE.results.jsonl.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write the comparison to this page of HTML, too.")
    ] = None,
    fail_under: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="End with status 1 where a smaller part passed; the base is not judged beside others.",
        ),
    ] = None,
    dry: Annotated[bool, typer.Option("--dry", help="Tell how many calls there would be, and end.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask whether that is meant.")] = False,
) -> None:
    """Ask each question of a file at one gateway or several, and compare the answers.

    Status 0: well; 1: less passed than --fail-under; 2: it can't be done, or the key or the balance was refused.
    """
    from bots.cli.commandline import configured, finish, until_terminated
    from bots.cli.quality.evaluation import Wanted, run_evaluation

    wanted = Wanted(
        file,
        tuple(dict.fromkeys(gateway)),
        judge,
        most_usd,
        at_once,
        results or file.with_name(f"{file.name}.results.jsonl"),
        report,
        fail_under,
        dry=dry,
        is_meant=yes,
    )
    settings, _ = configured(config, quiet=True)
    finish(until_terminated(run_evaluation(settings, wanted)), interrupted=INTERRUPTED)
