"""Variables of the machine that libraries stumble over where other programs pass them by."""

from __future__ import annotations

from collections.abc import MutableMapping

KEY_LOG = "SSLKEYLOGFILE"


def drop_unusable(variables: MutableMapping[str, str]) -> str:
    """Take out a key log that can't be written: Python's `ssl` would raise for every connection, curl only goes on.

    Returns what to tell of it; empty where nothing was dropped.
    """
    path = variables.get(KEY_LOG, "")
    if not path:
        return ""
    import ssl  # --help and --version stay fast

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).keylog_filename = path
    except (OSError, ValueError) as error:
        del variables[KEY_LOG]
        reason = getattr(error, "strerror", None) or "no such path"
        return f"{KEY_LOG} = {path!r} is not used: {reason}"
    return ""
