"""The commands. What one needs is imported when it runs: `--help` and `--version` are to be fast."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from bots import INTERRUPTED
from bots.cli.config import config as configuration
from bots.cli.console import console
from bots.cli.db import database
from bots.cli.operations.digests import digests
from bots.cli.operations.places import places
from bots.cli.operations.turns import turns
from bots.cli.options import LOOK_AFTER, RUN, SET_UP, TRY_OUT, Commands, ConfigPath
from bots.cli.people import people
from bots.cli.platforms import WithPlatforms
from bots.cli.quality.evaluate import EXAMPLES, evaluate
from bots.cli.quality.feedback import feedback
from bots.setting_rules.machine import drop_unusable
from core import __version__
from core.util import garbage

cli = typer.Typer(
    name="aivax-bots",
    cls=WithPlatforms,
    help="Slack and Discord bots that answer from an AIVAX gateway.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="""\b
Examples:
  aivax-bots chat --sandbox                   try it in this terminal, with no account
  aivax-bots config check && aivax-bots run   serve what config.toml says
  aivax-bots doctor                           is it well, and if not, what helps?
  aivax-bots COMMAND --help                   each command explains itself""",
)
cli.add_typer(configuration, rich_help_panel=SET_UP)
cli.add_typer(turns, rich_help_panel=LOOK_AFTER)
cli.add_typer(places, rich_help_panel=LOOK_AFTER)
cli.add_typer(digests, rich_help_panel=LOOK_AFTER)
cli.add_typer(people, rich_help_panel=LOOK_AFTER)
cli.add_typer(feedback, rich_help_panel=LOOK_AFTER)
cli.add_typer(console, rich_help_panel=LOOK_AFTER)
cli.add_typer(database, rich_help_panel=LOOK_AFTER)
cli.command("evaluate", rich_help_panel=LOOK_AFTER, epilog=EXAMPLES)(evaluate)
replies = typer.Typer(
    cls=Commands, name="replies", help="The sentences that the bot says by itself.", no_args_is_help=True
)
cli.add_typer(replies, rich_help_panel=TRY_OUT)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"aivax-bots {__version__}")
        raise typer.Exit


@cli.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    del version


@cli.command(rich_help_panel=RUN)
def run(
    config: ConfigPath = None,
    role: Annotated[
        Literal["all", "listen", "work"],
        typer.Option(help="On PostgreSQL: take messages in, answer them, or both."),
    ] = "all",
) -> None:
    """Serve the configured frontends until SIGINT or SIGTERM."""
    garbage.starting()
    from bots.cli.commandline import configured, finish, until_stopped
    from bots.serve import Role
    from bots.serve import run as serve
    from bots.setting_rules.origins import Origins
    from bots.setting_rules.reading import config_path
    from bots.settings import load
    from core.storage.db.datafile import warn_of_readers
    from core.storage.db.engine import database_path

    origins = Origins()
    settings, plugins = configured(config, origins=origins)
    warn_of_readers(config_path(config, os.environ), database_path(settings.storage.url))
    grace_s = settings.limits.shutdown_grace_s
    # closing its terminal sends SIGHUP, too: there it ends the bot, as it always did
    read = None if sys.stdin.isatty() else partial(load, plugins, path=config, environment=os.environ)
    serving = partial(serve, settings, plugins, role=Role(role), read=read, origins=origins)
    finish(until_stopped(serving, grace_s))


@cli.command(rich_help_panel=TRY_OUT)
def chat(
    config: ConfigPath = None,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Use a simulated gateway: no account, no key, no cost.")
    ] = False,
    no_history: Annotated[
        bool, typer.Option("--no-history", help="Keep nothing of what is typed for the next chat.")
    ] = False,
) -> None:
    """Talk with the bot in this terminal; each piped line is a message."""
    from bots.cli.chat import chat as converse
    from bots.cli.commandline import configured, finish, until_terminated

    settings, _ = configured(config, quiet=True)
    finish(until_terminated(converse(settings, sandbox=sandbox, history=not no_history)))


@cli.command(rich_help_panel=TRY_OUT)
def sandbox(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.", min=0, max=65535)] = 8787,
    balance: Annotated[float, typer.Option(help="The prepaid balance in USD.")] = 5.00,
    plan: Annotated[Literal["free", "pro", "max"], typer.Option(help="Whose rate limits apply.")] = "free",
) -> None:
    """Serve a simulated AIVAX gateway, for trying things out and for tests."""
    from bots.cli.commandline import finish
    from sandbox.server import GATEWAY, PRIVATE_KEY, Sandbox, run_forever

    def tell(server: Sandbox) -> None:
        typer.echo(f"The sandbox answers at {server.base_url}/v1 (key {PRIVATE_KEY}, model {GATEWAY}).")

    finish(run_forever(host=host, port=port, balance=balance, plan=plan, on_ready=tell))


def _drills(wanted: bool) -> None:
    if wanted:
        from bots.drills.listing import listing

        typer.echo(listing())
        raise typer.Exit


@cli.command(rich_help_panel=TRY_OUT)
def drill(
    name: Annotated[str, typer.Argument(help="Which one; `all` plays them one after the other.")] = "",
    listed: Annotated[
        bool,
        typer.Option(
            "--list", callback=_drills, is_eager=True, help="Print which drills there are, and end."
        ),
    ] = False,
) -> None:
    """Rehearse what happens when AIVAX says no: a scripted fault in a simulated gateway, and what each side sees."""
    del listed
    from bots.cli.commandline import finish, until_terminated
    from bots.drills.running import chosen, perform

    finish(until_terminated(perform(chosen(name), typer.echo)), interrupted=INTERRUPTED)


doctor = typer.Typer(
    cls=Commands,
    name="doctor",
    help="Find out whether all is well, and what to do where it is not: status 0 well, 1 warnings, 2 something fails.",
    invoke_without_command=True,
)
cli.add_typer(doctor, rich_help_panel=LOOK_AFTER)


@doctor.callback()
def examine(
    context: typer.Context,
    config: ConfigPath = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
    no_answer: Annotated[
        bool, typer.Option("--no-answer", help="Don't ask the model anything: then nothing is paid.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        from bots.cli.doctor import diagnose

        raise typer.Exit(diagnose(config, as_json_text=as_json, asks=not no_answer))


@doctor.command("why")
def why(
    message: Annotated[
        str,
        typer.Argument(help="The reference that somebody was told, or a link to the question or the answer."),
    ],
    config: ConfigPath = None,
) -> None:
    """Tell what became of one message: each step with its time, or where it stopped."""
    from bots.cli.commandline import configured, finish
    from bots.cli.doctor import explain

    finish(explain(*configured(config, quiet=True), message), interrupted=INTERRUPTED)


@cli.command(rich_help_panel=SET_UP)
def init(
    config: ConfigPath = None,
    answers: Annotated[
        Path | None,
        typer.Option(
            help="A file with the answers (TOML, docs/start.md): then nothing is asked.", dir_okay=False
        ),
    ] = None,
) -> None:
    """Set the bot up: asks, tries each answer, writes config.toml, and ends with what `doctor` finds."""
    from bots.cli.init import set_up

    raise typer.Exit(set_up(config, answers))


@cli.command(
    rich_help_panel=LOOK_AFTER,
    epilog="""\b
