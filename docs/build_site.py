"""Builds the documentation's site in build/site, from this checkout alone and without any network: `make docs`.

What stands in docs/ is copied to build/docs, with what only the site has: the reference of every setting, and the pages
of the top level. A warning of the generator, such as a link to a page that is not there, fails the build.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

TREE = Path(__file__).resolve().parents[1]
OUTSIDE = {
    "README.md": "readme.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
"""Pages of the top level, and what they are called on the site."""
SETTINGS = "settings.md"
LINK = re.compile(r"\[(?P<text>[^\[\]]+)\]\((?!https?:)(?P<path>[^)#\s]+)(?P<anchor>#[^)]*)?\)")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
FOUND = re.compile(r"(\d+) issues? found")


def gather(target: Path) -> None:
    """Write the site's pages into an empty folder."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(TREE / "docs", target, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for page in target.rglob("*.md"):
        _rewrite(page, TREE / "docs" / page.relative_to(target), target)
    for name, called in OUTSIDE.items():
        shutil.copy(TREE / name, target / called)
        _rewrite(target / called, TREE / name, target)
    (target / SETTINGS).write_text(_settings(), encoding="utf-8")


def _rewrite(page: Path, source: Path, target: Path) -> None:
    """Have links lead to where the pages are on the site; a link to code becomes its path."""

    def led(link: re.Match[str]) -> str:
        path = (source.parent / link["path"]).resolve().relative_to(TREE)
        if (to := _on_site(path)) is None:
            return link["text"]
        address = os.path.relpath(target / to, page.parent)
        return f"[{link['text']}]({address}{link['anchor'] or ''})"

    page.write_text(LINK.sub(led, page.read_text(encoding="utf-8")), encoding="utf-8")


def _on_site(path: Path) -> Path | None:
    if path.parts[0] == "docs":
        return path.relative_to("docs") if path.suffix in (".md", ".svg", ".png") else None
    if str(path) == "config.example.toml":
        return Path(SETTINGS)
    return Path(OUTSIDE[str(path)]) if str(path) in OUTSIDE else None


def _settings() -> str:
    sys.path[:0] = [str(TREE), str(TREE / "docs")]
    from settings_page import page

    from bots.frontends import installed
    from bots.settings import compose

    example = (TREE / "config.example.toml").read_text(encoding="utf-8")
    return page(example, compose(installed()).model_json_schema())


def build(folder: Path) -> str:
    """Build the site in `folder`/site; what the generator has to complain of, or an empty text."""
    gather(folder / "docs")
    config = shutil.copy(TREE / "zensical.toml", folder)
    command = [sys.executable, "-m", "zensical", "build", "-f", str(config), "--clean"]
    built = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    told = COLOUR.sub("", built.stdout + built.stderr)
    return told if built.returncode or FOUND.search(told) else ""


if __name__ == "__main__":
    if complaints := build(TREE / "build"):
        sys.exit(complaints)
    print(f"The documentation is in {TREE / 'build' / 'site' / 'index.html'}.")
