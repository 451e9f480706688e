"""The bot's own words: in the reader's language, in the operator's wording, all of them translated."""

from __future__ import annotations

from dataclasses import replace
from importlib import resources
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bots.cli import cli
from bots.frontends import installed
from bots.settings import SettingsRefused, load
from core.conversations.routes import Routes
from core.reply.languages import LANGUAGES, LONGEST_TAG, Known, nearest, sentences
from core.reply.overrides import BY_KEY
from core.reply.phrases import Phrase
from core.reply.preview import SAMPLES
from core.reply.voices import Voices
from core.settings import RepliesSettings, Route
from sandbox.server import serve
from tests.samples import ANA, CHANNEL, DIRECT, reset, said
from tests.stage import FakePlatform, staged

TRANSLATED = [language for language in LANGUAGES if language != "en"]
THE_SAME = {("es", Phrase.COST), ("pt_BR", Phrase.COST)}
"""Sentences that are the same in English on purpose."""
PORTUGUESE = replace(ANA, locale="pt-BR")


# Catalogues


def catalogue(language: str) -> Catalog:
    path = resources.files("core.reply") / "locales" / language / "LC_MESSAGES" / "replies.po"
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def placeholders(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text)} - {None}


EVERY_TRANSLATION = [
    pytest.param(language, phrase, id=f"{language}-{phrase.key}")
    for language in TRANSLATED
    for phrase in Phrase
]


def test_there_is_a_catalogue_for_each_language_and_no_other() -> None:
    folders = {entry.name for entry in (resources.files("core.reply") / "locales").iterdir()}

    assert folders == set(TRANSLATED)


@pytest.mark.parametrize(("language", "phrase"), EVERY_TRANSLATION)
def test_every_sentence_is_translated_with_its_placeholders(language: str, phrase: Phrase) -> None:
    translated = sentences(language).get(phrase)

    assert translated, f"add {phrase.key} to core/reply/locales/{language}/LC_MESSAGES/replies.po"
    assert placeholders(translated) == placeholders(phrase.value)
    assert (translated == phrase.value) == ((language, phrase) in THE_SAME)


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_nothing_stale(language: str) -> None:
    read = catalogue(language)

    known = {(phrase.key, phrase.value) for phrase in Phrase}
    assert {(message.context, message.id) for message in read if message.id} == known
    assert [message.id for message in read if message.fuzzy and message.id] == []
    assert list(read.obsolete) == []
    assert [error for message, errors in read.check() for error in errors] == []


def test_no_sentence_is_named_like_a_language() -> None:
    assert not BY_KEY.keys() & LANGUAGES.keys()


# Which language


@pytest.mark.parametrize(
    ("tag", "language", "form"),
    [
        ("pt", "pt_BR", "pt_BR"),
        ("pt-BR", "pt_BR", "pt_BR"),
        ("pt_BR", "pt_BR", "pt_BR"),
        ("pt-PT", "pt_BR", "pt_BR"),
        ("PT-br", "pt_BR", "pt_BR"),
        ("pt_BR.UTF-8", "pt_BR", "pt_BR"),
        ("es", "es", "es"),
        ("es-ES", "es", "es"),
        ("es-AR", "es", "es"),
        ("es-MX", "es", "es_419"),
        ("es-419", "es", "es_419"),
        ("es-LA", "es", "es_419"),
        ("es-Latn-US", "es", "es_419"),
        ("en", "en", "en"),
        ("en-GB", "en", "en"),
        (" en-US ", "en", "en"),
    ],
)
def test_a_locale_is_understood_by_its_language(tag: str, language: str, form: str) -> None:
    assert nearest(tag) == Known(language, form)


@pytest.mark.parametrize(
    "tag", ["", "de", "de-DE", "eng", "spanish", "-", "_", "419", "../../es", "{es}", "e\u017f"]
)
def test_a_locale_of_no_language_of_ours_is_none(tag: str) -> None:
    assert nearest(tag) is None


@given(
    st.text() | st.sampled_from(["pt", "es", "en"]).flatmap(lambda code: st.text().map(f"{code}-{{}}".format))
)
def test_whatever_a_platform_calls_a_locale_somebody_speaks(tag: str) -> None:
    voice = Voices(RepliesSettings()).of(tag)

    assert "{" not in voice.say(Phrase.MESSAGE_TOO_LONG, most=1, length=2)
    assert voice.duration(1)


