"""Backups encrypted in the format of age (age-encryption.org/v1), so that they can be opened without this program.

The file's key is wrapped for each recipient (X25519); what follows is encrypted with ChaCha20-Poly1305 in chunks of
64 KiB, each authenticated, the last one marked as the last: a byte that was changed, a chunk that was moved and an end
that was cut off are noticed. `age --decrypt --identity KEYFILE BACKUP` opens one, too. Whoever writes backups needs
the public key alone.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.domain import BackupRefused, SettingRefused
from core.storage.db import FILE_MODE

MAGIC = b"age-encryption.org/v1\n"
RECIPIENTS, IDENTITY = "[backup] recipients", "[backup] identity"
_SECRET = "AGE-SECRET-KEY-1"  # noqa: S105  what such a key begins with


def is_encrypted(path: Path) -> bool:
    """Whether a file is one of age's, whoever wrote it."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def check_recipients(recipients: Sequence[str]) -> None:
    """Raise `SettingRefused` for the first public key that is none."""
    _recipients(recipients)


def encrypt(plain: Path, target: Path, recipients: Sequence[str]) -> None:
    """Write what `plain` holds into `target`, which exists, so that each recipient can open it.

    Takes about 5 ms a megabyte and some kilobytes of memory. Raises `SettingRefused` for a key that is none, and
    `BackupRefused` when it can't be written.
    """
    import pyrage

    keys = _recipients(recipients)
    try:
        with plain.open("rb") as source, target.open("wb") as sink:
            pyrage.encrypt_io(source, sink, keys)
    except pyrage.EncryptError as exc:  # what writing raised comes in here
        raise BackupRefused(str(target), f"it could not be encrypted: {exc}") from exc


def decrypt(source: Path, plain: Path, identity: str) -> None:
    """Write what `source` holds into `plain`, which exists. Raises `BackupRefused` unless all of it is authentic."""
    import pyrage

    key = _identity(identity)
    try:
        with source.open("rb") as sealed, plain.open("wb") as sink:
            pyrage.decrypt_io(sealed, sink, [key])
    except pyrage.DecryptError as exc:
        raise BackupRefused(str(source), _why_not(str(exc))) from exc
    except OSError as exc:
        if exc.errno is not None:
            raise
        raise BackupRefused(str(source), "it is damaged, or its end is missing") from exc


def make_identity(path: Path) -> str:
    """Write a new secret key into a new file that only its owner may read; the public key that belongs to it.

    The file has the form of `age-keygen`. Raises `BackupRefused` when it exists or can't be written.
    """
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"# public key: {public}\n{identity}\n")
    except FileExistsError:
        raise BackupRefused(
            str(path), "it exists already: a key that is lost opens no backup again"
        ) from None
    except OSError as exc:
        raise BackupRefused(str(path), exc.strerror or type(exc).__name__) from exc
    return public


def _recipients(recipients: Sequence[str]) -> list[Any]:
    import pyrage

    keys = []
    for each in recipients:
        try:
            keys.append(pyrage.x25519.Recipient.from_str(each))
        except pyrage.RecipientError:
            fix = "copy the public key whole, as `aivax-bots db key` or `age-keygen` printed it"
            raise SettingRefused(RECIPIENTS, value=each, fix=fix) from None
    return keys


def _identity(text: str) -> Any:
    """The key in a line of its own; `age-keygen` writes comments around it."""
    import pyrage

    lines = [line.strip() for line in text.split() if line.strip().startswith(_SECRET)]
    if not lines:
        fix = "the backup is encrypted: name the file of the secret key in AIVAX_BOTS__BACKUP__IDENTITY_FILE"
        raise SettingRefused(IDENTITY, fix=fix)
    try:
        return pyrage.x25519.Identity.from_str(lines[0])
    except pyrage.IdentityError:
        raise SettingRefused(IDENTITY, fix="copy the secret key whole; it is damaged") from None


def _why_not(reason: str) -> str:
    if "No matching keys" in reason:
        return "[backup] identity is not the key that it was encrypted for"
    return f"it can't be opened: {reason}"
