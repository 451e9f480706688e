"""`aivax-bots new-frontend`: which names are taken, and what to do with what was written."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import typer

from bots.entry_points import names
from bots.scaffold.package import check_name, write_package
from bots.settings import Settings
from bots.terminal import PLATFORM as TERMINAL


def new_frontend(name: str, folder: Path, commands: Collection[str]) -> None:
    """Write the package, and say what comes next. Raises `SettingRefused` and `OSError`."""
    check_name(name, {*Settings.model_fields, *commands, *names(), TERMINAL})
    target = write_package(name, folder)
    typer.echo(f"{target}: a frontend that passes the contract suites. Next:")
    typer.echo(f"  cd {target} && pip install -e '.[test]' && python -m pytest")
    typer.echo("Then put your platform in the place of the made-up one, as its README.md says.")
