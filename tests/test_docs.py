"""The documentation's site: it is built from this checkout alone, no link in it is dead, and no setting is missing."""

from __future__ import annotations

import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bots.settings import compose
from core.section import Section
from tests.shipped import shipped

TREE = Path(__file__).parent.parent
sys.path.append(str(TREE / "docs"))

import build_site  # noqa: E402  it stands beside the pages
from settings_page import parts_of  # noqa: E402


class Loaded(HTMLParser):
    """What a browser loads for a page by itself: pictures, scripts, styles, fonts."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "a":
            self.addresses += [value for key, value in attrs if key in ("src", "href", "srcset") and value]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the gathered pages and the site."""
    folder = tmp_path_factory.mktemp("docs")
    assert build_site.build(folder) == ""
    return folder


@pytest.fixture
def site(built: Path) -> Path:
    return built / "site"


@pytest.fixture
def reference(built: Path) -> str:
    """The page of all settings."""
    return (built / "docs" / build_site.SETTINGS).read_text(encoding="utf-8")


def test_every_page_is_on_the_site_and_nothing_else(site: Path) -> None:
    pages = {path.relative_to(TREE / "docs").with_suffix(".html") for path in (TREE / "docs").rglob("*.md")}
    found = {path.relative_to(site) for path in site.rglob("*.html")}

    assert {_named(path) for path in pages} <= found
    assert {Path("settings.html"), Path("changelog.html"), Path("security.html")} <= found
    assert not [path for path in site.rglob("*") if path.suffix in (".py", ".pyc", ".toml")]


def _named(page: Path) -> Path:
    """A folder's README is the folder's page."""
    return page.with_name("index.html") if page.stem == "README" else page


def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    for path in site.rglob("*.html"):
        page = Loaded()
        page.feed(path.read_text(encoding="utf-8"))
        assert [each for each in page.addresses if re.match(r"(https?:)?//", each)] == [], path
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert not re.search(r"url\(['\"]?https?:|@import", styles)


def test_the_reference_names_every_setting_with_what_it_does(reference: str) -> None:
    for name, field in compose(shipped()).model_fields.items():
        assert f"## `[{name}]`\n\n" in reference
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            keys = field.annotation.model_fields
            heads = {key: (f"### `{key}`\n\n", f"## `[{name}.{key}]`\n\n") for key in keys}
            assert [key for key, ways in heads.items() if not any(way in reference for way in ways)] == []
    assert re.findall(r"### .*\n\n.*\n\n\n", reference) == []  # each says what it does


def test_a_bound_and_a_default_are_told_with_the_name_for_the_environment(reference: str) -> None:
    tries = (
        "### `tries`\n\nwhole number (at least 1, at most 10) · by default `3` · `AIVAX_BOTS__AIVAX__TRIES`\n"
    )
    assert tries in reference
    assert "### `api_key`\n\nsecret text · empty by default · `AIVAX_BOTS__AIVAX__API_KEY`\n" in reference


def test_a_dead_link_fails_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gather = build_site.gather

    def spoil(target: Path) -> None:
        gather(target)
        shutil.rmtree(target / "decisions")
        (target / "index.md").write_text("# Home\n\n[there](nowhere.md)\n", encoding="utf-8")

    monkeypatch.setattr(build_site, "gather", spoil)

    assert "nowhere.md" in build_site.build(tmp_path)


def test_a_value_over_several_lines_is_one_setting() -> None:
    parts = list(parts_of('# Head.\n\n[a]\n# One.\n#list = [\n#  "x",\n#]\n# Two.\nb = 1\n'))

    assert [(part.kind, part.name, part.text) for part in parts[2:]] == [
        ("key", "list", "One."),
        ("key", "b", "Two."),
    ]
