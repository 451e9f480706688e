"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SET_UP, RUN, LOOK_AFTER, TRY_OUT = "Set it up", "Run it", "Look after it", "Try it out"
"""Under what the commands stand in `aivax-bots --help`."""

ConfigPath = Annotated[
    Path | None,
    typer.Option(
        "--config", help="The configuration; else $AIVAX_BOTS_CONFIG, else ./config.toml.", dir_okay=False
    ),
]
