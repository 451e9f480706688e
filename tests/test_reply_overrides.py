"""The operator's own wording of the bot's sentences: checked at the start, and shown by the preview."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bots.cli.main import cli
from bots.frontends import installed
from bots.setting_rules.reading import SettingsRefused
from bots.settings import load
from core.i18n import (
    COMMANDS,
    LANGUAGES,
    PHRASES,
    SPOKEN,
    LocaleTranslator,
    Phrase,
    Translators,
    samples,
    spoken_command,
)
from core.i18n.settings import RepliesSettings


def configured(toml: str, tmp_path: Path, **environment: str) -> RepliesSettings:
    path = tmp_path / "config.toml"
    path.write_text(toml, encoding="utf-8")
    return load(installed(), path=path, environment=environment).replies


def refusals(toml: str, tmp_path: Path, **environment: str) -> list[str]:
    with pytest.raises(SettingsRefused) as refused:
        configured(toml, tmp_path, **environment)
    return [str(problem) for problem in refused.value.problems]


WORDING = """
[replies.sentences]
busy = "Full house!"
gave_up = "{{ {reference} }}"
[replies.sentences.pt_BR]
busy = "Casa cheia!"
"""


def test_an_operators_wording_replaces_ours(tmp_path: Path) -> None:
    translators = Translators(wording=configured(WORDING, tmp_path).sentences)

    assert translators.of("en").say(Phrase.BUSY) == "Full house!"
    assert translators.of("es").say(Phrase.BUSY) == "Full house!"
    assert translators.of("pt").say(Phrase.BUSY) == "Casa cheia!"
    assert translators.of("pt").say(Phrase.GAVE_UP, reference="0bad") == "{ 0bad }"
    assert translators.of("pt").say(Phrase.THINKING) == "Pensando…"


def test_the_environment_takes_the_whole_table_as_json(tmp_path: Path) -> None:
    replies = configured(WORDING, tmp_path, AIVAX_BOTS__REPLIES__SENTENCES='{"es": {"busy": "¡Lleno!"}}')

    assert Translators(wording=replies.sentences).of("es").say(Phrase.BUSY) == "¡Lleno!"
    assert Translators(wording=replies.sentences).of("en").say(Phrase.BUSY) == Phrase.BUSY.value


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        ("bussy = 'x'", "[replies.sentences] bussy = 'x': there is no such sentence; did you mean 'busy'?"),
        ("busy = ''", "[replies.sentences] busy: it may not be empty"),
        ("busy = 3", "[replies.sentences] busy = '3': write it as text in quotes"),
        ("busy = { en = 'x' }", "[replies.sentences] busy: write it as text in quotes"),
        ("busy = 'a } b'", "[replies.sentences] busy = 'a } b': a brace that is no part of a placeholder"),
        (
            "busy = '{wait}'",
            "[replies.sentences] busy = '{wait}': there is no placeholder {wait} in it; this sen",
        ),
        (
            "unknown = '{ref}'",
            "[replies.sentences] unknown = '{ref}': there is no placeholder {ref} in it; known: {re",
        ),
        (
            "unknown = '{}'",
            "[replies.sentences] unknown = '{}': there is no placeholder {} in it; known: {reference}",
        ),
        (
            "unknown = '{reference.x}'",
            "[replies.sentences] unknown = '{reference.x}': there is no placeholder",
        ),
        (
            "unknown = '{reference!r}'",
            "[replies.sentences] unknown = '{reference!r}': write {reference} with",
        ),
        (
            "unknown = '{reference:>9}'",
            "[replies.sentences] unknown = '{reference:>9}': write {reference} with",
        ),
        ("pt = { busy = 'x' }", "[replies.sentences] pt: there is no such language; did you mean 'pt_BR'?"),
        ("pt_BR = 'x'", "[replies.sentences] pt_BR = 'x': write it as a table: [replies.sentences.pt_BR]"),
        (
            "es = { busi = 'x' }",
            "[replies.sentences.es] busi = 'x': there is no such sentence; did you mean 'busy'?",
        ),
        ("es = { busy = '{x}' }", "[replies.sentences.es] busy = '{x}': there is no placeholder {x} in it"),
    ],
)
def test_wording_that_could_fail_later_is_refused_at_the_start(
    toml: str, problem: str, tmp_path: Path
) -> None:
    (told,) = refusals(f"[replies.sentences]\n{toml}", tmp_path)

    assert told.startswith(problem)


def test_all_that_is_wrong_with_the_wording_is_told_at_once(tmp_path: Path) -> None:
    problems = refusals("[replies.sentences]\nbussy = 'x'\nbusy = '{x}'\nes = { busy = '' }", tmp_path)

    assert len(problems) == 3


@pytest.mark.parametrize(
    ("variable", "value", "fix"),
    [
        ("SENTENCES", "busy", "write it as JSON, or put it into config.toml"),
        ("SENTENCES", "[1]", "write it as a table: a line for each sentence"),
        ("SENTENCES", '{"busy": "\\ud800"}', "it holds characters that are no text"),
        ("SENTENCES__BUSY", "x", "write the whole table as JSON into AIVAX_BOTS__REPLIES__SENTENCES"),
        ("LOCALE", "de", "write one of en, es, pt_BR"),
        ("LOCALE", "", "it may not be empty"),
    ],
)
def test_a_variable_that_can_not_be_used_is_refused(
    variable: str, value: str, fix: str, tmp_path: Path
) -> None:
    (told,) = refusals("", tmp_path, **{f"AIVAX_BOTS__REPLIES__{variable}": value})

    assert fix in told


def test_a_route_in_a_language_that_the_bot_does_not_speak_is_refused(tmp_path: Path) -> None:
    (told,) = refusals('[[routes]]\nplatform = "slack"\nlocale = "fr"', tmp_path)

    assert told == "[[routes]] entry 1, locale = 'fr': write one of en, es, pt_BR"


@given(st.text(st.sampled_from("{}!:.[]0 referenceé") | st.characters()))
def test_wording_that_is_taken_can_be_said(text: str) -> None:
    try:
        settings = RepliesSettings(sentences={"unknown": text})
    except ValueError:
        return

    assert (
        Translators(wording=settings.sentences).of("en").say(Phrase.UNKNOWN, reference="0bad", reset="reset")
    )


# The preview


def previewed(*options: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["replies", "preview", *options])
    return result.exit_code, result.output


def test_the_preview_shows_every_sentence_in_every_language() -> None:
    status, printed = previewed()

    lines = printed.splitlines()
    assert status == 0
    assert [line for line in lines if line in {f"{code}: {name}" for code, name in LANGUAGES.items()}]
    assert all(lines.count(phrase.key) == len(LANGUAGES) for phrase in PHRASES)
    assert "{" not in printed


def test_the_preview_shows_one_language_and_the_operators_wording(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(WORDING, encoding="utf-8")

    status, printed = previewed("--locale", "pt-BR", "--config", str(config))

    assert status == 0
    assert printed.startswith("pt_BR: Português do Brasil\n\nkey_refused\n    Não consigo responder agora")
    assert "busy (from your configuration)\n    Casa cheia!\n" in printed
    assert "es: Español" not in printed


def test_the_preview_of_a_language_that_there_is_not_says_which_there_are() -> None:
    status, printed = previewed("--locale", "de")

    assert status == 2
    assert "write one of en, es, pt_BR" in printed


def test_there_is_a_sample_for_every_placeholder() -> None:
    assert {name for phrase in PHRASES for name in phrase.placeholders} <= samples(LocaleTranslator()).keys()


def test_a_command_is_known_by_its_name_alone_in_every_language() -> None:
    for language in LANGUAGES:
        translator = Translators(RepliesSettings()).of(language)
        for command in SPOKEN:
            name = translator.say(COMMANDS[command][0])
            assert spoken_command(f" {name.upper()} ") is command
            assert spoken_command(f"/{name}") is command
            assert spoken_command(f"!{name}", "/!") is command


@pytest.mark.parametrize("text", ["", "/", "!", "model", "home", "reset it", "//reset", "!reset"])
def test_what_could_as_well_be_a_question_is_no_command(text: str) -> None:
    assert spoken_command(text) is None
