"""What may not be shown: the configured secrets, and whatever looks like one."""

from __future__ import annotations

import re
from itertools import chain

from pydantic import BaseModel, SecretStr

TOKEN_LIKE = re.compile(
    r"xox[a-z](?:\.xox[a-z])?-[\w-]{6,}|xapp-[\w-]{6,}|(?:sk|pk)-aiv-[\w-]+|(?<![\w-])(?:sk|pk)-[\w-]{8,}"
    r"|(?<![A-Za-z0-9])oky_\w{6,}|[\w-]{23,30}\.[\w-]{6,7}\.[\w-]{27,}"
    r"|(?<=Bot )[\w.-]{20,}|(?<=Bearer )\S{6,}|(?<=://)[^\s/@]*:[^\s/@]+(?=@)"
)
"""What looks like a token of Slack, AIVAX, OpenAI or Discord, or like the password in an address."""
HIDDEN = "[secret]"
PASSWORD_IN_URL = re.compile(r"\w[\w+.-]*://[^\s/@:]*:([^\s/@]+)@")


def secrets_in(settings: BaseModel) -> list[str]:
    """Every secret that is set, passwords inside addresses too, for the log to leave out."""
    found: list[str] = []
    for value in chain.from_iterable(
        each if isinstance(each, tuple) else (each,) for _name, each in settings
    ):
        if isinstance(value, SecretStr):
            found += {value.get_secret_value(), value.get_secret_value().strip()} - {""}
        elif isinstance(value, BaseModel):
            found += secrets_in(value)
        elif isinstance(value, str):
            found += PASSWORD_IN_URL.findall(value)
    return found
