"""What a person reads when something went wrong: chosen on purpose for every error, and fit to be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.delivery.error_messages import SENTENCES, apologise
from core.domain import AivaxError, BotError, DatabaseFailed, FrontendRefused, PlatformError, errors
from core.i18n import PHRASES, LocaleTranslator, Phrase

REFERENCE = "0badcafe"
SECRET = "sk-aiv-acc-0123456789"

CHOSEN: dict[type[BotError], Phrase] = {
    errors.BotError: Phrase.UNKNOWN,
    errors.SettingRefused: Phrase.UNKNOWN,
    errors.StorageError: Phrase.UNKNOWN,
    errors.DatabaseNewer: Phrase.UNKNOWN,
    errors.DatabaseBusy: Phrase.UNKNOWN,
    errors.DatabaseFailed: Phrase.UNKNOWN,
    errors.DatabaseUnreachable: Phrase.UNKNOWN,
    errors.DatabaseCrowded: Phrase.UNKNOWN,
    errors.DatabaseLocked: Phrase.UNKNOWN,
    errors.DatabaseFull: Phrase.UNKNOWN,
    errors.DatabaseReadOnly: Phrase.UNKNOWN,
    errors.DatabaseForbidden: Phrase.UNKNOWN,
    errors.DatabaseDamaged: Phrase.UNKNOWN,
    errors.SchemaUnfit: Phrase.UNKNOWN,
    errors.SchemaUnmet: Phrase.SCHEMA_UNMET,
    errors.DatabaseGone: Phrase.UNKNOWN,
    errors.BackupRefused: Phrase.UNKNOWN,
    errors.ProgramMissing: Phrase.UNKNOWN,
    errors.Fenced: Phrase.UNKNOWN,
    errors.CutShort: Phrase.UNKNOWN,
    errors.AivaxError: Phrase.UNKNOWN,
    errors.RequestRefused: Phrase.REQUEST_REFUSED,
    errors.ContextTooLong: Phrase.CONTEXT_TOO_LONG,
    errors.KeyRefused: Phrase.KEY_REFUSED,
    errors.NoBalance: Phrase.CREDIT_LOW,
    errors.NotAllowed: Phrase.KEY_REFUSED,
    errors.GatewayUnknown: Phrase.GATEWAY_UNKNOWN,
    errors.ResourceUnknown: Phrase.UNKNOWN,
    errors.AddressWrong: Phrase.KEY_REFUSED,
    errors.RateLimited: Phrase.LIMIT_REACHED,
    errors.Unavailable: Phrase.UNAVAILABLE,
    errors.Unanswerable: Phrase.UNANSWERABLE,
    errors.AnswerBroken: Phrase.ANSWER_CUT,
    errors.AnswerCut: Phrase.ANSWER_CUT,
    errors.AnswerFailed: Phrase.ANSWER_CUT,
    errors.PlatformError: Phrase.UNKNOWN,
    errors.FrontendRefused: Phrase.UNKNOWN,
    errors.FrontendUnreachable: Phrase.UNKNOWN,
    errors.PlaceClosed: Phrase.UNKNOWN,
    errors.MessageRefused: Phrase.NOT_TAKEN,
    errors.FileGone: Phrase.UNKNOWN,
    errors.FileTooLarge: Phrase.UNKNOWN,
    errors.OddAnswer: Phrase.UNKNOWN,
    errors.PlatformBusy: Phrase.UNKNOWN,
    errors.OutcomeUnknown: Phrase.UNKNOWN,
}
"""A new kind of error needs a line here: which sentence a person is to read for it."""

VALUES = {"wait": "1 minute", "reference": REFERENCE, "reset": "reset"}


def kinds(root: type[BotError] = BotError) -> Iterator[type[BotError]]:
    """Every kind of error that `core.domain.errors` draws."""
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from kinds(child)


def example(kind: type[BotError]) -> BotError:
    """An error of this kind, full of what nobody is to read."""
    if issubclass(kind, AivaxError):
        return kind(status=418, code="boom_code", detail=f"Traceback {SECRET}")
    if issubclass(kind, FrontendRefused):
        return kind("fake", setting=SECRET, fix="Traceback", code="boom_code")
    if issubclass(kind, PlatformError):
        return kind("fake", detail=f"418 boom_code {SECRET}")
    if kind is errors.SettingRefused:
        return errors.SettingRefused("boom_code", fix=SECRET)
    if issubclass(kind, DatabaseFailed | errors.BackupRefused):
        return kind(SECRET, "boom_code 418")
    return kind(418, 1) if issubclass(kind, errors.Fenced) else kind(f"boom_code 418 {SECRET}")


def test_every_error_has_its_line_in_the_table() -> None:
    assert set(kinds()) == set(CHOSEN)


@pytest.mark.parametrize("kind", list(CHOSEN), ids=lambda kind: kind.__name__)
def test_every_error_is_apologised_for_as_chosen(kind: type[BotError]) -> None:
    apology = apologise(example(kind), LocaleTranslator(), REFERENCE)

    assert apology.text == LocaleTranslator().say(CHOSEN[kind], **VALUES)
    assert apology.reference == REFERENCE


@pytest.mark.parametrize("kind", list(CHOSEN), ids=lambda kind: kind.__name__)
def test_no_apology_tells_what_only_the_operator_is_to_know(kind: type[BotError]) -> None:
    text = apologise(example(kind), LocaleTranslator(), REFERENCE).text

    for hidden in (kind.__name__, "418", "boom_code", SECRET, "Traceback", "Error", "Exception", "{", "HTTP"):
        assert hidden not in text


def test_every_branch_that_speaks_is_an_error_of_ours() -> None:
    assert set(SENTENCES) <= set(kinds())


@pytest.mark.parametrize(
    "error", [ValueError(SECRET), KeyError("x"), ExceptionGroup("g", [ValueError(SECRET)])]
)
def test_an_error_that_nobody_foresaw_gets_a_reference_and_no_details(error: Exception) -> None:
    apology = apologise(error, LocaleTranslator(), REFERENCE)

    assert apology.text == LocaleTranslator().say(Phrase.UNKNOWN, reference=REFERENCE)
    assert f"quote reference {REFERENCE}" in apology.text


def test_an_error_of_another_package_speaks_like_its_nearest_kin() -> None:
    class Unreadable(errors.ContextTooLong):
        pass

    assert apologise(Unreadable(), LocaleTranslator(), "").text == LocaleTranslator().say(
        Phrase.CONTEXT_TOO_LONG, reset="reset"
    )


# How long to wait


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "1 second"),
        (-5, "1 second"),
        (float("nan"), "1 second"),
        (0.2, "1 second"),
        (1.2, "2 seconds"),
        (59, "59 seconds"),
        (59.5, "1 minute"),
        (60, "1 minute"),
        (61, "2 minutes"),
        (3541, "1 hour"),
        (3600, "1 hour"),
        (7200, "2 hours"),
        (86_400, "24 hours"),
        (10 * 86_400, "10 days"),
        (float("inf"), "365 days"),
    ],
)
def test_a_wait_is_told_in_the_unit_that_people_use(seconds: float, told: str) -> None:
    assert LocaleTranslator().duration(seconds) == told


@given(st.floats())
def test_every_wait_can_be_told_and_is_never_told_too_short(seconds: float) -> None:
    count, unit = LocaleTranslator().duration(seconds).split()

    unit_s = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}[unit.rstrip("s")]
    assert unit.endswith("s") == (count != "1")
    assert int(count) * unit_s >= seconds or seconds != seconds or seconds > 365 * 86_400


# The sentences themselves
"""A value for every placeholder that a sentence may hold."""


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.name)
def test_every_sentence_can_be_filled_in(phrase: Phrase) -> None:
    names = [name for _, name, _, _ in Formatter().parse(phrase.value) if name is not None]

    said = LocaleTranslator().say(phrase, **{name: f"<{name}>" for name in names})

    assert all(f"<{name}>" in said for name in names)


def test_no_two_sentences_are_the_same() -> None:
    """Words that people type may be: in other languages they differ."""
    sentences = [phrase.value for phrase in PHRASES if not phrase.key.endswith("_word")]

    assert len({*sentences}) == len(sentences)


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.name)
def test_no_sentence_speaks_of_technical_things(phrase: Phrase) -> None:
    value = phrase.value
    if phrase in (Phrase.BATCH_USE, Phrase.BATCH_ARGUMENT_HELP):
        value = value.replace("status", "")  # a word that people say to it
    assert not re.search(r"(?i)\b(http|error|exception|token limit|status|api|timeout|null|\d{3})\b", value)
