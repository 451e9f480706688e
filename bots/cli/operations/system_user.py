"""Who runs a command, as the audit log names them."""

from __future__ import annotations

import getpass
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.domain.audit import Actor


def system_user() -> Actor:
    """The user that the process belongs to: by its number where it has no name, and not by what a variable says."""
    from core.domain.audit import Actor, Via  # `--help` does without

    return Actor(Via.COMMAND, _name())


def _name() -> str:
    if not hasattr(os, "geteuid"):
        return getpass.getuser()
    import pwd  # not on every system

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"