Examples:
  aivax-bots status
  aivax-bots status --watch
  aivax-bots status --json | jq .database.held""",
)
def status(
    config: ConfigPath = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch", help="Look again every two seconds, until Ctrl-C; with --json, a line of it each time."
        ),
    ] = False,
) -> None:
    """Show how the bot stands: frontends, queue, breakers, balance, last errors, a pause; and what can't be seen."""
    from bots.cli.commandline import configured, finish
    from bots.cli.operations.status import show_status

    finish(show_status(configured(config, quiet=True)[0], as_json=as_json, watch=watch))


@cli.command(
    rich_help_panel=LOOK_AFTER,
    epilog="""\b
Examples:
  aivax-bots queue
  aivax-bots queue --json | jq .lag_s""",
)
def queue(
    config: ConfigPath = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Show how work stands between processes: what waits, who writes answers and who listens, leases, jobs."""
    from bots.cli.commandline import configured, finish
    from bots.cli.operations.queue import show_queue

    finish(show_queue(configured(config, quiet=True)[0], as_json=as_json))


@cli.command(
    rich_help_panel=LOOK_AFTER,
    epilog="""\b
Examples:
  aivax-bots pause
  aivax-bots pause --say 'Back at noon: we are moving.'""",
)
def pause(
    config: ConfigPath = None,
    say: Annotated[
        str, typer.Option(help="What people are told meanwhile; else a sentence in their language.")
    ] = "",
) -> None:
    """Hold all answers, also over restarts: questions are kept, and answered after `resume`."""
    from bots.cli.commandline import configured, finish
    from bots.cli.operations.pausing import pause as hold

    finish(hold(configured(config, quiet=True)[0], say), interrupted=INTERRUPTED)


@cli.command(rich_help_panel=LOOK_AFTER)
def resume(config: ConfigPath = None) -> None:
    """Let answers go on after `pause`; what was kept comes first."""
    from bots.cli.commandline import configured, finish
    from bots.cli.operations.pausing import resume as go_on

    finish(go_on(configured(config, quiet=True)[0]), interrupted=INTERRUPTED)


@cli.command(rich_help_panel=SET_UP)
def hooks(
    config: ConfigPath = None,
    check: Annotated[
        bool, typer.Option("--check", help="Also ask for the listing at the public address, as AIVAX does.")
    ] = False,
) -> None:
    """Print what AIVAX needs to call the functions and workers of [tools]: addresses, and what each of them needs."""
    from bots.cli.commandline import configured, finish
    from bots.cli.hooks import show_hooks

    settings, _ = configured(config, quiet=True)
    finish(show_hooks(settings, check=check))


@cli.command("new-frontend", rich_help_panel=SET_UP)
def new_frontend(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What the platform is called in the configuration.")],
    folder: Annotated[
        Path, typer.Option("--in", help="Where the package's folder is made.", file_okay=False, exists=True)
    ] = Path(),
) -> None:
    """Write a package of your own for another platform: it runs, has its tests, and passes the contract suites."""
    from bots.cli.commandline import tell
    from bots.scaffold.command import new_frontend as write
    from core.domain import BotError

    try:
        write(name, folder, typer.main.get_command(cli).list_commands(context))  # type: ignore[attr-defined]
    except (BotError, OSError) as error:
        raise typer.Exit(tell(error)) from None


@replies.command("preview")
def preview(
    locale: Annotated[str, typer.Option(help="A language, such as pt-BR; else all.")] = "",
    config: ConfigPath = None,
) -> None:
    """Print every sentence, with sample values."""
    from bots.cli.printing.output import flush
    from bots.cli.printing.sections import sections
    from bots.cli.replies import pages
    from core.i18n.settings import RepliesSettings

    read = sections(config, {"replies": RepliesSettings})
    typer.echo("\n\n".join(pages(read["replies"], locale)))
    flush()


def main() -> None:
    """The console script."""
    if dropped := drop_unusable(os.environ):
        typer.echo(f"aivax-bots: {dropped}", err=True)
    cli()