def test_only_a_few_voices_are_kept_however_many_locales_come() -> None:
    voices = Voices(RepliesSettings())

    heard = {id(voices.of(f"es-{number:03}")) for number in range(500)}

    assert len(heard) == 2
    assert nearest("x" * 1_000_000 + "-es") is None
    assert nearest("es-" + "x" * LONGEST_TAG) == Known("es", "es")


@pytest.mark.parametrize(
    ("author", "place", "default", "greeting"),
    [
        ("es", "pt-BR", "en", "¡Hola!"),
        ("", "pt-BR", "es", "Oi!"),
        ("de", "pt-BR", "es", "Oi!"),
        ("", "", "es-MX", "¡Hola!"),
        ("ja", "", "pt", "Oi!"),
        ("", "", "en", "Hi!"),
    ],
)
def test_a_person_is_answered_in_their_language_then_the_places_then_the_default(
    author: str, place: str, default: str, greeting: str
) -> None:
    voices = Voices(RepliesSettings(locale=default), lambda _place: place)

    assert voices.for_reader(author, DIRECT).say(Phrase.GREETING).startswith(greeting)


def test_the_most_particular_route_that_names_a_locale_decides() -> None:
    routes = [
        Route(platform="fake", locale="es"),
        Route(platform="fake", workspace="W1", locale="pt-BR"),
        Route(platform="fake", channel="general", model="other"),
    ]
    chosen = Routes(routes, model="m", instructions="")

    assert chosen.of(CHANNEL).locale == "pt-BR"
    assert chosen.of(replace(CHANNEL, workspace="W2")).locale == "es"
    assert chosen.of(replace(CHANNEL, platform="other")).locale == ""


# Values


@pytest.mark.parametrize(
    ("locale", "length", "wait", "long", "price", "tiny"),
    [
        ("en", "40,000", "2 hours", "3 days", "$1,234.50", "$0.0012"),
        ("pt-BR", "40.000", "2 horas", "3 dias", "US$ 1.234,50", "US$ 0,0012"),
        ("es-ES", "40.000", "2 horas", "3 días", "1.234,50 US$", "0,0012 US$"),
        ("es-MX", "40,000", "2 horas", "3 días", "USD1,234.50", "USD0.0012"),
    ],
)
def test_values_are_written_as_the_reader_does(
    locale: str, length: str, wait: str, long: str, price: str, tiny: str
) -> None:
    voice = Voices(RepliesSettings()).of(locale)

    assert length in voice.say(Phrase.MESSAGE_TOO_LONG, most=40_000, length=2)
    assert voice.duration(7_200) == wait
    assert voice.duration(3 * 86_400) == long
    assert voice.money(1_234.5).replace("\u00a0", " ") == price
    assert voice.money(0.0012).replace("\u00a0", " ") == tiny


@pytest.mark.parametrize(
    ("usd", "told"), [(0, "$0.00"), (5, "$5.00"), (0.1 + 0.2, "$0.30"), (-1.5, "-$1.50")]
)
def test_money_has_no_needless_digits(usd: float, told: str) -> None:
    assert Voices(RepliesSettings()).of("en").money(usd) == told


@pytest.mark.parametrize(
    ("locale", "told"),
    [
        (
            "pt",
            ["1 segundo", "2 segundos", "1 minuto", "59 minutos", "1 hora", "47 horas", "2 dias", "365 dias"],
        ),
        (
            "es",
            ["1 segundo", "2 segundos", "1 minuto", "59 minutos", "1 hora", "47 horas", "2 días", "365 días"],
        ),
    ],
)
def test_one_of_a_unit_and_many_are_told_apart(locale: str, told: list[str]) -> None:
    seconds = [1, 2, 60, 3_540, 3_600, 47 * 3_600, 47 * 3_600 + 1, float("inf")]

    assert [Voices(RepliesSettings()).of(locale).duration(wait) for wait in seconds] == told


