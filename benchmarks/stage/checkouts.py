"""Another commit of this project beside this one, run with the packages that are installed here."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .programs import TREE

BEFORE = "7245764"
"""What the goals are measured against."""


@contextmanager
def checkout(commit: str = BEFORE) -> Iterator[Path]:
    """A worktree of a commit in a temporary folder. Raises CalledProcessError where the clone does not have it."""
    folder = Path(tempfile.mkdtemp(prefix="bench-tree-"))
    tree = folder / commit
    try:
        _git("worktree", "add", "--quiet", "--detach", str(tree), commit)
        yield tree
    finally:
        _git("worktree", "remove", "--force", str(tree))
        shutil.rmtree(folder, ignore_errors=True)


def this_commit() -> str:
    """The commit that is checked out here, with `+` where files differ from it."""
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", "core", "bots", "migrations")
    return _git("rev-parse", "--short=7", "HEAD").strip() + ("+" if changed.strip() else "")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=TREE, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout
