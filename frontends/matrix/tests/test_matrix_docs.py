"""What docs/matrix.md and the package say of the settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from aivax_bots_matrix.plugin import id_fix, plugin
from aivax_bots_matrix.settings import MatrixSettings

PAGE = Path(__file__).parents[3] / "docs" / "matrix.md"


def test_the_page_names_every_setting() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert rows == list(MatrixSettings.model_fields)


def test_a_token_without_a_homeserver_is_refused_with_what_to_write() -> None:
    with pytest.raises(ValidationError, match="set homeserver"):
        MatrixSettings(access_token="syt_1")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address", ["matrix.example.org", "https://user:word@example.org", "ftp://example.org"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        MatrixSettings(homeserver=address)


def test_the_token_is_shown_nowhere_and_it_is_off_until_there_is_one() -> None:
    settings = MatrixSettings(homeserver="https://example.org/", access_token="syt_1")  # type: ignore[arg-type]

    assert "syt_1" not in repr(settings)
    assert settings.homeserver == "https://example.org"
    assert settings.wanted
    assert not MatrixSettings().wanted


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [("user", "@ana:example.org", "ana"), ("channel", "!abc", "#alias:example.org")],
)
def test_an_id_of_another_form_is_mended(kind: str, right: str, wrong: str) -> None:
    assert id_fix(kind, right) == ""  # type: ignore[arg-type]
    assert "@" in id_fix(kind, wrong) or "!" in id_fix(kind, wrong)  # type: ignore[arg-type]


def test_the_plugin_is_found_under_its_name() -> None:
    assert (plugin.name, plugin.section) == ("matrix", MatrixSettings)