# The operator's own wording


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
    voices = Voices(configured(WORDING, tmp_path))

    assert voices.of("en").say(Phrase.BUSY) == "Full house!"
    assert voices.of("es").say(Phrase.BUSY) == "Full house!"
    assert voices.of("pt").say(Phrase.BUSY) == "Casa cheia!"
    assert voices.of("pt").say(Phrase.GAVE_UP, reference="0bad") == "{ 0bad }"
    assert voices.of("pt").say(Phrase.THINKING) == "Pensando…"


def test_the_environment_takes_the_whole_table_as_json(tmp_path: Path) -> None:
    replies = configured(WORDING, tmp_path, AIVAX_BOTS__REPLIES__SENTENCES='{"es": {"busy": "¡Lleno!"}}')

    assert Voices(replies).of("es").say(Phrase.BUSY) == "¡Lleno!"
    assert Voices(replies).of("en").say(Phrase.BUSY) == Phrase.BUSY.value


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

    assert Voices(settings).of("en").say(Phrase.UNKNOWN, reference="0bad", reset="reset")


# The preview


def previewed(*options: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["replies", "preview", *options])
    return result.exit_code, result.output


def test_the_preview_shows_every_sentence_in_every_language() -> None:
    status, printed = previewed()

    lines = printed.splitlines()
    assert status == 0
    assert [line for line in lines if line in {f"{code}: {name}" for code, name in LANGUAGES.items()}]
    assert all(lines.count(phrase.key) == len(LANGUAGES) for phrase in Phrase)
    assert "{" not in printed


def test_the_preview_shows_one_language_and_the_operators_wording(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(WORDING, encoding="utf-8")

    status, printed = previewed("--locale", "pt-BR", "--config", str(config))

    assert status == 0
    assert printed.startswith("pt_BR: Português do Brasil\n\nno_balance\n    Não consigo responder agora")
    assert "busy (from your configuration)\n    Casa cheia!\n" in printed
    assert "es: Español" not in printed


def test_the_preview_of_a_language_that_there_is_not_says_which_there_are() -> None:
    status, printed = previewed("--locale", "de")

    assert status == 2
    assert "write one of en, es, pt_BR" in printed


def test_there_is_a_sample_for_every_placeholder() -> None:
    assert {name for phrase in Phrase for name in phrase.placeholders} <= {*SAMPLES, "wait"}


# On the stage


def shown(platform: FakePlatform) -> str:
    return "\n".join(platform.visible(DIRECT.channel))


async def test_somebody_who_reads_portuguese_learns_in_portuguese_that_the_credit_is_used_up(
    migrated_url: str,
) -> None:
    platform = FakePlatform()
    async with (
        serve(balance=0.0) as sandbox,
        staged(migrated_url, platform=platform, sandbox=sandbox) as stage,
    ):
        await stage.hear(said("oi", by=PORTUGUESE))

    assert "Não consigo responder agora: a conta que paga pelas minhas respostas está sem crédito." in shown(
        platform
    )


async def test_a_message_that_is_not_taken_is_refused_in_the_authors_language(migrated_url: str) -> None:
    platform = FakePlatform()
    async with staged(migrated_url, platform=platform, limits={"message_chars": 1_000}) as stage:
        await stage.hear(said("x" * 1_234, by=PORTUGUESE))

    assert "consigo ler até 1.000 caracteres de uma vez, e ela tem 1.234." in shown(platform)


async def test_an_event_that_does_not_tell_the_locale_is_answered_in_the_one_that_was_last_seen(
    migrated_url: str,
) -> None:
    platform = FakePlatform()
    async with staged(migrated_url, platform=platform) as stage:
        await stage.hear(said("oi", by=PORTUGUESE))
        await stage.hear(reset(by=ANA))
        await stage.hear(said("", by=ANA))

    assert "Comecei uma nova conversa." in shown(platform)
    assert "Oi! Pode me perguntar qualquer coisa" in shown(platform)


async def test_where_the_person_is_unknown_the_routes_language_is_spoken(migrated_url: str) -> None:
    platform = FakePlatform()
    sections: dict[str, Any] = {"routes": [{"platform": "fake", "workspace": "W1", "locale": "es"}]}
    async with staged(migrated_url, platform=platform, replies={"locale": "pt"}, **sections) as stage:
        await stage.hear(said("", by=ANA))

    assert "¡Hola! Pregúntame lo que quieras" in shown(platform)
