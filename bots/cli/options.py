"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigPath = Annotated[
    Path | None,
    typer.Option(
        "--config", help="The configuration; else $AIVAX_BOTS_CONFIG, else ./config.toml.", dir_okay=False
    ),
]
