"""The configuration as a file: made with comments, changed with everything else kept, replaced in one step."""

from __future__ import annotations

import os
import re
import stat
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from core.domain import SettingRefused

HEAD = """\
# Made by `aivax-bots init`, which can be run again to change it. Holds secrets: keep it for its owner alone.
# Every other setting is explained in config.example.toml.
"""
MODE = 0o600
Changes = Mapping[tuple[str, str], Any]
"""Values by section and key."""


class ConfigFile:
    """One file, as it was read."""

    def __init__(self, path: Path) -> None:
        """Read it; one that is not there is made by `write`.

        Raises:
            SettingRefused: it can't be read, or is no TOML.
        """
        self.path = path
        try:
            self.text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
            self.values: dict[str, Any] = tomllib.loads(self.text)
        except OSError as error:
            raise SettingRefused(str(path), fix=f"the file can't be read ({error.strerror})") from None
        except ValueError as error:
            raise SettingRefused(str(path), fix=f"this is not valid TOML: {error}") from None

    @property
    def is_new(self) -> bool:
        """Whether there was none."""
        return not self.text.strip()

    def with_changes(self, changes: Changes) -> dict[str, Any]:
        """What the file would hold."""
        values = {name: dict(each) if isinstance(each, dict) else each for name, each in self.values.items()}
        for (section, key), value in changes.items():
            values.setdefault(section, {})[key] = value
        return values

    def write(self, changes: Changes, comments: Mapping[tuple[str, str], str]) -> None:
        """Write the changes, for the owner alone, or leave the file as it was. `comments` stand above new settings.

        Raises:
            SettingRefused: it was changed meanwhile, or has a form that can't be kept.
            OSError: it can't be written.
        """
        text = self._changed(changes)
        for (section, key), value in changes.items():
            held = self.values.get(section)
            if not (isinstance(held, dict) and key in held):
                text = _with(text, section, key, value, comments.get((section, key), ""))
        if tomllib.loads(text) != self.with_changes(changes):
            raise SettingRefused(
                str(self.path), fix="can't be changed without harm: write the settings by hand"
            )
        if self.text and self.path.read_text(encoding="utf-8-sig") != self.text:
            raise SettingRefused(str(self.path), fix="was changed by somebody else meanwhile: begin anew")
        _replace(self.path.resolve(), text)

    def _changed(self, changes: Changes) -> str:
        """The text with other values where the file has the settings already, comments beside them included."""
        if self.is_new:
            return HEAD
        try:
            document = tomlkit.parse(self.text)
        except TOMLKitError:
            return self.text  # `write` finds that nothing is changed in it
        for (section, key), value in changes.items():
            held = document.get(section)
            if isinstance(held, dict) and key in held:
                held[key] = value
        return tomlkit.dumps(document)


def _with(text: str, section: str, key: str, value: Any, comment: str) -> str:
    """The text with one more setting, below its section's head or where the example shows it."""
    line = f"{key} = {tomlkit.item(value).as_string()}\n"
    above = "".join(f"# {each}\n" for each in comment.splitlines())
    head = re.search(rf"^[ \t]*\[[ \t]*{re.escape(section)}[ \t]*\][^\n]*(\n|$)", text, re.MULTILINE)
    if head is None:
        return f"{text.rstrip()}\n\n\n[{section}]\n\n{above}{line}"
    shown = re.compile(rf"^#{re.escape(key)} = [^\n]*\n", re.MULTILINE).search(
        text, head.end(), _end(text, head.end())
    )
    if shown is not None:  # the example explains it already
        return f"{text[: shown.start()]}{line}{text[shown.end() :]}"
    end = _end(text, head.end()) if text.startswith(HEAD) else head.end()
    before, behind = text[:end].rstrip("\n"), text[end:].lstrip("\n")
    return f"{before}\n\n{above}{line}" + (f"\n{behind}" if behind else "")


def _end(text: str, start: int) -> int:
    """Where the section ends that begins there."""
    following = re.compile(r"^[ \t]*\[", re.MULTILINE).search(text, start)
    return following.start() if following else len(text)


def _replace(path: Path, text: str) -> None:
    """Put a file in the place of another in one step: whoever reads sees the old or the new one, whole."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=".config-", delete=False
    ) as file:
        try:
            _own(Path(file.name), path)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def _own(new: Path, old: Path) -> None:
    """Give the new file the owner of the old one, and of its rights those that leave others out."""
    new.chmod(MODE)  # as it was made, whatever the umask
    try:
        had = old.stat()
    except OSError:
        return
    if (had.st_uid, had.st_gid) != (os.getuid(), os.getgid()):
        os.chown(new, had.st_uid, had.st_gid)
    new.chmod(MODE | stat.S_IMODE(had.st_mode) & (stat.S_IRGRP | stat.S_IWGRP))
