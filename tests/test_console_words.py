"""The web console's words: all of them translated, each with its placeholders, none said twice."""

from __future__ import annotations

from importlib import resources
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from core.i18n import LANGUAGES
from core.i18n.console import console_translator
from core.i18n.console_text import ConsoleText
from core.i18n.languages import catalogue

TRANSLATED = [language for language in LANGUAGES if language != "en"]
SAME = {(language, key) for language in ("es", "pt_BR") for key in ("tokens", "gateway", "gateways")}
"""What is the same in English on purpose."""


def placeholders(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text)} - {None}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_with_its_placeholders_and_nothing_is_stale(language: str) -> None:
    found = {key: text for key, text in catalogue(language, "console").items() if key[0]}
    same = {(language, text.key) for text in ConsoleText if found.get((text.key, text.value)) == text.value}

    assert found.keys() == {(text.key, text.value) for text in ConsoleText}
    assert {key[0]: placeholders(text) for key, text in found.items()} == {
        text.key: placeholders(text.value) for text in ConsoleText
    }
    assert "" not in found.values()
    assert same <= SAME


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_catalogue_is_read_as_other_programs_read_it(language: str) -> None:
    path = resources.files("core.i18n") / "locales" / language / "LC_MESSAGES" / "console.po"
    with path.open("rb") as file:
        read = read_po(file, locale=language, abort_invalid=True)

    theirs = {(str(message.context), message.id): message.string for message in read if message.id}
    assert {key: text for key, text in catalogue(language, "console").items() if key[0]} == theirs


def test_no_text_hides_behind_another() -> None:
    assert [name for name, text in ConsoleText.__members__.items() if text.name != name] == []


@pytest.mark.parametrize(
    ("accepted", "tag"),
    [
        *(("pt", "pt-BR"), ("es-MX, en", "es-419"), ("de;q=0.9, es;q=0.2", "es"), ("", "en"), ("de", "en")),
        *((";q=", "en"), ("en;q=x, pt;q=0.1", "pt-BR"), ("es;q=0.1, en-GB", "en"), ("x," * 9_999, "en")),
    ],
)
def test_the_browsers_first_language_of_ours_is_spoken(accepted: str, tag: str) -> None:
    assert console_translator(accepted, "en").tag == tag
