"""Writes the package: the template with another name in it."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from core import __version__
from core.domain import SettingRefused

TEMPLATE = Path(__file__).parent / "template"
SUFFIX = ".txt"
"""What each file of the template ends with: no tool is to take it for a part of this program."""
NAME = re.compile(r"[a-z][a-z0-9]{1,19}")


def check_name(name: str, taken: Collection[str]) -> None:
    """Raise `SettingRefused` for a name that no platform can have; `taken` are those that mean something already."""
    if not NAME.fullmatch(name):
        fix = "write 2 to 20 small letters and digits, a letter first, such as matrix"
    elif keyword.iskeyword(name):
        fix = "Python keeps this word for itself: take another one"
    elif name in taken:
        fix = "a section of the configuration, a command or an installed frontend is called so: take another one"
    else:
        return
    raise SettingRefused("NAME", value=name[:40], fix=fix)


def write_package(name: str, folder: Path) -> Path:
    """Write the package for a platform of that name into a new folder inside `folder`, and return that.

    Raises:
        SettingRefused: something of that name is there already; nothing was written.
        OSError: it can't be written.
    """
    target = folder / f"aivax-bots-{name}"
    try:
        target.mkdir()
    except FileExistsError:
        raise SettingRefused("--in", value=str(target), fix="this is there already: move it away") from None
    for path, text in files_for(name):
        (target / path).parent.mkdir(exist_ok=True)
        (target / path).write_text(text, encoding="utf-8")
    return target


def files_for(name: str) -> Iterator[tuple[str, str]]:
    """Each file of the package, by its path in there, with its text."""
    for source in sorted(TEMPLATE.rglob(f"*{SUFFIX}")):
        path = str(source.relative_to(TEMPLATE)).removesuffix(SUFFIX)
        path = re.sub("^package/", f"aivax_bots_{name}/", path).replace("gitignore", ".gitignore")
        text = source.read_text(encoding="utf-8").replace("{version}", __version__)
        yield path, text.replace("pigeon", name).replace("Pigeon", name.capitalize())
