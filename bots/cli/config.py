"""`aivax-bots config`: what the configuration comes to, and what is wrong with it. Nothing is started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bots import PROBLEM
from bots.cli.options import Commands, ConfigPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bots.setting_rules.origins import Effective, Origins
    from core.domain import SettingRefused

config = typer.Typer(
    cls=Commands,
    name="config",
    help="The configuration: what it comes to, and what is wrong with it.",
    no_args_is_help=True,
)


@config.command(
    "show",
    epilog="""\b
Examples:
  aivax-bots config show --changed
  aivax-bots config show --json | jq '.settings[] | select(.source == "environment")'""",
)
def show(
    config: ConfigPath = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    changed: Annotated[
        bool, typer.Option("--changed", help="Only what the file or the environment sets.")
    ] = False,
) -> None:
    """Print every setting as it holds, and where it comes from: default, file or environment. Secrets are masked."""
    from bots.cli.commandline import configured
    from bots.cli.printing.output import flush
    from bots.setting_rules.origins import Origins, effective

    origins = Origins()
    settings, _ = configured(config, quiet=True, origins=origins)
    found = [each for each in effective(settings, origins) if not changed or each.source != "default"]
    if as_json:
        typer.echo(_json({"file": _file(origins), "settings": [_row(each) for each in found]}))
    else:
        typer.echo("\n".join(_lines(found)) or "Nothing is set: all is as by default.")
    flush()


@config.command(
    "check",
    epilog="""\b
Examples:
  aivax-bots config check
  aivax-bots config check --config new.toml && systemctl restart aivax-bots""",
)
def check(
    config: ConfigPath = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the problems as JSON.")] = False,
) -> None:
    """Tell every problem at once, with setting, value and fix: status 0 where there is none, else 2."""
    import os

    from bots import logs
    from bots.cli.printing.output import flush
    from bots.frontends import installed
    from bots.setting_rules.origins import Origins
    from bots.setting_rules.reading import SettingsRefused
    from bots.setting_rules.together import all_checks, refusals
    from bots.settings import LogSettings, load

    logs.configure(LogSettings(level="warning"))
    plugins, origins = installed(), Origins()
    problems: list[SettingRefused] = []
    try:
        settings = load(plugins, path=config, environment=os.environ, origins=origins)
    except SettingsRefused as refused:
        problems += refused.problems
    else:
        problems += refusals(all_checks(settings, plugins))
    if as_json:
        told = [{"setting": each.setting, "value": each.value, "fix": each.fix} for each in problems]
        typer.echo(_json({"file": _file(origins), "problems": told}))
    else:
        fine = f"{_file(origins) or 'the environment alone'}: no problem found"
        typer.echo("\n".join(map(str, problems)) or fine)
    flush()
    raise typer.Exit(PROBLEM if problems else 0)


def _file(origins: Origins) -> str | None:
    return str(origins.path) if origins.path else None


def _lines(found: Iterable[Effective]) -> Iterator[str]:
    """Each setting as in the file, its value as JSON has it, and where it comes from."""
    import json  # --help stays fast

    section = ""
    for each in found:
        if each.section != section:
            yield from ([""] if section else [])
            yield f"[{each.section}]" if each.key else f"# {each.setting}"
            section = each.section
        came = {"default": "default", "file": each.where, "environment": f"${each.where}"}[each.source]
        yield f"{each.key or each.section} = {json.dumps(each.value, ensure_ascii=False)}  # {came}"


def _row(each: Effective) -> dict[str, Any]:
    return {"setting": each.setting, "value": each.value, "source": each.source, "where": each.where}


def _json(told: object) -> str:
    import json  # likewise

    return json.dumps(told, indent=2, ensure_ascii=False)
