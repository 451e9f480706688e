"""Keeps the files of the tool `shell`: one file system for each user, named by a header."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.refusals import Refusal
from sandbox.shapes import Shapes


@dataclass(slots=True)
class Shell:
    """Who has which files, by their path from the root."""

    files: dict[str, dict[str, int]] = field(default_factory=dict)
    folders: dict[str, set[str]] = field(default_factory=dict)

    def write(self, user: str, path: str, size: int = 1) -> None:
        """Puts a file there, with the folders that it needs."""
        self.files.setdefault(user, {})[path] = size
        parts = path.strip("/").split("/")[:-1]
        made = {"/" + "/".join(parts[: depth + 1]) for depth in range(len(parts))}
        self.folders.setdefault(user, set()).update(made)

    def listing(self, user: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Lists a folder; raises a 404 refusal where it is not there."""
        path = _path(query)
        if path == "/" and not self._has_anything(user):
            raise Refusal(404, "The workspace was not found.")
        if path != "/" and path not in self.folders.get(user, set()):
            raise Refusal(404, "The folder was not found.")
        below = path.rstrip("/") + "/"
        files = {each: size for each, size in self.files.get(user, {}).items() if _is_in(each, below)}
        folders = [each for each in self.folders.get(user, set()) if _is_in(each, below)]
        entries = [_entry(each, below, size=0, is_directory=True) for each in sorted(folders)]
        entries += [
            _entry(each, below, size=size, is_directory=False) for each, size in sorted(files.items())
        ]
        return {"entries": entries}

    def delete_file(self, user: str, query: Mapping[str, str]) -> None:
        """Deletes a file; raises a 404 refusal where it is not there."""
        if self.files.get(user, {}).pop(_path(query), None) is None:
            raise Refusal(404, "The file was not found.")

    def delete_folder(self, user: str, query: Mapping[str, str], shapes: Shapes) -> None:
        """Deletes a folder, with all in it where that may be; raises a refusal where not."""
        path = _path(query)
        if path not in self.folders.get(user, set()):
            raise Refusal(404, "The folder was not found.")
        below = path + "/"
        inside = [each for each in (*self.files.get(user, {}), *self.folders[user]) if each.startswith(below)]
        if inside and shapes.shell_folders == "empty":
            raise Refusal(400, "The folder is not empty.")
        self.files[user] = {each: size for each, size in self.files[user].items() if each not in inside}
        self.folders[user] -= {path, *inside}

    def _has_anything(self, user: str) -> bool:
        return bool(self.files.get(user) or self.folders.get(user))


def _path(query: Mapping[str, str]) -> str:
    if unknown := sorted(query.keys() - {"path"}):
        raise Refusal(400, f"'{unknown[0]}' is not known here. Known: path.")
    path = query.get("path", "")
    if not path.startswith("/") or any(part in (".", "..") for part in path.split("/")):
        raise Refusal(400, "'path' must be one from the root.")
    return path if path == "/" else path.rstrip("/")


def _is_in(path: str, below: str) -> bool:
    return path.startswith(below) and "/" not in path[len(below) :]


def _entry(path: str, below: str, *, size: int, is_directory: bool) -> dict[str, Any]:
    at = "2026-10-01T12:00:00Z"
    name = path[len(below) :]
    return {
        "name": name,
        "isDirectory": is_directory,
        "size": size,
        "lastModifiedUtc": at,
        "createdAtUtc": at,
    }
