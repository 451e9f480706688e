"""The options in the address of a PostgreSQL server: `?sslmode=require`."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import URL, make_url

from core.domain import SettingRefused

PREPARING = "prepare_threshold"
"""psycopg's own option: statements that run so often are prepared; `none`: no statement is."""
COUNTS = (
    "connect_timeout",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "tcp_user_timeout",
)
"""Options of libpq that are whole numbers."""


def prepared_after(value: str) -> tuple[int | None] | None:
    """After how many runs `[storage] url` has a statement prepared, `(None,)` for never; None where it says nothing."""
    told = make_url(value).query.get(PREPARING)
    if told is None:
        return None
    return (int(told),) if isinstance(told, str) and told.isdecimal() else (None,)


def check_options(url: URL, setting: str) -> None:
    """Raise `SettingRefused` for an option that PostgreSQL's client does not know, or that has no such value."""
    for name, said in url.query.items():
        if not isinstance(said, str):
            if name not in ("host", "port"):
                raise SettingRefused(setting, value=f"?{name}=", fix="give this option once")
        elif name == PREPARING:
            if not (said.isdecimal() or said.lower() == "none"):
                fix = "write a whole number, or none where a pooler keeps no prepared statements"
                raise SettingRefused(setting, value=f"?{name}={said}", fix=fix)
        elif name not in (known := _known_options()) and known:
            fix = "take this option out: PostgreSQL's client (libpq) does not know it"
            raise SettingRefused(setting, value=f"?{name}=", fix=fix)
        elif name in COUNTS and not said.isdecimal():
            raise SettingRefused(setting, value=f"?{name}={said}", fix="write a whole number")


def _known_options() -> Collection[str]:
    """The options of the installed libpq; none where there is none."""
    try:
        from psycopg.pq import Conninfo  # comes with the extra `postgres` only
    except ImportError:
        return ()
    return [option.keyword.decode() for option in Conninfo.get_defaults()]
