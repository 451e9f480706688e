"""Names of time zones, as IANA has them: `Europe/Lisbon`."""

from __future__ import annotations

import re
from functools import lru_cache
from zoneinfo import ZoneInfo

_FORM = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{1,31}(?:/[A-Za-z0-9_+-]{1,31}){0,2}")
_OF_ONE_MACHINE = frozenset({"localtime", "posixrules", "Factory"})


@lru_cache(maxsize=1024)
def is_time_zone(name: str) -> bool:
    """Tell whether there is such a zone; on a machine that knows no zones, whether the name has their form."""
    if not _FORM.fullmatch(name) or name in _OF_ONE_MACHINE:
        return False
    return _is_known(name) or not _is_known("UTC")


def _is_known(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such file, or one that is no zone
        return False
    return True
