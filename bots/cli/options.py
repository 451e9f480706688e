"""What several commands share: their options, and how they are grouped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup, TyperOption

SET_UP, RUN, LOOK_AFTER, TRY_OUT = "Set it up", "Run it", "Look after it", "Try it out"
"""Under what the commands stand in `aivax-bots --help`."""

ConfigPath = Annotated[
    Path | None,
    typer.Option(
        "--config", help="The configuration; else $AIVAX_BOTS_CONFIG, else ./config.toml.", dir_okay=False
    ),
]


class Commands(TyperGroup):
    """Commands whose own switches need no validator: one that is not given is off, and not None.

    For None typer builds a validator, which imports pydantic: a third of the time of `aivax-bots run --help`.
    """

    def get_params(self, ctx: Any) -> Any:
        params = super().get_params(ctx)
        for option in params:
            if isinstance(option, TyperOption) and option.is_flag and option.default is None:
                option.default = False
        return params
