"""`aivax-bots feedback`: what people think of answers. What it needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bots import INTERRUPTED
from bots.cli.options import Commands, ConfigPath

feedback = typer.Typer(
    cls=Commands,
    name="feedback",
    help="What people think of answers, without who they are.",
    no_args_is_help=True,
)
Since = Annotated[str, typer.Option(help="Only what was said of answers since then, such as 12h or 30d.")]
AsWritten = Annotated[
    bool,
    typer.Option(
        "--as-written", help="Leave e-mail addresses, numbers and keys as they are; else they are masked."
    ),
]


@feedback.command("list", epilog="\b\nExamples:\n  aivax-bots feedback list --since 7d")
def list_(
    config: ConfigPath = None,
    since: Since = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest so many.")] = 50,
    as_written: AsWritten = False,
) -> None:
    """List answers that people found good or bad, one in a line, the newest last; beside a running bot too."""
    from bots.cli.commandline import configured, finish
    from bots.cli.quality.feedback_rows import list_feedback

    settings, _ = configured(config, quiet=True)
    finish(list_feedback(settings, since, limit, as_written=as_written), interrupted=INTERRUPTED)


@feedback.command(
    "export",
    epilog="""\b
Examples:
  aivax-bots feedback export --since 30d --out questions.jsonl
  aivax-bots evaluate questions.jsonl --gateway support:50c3 --gateway next:50c3""",
)
def export(
    config: ConfigPath = None,
    since: Since = "",
    out: Annotated[
        Path | None, typer.Option(help="The new file, which only you can read; else standard output.")
    ] = None,
    as_written: AsWritten = False,
) -> None:
    """Write question, answer and opinion as JSON, one in a line: what `evaluate` asks again.

    Nobody's name or id is in it. Who asked to be forgotten is left out, and where people are asked to agree to be
    stored ([privacy] consent = "agree"), who has not agreed.
    """
    from bots.cli.commandline import configured, finish
    from bots.cli.quality.feedback_rows import export_feedback

    settings, _ = configured(config, quiet=True)
    finish(export_feedback(settings, since, out, as_written=as_written), interrupted=INTERRUPTED)
