"""The section of the configuration."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints

from core.settings import Section

Recipient = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^age1[a-z0-9]{20,}$")]


class BackupSettings(Section):
    """`[backup]`: where `db backup` writes by itself, for whom it encrypts, and what it keeps."""

    folder: Annotated[str, StringConstraints(strip_whitespace=True)] = ""
    """Where backups go that are given no path, and where `db drill` looks. Empty: each is given its path."""
    recipients: tuple[Recipient, ...] = ()
    """The public keys of age (`age1...`) that can open a backup. None: it is not encrypted."""
    identity: SecretStr = SecretStr("")
    """The secret key of age (`AGE-SECRET-KEY-1...`, or the whole file of `age-keygen`) that opens them."""
    keep: int = Field(14, ge=1)
    """How many of the newest backups stay in the folder."""
    keep_weeks: int = Field(8, ge=0)
    """Beside those the newest of each of the last so many weeks stays. 0: none."""
