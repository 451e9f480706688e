"""The bot's own words: all of them translated, in the reader's language, with values in its form."""

from __future__ import annotations

from dataclasses import replace
from importlib import resources
from string import Formatter
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from core.conversations.routes import Routes
from core.i18n import BY_KEY, LANGUAGES, LONGEST_TAG, PHRASES, Known, Phrase, Translators, nearest, sentences
from core.settings import AivaxSettings, Route
from sandbox.server import serve
from tests.samples import ANA, CHANNEL, DIRECT, reset, said
from tests.stage import FakePlatform, staged

TRANSLATED = [language for language in LANGUAGES if language != "en"]
SAME_WORDS = (Phrase.COST, Phrase.GATEWAY_NAME, Phrase.GATEWAYS_NAME)
THE_SAME = {(language, same) for language in TRANSLATED for same in SAME_WORDS}
THE_SAME |= {("es", Phrase.FORM_NO)}
"""Sentences that are the same in English on purpose."""
PORTUGUESE = replace(ANA, locale="pt-BR")


# Catalogues


def catalogue(language: str) -> Catalog:
    path = resources.files("core.i18n") / "locales" / language / "LC_MESSAGES" / "replies.po"
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def placeholders(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text)} - {None}


EVERY_TRANSLATION = [
    pytest.param(language, phrase, id=f"{language}-{phrase.key}")
    for language in TRANSLATED
    for phrase in PHRASES
]


def test_there_is_a_catalogue_for_each_language_and_no_other() -> None:
    folders = {entry.name for entry in (resources.files("core.i18n") / "locales").iterdir()}

    assert folders == set(TRANSLATED)


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_is_read_as_other_programs_read_it(language: str) -> None:
    read = {str(message.context): message.string for message in catalogue(language) if message.id}

    assert sentences(language) == read


@pytest.mark.parametrize(("language", "phrase"), EVERY_TRANSLATION)
def test_every_sentence_is_translated_with_its_placeholders(language: str, phrase: Phrase) -> None:
    translated = sentences(language).get(phrase.key)

    assert translated, f"add {phrase.key} to core/i18n/locales/{language}/LC_MESSAGES/replies.po"
    assert placeholders(translated) == placeholders(phrase.value)
    assert (translated == phrase.value) == ((language, phrase) in THE_SAME)


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_nothing_stale(language: str) -> None:
    read = catalogue(language)

    known = {(phrase.key, phrase.value) for phrase in PHRASES}
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
    translator = Translators().of(tag)

    assert "{" not in translator.say(Phrase.MESSAGE_TOO_LONG, most=1, length=2)
    assert translator.duration(1)


def test_only_a_few_voices_are_kept_however_many_locales_come() -> None:
    translators = Translators()

    heard = {id(translators.of(f"es-{number:03}")) for number in range(500)}

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
    translators = Translators(default, locale_of=lambda _place: place)

    assert translators.for_reader(author, DIRECT).say(Phrase.GREETING).startswith(greeting)


def test_the_most_particular_route_that_names_a_locale_decides() -> None:
    routes = [
        Route(platform="fake", locale="es"),
        Route(platform="fake", workspace="W1", locale="pt-BR"),
        Route(platform="fake", channel="general", model="other"),
    ]
    chosen = Routes(routes, AivaxSettings(model="m"), instructions="")

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
    translator = Translators().of(locale)

    assert length in translator.say(Phrase.MESSAGE_TOO_LONG, most=40_000, length=2)
    assert translator.duration(7_200) == wait
    assert translator.duration(3 * 86_400) == long
    assert translator.money(1_234.5).replace("\u00a0", " ") == price
    assert translator.money(0.0012).replace("\u00a0", " ") == tiny


@pytest.mark.parametrize(
    ("usd", "told"), [(0, "$0.00"), (5, "$5.00"), (0.1 + 0.2, "$0.30"), (-1.5, "-$1.50")]
)
def test_money_has_no_needless_digits(usd: float, told: str) -> None:
    assert Translators().of("en").money(usd) == told


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

    assert [Translators().of(locale).duration(wait) for wait in seconds] == told


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
